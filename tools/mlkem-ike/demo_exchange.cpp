// SPDX-License-Identifier: Apache-2.0
// The demo's exchange, each side with its own crypto, keys and IntAuth (RFC 7296, RFC 9242, RFC 9370).
#include "demo_exchange.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "command.hpp"

namespace mlkem::cli {
namespace {

using ikev2::Octets;
using Message = std::vector<uint8_t>;

constexpr size_t kNonceBytes = 32;
constexpr uint8_t kInitiatorFlag = 0x08, kResponseFlag = 0x20;
constexpr std::string_view kSharedKey = "mlkem-ike demo shared key";

template <class T>
T must(ikev2::Result<T>&& result, const char* step) {
  if (!result) throw Failure(std::string(step) + ": " + result.error().message);
  return *std::move(result);
}
void must(ikev2::Result<void>&& result, const char* step) {
  if (!result) throw Failure(std::string(step) + ": " + result.error().message);
}

Octets octets_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

void append(Message& message, Octets octets) {
  message.insert(message.end(), octets.begin(), octets.end());
}

// Everything that one side knows.
struct Peer {
  char name;
  uint8_t flags;  // of its messages
  ikev2::Crypto& crypto;
  std::unique_ptr<ikev2::Prf> prf;
  ikev2::IkeKeys keys;
  ikev2::IntAuth int_auth_i, int_auth_r;
  Message init;       // its own IKE_SA_INIT message
  Message peer_init;  // the other side's
};

class Exchange {
 public:
  Exchange(const ExchangeOptions& options, ikev2::Crypto& initiator, ikev2::Crypto& responder)
      : options_(options), i_{'I', kInitiatorFlag, initiator, {}, {}, {}, {}, {}, {}}, r_{'R',
                                                                                          kResponseFlag,
                                                                                          responder,
                                                                                          {},
                                                                                          {},
                                                                                          {},
                                                                                          {},
                                                                                          {},
                                                                                          {}} {
    for (Peer* peer : {&i_, &r_}) peer->prf = must(peer->crypto.make_prf(options.algorithms.prf), "PRF");
    inputs_ = {options.algorithms, ni_, nr_, {}, {}};
    for (const std::span<uint8_t> field :
         {std::span<uint8_t>(ni_), std::span<uint8_t>(nr_), std::span<uint8_t>(inputs_.spi_i),
          std::span<uint8_t>(inputs_.spi_r)})
      if (const RandomSource random = system_random(); !random.fill(random.argument, field))
        throw Failure("the operating system's randomness failed");
  }

  Transcript run() {
    for (unsigned n = 0; n < options_.methods.size(); ++n) key_exchange(n);
    authenticate();
    make_child();
    return std::move(transcript_);
  }

 private:
  template <class Operation>
  auto timed(const Peer& peer, const std::string& name, Operation&& operation) {
    const auto start = std::chrono::steady_clock::now();
    auto result = operation();
    const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
    transcript_.steps.push_back({peer.name, name, time.count()});
    return result;
  }

  void compare(const std::string& name, Octets initiators, Octets responders) {
    if (initiators.empty() && responders.empty()) return;
    // A fingerprint is a keyed hash, cut short: it tells keys apart and says nothing about them.
    auto hash = must(i_.crypto.make_prf(ikev2::PrfId::kHmacSha256), "fingerprint");
    must(hash->set_key(octets_of("mlkem-ike demo fingerprint")), "fingerprint");
    std::array<uint8_t, 32> digest;
    must(hash->compute(std::array{initiators}, digest), "fingerprint");
    std::string hex;
    for (size_t i = 0; i < 6; ++i) {
      constexpr char kDigits[] = "0123456789abcdef";
      hex += {kDigits[digest[i] >> 4], kDigits[digest[i] & 15]};
    }
    const bool agrees = initiators.size() == responders.size() &&
                        equal_constant_time(initiators.data(), responders.data(), initiators.size());
    transcript_.keys.push_back({name, hex, agrees});
  }

  // A KE payload, alone in its message.
  Message ke_payload(const Peer& peer, unsigned n, Octets data) {
    const ikev2::KeMethod method = options_.methods[n];
    Message payload(ikev2::kKePayloadHeaderBytes + data.size());
    must(ikev2::write_ke_payload(payload, n == 0 ? ikev2::PayloadType::kNonce : ikev2::PayloadType::kNone,
                                 *ikev2::code_point(method), data),
         "KE payload");
    transcript_.payloads.push_back(
        {n == 0 ? "IKE_SA_INIT" : "IKE_INTERMEDIATE", peer.name, method, data.size(), payload.size()});
    return payload;
  }

  // One side sends a KE payload; the other one returns the data in it.
  Message send_ke(Peer& from, Peer& to, unsigned n, Octets data) {
    const Message payload = ke_payload(from, n, data);
    if (n == 0)
      send_init(from, to, payload);
    else
      cover_with_int_auth(from, n, payload);
    const auto received = must(ikev2::read_ke_payload(payload), "KE payload");
    return Message(received.data.begin(), received.data.end());
  }

  // IKE_SA_INIT without SA payload: header, KE, nonce.
  void send_init(Peer& from, Peer& to, const Message& ke) {
    const Octets nonce = from.name == 'I' ? Octets(ni_) : Octets(nr_);
    const size_t length = 28 + ke.size() + ikev2::kPayloadHeaderBytes + nonce.size();
    append(from.init, inputs_.spi_i);
    append(from.init, from.name == 'I' ? ikev2::Spi{} : inputs_.spi_r);
    append(from.init,
           Message{uint8_t(ikev2::PayloadType::kKe), 0x20, uint8_t(ikev2::ExchangeType::kIkeSaInit),
                   from.flags, 0, 0, 0, 0, 0, 0, uint8_t(length >> 8), uint8_t(length)});
    append(from.init, ke);
    append(from.init, Message{0, 0, 0, uint8_t(ikev2::kPayloadHeaderBytes + nonce.size())});
    append(from.init, nonce);
    to.peer_init = from.init;
  }

  // Both sides extend the sender's IntAuth by this message, under the generation that protects it.
  void cover_with_int_auth(const Peer& from, unsigned n, const Message& inner) {
    const auto header =
        must(ikev2::int_auth_header({inputs_.spi_i, inputs_.spi_r, from.flags, n, ikev2::PayloadType::kKe},
                                    inner.size()),
             "IntAuth");
    const Octets parts[] = {header, inner};
    for (Peer* peer : {&i_, &r_})
      timed(*peer, "IntAuth_" + std::string(from.name == 'I' ? "i" : "r") + std::to_string(n), [&] {
        must(from.name == 'I' ? peer->int_auth_i.add(*peer->prf, peer->keys.sk_pi.expose(), parts)
                              : peer->int_auth_r.add(*peer->prf, peer->keys.sk_pr.expose(), parts),
             "IntAuth");
        return 0;
      });
  }

  void key_exchange(unsigned n) {
    const ikev2::KeMethod method = options_.methods[n];
    const std::string title = "KE(" + std::to_string(n) + ") " + std::string(ikev2::name(method));
    auto initiator = timed(i_, title + ": new key and public value", [&] {
      return must(ikev2::KeyExchangeInitiator::start(method, i_.crypto), "key exchange");
    });
    const Message request = send_ke(i_, r_, n, initiator.public_value());
    const auto share = timed(r_, title + ": public value and shared secret", [&] {
      return must(ikev2::respond(method, request, r_.crypto), "key exchange");
    });
    const Message response = send_ke(r_, i_, n, share.public_value());
    const auto secret = timed(i_, title + ": shared secret",
                              [&] { return must(std::move(initiator).finish(response), "key exchange"); });
    compare("SK(" + std::to_string(n) + ")", secret.expose(), share.secret().expose());
    for (Peer* peer : {&i_, &r_}) {
      const Octets own = peer == &i_ ? secret.expose() : share.secret().expose();
      peer->keys = timed(*peer, "keys of generation " + std::to_string(n), [&] {
        return must(n == 0 ? ikev2::initial_keys(*peer->prf, inputs_, own)
                           : ikev2::next_generation(*peer->prf, inputs_, peer->keys, own),
                    "key schedule");
      });
    }
    compare_keys(n);
  }

  void compare_keys(unsigned n) {
    const std::string generation = "(" + std::to_string(n) + ")";
    const auto compare_member = [&](const char* name, auto member) {
      compare(name + generation, (i_.keys.*member).expose(), (r_.keys.*member).expose());
    };
    compare_member("SK_d", &ikev2::IkeKeys::sk_d);
    compare_member("SK_ai", &ikev2::IkeKeys::sk_ai);
    compare_member("SK_ar", &ikev2::IkeKeys::sk_ar);
    compare_member("SK_ei", &ikev2::IkeKeys::sk_ei);
    compare_member("SK_er", &ikev2::IkeKeys::sk_er);
    compare_member("SK_pi", &ikev2::IkeKeys::sk_pi);
    compare_member("SK_pr", &ikev2::IkeKeys::sk_pr);
  }

  // AUTH of one side, as the given peer computes it.
  ikev2::PrfSecret auth_of(char side, Peer& peer) {
    return timed(peer, std::string("AUTH of ") + side, [&] {
      const auto suffix =
          must(ikev2::int_auth_suffix(peer.int_auth_i, peer.int_auth_r, uint32_t(options_.methods.size())),
               "IntAuth");
      const bool own = side == peer.name;
      // ID_FQDN (2), three reserved octets, the name.
      Message id = {2, 0, 0, 0};
      append(id, octets_of(side == 'I' ? "a.example" : "b.example"));
      const ikev2::SignedOctets octets{
          own ? peer.init : peer.peer_init, side == 'I' ? Octets(nr_) : Octets(ni_),
          side == 'I' ? peer.keys.sk_pi.expose() : peer.keys.sk_pr.expose(), id, suffix.expose()};
      const auto pad = must(ikev2::shared_key_pad(*peer.prf, octets_of(kSharedKey)), "AUTH");
      return must(ikev2::shared_key_auth(*peer.prf, pad.expose(), octets), "AUTH");
    });
  }

  void authenticate() {
    transcript_.initiator_authenticated = auth_of('I', i_) == auth_of('I', r_);
    transcript_.responder_authenticated = auth_of('R', r_) == auth_of('R', i_);
  }

  void make_child() {
    const auto child = [&](Peer& peer) {
      return timed(peer, "Child SA keys", [&] {
        return must(ikev2::child_keys(*peer.prf, peer.keys.sk_d.expose(), options_.algorithms.encryption,
                                      options_.algorithms.integrity, ni_, nr_),
                    "Child SA keys");
      });
    };
    const ikev2::ChildKeys initiators = child(i_), responders = child(r_);
    compare("Child encryption I", initiators.encryption_i.expose(), responders.encryption_i.expose());
    compare("Child integrity I", initiators.integrity_i.expose(), responders.integrity_i.expose());
    compare("Child encryption R", initiators.encryption_r.expose(), responders.encryption_r.expose());
    compare("Child integrity R", initiators.integrity_r.expose(), responders.integrity_r.expose());
  }

  const ExchangeOptions& options_;
  Peer i_, r_;
  std::array<uint8_t, kNonceBytes> ni_, nr_;
  ikev2::IkeSaInputs inputs_;
  Transcript transcript_;
};

}  // namespace

bool Transcript::agreed() const {
  return initiator_authenticated && responder_authenticated && !keys.empty() &&
         std::all_of(keys.begin(), keys.end(), [](const Key& key) { return key.agrees; });
}

Transcript run_exchange(const ExchangeOptions& options, ikev2::Crypto& initiator, ikev2::Crypto& responder) {
  return Exchange(options, initiator, responder).run();
}

}  // namespace mlkem::cli
