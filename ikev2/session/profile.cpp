// SPDX-License-Identifier: Apache-2.0
// Checks of a policy, and the proposals that IKE_SA_INIT can carry on any path.
#include "mlkem-ike/ikev2/profile.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "mlkem-ike/ikev2/negotiation.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr size_t kMaxDatagramBytes = 65535;
// Proposals and selectors are counted in one octet.
constexpr size_t kMaxListed = 255;

constexpr std::string_view kIkeProposals =
    "aes256gcm16-chacha20poly1305-aes128gcm16-prfsha384-prfsha256-x25519-ecp384-ke1_mlkem768-ke1_mlkem1024-"
    "ke1_mlkem512,"
    "aes256-aes128-sha384-sha256-x25519-ecp384-ke1_mlkem768-ke1_mlkem1024-ke1_mlkem512";
constexpr std::string_view kEspProposals =
    "aes256gcm16-chacha20poly1305-aes128gcm16-noesn,aes256-aes128-sha384-sha256-noesn";

bool is_too_long_for_init(const Transform& transform) {
  return transform.type == TransformType::kKe && needs_known_path_mtu(KeMethod(transform.id));
}

Result<void> check(std::span<const Proposal> proposals, ProtocolId protocol) {
  if (proposals.size() > kMaxListed) return misuse("too many proposals");
  for (const Proposal& proposal : proposals) {
    if (proposal.protocol != protocol) return misuse("a proposal of another protocol");
    if (Result<void> valid = validate(proposal); !valid) return valid;
  }
  return {};
}

bool is_bad(const Identity& identity) {
  return identity.data.empty() || identity.data.size() > kMaxIdentityBytes;
}

}  // namespace

std::vector<Proposal> default_ike_proposals() {
  return *parse_proposals(kIkeProposals, ProtocolId::kIke);
}

std::vector<Proposal> default_esp_proposals() {
  return *parse_proposals(kEspProposals, ProtocolId::kEsp);
}

Result<Profile> Profile::make(Policy policy) noexcept {
  if (policy.ike_proposals.empty()) return misuse("no IKE proposal");
  if (Result<void> valid = check(policy.ike_proposals, ProtocolId::kIke); !valid) return valid.error();
  if (Result<void> valid = check(policy.esp_proposals, ProtocolId::kEsp); !valid) return valid.error();
  if (!policy.shared_keys) return misuse("no shared keys");
  if (is_bad(policy.identity) || (policy.peer_identity && is_bad(*policy.peer_identity)))
    return misuse("an identity is empty or too long");
  if (policy.datagram_bytes < kMinDatagramBytes || policy.datagram_bytes > kMaxDatagramBytes)
    return misuse("the datagram size is out of range");
  if (policy.local_selectors.size() > kMaxListed || policy.remote_selectors.size() > kMaxListed)
    return misuse("too many traffic selectors");
  if (policy.timing.retransmit_first_ms == 0 || policy.timing.retransmit_tries == 0)
    return misuse("requests must be sent, and not without a pause");
  for (const Proposal& proposal : policy.ike_proposals)
    for (const Transform& transform : proposal.transforms)
      if (is_key_exchange(transform.type) && transform.id != kKeNone &&
          !code_point(KeMethod(transform.id), policy.numbering))
        return misuse("a key exchange method that the numbering lacks");

  Profile profile;
  for (Proposal proposal : policy.ike_proposals) {
    std::erase_if(proposal.transforms, is_too_long_for_init);
    if (proposal.has(TransformType::kKe)) profile.small_.push_back(std::move(proposal));
  }
  profile.policy_ = std::move(policy);
  return profile;
}

}  // namespace mlkem::ikev2
