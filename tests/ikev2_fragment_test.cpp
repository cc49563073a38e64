// SPDX-License-Identifier: Apache-2.0
// Fragments: sizes on the wire, every order, duplicates and changing totals in reassembly, floods within
// bounds, and the same IntAuth for a message sent whole and in fragments.
#include <random>

#include "tests/ikev2_protect_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

constexpr SaAlgorithms kGcm{kAnyPrf, {EncrId::kAesGcm16, 256}, IntegId::kNone};

SealedMessage seal_all(SendProtection& send, MessageCipher& cipher, const PlainMessage& message,
                       size_t max_bytes, Fragmentation fragmentation = Fragmentation::kWhenNeeded) {
  auto sealed = seal_message(send, cipher, system_random(), message, max_bytes, fragmentation);
  EXPECT_TRUE(sealed) << sealed.error().message;
  return *std::move(sealed);
}

std::vector<Bytes> datagrams(const SealedMessage& sealed) {
  std::vector<Bytes> all;
  for (size_t i = 0; i < sealed.count(); ++i) all.push_back(copy(sealed.datagram(i)));
  return all;
}

// One receiving side.
struct Receiver {
  explicit Receiver(const SaAlgorithms& algorithms = kGcm, const ReassemblyLimits& limits = {})
      : keys(keys_for(algorithms)), cipher(cipher_for(algorithms)), reassembly(limits) {}

  Result<FragmentOutcome> add(Octets datagram, uint64_t now_ms = 0) {
    const auto found = find_encrypted(datagram);
    if (!found) return found.error();
    return reassembly.add(keys, *cipher, *found, now_ms);
  }
  FragmentOutcome outcome(Octets datagram, uint64_t now_ms = 0) {
    const auto added = add(datagram, now_ms);
    EXPECT_TRUE(added) << added.error().message;
    return *added;
  }

  ProtectionKeys keys;
  std::unique_ptr<MessageCipher> cipher;
  Reassembly reassembly;
};

// Cuts messages for a Receiver.
struct Sender {
  explicit Sender(const SaAlgorithms& algorithms = kGcm)
      : send(keys_for(algorithms)), cipher(cipher_for(algorithms)) {}

  std::vector<Bytes> cut(Octets inner, size_t max_bytes, Octets clear = {}) {
    const Bytes header = informational_header();
    return datagrams(seal_all(send, *cipher,
                              {clear.empty() ? Octets(header) : clear, PayloadType::kNotify, inner, 0},
                              max_bytes, Fragmentation::kAlways));
  }
  // One fragment of content that seal_message would not make.
  Bytes fragment(FragmentPosition position, Octets inner, Octets clear) {
    Bytes out(send.sealed_bytes(clear.size(), inner.size(), true));
    const PayloadType first = position.fragment == 1 ? PayloadType::kNotify : PayloadType::kNone;
    EXPECT_TRUE(send.seal_fragment(*cipher, system_random(), {clear, first, inner, 0}, position, out));
    return out;
  }

  SendProtection send;
  std::unique_ptr<MessageCipher> cipher;
};

TEST(Fragment, SizesAreThoseOfDatagrams) {
  EXPECT_EQ(message_bytes_of_datagram(kDefaultDatagramBytes, IpVersion::kIpv4, true), 1248u);
  EXPECT_EQ(message_bytes_of_datagram(kDefaultDatagramBytes, IpVersion::kIpv4, false), 1252u);
  EXPECT_EQ(message_bytes_of_datagram(kDefaultDatagramBytes, IpVersion::kIpv6, true), 1228u);
  EXPECT_EQ(message_bytes_of_datagram(kMinDatagramBytes, IpVersion::kIpv4, false), 548u);
  EXPECT_EQ(message_bytes_of_datagram(10, IpVersion::kIpv4, false), 0u);
  // A KE payload of ML-KEM-768 and one of ML-KEM-1024.
  Sender sender;
  for (const auto& [inner, last] : {std::pair<size_t, size_t>{1192, 66}, {1576, 450}}) {
    const auto sealed = seal_all(sender.send, *sender.cipher,
                                 {informational_header(), PayloadType::kKe, Bytes(inner), 0}, 1248);
    ASSERT_EQ(sealed.count(), 2u);
    EXPECT_EQ(sealed.datagram(0).size(), 1248u);
    EXPECT_EQ(sealed.datagram(1).size(), last);
    EXPECT_TRUE(sealed.datagram(2).empty());
    EXPECT_EQ(sealed.octets().size(), 1248 + last);
  }
}

TEST(Fragment, FragmentsOnlyWhereItIsAskedFor) {
  Sender sender;
  const Bytes header = informational_header(), inner(1187);
  const auto count = [&](size_t size, Fragmentation fragmentation) {
    const auto sealed =
        seal_all(sender.send, *sender.cipher, {header, PayloadType::kKe, Octets(inner).first(size), 0}, 1248,
                 fragmentation);
    return std::pair(sealed.count(), PayloadType(sealed.datagram(0)[16]));
  };
  EXPECT_EQ(count(1187, Fragmentation::kWhenNeeded), std::pair(size_t(1), PayloadType::kSk));
  EXPECT_EQ(count(1187, Fragmentation::kAlways), std::pair(size_t(1), PayloadType::kSkf));
  EXPECT_EQ(count(0, Fragmentation::kAlways), std::pair(size_t(1), PayloadType::kSkf));
  const auto whole = seal_all(sender.send, *sender.cipher, {header, PayloadType::kKe, Bytes(5000), 0}, 1248,
                              Fragmentation::kNever);
  EXPECT_EQ(whole.count(), 1u);
}

TEST(Fragment, RefusesWhatDoesNotFit) {
  Sender sender;
  const Bytes header = informational_header();
  const auto refused = [&](Octets inner, size_t max_bytes, Fragmentation fragmentation) {
    expect_error(seal_message(sender.send, *sender.cipher, system_random(),
                              {header, PayloadType::kKe, inner, 0}, max_bytes, fragmentation),
                 ErrorKind::kMisuse);
  };
  refused(Bytes(100), 28 + 8 + 8 + 16 + 1, Fragmentation::kAlways);
  refused(Bytes(100), 0, Fragmentation::kWhenNeeded);
  refused(Bytes(256), 28 + 8 + 8 + 16 + 2, Fragmentation::kAlways);
  refused(Bytes(kMaxInnerBytes + 1), 1248, Fragmentation::kAlways);
  refused(Bytes(kMaxInnerBytes), 1248, Fragmentation::kNever);
  const auto most =
      seal_message(sender.send, *sender.cipher, system_random(), {header, PayloadType::kKe, Bytes(255), 0},
                   28 + 8 + 8 + 16 + 2, Fragmentation::kAlways);
  ASSERT_TRUE(most);
  EXPECT_EQ(most->count(), 255u);
}

TEST(Fragment, EverySizeOfMessageAndDatagramComesBack) {
  std::mt19937 random(1);
  for (const SaAlgorithms& algorithms :
       {kGcm, SaAlgorithms{kAnyPrf, {EncrId::kAesCbc, 256}, IntegId::kHmacSha256_128},
        SaAlgorithms{kAnyPrf, {EncrId::kAesCtr, 128}, IntegId::kHmacSha1_96},
        SaAlgorithms{kAnyPrf, {EncrId::kAesCcm16, 128}, IntegId::kNone},
        SaAlgorithms{kAnyPrf, {EncrId::kChacha20Poly1305, 0}, IntegId::kNone}}) {
    SCOPED_TRACE(name_of(algorithms));
    Sender sender(algorithms);
    Receiver receiver(algorithms);
    for (const unsigned datagram : {576u, 577u, 590u, 591u, 900u, 1279u, 1280u, 1281u, 1500u, 9000u}) {
      const size_t max_bytes = message_bytes_of_datagram(datagram, IpVersion::kIpv4, true);
      const size_t capacity = *sender.send.max_inner_bytes(28, max_bytes, true);
      for (const size_t size :
           {size_t(0), size_t(1), capacity - 1, capacity, capacity + 1, 2 * capacity, 2 * capacity + 1,
            size_t(20'000), size_t(65'531), size_t(random() % 65'532)}) {
        const Bytes inner = counting(size, 3);
        const std::vector<Bytes> sent = sender.cut(inner, max_bytes);
        EXPECT_EQ(sent.size(), size ? (size + capacity - 1) / capacity : 1);
        for (size_t i = 0; i < sent.size(); ++i) {
          EXPECT_LE(sent[i].size(), max_bytes);
          EXPECT_TRUE(i + 1 == sent.size() || sent[i].size() + 16 > max_bytes);
          EXPECT_EQ(sent[i][28], i == 0 ? uint8_t(PayloadType::kNotify) : 0);
          EXPECT_EQ(receiver.outcome(sent[i]),
                    i + 1 < sent.size() ? FragmentOutcome::kStored : FragmentOutcome::kComplete);
        }
        const auto whole = receiver.reassembly.take();
        ASSERT_TRUE(whole);
        EXPECT_EQ(copy(whole->inner()), inner);
        EXPECT_EQ(whole->first_payload(), PayloadType::kNotify);
        EXPECT_TRUE(receiver.reassembly.empty());
      }
    }
  }
}

TEST(Fragment, IntAuthDoesNotSeeFragments) {
  const auto prf = *new_crypto()->make_prf(kAnyPrf);
  const Bytes sk_p = counting(32), inner = counting(3000);
  for (const bool clear_payload : {false, true}) {
    const Bytes clear = clear_payload ? header_with_vendor_id() : informational_header();
    Sender sender;
    Receiver receiver;
    IntAuth before, whole, fragmented;
    const PlainMessage plain{clear, PayloadType::kNotify, inner, 0};
    ASSERT_TRUE(before.add(*prf, sk_p, plain));
    const auto sent = seal_all(sender.send, *sender.cipher, plain, 5000);
    ASSERT_EQ(sent.count(), 1u);
    const auto opened = open_encrypted(receiver.keys, *receiver.cipher, *find_encrypted(sent.datagram(0)));
    ASSERT_TRUE(opened);
    ASSERT_TRUE(whole.add(*prf, sk_p, opened->plain()));
    for (const Bytes& fragment : sender.cut(inner, 700, clear)) ASSERT_TRUE(receiver.add(fragment));
    const auto together = receiver.reassembly.take();
    ASSERT_TRUE(together);
    EXPECT_EQ(together->plain().clear.size(), clear.size());
    ASSERT_TRUE(fragmented.add(*prf, sk_p, together->plain()));
    EXPECT_EQ(hex(before.value()), hex(whole.value()));
    EXPECT_EQ(hex(before.value()), hex(fragmented.value()));

    // RFC 9242, section 3.3.2, written out.
    Bytes covered = clear;
    covered[clear_payload ? 28 : 16] = 46;
    const size_t length = clear.size() + 4 + inner.size();
    for (unsigned i = 0; i < 4; ++i) covered[24 + i] = uint8_t(length >> (24 - 8 * i));
    append(covered, unhex("29000bbc"));
    append(covered, inner);
    const Octets parts[] = {covered};
    EXPECT_EQ(hex(before.value()), hex(compute_prf(*prf, sk_p, parts)->expose()));
  }
  IntAuth none;
  expect_error(none.add(*prf, sk_p, PlainMessage{Octets(sk_p).first(27), PayloadType::kNone, {}, 0}),
               ErrorKind::kMisuse);
}

TEST(Reassembly, TakesAnyOrderWithDuplicatesAndRubbish) {
  std::mt19937 random(2);
  for (int round = 0; round < 300; ++round) {
    Sender sender;
    Receiver receiver;
    const Bytes inner = counting(random() % 4000, uint8_t(round));
    const std::vector<Bytes> small = sender.cut(inner, 150 + random() % 100), large = sender.cut(inner, 400);
    // Some of the larger fragments first, then the smaller ones of the same message in any order.
    size_t larger_at_hand = 0;
    if (large.size() < small.size())
      for (size_t i = 0; i + 1 < large.size(); ++i) larger_at_hand += bool(receiver.add(large[i]));
    std::vector<size_t> order;
    for (size_t i = 0; i < small.size(); ++i) order.insert(order.end(), 1 + random() % 2, i);
    std::shuffle(order.begin(), order.end(), random);
    std::vector<bool> seen(small.size());
    size_t missing = small.size();
    for (const size_t index : order) {
      Bytes forged = small[index];
      forged.back() ^= 1;
      if (!seen[index]) expect_peer_fault(receiver.add(forged), NotifyType::kNone);
      const FragmentOutcome outcome = receiver.outcome(small[index]);
      if (seen[index]) {
        EXPECT_EQ(outcome, FragmentOutcome::kDuplicate);
        // Not even looked at.
        EXPECT_EQ(receiver.outcome(forged), FragmentOutcome::kDuplicate);
        continue;
      }
      const bool restart = larger_at_hand && missing == small.size();
      seen[index] = true;
      --missing;
      EXPECT_EQ(outcome, missing == 0 ? FragmentOutcome::kComplete
                         : restart    ? FragmentOutcome::kRestarted
                                      : FragmentOutcome::kStored);
      if (missing && small.size() > large.size()) {
        EXPECT_EQ(receiver.outcome(large[0]), FragmentOutcome::kOutdated);
      }
      if (missing) expect_error(receiver.reassembly.take(), ErrorKind::kMisuse);
    }
    const auto whole = receiver.reassembly.take();
    ASSERT_TRUE(whole);
    EXPECT_EQ(copy(whole->inner()), inner);
  }
}

TEST(Reassembly, ForgedLargerTotalDoesNotRestart) {
  Sender sender;
  Receiver receiver;
  const std::vector<Bytes> sent = sender.cut(counting(500), 300);
  EXPECT_EQ(receiver.outcome(sent[0]), FragmentOutcome::kStored);
  Bytes forged = sent[1];
  forged[35] = 200;
  expect_peer_fault(receiver.add(forged), NotifyType::kNone);
  for (size_t i = 1; i < sent.size(); ++i) ASSERT_TRUE(receiver.add(sent[i]));
  EXPECT_EQ(copy(receiver.reassembly.take()->inner()), counting(500));
}

TEST(Reassembly, RejectsImpossibleNumbers) {
  Sender sender;
  Receiver receiver;
  const Bytes fragment = sender.cut(counting(10), 300)[0];
  for (const std::array<uint8_t, 4> numbers : {std::array<uint8_t, 4>{0, 0, 0, 1},
                                               {0, 1, 0, 0},
                                               {0, 2, 0, 1},
                                               {0, 0, 0, 0},
                                               {0, 1, 1, 0},
                                               {255, 255, 255, 255}}) {
    Bytes changed = fragment;
    std::copy(numbers.begin(), numbers.end(), changed.begin() + 32);
    expect_peer_fault(receiver.add(changed), NotifyType::kNone);
  }
  EXPECT_TRUE(receiver.reassembly.empty());
  const auto whole =
      seal_all(sender.send, *sender.cipher, {informational_header(), PayloadType::kNone, {}, 0}, 300);
  expect_error(receiver.add(whole.datagram(0)), ErrorKind::kMisuse);
}

TEST(Reassembly, KeepsMessagesApart) {
  Sender sender;
  Receiver receiver;
  const Bytes header = informational_header(5);
  ASSERT_TRUE(receiver.add(sender.fragment({1, 3}, counting(10), header)));
  for (const unsigned octet : {0u, 15u, 17u, 18u, 19u, 20u, 23u}) {
    Bytes other = header;
    other[octet] ^= 1;
    expect_peer_fault(receiver.add(sender.fragment({2, 3}, counting(10), other)), NotifyType::kNone);
    expect_peer_fault(receiver.add(sender.fragment({2, 4}, counting(10), other)), NotifyType::kNone);
  }
  ASSERT_TRUE(receiver.add(sender.fragment({2, 3}, counting(10), header)));
  EXPECT_EQ(receiver.outcome(sender.fragment({3, 3}, counting(10), header)), FragmentOutcome::kComplete);
}

TEST(Reassembly, AllowsPayloadsInTheClearInTheFirstFragmentAlone) {
  Sender sender;
  Receiver receiver;
  // By hand, because seal_fragment refuses to make it.
  Bytes clear = header_with_vendor_id();
  clear[28] = uint8_t(PayloadType::kSkf);
  append(clear, unhex("0000002100020002"));
  clear[24] = clear[25] = clear[26] = 0;
  clear[27] = uint8_t(clear.size() + 8 + 1 + 16);
  const Bytes iv = counting(8, 99);
  Bytes text(1), icv(16);
  ASSERT_TRUE(receiver.keys.give_to(*sender.cipher, CipherUse::kSeal));
  ASSERT_TRUE(sender.cipher->seal(iv, clear, text, icv));
  for (const Octets part : {Octets(iv), Octets(text), Octets(icv)}) append(clear, part);
  expect_peer_fault(receiver.add(clear), NotifyType::kNone);
  EXPECT_TRUE(receiver.reassembly.empty());
}

TEST(Reassembly, ForgetsAfterTheTimeout) {
  Sender sender;
  Receiver receiver(kGcm, {.timeout_ms = 1000});
  const Bytes header = informational_header();
  EXPECT_FALSE(receiver.reassembly.deadline_ms());
  ASSERT_TRUE(receiver.add(sender.fragment({1, 2}, counting(9), header), 5000));
  EXPECT_EQ(receiver.reassembly.deadline_ms(), 6000u);
  EXPECT_EQ(receiver.outcome(sender.fragment({1, 3}, counting(9), header), 5900),
            FragmentOutcome::kRestarted);
  // A restart buys no time.
  EXPECT_EQ(receiver.reassembly.deadline_ms(), 6000u);
  EXPECT_FALSE(receiver.reassembly.expire(5999));
  EXPECT_EQ(receiver.outcome(sender.fragment({2, 3}, counting(9), header), 6000), FragmentOutcome::kStored);
  EXPECT_EQ(receiver.reassembly.deadline_ms(), 7000u);
  EXPECT_TRUE(receiver.reassembly.expire(7000));
  EXPECT_FALSE(receiver.reassembly.expire(9000));
  EXPECT_EQ(receiver.reassembly.memory_bytes(), 0u);
}

TEST(Reassembly, FloodsStayWithinBounds) {
  Sender sender;
  Receiver receiver;
  const Bytes header = informational_header();
  size_t most = 0;
  bool refused = false;
  for (uint16_t number = 255; number >= 1; --number) {
    const auto added = receiver.add(sender.fragment({number, 255}, counting(1000), header));
    refused = refused || !added;
    EXPECT_TRUE(added || added.error().kind == ErrorKind::kPeer);
    most = std::max(most, receiver.reassembly.memory_bytes());
  }
  EXPECT_TRUE(refused);
  EXPECT_LE(most, size_t(75'000));
  std::printf("%zu octets at most\n", most);

  Receiver small(kGcm, {.fragments = 4, .octets = 128});
  expect_peer_fault(small.add(sender.fragment({1, 5}, counting(1), header)), NotifyType::kNone);
  EXPECT_EQ(small.outcome(sender.fragment({1, 2}, counting(50), header)), FragmentOutcome::kStored);
  EXPECT_EQ(small.outcome(sender.fragment({2, 2}, counting(50), header)), FragmentOutcome::kComplete);
  ASSERT_TRUE(small.reassembly.take());
  EXPECT_EQ(small.outcome(sender.fragment({1, 2}, counting(50), header)), FragmentOutcome::kStored);
  expect_peer_fault(small.add(sender.fragment({2, 2}, counting(51), header)), NotifyType::kNone);
  EXPECT_TRUE(small.reassembly.empty());
  // Restarts without end hold the fragments of one message alone.
  Receiver restarted;
  for (uint16_t total = 2; total <= 255; ++total) {
    ASSERT_TRUE(restarted.add(sender.fragment({2, total}, counting(60'000), header)));
    EXPECT_LE(restarted.reassembly.memory_bytes(), 61'000u);
  }
}

}  // namespace
}  // namespace mlkem::test
