// SPDX-License-Identifier: Apache-2.0
// The lane scheduler's step: inputs in, one permutation, outputs out.
#include "lib/lanes.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "mlkem-ike/secret.hpp"

namespace mlkem {
namespace {

using kernels::kMaxWidth;
using kernels::kStateWords;
using kernels::LaneInputs;
using kernels::LaneOutputs;

constexpr uint32_t kHeadWords = 4;

uint64_t little_endian(uint64_t word) noexcept {
  return std::endian::native == std::endian::little ? word : __builtin_bswap64(word);
}

// The single state's absorb and squeeze: the tables' are for wide ones.
void absorb_one(uint64_t state[kStateWords], const LaneInputs& in, unsigned lane) noexcept {
  const unsigned words = in.words[lane];
  if ((in.fresh >> lane & 1) != 0) std::memset(state, 0, kStateWords * sizeof *state);
  for (unsigned i = 0; i < words; ++i) {
    uint64_t word;
    std::memcpy(&word, in.bytes[lane] + 8 * i, sizeof word);
    state[i] ^= little_endian(word);
  }
  state[words] ^= in.last[lane];
  if (in.end[lane] != 0) state[in.end[lane]] ^= uint64_t{1} << 63;
}

void squeeze_one(const uint64_t state[kStateWords], const LaneOutputs& out, unsigned lane) noexcept {
  for (unsigned i = 0, words = out.words[lane]; i < words; ++i) {
    const uint64_t word = little_endian(state[i]);
    std::memcpy(out.bytes[lane] + 8 * i, &word, sizeof word);
  }
}

}  // namespace

bool Lane::is_starved() const noexcept {
  const uint32_t next_block = job.rate_words - (job.head ? kHeadWords : 0);
  return *job.words_ready < std::min(job.body_words, absorbed_words + next_block);
}

Lanes::Lanes(const kernels::Keccak& keccak) noexcept
    : keccak_(keccak), capacity_(keccak.width + (keccak.permute_both ? 1 : 0)) {
  for (unsigned lane = 0; lane < kMaxWidth; ++lane) {
    lanes_[lane].buffer = buffers_[lane];
    in_.bytes[lane] = buffers_[lane];
    out_.bytes[lane] = buffers_[lane];
  }
}

Lanes::~Lanes() {
  wipe(wide_, kStateWords * keccak_.width * sizeof *wide_);
  wipe(one_, sizeof one_);
  wipe(buffers_, std::min(capacity_ + 1, kMaxWidth) * sizeof *buffers_);
}

// A job of several blocks, or of a block that is not to be had in one piece.
void Lanes::start_chain(unsigned index, const HashJob& job) noexcept {
  Lane& lane = lanes_[index];
  lane.job = job;
  lane.absorbed_words = 0;
  absorbing_ |= 1u << index;
  streaming_ |= uint32_t{job.words_ready != nullptr} << index;
  if (!job.parked || !job.parked->holds_state) {
    in_.fresh |= 1u << index;
    return;
  }
  for (unsigned i = 0; i < kStateWords; ++i) state_of(index)[i * stride_of(index)] = job.parked->state[i];
  lane.absorbed_words = job.parked->absorbed_words;
  lane.job.head = nullptr;
}

// The next block of a lane that absorbs.
void Lanes::next_input(unsigned index) noexcept {
  Lane& lane = lanes_[index];
  HashJob& job = lane.job;
  const uint32_t head_words = job.head ? kHeadWords : 0;
  const uint32_t left = job.body_words - lane.absorbed_words;
  const uint32_t taken = std::min(left, job.rate_words - head_words);
  const uint8_t* bytes = job.body + 8 * lane.absorbed_words;
  if (job.head) {
    std::memcpy(lane.buffer, job.head, 8 * kHeadWords);
    std::memcpy(lane.buffer + 8 * kHeadWords, bytes, 8 * taken);
    bytes = lane.buffer;
    job.head = nullptr;
  }
  lane.absorbed_words += taken;
  if (head_words + taken < job.rate_words) {
    absorbing_ &= ~(1u << index);
    streaming_ &= ~(1u << index);
    return end_input(index, job, bytes, head_words + taken);
  }
  in_.bytes[index] = bytes;
  set_octet(in_.words, index, job.rate_words);
  entered_ |= 1u << index;
}

void Lanes::squeeze_more(unsigned lane, unsigned words) noexcept {
  out_.bytes[lane] = lanes_[lane].buffer;
  out_.words[lane] = uint8_t(words);
  blocks_left_[lane] = 1;
}

// Puts a job that is alone where its permutation is cheapest, and brings it back once it has company that the
// single state can't be permuted together with.
void Lanes::settle() noexcept {
  const unsigned width = keccak_.width;
  const bool alone = (live_ & (live_ - 1)) == 0;
  if (alone && keccak_.one_cost < keccak_.wide_cost) {
    const auto only = unsigned(std::countr_zero(live_));
    if (only != width) move(only, width);
  } else if (!alone && !keccak_.permute_both && (live_ >> width) != 0) {
    move(width, unsigned(std::countr_one(live_)));
  }
}

uint32_t Lanes::step() noexcept {
  settle();
  const unsigned width = keccak_.width;
  for (uint32_t rest = absorbing_; rest != 0; rest &= rest - 1) next_input(unsigned(std::countr_zero(rest)));
  const uint32_t squeezing = live_ & ~absorbing_, one = 1u << width;
  const bool any_one = live_ >= one, any_wide = (live_ & (one - 1)) != 0;

  const LaneInputs* const in = (entered_ & (one - 1)) != 0 ? &in_ : nullptr;
  if (any_one) absorb_one(one_, in_, width);
  if (any_wide && any_one) {
    keccak_.permute_both(wide_, in, one_);
  } else if (any_wide) {
    keccak_.permute_wide(wide_, in);
  } else {
    keccak_.permute_one(one_);
  }
  if ((squeezing & (one - 1)) != 0) keccak_.squeeze(wide_, out_);
  if (any_one) squeeze_one(one_, out_, width);

  std::memset(in_.last, 0, sizeof in_.last);
  std::memset(in_.words, 0, sizeof in_.words);
  std::memset(in_.end, 0, sizeof in_.end);
  in_.fresh = 0;
  entered_ = 0;
  uint32_t finished = 0;
  for (uint32_t rest = squeezing; rest != 0; rest &= rest - 1) {
    const auto lane = unsigned(std::countr_zero(rest));
    out_.bytes[lane] += 8u * out_.words[lane];
    finished |= uint32_t{--blocks_left_[lane] == 0} << lane;
  }
  return finished;
}

uint32_t Lanes::park_starved() noexcept {
  uint32_t parked = 0;
  for (uint32_t rest = streaming_; rest != 0; rest &= rest - 1) {
    const auto index = unsigned(std::countr_zero(rest));
    Lane& lane = lanes_[index];
    if (!lane.is_starved()) continue;
    ParkedHash& place = *lane.job.parked;
    for (unsigned i = 0; i < kStateWords; ++i) place.state[i] = state_of(index)[i * stride_of(index)];
    place.absorbed_words = lane.absorbed_words;
    place.holds_state = true;
    absorbing_ &= ~(1u << index);
    streaming_ &= ~(1u << index);
    close(index);
    parked |= 1u << index;
  }
  return parked;
}

void Lanes::move(unsigned from, unsigned to) noexcept {
  uint64_t *const source = state_of(from), *const target = state_of(to);
  for (unsigned i = 0; i < kStateWords; ++i) target[i * stride_of(to)] = source[i * stride_of(from)];
  std::swap(lanes_[from], lanes_[to]);
  const auto carry = [from, to](uint32_t& lanes) {
    lanes |= (lanes >> from & 1) << to, lanes &= ~(1u << from);
  };
  carry(live_);
  carry(absorbing_);
  carry(streaming_);
  carry(entered_);
  carry(in_.fresh);
  in_.bytes[to] = in_.bytes[from];
  in_.last[to] = std::exchange(in_.last[from], uint64_t{0});
  in_.words[to] = std::exchange(in_.words[from], uint8_t{0});
  in_.end[to] = std::exchange(in_.end[from], uint8_t{0});
  out_.bytes[to] = out_.bytes[from];
  out_.words[to] = std::exchange(out_.words[from], uint8_t{0});
  blocks_left_[to] = blocks_left_[from];
}

}  // namespace mlkem
