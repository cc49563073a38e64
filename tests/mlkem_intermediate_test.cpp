// SPDX-License-Identifier: Apache-2.0
// CCTV's worked examples, value by value, through every Arith table: sampling from rho and sigma, NTTs,
// products, compression. It starts from rho and sigma because the examples expand the draft's G(d).
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <map>

#include "tests/keccak_sponge.hpp"
#include "tests/mlkem_cases.hpp"
#include "tests/mlkem_tables.hpp"

namespace mlkem::test {
namespace {

using kernels::Arith;
using kernels::Poly;
using Coefficients = std::array<int, 256>;
constexpr int kQ = kernels::kQ;

// A worked example: octet strings by name; the names of polynomials are ASCII here.
class Example {
 public:
  // False for a file that is none.
  bool read(std::string_view text) {
    for (const auto& [name, value] : named_values(text)) {
      auto bytes = from_hex(value);
      if (!bytes) continue;
      values_[name].push_back(std::move(*bytes));
    }
    return values_.contains("ρ") && values_.contains("σ") && values_.contains("A") && values_.contains("w");
  }
  // The index-th value of this name (r names both a seed and a vector).
  const Bytes& octets(const std::string& name, size_t index = 0) const { return values_.at(name).at(index); }
  Coefficients poly(const std::string& name, size_t poly, size_t index = 0) const {
    const Bytes& in = octets(name, index);
    Coefficients out{};
    for (size_t i = 0; i < 256; i += 2) {
      const uint8_t* pair = &in.at(384 * poly + i / 2 * 3 + 2) - 2;
      out[i] = pair[0] | (pair[1] & 15) << 8;
      out[i + 1] = pair[1] >> 4 | pair[2] << 4;
    }
    return out;
  }
  size_t rank() const { return octets("s").size() / 384; }

 private:
  std::map<std::string, std::vector<Bytes>> values_;
};

// Standard order, centred: what a sum may contain without leaving a kernel's input range.
Poly centred(const Coefficients& from) {
  Poly poly;
  for (size_t i = 0; i < 256; ++i) poly.c[i] = int16_t(from[i] > kQ / 2 ? from[i] - kQ : from[i]);
  return poly;
}
Coefficients reduced(const Poly& poly) {
  Coefficients out{};
  for (size_t i = 0; i < 256; ++i) out[i] = (poly.c[i] % kQ + kQ) % kQ;
  return out;
}
Coefficients in_standard(const Arith& arith, Poly poly) {
  arith.to_standard(poly);
  return reduced(poly);
}

// sum of a[i] o b[i], b transformed: a product.
Poly inner_product(const Arith& arith, const std::vector<Poly>& a, const std::vector<Poly>& b) {
  std::vector<kernels::MulCache> caches(b.size());
  for (size_t i = 0; i < b.size(); ++i) arith.mul_cache(caches[i], b[i]);
  Poly out;
  arith.multiply_accumulate(out, a.data(), 1, b.data(), caches.data(), unsigned(b.size()));
  return out;
}

void check_example(const Arith& arith, const Example& e) {
  const size_t k = e.rank();
  const auto cbd_eta1 = k == 2 ? arith.cbd_3 : arith.cbd_2;
  const size_t eta1_bytes = k == 2 ? 192 : 128;
  const auto compress_u = k == 4 ? arith.compress_11 : arith.compress_10;
  const auto compress_v = k == 4 ? arith.compress_5 : arith.compress_4;
  const auto decompress_u = k == 4 ? arith.decompress_11 : arith.decompress_10;
  const auto decompress_v = k == 4 ? arith.decompress_5 : arith.decompress_4;

  const auto decode = [&](const std::string& name, size_t index) {
    Poly poly;
    EXPECT_EQ(arith.byte_decode_12(poly, &e.octets(name).at(384 * index + 383) - 383), 0u) << name;
    EXPECT_EQ(in_standard(arith, poly), e.poly(name, index)) << name;
    return poly;
  };
  const auto transform = [&](const std::string& name, size_t index, size_t which, const std::string& want) {
    Poly poly = centred(e.poly(name, index, which));
    arith.ntt(poly);
    EXPECT_EQ(in_standard(arith, poly), e.poly(want, index)) << want;
    uint8_t encoded[384];
    arith.byte_encode_12(encoded, poly);
    EXPECT_TRUE(std::equal(encoded, encoded + 384, e.octets(want).begin() + ptrdiff_t(384 * index))) << want;
    return poly;
  };
  const auto sample_noise = [&](const Bytes& seed, size_t n, size_t bytes, auto cbd) {
    const auto counter = uint8_t(n);
    Poly poly;
    cbd(poly, Sponge::shake256().absorb(seed).absorb(std::span(&counter, 1)).squeeze(bytes).data());
    return reduced(poly);
  };

  // FIPS 203, Algorithm 13.
  std::vector<Poly> s, noise;
  for (size_t i = 0; i < k; ++i) {
    EXPECT_EQ(sample_noise(e.octets("σ"), i, eta1_bytes, cbd_eta1), e.poly("s", i)) << "s";
    EXPECT_EQ(sample_noise(e.octets("σ"), k + i, eta1_bytes, cbd_eta1), e.poly("e", i)) << "e";
    s.push_back(transform("s", i, 0, "dkPKE = NTT(s)"));
    noise.push_back(transform("e", i, 0, "NTT(e)"));
  }
  for (size_t i = 0; i < k; ++i) {
    std::vector<Poly> row;
    for (size_t j = 0; j < k; ++j) {
      row.push_back(decode("A", i * k + j));
      const uint8_t indices[] = {uint8_t(j), uint8_t(i)};
      Poly sampled;
      const Bytes xof = Sponge::shake128().absorb(e.octets("ρ")).absorb(indices).squeeze(168 * 8);
      EXPECT_EQ(arith.reject_vartime(sampled, 0, xof.data(), xof.size()), 256u);
      EXPECT_EQ(in_standard(arith, sampled), e.poly("A", i * k + j)) << "A sampled";
    }
    Poly t = inner_product(arith, row, s);
    arith.add_product(t, noise[i]);
    EXPECT_EQ(in_standard(arith, t), e.poly("t", i)) << "t";
  }

  // Algorithm 14. The first value named r is the seed, the second the vector.
  const Bytes& seed_r = e.octets("r");
  std::vector<Poly> r, t;
  for (size_t i = 0; i < k; ++i) {
    EXPECT_EQ(sample_noise(seed_r, i, eta1_bytes, cbd_eta1), e.poly("r", i, 1)) << "r";
    EXPECT_EQ(sample_noise(seed_r, k + i, 128, arith.cbd_2), e.poly("e1", i)) << "e1";
    r.push_back(transform("r", i, 1, "NTT(r)"));
    t.push_back(decode("t", i));
  }
  EXPECT_EQ(sample_noise(seed_r, 2 * k, 128, arith.cbd_2), e.poly("e2", 0)) << "e2";
  Bytes c1, c2(k == 4 ? 160 : 128);
  for (size_t i = 0; i < k; ++i) {
    std::vector<Poly> row;
    for (size_t j = 0; j < k; ++j) row.push_back(decode("A^T", i * k + j));
    Poly u = inner_product(arith, row, r);
    arith.inverse_ntt(u);
    arith.add(u, centred(e.poly("e1", i)));
    EXPECT_EQ(reduced(u), e.poly("u", i)) << "u";
    Bytes part(k == 4 ? 352 : 320);
    compress_u(part.data(), u);
    c1.insert(c1.end(), part.begin(), part.end());
  }
  EXPECT_EQ(c1, e.octets("c1"));
  Poly mu;
  arith.decompress_1(mu, e.octets("m").data());
  EXPECT_EQ(reduced(mu), e.poly("μ", 0)) << "mu";
  Poly v = inner_product(arith, t, r);
  arith.inverse_ntt(v);
  arith.add(v, centred(e.poly("e2", 0)));
  arith.add(v, centred(e.poly("μ", 0)));
  compress_v(c2.data(), v);
  EXPECT_EQ(c2, e.octets("c2"));

  // Algorithm 15.
  std::vector<Poly> u_back(k);
  for (size_t i = 0; i < k; ++i) {
    decompress_u(u_back[i], c1.data() + c1.size() / k * i);
    EXPECT_EQ(reduced(u_back[i]), e.poly("uᵈ", i)) << "u'";
    arith.ntt(u_back[i]);
    EXPECT_EQ(in_standard(arith, u_back[i]), e.poly("NTT(uᵈ)", i)) << "NTT(u')";
  }
  Poly w;
  decompress_v(w, c2.data());
  EXPECT_EQ(reduced(w), e.poly("vᵈ", 0)) << "v'";
  std::vector<Poly> s_hat;
  for (size_t i = 0; i < k; ++i) s_hat.push_back(decode("dkPKE = NTT(s)", i));
  Poly product = inner_product(arith, s_hat, u_back);
  arith.inverse_ntt(product);
  arith.sub(w, product);
  EXPECT_EQ(reduced(w), e.poly("w", 0)) << "w";
  Bytes m(32);
  arith.compress_1(m.data(), w);
  EXPECT_EQ(m, e.octets("m"));
}

TEST(MlKemIntermediateValues, AgreeWithWorkedExamples) {
  size_t examples = 0;
  for (const auto& path : vector_files({".txt"})) {
    std::string reason;
    const auto text = read_vector_file(path, &reason);
    Example example;
    if (!text || !example.read(*text)) continue;
    ++examples;
    size_t tables = 0;
    for (const Arith* arith : kernels::arith_tables()) {
      if (!kernels::covers(kernels::isa_of(kernels::cpu_features()), arith->needs)) continue;
      SCOPED_TRACE(display_name(path) + ", " + arith->name);
      ASSERT_NO_THROW(check_example(*arith, example)) << "a value is missing or too short";
      ++tables;
    }
    std::printf("[  VECTORS ] %s: every intermediate value from rho and sigma to w checked with %zu tables\n",
                display_name(path).c_str(), tables);
  }
  if (examples == 0) GTEST_SKIP() << no_vectors_reason("CCTV intermediate values (or zlib to unpack them)");
}

}  // namespace
}  // namespace mlkem::test
