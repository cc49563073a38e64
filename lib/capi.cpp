// SPDX-License-Identifier: Apache-2.0
// The C interface: arguments and lengths are checked here, then it is the C++ one.
#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <tuple>

#include "lib/operations.hpp"
#include "mlkem-ike/mlkem.h"

namespace mlkem {
namespace {

// Calls f with the parameter set as a type; for a set that doesn't exist, returns `unknown`.
template <class Value, class F>
Value with_set(mlkem_set set, Value unknown, F f) noexcept {
  switch (set) {
    case MLKEM_512:
      return f(MlKem512{});
    case MLKEM_768:
      return f(MlKem768{});
    case MLKEM_1024:
      return f(MlKem1024{});
  }
  return unknown;
}
template <class F>
int with_set(mlkem_set set, F f) noexcept {
  return with_set<int>(set, MLKEM_ERR_ARGUMENT, f);
}

// One buffer of a call. An optional one that is absent is null with 0 octets.
struct Buffer {
  const uint8_t* start;
  size_t bytes;
  bool is_output;
};

bool overlap(const Buffer& a, const Buffer& b) noexcept {
  if (a.bytes == 0 || b.bytes == 0) return false;
  const auto a_start = reinterpret_cast<uintptr_t>(a.start), b_start = reinterpret_cast<uintptr_t>(b.start);
  return a_start < b_start ? b_start - a_start < a.bytes : a_start - b_start < b.bytes;
}

bool conflict(std::span<const Buffer> first, std::span<const Buffer> second) noexcept {
  for (const Buffer& a : first)
    for (const Buffer& b : second)
      if ((a.is_output || b.is_output) && overlap(a, b)) return true;
  return false;
}

// No null pointer, no output that overlaps anything else.
bool are_valid(std::span<const Buffer> buffers) noexcept {
  for (size_t i = 0; i < buffers.size(); ++i) {
    if (!buffers[i].start && buffers[i].bytes != 0) return false;
    if (conflict(buffers.subspan(i, 1), buffers.subspan(i + 1))) return false;
  }
  return true;
}

// A caller's C source as a RandomSource.
struct CSource {
  mlkem_random random;
  void* argument;

  RandomSource source() noexcept {
    return {[](void* self, std::span<uint8_t> out) {
              const auto& from = *static_cast<CSource*>(self);
              return from.random(from.argument, out.data(), out.size()) == 0;
            },
            this};
  }
};

template <class Set>
std::array<Buffer, 3> buffers_of(const mlkem_keygen_job& job) noexcept {
  return {{{job.ek, Set::kEkBytes, true},
           {job.dk, Set::kDkBytes, true},
           {job.d_z, job.d_z ? kSeedBytes : 0, false}}};
}
template <class Set>
std::array<Buffer, 4> buffers_of(const mlkem_encaps_job& job) noexcept {
  return {{{job.ct, Set::kCtBytes, true},
           {job.ss, kSharedSecretBytes, true},
           {job.ek, Set::kEkBytes, false},
           {job.m, job.m ? kMessageBytes : 0, false}}};
}
template <class Set>
std::array<Buffer, 3> buffers_of(const mlkem_decaps_job& job) noexcept {
  return {
      {{job.ss, kSharedSecretBytes, true}, {job.ct, Set::kCtBytes, false}, {job.dk, Set::kDkBytes, false}}};
}

template <class Set>
KeygenJob<Set> cpp_job(const mlkem_keygen_job& job) noexcept {
  return {job.ek, job.dk, job.d_z, Status::kOk};
}
template <class Set>
EncapsJob<Set> cpp_job(const mlkem_encaps_job& job) noexcept {
  return {job.ct, job.ss, job.ek, job.m, Status::kOk};
}
template <class Set>
DecapsJob<Set> cpp_job(const mlkem_decaps_job& job) noexcept {
  return {job.ss, job.ct, job.dk, Status::kOk};
}

template <class Set>
Status run_jobs(std::span<KeygenJob<Set>> jobs, RandomSource random) noexcept {
  return keygen_batch<Set>(jobs, random);
}
template <class Set>
Status run_jobs(std::span<EncapsJob<Set>> jobs, RandomSource random) noexcept {
  return encaps_batch<Set>(jobs, random);
}
template <class Set>
Status run_jobs(std::span<DecapsJob<Set>> jobs, RandomSource) noexcept {
  return decaps_batch<Set>(jobs);
}

// A length that the caller states for the buffer with this index in buffers_of().
struct Stated {
  size_t buffer, bytes;
};

template <class Set, class Job>
int call_one(const Job& job, RandomSource random, std::initializer_list<Stated> lengths = {}) noexcept {
  auto buffers = buffers_of<Set>(job);
  bool right_lengths = true;
  for (const Stated& stated : lengths) {
    Buffer& buffer = buffers[stated.buffer];
    if (!buffer.start) return MLKEM_ERR_ARGUMENT;
    right_lengths = right_lengths && stated.bytes == buffer.bytes;
    buffer.bytes = std::min(buffer.bytes, stated.bytes);
  }
  if (!are_valid(buffers)) return MLKEM_ERR_ARGUMENT;
  if (!right_lengths) return MLKEM_ERR_LENGTH;
  auto cpp = cpp_job<Set>(job);
  return int(run_jobs<Set>(std::span(&cpp, 1), random));
}

int keygen_one(mlkem_set set, const mlkem_keygen_job& job, RandomSource random) noexcept {
  return with_set(set, [&]<class Set>(Set) { return call_one<Set>(job, random); });
}

int encaps_one(mlkem_set set, const mlkem_encaps_job& job, size_t ek_len, RandomSource random) noexcept {
  return with_set(set, [&]<class Set>(Set) { return call_one<Set>(job, random, {{2, ek_len}}); });
}

// True if one look at each job shows that no two share memory: every kind of output stands in ascending
// order, and apart from the other kinds as a whole. That is how arrays of keys lie; other layouts need a look
// at every pair.
template <class Set, class Job>
bool lie_apart(std::span<const Job> jobs) noexcept {
  constexpr size_t kKinds = std::tuple_size_v<decltype(buffers_of<Set>(Job{}))>;
  struct Hull {
    uintptr_t start = UINTPTR_MAX, end = 0;
    bool is_output = false;
  } hulls[kKinds];
  for (const Job& job : jobs) {
    const auto buffers = buffers_of<Set>(job);
    for (size_t kind = 0; kind < kKinds; ++kind) {
      if (buffers[kind].bytes == 0) continue;
      Hull& hull = hulls[kind];
      const auto start = reinterpret_cast<uintptr_t>(buffers[kind].start);
      hull.is_output = buffers[kind].is_output;
      if (hull.is_output && start < hull.end) return false;
      hull.start = std::min(hull.start, start);
      hull.end = std::max(hull.end, start + buffers[kind].bytes);
    }
  }
  for (size_t i = 0; i < kKinds; ++i)
    for (size_t j = 0; j < i; ++j)
      if ((hulls[i].is_output || hulls[j].is_output) && hulls[i].start < hulls[j].end &&
          hulls[j].start < hulls[i].end)
        return false;
  return true;
}

// Gives every job whose arguments can't be used its status, the others MLKEM_OK.
template <class Set, class Job>
void check_jobs(std::span<Job> jobs) noexcept {
  const Buffer array{reinterpret_cast<const uint8_t*>(jobs.data()), jobs.size_bytes(), true};
  for (Job& job : jobs) {
    const auto buffers = buffers_of<Set>(job);
    const bool usable = are_valid(buffers) && !conflict(std::span(&array, 1), buffers);
    job.status = usable ? MLKEM_OK : MLKEM_ERR_ARGUMENT;
  }
  if (lie_apart<Set>(std::span<const Job>(jobs))) return;
  for (size_t i = 0; i < jobs.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (conflict(buffers_of<Set>(jobs[i]), buffers_of<Set>(jobs[j])))
        jobs[i].status = jobs[j].status = MLKEM_ERR_ARGUMENT;
}

constexpr size_t kPiece = 64;  // jobs that are handed on at once: as many as the stack holds

// Runs a batch. The jobs with valid arguments keep their order.
template <class Set, class Job>
int run_valid(std::span<Job> jobs) noexcept {
  check_jobs<Set>(jobs);
  int first_failure = MLKEM_OK;
  RandomSource random = system_random();
  for (; !jobs.empty(); jobs = jobs.subspan(std::min(kPiece, jobs.size()))) {
    const std::span<Job> piece = jobs.first(std::min(kPiece, jobs.size()));
    decltype(cpp_job<Set>(Job{})) valid[kPiece];
    size_t count = 0;
    for (const Job& job : piece)
      if (job.status == MLKEM_OK) valid[count++] = cpp_job<Set>(job);
    (void)run_jobs<Set>(std::span(valid, count), random);

    const auto* result = valid;
    for (Job& job : piece) {
      if (job.status == MLKEM_OK) job.status = int((result++)->status);
      // A source that has failed stays failed for the jobs that follow.
      if (job.status == MLKEM_ERR_RANDOM) random.fill = [](void*, std::span<uint8_t>) { return false; };
      if (first_failure == MLKEM_OK) first_failure = job.status;
    }
  }
  return first_failure;
}

template <class Job>
int call_batch(mlkem_set set, Job* jobs, size_t n) noexcept {
  if (n == 0) return MLKEM_OK;
  if (!jobs) return MLKEM_ERR_ARGUMENT;
  for (Job& job : std::span(jobs, n)) job.status = MLKEM_ERR_ARGUMENT;
  return with_set(set, [&]<class Set>(Set) { return run_valid<Set>(std::span(jobs, n)); });
}

}  // namespace
}  // namespace mlkem

using mlkem::RandomSource;
using mlkem::system_random;

const char* mlkem_strerror(int code) {
  switch (code) {
    case MLKEM_OK:
      return "success";
    case MLKEM_ERR_ARGUMENT:
      return "invalid argument: null pointer, unknown parameter set or overlapping buffers";
    case MLKEM_ERR_LENGTH:
      return "wrong length for this parameter set";
    case MLKEM_ERR_EK:
      return "encapsulation key has a coefficient that is not reduced modulo q";
    case MLKEM_ERR_DK:
      return "decapsulation key is damaged: the hash of its encapsulation key does not match";
    case MLKEM_ERR_RANDOM:
      return "the random source failed";
    default:
      return "unknown error code";
  }
}

#define MLKEM_TEXT(x) #x
#define MLKEM_DOTTED(major, minor, patch) MLKEM_TEXT(major) "." MLKEM_TEXT(minor) "." MLKEM_TEXT(patch)
const char* mlkem_version(void) {
  return MLKEM_DOTTED(MLKEM_VERSION_MAJOR, MLKEM_VERSION_MINOR, MLKEM_VERSION_PATCH);
}

const char* mlkem_backend(void) {
  return mlkem::backend();
}

size_t mlkem_ek_bytes(mlkem_set set) {
  return mlkem::with_set<size_t>(set, 0, []<class Set>(Set) { return Set::kEkBytes; });
}

size_t mlkem_dk_bytes(mlkem_set set) {
  return mlkem::with_set<size_t>(set, 0, []<class Set>(Set) { return Set::kDkBytes; });
}

size_t mlkem_ct_bytes(mlkem_set set) {
  return mlkem::with_set<size_t>(set, 0, []<class Set>(Set) { return Set::kCtBytes; });
}

int mlkem_keygen(mlkem_set set, uint8_t* ek, uint8_t* dk) {
  return mlkem::keygen_one(set, {ek, dk, nullptr, 0}, system_random());
}

int mlkem_keygen_from_seed(mlkem_set set, uint8_t* ek, uint8_t* dk, const uint8_t d_z[64]) {
  if (!d_z) return MLKEM_ERR_ARGUMENT;
  return mlkem::keygen_one(set, {ek, dk, d_z, 0}, system_random());
}

int mlkem_keygen_with(mlkem_set set, uint8_t* ek, uint8_t* dk, mlkem_random random, void* arg) {
  if (!random) return MLKEM_ERR_ARGUMENT;
  mlkem::CSource source{random, arg};
  return mlkem::keygen_one(set, {ek, dk, nullptr, 0}, source.source());
}

int mlkem_encaps(mlkem_set set, uint8_t* ct, uint8_t ss[32], const uint8_t* ek, size_t ek_len) {
  return mlkem::encaps_one(set, {ct, ss, ek, nullptr, 0}, ek_len, system_random());
}

int mlkem_encaps_from_m(mlkem_set set, uint8_t* ct, uint8_t ss[32], const uint8_t* ek, size_t ek_len,
                        const uint8_t m[32]) {
  if (!m) return MLKEM_ERR_ARGUMENT;
  return mlkem::encaps_one(set, {ct, ss, ek, m, 0}, ek_len, system_random());
}

int mlkem_encaps_with(mlkem_set set, uint8_t* ct, uint8_t ss[32], const uint8_t* ek, size_t ek_len,
                      mlkem_random random, void* arg) {
  if (!random) return MLKEM_ERR_ARGUMENT;
  mlkem::CSource source{random, arg};
  return mlkem::encaps_one(set, {ct, ss, ek, nullptr, 0}, ek_len, source.source());
}

int mlkem_decaps(mlkem_set set, uint8_t ss[32], const uint8_t* ct, size_t ct_len, const uint8_t* dk,
                 size_t dk_len) {
  return mlkem::with_set(set, [&]<class Set>(Set) {
    return mlkem::call_one<Set>(mlkem_decaps_job{ss, ct, dk, 0}, RandomSource{}, {{1, ct_len}, {2, dk_len}});
  });
}

int mlkem_check_ek(mlkem_set set, const uint8_t* ek, size_t ek_len) {
  return mlkem::with_set(set, [&]<class Set>(Set) -> int {
    if (!ek) return MLKEM_ERR_ARGUMENT;
    if (ek_len != Set::kEkBytes) return MLKEM_ERR_LENGTH;
    return int(mlkem::check_ek<Set>(std::span<const uint8_t, Set::kEkBytes>(ek, ek_len)));
  });
}

int mlkem_check_dk(mlkem_set set, const uint8_t* dk, size_t dk_len) {
  return mlkem::with_set(set, [&]<class Set>(Set) -> int {
    if (!dk) return MLKEM_ERR_ARGUMENT;
    if (dk_len != Set::kDkBytes) return MLKEM_ERR_LENGTH;
    return int(mlkem::check_dk<Set>(std::span<const uint8_t, Set::kDkBytes>(dk, dk_len)));
  });
}

int mlkem_keygen_batch(mlkem_set set, mlkem_keygen_job* jobs, size_t n) {
  return mlkem::call_batch(set, jobs, n);
}

int mlkem_encaps_batch(mlkem_set set, mlkem_encaps_job* jobs, size_t n) {
  return mlkem::call_batch(set, jobs, n);
}

int mlkem_decaps_batch(mlkem_set set, mlkem_decaps_job* jobs, size_t n) {
  return mlkem::call_batch(set, jobs, n);
}
