// SPDX-License-Identifier: Apache-2.0
// Keys as the subcommands take them: from a file in whichever encoding it has, or standard input.
#pragma once

#include <string>

#include "tools/mlkem-ike/keys/key_file.hpp"

namespace mlkem::cli {

// Reads the key that option `field` names; "-" is standard input. `set`, unless 0, insists on a parameter
// set. Throws Failure, which names the field, the file and the reason.
PublicKeyFile load_public_key(const std::string& field, const std::string& path, int set);
PrivateKeyFile load_private_key(const std::string& field, const std::string& path, int set);

}  // namespace mlkem::cli
