// SPDX-License-Identifier: Apache-2.0
// The lane scheduler's step: inputs in, one permutation, outputs out.
#include "lib/lanes.hpp"

#include <algorithm>
#include <cstring>

#include "mlkem-ike/secret.hpp"

namespace mlkem {
namespace {

using kernels::kStateWords;
using kernels::LaneInput;
using kernels::LaneOutput;

constexpr uint32_t kHeadBytes = 32;

uint64_t little_endian(uint64_t word) noexcept {
  return std::endian::native == std::endian::little ? word : __builtin_bswap64(word);
}

// The single state's absorb and squeeze: the tables' are for wide ones.
void absorb_one(uint64_t state[kStateWords], const LaneInput& in) noexcept {
  if (in.fresh) std::memset(state, 0, kStateWords * sizeof *state);
  const uint8_t* const bytes = in.bytes;
  for (uint32_t i = 0, words = in.words; i < words; ++i) {
    uint64_t word;
    std::memcpy(&word, bytes + 8 * i, sizeof word);
    state[i] ^= little_endian(word);
  }
}

void squeeze_one(const uint64_t state[kStateWords], const LaneOutput& out) noexcept {
  uint8_t* const bytes = out.bytes;
  for (uint32_t i = 0, words = out.words; i < words; ++i) {
    const uint64_t word = little_endian(state[i]);
    std::memcpy(bytes + 8 * i, &word, sizeof word);
  }
}

}  // namespace

void Lane::squeeze_more(uint8_t words) noexcept {
  job.out = buffer;
  job.out_words = words;
}

bool Lane::is_starved() const noexcept {
  if (!job.body_ready) return false;
  const uint32_t next_block = 8u * job.rate_words - (job.head ? kHeadBytes : 0);
  return *job.body_ready < std::min(job.body_bytes, absorbed_bytes + next_block);
}

LaneInput Lane::next_input(bool& out_last) noexcept {
  const uint32_t rate = 8u * job.rate_words;
  const uint32_t left = job.body_bytes - absorbed_bytes;
  const uint8_t* input = job.body + absorbed_bytes;
  const bool first = fresh;
  fresh = false;
  out_last = false;
  if (!job.head && left >= rate) {
    absorbed_bytes += rate;
    return {input, job.rate_words, first};
  }
  // All of it, whatever the rate: a length that is known costs no branch.
  std::memset(block, 0, sizeof block);
  uint32_t used = 0;
  if (job.head) {
    std::memcpy(block, job.head, kHeadBytes);
    job.head = nullptr;
    used = kHeadBytes;
  }
  const uint32_t taken = std::min(left, rate - used);
  if (taken != 0) std::memcpy(block + used, input, taken);
  absorbed_bytes += taken;
  used += taken;
  if (used < rate) {  // the last block: FIPS 202, section B.2
    for (uint32_t i = 0; i < job.suffix_bytes; ++i) block[used++] = job.suffix[i];
    block[used] = job.domain;
    block[rate - 1] |= 0x80;
    out_last = true;
  }
  return {block, job.rate_words, first};
}

LaneOutput Lane::next_output() noexcept {
  const uint8_t words = std::min(job.out_words, job.rate_words);
  uint8_t* const out = job.out;
  job.out += 8u * words;
  job.out_words = uint8_t(job.out_words - words);
  return {out, words};
}

Lanes::Lanes(const kernels::Keccak& keccak) noexcept
    : keccak_(keccak), all_((1u << (keccak.width + (keccak.permute_both ? 1 : 0))) - 1) {}

Lanes::~Lanes() {
  wipe(wide_, kStateWords * keccak_.width * sizeof *wide_);
  wipe(one_, sizeof one_);
  wipe(lanes_, unsigned(std::countr_one(all_)) * sizeof *lanes_);
}

Lane& Lanes::open(unsigned slot, unsigned id) noexcept {
  const auto index = unsigned(std::countr_one(live_));
  const auto position = unsigned(std::countr_one(used_));
  live_ |= 1u << index;
  absorbing_ |= 1u << index;
  used_ |= 1u << position;
  Lane& lane = lanes_[index];
  lane.position = uint8_t(position);
  lane.slot = uint8_t(slot);
  lane.id = uint8_t(id);
  return lane;
}

void Lanes::start(Lane& lane) noexcept {
  HashJob& job = lane.job;
  lane.fresh = true;
  lane.absorbed_bytes = 0;
  if (!job.out) job.out = lane.buffer;
  if (!job.parked || !job.parked->holds_state) return;
  copy_state_in(lane.position, job.parked->state);
  lane.absorbed_bytes = job.parked->absorbed_bytes;
  job.head = nullptr;
  lane.fresh = false;
}

void Lanes::close(unsigned lane) noexcept {
  const unsigned position = lanes_[lane].position;
  live_ &= ~(1u << lane);
  absorbing_ &= ~(1u << lane);
  used_ &= ~(1u << position);
  in_[position] = {};
  out_[position] = {};
}

// Puts a job that is alone where its permutation is cheapest, and brings it back once it has company that the
// single state can't be permuted together with.
void Lanes::settle() noexcept {
  const unsigned width = keccak_.width;
  const bool alone = (live_ & (live_ - 1)) == 0;
  if (alone && keccak_.one_cost < keccak_.wide_cost) {
    Lane& lane = lanes_[std::countr_zero(live_)];
    if (lane.position != width) move(lane, width);
  } else if (!alone && !keccak_.permute_both && (used_ >> width) != 0) {
    for (uint32_t rest = live_; rest != 0; rest &= rest - 1) {
      Lane& lane = lanes_[std::countr_zero(rest)];
      if (lane.position == width) return move(lane, unsigned(std::countr_one(used_)));
    }
  }
}

uint32_t Lanes::step() noexcept {
  settle();
  const unsigned width = keccak_.width;
  // One loop over the lanes of a kind, not one over all with a branch on the kind: that branch goes wrong half the time.
  const uint32_t with_input = absorbing_;
  uint32_t input_positions = 0, output_positions = 0, finished = 0;
  for (uint32_t rest = with_input; rest != 0; rest &= rest - 1) {
    const auto index = unsigned(std::countr_zero(rest));
    Lane& lane = lanes_[index];
    bool last;
    in_[lane.position] = lane.next_input(last);
    input_positions |= 1u << lane.position;
    absorbing_ ^= uint32_t{last} << index;
  }
  for (uint32_t rest = live_ & ~absorbing_; rest != 0; rest &= rest - 1) {
    const auto index = unsigned(std::countr_zero(rest));
    Lane& lane = lanes_[index];
    out_[lane.position] = lane.next_output();
    output_positions |= 1u << lane.position;
    finished |= uint32_t{lane.job.out_words == 0} << index;
  }

  const uint32_t one = 1u << width;
  const bool any_one = used_ >= one, any_wide = (used_ & (one - 1)) != 0;
  if ((input_positions & (one - 1)) != 0) keccak_.absorb(wide_, in_);
  if (any_one) absorb_one(one_, in_[width]);
  if (any_wide && any_one) {
    keccak_.permute_both(wide_, one_);
  } else if (any_wide) {
    keccak_.permute_wide(wide_);
  } else {
    keccak_.permute_one(one_);
  }
  if ((output_positions & (one - 1)) != 0) keccak_.squeeze(wide_, out_);
  if (any_one) squeeze_one(one_, out_[width]);
  for (uint32_t rest = input_positions; rest != 0; rest &= rest - 1) in_[std::countr_zero(rest)] = {};
  return finished;
}

uint32_t Lanes::park_starved() noexcept {
  uint32_t parked = 0;
  for (uint32_t rest = absorbing_; rest != 0; rest &= rest - 1) {
    const auto index = unsigned(std::countr_zero(rest));
    Lane& lane = lanes_[index];
    if (!lane.is_starved()) continue;
    copy_state_out(lane.position, lane.job.parked->state);
    lane.job.parked->absorbed_bytes = lane.absorbed_bytes;
    lane.job.parked->holds_state = true;
    close(index);
    parked |= 1u << index;
  }
  return parked;
}

void Lanes::move(Lane& lane, unsigned position) noexcept {
  if (!lane.fresh) {
    uint64_t state[kStateWords];
    copy_state_out(lane.position, state);
    copy_state_in(position, state);
    wipe(state, sizeof state);
  }
  used_ = (used_ & ~(1u << lane.position)) | 1u << position;
  in_[lane.position] = {};
  out_[lane.position] = {};
  lane.position = uint8_t(position);
}

void Lanes::copy_state_out(unsigned position, uint64_t out[kStateWords]) const noexcept {
  const unsigned width = keccak_.width;
  for (unsigned i = 0; i < kStateWords; ++i)
    out[i] = position == width ? one_[i] : wide_[i * width + position];
}

void Lanes::copy_state_in(unsigned position, const uint64_t in[kStateWords]) noexcept {
  const unsigned width = keccak_.width;
  for (unsigned i = 0; i < kStateWords; ++i)
    (position == width ? one_[i] : wide_[i * width + position]) = in[i];
}

}  // namespace mlkem
