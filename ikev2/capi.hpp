// SPDX-License-Identifier: Apache-2.0
// What the files of the C interface share: the handles, and how arguments and results cross it.
#pragma once

#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "mlkem-ike/ikev2.h"
#include "mlkem-ike/ikev2.hpp"

struct mlkem_ike_crypto {
  std::unique_ptr<mlkem::ikev2::Crypto> crypto;
};

struct mlkem_ike_secret {
  mlkem::ikev2::KeSecret octets;
};

namespace mlkem::ikev2::capi {

inline int code_of(const Error& error) noexcept {
  switch (error.kind) {
    case ErrorKind::kMisuse:
      return MLKEM_IKE_ERR_ARGUMENT;
    case ErrorKind::kPeer:
      return MLKEM_IKE_ERR_PEER;
    case ErrorKind::kCrypto:
      break;
  }
  return MLKEM_IKE_ERR_CRYPTO;
}

// Octets of a C call: null only where there are none.
inline bool is_valid(const uint8_t* data, size_t bytes) noexcept {
  return data != nullptr || bytes == 0;
}

// A new object in *out, moved from `value`.
template <class Handle, class... Values>
int make(Handle** out, Values&&... values) noexcept {
  *out = new (std::nothrow) Handle{std::forward<Values>(values)...};
  return *out ? MLKEM_IKE_OK : MLKEM_IKE_ERR_CRYPTO;
}

// Copies a result out if there is room for it; *out_len becomes its length.
inline int copy_out(Octets octets, uint8_t* out, size_t* out_len) noexcept {
  const size_t room = *out_len;
  *out_len = octets.size();
  if (room < octets.size()) return MLKEM_IKE_ERR_BUFFER;
  if (!octets.empty()) std::memcpy(out, octets.data(), octets.size());
  return MLKEM_IKE_OK;
}

}  // namespace mlkem::ikev2::capi
