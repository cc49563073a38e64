// SPDX-License-Identifier: Apache-2.0
// A responder alone, and the requests and cookies that are put to it.
#pragma once

#include <optional>

#include "tests/pair.hpp"

namespace mlkem::test {

// IKE_SA_INIT requests of so many initiators that never say more.
inline std::vector<Bytes> first_requests(size_t count, const ikev2::Policy& policy) {
  const auto crypto = new_crypto();
  ikev2::Workspace workspace(*crypto);
  const ikev2::Profile profile = *ikev2::Profile::make(policy);
  std::vector<Bytes> requests;
  for (size_t i = 0; i < count; ++i) {
    ikev2::Session session = *ikev2::Session::initiate(workspace, profile, {}, 0);
    requests.push_back(copy(session.poll_transmit()->octets));
  }
  return requests;
}

inline ikev2::Path from(uint8_t network, uint8_t host, uint16_t port = ikev2::kIkePort) {
  ikev2::Path path;
  path.local.octets = {198, 51, 100, 1};
  path.local.port = ikev2::kIkePort;
  path.remote.octets = {192, 0, network, host};
  path.remote.port = port;
  return path;
}

// A responder without initiators: requests are put in by hand, from any address.
class LoneResponder {
 public:
  explicit LoneResponder(const ikev2::ResponderOptions& options, PairOptions pair = default_pair())
      : policies(std::move(pair)),
        crypto_(new_crypto()),
        workspace_(*crypto_),
        profile_(*ikev2::Profile::make(policies.responder)),
        responder(*ikev2::Responder::make(workspace_, profile_, options)) {}

  // The answer of the responder, or nothing.
  std::optional<Bytes> send(const Bytes& octets, const ikev2::Path& path, uint64_t now_ms = 0) {
    responder.handle_message(path, octets, now_ms);
    const auto datagram = responder.poll_transmit();
    if (!datagram) return std::nullopt;
    EXPECT_EQ(datagram->path, path);
    const Bytes answer = copy(datagram->octets);
    EXPECT_FALSE(responder.poll_transmit());
    return answer;
  }

  PairOptions policies;

 private:
  // What the responder needs while it lives.
  std::unique_ptr<ikev2::Crypto> crypto_;
  ikev2::Workspace workspace_;
  ikev2::Profile profile_;

 public:
  ikev2::Responder responder;
};

inline std::optional<Bytes> cookie_in(const Bytes& octets) {
  const ikev2::Message message = *ikev2::read_message(octets);
  const auto notify = message.payloads.find_notify(ikev2::NotifyType::kCookie);
  if (!notify) return std::nullopt;
  EXPECT_EQ(message.header.spi_r, ikev2::Spi{});
  EXPECT_EQ(message.payloads.size(), 1u);
  return copy(notify->data);
}

inline Bytes with_cookie(const Bytes& request, const Bytes& cookie) {
  const ikev2::Message message = *ikev2::read_message(request);
  Bytes buffer(request.size() + 100);
  ikev2::PayloadWriter out(buffer, message.header);
  out.add_notify({ikev2::ProtocolId::kNone, ikev2::NotifyType::kCookie, {}, cookie});
  for (const ikev2::Payload& payload : message.payloads) out.add(payload.type, payload.body);
  buffer.resize(*out.finish());
  return buffer;
}

}  // namespace mlkem::test
