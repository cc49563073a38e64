// SPDX-License-Identifier: Apache-2.0
// Octets that end where the memory of the process ends: reading or writing one more is a fault.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace mlkem::test {

class GuardPage {
 public:
  GuardPage() : page_(size_t(sysconf(_SC_PAGESIZE))) {
    void* memory = mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("no memory for a guard page");
    memory_ = static_cast<uint8_t*>(memory);
    if (mprotect(memory_ + page_, page_, PROT_NONE) != 0) throw std::runtime_error("mprotect");
  }
  ~GuardPage() { munmap(memory_, 2 * page_); }
  GuardPage(const GuardPage&) = delete;
  GuardPage& operator=(const GuardPage&) = delete;

  // The last `bytes` octets (at most a page) before the guard.
  uint8_t* last(size_t bytes) const { return memory_ + page_ - bytes; }

 private:
  size_t page_;
  uint8_t* memory_;
};

}  // namespace mlkem::test
