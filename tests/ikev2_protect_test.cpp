// SPDX-License-Identifier: Apache-2.0
// SK and SKF payloads: every cipher there and back, published answers, IVs, padding, lengths, and that
// nothing comes out of a message that is not authentic.
#include "tests/ikev2_protect_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

Bytes seal(SendProtection& send, MessageCipher& cipher, const PlainMessage& message) {
  Bytes out(send.sealed_bytes(message.clear.size(), message.inner.size()));
  const auto written = send.seal(cipher, system_random(), message, out);
  EXPECT_TRUE(written) << written.error().message;
  EXPECT_EQ(*written, out.size());
  return out;
}

Result<OpenedMessage> open_message(const ProtectionKeys& keys, MessageCipher& cipher, Octets message) {
  const auto found = find_encrypted(message);
  if (!found) return found.error();
  return open_encrypted(keys, cipher, *found);
}

TEST(MessageCipher, AesCcmAnswersNist) {
  // CAVP, VNT192, Nlen = 11.
  const Bytes key = unhex(
      "7a182e4e3367194662d614bb11da11e86596f724204f48ff"
      "d3284d");
  const Bytes associated = unhex("21214ac2314fdfe07bc4d066245a97b1a10470df2a6d6b926cdcbff07f5b61ef");
  Bytes text = unhex("88a5c1c2ae4eb463a3283dc5c81f665b0f6d54495f6cc9d43aa8ee179d3950f8"), icv(16);
  const auto cipher = *new_crypto()->make_message_cipher({EncrId::kAesCcm16, 192}, IntegId::kNone);
  ASSERT_TRUE(cipher->set_keys(CipherUse::kSeal, key, {}));
  ASSERT_TRUE(cipher->seal(unhex("1de51559c1ddbfe6"), associated, text, icv));
  EXPECT_EQ(
      hex(text) + hex(icv),
      "65ed1e3919d208e9e5267370b9cf9b1431ef0c584dd2cf057d243a03523ca7562a18840cac2199030c008741d74fb220");
}

TEST(MessageCipher, AesCtrAnswersRfc3686) {
  // Section 6, test vector 1; the key ends with the nonce, as SK_e does.
  const Bytes key = unhex(
                  "ae6852f8121067cc4bf7a5765577f39e"
                  "00000030"),
              iv(8), sk_a = counting(32);
  Bytes text = copy(view("Single block msg")), icv(16);
  const auto crypto = new_crypto();
  const auto cipher = *crypto->make_message_cipher({EncrId::kAesCtr, 128}, IntegId::kHmacSha256_128);
  ASSERT_TRUE(cipher->set_keys(CipherUse::kSeal, key, sk_a));
  ASSERT_TRUE(cipher->seal(iv, view("associated"), text, icv));
  EXPECT_EQ(hex(text), "e4095d4fb7a7b3792d6175a3261311b8");
  const auto prf = *crypto->make_prf(PrfId::kHmacSha256);
  const Octets covered[] = {view("associated"), iv, text};
  EXPECT_EQ(hex(icv), hex(compute_prf(*prf, sk_a, covered)->expose().first(16)));
}

TEST(MessageCipher, SetsUpAgainWhenKeysOrUseChange) {
  for (const SaAlgorithms& algorithms : all_protections()) {
    SCOPED_TRACE(name_of(algorithms));
    const auto used = cipher_for(algorithms);
    const Bytes iv(iv_bytes(algorithms.encryption.id), 7);
    for (const uint8_t first : std::initializer_list<uint8_t>{1, 1, 2, 1}) {
      const Bytes sk_e = counting(key_bytes(algorithms.encryption), first),
                  sk_a = counting(key_bytes(algorithms.integrity), first);
      Bytes text(48, 3), icv(keys_for(algorithms).icv_bytes()), expected = text, expected_icv = icv;
      const auto fresh = cipher_for(algorithms);
      ASSERT_TRUE(fresh->set_keys(CipherUse::kSeal, sk_e, sk_a));
      ASSERT_TRUE(fresh->seal(iv, view("a"), expected, expected_icv));
      ASSERT_TRUE(used->set_keys(CipherUse::kSeal, sk_e, sk_a));
      ASSERT_TRUE(used->seal(iv, view("a"), text, icv));
      EXPECT_EQ(text, expected);
      EXPECT_EQ(icv, expected_icv);
      expect_error(used->open(iv, view("a"), text, icv), ErrorKind::kMisuse);
      ASSERT_TRUE(used->set_keys(CipherUse::kOpen, sk_e, sk_a));
      expect_error(used->seal(iv, view("a"), text, icv), ErrorKind::kMisuse);
      ASSERT_TRUE(used->open(iv, view("a"), text, icv));
      EXPECT_EQ(text, Bytes(48, 3));
    }
  }
}

TEST(MessageCipher, RefusesWrongLengths) {
  for (const SaAlgorithms& algorithms : all_protections()) {
    SCOPED_TRACE(name_of(algorithms));
    const auto cipher = cipher_for(algorithms);
    const Bytes sk_e = counting(key_bytes(algorithms.encryption)),
                sk_a = counting(key_bytes(algorithms.integrity));
    const Bytes iv(iv_bytes(algorithms.encryption.id)), longer(iv.size() + 1);
    Bytes text(16), icv(keys_for(algorithms).icv_bytes()), short_icv(icv.size() - 1), nothing;
    expect_error(cipher->seal(iv, {}, text, icv), ErrorKind::kMisuse);
    expect_error(cipher->set_keys(CipherUse::kSeal, Octets(sk_e).first(sk_e.size() - 1), sk_a),
                 ErrorKind::kMisuse);
    expect_error(cipher->set_keys(CipherUse::kSeal, sk_e, counting(sk_a.size() + 1)), ErrorKind::kMisuse);
    ASSERT_TRUE(cipher->set_keys(CipherUse::kSeal, sk_e, sk_a));
    expect_error(cipher->seal(longer, {}, text, icv), ErrorKind::kMisuse);
    expect_error(cipher->seal(iv, {}, text, short_icv), ErrorKind::kMisuse);
    expect_error(cipher->seal(iv, {}, nothing, icv), ErrorKind::kMisuse);
    if (algorithms.encryption.id == EncrId::kAesCbc) {
      Bytes odd(17);
      expect_error(cipher->seal(iv, {}, odd, icv), ErrorKind::kMisuse);
    }
  }
}

TEST(MessageCipher, MakesNoImpossiblePairs) {
  const auto crypto = new_crypto();
  expect_error(crypto->make_message_cipher({EncrId::kAesGcm16, 256}, IntegId::kHmacSha256_128),
               ErrorKind::kCrypto);
  expect_error(crypto->make_message_cipher({EncrId::kAesCbc, 256}, IntegId::kNone), ErrorKind::kCrypto);
  expect_error(crypto->make_message_cipher({EncrId::kAesGcm16, 512}, IntegId::kNone), ErrorKind::kCrypto);
  expect_error(crypto->make_message_cipher({EncrId(99), 128}, IntegId::kHmacSha1_96), ErrorKind::kCrypto);
}

TEST(MessageCipher, RevealsNothingOfAForgery) {
  for (const SaAlgorithms& algorithms : all_protections()) {
    SCOPED_TRACE(name_of(algorithms));
    const auto cipher = cipher_for(algorithms);
    const Bytes sk_e = counting(key_bytes(algorithms.encryption)),
                sk_a = counting(key_bytes(algorithms.integrity));
    const Bytes iv(iv_bytes(algorithms.encryption.id));
    Bytes text(64, 0xa5), icv(keys_for(algorithms).icv_bytes());
    ASSERT_TRUE(cipher->set_keys(CipherUse::kSeal, sk_e, sk_a));
    ASSERT_TRUE(cipher->seal(iv, {}, text, icv));
    icv.back() ^= 1;
    ASSERT_TRUE(cipher->set_keys(CipherUse::kOpen, sk_e, sk_a));
    expect_peer_fault(cipher->open(iv, {}, text, icv), NotifyType::kNone);
    for (size_t i = 0; i + 3 < text.size(); ++i)
      EXPECT_FALSE(text[i] == 0xa5 && text[i + 1] == 0xa5 && text[i + 2] == 0xa5 && text[i + 3] == 0xa5);
  }
}

TEST(Protection, RoundTripsEveryCipherAndLength) {
  const Bytes header = informational_header();
  for (const SaAlgorithms& algorithms : all_protections()) {
    SCOPED_TRACE(name_of(algorithms));
    const auto cipher = cipher_for(algorithms);
    const ProtectionKeys keys = keys_for(algorithms);
    SendProtection send(keys_for(algorithms));
    for (size_t size = 0; size < 40; ++size) {
      const Bytes inner = counting(size, 0x40);
      const Bytes message = seal(send, *cipher, {header, PayloadType::kNotify, inner, 0});
      const auto opened = open_message(keys, *cipher, message);
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_EQ(copy(opened->inner()), inner);
      EXPECT_EQ(opened->first_payload(), PayloadType::kNotify);
      EXPECT_EQ(message[16], uint8_t(PayloadType::kSk));
      EXPECT_EQ(copy(opened->plain().clear), Bytes(message.begin(), message.begin() + 28));
      const size_t padding = opened->details().padding.size();
      EXPECT_EQ(padding, algorithms.encryption.id == EncrId::kAesCbc ? 15 - size % 16 : 0);
      const auto most = send.max_inner_bytes(header.size(), message.size());
      ASSERT_TRUE(most);
      EXPECT_EQ(*most, size + padding);
    }
    const Bytes longest = counting(60'000);
    EXPECT_EQ(
        copy(open_message(keys, *cipher, seal(send, *cipher, {header, PayloadType::kNotify, longest, 0}))
                 ->inner()),
        longest);
  }
}

TEST(Protection, EveryFlippedOctetIsRejected) {
  const Bytes header = informational_header(), inner = counting(37);
  for (const SaAlgorithms& algorithms : all_protections()) {
    SCOPED_TRACE(name_of(algorithms));
    const auto cipher = cipher_for(algorithms);
    const ProtectionKeys keys = keys_for(algorithms);
    SendProtection send(keys_for(algorithms));
    Bytes message = seal(send, *cipher, {header, PayloadType::kNotify, inner, 0});
    ASSERT_TRUE(open_message(keys, *cipher, message));
    for (size_t i = 0; i < message.size(); ++i)
      for (const uint8_t change : std::initializer_list<uint8_t>{0x01, 0x80}) {
        message[i] ^= change;
        EXPECT_FALSE(open_message(keys, *cipher, message)) << "octet " << i;
        message[i] ^= change;
      }
    EXPECT_FALSE(open_message(keys_for(algorithms, 2), *cipher, message));
  }
}

TEST(Protection, CoversPayloadsInTheClear) {
  Bytes clear = informational_header();
  clear[16] = uint8_t(PayloadType::kVendorId);
  append(clear, unhex("2b000006010200000004"));  // two Vendor IDs
  for (const SaAlgorithms& algorithms : all_protections()) {
    SCOPED_TRACE(name_of(algorithms));
    const auto cipher = cipher_for(algorithms);
    const ProtectionKeys keys = keys_for(algorithms);
    SendProtection send(keys_for(algorithms));
    Bytes message = seal(send, *cipher, {clear, PayloadType::kNotify, counting(8), 0});
    EXPECT_EQ(message[16], uint8_t(PayloadType::kVendorId));
    EXPECT_EQ(message[34], uint8_t(PayloadType::kSk));
    const auto opened = open_message(keys, *cipher, message);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->plain().clear.size(), clear.size());
    message[32] ^= 1;
    EXPECT_FALSE(open_message(keys, *cipher, message));
  }
}

TEST(Protection, AcceptsAnyLegalPadding) {
  const Bytes header = informational_header(), inner = counting(24);
  for (const SaAlgorithms& algorithms : all_protections()) {
    SCOPED_TRACE(name_of(algorithms));
    const auto cipher = cipher_for(algorithms);
    const ProtectionKeys keys = keys_for(algorithms);
    const Bytes iv = counting(keys.iv_bytes(), 9);
    for (size_t padding = 0; padding <= 256; ++padding) {
      const Bytes octets = counting(padding, 77);
      Bytes out(1024);
      const auto written = seal_recorded(keys, *cipher, {header, PayloadType::kNotify, inner, 0},
                                         {iv, octets}, std::nullopt, out);
      if (padding > 255 || (inner.size() + padding + 1) % keys.block_bytes() != 0) {
        expect_error(written, ErrorKind::kMisuse);
        continue;
      }
      ASSERT_TRUE(written);
      out.resize(*written);
      const auto opened = open_message(keys, *cipher, out);
      ASSERT_TRUE(opened);
      EXPECT_EQ(copy(opened->inner()), inner);
      EXPECT_EQ(copy(opened->details().padding), octets);
      EXPECT_EQ(copy(opened->details().iv), iv);
    }
  }
}

TEST(Protection, RejectsPaddingBeyondThePlaintext) {
  const SaAlgorithms algorithms{kAnyPrf, {EncrId::kAesGcm16, 256}, IntegId::kNone};
  const auto cipher = cipher_for(algorithms);
  const ProtectionKeys keys = keys_for(algorithms);
  Bytes message = informational_header();
  message[16] = uint8_t(PayloadType::kSk);
  const Bytes iv = counting(8);
  Bytes text = {1, 2, 3, 4}, icv(16);  // four octets of padding before a pad length of four: one too few
  const uint8_t payload_bytes = uint8_t(4 + 8 + text.size() + 16);
  message[24] = message[25] = message[26] = 0;
  message[27] = uint8_t(28 + payload_bytes);
  append(message, unhex("000000"));
  message.push_back(payload_bytes);
  ASSERT_TRUE(keys.give_to(*cipher, CipherUse::kSeal));
  ASSERT_TRUE(cipher->seal(iv, message, text, icv));
  for (const Octets part : {Octets(iv), Octets(text), Octets(icv)}) append(message, part);
  expect_peer_fault(open_message(keys, *cipher, message), NotifyType::kNone);
}

TEST(Protection, CountsIvsUpToTheLast) {
  for (const EncrId id : {EncrId::kAesGcm16, EncrId::kAesCtr}) {
    const SaAlgorithms algorithms{
        kAnyPrf, {id, 256}, is_aead(id) ? IntegId::kNone : IntegId::kHmacSha256_128};
    const auto cipher = cipher_for(algorithms);
    SendProtection send(keys_for(algorithms), UINT64_MAX - 2);
    const Bytes header = informational_header();
    std::vector<std::string> ivs;
    for (int i = 0; i < 3; ++i) {
      const Bytes message = seal(send, *cipher, {header, PayloadType::kNone, {}, 0});
      ivs.push_back(hex(Octets(message).subspan(32, 8)));
    }
    EXPECT_EQ(ivs, (std::vector<std::string>{"fffffffffffffffd", "fffffffffffffffe", "ffffffffffffffff"}));
    Bytes out(256);
    for (int i = 0; i < 2; ++i)
      expect_error(send.seal(*cipher, system_random(), {header, PayloadType::kNone, {}, 0}, out),
                   ErrorKind::kMisuse);
  }
}

TEST(Protection, DrawsTheIvOfCbc) {
  const SaAlgorithms algorithms{kAnyPrf, {EncrId::kAesCbc, 256}, IntegId::kHmacSha256_128};
  const auto cipher = cipher_for(algorithms);
  SendProtection send(keys_for(algorithms));
  const Bytes header = informational_header();
  Bytes out(256);
  const RandomSource sevens{[](void*, std::span<uint8_t> octets) {
                              std::fill(octets.begin(), octets.end(), uint8_t(7));
                              return true;
                            },
                            nullptr};
  ASSERT_TRUE(send.seal(*cipher, sevens, {header, PayloadType::kNone, {}, 0}, out));
  EXPECT_EQ(hex(Octets(out).subspan(32, 16)), hex(Bytes(16, 7)));
  const RandomSource broken{[](void*, std::span<uint8_t>) { return false; }, nullptr};
  expect_error(send.seal(*cipher, broken, {header, PayloadType::kNone, {}, 0}, out), ErrorKind::kCrypto);
}

TEST(Protection, RefusesMisuse) {
  const SaAlgorithms gcm{kAnyPrf, {EncrId::kAesGcm16, 256}, IntegId::kNone};
  const SaAlgorithms cbc{kAnyPrf, {EncrId::kAesCbc, 256}, IntegId::kHmacSha256_128};
  const Bytes key(36), mac_key(32), header = informational_header();
  expect_error(ProtectionKeys::make(gcm, Octets(key).first(32), {}), ErrorKind::kMisuse);
  expect_error(ProtectionKeys::make(gcm, key, mac_key), ErrorKind::kMisuse);
  expect_error(ProtectionKeys::make(cbc, mac_key, {}), ErrorKind::kMisuse);
  expect_error(
      ProtectionKeys::make({kAnyPrf, {EncrId::kAesGcm16, 256}, IntegId::kHmacSha1_96}, key, Bytes(20)),
      ErrorKind::kMisuse);
  expect_error(ProtectionKeys::make({kAnyPrf, {EncrId::kAesCbc, 256}, IntegId::kNone}, mac_key, {}),
               ErrorKind::kMisuse);
  expect_error(ProtectionKeys::make({kAnyPrf, {EncrId::kAesCbc, 100}, IntegId::kNone}, mac_key, {}),
               ErrorKind::kMisuse);

  const auto cipher = cipher_for(gcm), other = cipher_for(cbc);
  SendProtection send(keys_for(gcm));
  const Bytes inner(100);
  Bytes out(70'000);
  const auto misused = [&](const PlainMessage& message, size_t room) {
    expect_error(send.seal(*cipher, system_random(), message, std::span(out).first(room)),
                 ErrorKind::kMisuse);
  };
  misused({Octets(header).first(27), PayloadType::kNone, inner, 0}, 300);
  misused({header, PayloadType::kNone, inner, 0}, send.sealed_bytes(28, 100) - 1);
  misused({header, PayloadType::kNone, Bytes(kMaxInnerBytes), 0}, out.size());
  misused({header, PayloadType::kNone, Bytes(kMaxInnerBytes + 1), 0}, out.size());
  misused({Bytes(29), PayloadType::kNone, inner, 0}, 300);
  expect_error(send.seal(*other, system_random(), {header, PayloadType::kNone, inner, 0}, out),
               ErrorKind::kMisuse);
  for (const FragmentPosition position : {FragmentPosition{0, 1}, {2, 1}, {1, 0}})
    expect_error(
        send.seal_fragment(*cipher, system_random(), {header, PayloadType::kNone, inner, 0}, position, out),
        ErrorKind::kMisuse);
  expect_error(
      send.seal_fragment(*cipher, system_random(), {header, PayloadType::kNotify, inner, 0}, {2, 2}, out),
      ErrorKind::kMisuse);
  EXPECT_FALSE(send.max_inner_bytes(28, 28 + 4 + 8 + 16));
  EXPECT_FALSE(send.max_inner_bytes(28, 27));
  EXPECT_EQ(send.max_inner_bytes(28, 28 + 4 + 8 + 16 + 1), 0u);
}

TEST(FindEncrypted, RejectsEveryTruncationAndLengthening) {
  const SaAlgorithms algorithms{kAnyPrf, {EncrId::kAesGcm16, 256}, IntegId::kNone};
  const auto cipher = cipher_for(algorithms);
  SendProtection send(keys_for(algorithms));
  const Bytes header = informational_header();
  const Bytes message = seal(send, *cipher, {header, PayloadType::kNotify, counting(8), 0});
  ASSERT_TRUE(find_encrypted(message));
  for (size_t size = 0; size < message.size(); ++size) {
    Bytes cut(message.begin(), message.begin() + long(size));
    expect_peer_fault(find_encrypted(cut), NotifyType::kInvalidSyntax);
    if (size < 28) continue;
    cut[26] = 0;
    cut[27] = uint8_t(size);
    expect_peer_fault(find_encrypted(cut), NotifyType::kInvalidSyntax);
  }
  Bytes longer = message;
  longer.push_back(0);
  ++longer[27];
  expect_peer_fault(find_encrypted(longer), NotifyType::kInvalidSyntax);
  Bytes without = message;
  without[16] = 0;
  expect_peer_fault(find_encrypted(without), NotifyType::kInvalidSyntax);
}

TEST(SecretBuffer, MovesAndEmpties) {
  SecretBuffer buffer;
  EXPECT_TRUE(buffer.expose().empty());
  ASSERT_TRUE(buffer.allocate(5));
  EXPECT_EQ(hex(buffer.expose()), "0000000000");
  buffer.expose_mutable()[0] = 1;
  SecretBuffer moved(std::move(buffer));
  EXPECT_EQ(buffer.size(), 0u);
  EXPECT_EQ(moved.expose()[0], 1);
  buffer = std::move(moved);
  EXPECT_EQ(buffer.size(), 5u);
  ASSERT_TRUE(buffer.allocate(0));
  EXPECT_TRUE(buffer.expose().empty());
}

}  // namespace
}  // namespace mlkem::test
