// SPDX-License-Identifier: Apache-2.0
// Kernels leave the registers that belong to their caller as they were (System V ABI, section 3.2.1): each is called
// through a stub that fills these registers before and looks at them afterwards.
#include <gtest/gtest.h>

#if defined(__x86_64__)

#include <array>
#include <memory>

#include "tests/kernel_cases.hpp"

namespace {

constexpr size_t kSavedRegisters = 6;

}  // namespace

// Calls function(argument) with marks in rbx, rbp and r12 to r15, and stores what is there afterwards, and the flags.
extern "C" void mlkem_test_call_marked(void (*function)(void*), void* argument,
                                       const uint64_t marks[kSavedRegisters],
                                       uint64_t out[kSavedRegisters + 1]);
__asm__(R"(
  .text
  .globl mlkem_test_call_marked
  .hidden mlkem_test_call_marked
  .type mlkem_test_call_marked, @function
mlkem_test_call_marked:
  endbr64
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  push %rcx
  mov %rdi, %rax
  mov %rsi, %rdi
  mov (%rdx), %rbx
  mov 8(%rdx), %rbp
  mov 16(%rdx), %r12
  mov 24(%rdx), %r13
  mov 32(%rdx), %r14
  mov 40(%rdx), %r15
  call *%rax
  pop %rcx
  mov %rbx, (%rcx)
  mov %rbp, 8(%rcx)
  mov %r12, 16(%rcx)
  mov %r13, 24(%rcx)
  mov %r14, 32(%rcx)
  mov %r15, 40(%rcx)
  pushfq
  pop 48(%rcx)
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  ret
  .size mlkem_test_call_marked, . - mlkem_test_call_marked
)");

namespace mlkem::kernels {
namespace {

constexpr uint64_t kDirectionFlag = 1 << 10;
constexpr std::array<uint64_t, kSavedRegisters> kMarks = {0x1111111111111111, 0x2222222222222222,
                                                          0x3333333333333333, 0x4444444444444444,
                                                          0x5555555555555555, 0x6666666666666666};

template <class Call>
void expect_registers_kept(Call call) {
  std::array<uint64_t, kSavedRegisters + 1> found{};
  mlkem_test_call_marked([](void* argument) { (*static_cast<Call*>(argument))(); }, &call, kMarks.data(),
                         found.data());
  for (size_t i = 0; i < kSavedRegisters; ++i) EXPECT_EQ(found[i], kMarks[i]) << "saved register " << i;
  EXPECT_EQ(found[kSavedRegisters] & kDirectionFlag, 0u);
}

TEST(Registers_Stub, NoticesARegisterThatIsLost) {
  std::array<uint64_t, kSavedRegisters + 1> found{};
  mlkem_test_call_marked(
      [](void*) {
        __asm__ volatile("inc %%r14" : : : "cc");
      },
      nullptr, kMarks.data(), found.data());
  EXPECT_EQ(found[4], kMarks[4] + 1);
}

TEST(Registers_Kernels, AreKept) {
  const Isa have = isa_of(cpu_features());
  unsigned calls = 0;
  for (const Arith* table : arith_tables())
    for (const cases::ArithCase& c : cases::kArithCases) {
      if (!covers(have, table->needs)) continue;
      SCOPED_TRACE(std::string(c.name) + '/' + table->name);
      const auto workspace = std::make_unique<cases::Workspace>();
      cases::Source source(1);
      cases::fill(c, *table, *workspace, source, cases::Kind::kRandom);
      expect_registers_kept([&] { c.call(*table, *workspace); });
      ++calls;
    }
  for (const Keccak* table : keccak_tables())
    for (const cases::KeccakCase& c : cases::kKeccakCases) {
      if (!covers(have, table->needs) || !c.exists(*table)) continue;
      SCOPED_TRACE(std::string(c.name) + '/' + table->name);
      const auto workspace = std::make_unique<cases::KeccakWorkspace>();
      expect_registers_kept([&] { c.call(*table, *workspace); });
      ++calls;
    }
  RecordProperty("calls", int(calls));
  EXPECT_GT(calls, 25u);
}

}  // namespace
}  // namespace mlkem::kernels

#endif
