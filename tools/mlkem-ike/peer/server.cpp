// SPDX-License-Identifier: Apache-2.0
// A batch of datagrams is taken from the sockets before their key exchanges run, so that ML-KEM's lanes fill.
#include "tools/mlkem-ike/peer/server.hpp"

#include <algorithm>
#include <utility>

#include "tools/mlkem-ike/io/must.hpp"

namespace mlkem::cli {
namespace {

constexpr size_t kMaxDatagramBytes = 65535;
// Datagrams from one socket in a row, and key exchanges at once: eight fill the widest lanes, more keep them full.
constexpr size_t kBatch = 32;

ikev2::ResponderOptions deferring(ikev2::ResponderOptions options) {
  options.defer_key_exchanges = true;
  return options;
}

}  // namespace

Server::Server(const std::vector<Endpoint>& addresses, Ports ports, IpFragments fragments,
               ikev2::Workspace& workspace, ikev2::Policy policy, const ikev2::ResponderOptions& options)
    : workspace_(workspace),
      profile_(std::make_unique<ikev2::Profile>(must(ikev2::Profile::make(std::move(policy)), "policy"))),
      responder_(must(ikev2::Responder::make(workspace, *profile_, deferring(options)), "responder")),
      jobs_(kBatch) {
  for (Endpoint local : addresses)
    for (const bool encapsulated : {false, true}) {
      local.port = encapsulated ? ports.encapsulated : ports.ike;
      listeners_.push_back({UdpSocket::bound(local, fragments), encapsulated});
    }
}

std::vector<int> Server::descriptors() const {
  std::vector<int> descriptors;
  for (const Listener& listener : listeners_) descriptors.push_back(listener.socket.descriptor());
  return descriptors;
}

std::vector<Endpoint> Server::endpoints() const {
  std::vector<Endpoint> endpoints;
  for (const Listener& listener : listeners_) endpoints.push_back(listener.socket.local());
  return endpoints;
}

void Server::work() {
  const uint64_t now = now_ms();
  for (Listener& listener : listeners_) receive(listener, now);
  run_jobs(now);
  if (const auto due = responder_.poll_timeout(); due && *due <= now) responder_.handle_timeout(now);
  transmit();
}

void Server::receive(Listener& listener, uint64_t now) {
  static std::vector<uint8_t> buffer(kMaxDatagramBytes);
  for (size_t count = 0; count < kBatch; ++count) {
    const auto received = listener.socket.receive(buffer);
    if (!received) break;
    ++datagrams_received_;
    responder_.handle_message(
        {address_of(received->local), address_of(received->remote), listener.encapsulated}, received->octets,
        now);
  }
  // A peer that is gone is noticed by its SA's timeouts; what ICMP says may be forged.
  for (size_t count = 0; count < kBatch && listener.socket.take_error(); ++count) {
  }
}

void Server::run_jobs(uint64_t now) {
  while (const size_t count = responder_.take_jobs(jobs_)) {
    const std::span<ikev2::KeyJob> taken(jobs_.data(), count);
    ikev2::run_jobs(taken, workspace_.crypto());
    responder_.hand_back(taken, now);
  }
}

void Server::transmit() {
  while (const auto datagram = responder_.poll_transmit()) {
    const ikev2::Path& path = datagram->path;
    SendError error;
    for (Listener& listener : listeners_) {
      const Endpoint& bound = listener.socket.local();
      const Endpoint local = endpoint_of(path.local);
      const bool wildcard = std::ranges::count(bound.octets, 0) == 16;
      if (listener.encapsulated != path.encapsulated || bound.address_bytes != local.address_bytes) continue;
      if (!wildcard && bound.octets != local.octets) continue;
      // What can't be sent is lost, as on any network: the peer asks again.
      (void)listener.socket.send(local, endpoint_of(path.remote), datagram->octets, error);
      break;
    }
  }
}

std::optional<TimePoint> Server::deadline() const {
  const auto due = responder_.poll_timeout();
  return due ? std::optional(time_of(*due)) : std::nullopt;
}

}  // namespace mlkem::cli
