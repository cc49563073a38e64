// SPDX-License-Identifier: Apache-2.0
// This program's operators new and delete.
#include "tests/live_memory.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

// In front of each block: its size, and room up to the next aligned address.
constexpr size_t kHeaderBytes = alignof(std::max_align_t);
static_assert(sizeof(size_t) <= kHeaderBytes);

std::atomic<int64_t> live;
std::atomic<mlkem::test::FreedBlocks> freed;

}  // namespace

void* operator new(size_t size, const std::nothrow_t&) noexcept {
  auto* memory = static_cast<unsigned char*>(std::malloc(kHeaderBytes + size));
  if (!memory) return nullptr;
  *reinterpret_cast<size_t*>(memory) = size;
  ++live;
  return memory + kHeaderBytes;
}
void* operator new(size_t size) {
  void* memory = operator new(size, std::nothrow);
  if (!memory) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept {
  if (!memory) return;
  auto* block = static_cast<unsigned char*>(memory);
  auto* header = block - kHeaderBytes;
  if (const auto watcher = freed.load()) watcher({block, *reinterpret_cast<size_t*>(header)});
  --live;
  std::free(header);
}
// A sanitizer's own versions of the others do not call these.
void* operator new[](size_t size) {
  return operator new(size);
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return operator new(size, std::nothrow);
}
void operator delete(void* memory, size_t) noexcept {
  operator delete(memory);
}
void operator delete[](void* memory) noexcept {
  operator delete(memory);
}
void operator delete[](void* memory, size_t) noexcept {
  operator delete(memory);
}

namespace mlkem::test {

int64_t live_allocations() {
  return live;
}

bool sees_the_heap() {
  const int64_t before = live;
  // Through a pointer that the compiler does not see through.
  void* volatile memory = ::operator new(1);
  const bool seen = live != before;
  ::operator delete(memory);
  return seen;
}

void watch_freed_blocks(FreedBlocks watcher) {
  freed = watcher;
}

}  // namespace mlkem::test
