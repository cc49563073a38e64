// SPDX-License-Identifier: Apache-2.0
// The lane scheduler: every hash of an operation is a job, and the jobs that are ready share the lanes of one
// wide Keccak permutation, whatever their kind and whichever operation they belong to.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

#include "kernels/kernels.hpp"

namespace mlkem {

inline constexpr unsigned kMostSlots = 8;      // the most that run() can hold
inline constexpr size_t kMostRateBytes = 168;  // SHAKE128
inline constexpr size_t kXofBlocks = 3;        // 504 octets give 256 coefficients in all but 0.8 % of cases
inline constexpr size_t kXofBytes = kXofBlocks * kMostRateBytes;

// Where the state of a job waits that has left its lane.
struct ParkedHash {
  uint64_t state[kernels::kStateWords];
  uint32_t absorbed_bytes;
  bool holds_state = false;
};

// One hash: head | body | suffix is absorbed, out_words * 8 octets come out. head | body may have any length;
// a suffix stands only behind one that ends, together with it, within a block.
struct HashJob {
  const uint8_t* head = nullptr;  // 32 octets, or null
  const uint8_t* body = nullptr;
  uint32_t body_bytes = 0;
  const uint32_t* body_ready = nullptr;  // how many octets of the body exist so far; null: all
  ParkedHash* parked = nullptr;          // needed with body_ready
  uint8_t suffix[2] = {};
  uint8_t suffix_bytes = 0;
  uint8_t domain = 0;
  uint8_t rate_words = 0;
  uint8_t out_words = 0;
  uint8_t* out = nullptr;  // null: the lane's own buffer
};

// The job that a lane is busy with.
struct Lane {
  HashJob job;
  uint32_t absorbed_bytes;  // of the body
  uint8_t position;         // which state it uses: 0 .. width-1 of the wide one, or width for the single one
  uint8_t slot, id;         // whose job it is: operation, and the operation's name for it
  bool fresh;
  alignas(8) uint8_t block[kMostRateBytes];  // an input block that is not to be had in one piece
  alignas(8) uint8_t buffer[kXofBytes];

  // Asks for more output, into the buffer.
  void squeeze_more(uint8_t words) noexcept;
  // While it absorbs: true if the next block's octets don't exist yet.
  bool is_starved() const noexcept;
  // The next block, and whether it is the last one.
  kernels::LaneInput next_input(bool& out_last) noexcept;
  kernels::LaneOutput next_output() noexcept;
};

// The states and what occupies them. Lives for one call of a public function; wipes itself.
class Lanes {
 public:
  explicit Lanes(const kernels::Keccak& keccak) noexcept;
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  bool full() const noexcept { return live_ == all_; }
  bool idle() const noexcept { return live_ == 0; }
  // Occupies a free lane; there must be one. Its job is for the caller to fill in, before start().
  Lane& open(unsigned slot, unsigned id) noexcept;
  void start(Lane& lane) noexcept;
  Lane& operator[](unsigned lane) noexcept { return lanes_[lane]; }
  // Frees a lane.
  void close(unsigned lane) noexcept;
  // Brings every occupied lane one permutation forward. Returns the lanes whose output is complete, as bits.
  uint32_t step() noexcept;
  // Takes starved jobs out of their lanes, their states to job.parked. Returns those lanes, as bits.
  uint32_t park_starved() noexcept;

 private:
  void settle() noexcept;
  void move(Lane& lane, unsigned position) noexcept;
  void copy_state_out(unsigned position, uint64_t out[kernels::kStateWords]) const noexcept;
  void copy_state_in(unsigned position, const uint64_t in[kernels::kStateWords]) noexcept;

  const kernels::Keccak& keccak_;
  const uint32_t all_;      // every lane occupied: one job more than the width, where a single state pays
  uint32_t live_ = 0;       // occupied lanes
  uint32_t absorbing_ = 0;  // those of them whose input is not all in yet
  uint32_t used_ = 0;       // positions they use
  alignas(64) uint64_t wide_[kernels::kStateWords * kernels::kMaxWidth];
  alignas(64) uint64_t one_[kernels::kStateWords];
  // By position; empty where nothing goes in or out.
  kernels::LaneInput in_[kernels::kMaxWidth + 1] = {};
  kernels::LaneOutput out_[kernels::kMaxWidth + 1] = {};
  Lane lanes_[kernels::kMaxWidth + 1];
};

// Runs operations to their ends, as many at a time as there are slots.
//
// An Operation has `ready`, those of its jobs that can start now, as bits, the lowest being the most urgent;
// kChainJobs, those on which many others wait, which go before the other jobs of all operations; job(id), which
// describes a job that is about to start; complete(id, buffer), which takes a job's output and returns how many
// more words it wants of it in the buffer, or 0; parked(id), called when a job has left its lane because its body
// is not there yet; and done().
// A Queue has begin(operation), which begins the next operation in a slot, or returns false if there is none left.
template <class Operation, class Queue>
void run(const kernels::Keccak& keccak, std::span<Operation> slots, Queue& queue) noexcept {
  Lanes lanes(keccak);
  uint8_t by_age[kMostSlots];  // the slots, the oldest operation's first
  const auto count = unsigned(std::min<size_t>(slots.size(), kMostSlots));
  for (unsigned i = 0; i < count; ++i) {
    by_age[i] = uint8_t(i);
    queue.begin(slots[i]);
  }
  for (;;) {
    // The operations that have a ready job, and a ready one of a chain, by age as bits.
    uint32_t any = 0, chain = 0;
    const auto look_at = [&](unsigned age) {
      const uint32_t ready = slots[by_age[age]].ready;
      any = (any & ~(1u << age)) | uint32_t{ready != 0} << age;
      chain = (chain & ~(1u << age)) | uint32_t{(ready & Operation::kChainJobs) != 0} << age;
    };
    for (unsigned age = 0; age < count; ++age) look_at(age);
    while (any != 0 && !lanes.full()) {
      const auto age = unsigned(std::countr_zero(chain != 0 ? chain : any));
      const unsigned chosen = by_age[age];
      Operation& operation = slots[chosen];
      const auto id = unsigned(std::countr_zero(operation.ready));
      operation.ready &= operation.ready - 1;
      look_at(age);
      Lane& lane = lanes.open(chosen, id);
      // Made in place: a copy of what was written a moment ago in smaller pieces would have to wait for it.
      ::new (&lane.job) HashJob(operation.job(id));
      lanes.start(lane);
    }
    if (lanes.idle()) return;

    for (uint32_t finished = lanes.step(); finished != 0; finished &= finished - 1) {
      const auto index = unsigned(std::countr_zero(finished));
      Lane& lane = lanes[index];
      Operation& operation = slots[lane.slot];
      if (const unsigned more = operation.complete(lane.id, lane.buffer)) {
        lane.squeeze_more(uint8_t(more));
        continue;
      }
      lanes.close(index);
      if (!operation.done()) continue;
      uint8_t* const place = std::find(by_age, by_age + count, lane.slot);
      std::rotate(place, place + 1, by_age + count);
      queue.begin(operation);
    }
    for (uint32_t parked = lanes.park_starved(); parked != 0; parked &= parked - 1) {
      const Lane& lane = lanes[unsigned(std::countr_zero(parked))];
      slots[lane.slot].parked(lane.id);
    }
  }
}

}  // namespace mlkem
