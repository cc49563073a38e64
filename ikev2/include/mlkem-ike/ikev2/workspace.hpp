// SPDX-License-Identifier: Apache-2.0
// The crypto objects that all sessions of a thread share: PRFs and ciphers are made once for each algorithm,
// so that an SA costs its keys and no more.
#pragma once

#include <memory>
#include <vector>

#include "mlkem-ike/export.h"
#include "mlkem-ike/ikev2/crypto.hpp"
#include "mlkem-ike/ikev2/protect.hpp"
#include "mlkem-ike/ikev2/result.hpp"

namespace mlkem::ikev2 {

// One thread at a time. It must outlive the sessions that use it, and `crypto` must outlive it.
class MLKEM_API Workspace {
 public:
  explicit Workspace(Crypto& crypto) noexcept : crypto_(&crypto) {}

  [[nodiscard]] Crypto& crypto() const noexcept { return *crypto_; }
  // Each is made at its first use; the references live as long as the workspace. Errors: crypto.
  Result<Prf*> prf(PrfId id) noexcept;
  // Two ciphers for each pair of algorithms, so that each keeps its direction's key schedule.
  Result<MessageCipher*> cipher(CipherUse use, const SaAlgorithms& algorithms) noexcept;

 private:
  struct Cipher {
    CipherUse use;
    std::unique_ptr<MessageCipher> cipher;
  };

  Crypto* crypto_;
  std::vector<std::unique_ptr<Prf>> prfs_;
  std::vector<Cipher> ciphers_;
};

}  // namespace mlkem::ikev2
