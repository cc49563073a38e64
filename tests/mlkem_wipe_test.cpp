// SPDX-License-Identifier: Apache-2.0
// No secret stays behind on the stack: after every operation the stack it ran on is searched for the seeds,
// hashes, noise and keys that it worked with.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <unordered_map>

#include "tests/keccak_sponge.hpp"
#include "tests/mlkem_tables.hpp"
#include "tests/painted_stack.hpp"
#include "tests/vectors.hpp"

namespace mlkem::test {
namespace {

constexpr size_t kWindowBytes = 16;
constexpr size_t kWindowCoefficients = 12;

// What must not be found: octet strings, and polynomials in any representation modulo q.
class Secrets {
 public:
  void add(const char* name, std::span<const uint8_t> octets) {
    for (size_t at = 0; at + kWindowBytes <= octets.size(); ++at) {
      const uint8_t* window = octets.data() + at;
      uint64_t key;
      std::memcpy(&key, window, sizeof key);
      windows_.emplace(key, Window{name, Bytes(window, window + kWindowBytes)});
    }
  }
  void add_polynomial(const char* name, const std::array<int, 256>& coefficients) {
    for (size_t at = 0; at + kWindowCoefficients <= 256; at += 4) {
      std::array<int, kWindowCoefficients> window;
      std::copy_n(coefficients.begin() + ptrdiff_t(at), kWindowCoefficients, window.begin());
      // Noise has many zeros, and so has any stack.
      if (std::count(window.begin(), window.end(), 0) > 6) continue;
      polynomials_.emplace(window[0] | window[1] << 12, std::pair(name, window));
    }
  }

  // The name of one that is found, or an empty string.
  std::string find_in(std::span<const uint8_t> stack) const {
    for (size_t at = 0; at + kWindowBytes <= stack.size(); ++at) {
      uint64_t key;
      std::memcpy(&key, stack.data() + at, sizeof key);
      const auto [first, last] = windows_.equal_range(key);
      for (auto window = first; window != last; ++window)
        if (std::equal(window->second.octets.begin(), window->second.octets.end(),
                       stack.begin() + ptrdiff_t(at)))
          return window->second.name;
    }
    std::vector<int> reduced(stack.size() / 2);
    for (size_t i = 0; i < reduced.size(); ++i) {
      int16_t c;
      std::memcpy(&c, stack.data() + 2 * i, sizeof c);
      reduced[i] = ((c % kernels::kQ) + kernels::kQ) % kernels::kQ;
    }
    for (size_t at = 0; at + kWindowCoefficients <= reduced.size(); ++at) {
      const auto [first, last] = polynomials_.equal_range(reduced[at] | reduced[at + 1] << 12);
      for (auto window = first; window != last; ++window)
        if (std::equal(window->second.second.begin(), window->second.second.end(),
                       reduced.begin() + ptrdiff_t(at)))
          return window->second.first;
    }
    return {};
  }

 private:
  struct Window {
    std::string name;
    Bytes octets;
  };
  std::unordered_multimap<uint64_t, Window> windows_;
  std::unordered_multimap<int, std::pair<std::string, std::array<int, kWindowCoefficients>>> polynomials_;
};

// FIPS 203, Algorithm 6 with d = 12.
std::array<int, 256> decode_12(const uint8_t* in) {
  std::array<int, 256> coefficients;
  for (size_t i = 0; i < 128; ++i) {
    coefficients[2 * i] = in[3 * i] | (in[3 * i + 1] & 15) << 8;
    coefficients[2 * i + 1] = in[3 * i + 1] >> 4 | in[3 * i + 2] << 4;
  }
  return coefficients;
}

// FIPS 203, Algorithm 8.
std::array<int, 256> sample_cbd(const Bytes& prf, int eta) {
  const auto bit = [&](int index) { return prf[size_t(index / 8)] >> (index % 8) & 1; };
  std::array<int, 256> coefficients;
  for (int i = 0; i < 256; ++i) {
    int value = 0;
    for (int j = 0; j < eta; ++j) value += bit(2 * i * eta + j) - bit(2 * i * eta + eta + j);
    coefficients[size_t(i)] = (value + kernels::kQ) % kernels::kQ;
  }
  return coefficients;
}

// An exchange in memory off the stack, and every secret that comes up in it.
template <class Set>
struct Exchange {
  Bytes seed, m;
  Bytes ek = Bytes(Set::kEkBytes), dk = Bytes(Set::kDkBytes), ct = Bytes(Set::kCtBytes), ss = Bytes(32),
        back = Bytes(32);

  explicit Exchange(uint64_t number) : seed(test_bytes(2 * number, 64)), m(test_bytes(2 * number + 1, 32)) {
    const Tables& portable = tables_under_test().front().tables;
    EXPECT_EQ(keygen_one<Set>(portable, ek.data(), dk.data(), seed.data()), Status::kOk);
    EXPECT_EQ(encaps_one<Set>(portable, ct.data(), ss.data(), ek.data(), m.data()), Status::kOk);
  }

  void add_secrets(Secrets& secrets) const {
    secrets.add("d, z", seed);
    const uint8_t k = Set::kK;
    const Bytes rho_sigma =
        Sponge::sha3_512().absorb(std::span(seed).first(32)).absorb(std::span(&k, 1)).squeeze(64);
    add_noise(secrets, "sigma", std::span(rho_sigma).last(32), Set::kEta1, 2 * Set::kK);
    secrets.add("dk_PKE", std::span(dk).first(384 * Set::kK));
    for (size_t i = 0; i < Set::kK; ++i)
      secrets.add_polynomial("s in the NTT domain", decode_12(&dk[384 * i]));

    secrets.add("m", m);
    secrets.add("shared secret", ss);
    const Bytes k_r =
        Sponge::sha3_512().absorb(m).absorb(Sponge::sha3_256().absorb(ek).squeeze(32)).squeeze(64);
    add_noise(secrets, "r", std::span(k_r).last(32), Set::kEta1, Set::kK);
    secrets.add("rejection secret",
                Sponge::shake256().absorb(std::span(seed).last(32)).absorb(ct).squeeze(32));
  }

  static void add_noise(Secrets& secrets, const char* name, std::span<const uint8_t> seed, int eta,
                        size_t count) {
    secrets.add(name, seed);
    for (size_t n = 0; n < count; ++n) {
      const auto counter = uint8_t(n);
      const Bytes prf =
          Sponge::shake256().absorb(seed).absorb(std::span(&counter, 1)).squeeze(size_t(64 * eta));
      secrets.add("noise before sampling", prf);
      secrets.add_polynomial("noise", sample_cbd(prf, eta));
    }
  }
};

template <class Set>
class MlKemWiping : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* reason = PaintedStack::unusable_reason()) GTEST_SKIP() << reason;
    for (uint64_t i = 0; i < kExchanges; ++i) exchanges_.emplace_back(100 + i).add_secrets(secrets_);
  }

  // Runs f and searches the stack that it leaves.
  void expect_clean(const std::string& name, const std::function<void()>& f) {
    // Once before: lazy binding of library functions saves all vector registers on the stack.
    f();
    stack_.run(f);
    EXPECT_EQ(secrets_.find_in(stack_.octets()), "") << "left on the stack by " << name;
  }

  static constexpr size_t kExchanges = 9;
  PaintedStack stack_;
  Secrets secrets_;
  std::vector<Exchange<Set>> exchanges_;
};
TYPED_TEST_SUITE(MlKemWiping, AllSets, SetNames);

TYPED_TEST(MlKemWiping, BatchesLeaveNoSecretOnTheStack) {
  using Set = TypeParam;
  for (const NamedTables& named : tables_under_test())
    for (const size_t n : {size_t(1), this->kExchanges}) {
      std::vector<KeygenJob<Set>> keygens;
      std::vector<EncapsJob<Set>> encapses;
      std::vector<DecapsJob<Set>> decapses;
      for (size_t i = 0; i < n; ++i) {
        Exchange<Set>& e = this->exchanges_[i];
        keygens.push_back({e.ek.data(), e.dk.data(), e.seed.data(), Status::kOk});
        encapses.push_back({e.ct.data(), e.ss.data(), e.ek.data(), e.m.data(), Status::kOk});
        decapses.push_back({e.back.data(), e.ct.data(), e.dk.data(), Status::kOk});
      }
      const std::string name = ", batch of " + std::to_string(n) + ", " + named.name;
      this->expect_clean("keygen" + name,
                         [&] { (void)keygen_batch<Set>(named.tables, std::span(keygens), no_random()); });
      this->expect_clean("encaps" + name,
                         [&] { (void)encaps_batch<Set>(named.tables, std::span(encapses), no_random()); });
      this->expect_clean("decaps" + name,
                         [&] { (void)decaps_batch<Set>(named.tables, std::span(decapses)); });
      for (size_t i = 0; i < n; ++i) EXPECT_EQ(this->exchanges_[i].back, this->exchanges_[i].ss);
    }
}

TYPED_TEST(MlKemWiping, PublicFunctionsLeaveNoSecretOnTheStack) {
  using Set = TypeParam;
  Exchange<Set>& e = this->exchanges_[0];
  const auto dk = std::make_unique<DecapsulationKey<Set>>();
  const auto ss = std::make_unique<SharedSecret>();
  const auto expanded = std::make_unique<ExpandedKey<Set>>();
  const auto ek = std::span<uint8_t, Set::kEkBytes>(e.ek);
  const auto ct = std::span<uint8_t, Set::kCtBytes>(e.ct);
  const auto seed = std::span<const uint8_t, kSeedBytes>(e.seed);
  // As the system's source would, but with the randomness that is searched for.
  const RandomSource gives_seed{[](void* octets, std::span<uint8_t> out) {
                                  std::memcpy(out.data(), octets, out.size());
                                  return true;
                                },
                                e.seed.data()};
  const RandomSource gives_m{gives_seed.fill, e.m.data()};

  this->expect_clean("keygen_from_seed", [&] { keygen_from_seed<Set>(ek, *dk, seed); });
  this->expect_clean("keygen", [&] { (void)keygen<Set>(ek, *dk, gives_seed); });
  this->expect_clean("encaps", [&] { (void)encaps<Set>(ct, *ss, ek, gives_m); });
  this->expect_clean("encaps_from_m", [&] {
    (void)encaps_from_m<Set>(ct, *ss, ek, std::span<const uint8_t, kMessageBytes>(e.m));
  });
  this->expect_clean("decaps", [&] { (void)decaps<Set>(*ss, ct, dk->expose()); });
  this->expect_clean("check_dk", [&] { (void)check_dk<Set>(dk->expose()); });
  this->expect_clean("ExpandedKey::generate", [&] { (void)expanded->generate(gives_seed); });
  this->expect_clean("ExpandedKey::import", [&] { (void)expanded->import(dk->expose()); });
  this->expect_clean("ExpandedKey::decaps", [&] { (void)expanded->decaps(*ss, ct); });
  EXPECT_TRUE(std::equal(e.ss.begin(), e.ss.end(), ss->expose().begin()));

  // The objects themselves: nothing is left in the memory of an expanded key that was cleared.
  expanded->clear();
  const auto* object = reinterpret_cast<const uint8_t*>(expanded.get());
  EXPECT_EQ(this->secrets_.find_in({object, sizeof *expanded}), "");
}

// Proves that the search finds what is there: a function that forgets to wipe each kind of secret.
TYPED_TEST(MlKemWiping, SearchFindsWhatAFunctionForgot) {
  using Set = TypeParam;
  const Exchange<Set>& e = this->exchanges_[1];
  const auto leaves = [&](std::span<const uint8_t> octets) {
    this->stack_.run([octets] {
      alignas(int16_t) uint8_t forgotten[64];
      std::copy_n(octets.begin(), std::min(octets.size(), sizeof forgotten), forgotten);
      asm volatile("" : : "r"(forgotten) : "memory");  // keeps the array, and in one piece
    });
    return this->secrets_.find_in(this->stack_.octets());
  };
  EXPECT_EQ(leaves(std::span(e.seed).subspan(5, 16)), "d, z");
  EXPECT_EQ(leaves(e.m), "m");
  EXPECT_EQ(leaves(e.ss), "shared secret");
  EXPECT_EQ(leaves(std::span(e.dk).subspan(100, 20)), "dk_PKE");
  EXPECT_EQ(leaves(test_bytes(1, 64)), "");

  int16_t centred[32];
  const auto s = decode_12(e.dk.data());
  for (size_t i = 0; i < 32; ++i)
    centred[i] = int16_t(s[i + 8] > kernels::kQ / 2 ? s[i + 8] - kernels::kQ : s[i + 8]);
  EXPECT_EQ(leaves({reinterpret_cast<const uint8_t*>(centred), sizeof centred}), "s in the NTT domain");
}

}  // namespace
}  // namespace mlkem::test
