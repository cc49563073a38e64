// SPDX-License-Identifier: Apache-2.0
// Key files that the command line names. A public key's file is wiped as well: it may be a private key's.
#include "tools/mlkem-ike/keys/load_key.hpp"

#include "tools/mlkem-ike/io/files.hpp"

namespace mlkem::cli {
namespace {

template <class Key>
Key load(const std::string& field, const std::string& path, int set, Parsed<Key> (*read)(Octets, mlkem_set)) {
  const WipedBuffer file = read_up_to(field, path, kMaxKeyFileBytes);
  auto key = read(file.expose(), mlkem_set(set));
  if (!key) fail(field, path, key.error());
  return std::move(*key);
}

}  // namespace

PublicKeyFile load_public_key(const std::string& field, const std::string& path, int set) {
  return load(field, path, set, read_public_key);
}

PrivateKeyFile load_private_key(const std::string& field, const std::string& path, int set) {
  return load(field, path, set, read_private_key);
}

}  // namespace mlkem::cli
