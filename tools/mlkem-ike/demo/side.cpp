// SPDX-License-Identifier: Apache-2.0
// The policy allows whatever was asked for: the demo shows it.
#include "tools/mlkem-ike/demo/side.hpp"

#include <utility>

#include "tools/mlkem-ike/io/must.hpp"
#include "tools/mlkem-ike/io/octets.hpp"
#include "tools/mlkem-ike/net/endpoint.hpp"

namespace mlkem::cli {
namespace {

constexpr std::string_view kSharedKey = "mlkem-ike demo shared key";

ikev2::Identity identity(bool initiator) {
  const Octets name = octets_of(initiator ? "a.example" : "b.example");
  return {ikev2::IdType::kFqdn, {name.begin(), name.end()}};
}

ikev2::SharedKey shared_key_of_the_demo() {
  ikev2::SharedKey key;
  if (!key.assign(octets_of(kSharedKey))) throw Failure("the shared key is too long");
  return key;
}

template <size_t kCapacity>
void copy(ikev2::SecretBytes<kCapacity>& to, const ikev2::SecretBytes<kCapacity>& from) {
  (void)to.assign(from.expose());
}

}  // namespace

void GatheredKeys::add(const ikev2::LoggedKeys& logged) noexcept {
  spi_i = logged.spi_i;
  spi_r = logged.spi_r;
  ikev2::IkeKeys& keys = generations.emplace_back();
  for (const auto member : {&ikev2::IkeKeys::sk_d, &ikev2::IkeKeys::sk_ai, &ikev2::IkeKeys::sk_ar,
                            &ikev2::IkeKeys::sk_pi, &ikev2::IkeKeys::sk_pr})
    copy(keys.*member, logged.keys.*member);
  for (const auto member : {&ikev2::IkeKeys::sk_ei, &ikev2::IkeKeys::sk_er})
    copy(keys.*member, logged.keys.*member);
}

DemoSide::DemoSide(char who, const ikev2::Proposal& ike, const ikev2::Proposal& esp)
    : letter(who),
      socket(UdpSocket::bound(parse_address("127.0.0.1"), IpFragments::kAllowed)),
      shared_key(shared_key_of_the_demo()) {
  const bool initiator = letter == 'I';
  ikev2::Policy policy;
  policy.identity = identity(initiator);
  policy.peer_identity = identity(!initiator);
  policy.shared_keys = &shared_key;
  policy.ike_proposals = {ike};
  policy.esp_proposals = {esp};
  policy.require_ml_kem = false;
  policy.path_carries_large_init = true;
  policy.local_selectors = policy.remote_selectors = {ikev2::any_address(ikev2::IpVersion::kIpv4)};
  policy.key_log = &keys;
  profile = std::make_unique<ikev2::Profile>(must(ikev2::Profile::make(std::move(policy)), "policy"));
}

void DemoSide::take(ikev2::Event event) {
  if (std::get_if<ikev2::Established>(&event)) authenticated_peer = true;
  if (const auto* done = std::get_if<ikev2::KeyExchanged>(&event)) exchanged.push_back(*done);
  if (auto* made = std::get_if<ikev2::ChildEstablished>(&event)) child = std::move(*made);
  if (const auto* failed = std::get_if<ikev2::Failed>(&event)) end = failed->end;
  if (const auto* closed = std::get_if<ikev2::Closed>(&event)) end = closed->end;
}

}  // namespace mlkem::cli
