// SPDX-License-Identifier: Apache-2.0
// Recomputes the key schedule of a recording: SKEYSEED, SK_* and Child SA keys (RFC 7296 section 2.14, RFC
// 9370).
#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/replay/checks.hpp"

namespace mlkem::cli {
namespace {

template <size_t kCapacity>
Bytes to_bytes(const ikev2::SecretBytes<kCapacity>& secret) {
  return Bytes(secret.expose().begin(), secret.expose().end());
}

std::vector<ikev2::Octets> parts_of(const std::vector<Bytes>& secrets) {
  return std::vector<ikev2::Octets>(secrets.begin(), secrets.end());
}

std::array<Bytes, kIkeKeyNames.size()> keys_of(const ikev2::IkeKeys& keys) {
  return {to_bytes(keys.sk_d),  to_bytes(keys.sk_ai), to_bytes(keys.sk_ar), to_bytes(keys.sk_ei),
          to_bytes(keys.sk_er), to_bytes(keys.sk_pi), to_bytes(keys.sk_pr)};
}

template <size_t kCount>
auto agreeing(const std::array<Bytes, kCount>& a, const std::array<Bytes, kCount>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), size_t(0), std::plus<>(), std::equal_to<>());
}

std::string ike_name(size_t index) {
  return "ike[" + std::to_string(index) + ']';
}

}  // namespace

void RecordingCheck::check_ike(const IkeEntry& entry) {
  Recomputed& recomputed = recomputed_.emplace_back();

  ikev2::Prf& derivation = prf(entry.prf_for_derivation);
  auto skeyseed = [&]() -> ikev2::Result<ikev2::PrfSecret> {
    switch (entry.kind) {
      case IkeEntry::Kind::kInitial:
        return ikev2::skeyseed_initial(derivation, entry.ni, entry.nr, entry.secrets[0]);
      case IkeEntry::Kind::kChained:
        return ikev2::skeyseed_chained(derivation, entry.old_sk_d, entry.secrets[0], entry.ni, entry.nr);
      default:
        return ikev2::skeyseed_rekey(derivation, entry.old_sk_d, parts_of(entry.secrets), entry.ni, entry.nr);
    }
  }();
  if (skeyseed) recomputed.skeyseed = to_bytes(*skeyseed);
  value("skeyseed", entry.skeyseed, recomputed.skeyseed, skeyseed ? "" : skeyseed.error().message);

  const char* const fault = expand(entry, recomputed);
  for (size_t i = 0; i < kIkeKeyNames.size(); ++i)
    value(kIkeKeyNames[i], entry.keys[i], recomputed.keys[i], fault);
}

// SKEYSEED is a result and an input: the recorded one counts, unless it is the one that is wrong. A rekey
// that changes the PRF may have been expanded with either. Returns why there are no keys, or nothing.
const char* RecordingCheck::expand(const IkeEntry& entry, Recomputed& recomputed) {
  const ikev2::IkeSaInputs inputs{
      {entry.prf, entry.encryption, entry.integrity}, entry.ni, entry.nr, entry.spi_i, entry.spi_r};
  size_t most = 0;
  const char* fault = "";
  bool first = true;
  for (const ikev2::PrfId id : {entry.prf, entry.prf_for_derivation})
    for (const Bytes* skeyseed : {&entry.skeyseed, &std::as_const(recomputed.skeyseed)}) {
      const auto keys = ikev2::expand_skeyseed(prf(id), *skeyseed, inputs);
      if (!keys) {
        fault = keys.error().message;
        continue;
      }
      auto candidate = keys_of(*keys);
      const size_t count = agreeing(candidate, entry.keys);
      if (first || count > most) recomputed.keys = std::move(candidate);
      most = std::max(most, count);
      first = false;
    }
  return first ? fault : "";
}

void RecordingCheck::check_ike_links(size_t index) {
  const IkeEntry& entry = recording_.ike[index];
  if (entry.kind == IkeEntry::Kind::kRekey) {
    size_t old = index;
    for (size_t i = 0; i < index; ++i)
      if (is_key_of(i, kSkD, entry.old_sk_d)) old = i;
    link("old_sk_d is sk_d of an SA before", old != index && is_newest(old));
    if (old != index) {
      link("prf_for_derivation is the old SA's", entry.prf_for_derivation == recording_.ike[old].prf);
      link("spii and spir are new",
           entry.spi_i != recording_.ike[old].spi_i && entry.spi_r != recording_.ike[old].spi_r);
    }
    check_recorded_nonces(entry.ni, entry.nr);
    return;
  }
  link("prf_for_derivation is the SA's own", entry.prf_for_derivation == entry.prf);
  if (entry.kind == IkeEntry::Kind::kInitial) {
    check_init_nonces(entry);
    return;
  }
  if (index == 0 || recording_.ike[index - 1].kind == IkeEntry::Kind::kRekey ||
      recording_.ike[index - 1].generation + 1 != entry.generation) {
    link("follows the generation before", false);
    return;
  }
  const IkeEntry& before = recording_.ike[index - 1];
  const std::string name = ike_name(index - 1);
  link("old_sk_d is sk_d of " + name, is_key_of(index - 1, kSkD, entry.old_sk_d));
  link("ni is that of " + name, entry.ni == before.ni);
  link("nr is that of " + name, entry.nr == before.nr);
  link("spii is that of " + name, entry.spi_i == before.spi_i);
  link("spir is that of " + name, entry.spi_r == before.spi_r);
}

void RecordingCheck::check_child(const ChildEntry& entry) {
  const auto keys = ikev2::child_keys(prf(entry.prf), entry.sk_d, entry.encryption, entry.integrity, entry.ni,
                                      entry.nr, parts_of(entry.secrets));
  std::array<Bytes, kChildKeyNames.size()> recomputed;
  if (keys)
    recomputed = {to_bytes(keys->encryption_i), to_bytes(keys->integrity_i), to_bytes(keys->encryption_r),
                  to_bytes(keys->integrity_r)};
  for (size_t i = 0; i < kChildKeyNames.size(); ++i)
    value(kChildKeyNames[i], entry.keys[i], recomputed[i], keys ? "" : keys.error().message);
  check_recorded_nonces(entry.ni, entry.nr);
  const size_t generation = generation_with(kSkD, entry.sk_d);
  link("sk_d is an SA's newest", generation < recording_.ike.size() && is_newest(generation));
  if (generation < recording_.ike.size())
    link("prf is that of " + ike_name(generation), entry.prf == recording_.ike[generation].prf);
}

}  // namespace mlkem::cli
