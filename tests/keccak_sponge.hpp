// SPDX-License-Identifier: Apache-2.0
// The sponge functions of FIPS 202, written from its text and using nothing of the library that they help to
// test.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mlkem::test {

class Sponge {
 public:
  // FIPS 202, section 6: the domain is the suffix with the first bit of the padding behind it.
  static Sponge shake128() { return Sponge(168, 0x1f); }
  static Sponge shake256() { return Sponge(136, 0x1f); }
  static Sponge sha3_256() { return Sponge(136, 0x06); }
  static Sponge sha3_512() { return Sponge(72, 0x06); }

  Sponge& absorb(std::span<const uint8_t> bytes) {
    for (const uint8_t octet : bytes) {
      xor_octet(position_, octet);
      if (++position_ == rate_) permute(), position_ = 0;
    }
    return *this;
  }

  // A copy of a sponge that has only absorbed can be squeezed while the original goes on absorbing.
  void squeeze(std::span<uint8_t> out) {
    if (!squeezing_) {
      xor_octet(position_, domain_);
      xor_octet(rate_ - 1, 0x80);
      position_ = rate_;
      squeezing_ = true;
    }
    for (uint8_t& octet : out) {
      if (position_ == rate_) permute(), position_ = 0;
      octet = uint8_t(state_[position_ / 8] >> (8 * (position_ % 8)));
      ++position_;
    }
  }
  std::vector<uint8_t> squeeze(size_t bytes) {
    std::vector<uint8_t> out(bytes);
    squeeze(std::span(out));
    return out;
  }

 private:
  Sponge(size_t rate, uint8_t domain) : rate_(rate), domain_(domain) {}

  void xor_octet(size_t at, uint8_t octet) { state_[at / 8] ^= uint64_t(octet) << (8 * (at % 8)); }

  // FIPS 202, sections 3.2 and 3.3; lane (x, y) is state_[x + 5 y].
  void permute() {
    uint8_t lfsr = 1;
    for (int round = 0; round < 24; ++round) {
      std::array<uint64_t, 5> column;
      for (size_t x = 0; x < 5; ++x)
        column[x] = state_[x] ^ state_[x + 5] ^ state_[x + 10] ^ state_[x + 15] ^ state_[x + 20];
      for (size_t x = 0; x < 5; ++x) {
        const uint64_t d = column[(x + 4) % 5] ^ std::rotl(column[(x + 1) % 5], 1);
        for (size_t y = 0; y < 5; ++y) state_[x + 5 * y] ^= d;
      }
      // rho and pi together: the walk of section 3.2.2 from lane to lane, with offsets (t + 1)(t + 2) / 2.
      size_t x = 1, y = 0;
      uint64_t carried = state_[1];
      for (int t = 0; t < 24; ++t) {
        const size_t next_y = (2 * x + 3 * y) % 5;
        x = y, y = next_y;
        const uint64_t replaced = state_[x + 5 * y];
        state_[x + 5 * y] = std::rotl(carried, (t + 1) * (t + 2) / 2 % 64);
        carried = replaced;
      }
      for (size_t row = 0; row < 25; row += 5) {
        std::array<uint64_t, 5> before;
        for (size_t i = 0; i < 5; ++i) before[i] = state_[row + i];
        for (size_t i = 0; i < 5; ++i)
          state_[row + i] = before[i] ^ (~before[(i + 1) % 5] & before[(i + 2) % 5]);
      }
      for (int j = 0; j < 7; ++j) {
        if (lfsr & 1) state_[0] ^= uint64_t(1) << ((1 << j) - 1);
        lfsr = uint8_t(lfsr << 1 ^ (lfsr >> 7) * 0x71);
      }
    }
  }

  size_t rate_;
  uint8_t domain_;
  bool squeezing_ = false;
  size_t position_ = 0;
  std::array<uint64_t, 25> state_{};
};

}  // namespace mlkem::test
