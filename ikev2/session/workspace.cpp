// SPDX-License-Identifier: Apache-2.0
// The crypto objects that sessions share.
#include "mlkem-ike/ikev2/workspace.hpp"

#include <utility>

namespace mlkem::ikev2 {

Result<Prf*> Workspace::prf(PrfId id) noexcept {
  for (const auto& prf : prfs_)
    if (prf->id() == id) return prf.get();
  Result<std::unique_ptr<Prf>> made = crypto_->make_prf(id);
  if (!made) return made.error();
  return prfs_.emplace_back(*std::move(made)).get();
}

Result<MessageCipher*> Workspace::cipher(CipherUse use, const SaAlgorithms& algorithms) noexcept {
  for (const Cipher& entry : ciphers_)
    if (entry.use == use && entry.cipher->encryption() == algorithms.encryption &&
        entry.cipher->integrity() == algorithms.integrity)
      return entry.cipher.get();
  Result<std::unique_ptr<MessageCipher>> made =
      crypto_->make_message_cipher(algorithms.encryption, algorithms.integrity);
  if (!made) return made.error();
  return ciphers_.emplace_back(Cipher{use, *std::move(made)}).cipher.get();
}

}  // namespace mlkem::ikev2
