// SPDX-License-Identifier: Apache-2.0
// What ML-KEM promises for every key: both sides agree, every table and every batch gives the same octets,
// damaged inputs are rejected where FIPS 203 says so and change nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "tests/keccak_sponge.hpp"
#include "tests/mlkem_tables.hpp"
#include "tests/vectors.hpp"

namespace mlkem::test {
namespace {

// A key, a ciphertext for it and its secret, made with the portable tables.
template <class Set>
struct Exchange {
  explicit Exchange(uint64_t number)
      : seed(test_bytes(2 * number, kSeedBytes)), m(test_bytes(2 * number + 1, kMessageBytes)) {
    make();
  }
  Exchange(Bytes given_seed, Bytes given_m) : seed(std::move(given_seed)), m(std::move(given_m)) { make(); }

  void make() {
    const Tables& portable = tables_under_test().front().tables;
    EXPECT_EQ(keygen_one<Set>(portable, ek.data(), dk.data(), seed.data()), Status::kOk);
    EXPECT_EQ(encaps_one<Set>(portable, ct.data(), ss.data(), ek.data(), m.data()), Status::kOk);
  }

  Bytes seed, m;
  Bytes ek = Bytes(Set::kEkBytes), dk = Bytes(Set::kDkBytes), ct = Bytes(Set::kCtBytes),
        ss = Bytes(kSharedSecretBytes);
};

// FIPS 203, Algorithm 18, line 7: J(z || c), z being the end of dk.
Bytes rejection_secret(const Bytes& dk, const Bytes& ct) {
  return Sponge::shake256().absorb(std::span(dk).last(32)).absorb(ct).squeeze(kSharedSecretBytes);
}

template <class Set>
class MlKemProperties : public testing::Test {};
TYPED_TEST_SUITE(MlKemProperties, AllSets, SetNames);

TYPED_TEST(MlKemProperties, EveryTableGivesTheSameOctets) {
  using Set = TypeParam;
  std::vector<Exchange<Set>> exchanges;
  exchanges.emplace_back(Bytes(kSeedBytes, 0x00), Bytes(kMessageBytes, 0xff));
  exchanges.emplace_back(Bytes(kSeedBytes, 0xff), Bytes(kMessageBytes, 0x00));
  for (uint64_t i = 0; i < 30; ++i) exchanges.emplace_back(i);
  for (const NamedTables& named : tables_under_test()) {
    SCOPED_TRACE(named.name);
    for (const Exchange<Set>& want : exchanges) {
      Bytes ek(Set::kEkBytes), dk(Set::kDkBytes), ct(Set::kCtBytes), ss(kSharedSecretBytes),
          back(kSharedSecretBytes);
      ASSERT_EQ(keygen_one<Set>(named.tables, ek.data(), dk.data(), want.seed.data()), Status::kOk);
      ASSERT_EQ(encaps_one<Set>(named.tables, ct.data(), ss.data(), ek.data(), want.m.data()), Status::kOk);
      ASSERT_EQ(decaps_one<Set>(named.tables, back.data(), ct.data(), dk.data()), Status::kOk);
      ASSERT_EQ(ek, want.ek);
      ASSERT_EQ(dk, want.dk);
      ASSERT_EQ(ct, want.ct);
      ASSERT_EQ(ss, want.ss);
      ASSERT_EQ(back, want.ss);
    }
  }
}

// Sizes around every number of lanes, slots and jobs that share randomness.
TYPED_TEST(MlKemProperties, BatchesOfEverySizeEqualSingleOperations) {
  using Set = TypeParam;
  std::vector<Exchange<Set>> want;
  for (uint64_t i = 0; i < 33; ++i) want.emplace_back(i);
  for (const NamedTables& named : tables_under_test()) {
    SCOPED_TRACE(named.name);
    for (size_t n = 0; n <= want.size(); n += n < 20 ? 1 : 13) {
      SCOPED_TRACE("batch of " + std::to_string(n));
      std::vector<Bytes> ek(n, Bytes(Set::kEkBytes)), dk(n, Bytes(Set::kDkBytes)),
          ct(n, Bytes(Set::kCtBytes)), ss(n, Bytes(kSharedSecretBytes)), back(n, Bytes(kSharedSecretBytes));
      std::vector<KeygenJob<Set>> keygens;
      std::vector<EncapsJob<Set>> encapses;
      std::vector<DecapsJob<Set>> decapses;
      for (size_t i = 0; i < n; ++i) {
        keygens.push_back({ek[i].data(), dk[i].data(), want[i].seed.data(), Status::kArgument});
        encapses.push_back(
            {ct[i].data(), ss[i].data(), want[i].ek.data(), want[i].m.data(), Status::kArgument});
        decapses.push_back({back[i].data(), want[i].ct.data(), want[i].dk.data(), Status::kArgument});
      }
      ASSERT_EQ(keygen_batch<Set>(named.tables, std::span(keygens), no_random()), Status::kOk);
      ASSERT_EQ(encaps_batch<Set>(named.tables, std::span(encapses), no_random()), Status::kOk);
      ASSERT_EQ(decaps_batch<Set>(named.tables, std::span(decapses)), Status::kOk);
      for (size_t i = 0; i < n; ++i) {
        ASSERT_EQ(ek[i], want[i].ek);
        ASSERT_EQ(dk[i], want[i].dk);
        ASSERT_EQ(ct[i], want[i].ct);
        ASSERT_EQ(ss[i], want[i].ss);
        ASSERT_EQ(back[i], want[i].ss);
      }
    }
  }
}

// Section 6.3: implicit rejection, wherever the ciphertext was changed.
TYPED_TEST(MlKemProperties, TamperedCiphertextGivesTheRejectionSecret) {
  using Set = TypeParam;
  const Exchange<Set> exchange(1);
  for (const NamedTables& named : tables_under_test()) {
    SCOPED_TRACE(named.name);
    for (size_t at = 0; at < Set::kCtBytes; ++at) {
      Bytes ct = exchange.ct, ss(kSharedSecretBytes);
      ct[at] ^= uint8_t(1u << (at % 8));
      ASSERT_EQ(decaps_one<Set>(named.tables, ss.data(), ct.data(), exchange.dk.data()), Status::kOk);
      ASSERT_EQ(ss, rejection_secret(exchange.dk, ct)) << "octet " << at;
    }
  }
}

// Section 7.3 compares H(ek) with what dk holds: damage to ek or to the hash shows, damage to dk_PKE or z
// can't.
TYPED_TEST(MlKemProperties, DamagedDecapsulationKeyIsFoundWhereItCanBe) {
  using Set = TypeParam;
  constexpr size_t kEkAt = 384 * Set::kK, kHashAt = kEkAt + Set::kEkBytes, kZAt = kHashAt + 32;
  static_assert(kZAt + 32 == Set::kDkBytes);
  const Exchange<Set> exchange(2);
  auto expanded = std::make_unique<ExpandedKey<Set>>();
  for (size_t at = 0; at < Set::kDkBytes; ++at) {
    Bytes dk = exchange.dk;
    dk[at] ^= uint8_t(0x80u >> (at % 8));
    const Status want = at >= kEkAt && at < kZAt ? Status::kDk : Status::kOk;
    ASSERT_EQ(check_dk<Set>(std::span<const uint8_t, Set::kDkBytes>(dk)), want) << "octet " << at;
    if (at % 11 != 0) continue;
    ASSERT_EQ(expanded->import(std::span<const uint8_t, Set::kDkBytes>(dk)), want) << "octet " << at;
    ASSERT_EQ(expanded->has_key(), want == Status::kOk);
    for (const NamedTables& named : tables_under_test()) {
      Bytes ss(kSharedSecretBytes, 0x5a);
      ASSERT_EQ(decaps_one<Set>(named.tables, ss.data(), exchange.ct.data(), dk.data()), want)
          << named.name << ", octet " << at;
      if (want == Status::kDk) {
        ASSERT_EQ(ss, Bytes(kSharedSecretBytes, 0));
      } else if (at >= kZAt) {
        ASSERT_EQ(ss, exchange.ss) << "z does not enter the secret of an honest ciphertext";
      }
    }
  }
}

// ByteEncode_12 (FIPS 203, Algorithm 5) of one coefficient.
void set_coefficient(Bytes& ek, size_t index, unsigned value) {
  uint8_t* pair = ek.data() + index / 2 * 3;
  if (index % 2 == 0) {
    pair[0] = uint8_t(value);
    pair[1] = uint8_t((pair[1] & 0xf0) | value >> 8);
  } else {
    pair[1] = uint8_t((pair[1] & 0x0f) | value << 4);
    pair[2] = uint8_t(value >> 4);
  }
}

// Section 7.2: every value at some positions, the extreme values at every position.
TYPED_TEST(MlKemProperties, EncapsulationKeyIsCheckedAtEveryCoefficient) {
  using Set = TypeParam;
  constexpr size_t kCoefficients = 256 * Set::kK;
  const Exchange<Set> exchange(3);
  Bytes ek = exchange.ek;
  const auto check = [&] { return check_ek<Set>(std::span<const uint8_t, Set::kEkBytes>(ek)); };
  for (size_t at = 0; at < kCoefficients; ++at) {
    const std::vector<unsigned> bad =
        at % 37 == 0 || at % 256 >= 254 ? std::vector<unsigned>() : std::vector{3329u, 3330u, 3584u, 4095u};
    for (const unsigned value : {0u, 3328u}) {
      set_coefficient(ek, at, value);
      ASSERT_EQ(check(), Status::kOk) << value << " at " << at;
    }
    for (const unsigned value : bad) {
      set_coefficient(ek, at, value);
      ASSERT_EQ(check(), Status::kEk) << value << " at " << at;
    }
    for (unsigned value = 3329; bad.empty() && value < 4096; ++value) {
      set_coefficient(ek, at, value);
      ASSERT_EQ(check(), Status::kEk) << value << " at " << at;
    }
    ek = exchange.ek;
  }
}

TYPED_TEST(MlKemProperties, BadEncapsulationKeyFailsAloneInABatch) {
  using Set = TypeParam;
  constexpr size_t kJobs = 8;
  const Exchange<Set> exchange(4);
  for (const NamedTables& named : tables_under_test()) {
    SCOPED_TRACE(named.name);
    for (size_t at = 0; at < 256 * Set::kK; at += 5) {
      Bytes bad = exchange.ek;
      set_coefficient(bad, at, unsigned(3329 + at % 767));
      const size_t bad_job = at % kJobs;
      std::vector<Bytes> ct(kJobs, Bytes(Set::kCtBytes, 0x5a)), ss(kJobs, Bytes(kSharedSecretBytes, 0x5a));
      std::vector<EncapsJob<Set>> jobs;
      for (size_t i = 0; i < kJobs; ++i)
        jobs.push_back({ct[i].data(), ss[i].data(), (i == bad_job ? bad : exchange.ek).data(),
                        exchange.m.data(), Status::kArgument});
      ASSERT_EQ(encaps_batch<Set>(named.tables, std::span(jobs), no_random()), Status::kEk);
      for (size_t i = 0; i < kJobs; ++i) {
        ASSERT_EQ(jobs[i].status, i == bad_job ? Status::kEk : Status::kOk) << "coefficient " << at;
        ASSERT_EQ(ct[i], i == bad_job ? Bytes(Set::kCtBytes, 0) : exchange.ct);
        ASSERT_EQ(ss[i], i == bad_job ? Bytes(kSharedSecretBytes, 0) : exchange.ss);
      }
    }
  }
}

TYPED_TEST(MlKemProperties, DamagedDecapsulationKeyFailsAloneInABatch) {
  using Set = TypeParam;
  constexpr size_t kJobs = 17;
  const Exchange<Set> exchange(5);
  Bytes damaged = exchange.dk;
  damaged[Set::kDkBytes - 40] ^= 1;
  for (const NamedTables& named : tables_under_test()) {
    SCOPED_TRACE(named.name);
    for (size_t bad_job = 0; bad_job < kJobs; ++bad_job) {
      std::vector<Bytes> ss(kJobs, Bytes(kSharedSecretBytes, 0x5a));
      std::vector<DecapsJob<Set>> jobs;
      for (size_t i = 0; i < kJobs; ++i)
        jobs.push_back({ss[i].data(), exchange.ct.data(), (i == bad_job ? damaged : exchange.dk).data(),
                        Status::kArgument});
      ASSERT_EQ(decaps_batch<Set>(named.tables, std::span(jobs)), Status::kDk);
      for (size_t i = 0; i < kJobs; ++i) {
        ASSERT_EQ(jobs[i].status, i == bad_job ? Status::kDk : Status::kOk);
        ASSERT_EQ(ss[i], i == bad_job ? Bytes(kSharedSecretBytes, 0) : exchange.ss);
      }
    }
  }
}

template <class Octets>
Bytes copy(const Octets& octets) {
  return Bytes(octets.begin(), octets.end());
}

TYPED_TEST(MlKemProperties, ExpandedKeyEqualsThePlainFunctions) {
  using Set = TypeParam;
  using Ct = std::span<const uint8_t, Set::kCtBytes>;
  const Exchange<Set> exchange(6);
  Bytes tampered = exchange.ct;
  tampered[7] ^= 0x10;
  auto key = std::make_unique<ExpandedKey<Set>>();
  SharedSecret ss;
  const auto expect_empty = [&](const char* when) {
    SCOPED_TRACE(when);
    EXPECT_FALSE(key->has_key());
    EXPECT_EQ(copy(key->ek()), Bytes(Set::kEkBytes, 0));
    EXPECT_EQ(copy(key->dk()), Bytes(Set::kDkBytes, 0));
    ss.expose_mutable()[0] = 1;
    EXPECT_EQ(key->decaps(ss, Ct(exchange.ct)), Status::kDk);
    EXPECT_EQ(copy(ss.expose()), Bytes(kSharedSecretBytes, 0));
  };
  const auto expect_key = [&](const char* when) {
    SCOPED_TRACE(when);
    EXPECT_TRUE(key->has_key());
    EXPECT_EQ(copy(key->ek()), exchange.ek);
    EXPECT_EQ(copy(key->dk()), exchange.dk);
    for (int again = 0; again < 2; ++again) {
      EXPECT_EQ(key->decaps(ss, Ct(exchange.ct)), Status::kOk);
      EXPECT_EQ(copy(ss.expose()), exchange.ss);
      EXPECT_EQ(key->decaps(ss, Ct(tampered)), Status::kOk);
      EXPECT_EQ(copy(ss.expose()), rejection_secret(exchange.dk, tampered));
    }
  };
  expect_empty("at first");
  key->generate_from_seed(std::span<const uint8_t, kSeedBytes>(exchange.seed));
  expect_key("from a seed");
  key->clear();
  expect_empty("after clear()");
  EXPECT_EQ(key->import(std::span<const uint8_t, Set::kDkBytes>(exchange.dk)), Status::kOk);
  expect_key("after import()");
  Bytes damaged = exchange.dk;
  damaged[Set::kDkBytes - 64] ^= 1;
  EXPECT_EQ(key->import(std::span<const uint8_t, Set::kDkBytes>(damaged)), Status::kDk);
  expect_empty("after an import() that failed");
  EXPECT_EQ(key->import(std::span<const uint8_t, Set::kDkBytes>(exchange.dk)), Status::kOk);
  EXPECT_EQ(key->generate(no_random()), Status::kRandom);
  expect_empty("after a generate() that failed");
}

TYPED_TEST(MlKemProperties, PublicFunctionsEqualThePortableTables) {
  using Set = TypeParam;
  const Exchange<Set> exchange(7);
  Bytes ek(Set::kEkBytes), ct(Set::kCtBytes);
  auto dk = std::make_unique<DecapsulationKey<Set>>();
  SharedSecret ss, back;
  keygen_from_seed<Set>(std::span<uint8_t, Set::kEkBytes>(ek), *dk,
                        std::span<const uint8_t, kSeedBytes>(exchange.seed));
  EXPECT_EQ(ek, exchange.ek);
  EXPECT_EQ(copy(dk->expose()), exchange.dk);
  EXPECT_EQ(encaps_from_m<Set>(std::span<uint8_t, Set::kCtBytes>(ct), ss,
                               std::span<const uint8_t, Set::kEkBytes>(ek),
                               std::span<const uint8_t, kMessageBytes>(exchange.m)),
            Status::kOk);
  EXPECT_EQ(ct, exchange.ct);
  EXPECT_EQ(copy(ss.expose()), exchange.ss);
  EXPECT_EQ(decaps<Set>(back, std::span<const uint8_t, Set::kCtBytes>(ct), dk->expose()), Status::kOk);
  EXPECT_TRUE(back == ss);
}

TEST(Secret, MovesWipesAndCompares) {
  static_assert(!std::is_copy_constructible_v<SharedSecret> && !std::is_copy_assignable_v<SharedSecret>);
  const Bytes zero(kSharedSecretBytes, 0);
  SharedSecret a;
  EXPECT_EQ(copy(a.expose()), zero);
  a.expose_mutable()[5] = 9;
  SharedSecret b(std::move(a));
  EXPECT_EQ(copy(a.expose()), zero);  // NOLINT: a moved-from Secret is documented to be zero
  EXPECT_EQ(b.expose()[5], 9);
  a = std::move(b);
  EXPECT_EQ(a.expose()[5], 9);
  EXPECT_FALSE(a == b);
  a.clear();
  EXPECT_TRUE(a == b);
}

TEST(Secret, ComparesEveryOctet) {
  const Bytes a = test_bytes(8, 131);
  for (size_t size = 0; size <= a.size(); ++size) {
    EXPECT_TRUE(equal_constant_time(a.data(), Bytes(a).data(), size));
    for (size_t at = 0; at < a.size(); ++at) {
      Bytes b = a;
      b[at] ^= uint8_t(1u << (at % 8));
      EXPECT_EQ(equal_constant_time(a.data(), b.data(), size), at >= size);
    }
  }
}

TEST(Backend, NamesTheTablesThatAreChosen) {
  const Tables& chosen = chosen_tables();
  const kernels::Isa have = kernels::isa_of(kernels::cpu_features());
  EXPECT_EQ(&chosen.arith, &kernels::first_covered(kernels::arith_tables(), have));
  EXPECT_EQ(&chosen.keccak, &kernels::first_covered(kernels::keccak_tables(), have));
  EXPECT_EQ(std::string(backend()),
            std::string(chosen.arith.name) + " arith, " + chosen.keccak.name + " keccak");
}

}  // namespace
}  // namespace mlkem::test
