// SPDX-License-Identifier: Apache-2.0
#include "tests/painted_stack.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif

#ifndef __has_feature
#define __has_feature(x) 0
#endif

namespace mlkem::test {
namespace {

constexpr size_t kStackBytes = 256 << 10;  // twice what the largest batch may take
constexpr uint8_t kPaint = 0xa7;

}  // namespace

// Keeps f's frames below what the end of the thread overwrites.
void* PaintedStack::call(void* f) {
  uint8_t distance[kThreadBytes];
  asm volatile("" : : "r"(distance) : "memory");
  (*static_cast<const std::function<void()>*>(f))();
  asm volatile("" : : "r"(distance) : "memory");
  return nullptr;
}

PaintedStack::PaintedStack() {
  void* const memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  memory_ = static_cast<uint8_t*>(memory);
  if (!unusable_reason()) empty_bytes_ = run_and_measure([] {});
}

PaintedStack::~PaintedStack() {
  munmap(memory_, kStackBytes);
}

size_t PaintedStack::run(const std::function<void()>& f) {
  const size_t bytes = run_and_measure(f);
  return bytes - std::min(bytes, empty_bytes_);
}

size_t PaintedStack::run_and_measure(const std::function<void()>& f) {
  std::memset(memory_, kPaint, kStackBytes);
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  EXPECT_EQ(pthread_attr_setstack(&attributes, memory_, kStackBytes), 0);
  const int error =
      pthread_create(&thread, &attributes, call, const_cast<void*>(static_cast<const void*>(&f)));
  EXPECT_EQ(error, 0);
  if (error == 0) pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  const auto all = octets();
  return size_t(all.end() -
                std::find_if(all.begin(), all.end(), [](uint8_t octet) { return octet != kPaint; }));
}

std::span<const uint8_t> PaintedStack::octets() const {
  return {memory_, kStackBytes};
}

const char* PaintedStack::unusable_reason() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) || \
    __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
  return "a sanitizer changes what is on the stack";
#endif
#ifdef RUNNING_ON_VALGRIND
  if (RUNNING_ON_VALGRIND) return "valgrind forbids reading a stack that was left";
#endif
  return nullptr;
}

}  // namespace mlkem::test
