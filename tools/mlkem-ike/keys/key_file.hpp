// SPDX-License-Identifier: Apache-2.0
// ML-KEM keys as files: SubjectPublicKeyInfo and PKCS#8 as RFC 9935 profiles them and OpenSSL 3.5 and later
// write them, in PEM or DER; and raw octets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mlkem-ike/mlkem.h"
#include "mlkem-ike/mlkem.hpp"
#include "tools/mlkem-ike/io/wiped_buffer.hpp"
#include "tools/mlkem-ike/keys/first_error.hpp"

namespace mlkem::cli {

enum class Encoding {
  kPem,
  kDer,
  kRaw,  // ek, dk, or the seed d || z, and nothing else
};

// What a private key file holds: the CHOICE of RFC 9935, section 6.
enum class PrivateForm { kSeed, kExpanded, kBoth };

struct PublicKeyFile {
  mlkem_set set;
  Encoding encoding;
  std::vector<uint8_t> ek;
};

struct PrivateKeyFile {
  mlkem_set set;
  Encoding encoding;
  PrivateForm form;
  std::optional<Seed> seed;             // as `form` says
  Secret<MlKem1024::kDkBytes> dk_room;  // its front is dk, expanded from the seed if that was all

  Octets dk() const { return dk_room.expose().first(mlkem_dk_bytes(set)); }
  Octets ek() const;  // the part of dk
};

// For a file whose parameter set is not known beforehand.
inline constexpr mlkem_set kAnySet{};

// Text around a PEM block included; longer files are refused.
inline constexpr size_t kMaxKeyFileBytes = size_t{1} << 16;

// Read a key from all octets of a file, whichever encoding it has. `set` insists on a parameter set; a raw
// seed can't be read without. Accepted keys are sound: ek passed the check of FIPS 203, section 7.2, dk that
// of 7.3 and a trial encapsulation and decapsulation; a seed expands to the dk, and a dk holds the ek, that
// stands beside it. Errors name the field and the reason and tell nothing of a key.
Parsed<PublicKeyFile> read_public_key(Octets file, mlkem_set set = kAnySet);
Parsed<PrivateKeyFile> read_private_key(Octets file, mlkem_set set = kAnySet);

// The octets of a file. The key's own `form` and `encoding` do not matter.
WipedBuffer write_public_key(mlkem_set set, Octets ek, Encoding encoding);
// Fails where the form needs a seed that the key has not, as no dk leads back to its seed; and for kBoth in
// raw octets.
Parsed<WipedBuffer> write_private_key(const PrivateKeyFile& key, PrivateForm form, Encoding encoding);

}  // namespace mlkem::cli
