// SPDX-License-Identifier: Apache-2.0
// The offer leaves the gateway no choice but the method that is asked about; the AUTH that follows is worthless, and
// its refusal, encrypted under the new keys, is the proof.
#include "tools/mlkem-ike/probe/attempt.hpp"

#include <array>
#include <utility>

#include "tools/mlkem-ike/io/must.hpp"
#include "tools/mlkem-ike/io/text.hpp"
#include "tools/mlkem-ike/peer/event_text.hpp"
#include "tools/mlkem-ike/peer/selector.hpp"

namespace mlkem::cli {
namespace {

constexpr char kAeadOffer[] = "aes256gcm16-aes128gcm16-chacha20poly1305-aes256ccm16-aes128ccm16";
constexpr char kMacOffer[] = "aes256-aes128-sha512-sha384-sha256";
constexpr char kPrfs[] = "-prfsha384-prfsha256-prfsha512";
constexpr char kClassical[] = "-x25519-ecp256-ecp384-ecp521-modp3072-modp4096-modp2048";
// RFC 6761: no such name can belong to anyone.
constexpr std::string_view kIdentity = "probe.invalid";
constexpr uint64_t kRetransmitFirstMs = 1000;
// A better answer than an unprotected refusal comes at once, or not at all.
constexpr uint64_t kUnprotectedErrorMs = 1000;

ikev2::SharedKey random_key() {
  std::array<uint8_t, 32> octets;
  if (const RandomSource random = system_random(); !random.fill(random.argument, octets))
    throw Failure("the operating system's randomness failed");
  ikev2::SharedKey key;
  (void)key.assign(octets);
  wipe(octets.data(), octets.size());
  return key;
}

ikev2::Policy policy_of(const ProbeOffer& offer, const ikev2::Path& path, ikev2::SharedKeys& key,
                        uint64_t timeout_ms) {
  ikev2::Policy policy;
  const Octets name = octets_of(kIdentity);
  policy.identity = {ikev2::IdType::kFqdn, {name.begin(), name.end()}};
  policy.shared_keys = &key;
  policy.require_ml_kem = offer.method.has_value();
  policy.ike_proposals = offer.proposals;
  policy.numbering = offer.numbering;
  policy.esp_proposals = ikev2::default_esp_proposals();
  policy.first_child = ikev2::FirstChild::kChildlessIfAnnounced;
  policy.local_selectors = {host_selector(path.local.ip())};
  policy.remote_selectors = {host_selector(path.remote.ip())};
  policy.timing.retransmit_first_ms = kRetransmitFirstMs;
  policy.timing.retransmit_tries = kProbeTries;
  policy.timing.establish_ms = timeout_ms;
  policy.timing.unprotected_error_ms = kUnprotectedErrorMs;
  return policy;
}

Connection connect(PeerSockets sockets, ikev2::Workspace& workspace, const ProbeOffer& offer,
                   ikev2::SharedKeys& key, uint64_t timeout_ms) {
  ikev2::Policy policy = policy_of(offer, sockets.path(false), key, timeout_ms);
  return Connection(std::move(sockets), workspace, std::move(policy));
}

// An attempt at classical key exchange is proven by an answer under the keys of IKE_SA_INIT.
Verdict verdict_of(const ProbeOffer& offer, const ikev2::SessionReport& report, ikev2::NotifyType refusal) {
  const bool wanted = report.agreement && report.agreement->has_ml_kem() == offer.method.has_value();
  if (!wanted)
    return report.datagrams_received == 0                    ? Verdict::kNoAnswer
           : refusal == ikev2::NotifyType::kNoProposalChosen ? Verdict::kRefused
                                                             : Verdict::kUnusable;
  const unsigned generation = offer.method ? 1 : 0;
  if (report.confirmed_generation && *report.confirmed_generation >= generation) return Verdict::kProven;
  return report.performed > generation && offer.method ? Verdict::kUnconfirmed : Verdict::kChosen;
}

}  // namespace

std::string verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kProven:
      return "proven";
    case Verdict::kUnconfirmed:
      return "not confirmed";
    case Verdict::kChosen:
      return "chosen only";
    case Verdict::kRefused:
      return "refused";
    case Verdict::kUnusable:
      return "unusable";
    case Verdict::kNoAnswer:
      return "no answer";
    case Verdict::kUnreachable:
      return "closed";
  }
  return {};
}

std::string verdict_key(Verdict verdict) {
  std::string text = verdict_text(verdict);
  for (char& c : text)
    if (c == ' ') c = '_';
  return text;
}

ProbeOffer offer_of(std::optional<ikev2::KeMethod> method, ikev2::MlKemNumbering numbering) {
  std::string additional;
  if (method) additional.append("-ke1_").append(ikev2::name(*method));
  std::string notation;
  for (const char* ciphers : {kAeadOffer, kMacOffer})
    notation.append(notation.empty() ? "" : ",")
        .append(ciphers)
        .append(kPrfs)
        .append(kClassical)
        .append(additional);
  return {method, must(ikev2::parse_proposals(notation, ikev2::ProtocolId::kIke), "offer"), numbering};
}

ProbeAttempt::ProbeAttempt(ProbeOffer offer, PeerSockets sockets, ikev2::Workspace& workspace,
                           uint64_t timeout_ms)
    : offer_(std::move(offer)),
      key_(std::make_unique<ikev2::OneSharedKey>(random_key())),
      connection_(connect(std::move(sockets), workspace, offer_, *key_, timeout_ms)) {
  result_.method = offer_.method;
}

void ProbeAttempt::work() {
  connection_.work();
  while (const auto event = connection_.next_event()) take(*event);
  if (!over_ && connection_.is_refused()) finish(send_error_text(*connection_.network_error()));
}

void ProbeAttempt::take(const ikev2::Event& event) {
  if (const auto* vendor = std::get_if<ikev2::VendorIdReceived>(&event)) {
    result_.vendor_ids.push_back(is_printable(vendor->id) ? printable(vendor->id) : hex(vendor->id));
  } else if (const auto* negotiated = std::get_if<ikev2::Negotiated>(&event)) {
    result_.agreement = agreement_text(negotiated->agreement);
  } else if (const auto* failed = std::get_if<ikev2::Failed>(&event)) {
    finish(end_text(failed->end), failed->end.notify);
  } else if (std::get_if<ikev2::Established>(&event)) {
    // A gateway that takes any key: what was asked is answered, and the SA goes at once.
    connection_.close();
    finish("established, although the key is random");
  }
}

void ProbeAttempt::finish(std::string reason, ikev2::NotifyType refusal) {
  const std::chrono::duration<double, std::milli> time = Clock::now() - start_;
  over_ = true;
  result_.time_ms = time.count();
  result_.report = connection_.report();
  result_.verdict = verdict_of(offer_, result_.report, refusal);
  result_.reason = std::move(reason);
  if (result_.verdict == Verdict::kNoAnswer && connection_.network_error()) {
    result_.verdict = Verdict::kUnreachable;
    result_.reason = send_error_text(*connection_.network_error());
  }
}

}  // namespace mlkem::cli
