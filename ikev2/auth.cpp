// SPDX-License-Identifier: Apache-2.0
// AUTH with a shared key (RFC 7296 section 2.15, RFC 9242 section 3.3.2).
#include "mlkem-ike/ikev2/auth.hpp"

#include <string_view>

namespace mlkem::ikev2 {
namespace {

constexpr std::string_view kKeyPad = "Key Pad for IKEv2";

}  // namespace

Result<PrfSecret> shared_key_pad(Prf& prf, Octets shared_secret) noexcept {
  const Octets pad(reinterpret_cast<const uint8_t*>(kKeyPad.data()), kKeyPad.size());
  return compute_prf(prf, shared_secret, Parts(&pad, 1));
}

Result<PrfSecret> shared_key_auth(Prf& prf, Octets key_pad, const SignedOctets& octets) noexcept {
  const Result<PrfSecret> maced_id = compute_prf(prf, octets.sk_p, Parts(&octets.id_body, 1));
  if (!maced_id) return maced_id.error();
  const Octets parts[] = {octets.real_message, octets.peer_nonce, maced_id->expose(), octets.int_auth};
  return compute_prf(prf, key_pad, parts);
}

}  // namespace mlkem::ikev2
