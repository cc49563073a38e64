// SPDX-License-Identifier: Apache-2.0
// What this program has on the heap: how much is there, and what stands in a block when it is given back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mlkem::test {

// Blocks of plain new that are not deleted yet; aligned ones are not counted.
int64_t live_allocations();

// False where another program has put its own new and delete in the place of ours, as valgrind does.
bool sees_the_heap();

// Called with every block before it is given back; null: nobody. It must not use the heap.
using FreedBlocks = void (*)(std::span<const uint8_t> block);
void watch_freed_blocks(FreedBlocks watcher);

}  // namespace mlkem::test
