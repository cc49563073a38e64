// SPDX-License-Identifier: Apache-2.0
// No secret stays in memory that reading and writing key files gave back: this program's operator delete
// looks.
#include <gtest/gtest.h>
#include <malloc.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "tests/key_file_cases.hpp"

namespace {

// While set, every block of memory that is freed is searched for these octets.
const std::vector<std::array<uint8_t, 16>>* watched = nullptr;
size_t leaks = 0, allocations = 0;

void search(void* block) {
  if (watched == nullptr || block == nullptr) return;
  const size_t size = malloc_usable_size(block);
  for (const auto& piece : *watched) leaks += memmem(block, size, piece.data(), piece.size()) != nullptr;
}

}  // namespace

// Zeroed, so that searching all of a block is defined; never inlined, so that valgrind replaces all or none.
[[gnu::noinline]] void* operator new(size_t size) {
  ++allocations;
  if (void* block = std::calloc(1, size == 0 ? 1 : size)) return block;
  std::abort();
}
[[gnu::noinline]] void* operator new[](size_t size) {
  return operator new(size);
}
[[gnu::noinline]] void operator delete(void* block) noexcept {
  search(block);
  std::free(block);
}
[[gnu::noinline]] void operator delete[](void* block) noexcept {
  operator delete(block);
}
[[gnu::noinline]] void operator delete(void* block, size_t) noexcept {
  operator delete(block);
}
[[gnu::noinline]] void operator delete[](void* block, size_t) noexcept {
  operator delete(block);
}

namespace mlkem::test {
namespace {

TEST(KeyFile, NoSecretStaysInFreedMemory) {
  const size_t before = allocations;
  operator delete(operator new(1));
  if (allocations == before) GTEST_SKIP() << "another operator new is in place (valgrind's)";
  for (const PrivateForm form : kForms)
    for (const Encoding encoding : {Encoding::kPem, Encoding::kDer, Encoding::kRaw}) {
      if (form == PrivateForm::kBoth && encoding == Encoding::kRaw) continue;
      PrivateKeyFile original = test_key(MLKEM_512);
      const Bytes file = private_file(original, form, encoding);
      // Pieces of the file, the seed and the secret vector; the public ones among them do no harm.
      std::vector<std::array<uint8_t, 16>> pieces;
      const auto watch = [&](Octets secret) {
        for (size_t at = 0; at + 16 <= secret.size(); at += 16)
          std::memcpy(pieces.emplace_back().data(), secret.data() + at, 16);
      };
      watch(encoding == Encoding::kPem ? Octets(file).subspan(28, file.size() - 28 - 26) : Octets(file));
      watch(original.seed->expose());
      watch(original.dk().first(768));
      leaks = 0;
      watched = &pieces;
      {
        auto key = read_private_key(file, MLKEM_512);
        const auto written = write_private_key(*key, form, encoding);
        EXPECT_FALSE(read_private_key(Octets(file).first(file.size() - 2)));
      }
      watched = nullptr;
      EXPECT_EQ(leaks, 0u);
      // The search itself works.
      auto carelessly = std::make_unique<Bytes>(file);
      watched = &pieces;
      carelessly.reset();
      watched = nullptr;
      EXPECT_GT(leaks, 0u);
    }
}

}  // namespace
}  // namespace mlkem::test
