// SPDX-License-Identifier: Apache-2.0
// What an ExpandedKey holds, and how a stored decapsulation key is taken in.
#pragma once

#include <new>

#include "lib/decaps.hpp"
#include "lib/keygen.hpp"
#include "lib/operations.hpp"

namespace mlkem {

// A queue of one operation, which has begun already.
struct BegunOperation {
  template <class Operation>
  bool begin(Operation&) noexcept {
    return false;
  }
};

// What a stored dk needs before it can be used: its hash checked and, unless out_a is null, A expanded there.
template <class Set>
class ImportOperation {
 public:
  static constexpr unsigned kK = Set::kK;
  static constexpr unsigned kJobH = 0, kFirstXof = 1;
  static constexpr uint32_t kChainJobs = 1u << kJobH;

  ImportOperation(const kernels::Arith& arith, const uint8_t* dk, kernels::Poly* out_a) noexcept
      : ready(out_a ? (1u << (kFirstXof + kK * kK)) - 1 : 1u << kJobH),
        arith_(arith),
        ek_(dk + 384 * kK),
        out_a_(out_a) {}

  uint32_t ready;

  template <class Start>
  void start(unsigned id, const Start& start) noexcept {
    if (id == kJobH) return start(hashes::h(ek_, Set::kEkBytes, h_));
    return start(hashes::xof(ek_ + 384 * kK, (id - kFirstXof) / kK, (id - kFirstXof) % kK));
  }
  unsigned complete(unsigned id, const uint8_t* buffer) noexcept {
    if (id == kJobH) return 0;
    return take_xof(arith_, out_a_[id - kFirstXof], filled_[id - kFirstXof], buffer);
  }
  void parked(unsigned) noexcept {}
  bool done() const noexcept { return false; }

  // FIPS 203, section 7.3: dk holds the hash of its ek.
  bool hash_matches() const noexcept { return equal_constant_time(h_, ek_ + Set::kEkBytes, sizeof h_); }

 private:
  const kernels::Arith& arith_;
  const uint8_t* ek_;
  kernels::Poly* out_a_;
  uint16_t filled_[kK * kK] = {};
  uint8_t h_[32];
};

template <class Operation>
void run_one(const kernels::Keccak& keccak, Operation& operation) noexcept {
  BegunOperation queue;
  run(keccak, std::span(&operation, 1), queue);
}

// All zeros is the empty key.
template <class Set>
struct ExpandedKeyStorage {
  PublicKey<Set> key;
  kernels::Poly s[Set::kK];
  uint8_t dk[Set::kDkBytes];
  const Tables* tables;  // those that made key and s; null: no key

  static ExpandedKeyStorage& in(unsigned char* storage) noexcept {
    return *std::launder(reinterpret_cast<ExpandedKeyStorage*>(storage));
  }
  static const ExpandedKeyStorage& in(const unsigned char* storage) noexcept {
    return *std::launder(reinterpret_cast<const ExpandedKeyStorage*>(storage));
  }

  void generate(const Tables& with, const uint8_t d_z[kSeedBytes]) noexcept {
    KeygenOperation<Set> operation;
    operation.begin(with.arith, key, d_z, nullptr, dk);
    run_one(with.keccak, operation);
    decode_vector<Set>(with.arith, s, dk);
    tables = &with;
  }

  Status import(const Tables& with, const uint8_t* from) noexcept {
    ImportOperation<Set> operation(with.arith, from, key.a);
    run_one(with.keccak, operation);
    if (!operation.hash_matches()) {
      wipe(this, sizeof *this);
      return Status::kDk;
    }
    std::memcpy(dk, from, Set::kDkBytes);
    mark_secret_parts<Set>(dk);
    decode_vector<Set>(with.arith, s, dk);
    decode_vector<Set>(with.arith, key.t, dk + 384 * Set::kK);
    tables = &with;
    return Status::kOk;
  }

  Status decaps(uint8_t* out_ss, const uint8_t* ct) const noexcept {
    if (!tables) {
      std::memset(out_ss, 0, kSharedSecretBytes);
      return Status::kDk;
    }
    Status status;
    DecapsOperation<Set> operation;
    operation.begin(tables->arith, key, nullptr, s, false, dk, ct, out_ss, status);
    run_one(tables->keccak, operation);
    return status;
  }
};

}  // namespace mlkem
