// SPDX-License-Identifier: Apache-2.0
// A thread's stack in memory of our own, painted before use: shows how deep a function went and what it left
// behind.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace mlkem::test {

class PaintedStack {
 public:
  PaintedStack();
  ~PaintedStack();
  PaintedStack(const PaintedStack&) = delete;
  PaintedStack& operator=(const PaintedStack&) = delete;

  // Runs f on the stack. Returns the octets it used, those of an empty function not counted.
  size_t run(const std::function<void()>& f);
  // What the last f left.
  std::span<const uint8_t> octets() const;
  // The same without what belongs to the thread itself, which no two threads share.
  std::span<const uint8_t> octets_below_thread() const {
    return octets().first(octets().size() - kThreadBytes);
  }

  // Why stacks can't be painted here (sanitizers and valgrind have ideas of their own), or null.
  static const char* unusable_reason();

 private:
  static constexpr size_t kThreadBytes = 8 << 10;

  static void* call(void* f);
  size_t run_and_measure(const std::function<void()>& f);

  uint8_t* memory_;
  size_t empty_bytes_ = 0;
};

}  // namespace mlkem::test
