// SPDX-License-Identifier: Apache-2.0
// Batches: operations enter the lanes one after the other, a few at a time, so that the lanes stay full while
// the stack stays small. A single operation is a batch of one.
#include <algorithm>
#include <cstring>

#include "lib/decaps.hpp"
#include "lib/encaps.hpp"
#include "lib/keygen.hpp"
#include "lib/operations.hpp"

namespace mlkem {
namespace {

constexpr size_t kSlots = 4;  // operations under way at once: enough to fill eight lanes
static_assert(kSlots <= kMostSlots);
constexpr size_t kRandomGroup = 8;  // operations that share one call of the random source

// Hands out the randomness of a batch. Wipes itself.
template <size_t kBytesEach>
class GroupRandom {
 public:
  explicit GroupRandom(RandomSource source) noexcept : source_(source) {}

  // The randomness of job `index`, valid until the next call; null once the source has failed. needed(i)
  // tells which jobs, of those not asked for yet, will ask.
  template <class Needed>
  const uint8_t* take(size_t index, size_t jobs, Needed needed) noexcept {
    if (failed_) return nullptr;
    if (index >= group_end_) {
      group_end_ = std::min(jobs, (index / kRandomGroup + 1) * kRandomGroup);
      size_t count = 0;
      for (size_t i = index; i < group_end_; ++i) count += needed(i) ? 1 : 0;
      failed_ = !source_.fill(source_.argument, octets_.expose_mutable().first(count * kBytesEach));
      used_ = 0;
      if (failed_) return nullptr;
    }
    return octets_.expose().data() + kBytesEach * used_++;
  }

 private:
  RandomSource source_;
  size_t group_end_ = 0, used_ = 0;
  bool failed_ = false;
  Secret<kRandomGroup * kBytesEach> octets_;
};

// Walks a batch: begin_job(operation, job, index) says whether an operation has begun, else the job has its
// status.
template <class Job, class BeginJob>
class JobQueue {
 public:
  JobQueue(std::span<Job> jobs, BeginJob begin_job) noexcept : jobs_(jobs), begin_job_(begin_job) {}

  template <class Slot>
  bool begin(Slot& slot) noexcept {
    while (next_ < jobs_.size()) {
      const size_t index = next_++;
      if (begin_job_(slot, jobs_[index], index)) return true;
    }
    return false;
  }

 private:
  std::span<Job> jobs_;
  BeginJob begin_job_;
  size_t next_ = 0;
};

template <class Slot, size_t kCount, class Queue>
[[gnu::noinline]] void run_in_slots(const kernels::Keccak& keccak, Queue& queue) noexcept {
  Slot slots[kCount];
  run(keccak, std::span<Slot>(slots), queue);
}

// Runs a batch with no more slots than it needs: a single operation touches the stack of one.
template <class Slot, class Job, class BeginJob>
Status run_batch(const kernels::Keccak& keccak, std::span<Job> jobs, BeginJob begin_job) noexcept {
  JobQueue<Job, BeginJob> queue(jobs, begin_job);
  if (jobs.size() <= 1)
    run_in_slots<Slot, 1>(keccak, queue);
  else
    run_in_slots<Slot, kSlots>(keccak, queue);
  for (const Job& job : jobs)
    if (job.status != Status::kOk) return job.status;
  return Status::kOk;
}

// An operation with its own expanded key, to be started again and again.
template <class Operation, class Set>
struct Slot : Operation {
  PublicKey<Set> key;
};
template <class Set>
struct DecapsSlot : Slot<DecapsOperation<Set>, Set> {
  kernels::Poly s[Set::kK];
  ~DecapsSlot() { wipe(s, sizeof s); }
};

}  // namespace

template <class Set>
Status keygen_batch(const Tables& tables, std::span<KeygenJob<Set>> jobs, RandomSource random) noexcept {
  GroupRandom<kSeedBytes> seeds(random);
  const auto needs_seed = [jobs](size_t i) { return jobs[i].d_z == nullptr; };
  using KeygenSlot = Slot<KeygenOperation<Set>, Set>;
  return run_batch<KeygenSlot>(tables.keccak, jobs, [&](KeygenSlot& slot, KeygenJob<Set>& job, size_t index) {
    const uint8_t* const d_z = job.d_z ? job.d_z : seeds.take(index, jobs.size(), needs_seed);
    job.status = d_z ? Status::kOk : Status::kRandom;
    if (!d_z) {
      std::memset(job.out_ek, 0, Set::kEkBytes);
      std::memset(job.out_dk, 0, Set::kDkBytes);
      return false;
    }
    slot.begin(tables.arith, slot.key, d_z, job.out_ek, job.out_dk);
    return true;
  });
}

template <class Set>
Status encaps_batch(const Tables& tables, std::span<EncapsJob<Set>> jobs, RandomSource random) noexcept {
  GroupRandom<kMessageBytes> messages(random);
  const auto needs_m = [jobs](size_t i) { return jobs[i].m == nullptr; };
  using EncapsSlot = Slot<EncapsOperation<Set>, Set>;
  return run_batch<EncapsSlot>(tables.keccak, jobs, [&](EncapsSlot& slot, EncapsJob<Set>& job, size_t index) {
    const uint8_t* m = job.m;
    job.status = decode_vector<Set>(tables.arith, slot.key.t, job.ek) ? Status::kOk : Status::kEk;
    if (job.status == Status::kOk && !m) {
      m = messages.take(index, jobs.size(), needs_m);
      if (!m) job.status = Status::kRandom;
    }
    if (job.status != Status::kOk) {
      std::memset(job.out_ct, 0, Set::kCtBytes);
      std::memset(job.out_ss, 0, kSharedSecretBytes);
      return false;
    }
    slot.begin(tables.arith, slot.key, job.ek, m, job.out_ct, job.out_ss);
    return true;
  });
}

template <class Set>
Status decaps_batch(const Tables& tables, std::span<DecapsJob<Set>> jobs) noexcept {
  using SlotOfSet = DecapsSlot<Set>;
  return run_batch<SlotOfSet>(tables.keccak, jobs, [&](SlotOfSet& slot, DecapsJob<Set>& job, size_t) {
    mark_secret_parts<Set>(job.dk);
    decode_vector<Set>(tables.arith, slot.s, job.dk);
    decode_vector<Set>(tables.arith, slot.key.t, job.dk + 384 * Set::kK);
    slot.begin(tables.arith, slot.key, slot.key.a, slot.s, true, job.dk, job.ct, job.out_ss, job.status);
    return true;
  });
}

#define INSTANTIATE(Set)                                                                              \
  template Status keygen_batch<Set>(const Tables&, std::span<KeygenJob<Set>>, RandomSource) noexcept; \
  template Status encaps_batch<Set>(const Tables&, std::span<EncapsJob<Set>>, RandomSource) noexcept; \
  template Status decaps_batch<Set>(const Tables&, std::span<DecapsJob<Set>>) noexcept;
INSTANTIATE(MlKem512)
INSTANTIATE(MlKem768)
INSTANTIATE(MlKem1024)
#undef INSTANTIATE

}  // namespace mlkem
