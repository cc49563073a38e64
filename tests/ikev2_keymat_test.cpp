// SPDX-License-Identifier: Apache-2.0
// The key schedule's edges: limits, misuse, lengths of keys, the PRF switch of a rekey, IntAuth and AUTH
// rules. Known answers are in ikev2_recordings_test.cpp and ikev2_vectors_test.cpp.
#include "tests/ikev2_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

const Bytes kNi(32, 0x11), kNr(32, 0x22), kSecret(32, 0x33), kKey(32, 0x44);
constexpr Encryption kGcm{EncrId::kAesGcm16, 256};

IkeSaInputs inputs(PrfId prf = PrfId::kHmacSha384, Encryption encryption = kGcm,
                   IntegId integrity = IntegId::kNone) {
  return {{prf, encryption, integrity}, kNi, kNr, {1, 2, 3}, {4, 5, 6}};
}

std::unique_ptr<Prf> new_prf(PrfId id = PrfId::kHmacSha384) {
  return *new_crypto()->make_prf(id);
}

const Bytes& test_octets() {
  static const Bytes octets = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return octets;
}

TEST(PrfPlus, Ends255BlocksOn) {
  for (PrfId id : kAllPrfs) {
    const auto prf = new_prf(id);
    const Octets seed[] = {kNi};
    Bytes out(255 * output_bytes(id));
    EXPECT_TRUE(prf_plus(*prf, kKey, seed, out));
    // The last block by the definition: T255 = prf(K, T254 | S | 0xff).
    const size_t block = output_bytes(id);
    const uint8_t counter = 255;
    const Octets parts[] = {Octets(out).subspan(253 * block, block), kNi, Octets(&counter, 1)};
    EXPECT_TRUE(compute_prf(*prf, kKey, parts)->equals(Octets(out).last(block)));
    out.resize(out.size() + 1);
    expect_error(prf_plus(*prf, kKey, seed, out), ErrorKind::kMisuse);
    out.resize(256 * output_bytes(id));
    expect_error(prf_plus(*prf, kKey, seed, out), ErrorKind::kMisuse);
  }
}

TEST(PrfPlus, ShorterOutputsArePrefixes) {
  const auto prf = new_prf(PrfId::kHmacSha256);
  const Octets seed[] = {kNi, kNr}, joined[] = {view("a"), view("bc")}, other[] = {view("ab"), view("c")};
  Bytes full(100);
  ASSERT_TRUE(prf_plus(*prf, kKey, seed, full));
  for (size_t size = 0; size <= full.size(); ++size) {
    Bytes out(size);
    ASSERT_TRUE(prf_plus(*prf, kKey, seed, out));
    EXPECT_TRUE(std::equal(out.begin(), out.end(), full.begin()));
  }
  Bytes once(40), again(40);
  ASSERT_TRUE(prf_plus(*prf, kKey, joined, once));
  ASSERT_TRUE(prf_plus(*prf, kKey, other, again));
  EXPECT_EQ(once, again) << "only the concatenation counts";
}

TEST(PrfPlus, TooManyPartsAreMisuse) {
  const auto prf = new_prf();
  const std::vector<Octets> seed(kMaxSeedParts + 1, Octets(kNi));
  Bytes out(8);
  EXPECT_TRUE(prf_plus(*prf, kKey, Parts(seed).first(kMaxSeedParts), out));
  expect_error(prf_plus(*prf, kKey, seed, out), ErrorKind::kMisuse);
}

// Fails at the n-th computation.
class FailingPrf final : public Prf {
 public:
  explicit FailingPrf(int good) : good_(good) {}
  PrfId id() const noexcept override { return PrfId::kHmacSha256; }
  Result<void> set_key(Octets) noexcept override { return {}; }
  Result<void> compute(Parts, std::span<uint8_t> out) noexcept override {
    if (good_-- == 0) return crypto_failure("as told");
    std::fill(out.begin(), out.end(), uint8_t(0x77));
    return {};
  }

 private:
  int good_;
};

TEST(PrfPlus, AFailureLeavesZeros) {
  FailingPrf prf(2);
  const Octets seed[] = {kNi};
  Bytes out(100, 0x55);
  expect_error(prf_plus(prf, kKey, seed, out), ErrorKind::kCrypto);
  EXPECT_EQ(out, Bytes(100));
}

TEST(IkeKeys, FailuresComeThrough) {
  for (int good = 0; good < 12; ++good) {
    FailingPrf prf(good);
    const auto keys = initial_keys(prf, inputs(PrfId::kHmacSha256), kSecret);
    // SKEYSEED and six blocks: 3 * 32 + 2 * 36 octets.
    EXPECT_EQ(bool(keys), good >= 7) << good;
    if (!keys) {
      EXPECT_EQ(keys.error().kind, ErrorKind::kCrypto);
    }
  }
}

TEST(IkeKeys, LengthsFollowTheAlgorithms) {
  const struct {
    Encryption encryption;
    IntegId integrity;
    size_t encryption_bytes, integrity_bytes;
  } rows[] = {{kGcm, IntegId::kNone, 36, 0},
              {{EncrId::kAesCcm16, 128}, IntegId::kNone, 19, 0},
              {{EncrId::kChacha20Poly1305, 0}, IntegId::kNone, 36, 0},
              {{EncrId::kAesCbc, 256}, IntegId::kHmacSha512_256, 32, 64},
              {{EncrId::kAesCtr, 192}, IntegId::kHmacSha1_96, 28, 20}};
  for (PrfId id : kAllPrfs)
    for (const auto& row : rows) {
      const auto prf = new_prf(id);
      const auto keys = initial_keys(*prf, inputs(id, row.encryption, row.integrity), kSecret);
      ASSERT_TRUE(keys) << keys.error().message;
      for (const PrfSecret* key : {&keys->sk_d, &keys->sk_pi, &keys->sk_pr})
        EXPECT_EQ(key->size(), output_bytes(id));
      for (const PrfSecret* key : {&keys->sk_ai, &keys->sk_ar}) EXPECT_EQ(key->size(), row.integrity_bytes);
      for (const EncryptionKey* key : {&keys->sk_ei, &keys->sk_er})
        EXPECT_EQ(key->size(), row.encryption_bytes);
      const auto child = child_keys(*prf, keys->sk_d.expose(), row.encryption, row.integrity, kNi, kNr);
      ASSERT_TRUE(child);
      EXPECT_EQ(child->encryption_i.size(), row.encryption_bytes);
      EXPECT_EQ(child->integrity_r.size(), row.integrity_bytes);
    }
}

// The order SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr, and none left out.
TEST(IkeKeys, AreConsecutivePiecesOfPrfPlus) {
  const auto prf = new_prf(PrfId::kHmacSha256);
  const IkeSaInputs in = inputs(PrfId::kHmacSha256, {EncrId::kAesCtr, 128}, IntegId::kHmacSha1_96);
  const auto skeyseed = skeyseed_initial(*prf, kNi, kNr, kSecret);
  Bytes all(3 * 32 + 2 * 20 + 2 * 20);
  const Octets seed[] = {kNi, kNr, in.spi_i, in.spi_r};
  ASSERT_TRUE(prf_plus(*prf, skeyseed->expose(), seed, all));
  const auto keys = initial_keys(*prf, in, kSecret);
  std::string joined;
  for (Octets key : {keys->sk_d.expose(), keys->sk_ai.expose(), keys->sk_ar.expose(), keys->sk_ei.expose(),
                     keys->sk_er.expose(), keys->sk_pi.expose(), keys->sk_pr.expose()})
    joined += hex(key);
  EXPECT_EQ(joined, hex(all));
}

TEST(IkeKeys, NoncesAreCheckedInEveryForm) {
  const auto prf = new_prf();
  const Octets secrets[] = {kSecret};
  const Bytes too_long(kMaxNonceBytes + 1, 1), empty;
  for (const Bytes& nonce : {too_long, empty}) {
    expect_error(skeyseed_initial(*prf, nonce, kNr, kSecret), ErrorKind::kMisuse);
    expect_error(skeyseed_chained(*prf, kKey, kSecret, kNi, nonce), ErrorKind::kMisuse);
    expect_error(skeyseed_rekey(*prf, kKey, secrets, nonce, kNr), ErrorKind::kMisuse);
    expect_error(child_keys(*prf, kKey, kGcm, IntegId::kNone, kNi, nonce), ErrorKind::kMisuse);
    IkeSaInputs changed = inputs();
    changed.ni = nonce;
    expect_error(expand_skeyseed(*prf, kKey, changed), ErrorKind::kMisuse);
  }
}

TEST(PrfPlus, MisuseLeavesZerosToo) {
  const auto prf = new_prf();
  const Octets seed[] = {kNi};
  Bytes out(256 * output_bytes(PrfId::kHmacSha384), 0xee);
  expect_error(prf_plus(*prf, kKey, seed, out), ErrorKind::kMisuse);
  EXPECT_EQ(out, Bytes(out.size(), 0));
  out.assign(10, 0xee);
  expect_error(prf_plus(*prf, {}, seed, out), ErrorKind::kMisuse);
  EXPECT_EQ(out, Bytes(10, 0));
}

TEST(IntAuthState, AMovedFromOneHasNoMessages) {
  const auto prf = new_prf();
  const Octets message[] = {kNi};
  IntAuth first;
  EXPECT_TRUE(first.add(*prf, kKey, message));
  const IntAuth second = std::move(first);
  EXPECT_EQ(first.messages(), 0u);
  EXPECT_EQ(second.messages(), 1u);
  expect_error(int_auth_suffix(first, second, 1), ErrorKind::kMisuse);
  IntAuth other_prf;
  EXPECT_TRUE(other_prf.add(*new_prf(PrfId::kHmacSha256), kKey, message));
  expect_error(int_auth_suffix(other_prf, second, 1), ErrorKind::kMisuse);
}

TEST(SecretBytes, MayBeCutToAPartOfItself) {
  SecretBytes<32> secret;
  ASSERT_TRUE(secret.assign(test_octets()));
  ASSERT_TRUE(secret.assign(secret.expose().subspan(4, 8)));
  EXPECT_TRUE(secret.equals(Octets(test_octets()).subspan(4, 8)));
}

TEST(IkeKeys, SevenAdditionalExchangesAreTheMost) {
  const auto prf = new_prf();
  auto keys = *initial_keys(*prf, inputs(), kSecret);
  EXPECT_EQ(keys.generation, 0);
  for (int n = 1; n <= 7; ++n) {
    const Bytes before = copy(keys.sk_d.expose());
    const auto skeyseed = skeyseed_chained(*prf, before, kSecret, kNi, kNr);
    auto next = next_generation(*prf, inputs(), keys, kSecret);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->generation, n);
    EXPECT_TRUE(expand_skeyseed(*prf, skeyseed->expose(), inputs())->sk_d == next->sk_d);
    EXPECT_FALSE(next->sk_d.equals(before));
    keys = *std::move(next);
    EXPECT_TRUE(next->sk_d.empty()) << "moved away, so wiped";
  }
  expect_error(next_generation(*prf, inputs(), keys, kSecret), ErrorKind::kMisuse);
}

TEST(IkeKeys, BadInputsAreMisuse) {
  const auto prf = new_prf();
  IkeSaInputs in = inputs(PrfId::kHmacSha256);
  expect_error(initial_keys(*prf, in, kSecret), ErrorKind::kMisuse);
  in = inputs();
  expect_error(initial_keys(*prf, in, {}), ErrorKind::kMisuse);
  const Bytes longest(256, 1), too_long(257, 1);
  in.ni = longest;
  EXPECT_TRUE(initial_keys(*prf, in, kSecret));
  in.ni = too_long;
  expect_error(initial_keys(*prf, in, kSecret), ErrorKind::kMisuse);
  in = inputs();
  in.nr = {};
  expect_error(initial_keys(*prf, in, kSecret), ErrorKind::kMisuse);
  for (const auto& [encryption, integrity] :
       std::vector<std::pair<Encryption, IntegId>>{{kGcm, IntegId::kHmacSha256_128},
                                                   {{EncrId::kAesCbc, 128}, IntegId::kNone},
                                                   {{EncrId::kAesCbc, 100}, IntegId::kHmacSha256_128},
                                                   {{EncrId(3), 0}, IntegId::kHmacSha256_128},
                                                   {{EncrId::kAesCbc, 128}, IntegId(1)}}) {
    expect_error(initial_keys(*prf, inputs(PrfId::kHmacSha384, encryption, integrity), kSecret),
                 ErrorKind::kMisuse);
    expect_error(child_keys(*prf, kKey, encryption, integrity, kNi, kNr), ErrorKind::kMisuse);
  }
}

TEST(Rekey, TakesOneToEightSecrets) {
  const auto prf = new_prf();
  const std::vector<Octets> secrets(9, Octets(kSecret));
  expect_error(rekeyed_keys(*prf, *prf, kKey, inputs(), {}), ErrorKind::kMisuse);
  EXPECT_TRUE(rekeyed_keys(*prf, *prf, kKey, inputs(), Parts(secrets).first(8)));
  expect_error(rekeyed_keys(*prf, *prf, kKey, inputs(), secrets), ErrorKind::kMisuse);
  const Octets with_empty[] = {kSecret, {}};
  expect_error(rekeyed_keys(*prf, *prf, kKey, inputs(), with_empty), ErrorKind::kMisuse);
  expect_error(child_keys(*prf, kKey, kGcm, IntegId::kNone, kNi, kNr, secrets), ErrorKind::kMisuse);
}

// SK(0) stands before the nonces, the others behind them.
TEST(Rekey, OrderOfSecrets) {
  const auto prf = new_prf();
  const Bytes first(32, 0xa0), second(32, 0xa1), third(48, 0xa2);
  const Octets secrets[] = {first, second, third};
  const Octets expected[] = {first, kNi, kNr, second, third};
  EXPECT_TRUE(*skeyseed_rekey(*prf, kKey, secrets, kNi, kNr) == *compute_prf(*prf, kKey, expected));
  Bytes keymat(72);
  ASSERT_TRUE(prf_plus(*prf, kKey, expected, keymat));
  const auto child = child_keys(*prf, kKey, kGcm, IntegId::kNone, kNi, kNr, secrets);
  EXPECT_EQ(hex(child->encryption_i.expose()) + hex(child->encryption_r.expose()), hex(keymat));
}

TEST(Rekey, OldPrfForSkeyseedNewPrfForExpansion) {
  const auto old_prf = new_prf(PrfId::kHmacSha256), new_one = new_prf(PrfId::kHmacSha512);
  const IkeSaInputs in = inputs(PrfId::kHmacSha512);
  const Octets secrets[] = {kSecret};
  const auto skeyseed = skeyseed_rekey(*old_prf, kKey, secrets, kNi, kNr);
  ASSERT_EQ(skeyseed->size(), 32u);

  const auto standard = rekeyed_keys(*old_prf, *new_one, kKey, in, secrets);
  EXPECT_TRUE(standard->sk_d == expand_skeyseed(*new_one, skeyseed->expose(), in)->sk_d);
  const auto interop = rekeyed_keys(*old_prf, *new_one, kKey, in, secrets, RekeyExpansion::kOldPrf);
  EXPECT_TRUE(interop->sk_d == expand_skeyseed(*old_prf, skeyseed->expose(), in)->sk_d);
  EXPECT_FALSE(standard->sk_d == interop->sk_d);
  EXPECT_EQ(interop->sk_d.size(), 64u) << "lengths are the new PRF's in both";
  EXPECT_EQ(standard->generation, 0);
  expect_error(rekeyed_keys(*new_one, *old_prf, kKey, in, secrets), ErrorKind::kMisuse);
}

TEST(IntAuth, ChainsByDirection) {
  const auto prf = new_prf();
  IntAuth chain;
  EXPECT_TRUE(chain.value().empty());
  const Octets message[] = {view("A"), view("P")};
  ASSERT_TRUE(chain.add(*prf, kKey, message));
  const Bytes first = copy(chain.value());
  EXPECT_TRUE(compute_prf(*prf, kKey, message)->equals(first));
  ASSERT_TRUE(chain.add(*prf, kNi, message));
  const Octets chained[] = {first, view("A"), view("P")};
  EXPECT_TRUE(compute_prf(*prf, kNi, chained)->equals(chain.value()));
  EXPECT_EQ(chain.messages(), 2u);

  const Bytes before = copy(chain.value());
  const std::vector<Octets> too_many(kMaxIntAuthParts + 1);
  expect_error(chain.add(*prf, kKey, too_many), ErrorKind::kMisuse);
  FailingPrf failing(0);
  expect_error(chain.add(failing, kKey, message), ErrorKind::kCrypto);
  EXPECT_EQ(copy(chain.value()), before);
  EXPECT_EQ(chain.messages(), 2u);
}

TEST(IntAuth, SuffixIsInitiatorResponderMessageId) {
  const auto prf = new_prf();
  IntAuth initiator, responder;
  EXPECT_TRUE(int_auth_suffix(initiator, responder, 1)->empty()) << "no IKE_INTERMEDIATE, nothing appended";
  const Octets message[] = {view("m")};
  ASSERT_TRUE(initiator.add(*prf, kNi, message));
  expect_error(int_auth_suffix(initiator, responder, 2), ErrorKind::kMisuse);
  ASSERT_TRUE(responder.add(*prf, kNr, message));
  const auto suffix = int_auth_suffix(initiator, responder, 0x01020304);
  EXPECT_EQ(hex(suffix->expose()), hex(initiator.value()) + hex(responder.value()) + "01020304");
}

TEST(IntAuth, HeaderCountsThePlaintext) {
  const IntAuthHeader header{{1}, {2}, 0x08, 1, PayloadType::kKe};
  const auto a = int_auth_header(header, 1192);
  ASSERT_TRUE(a);
  EXPECT_EQ(hex(*a), "010000000000000002000000000000002e202b0800000001000004c8220004ac");
  EXPECT_TRUE(int_auth_header(header, 65531));
  expect_error(int_auth_header(header, 65532), ErrorKind::kMisuse);
}

TEST(SharedKeyAuth, EveryInputCounts) {
  const auto prf = new_prf();
  const auto pad = shared_key_pad(*prf, view("secret"));
  ASSERT_TRUE(pad);
  const SignedOctets octets{view("message"), kNr, kKey, view("id"), {}};
  const auto auth = shared_key_auth(*prf, pad->expose(), octets);
  ASSERT_TRUE(auth);
  for (auto change :
       {+[](SignedOctets& o) { o.real_message = view("massage"); },
        +[](SignedOctets& o) { o.peer_nonce = kNi; }, +[](SignedOctets& o) { o.sk_p = kNi; },
        +[](SignedOctets& o) { o.id_body = view("di"); }, +[](SignedOctets& o) { o.int_auth = view("x"); }}) {
    SignedOctets changed = octets;
    change(changed);
    EXPECT_FALSE(*shared_key_auth(*prf, pad->expose(), changed) == *auth);
  }
  EXPECT_FALSE(*shared_key_auth(*prf, shared_key_pad(*prf, view("other"))->expose(), octets) == *auth);
}

}  // namespace
}  // namespace mlkem::test
