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
  bool allow_classical = false, draft_00 = false, large_init = false;
};

// Adds them to a command.
void add_policy_options(CLI::App& command, PolicyOptions& options);

// Without identities of addresses, shared keys and selectors of addresses, which only the caller knows. Throws
// CLI::ValidationError that names the option.
ikev2::Policy policy_of(const PolicyOptions& options);

// Proposals in strongSwan's notation. Throws CLI::ValidationError that names the option and the keyword.
std::vector<ikev2::Proposal> proposals_of(const std::string& field, const std::string& text,
                                          ikev2::ProtocolId protocol);

// What a peer that has no ML-KEM may accept, for --allow-classical: the classical halves of the default proposals.
std::vector<ikev2::Proposal> classical_ike_proposals();

}  // namespace mlkem::cli
