// SPDX-License-Identifier: Apache-2.0
// The demo's exchange step by step, each side with its own crypto and keys.
#include "tools/mlkem-ike/demo/exchange.hpp"

#include <algorithm>
#include <chrono>

#include "tools/mlkem-ike/demo/peer.hpp"
#include "tools/mlkem-ike/io/text.hpp"

namespace mlkem::cli {
namespace {

using ikev2::ExchangeType;
using ikev2::PayloadType;

constexpr size_t kFingerprintBytes = 6;

Bytes bytes_of(Octets octets) {
  return Bytes(octets.begin(), octets.end());
}

ExchangeTerms terms_of(const ExchangeOptions& options) {
  ExchangeTerms terms{options.methods, {}, {}, {}, {}, {}};
  const ikev2::SaAlgorithms& algorithms = options.algorithms;
  auto& transforms = terms.proposal.transforms;
  transforms = {
      {ikev2::TransformType::kEncr, uint16_t(algorithms.encryption.id), algorithms.encryption.key_bits},
      {ikev2::TransformType::kPrf, uint16_t(algorithms.prf)}};
  if (algorithms.integrity != ikev2::IntegId::kNone)
    transforms.push_back({ikev2::TransformType::kInteg, uint16_t(algorithms.integrity)});
  for (unsigned n = 0; n < options.methods.size(); ++n)
    transforms.push_back({n == 0 ? ikev2::TransformType::kKe : ikev2::additional_key_exchange(n),
                          uint16_t(options.methods[n])});
  for (const std::span<uint8_t> field : {std::span<uint8_t>(terms.ni), std::span<uint8_t>(terms.nr),
                                         std::span<uint8_t>(terms.spi_i), std::span<uint8_t>(terms.spi_r)})
    if (const RandomSource random = system_random(); !random.fill(random.argument, field))
      throw Failure("the operating system's randomness failed");
  return terms;
}

class Exchange {
 public:
  Exchange(const ExchangeOptions& options, ikev2::Crypto& initiator, ikev2::Crypto& responder)
      : options_(options),
        terms_(terms_of(options)),
        i_(Side::kInitiator, terms_, initiator),
        r_(Side::kResponder, terms_, responder) {
    transcript_.sa_keys.spi_i = terms_.spi_i;
    transcript_.sa_keys.spi_r = terms_.spi_r;
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
    transcript_.steps.push_back({peer.letter(), name, time.count()});
    return result;
  }

  void compare(const std::string& name, Octets initiators, Octets responders) {
    if (initiators.empty() && responders.empty()) return;
    // A fingerprint is a keyed hash, cut short: it tells keys apart and says nothing about them.
    auto hash = must(i_.crypto().make_prf(ikev2::PrfId::kHmacSha256), "fingerprint");
    must(hash->set_key(octets_of("mlkem-ike demo fingerprint")), "fingerprint");
    std::array<uint8_t, 32> digest;
    must(hash->compute(std::array{initiators}, digest), "fingerprint");
    const bool agrees = initiators.size() == responders.size() &&
                        equal_constant_time(initiators.data(), responders.data(), initiators.size());
    transcript_.keys.push_back({name, hex(Octets(digest).first(kFingerprintBytes)), agrees});
  }

  // A message with inner payloads goes from one side to the other, which returns what it has read.
  ikev2::OpenedMessage send(Peer& from, Peer& to, ExchangeType exchange, uint32_t id, PayloadType first,
                            const Bytes& inner) {
    const std::string name = std::string(ikev2::name(exchange)) + ' ' + std::to_string(id);
    const auto sealed =
        timed(from, name + ": protect the message", [&] { return from.seal(exchange, id, first, inner); });
    for (size_t i = 0; i < sealed.count(); ++i)
      transcript_.datagrams.push_back({from.letter(), bytes_of(sealed.datagram(i))});
    return timed(to, name + ": open the message", [&] { return to.open(sealed); });
  }

  // The data of a KE payload goes from one side to the other, in IKE_SA_INIT or IKE_INTERMEDIATE n.
  Bytes send_ke(Peer& from, Peer& to, unsigned n, Octets data) {
    const ikev2::KeMethod method = options_.methods[n];
    const ExchangeType exchange = n == 0 ? ExchangeType::kIkeSaInit : ExchangeType::kIkeIntermediate;
    transcript_.payloads.push_back({std::string(ikev2::name(exchange)), from.letter(), method, data.size(),
                                    ikev2::kKePayloadHeaderBytes + data.size()});
    if (n == 0) {
      const Bytes message =
          timed(from, "IKE_SA_INIT 0: write the message", [&] { return from.write_init(data); });
      transcript_.datagrams.push_back({from.letter(), message});
      return timed(to, "IKE_SA_INIT 0: read the message", [&] { return to.read_init(message); });
    }
    const auto opened = send(from, to, exchange, n, PayloadType::kKe, from.ke_chain(method, data));
    const auto payloads = must(ikev2::read_payloads(opened.first_payload(), opened.inner()), "payloads");
    const auto ke = must(ikev2::read_ke_body(must(payloads.only(PayloadType::kKe), "KE")), "KE");
    if (ke.method != ikev2::code_point(method)) throw Failure("KE: another method than was agreed upon");
    return bytes_of(ke.data);
  }

  void key_exchange(unsigned n) {
    const ikev2::KeMethod method = options_.methods[n];
    const std::string title = "KE(" + std::to_string(n) + ") " + std::string(ikev2::name(method));
    auto initiator = timed(i_, title + ": new key and public value", [&] {
      return must(ikev2::KeyExchangeInitiator::start(method, i_.crypto()), "key exchange");
    });
    const Bytes request = send_ke(i_, r_, n, initiator.public_value());
    const auto share = timed(r_, title + ": public value and shared secret", [&] {
      return must(ikev2::respond(method, request, r_.crypto()), "key exchange");
    });
    const Bytes response = send_ke(r_, i_, n, share.public_value());
    const auto secret = timed(i_, title + ": shared secret",
                              [&] { return must(std::move(initiator).finish(response), "key exchange"); });
    compare("SK(" + std::to_string(n) + ")", secret.expose(), share.secret().expose());
    const ikev2::IkeSaInputs inputs{options_.algorithms, terms_.ni, terms_.nr, terms_.spi_i, terms_.spi_r};
    for (Peer* peer : {&i_, &r_}) {
      const Octets own = peer == &i_ ? secret.expose() : share.secret().expose();
      peer->take_keys(timed(*peer, "keys of generation " + std::to_string(n), [&] {
        return must(n == 0 ? ikev2::initial_keys(peer->prf(), inputs, own)
                           : ikev2::next_generation(peer->prf(), inputs, peer->keys(), own),
                    "key schedule");
      }));
    }
    compare_keys(n);
    const ikev2::IkeKeys& keys = i_.keys();
    transcript_.sa_keys.generations.push_back({options_.algorithms, bytes_of(keys.sk_ei.expose()),
                                               bytes_of(keys.sk_er.expose()), bytes_of(keys.sk_ai.expose()),
                                               bytes_of(keys.sk_ar.expose())});
  }

  void compare_keys(unsigned n) {
    const std::string generation = '(' + std::to_string(n) + ')';
    const auto compare_member = [&](const char* name, auto member) {
      compare(name + generation, (i_.keys().*member).expose(), (r_.keys().*member).expose());
    };
    compare_member("SK_d", &ikev2::IkeKeys::sk_d);
    compare_member("SK_ai", &ikev2::IkeKeys::sk_ai);
    compare_member("SK_ar", &ikev2::IkeKeys::sk_ar);
    compare_member("SK_ei", &ikev2::IkeKeys::sk_ei);
    compare_member("SK_er", &ikev2::IkeKeys::sk_er);
    compare_member("SK_pi", &ikev2::IkeKeys::sk_pi);
    compare_member("SK_pr", &ikev2::IkeKeys::sk_pr);
  }

  // One side's IKE_AUTH message; whether the other side finds its AUTH right.
  bool authenticate_to(Peer& from, Peer& to) {
    const auto id = uint32_t(options_.methods.size());
    const auto auth_of = [&](Peer& peer) {
      return timed(peer, std::string("AUTH of ") + from.letter(),
                   [&] { return peer.auth_of(from.side(), id); });
    };
    const auto id_type = from.side() == Side::kInitiator ? PayloadType::kIdi : PayloadType::kIdr;
    const auto opened = send(from, to, ExchangeType::kIkeAuth, id, id_type, from.auth_chain(auth_of(from)));
    const auto payloads = must(ikev2::read_payloads(opened.first_payload(), opened.inner()), "payloads");
    const auto auth = must(ikev2::read_auth_body(must(payloads.only(PayloadType::kAuth), "AUTH")), "AUTH");
    return auth_of(to).equals(auth.data);
  }

  void authenticate() {
    transcript_.initiator_authenticated = authenticate_to(i_, r_);
    transcript_.responder_authenticated = authenticate_to(r_, i_);
  }

  void make_child() {
    const auto child = [&](Peer& peer) {
      return timed(peer, "Child SA keys", [&] {
        return must(ikev2::child_keys(peer.prf(), peer.keys().sk_d.expose(), options_.algorithms.encryption,
                                      options_.algorithms.integrity, terms_.ni, terms_.nr),
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
  ExchangeTerms terms_;
  Peer i_, r_;
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
