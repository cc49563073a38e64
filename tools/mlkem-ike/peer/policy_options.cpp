// SPDX-License-Identifier: Apache-2.0
// Wrong values are wrong use (exit status 2), found before anything is sent.
#include "tools/mlkem-ike/peer/policy_options.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/io/text.hpp"
#include "tools/mlkem-ike/peer/identity.hpp"
#include "tools/mlkem-ike/peer/selector.hpp"

namespace mlkem::cli {
namespace {

constexpr char kClassicalIke[] =
    "aes256gcm16-aes128gcm16-chacha20poly1305-prfsha384-prfsha256-x25519-ecp384-ecp256-modp3072-modp2048,"
    "aes256-aes128-sha384-sha256-x25519-ecp384-ecp256-modp3072-modp2048";

// A parser's Failure becomes a fault of that option.
template <class Parse>
auto option_value(const char* field, Parse parse) {
  try {
    return parse();
  } catch (const Failure& failure) {
    throw CLI::ValidationError(field, failure.what());
  }
}

// The default proposals without the methods that a numbering lacks.
std::vector<ikev2::Proposal> default_proposals(ikev2::MlKemNumbering numbering) {
  std::vector<ikev2::Proposal> proposals = ikev2::default_ike_proposals();
  for (ikev2::Proposal& proposal : proposals)
    std::erase_if(proposal.transforms, [&](const ikev2::Transform& transform) {
      return ikev2::is_key_exchange(transform.type) && !ikev2::wire_id(transform, numbering);
    });
  return proposals;
}

}  // namespace

void add_policy_options(CLI::App& command, PolicyOptions& options, const std::string& id_default) {
  command.add_option(
      "--id", options.identity,
      "the own identity: an address, a name, user@name, keyid:... (default: " + id_default + ")");
  command.add_option(
      "--ike", options.ike_proposals,
      "IKE proposals, best first, such as aes256gcm16-prfsha384-x25519-ke1_mlkem768 (default: hybrid "
      "ones)");
  command.add_option("--esp", options.esp_proposals, "proposals of the Child SA, such as aes256gcm16-noesn");
  command.add_option("--fragmentation", options.fragmentation, "IKE fragmentation (RFC 7383; default yes)")
      ->check(CLI::IsMember({"no", "yes", "force"}));
  command
      .add_option("--mtu", options.datagram_bytes,
                  "octets of an IP datagram that fragments keep to (default 1280)")
      ->check(CLI::Range(ikev2::kMinDatagramBytes, size_t(65535)));
  command
      .add_option("--liveness", options.liveness_s,
                  "ask a peer that is silent for so long whether it lives (default 60; 0: never)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 86400.0));
  command.add_flag("--allow-classical", options.allow_classical,
                   "also accept an IKE SA without ML-KEM: an attacker can then force one");
  command.add_flag("--large-init", options.large_init,
                   "ML-KEM-768 and -1024 as KE of IKE_SA_INIT: the path carries 1800 octets");
  command.add_flag("--draft-00", options.draft_00,
                   "number ML-KEM as the first draft did: 35, 36 for ML-KEM-768, -1024");
}

std::vector<ikev2::Proposal> proposals_of(const std::string& field, const std::string& text,
                                          ikev2::ProtocolId protocol) {
  ikev2::NotationFault fault;
  auto proposals = ikev2::parse_proposals(text, protocol, &fault);
  if (proposals) return *std::move(proposals);
  const std::string where = printable(octets_of(text).subspan(fault.position, fault.length));
  throw CLI::ValidationError(field, std::string(proposals.error().message) +
                                        (where.empty() ? std::string() : " '" + where + "'") +
                                        " (notation as in strongSwan)");
}

std::vector<ikev2::Proposal> classical_ike_proposals() {
  auto proposals = ikev2::parse_proposals(kClassicalIke, ikev2::ProtocolId::kIke);
  if (!proposals) throw Failure(proposals.error().message);
  return *std::move(proposals);
}

void set_patience(ikev2::Timing& timing, uint64_t establish_ms) {
  timing.establish_ms = timing.unprotected_error_ms = establish_ms;
  unsigned tries = 0;
  uint64_t interval_ms = timing.retransmit_first_ms;
  for (uint64_t time_ms = 0; time_ms <= establish_ms; ++tries) {
    time_ms += interval_ms;
    interval_ms = std::min(2 * interval_ms, timing.retransmit_max_ms);
  }
  timing.retransmit_tries = std::max(timing.retransmit_tries, tries);
}

ikev2::Policy policy_of(const PolicyOptions& options) {
  ikev2::Policy policy;
  policy.timing.liveness_ms = uint64_t(options.liveness_s * 1000);
  if (options.draft_00) policy.numbering = ikev2::MlKemNumbering::kDraft00;
  if (!options.identity.empty())
    policy.identity = option_value("--id", [&] { return parse_identity(options.identity); });
  if (!options.peer_identity.empty())
    policy.peer_identity = option_value("--peer-id", [&] { return parse_identity(options.peer_identity); });
  policy.ike_proposals = options.ike_proposals.empty()
                             ? default_proposals(policy.numbering)
                             : proposals_of("--ike", options.ike_proposals, ikev2::ProtocolId::kIke);
  if (options.allow_classical && options.ike_proposals.empty())
    std::ranges::move(classical_ike_proposals(), std::back_inserter(policy.ike_proposals));
  policy.esp_proposals = options.esp_proposals.empty()
                             ? ikev2::default_esp_proposals()
                             : proposals_of("--esp", options.esp_proposals, ikev2::ProtocolId::kEsp);
  policy.require_ml_kem = !options.allow_classical;
  policy.path_carries_large_init = options.large_init;
  if (!options.local_selectors.empty())
    policy.local_selectors =
        option_value("--local-ts", [&] { return parse_selectors(options.local_selectors); });
  if (!options.remote_selectors.empty())
    policy.remote_selectors =
        option_value("--remote-ts", [&] { return parse_selectors(options.remote_selectors); });
  policy.fragmentation = options.fragmentation == "no"      ? ikev2::FragmentationPolicy::kOff
                         : options.fragmentation == "force" ? ikev2::FragmentationPolicy::kForce
                                                            : ikev2::FragmentationPolicy::kOn;
  policy.datagram_bytes = options.datagram_bytes;
  return policy;
}

}  // namespace mlkem::cli
