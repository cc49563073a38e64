// SPDX-License-Identifier: Apache-2.0
// Fuzz target: key files. What is accepted can be written in every encoding and form, and says the same then.
#include <algorithm>
#include <cstdlib>

#include "tools/mlkem-ike/keys/key_file.hpp"

namespace {

using namespace mlkem::cli;

void require(bool condition) {
  if (!condition) std::abort();
}

bool equal(Octets a, Octets b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

void public_key_in_every_encoding(PublicKeyFile& key) {
  for (const Encoding encoding : {Encoding::kPem, Encoding::kDer, Encoding::kRaw}) {
    auto again = read_public_key(write_public_key(key.set, key.ek, encoding).expose());
    require(again && again->set == key.set && again->encoding == encoding && again->ek == key.ek);
  }
}

void private_key_in_every_form(PrivateKeyFile& key) {
  for (const PrivateForm form : {PrivateForm::kSeed, PrivateForm::kExpanded, PrivateForm::kBoth})
    for (const Encoding encoding : {Encoding::kPem, Encoding::kDer, Encoding::kRaw}) {
      auto written = write_private_key(key, form, encoding);
      const bool possible = form == PrivateForm::kExpanded ||
                            (key.seed && (form == PrivateForm::kSeed || encoding != Encoding::kRaw));
      require(bool(written) == possible);
      if (!possible) continue;
      auto again = read_private_key(written->expose(), key.set);
      require(again && again->form == form && again->encoding == encoding);
      require(equal(again->dk(), key.dk()) && equal(again->ek(), key.ek()));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Octets file(data, size);
  if (auto key = read_public_key(file))
    public_key_in_every_encoding(*key);
  else
    require(!key.error().empty());
  for (const mlkem_set set : {kAnySet, MLKEM_512, MLKEM_768, MLKEM_1024}) {
    if (auto key = read_private_key(file, set)) {
      require(set == kAnySet || key->set == set);
      private_key_in_every_form(*key);
    } else {
      require(!key.error().empty());
    }
  }
  return 0;
}
