// SPDX-License-Identifier: Apache-2.0
// AlgorithmIdentifiers written and parsed, announced hashes, and what goes with which key (RFC 7427).
#include "mlkem-ike/ikev2/signature.hpp"

#include "tests/ikev2_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;
using enum SignatureHash;

constexpr SignatureAlgorithm kEd25519Algorithm{SignatureScheme::kEd25519, kIdentity};
constexpr SignatureAlgorithm ecdsa(SignatureHash hash) {
  return {SignatureScheme::kEcdsa, hash};
}
constexpr SignatureAlgorithm rsa_pkcs1(SignatureHash hash) {
  return {SignatureScheme::kRsaPkcs1, hash};
}

// RFC 7427, appendix A.
const struct {
  SignatureAlgorithm algorithm;
  const char* der;
} kIdentifiers[] = {
    {rsa_pss(kSha256),
     "304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096"
     "08648"
     "0165030402010500a203020120a303020101"},
    {rsa_pss(kSha384),
     "304606092a864886f70d01010a3039a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096"
     "08648"
     "0165030402020500a203020130a303020101"},
    {rsa_pss(kSha512),
     "304606092a864886f70d01010a3039a00f300d06096086480165030402030500a11c301a06092a864886f70d010108300d06096"
     "08648"
     "0165030402030500a203020140a303020101"},
    {rsa_pkcs1(kSha256), "300d06092a864886f70d01010b0500"},
    {rsa_pkcs1(kSha384), "300d06092a864886f70d01010c0500"},
    {rsa_pkcs1(kSha512), "300d06092a864886f70d01010d0500"},
    {ecdsa(kSha256), "300a06082a8648ce3d040302"},
    {ecdsa(kSha384), "300a06082a8648ce3d040303"},
    {ecdsa(kSha512), "300a06082a8648ce3d040304"},
    {kEd25519Algorithm, "300506032b6570"},
};

TEST(AlgorithmIdentifier, IsThatOfTheStandardBothWays) {
  for (const auto& [algorithm, der] : kIdentifiers) {
    EXPECT_EQ(hex(algorithm_identifier(algorithm)), der);
    const auto read = read_algorithm_identifier(unhex(der));
    ASSERT_TRUE(read) << der;
    EXPECT_EQ(*read, algorithm) << der;
  }
}

TEST(AlgorithmIdentifier, IsEmptyForWhatIsNone) {
  for (const SignatureAlgorithm algorithm :
       {SignatureAlgorithm{SignatureScheme::kRsaPss, kSha256, 20}, rsa_pss(kIdentity), rsa_pkcs1(kIdentity),
        ecdsa(kIdentity), SignatureAlgorithm{SignatureScheme::kEd25519, kSha512}})
    EXPECT_TRUE(algorithm_identifier(algorithm).empty());
}

TEST(AlgorithmIdentifier, IsReadWithOptionalFieldsLeftOut) {
  const struct {
    const char* der;
    SignatureAlgorithm algorithm;
  } cases[] = {
      // No parameters of RSA PKCS#1 v1.5.
      {"300b06092a864886f70d01010c", rsa_pkcs1(kSha384)},
      // RSA-PSS: no trailer; no parameters of the hashes either; the default salt; a salt of two octets; none.
      {"304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d060"
       "960864801"
       "65030402010500a203020120",
       rsa_pss(kSha256)},
      {"303d06092a864886f70d01010a3030a00d300b0609608648016503040202a11a301806092a864886f70d010108300b0609608"
       "6480165"
       "03040202a203020130",
       rsa_pss(kSha384)},
      {"303c06092a864886f70d01010a302fa00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d060"
       "960864801"
       "65030402010500",
       {SignatureScheme::kRsaPss, kSha256, 20}},
      {"304206092a864886f70d01010a3035a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d060"
       "960864801"
       "65030402010500a204020200de",
       {SignatureScheme::kRsaPss, kSha256, 222}},
      {"304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d060"
       "960864801"
       "65030402010500a203020100",
       {SignatureScheme::kRsaPss, kSha256, 0}},
  };
  for (const auto& [der, algorithm] : cases) {
    const auto read = read_algorithm_identifier(unhex(der));
    ASSERT_TRUE(read) << der;
    EXPECT_EQ(*read, algorithm) << der;
  }
}

TEST(AlgorithmIdentifier, RefusesEverythingElse) {
  for (
      const char* der : {
          "",
          "30",
          "3000",
          "0500",
          "300d06092a864886f70d0101050500",      // SHA-1 with RSA
          "300d06092a864886f70d0101040500",      // MD5 with RSA
          "300d06092a864886f70d01010e0500",      // SHA-224 with RSA
          "300d06092a864886f70d0101010500",      // rsaEncryption
          "300906072a8648ce3d0401",              // SHA-1 with ECDSA
          "300a06082a8648ce3d040301",            // SHA-224 with ECDSA
          "300c06082a8648ce3d0403020500",        // ECDSA with NULL
          "300506032b6571",                      // Ed448
          "300706032b65700500",                  // Ed25519 with NULL
          "300b0609608648016503040312",          // ML-DSA-65
          "300b0609608648016503040302",          // SHA-256 with DSA
          "300f06092a864886f70d01010b05000500",  // two parameters
          "300e06092a864886f70d01010b050100",    // NULL with content
          "300d06092a864886f70d01010b050000",    // an octet behind the sequence
          "30810d06092a864886f70d01010b0500",    // lengths that are no DER
          "308006092a864886f70d01010b05000000",
          "3082000d06092a864886f70d01010b0500",
          "300d06092a864886f70d01010a3000",  // RSA-PSS with SHA-1 by default
          "300b06092a864886f70d01010a",
          "300d06092a864886f70d01010a0500",
          // RSA-PSS: SHA-1; SHA-1 for the mask, stated and by default; another hash for the mask.
          "303e06092a864886f70d01010a3031a00b300906052b0e03021a0500a118301606092a864886f70d010108300906052b0"
          "e03021a"
          "0500a203020114a303020101",
          "304206092a864886f70d01010a3035a00f300d06096086480165030402010500a118301606092a864886f70d010108300"
          "9"
          "06052b0e03021a0500a203020120a303020101",
          "302306092a864886f70d01010a3016a00f300d06096086480165030402010500a203020120",
          "304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300"
          "d06096086"
          "480165030402020500a203020120a303020101",
          // Another mask generation function; a trailer of 2; an empty one; fields in the wrong order.
          "304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a864886f70d010109300"
          "d06096086"
          "480165030402010500a203020120a303020101",
          "304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300"
          "d06096086"
          "480165030402010500a203020120a303020102",
          "304306092a864886f70d01010a3036a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300"
          "d06096086"
          "480165030402010500a203020120a300",
          "304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300"
          "d06096086"
          "480165030402010500a303020101a203020120",
          // Negative salts of one and of two octets, one that is not in the shortest form, one of three octets.
          "304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d"
          "06096086480165030402010500a2030201a0a303020101",
          "304206092a864886f70d01010a3035a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d"
          "06096086480165030402010500a20402028020",
          "304206092a864886f70d01010a3035a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d"
          "06096086480165030402010500a20402020020",
          "304306092a864886f70d01010a3036a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d"
          "06096086480165030402010500a2050203010020",
      }) {
    SCOPED_TRACE(der);
    expect_peer_fault(read_algorithm_identifier(unhex(der)), NotifyType::kAuthenticationFailed);
  }
}

// A changed octet never reads as the same algorithm, a missing or an additional one never reads at all.
TEST(AlgorithmIdentifier, DamageIsSeen) {
  for (const auto& [algorithm, text] : kIdentifiers) {
    const Bytes der = unhex(text);
    for (size_t i = 0; i < der.size(); ++i)
      for (unsigned octet = 0; octet < 256; ++octet) {
        if (octet == der[i]) continue;
        Bytes damaged = der;
        damaged[i] = uint8_t(octet);
        const auto read = read_algorithm_identifier(damaged);
        EXPECT_FALSE(read && *read == algorithm) << text << " with " << octet << " at " << i;
      }
    for (size_t size = 0; size < der.size(); ++size)
      EXPECT_FALSE(read_algorithm_identifier(Octets(der).first(size))) << text << " cut to " << size;
    Bytes longer = der;
    longer.push_back(0);
    EXPECT_FALSE(read_algorithm_identifier(longer)) << text;
  }
}

TEST(SignatureHashes, AreWrittenInOrderAndReadBack) {
  std::array<uint8_t, kMaxSignatureHashesBytes> out{};
  const auto all = write_signature_hashes(out, kAllSignatureHashes);
  ASSERT_TRUE(all);
  EXPECT_EQ(hex(Octets(out).first(*all)), "0002000300040005");
  const auto two = write_signature_hashes(out, {kIdentity, kSha384});
  ASSERT_TRUE(two);
  EXPECT_EQ(hex(Octets(out).first(*two)), "00030005");
  const auto none = write_signature_hashes(out, {});
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, 0u);
  expect_error(write_signature_hashes(std::span(out).first(7), kAllSignatureHashes), ErrorKind::kMisuse);
  for (unsigned set = 0; set < 16; ++set) {
    SignatureHashes hashes;
    for (unsigned i = 0; i < 4; ++i)
      if (set >> i & 1) hashes.add(SignatureHash(2 + i));
    const auto size = write_signature_hashes(out, hashes);
    ASSERT_TRUE(size);
    const auto read = read_signature_hashes(Octets(out).first(*size));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, hashes);
  }
}

TEST(SignatureHashes, LeaveOutShaOneAndTheUnknown) {
  const auto read = read_signature_hashes(unhex("000100020000000600100102fffe000400040022"));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, (SignatureHashes{kSha256, kSha512}));
  const auto sha1_alone = read_signature_hashes(unhex("0001"));
  ASSERT_TRUE(sha1_alone);
  EXPECT_EQ(*sha1_alone, SignatureHashes());
  expect_peer_fault(read_signature_hashes(unhex("000200")), NotifyType::kInvalidSyntax);
}

TEST(SignatureAlgorithm, FitsNoKeyWithAHashOfAnotherScheme) {
  using enum SignatureKeyType;
  for (const SignatureKeyType key : {kRsa, kEcdsaP256, kEcdsaP384, kEcdsaP521, kEd25519}) {
    for (const SignatureHash hash : {kSha256, kSha384, kSha512})
      EXPECT_FALSE(fits(key, {SignatureScheme::kEd25519, hash}));
    for (const SignatureScheme scheme :
         {SignatureScheme::kRsaPkcs1, SignatureScheme::kRsaPss, SignatureScheme::kEcdsa})
      EXPECT_FALSE(fits(key, {scheme, kIdentity}));
  }
}

TEST(SignatureAlgorithm, IsTheShortestThatFitsAndWasAnnounced) {
  using enum SignatureKeyType;
  const struct {
    SignatureKeyType key;
    SignatureHashes announced;
    std::optional<SignatureAlgorithm> chosen;
  } cases[] = {
      {kRsa, kAllSignatureHashes, rsa_pss(kSha256)},
      {kRsa, {kSha512, kSha384}, rsa_pss(kSha384)},
      {kRsa, {kSha512, kIdentity}, rsa_pss(kSha512)},
      {kRsa, {kIdentity}, std::nullopt},
      {kRsa, {}, std::nullopt},
      {kEcdsaP256, kAllSignatureHashes, ecdsa(kSha256)},
      {kEcdsaP256, {kSha512}, ecdsa(kSha512)},
      {kEcdsaP384, kAllSignatureHashes, ecdsa(kSha384)},
      {kEcdsaP384, {kSha256, kIdentity}, std::nullopt},
      {kEcdsaP521, kAllSignatureHashes, ecdsa(kSha512)},
      {kEcdsaP521, {kSha256, kSha384, kIdentity}, std::nullopt},
      {kEd25519, {kIdentity}, kEd25519Algorithm},
      {kEd25519, {kSha256, kSha384, kSha512}, std::nullopt},
  };
  for (const auto& [key, announced, chosen] : cases) {
    const auto got = choose_signature_algorithm(key, announced);
    if (chosen) {
      ASSERT_TRUE(got);
      EXPECT_EQ(*got, *chosen);
      EXPECT_TRUE(fits(key, *got));
    } else {
      expect_peer_fault(got, NotifyType::kAuthenticationFailed);
    }
  }
}

}  // namespace
}  // namespace mlkem::test
