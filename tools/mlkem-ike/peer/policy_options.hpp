// SPDX-License-Identifier: Apache-2.0
// The options that `connect` and `respond` share, and the engine's policy that they stand for.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "mlkem-ike/ikev2/profile.hpp"

namespace mlkem::cli {

struct PolicyOptions {
  std::string identity, peer_identity;
  std::string ike_proposals, esp_proposals;
  std::string local_selectors, remote_selectors;
  std::string fragmentation = "yes";
  size_t datagram_bytes = ikev2::kDefaultDatagramBytes;
  double liveness_s = 60;
  bool allow_classical = false, draft_00 = false, large_init = false;
};

// Adds them to a command. `id_default` is what stands for --id if it is not given.
void add_policy_options(CLI::App& command, PolicyOptions& options, const std::string& id_default);

// Without identities of addresses, shared keys and selectors of addresses, which only the caller knows. Throws
// CLI::ValidationError that names the option.
ikev2::Policy policy_of(const PolicyOptions& options);

// The SA must be established in that time, and till then nothing short of it ends the attempt: not the number of
// tries, nor a refusal that anyone may have forged.
void set_patience(ikev2::Timing& timing, uint64_t establish_ms);

// Proposals in strongSwan's notation. Throws CLI::ValidationError that names the option and the keyword.
std::vector<ikev2::Proposal> proposals_of(const std::string& field, const std::string& text,
                                          ikev2::ProtocolId protocol);

// What a peer that has no ML-KEM may accept, for --allow-classical: the classical halves of the default proposals.
std::vector<ikev2::Proposal> classical_ike_proposals();

}  // namespace mlkem::cli
