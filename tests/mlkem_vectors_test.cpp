// SPDX-License-Identifier: Apache-2.0
// Every public ML-KEM vector (ACVP, Wycheproof, CCTV) through every table, in batches of several sizes, and
// through the public C and C++ interfaces.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <memory>

#include "mlkem-ike/mlkem.h"
#include "tests/mlkem_cases.hpp"
#include "tests/mlkem_tables.hpp"

namespace mlkem::test {
namespace {

const char* source_name(VectorSource source) {
  switch (source) {
    case VectorSource::kAcvp:
      return "Acvp";
    case VectorSource::kWycheproof:
      return "Wycheproof";
    case VectorSource::kCctv:
      return "Cctv";
  }
  return "";
}

std::vector<const CaseFile*> files_of(VectorSource source) {
  std::vector<const CaseFile*> files;
  for (const CaseFile& file : case_files().files)
    if (file.source == source) files.push_back(&file);
  return files;
}

testing::AssertionResult equals(const Bytes& want, const Bytes& got) {
  if (want.empty() || want == got) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "want " << to_hex(want.data(), want.size()) << "\n got "
                                     << to_hex(got.data(), got.size());
}

constexpr uint8_t kUntouched = 0x5a;

// "After an error the outputs are untouched or zero", each of them as a whole.
bool untouched_or_zero(const Bytes& out) {
  const auto all = [&](uint8_t octet) {
    return std::all_of(out.begin(), out.end(), [=](uint8_t o) { return o == octet; });
  };
  return all(0) || all(kUntouched);
}

// A case with the buffers of its job.
template <class Set>
struct RunningCase {
  explicit RunningCase(const MlKemCase& given) : c(&given), dk(given.dk) {}

  const MlKemCase* c;
  Bytes dk;
  Bytes out_ek = Bytes(Set::kEkBytes, kUntouched), out_dk = Bytes(Set::kDkBytes, kUntouched),
        out_ct = Bytes(Set::kCtBytes, kUntouched), out_ss = Bytes(kSharedSecretBytes, kUntouched);

  void check(Status status) const {
    SCOPED_TRACE(c->name);
    EXPECT_EQ(status, c->expected);
    const bool failed = c->expected != Status::kOk;
    const auto holds = [&](const Bytes& want, const Bytes& out) -> testing::AssertionResult {
      if (!failed) return equals(want, out);
      return testing::AssertionResult(untouched_or_zero(out)) << "output after an error";
    };
    EXPECT_TRUE(holds(c->want_ek, out_ek));
    EXPECT_TRUE(holds(c->want_dk, out_dk));
    EXPECT_TRUE(holds(c->want_ct, out_ct));
    EXPECT_TRUE(holds(c->want_ss, out_ss));
  }
};

// All cases of one set over one pair of tables, in batches of `size`. The batch interface has no lengths, and
// no check alone: a key is checked where it is used.
template <class Set>
void run_batches(const Tables& tables, const std::vector<const MlKemCase*>& cases, size_t size) {
  static const Bytes no_message(kMessageBytes, 0), no_ct(Set::kCtBytes, 0);
  std::deque<RunningCase<Set>> running;
  std::vector<KeygenJob<Set>> keygens;
  std::vector<EncapsJob<Set>> encapses;
  std::vector<DecapsJob<Set>> decapses;
  std::vector<const RunningCase<Set>*> keygen_cases, encaps_cases, decaps_cases;

  for (const MlKemCase* c : cases) {
    if (!has_right_lengths(*c)) continue;
    RunningCase<Set>& run = running.emplace_back(*c);
    switch (c->kind) {
      case CaseKind::kKeygen:
        keygens.push_back({run.out_ek.data(), run.out_dk.data(), c->seed.data(), Status::kArgument});
        keygen_cases.push_back(&run);
        break;
      case CaseKind::kEncaps:
      case CaseKind::kCheckEk: {
        const Bytes& m = c->m.empty() ? no_message : c->m;
        encapses.push_back({run.out_ct.data(), run.out_ss.data(), c->ek.data(), m.data(), Status::kArgument});
        encaps_cases.push_back(&run);
        break;
      }
      case CaseKind::kDecaps:
      case CaseKind::kCheckDk:
        if (run.dk.empty()) {
          run.dk.resize(Set::kDkBytes);
          ASSERT_EQ(keygen_one<Set>(tables, run.out_ek.data(), run.dk.data(), c->seed.data()), Status::kOk);
        }
        const Bytes& ct = c->ct.empty() ? no_ct : c->ct;
        decapses.push_back({run.out_ss.data(), ct.data(), run.dk.data(), Status::kArgument});
        decaps_cases.push_back(&run);
        break;
    }
  }

  const auto in_batches = [&](auto& jobs, const auto& of, auto&& operation) {
    for (size_t at = 0; at < jobs.size(); at += size) {
      const auto batch = std::span(jobs).subspan(at, std::min(size, jobs.size() - at));
      const Status status = operation(batch);
      Status first = Status::kOk;
      for (size_t i = 0; i < batch.size(); ++i) {
        of[at + i]->check(batch[i].status);
        if (first == Status::kOk) first = batch[i].status;
      }
      EXPECT_EQ(status, first) << "the batch's status is not its first failing job's";
    }
  };
  in_batches(keygens, keygen_cases, [&](auto jobs) { return keygen_batch<Set>(tables, jobs, no_random()); });
  in_batches(encapses, encaps_cases, [&](auto jobs) { return encaps_batch<Set>(tables, jobs, no_random()); });
  in_batches(decapses, decaps_cases, [&](auto jobs) { return decaps_batch<Set>(tables, jobs); });
}

class MlKemVectors : public testing::TestWithParam<std::tuple<VectorSource, NamedTables>> {};

TEST_P(MlKemVectors, AgreeInBatchesOfAnySize) {
  const VectorSource source = std::get<0>(GetParam());
  const Tables& tables = std::get<1>(GetParam()).tables;
  const auto files = files_of(source);
  if (files.empty()) GTEST_SKIP() << no_vectors_reason(source_name(source) + std::string(" ML-KEM vectors"));
  for (const CaseFile* file : files) {
    SCOPED_TRACE(file->name);
    for (const int set : {512, 768, 1024}) {
      std::vector<const MlKemCase*> cases;
      for (const MlKemCase& c : file->cases)
        if (c.set == set) cases.push_back(&c);
      for (const size_t size : {1u, 3u, 8u, 16u, 17u}) {
        SCOPED_TRACE("batches of " + std::to_string(size));
        with_set(set, [&]<class Set>() { run_batches<Set>(tables, cases, size); });
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, MlKemVectors,
                         testing::Combine(testing::Values(VectorSource::kAcvp, VectorSource::kWycheproof,
                                                          VectorSource::kCctv),
                                          testing::ValuesIn(tables_under_test())),
                         [](const auto& instance) {
                           return source_name(std::get<0>(instance.param)) +
                                  ("_" + std::get<1>(instance.param).name);
                         });

// The C interface, which has run-time lengths.
void run_c_interface(const MlKemCase& c) {
  const auto set = mlkem_set(c.set);
  const SetSizes sizes = *set_sizes(c.set);
  Bytes ek(sizes.ek, kUntouched), dk(sizes.dk, kUntouched), ct(sizes.ct, kUntouched), ss(32, kUntouched);
  int status = 0;
  switch (c.kind) {
    case CaseKind::kKeygen:
      status = mlkem_keygen_from_seed(set, ek.data(), dk.data(), c.seed.data());
      break;
    case CaseKind::kEncaps:
      status = mlkem_encaps_from_m(set, ct.data(), ss.data(), c.ek.data(), c.ek.size(), c.m.data());
      break;
    case CaseKind::kDecaps: {
      Bytes key = c.dk;
      if (key.empty()) {
        Bytes unused(sizes.ek);
        key.resize(sizes.dk);
        ASSERT_EQ(mlkem_keygen_from_seed(set, unused.data(), key.data(), c.seed.data()), 0);
      }
      status = mlkem_decaps(set, ss.data(), c.ct.data(), c.ct.size(), key.data(), key.size());
      break;
    }
    case CaseKind::kCheckEk:
      status = mlkem_check_ek(set, c.ek.data(), c.ek.size());
      break;
    case CaseKind::kCheckDk:
      status = mlkem_check_dk(set, c.dk.data(), c.dk.size());
      break;
  }
  EXPECT_EQ(Status(status), c.expected);
  if (c.expected == Status::kOk) {
    EXPECT_TRUE(equals(c.want_ek, ek));
    EXPECT_TRUE(equals(c.want_dk, dk));
    EXPECT_TRUE(equals(c.want_ct, ct));
    EXPECT_TRUE(equals(c.want_ss, ss));
  } else {
    for (const Bytes* out : {&ek, &dk, &ct, &ss}) EXPECT_TRUE(untouched_or_zero(*out));
  }
}

template <class Octets>
Bytes copy(const Octets& octets) {
  return Bytes(octets.begin(), octets.end());
}

template <class Set>
void run_cpp_interface(const MlKemCase& c) {
  Bytes ek(Set::kEkBytes), ct(Set::kCtBytes);
  const auto out_ek = std::span<uint8_t, Set::kEkBytes>(ek);
  const auto out_ct = std::span<uint8_t, Set::kCtBytes>(ct);
  auto dk = std::make_unique<DecapsulationKey<Set>>();
  auto expanded = std::make_unique<ExpandedKey<Set>>();
  SharedSecret ss, expanded_ss;
  switch (c.kind) {
    case CaseKind::kKeygen:
      keygen_from_seed<Set>(out_ek, *dk, std::span<const uint8_t, kSeedBytes>(c.seed));
      EXPECT_TRUE(equals(c.want_ek, ek));
      EXPECT_TRUE(equals(c.want_dk, copy(dk->expose())));
      expanded->generate_from_seed(std::span<const uint8_t, kSeedBytes>(c.seed));
      EXPECT_TRUE(equals(c.want_ek, copy(expanded->ek())));
      EXPECT_TRUE(equals(c.want_dk, copy(expanded->dk())));
      break;
    case CaseKind::kEncaps:
      EXPECT_EQ(encaps_from_m<Set>(out_ct, ss, std::span<const uint8_t, Set::kEkBytes>(c.ek),
                                   std::span<const uint8_t, kMessageBytes>(c.m)),
                c.expected);
      EXPECT_TRUE(equals(c.want_ct, ct));
      EXPECT_TRUE(equals(c.want_ss, copy(ss.expose())));
      break;
    case CaseKind::kDecaps: {
      if (c.dk.empty())
        keygen_from_seed<Set>(out_ek, *dk, std::span<const uint8_t, kSeedBytes>(c.seed));
      else
        std::copy(c.dk.begin(), c.dk.end(), dk->expose_mutable().begin());
      const auto in_ct = std::span<const uint8_t, Set::kCtBytes>(c.ct);
      EXPECT_EQ(decaps<Set>(ss, in_ct, dk->expose()), c.expected);
      EXPECT_TRUE(equals(c.want_ss, copy(ss.expose())));
      EXPECT_EQ(expanded->import(dk->expose()), c.expected);
      EXPECT_EQ(expanded->decaps(expanded_ss, in_ct), c.expected);
      EXPECT_TRUE(equals(c.want_ss, copy(expanded_ss.expose())));
      break;
    }
    case CaseKind::kCheckEk:
      EXPECT_EQ(check_ek<Set>(std::span<const uint8_t, Set::kEkBytes>(c.ek)), c.expected);
      break;
    case CaseKind::kCheckDk:
      EXPECT_EQ(check_dk<Set>(std::span<const uint8_t, Set::kDkBytes>(c.dk)), c.expected);
      EXPECT_EQ(expanded->import(std::span<const uint8_t, Set::kDkBytes>(c.dk)), c.expected);
      break;
  }
}

class MlKemVectorFiles : public testing::TestWithParam<VectorSource> {};

TEST_P(MlKemVectorFiles, AgreeWithPublicInterfaces) {
  const auto files = files_of(GetParam());
  if (files.empty())
    GTEST_SKIP() << no_vectors_reason(source_name(GetParam()) + std::string(" ML-KEM vectors"));
  for (const CaseFile* file : files) {
    SCOPED_TRACE(file->name);
    EXPECT_FALSE(file->cases.empty() && file->not_checked.empty()) << "no cases";
    for (const MlKemCase& c : file->cases) {
      SCOPED_TRACE(c.name);
      run_c_interface(c);
      if (has_right_lengths(c)) with_set(c.set, [&]<class Set>() { run_cpp_interface<Set>(c); });
    }
    std::printf("[  VECTORS ] %s: %zu tests, %zu operations checked, %zu not checked\n", file->name.c_str(),
                file->entries, file->cases.size(), file->not_checked.size());
    for (const std::string& reason : file->not_checked)
      std::printf("[  VECTORS ]   not checked: %s\n", reason.c_str());
    RecordProperty(file->name, std::to_string(file->entries) + " tests, " +
                                   std::to_string(file->cases.size()) + " operations");
  }
}

INSTANTIATE_TEST_SUITE_P(, MlKemVectorFiles,
                         testing::Values(VectorSource::kAcvp, VectorSource::kWycheproof, VectorSource::kCctv),
                         [](const auto& instance) { return source_name(instance.param); });

TEST(MlKemVectorFolder, HoldsNothingUnreadable) {
  const CaseFiles& all = case_files();
  if (all.files.empty() && all.broken.empty()) GTEST_SKIP() << no_vectors_reason("ML-KEM vectors");
  for (const std::string& file : all.unknown)
    std::printf("[  VECTORS ] %s: not checked: no format that this suite knows\n", file.c_str());
#ifndef MLKEM_TEST_ZLIB
  GTEST_SKIP() << "built without zlib: .gz files are not read";
#endif
  for (const std::string& file : all.broken) ADD_FAILURE() << file;
}

}  // namespace
}  // namespace mlkem::test
