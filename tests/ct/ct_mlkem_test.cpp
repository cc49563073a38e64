// SPDX-License-Identifier: Apache-2.0
// ML-KEM runs the same way whatever its secrets are: every operation of every set, over every pair of kernel
// tables, and over the reference Keccak tables for the lane scheduler's sake.
#include <algorithm>
#include <tuple>

#include "mlkem-ike/mlkem.hpp"
#include "tests/ct/ct_cases.hpp"
#include "tests/mlkem_tables.hpp"

namespace mlkem::test {
namespace {

using Bytes = std::vector<uint8_t>;

// A key pair whose dk is as secret as it is in real life; ek and ct are public.
template <class Set>
struct Exchange {
  Bytes ek = Bytes(Set::kEkBytes), dk = Bytes(Set::kDkBytes), ct = Bytes(Set::kCtBytes);
  Bytes encapsulated = Bytes(kSharedSecretBytes), decapsulated = Bytes(kSharedSecretBytes);

  Status keygen(const Tables& tables) {
    const Bytes d_z = test_bytes(Set::kK, kSeedBytes);
    return keygen_one<Set>(tables, ek.data(), dk.data(), d_z.data());
  }
  Status encaps(const Tables& tables) {
    const Bytes m = test_bytes(Set::kK + 10, kMessageBytes);
    return encaps_one<Set>(tables, ct.data(), encapsulated.data(), ek.data(), m.data());
  }
  Status decaps(const Tables& tables) {
    return decaps_one<Set>(tables, decapsulated.data(), ct.data(), dk.data());
  }
  bool agree() {
    ct::declassify(encapsulated.data(), encapsulated.size());
    ct::declassify(decapsulated.data(), decapsulated.size());
    return encapsulated == decapsulated;
  }
};

class CtMlKem : public CtTest, public testing::WithParamInterface<std::tuple<NamedTables, int>> {
 protected:
  const Tables& tables() const { return std::get<0>(GetParam()).tables; }
  // Calls f.operator()<Set>() with this case's set.
  template <class F>
  void run(F f) const {
    ASSERT_TRUE(with_set(std::get<1>(GetParam()), f));
  }
};
INSTANTIATE_TEST_SUITE_P(
    All, CtMlKem, testing::Combine(testing::ValuesIn(tables_under_test()), testing::Values(512, 768, 1024)),
    [](const auto& shown) {
      return std::get<0>(shown.param).name + "_" + std::to_string(std::get<1>(shown.param));
    });

TEST_P(CtMlKem, KeygenIsConstantTime) {
  run([&]<class Set>() {
    Exchange<Set> exchange;
    EXPECT_EQ(leaks_of([&] { EXPECT_EQ(exchange.keygen(tables()), Status::kOk); }), 0u);
    EXPECT_FALSE(is_secret(exchange.ek.data(), Set::kEkBytes));
    EXPECT_TRUE(is_secret(exchange.dk.data(), 384 * Set::kK));
    EXPECT_FALSE(is_secret(exchange.dk.data() + 384 * Set::kK, Set::kEkBytes + 32));
    EXPECT_TRUE(is_secret(exchange.dk.data() + Set::kDkBytes - 32, 32));
  });
}

TEST_P(CtMlKem, EncapsIsConstantTime) {
  run([&]<class Set>() {
    Exchange<Set> exchange;
    EXPECT_EQ(exchange.keygen(tables()), Status::kOk);
    EXPECT_EQ(leaks_of([&] { EXPECT_EQ(exchange.encaps(tables()), Status::kOk); }), 0u);
    EXPECT_FALSE(is_secret(exchange.ct.data(), Set::kCtBytes));
    EXPECT_TRUE(is_secret(exchange.encapsulated.data(), kSharedSecretBytes));
  });
}

TEST_P(CtMlKem, DecapsIsConstantTimeWhateverTheCiphertext) {
  run([&]<class Set>() {
    Exchange<Set> exchange;
    EXPECT_EQ(exchange.keygen(tables()), Status::kOk);
    EXPECT_EQ(exchange.encaps(tables()), Status::kOk);
    const auto decaps = [&] { EXPECT_EQ(exchange.decaps(tables()), Status::kOk); };
    EXPECT_EQ(leaks_of(decaps), 0u);
    EXPECT_TRUE(is_secret(exchange.decapsulated.data(), kSharedSecretBytes));
    EXPECT_TRUE(exchange.agree());

    for (const size_t place : {size_t{0}, Set::kCtBytes - 1}) {
      exchange.ct[place] ^= 1;
      EXPECT_EQ(leaks_of(decaps), 0u) << "rejected for octet " << place;
      EXPECT_TRUE(is_secret(exchange.decapsulated.data(), kSharedSecretBytes));
      EXPECT_FALSE(exchange.agree());
      exchange.ct[place] ^= 1;
    }
    for (const uint8_t octet : {uint8_t{0}, uint8_t{255}}) {
      std::fill(exchange.ct.begin(), exchange.ct.end(), octet);
      EXPECT_EQ(leaks_of(decaps), 0u) << "rejected, all octets " << int(octet);
    }
  });
}

TEST_P(CtMlKem, DecapsOfADamagedKeyIsConstantTime) {
  run([&]<class Set>() {
    Exchange<Set> exchange;
    EXPECT_EQ(exchange.keygen(tables()), Status::kOk);
    exchange.dk[384 * Set::kK] ^= 1;
    EXPECT_EQ(leaks_of([&] { EXPECT_EQ(exchange.decaps(tables()), Status::kDk); }), 0u);
    EXPECT_FALSE(is_secret(exchange.decapsulated.data(), kSharedSecretBytes)) << "zeros are nobody's secret";
  });
}

// Several operations share the lanes then, and some leave them for a while.
TEST_P(CtMlKem, BatchesAreConstantTime) {
  run([&]<class Set>() {
    std::vector<Exchange<Set>> exchanges(6);
    const Bytes d_z = test_bytes(1, kSeedBytes), m = test_bytes(2, kMessageBytes);
    std::vector<KeygenJob<Set>> keygens;
    std::vector<EncapsJob<Set>> encapses;
    std::vector<DecapsJob<Set>> decapses;
    for (Exchange<Set>& e : exchanges) {
      keygens.push_back({e.ek.data(), e.dk.data(), d_z.data(), Status::kArgument});
      encapses.push_back({e.ct.data(), e.encapsulated.data(), e.ek.data(), m.data(), Status::kArgument});
      decapses.push_back({e.decapsulated.data(), e.ct.data(), e.dk.data(), Status::kArgument});
    }
    EXPECT_EQ(leaks_of([&] {
                EXPECT_EQ(keygen_batch<Set>(tables(), std::span(keygens), no_random()), Status::kOk);
                EXPECT_EQ(encaps_batch<Set>(tables(), std::span(encapses), no_random()), Status::kOk);
                exchanges[1].ct[0] ^= 1;
                EXPECT_EQ(decaps_batch<Set>(tables(), std::span(decapses)), Status::kOk);
              }),
              0u);
    for (size_t i = 0; i < exchanges.size(); ++i) EXPECT_EQ(exchanges[i].agree(), i != 1) << i;
  });
}

template <class Set>
class CtExpandedKey : public CtTest {};
TYPED_TEST_SUITE(CtExpandedKey, AllSets, SetNames);

TYPED_TEST(CtExpandedKey, EveryOperationIsConstantTime) {
  using Set = TypeParam;
  Exchange<Set> exchange;
  ExpandedKey<Set> generated, imported;
  SharedSecret secret;
  const Bytes d_z = test_bytes(3, kSeedBytes);
  const std::span<const uint8_t, Set::kCtBytes> ct(exchange.ct.data(), Set::kCtBytes);
  EXPECT_EQ(leaks_of([&] {
              generated.generate_from_seed(std::span<const uint8_t, kSeedBytes>(d_z.data(), kSeedBytes));
              EXPECT_EQ(imported.import(generated.dk()), Status::kOk);
              std::copy(generated.ek().begin(), generated.ek().end(), exchange.ek.begin());
              EXPECT_EQ(exchange.encaps(chosen_tables()), Status::kOk);
              for (const ExpandedKey<Set>* key : {&generated, &imported})
                for (const uint8_t difference : {uint8_t{0}, uint8_t{1}}) {
                  exchange.ct[0] ^= difference;
                  EXPECT_EQ(key->decaps(secret, ct), Status::kOk);
                }
            }),
            0u);
  EXPECT_TRUE(is_secret(secret.expose().data(), kSharedSecretBytes));
}

}  // namespace
}  // namespace mlkem::test
