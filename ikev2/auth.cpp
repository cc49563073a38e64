// SPDX-License-Identifier: Apache-2.0
// AUTH with a shared key or by signature (RFC 7296 section 2.15, RFC 7427, RFC 9242 section 3.3.2).
#include "mlkem-ike/ikev2/auth.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "ikev2/wire.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr std::string_view kKeyPad = "Key Pad for IKEv2";

Result<PrfSecret> mac_of_id(Prf& prf, const SignedOctets& octets) {
  return compute_prf(prf, octets.sk_p, Parts(&octets.id_body, 1));
}

// The order of RFC 7296 section 2.15 and RFC 9242 section 3.3.2.
std::array<Octets, 4> parts_of(const SignedOctets& octets, Octets maced_id) {
  return {octets.real_message, octets.peer_nonce, maced_id, octets.int_auth};
}

}  // namespace

Result<PrfSecret> shared_key_pad(Prf& prf, Octets shared_secret) noexcept {
  const Octets pad(reinterpret_cast<const uint8_t*>(kKeyPad.data()), kKeyPad.size());
  return compute_prf(prf, shared_secret, Parts(&pad, 1));
}

Result<PrfSecret> shared_key_auth(Prf& prf, Octets key_pad, const SignedOctets& octets) noexcept {
  const Result<PrfSecret> maced_id = mac_of_id(prf, octets);
  if (!maced_id) return maced_id.error();
  return compute_prf(prf, key_pad, parts_of(octets, maced_id->expose()));
}

Result<size_t> signature_auth(Prf& prf, const SigningKey& key, SignatureAlgorithm algorithm,
                              const SignedOctets& octets, std::span<uint8_t> out) noexcept {
  const Octets identifier = algorithm_identifier(algorithm);
  if (identifier.empty()) return misuse("not a signature algorithm that AUTH can name");
  if (out.size() < kMaxSignatureAuthBytes) return misuse("no room for AUTH data");
  const Result<PrfSecret> maced_id = mac_of_id(prf, octets);
  if (!maced_id) return maced_id.error();
  out[0] = uint8_t(identifier.size());
  std::copy(identifier.begin(), identifier.end(), out.begin() + 1);
  const size_t signature_at = 1 + identifier.size();
  const Result<size_t> signature_bytes =
      key.sign(algorithm, parts_of(octets, maced_id->expose()), out.subspan(signature_at));
  if (!signature_bytes) return signature_bytes.error();
  return signature_at + *signature_bytes;
}

Result<void> verify_signature_auth(Prf& prf, const VerifyingKey& key, SignatureHashes announced,
                                   const SignedOctets& octets, Octets auth) noexcept {
  Reader reader(auth);
  // One that is cut short reads as empty, which is no AlgorithmIdentifier.
  const Result<SignatureAlgorithm> algorithm = read_algorithm_identifier(reader.take(reader.take_8()));
  if (!algorithm) return algorithm.error();
  if (!announced.contains(algorithm->hash))
    return peer_fault(NotifyType::kAuthenticationFailed, "signature with a hash that was not announced");
  if (!fits(key.type(), *algorithm))
    return peer_fault(NotifyType::kAuthenticationFailed, "signature algorithm does not fit the peer's key");
  const Result<PrfSecret> maced_id = mac_of_id(prf, octets);
  if (!maced_id) return maced_id.error();
  return key.verify(*algorithm, parts_of(octets, maced_id->expose()), reader.rest());
}

}  // namespace mlkem::ikev2
