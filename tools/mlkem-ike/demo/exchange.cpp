// SPDX-License-Identifier: Apache-2.0
// The engine runs both sides; each of its calls is timed, and the sockets between them are not.
#include "tools/mlkem-ike/demo/exchange.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>

#include "mlkem-ike/ikev2/responder.hpp"
#include "mlkem-ike/ikev2/session.hpp"
#include "tools/mlkem-ike/demo/side.hpp"
#include "tools/mlkem-ike/io/must.hpp"
#include "tools/mlkem-ike/io/text.hpp"
#include "tools/mlkem-ike/net/wait.hpp"
#include "tools/mlkem-ike/peer/event_text.hpp"
#include "tools/mlkem-ike/peer/key_log.hpp"
#include "tools/mlkem-ike/sa/message_text.hpp"

namespace mlkem::cli {
namespace {

using ikev2::TransformType;

constexpr size_t kFingerprintBytes = 6;
// Nothing is lost on the loopback interface; a machine that is this slow is not worth waiting for.
constexpr std::chrono::seconds kPatience{30};

ikev2::Proposal ike_proposal(const ExchangeOptions& options) {
  const ikev2::SaAlgorithms& algorithms = options.algorithms;
  ikev2::Proposal proposal;
  proposal.transforms = {
      {TransformType::kEncr, uint16_t(algorithms.encryption.id), algorithms.encryption.key_bits},
      {TransformType::kPrf, uint16_t(algorithms.prf)}};
  if (algorithms.integrity != ikev2::IntegId::kNone)
    proposal.transforms.push_back({TransformType::kInteg, uint16_t(algorithms.integrity)});
  for (unsigned n = 0; n < options.methods.size(); ++n)
    proposal.transforms.push_back(
        {n == 0 ? TransformType::kKe : ikev2::additional_key_exchange(n), uint16_t(options.methods[n])});
  return proposal;
}

ikev2::Proposal esp_proposal(const ExchangeOptions& options) {
  const ikev2::SaAlgorithms& algorithms = options.algorithms;
  ikev2::Proposal proposal{ikev2::ProtocolId::kEsp, {}};
  proposal.transforms = {
      {TransformType::kEncr, uint16_t(algorithms.encryption.id), algorithms.encryption.key_bits}};
  if (algorithms.integrity != ikev2::IntegId::kNone)
    proposal.transforms.push_back({TransformType::kInteg, uint16_t(algorithms.integrity)});
  proposal.transforms.push_back({TransformType::kEsn, uint16_t(ikev2::EsnId::kNo)});
  return proposal;
}

class Exchange {
 public:
  Exchange(const ExchangeOptions& options, ikev2::Workspace& initiator, ikev2::Workspace& responder)
      : options_(options),
        i_('I', ike_proposal(options), esp_proposal(options)),
        r_('R', ike_proposal(options), esp_proposal(options)),
        crypto_(initiator.crypto()),
        session_(timed(i_, "IKE_SA_INIT request: new key and message",
                       [&] {
                         return must(ikev2::Session::initiate(initiator, *i_.profile, path(i_, r_), now()),
                                     "session");
                       })),
        responder_(must(ikev2::Responder::make(responder, *r_.profile), "responder")) {}

  Transcript run() {
    send(i_, session_);
    const TimePoint until = Clock::now() + kPatience;
    while (!(i_.is_done() && r_.is_done()) && !i_.end && !r_.end && Clock::now() < until) {
      wait_for(std::array{i_.socket.descriptor(), r_.socket.descriptor()}, until);
      deliver(r_, i_, responder_);
      deliver(i_, r_, session_);
    }
    for (const DemoSide* side : {&i_, &r_})
      if (side->end) transcript_.fault = std::string(1, side->letter) + ": " + end_text(*side->end);
    transcript_.responder_authenticated = i_.authenticated_peer;
    transcript_.initiator_authenticated = r_.authenticated_peer;
    list_payloads();
    compare_keys();
    return std::move(transcript_);
  }

 private:
  uint64_t now() const {
    return uint64_t(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start_).count());
  }

  static ikev2::Path path(const DemoSide& from, const DemoSide& to) {
    return {address_of(from.socket.local()), address_of(to.socket.local()), false};
  }

  template <class Operation>
  std::invoke_result_t<Operation> timed(const DemoSide& side, const std::string& name,
                                        Operation&& operation) {
    const auto start = Clock::now();
    struct Note {
      Exchange& exchange;
      const DemoSide& side;
      const std::string& name;
      TimePoint start;
      ~Note() {
        const std::chrono::duration<double, std::micro> time = Clock::now() - start;
        exchange.note_time(side.letter, name, time.count());
      }
    } const note{*this, side, name, start};
    return operation();
  }

  // The datagrams of one message are one step.
  void note_time(char who, const std::string& name, double time_us) {
    auto& steps = transcript_.steps;
    const auto same = [&](const Transcript::Step& step) { return step.who == who && step.name == name; };
    const auto found = std::find_if(steps.begin(), steps.end(), same);
    if (found != steps.end())
      found->time_us += time_us;
    else
      steps.push_back({who, name, time_us});
  }

  template <class Engine>
  void send(DemoSide& side, Engine& engine) {
    while (const auto datagram = engine.poll_transmit()) {
      transcript_.datagrams.push_back({side.letter, {datagram->octets.begin(), datagram->octets.end()}});
      SendError error;
      if (!side.socket.send({}, endpoint_of(datagram->path.remote), datagram->octets, error))
        throw Failure("loopback: " + send_error_text(error));
    }
  }

  static ikev2::Event event_of(ikev2::Event&& event) { return std::move(event); }
  static ikev2::Event event_of(ikev2::SaEvent&& event) { return std::move(event.event); }

  template <class Engine>
  void deliver(DemoSide& side, const DemoSide& peer, Engine& engine) {
    std::array<uint8_t, 65535> buffer;
    while (const auto received = side.socket.receive(buffer)) {
      const auto header = must(ikev2::read_ike_header(received->octets), "message");
      const std::string name = exchange_text(header.exchange) + ' ' + std::to_string(header.message_id) +
                               (header.is_response() ? ": take the response" : ": answer the request");
      timed(side, name, [&] { engine.handle_message(path(side, peer), received->octets, now()); });
      send(side, engine);
      while (auto event = engine.poll_event()) side.take(event_of(std::move(*event)));
    }
    if (const auto due = engine.poll_timeout(); due && *due <= now()) engine.handle_timeout(now());
    send(side, engine);
  }

  void list_payloads() {
    for (const ikev2::KeyExchanged& done : i_.exchanged) {
      const auto exchange =
          done.generation == 0 ? ikev2::ExchangeType::kIkeSaInit : ikev2::ExchangeType::kIkeIntermediate;
      const ikev2::KeSizes sizes = ikev2::sizes(done.method);
      for (const auto& [from, size] :
           {std::pair('I', sizes.initiator_value), std::pair('R', sizes.responder_value)})
        transcript_.payloads.push_back({std::string(ikev2::name(exchange)), from, done.method, size,
                                        ikev2::kKePayloadHeaderBytes + size});
    }
  }

  void compare(const std::string& name, Octets initiators, Octets responders) {
    if (initiators.empty() && responders.empty()) return;
    // A fingerprint is a keyed hash, cut short: it tells keys apart and says nothing about them.
    auto hash = must(crypto_.make_prf(ikev2::PrfId::kHmacSha256), "fingerprint");
    must(hash->set_key(octets_of("mlkem-ike demo fingerprint")), "fingerprint");
    std::array<uint8_t, 32> digest;
    must(hash->compute(std::array{initiators}, digest), "fingerprint");
    const bool agrees = initiators.size() == responders.size() &&
                        equal_constant_time(initiators.data(), responders.data(), initiators.size());
    transcript_.keys.push_back({name, hex(Octets(digest).first(kFingerprintBytes)), agrees});
  }

  void compare_keys() {
    transcript_.sa_keys = {i_.keys.spi_i, i_.keys.spi_r, {}};
    const ikev2::IkeKeys none;
    for (size_t n = 0; n < options_.methods.size(); ++n) {
      const auto& of_i = n < i_.keys.generations.size() ? i_.keys.generations[n] : none;
      const auto& of_r = n < r_.keys.generations.size() ? r_.keys.generations[n] : none;
      const auto member = [&](const char* name, auto key) {
        compare(name + ('(' + std::to_string(n) + ')'), (of_i.*key).expose(), (of_r.*key).expose());
      };
      member("SK_d", &ikev2::IkeKeys::sk_d);
      member("SK_ai", &ikev2::IkeKeys::sk_ai);
      member("SK_ar", &ikev2::IkeKeys::sk_ar);
      member("SK_ei", &ikev2::IkeKeys::sk_ei);
      member("SK_er", &ikev2::IkeKeys::sk_er);
      member("SK_pi", &ikev2::IkeKeys::sk_pi);
      member("SK_pr", &ikev2::IkeKeys::sk_pr);
      transcript_.sa_keys.generations.push_back(
          message_keys_of({i_.keys.spi_i, i_.keys.spi_r, options_.algorithms, of_i}));
    }
    if (!i_.child || !r_.child) return;
    const ikev2::ChildKeys &of_i = i_.child->keys, &of_r = r_.child->keys;
    compare("Child encryption I", of_i.encryption_i.expose(), of_r.encryption_i.expose());
    compare("Child integrity I", of_i.integrity_i.expose(), of_r.integrity_i.expose());
    compare("Child encryption R", of_i.encryption_r.expose(), of_r.encryption_r.expose());
    compare("Child integrity R", of_i.integrity_r.expose(), of_r.integrity_r.expose());
  }

  const ExchangeOptions& options_;
  const TimePoint start_ = Clock::now();
  Transcript transcript_;
  DemoSide i_, r_;
  ikev2::Crypto& crypto_;
  ikev2::Session session_;
  ikev2::Responder responder_;
};

}  // namespace

bool Transcript::agreed() const {
  return initiator_authenticated && responder_authenticated && fault.empty() && !keys.empty() &&
         std::all_of(keys.begin(), keys.end(), [](const Key& key) { return key.agrees; });
}

Transcript run_exchange(const ExchangeOptions& options, ikev2::Workspace& initiator,
                        ikev2::Workspace& responder) {
  return Exchange(options, initiator, responder).run();
}

}  // namespace mlkem::cli
