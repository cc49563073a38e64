// SPDX-License-Identifier: Apache-2.0
// The key schedule (RFC 7296 sections 2.13 to 2.18, RFC 9370 section 2.2).
#include "mlkem-ike/ikev2/keymat.hpp"

#include <cstring>

namespace mlkem::ikev2 {
namespace {

constexpr size_t kMaxBlocks = 255;  // the block counter is one octet
constexpr size_t kMaxSecrets = 1 + kMaxAdditionalKeyExchanges;
// SK_d, two SK_a and two SK_p as long as the longest PRF, two SK_e; more than any Child SA takes.
constexpr size_t kMaxKeymatBytes = 5 * kMaxPrfBytes + 2 * kMaxEncryptionKeyBytes;

// A list of parts in a fixed place.
class PartList {
 public:
  bool add(Octets part) {
    if (size_ == kCapacity) return false;
    parts_[size_++] = part;
    return true;
  }
  bool add(Parts parts) {
    for (Octets part : parts)
      if (!add(part)) return false;
    return true;
  }
  Parts parts() const { return Parts(parts_.data(), size_); }

 private:
  static constexpr size_t kCapacity = kMaxSeedParts + 2;  // prf+ puts T(i-1) before and the counter behind
  std::array<Octets, kCapacity> parts_;
  size_t size_ = 0;
};

// Key material that is handed out piece by piece, in order.
class Keymat {
 public:
  bool resize(size_t size) { return octets_.resize(size); }
  std::span<uint8_t> all() { return octets_.expose_mutable(); }

  template <size_t kCapacity>
  void take(SecretBytes<kCapacity>& out, size_t size) {
    (void)out.assign(octets_.expose().subspan(used_, size));
    used_ += size;
  }

 private:
  SecretBytes<kMaxKeymatBytes> octets_;
  size_t used_ = 0;
};

Result<void> check_nonces(Octets ni, Octets nr) {
  if (ni.size() > kMaxNonceBytes || nr.size() > kMaxNonceBytes) return misuse("a nonce is too long");
  if (ni.empty() || nr.empty()) return misuse("a nonce is empty");
  return {};
}

// SK(0) | Ni | Nr | SK(1) | ... | SK(n), or Ni | Nr without secrets.
Result<PartList> exchange_parts(Parts secrets, Octets ni, Octets nr) {
  if (Result<void> checked = check_nonces(ni, nr); !checked) return checked.error();
  if (secrets.size() > kMaxSecrets) return misuse("more than seven additional key exchanges");
  PartList list;
  for (Octets secret : secrets)
    if (secret.empty()) return misuse("a shared secret is empty");
  if (!secrets.empty()) list.add(secrets.first(1));
  list.add(ni);
  list.add(nr);
  if (!secrets.empty()) list.add(secrets.subspan(1));
  return list;
}

Result<void> check_algorithms(Encryption encryption, IntegId integrity) {
  if (!is_valid(encryption)) return misuse("unknown encryption algorithm or key length");
  const bool has_integrity = key_bytes(integrity) != 0;
  if (!has_integrity && integrity != IntegId::kNone) return misuse("unknown integrity algorithm");
  if (is_aead(encryption.id) == has_integrity)
    return misuse("an AEAD goes without an integrity algorithm, any other cipher with one");
  return {};
}

}  // namespace

Result<PrfSecret> compute_prf(Prf& prf, Octets key, Parts parts) noexcept {
  PrfSecret out;
  if (!out.resize(output_bytes(prf.id()))) return misuse("output of the PRF is too long");
  if (Result<void> set = prf.set_key(key); !set) return set.error();
  if (Result<void> computed = prf.compute(parts, out.expose_mutable()); !computed) return computed.error();
  return out;
}

Result<void> prf_plus(Prf& prf, Octets key, Parts seed, std::span<uint8_t> out) noexcept {
  wipe(out.data(), out.size());
  const size_t block_bytes = output_bytes(prf.id());
  if (block_bytes == 0 || block_bytes > kMaxPrfBytes) return misuse("unknown PRF");
  if (out.size() > kMaxBlocks * block_bytes) return misuse("more than 255 blocks of prf+");
  if (seed.size() > kMaxSeedParts) return misuse("too many parts in the seed of prf+");
  if (key.empty()) return misuse("the key of prf+ is empty");
  if (Result<void> set = prf.set_key(key); !set) return set.error();

  PrfSecret block;
  uint8_t counter = 0;
  for (size_t done = 0; done < out.size();) {
    PartList parts;
    parts.add(block.expose());
    parts.add(seed);
    ++counter;
    parts.add(Octets(&counter, 1));
    PrfSecret next;
    (void)next.resize(block_bytes);
    if (Result<void> computed = prf.compute(parts.parts(), next.expose_mutable()); !computed) {
      wipe(out.data(), out.size());
      return computed.error();
    }
    block = std::move(next);
    const size_t take = out.size() - done < block_bytes ? out.size() - done : block_bytes;
    std::memcpy(out.data() + done, block.expose().data(), take);
    done += take;
  }
  return {};
}

Result<PrfSecret> skeyseed_initial(Prf& prf, Octets ni, Octets nr, Octets secret) noexcept {
  if (Result<void> checked = check_nonces(ni, nr); !checked) return checked.error();
  if (secret.empty()) return misuse("a shared secret is empty");
  std::array<uint8_t, 2 * kMaxNonceBytes> nonces;
  std::memcpy(nonces.data(), ni.data(), ni.size());
  std::memcpy(nonces.data() + ni.size(), nr.data(), nr.size());
  return compute_prf(prf, Octets(nonces.data(), ni.size() + nr.size()), Parts(&secret, 1));
}

Result<PrfSecret> skeyseed_chained(Prf& prf, Octets sk_d, Octets secret, Octets ni, Octets nr) noexcept {
  return skeyseed_rekey(prf, sk_d, Parts(&secret, 1), ni, nr);
}

Result<PrfSecret> skeyseed_rekey(Prf& prf, Octets old_sk_d, Parts secrets, Octets ni, Octets nr) noexcept {
  if (secrets.empty()) return misuse("an IKE SA is never rekeyed without a key exchange");
  const Result<PartList> list = exchange_parts(secrets, ni, nr);
  if (!list) return list.error();
  return compute_prf(prf, old_sk_d, list->parts());
}

Result<IkeKeys> expand_skeyseed(Prf& prf, Octets skeyseed, const IkeSaInputs& inputs) noexcept {
  const SaAlgorithms& algorithms = inputs.algorithms;
  if (Result<void> checked = check_algorithms(algorithms.encryption, algorithms.integrity); !checked)
    return checked.error();
  if (Result<void> checked = check_nonces(inputs.ni, inputs.nr); !checked) return checked.error();
  const size_t prf_bytes = output_bytes(algorithms.prf);
  if (prf_bytes == 0) return misuse("unknown PRF");
  const size_t integrity_bytes = key_bytes(algorithms.integrity);
  const size_t encryption_bytes = key_bytes(algorithms.encryption);

  Keymat keymat;
  if (!keymat.resize(3 * prf_bytes + 2 * integrity_bytes + 2 * encryption_bytes))
    return misuse("the keys are too long");
  const Octets seed[] = {inputs.ni, inputs.nr, inputs.spi_i, inputs.spi_r};
  if (Result<void> expanded = prf_plus(prf, skeyseed, seed, keymat.all()); !expanded) return expanded.error();

  IkeKeys keys;
  keymat.take(keys.sk_d, prf_bytes);
  keymat.take(keys.sk_ai, integrity_bytes);
  keymat.take(keys.sk_ar, integrity_bytes);
  keymat.take(keys.sk_ei, encryption_bytes);
  keymat.take(keys.sk_er, encryption_bytes);
  keymat.take(keys.sk_pi, prf_bytes);
  keymat.take(keys.sk_pr, prf_bytes);
  return keys;
}

Result<IkeKeys> initial_keys(Prf& prf, const IkeSaInputs& inputs, Octets secret) noexcept {
  if (prf.id() != inputs.algorithms.prf) return misuse("not the PRF that was negotiated");
  const Result<PrfSecret> skeyseed = skeyseed_initial(prf, inputs.ni, inputs.nr, secret);
  if (!skeyseed) return skeyseed.error();
  return expand_skeyseed(prf, skeyseed->expose(), inputs);
}

Result<IkeKeys> next_generation(Prf& prf, const IkeSaInputs& inputs, const IkeKeys& previous,
                                Octets secret) noexcept {
  if (prf.id() != inputs.algorithms.prf) return misuse("not the PRF that was negotiated");
  if (previous.generation >= kMaxAdditionalKeyExchanges)
    return misuse("more than seven additional key exchanges");
  const Result<PrfSecret> skeyseed =
      skeyseed_chained(prf, previous.sk_d.expose(), secret, inputs.ni, inputs.nr);
  if (!skeyseed) return skeyseed.error();
  Result<IkeKeys> keys = expand_skeyseed(prf, skeyseed->expose(), inputs);
  if (keys) keys->generation = uint8_t(previous.generation + 1);
  return keys;
}

Result<IkeKeys> rekeyed_keys(Prf& old_prf, Prf& new_prf, Octets old_sk_d, const IkeSaInputs& inputs,
                             Parts secrets, RekeyExpansion expansion) noexcept {
  if (new_prf.id() != inputs.algorithms.prf) return misuse("not the PRF that was negotiated");
  const Result<PrfSecret> skeyseed = skeyseed_rekey(old_prf, old_sk_d, secrets, inputs.ni, inputs.nr);
  if (!skeyseed) return skeyseed.error();
  Prf& expanding = expansion == RekeyExpansion::kOldPrf ? old_prf : new_prf;
  return expand_skeyseed(expanding, skeyseed->expose(), inputs);
}

Result<ChildKeys> child_keys(Prf& prf, Octets sk_d, Encryption encryption, IntegId integrity, Octets ni,
                             Octets nr, Parts secrets) noexcept {
  if (Result<void> checked = check_algorithms(encryption, integrity); !checked) return checked.error();
  const Result<PartList> seed = exchange_parts(secrets, ni, nr);
  if (!seed) return seed.error();
  const size_t integrity_bytes = key_bytes(integrity);
  const size_t encryption_bytes = key_bytes(encryption);

  Keymat keymat;
  if (!keymat.resize(2 * encryption_bytes + 2 * integrity_bytes)) return misuse("the keys are too long");
  if (Result<void> expanded = prf_plus(prf, sk_d, seed->parts(), keymat.all()); !expanded)
    return expanded.error();

  ChildKeys keys;
  keymat.take(keys.encryption_i, encryption_bytes);
  keymat.take(keys.integrity_i, integrity_bytes);
  keymat.take(keys.encryption_r, encryption_bytes);
  keymat.take(keys.integrity_r, integrity_bytes);
  return keys;
}

}  // namespace mlkem::ikev2
