// SPDX-License-Identifier: Apache-2.0
// Code points, sizes and names of ikev2/numbers.
#include "tests/ikev2_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

TEST(Numbers_KeMethods, RegistryIsTheDefaultNumbering) {
  EXPECT_EQ(code_point(KeMethod::kMlKem512), 35);
  EXPECT_EQ(code_point(KeMethod::kMlKem768), 36);
  EXPECT_EQ(code_point(KeMethod::kMlKem1024), 37);
  EXPECT_EQ(code_point(KeMethod::kX25519), 31);
  for (KeMethod method : kAllMethods) EXPECT_EQ(ke_method(*code_point(method)), method);
}

TEST(Numbers_KeMethods, Draft00MovesMlKemOnly) {
  const auto draft = MlKemNumbering::kDraft00;
  EXPECT_EQ(code_point(KeMethod::kMlKem512, draft), std::nullopt);
  EXPECT_EQ(code_point(KeMethod::kMlKem768, draft), 35);
  EXPECT_EQ(code_point(KeMethod::kMlKem1024, draft), 36);
  EXPECT_EQ(ke_method(35, draft), KeMethod::kMlKem768);
  EXPECT_EQ(ke_method(36, draft), KeMethod::kMlKem1024);
  EXPECT_EQ(ke_method(37, draft), std::nullopt);
  for (KeMethod method : kAllMethods)
    if (!is_ml_kem(method)) {
      EXPECT_EQ(code_point(method, draft), code_point(method));
      EXPECT_EQ(ke_method(*code_point(method), draft), method);
    }
}

TEST(Numbers_KeMethods, UnknownNumbersGiveNothing) {
  unsigned known = 0;
  for (unsigned number = 0; number <= UINT16_MAX; ++number) known += ke_method(uint16_t(number)).has_value();
  EXPECT_EQ(known, std::size(kAllMethods));
  EXPECT_EQ(code_point(KeMethod(1)), std::nullopt);
  EXPECT_EQ(sizes(KeMethod(1)).secret, 0u);
  EXPECT_EQ(name(KeMethod(1)), "unknown");
}

TEST(Numbers_Names, RoundTrip) {
  for (KeMethod method : kAllMethods) EXPECT_EQ(ke_method_named(name(method)), method);
  for (PrfId prf : kAllPrfs) EXPECT_EQ(prf_named(name(prf)), prf);
  for (int integ : {0, 2, 12, 13, 14}) EXPECT_EQ(integrity_named(name(IntegId(integ))), IntegId(integ));
  unsigned ciphers = 0;
  for (uint16_t id = 0; id < 64; ++id)
    for (uint16_t bits : std::initializer_list<uint16_t>{0, 128, 192, 256}) {
      const Encryption encryption{EncrId(id), bits};
      if (!is_valid(encryption)) continue;
      ++ciphers;
      EXPECT_EQ(encryption_named(name(encryption)), encryption);
    }
  EXPECT_EQ(ciphers, 13u);
}

TEST(Numbers_Names, AliasesAndUnknownNames) {
  EXPECT_EQ(ke_method_named("curve25519"), KeMethod::kX25519);
  EXPECT_EQ(encryption_named("aes256gcm128"), (Encryption{EncrId::kAesGcm16, 256}));
  EXPECT_EQ(prf_named("prfsha384"), PrfId::kHmacSha384);
  for (const char* wrong : {"", "X25519", "mlkem", "mlkem768 ", "ke1_mlkem768", "aes", "sha256"})
    EXPECT_FALSE(ke_method_named(wrong)) << wrong;
  EXPECT_FALSE(prf_named(""));
  EXPECT_FALSE(encryption_named("aes512gcm16"));
  EXPECT_FALSE(integrity_named("md5"));
}

TEST(Numbers_Sizes, KeysHoldTheirSalts) {
  EXPECT_EQ(key_bytes(Encryption{EncrId::kAesCbc, 256}), 32u);
  EXPECT_EQ(key_bytes(Encryption{EncrId::kAesCtr, 128}), 20u);
  EXPECT_EQ(key_bytes(Encryption{EncrId::kAesCcm16, 192}), 27u);
  EXPECT_EQ(key_bytes(Encryption{EncrId::kAesGcm16, 256}), 36u);
  EXPECT_EQ(key_bytes(Encryption{EncrId::kChacha20Poly1305, 0}), 36u);
  EXPECT_EQ(key_bytes(Encryption{EncrId::kChacha20Poly1305, 256}), 0u);
  EXPECT_EQ(key_bytes(Encryption{EncrId::kAesGcm16, 0}), 0u);
  EXPECT_FALSE(is_aead(EncrId::kAesCtr));
  EXPECT_TRUE(is_aead(EncrId::kAesCcm16));
  EXPECT_EQ(iv_bytes(EncrId::kAesCbc), 16u);
  EXPECT_EQ(icv_bytes(EncrId::kAesGcm16), 16u);
}

TEST(Numbers_Sizes, IntegrityKeysAreAsLongAsTheHash) {
  const size_t expected[][3] = {{2, 20, 12}, {12, 32, 16}, {13, 48, 24}, {14, 64, 32}};
  for (const auto& [id, key, icv] : expected) {
    EXPECT_EQ(key_bytes(IntegId(id)), key);
    EXPECT_EQ(icv_bytes(IntegId(id)), icv);
  }
  for (PrfId prf : kAllPrfs) EXPECT_LE(output_bytes(prf), kMaxPrfBytes);
}

TEST(Numbers_Notifies, HaveTheirRegisteredNames) {
  EXPECT_EQ(name(NotifyType(7)), "INVALID_SYNTAX");
  EXPECT_EQ(name(NotifyType(47)), "STATE_NOT_FOUND");
  EXPECT_EQ(name(NotifyType(16441)), "ADDITIONAL_KEY_EXCHANGE");
  EXPECT_EQ(name(NotifyType::kNone), "unknown");
}

TEST(Numbers_Exchanges, HaveTheirRegisteredNames) {
  EXPECT_EQ(name(ExchangeType(34)), "IKE_SA_INIT");
  EXPECT_EQ(name(ExchangeType(35)), "IKE_AUTH");
  EXPECT_EQ(name(ExchangeType(36)), "CREATE_CHILD_SA");
  EXPECT_EQ(name(ExchangeType(37)), "INFORMATIONAL");
  EXPECT_EQ(name(ExchangeType(43)), "IKE_INTERMEDIATE");
  EXPECT_EQ(name(ExchangeType(44)), "IKE_FOLLOWUP_KE");
  unsigned known = 0;
  for (unsigned number = 0; number <= UINT8_MAX; ++number) known += name(ExchangeType(number)) != "unknown";
  EXPECT_EQ(known, 6u);
}

// RFC 7296, section 3.2, and SKF of RFC 7383.
TEST(Numbers_Payloads, HaveTheNotationOfTheStandard) {
  const char* const names[] = {"SA", "KE", "IDi", "IDr", "CERT", "CERTREQ", "AUTH", "Nonce",
                               "N",  "D",  "V",   "TSi", "TSr",  "SK",      "CP",   "EAP"};
  for (unsigned i = 0; i < std::size(names); ++i) EXPECT_EQ(name(PayloadType(33 + i)), names[i]);
  EXPECT_EQ(name(PayloadType(53)), "SKF");
  unsigned known = 0;
  for (unsigned number = 0; number <= UINT8_MAX; ++number) known += name(PayloadType(number)) != "unknown";
  EXPECT_EQ(known, std::size(names) + 1);
}

}  // namespace
}  // namespace mlkem::test
