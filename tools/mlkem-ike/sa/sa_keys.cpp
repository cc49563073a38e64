// SPDX-License-Identifier: Apache-2.0
// What keys from a file must be, before any message is tried with them.
#include "tools/mlkem-ike/sa/sa_keys.hpp"

namespace mlkem::cli {

ikev2::Result<ikev2::ProtectionKeys> protection_of(const MessageKeys& keys, bool from_initiator) {
  return ikev2::ProtectionKeys::make(keys.algorithms, from_initiator ? keys.sk_ei : keys.sk_er,
                                     from_initiator ? keys.sk_ai : keys.sk_ar);
}

std::string key_length_fault(const MessageKeys& keys) {
  const ikev2::Encryption encryption = keys.algorithms.encryption;
  const ikev2::IntegId integrity = keys.algorithms.integrity;
  const bool aead = ikev2::is_aead(encryption.id);
  if (aead != (integrity == ikev2::IntegId::kNone))
    return aead ? "integrity: not NONE beside an AEAD" : "integrity: NONE beside a cipher that needs one";
  const auto fault = [](const char* field, size_t size, size_t wanted) {
    return size == wanted ? std::string()
                          : std::string(field) + ": " + std::to_string(size) + " octets instead of " +
                                std::to_string(wanted);
  };
  const size_t encryption_bytes = ikev2::key_bytes(encryption), integrity_bytes = ikev2::key_bytes(integrity);
  for (const std::string& found : {fault("SK_ei", keys.sk_ei.size(), encryption_bytes),
                                   fault("SK_er", keys.sk_er.size(), encryption_bytes),
                                   fault("SK_ai", keys.sk_ai.size(), integrity_bytes),
                                   fault("SK_ar", keys.sk_ar.size(), integrity_bytes)})
    if (!found.empty()) return found;
  return {};
}

bool same_keys(const MessageKeys& a, const MessageKeys& b) {
  return a.algorithms.encryption == b.algorithms.encryption &&
         a.algorithms.integrity == b.algorithms.integrity && a.sk_ei == b.sk_ei && a.sk_er == b.sk_er &&
         a.sk_ai == b.sk_ai && a.sk_ar == b.sk_ar;
}

}  // namespace mlkem::cli
