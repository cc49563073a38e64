// SPDX-License-Identifier: Apache-2.0
// The lane scheduler: every hash of an operation is a job, and the jobs that are ready share the lanes of one
// wide Keccak permutation, whatever their kind and whichever operation they belong to.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "kernels/kernels.hpp"

namespace mlkem {

inline constexpr unsigned kMostSlots = 8;      // the most that run() can hold
inline constexpr size_t kMostRateBytes = 168;  // SHAKE128
inline constexpr size_t kXofBlocks = 3;        // 504 octets give 256 coefficients in all but 0.8 % of cases
inline constexpr size_t kXofBytes = kXofBlocks * kMostRateBytes;
inline constexpr size_t kBufferBytes = 512;  // of a lane; whole cache lines
static_assert(kXofBytes <= kBufferBytes);

// Where the state of a job waits that has left its lane.
struct ParkedHash {
  uint64_t state[kernels::kStateWords];
  uint32_t absorbed_words;
  bool holds_state = false;
};

// One hash: head | body | last is absorbed, and out_blocks times out_words * 8 octets come out, one permutation apart.
struct HashJob {
  const uint8_t* head = nullptr;  // 32 octets, or null
  const uint8_t* body = nullptr;
  uint32_t body_words = 0;                // of 8 octets
  const uint32_t* words_ready = nullptr;  // how many words of the body exist so far; null: all
  ParkedHash* parked = nullptr;           // needed with words_ready
  uint64_t last = 0;  // up to 7 octets, domain separation and padding's first bit among them
  uint8_t rate_words = 0;
  uint8_t out_words = 0;  // of a block, at most rate_words
  uint8_t out_blocks = 1;
  uint8_t* out = nullptr;  // null: the lane's own buffer
};

// What occupies a lane.
struct Lane {
  HashJob job;              // while it absorbs
  uint32_t absorbed_words;  // of the body
  uint8_t slot, id;         // whose job it is: operation, and the operation's name for it
  uint8_t* buffer;  // kBufferBytes; until the last input is in, a block that is not to be had in one piece

  // True if the next block's octets don't exist yet. For a lane whose body comes in pieces.
  bool is_starved() const noexcept;
};

// Sets one of eight octets that are 0 so far, as a part of one word: who loads all of them then needn't wait until eight
// stores of an octet have reached the cache.
inline void set_octet(uint8_t octets[8], unsigned index, uint32_t value) noexcept {
  uint64_t word;
  std::memcpy(&word, octets, sizeof word);
  word |= uint64_t{value} << 8 * (std::endian::native == std::endian::little ? index : 7 - index);
  std::memcpy(octets, &word, sizeof word);
}

// The states and what occupies them. Lives for one call of a public function; wipes itself. A lane's number is that of
// the state which it uses: 0 .. width - 1 in the wide one, or width, the single one.
class Lanes {
 public:
  explicit Lanes(const kernels::Keccak& keccak) noexcept;
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  bool full() const noexcept { return count_ == capacity_; }
  bool idle() const noexcept { return count_ == 0; }
  // Occupies a free lane; there must be one. Most jobs are a seed and a number, known here at compile time but for
  // their addresses: their input is all there.
  [[gnu::always_inline]] void start(unsigned slot, unsigned id, const HashJob& job) noexcept {
    const auto index = unsigned(std::countr_one(live_));
    live_ |= 1u << index;
    ++count_;
    Lane& lane = lanes_[index];
    lane.slot = uint8_t(slot);
    lane.id = uint8_t(id);
    if (job.head || job.parked || job.body_words >= job.rate_words) return start_chain(index, job);
    in_.fresh |= 1u << index;
    end_input(index, job, job.body, job.body_words);
  }
  Lane& operator[](unsigned lane) noexcept { return lanes_[lane]; }
  // Has a lane that is finished squeeze one more block, of `words` words, into its buffer.
  void squeeze_more(unsigned lane, unsigned words) noexcept;
  // Frees a lane.
  void close(unsigned lane) noexcept {
    live_ &= ~(1u << lane);
    --count_;
    out_.words[lane] = 0;
  }
  // Brings every occupied lane one permutation forward. Returns the lanes whose output is complete, as bits.
  uint32_t step() noexcept;
  // Takes starved jobs out of their lanes, their states to job.parked. Returns those lanes, as bits.
  uint32_t park_starved() noexcept;

 private:
  void settle() noexcept;
  void move(unsigned from, unsigned to) noexcept;
  void start_chain(unsigned lane, const HashJob& job) noexcept;
  void next_input(unsigned lane) noexcept;
  [[gnu::always_inline]] void end_input(unsigned lane, const HashJob& job, const uint8_t* bytes,
                                        uint32_t words) noexcept {
    in_.bytes[lane] = bytes;
    set_octet(in_.words, lane, words);
    in_.last[lane] = job.last;
    set_octet(in_.end, lane, job.rate_words - 1u);
    entered_ |= 1u << lane;
    out_.bytes[lane] = job.out ? job.out : lanes_[lane].buffer;
    out_.words[lane] = job.out_words;
    blocks_left_[lane] = job.out_blocks;
  }
  uint64_t* state_of(unsigned lane) noexcept { return lane == keccak_.width ? one_ : wide_ + lane; }
  size_t stride_of(unsigned lane) const noexcept { return lane == keccak_.width ? 1 : keccak_.width; }

  const kernels::Keccak& keccak_;
  const unsigned capacity_;  // one job more than the width, where a single state beside it pays
  unsigned count_ = 0;       // of jobs
  uint32_t live_ = 0;        // the lanes they occupy
  uint32_t absorbing_ = 0;   // those of them whose input is not all in yet
  uint32_t streaming_ = 0;   // those of these whose body comes in pieces
  uint32_t entered_ = 0;     // those with an input at the next step
  kernels::LaneInputs in_{};
  kernels::LaneOutputs out_{};
  uint8_t blocks_left_[kernels::kMaxWidth];  // that are still to be squeezed
  alignas(64) uint64_t wide_[kernels::kStateWords * kernels::kMaxWidth];
  alignas(64) uint64_t one_[kernels::kStateWords];
  Lane lanes_[kernels::kMaxWidth];
  alignas(64) uint8_t buffers_[kernels::kMaxWidth][kBufferBytes];
};

// Runs operations to their ends, as many at a time as there are slots.
//
// An Operation has `ready`, those of its jobs that can start now, as bits, the lowest being the most urgent;
// kChainJobs, those on which many others wait, which go before the other jobs of all operations; start(id, start),
// which calls start with a job; complete(id, buffer), which takes a job's output and returns how many
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
    const auto start_ready = [&](uint32_t kind) {
      for (unsigned age = 0; age < count; ++age) {
        Operation& operation = slots[by_age[age]];
        for (uint32_t jobs = operation.ready & kind; jobs != 0; jobs &= jobs - 1) {
          if (lanes.full()) return;
          const auto id = unsigned(std::countr_zero(jobs));
          operation.ready ^= 1u << id;
          operation.start(id, [&](const HashJob& job) { lanes.start(by_age[age], id, job); });
        }
      }
    };
    if (!lanes.full()) {
      start_ready(Operation::kChainJobs);
      start_ready(~Operation::kChainJobs);
      if (lanes.idle()) return;
    }

    for (uint32_t finished = lanes.step(); finished != 0; finished &= finished - 1) {
      const auto index = unsigned(std::countr_zero(finished));
      Lane& lane = lanes[index];
      Operation& operation = slots[lane.slot];
      if (const unsigned more = operation.complete(lane.id, lane.buffer)) {
        lanes.squeeze_more(index, more);
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
