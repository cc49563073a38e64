// SPDX-License-Identifier: Apache-2.0
// Key files and the three operations on a command line as small as interop_openssl_test.py needs it. For
// tests only: it writes secrets wherever it is told.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "tools/mlkem-ike/key_file.hpp"

namespace mlkem::cli {
namespace {

std::vector<uint8_t> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": can't be opened");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write(const std::string& path, Octets octets) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(octets.data()), std::streamsize(octets.size()));
  if (!file.flush()) throw std::runtime_error(path + ": can't be written");
}

template <class T>
T take(Parsed<T> parsed) {
  if (!parsed) throw std::runtime_error(parsed.error());
  return std::move(*parsed);
}

Encoding encoding_of(const std::string& name) {
  return name == "pem" ? Encoding::kPem : name == "der" ? Encoding::kDer : Encoding::kRaw;
}

PrivateForm form_of(const std::string& name) {
  return name == "seed-only"   ? PrivateForm::kSeed
         : name == "priv-only" ? PrivateForm::kExpanded
                               : PrivateForm::kBoth;
}

void check(int status) {
  if (status != MLKEM_OK) throw std::runtime_error(mlkem_strerror(status));
}

// A fresh private key.
void keygen(const std::string& set, const std::string& form, const std::string& encoding,
            const std::string& out) {
  Seed seed;
  const RandomSource random = system_random();
  if (!random.fill(random.argument, seed.expose_mutable())) throw std::runtime_error("no randomness");
  const auto key = take(read_private_key(seed.expose(), mlkem_set(std::stoi(set))));
  write(out, take(write_private_key(key, form_of(form), encoding_of(encoding))).expose());
}

// The same private key once more.
void convert(const std::string& in, const std::string& form, const std::string& encoding,
             const std::string& out) {
  write(out, take(write_private_key(take(read_private_key(read(in))), form_of(form), encoding_of(encoding)))
                 .expose());
}

// The public half of a private key, and a public key once more.
void public_of(const std::string& in, const std::string& encoding, const std::string& out) {
  const auto key = take(read_private_key(read(in)));
  write(out, write_public_key(key.set, key.ek(), encoding_of(encoding)).expose());
}
void convert_public(const std::string& in, const std::string& encoding, const std::string& out) {
  const auto key = take(read_public_key(read(in)));
  write(out, write_public_key(key.set, key.ek, encoding_of(encoding)).expose());
}

void encaps(const std::string& in, const std::string& ct_out, const std::string& ss_out) {
  const auto key = take(read_public_key(read(in)));
  std::vector<uint8_t> ct(mlkem_ct_bytes(key.set)), ss(kSharedSecretBytes);
  check(mlkem_encaps(key.set, ct.data(), ss.data(), key.ek.data(), key.ek.size()));
  write(ct_out, ct);
  write(ss_out, ss);
}

void decaps(const std::string& in, const std::string& ct_in, const std::string& ss_out) {
  const auto key = take(read_private_key(read(in)));
  const std::vector<uint8_t> ct = read(ct_in);
  std::vector<uint8_t> ss(kSharedSecretBytes);
  check(mlkem_decaps(key.set, ss.data(), ct.data(), ct.size(), key.dk().data(), key.dk().size()));
  write(ss_out, ss);
}

int run(const std::vector<std::string>& a) {
  const std::string command = a.empty() ? "" : a[0];
  if (command == "keygen" && a.size() == 5) return keygen(a[1], a[2], a[3], a[4]), 0;
  if (command == "convert" && a.size() == 5) return convert(a[1], a[2], a[3], a[4]), 0;
  if (command == "public" && a.size() == 4) return public_of(a[1], a[2], a[3]), 0;
  if (command == "convert-public" && a.size() == 4) return convert_public(a[1], a[2], a[3]), 0;
  if (command == "encaps" && a.size() == 4) return encaps(a[1], a[2], a[3]), 0;
  if (command == "decaps" && a.size() == 4) return decaps(a[1], a[2], a[3]), 0;
  std::fprintf(stderr, "key_file_tool: wrong arguments\n");
  return 2;
}

}  // namespace
}  // namespace mlkem::cli

int main(int argc, char** argv) {
  try {
    return mlkem::cli::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "key_file_tool: %s\n", error.what());
    return 1;
  }
}
