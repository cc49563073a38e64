// SPDX-License-Identifier: Apache-2.0
// Identities, traffic selectors and Child SA keys as the command line reads and writes them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/io/octets.hpp"
#include "tools/mlkem-ike/net/endpoint.hpp"
#include "tools/mlkem-ike/peer/child_text.hpp"
#include "tools/mlkem-ike/peer/identity.hpp"
#include "tools/mlkem-ike/peer/selector.hpp"

namespace mlkem::cli {
namespace {

using ikev2::IdType;

std::vector<uint8_t> bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

TEST(Identity_Text, TypeFollowsFromTheForm) {
  const struct {
    const char* text;
    ikev2::Identity identity;
  } cases[] = {
      {"gateway.example", {IdType::kFqdn, bytes("gateway.example")}},
      {"@gateway.example", {IdType::kFqdn, bytes("gateway.example")}},
      {"user@example", {IdType::kRfc822Address, bytes("user@example")}},
      {"192.0.2.1", {IdType::kIpv4Address, {192, 0, 2, 1}}},
      {"2001:db8::1", {IdType::kIpv6Address, {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}},
      {"@#00ff", {IdType::kKeyId, {0, 0xff}}},
      {"keyid:0x00ff", {IdType::kKeyId, {0, 0xff}}},
      {"keyid:text", {IdType::kKeyId, bytes("text")}},
      {"fqdn:192.0.2.1", {IdType::kFqdn, bytes("192.0.2.1")}},
      {"email:x", {IdType::kRfc822Address, bytes("x")}},
      {"asn1dn:0x3000", {IdType::kDerAsn1Dn, {0x30, 0}}},
  };
  for (const auto& [text, identity] : cases) EXPECT_EQ(parse_identity(text), identity) << text;
}

TEST(Identity_Text, ReadsBackWhatItWrites) {
  for (const char* text :
       {"gateway.example", "user@example", "192.0.2.1", "2001:db8::1", "keyid:text", "keyid:0x00ff",
        "keyid:0x307830", "fqdn:192.0.2.1", "fqdn:a@b", "email:x", "asn1dn:0x3000", "fqdn:keyid:x"}) {
    const ikev2::Identity identity = parse_identity(text);
    EXPECT_EQ(identity_text(identity), text);
    EXPECT_EQ(parse_identity(identity_text(identity)), identity) << text;
  }
}

TEST(Identity_Text, ShowsNoControlCharacters) {
  EXPECT_EQ(identity_text(ikev2::Identity{IdType::kFqdn, bytes("a\x1b[2Jb")}), "type 2:0x611b5b324a62");
  EXPECT_EQ(identity_text(ikev2::Identity{IdType::kIpv4Address, {1, 2, 3}}), "type 1:0x010203");
}

TEST(Identity_Text, RefusesWhatNamesNobody) {
  for (const std::string& text :
       {std::string(), std::string("@"), std::string("keyid:"), std::string("keyid:0x1"),
        std::string("ipv4:::1"), std::string("ipv6:192.0.2.1"), std::string("@#xy"), std::string(1025, 'a')})
    EXPECT_THROW(parse_identity(text), Failure) << text;
}

TEST(Selectors_Text, ReadBackWhatTheyWrite) {
  for (const char* text :
       {"10.1.0.0/16", "0.0.0.0/0", "::/0", "192.0.2.1", "2001:db8::/32", "10.1.0.5-10.1.0.9",
        "10.1.0.0/16[tcp]", "10.1.0.1[udp/53]", "10.1.0.1[6/1024-2047]", "10.1.0.0/8,::1"}) {
    const auto selectors = parse_selectors(text);
    const std::string canonical = selectors_text(selectors);
    EXPECT_EQ(parse_selectors(canonical), selectors) << text;
  }
  EXPECT_EQ(selectors_text(parse_selectors("10.1.2.3/8[6]")), "10.0.0.0/8[tcp]");
}

TEST(Selectors_Text, RefuseWhatIsNone) {
  for (const char* text :
       {"", ",", "10.0.0.0/33", "::/129", "10.0.0.9-10.0.0.1", "10.0.0.1-::1", "10.0.0.0/",
        "10.0.0.0/8[rot13]", "10.0.0.0/8[tcp/2-1]", "10.0.0.0/8[tcp/65536]", "]", "[]", "x"})
    EXPECT_THROW(parse_selectors(text), Failure) << text;
}

TEST(Selectors_Prefixes, CoverExactlyTheRange) {
  using Prefixes = std::vector<std::string>;
  const auto prefixes = [](const char* text) { return prefixes_of(parse_selectors(text).front()); };
  EXPECT_EQ(prefixes("0.0.0.0-255.255.255.255"), Prefixes{"0.0.0.0/0"});
  EXPECT_EQ(prefixes("10.0.0.5-10.0.0.9"), (Prefixes{"10.0.0.5/32", "10.0.0.6/31", "10.0.0.8/31"}));
  EXPECT_EQ(prefixes("::1-::2"), (Prefixes{"::1/128", "::2/128"}));
  // The worst case: two prefixes of every length but the shortest.
  EXPECT_EQ(prefixes("0.0.0.1-255.255.255.254").size(), 62u);
}

ikev2::ChildEstablished child(bool initiator, bool encapsulated) {
  ikev2::ChildEstablished child{
      0x11, 0x22, {ikev2::EncrId::kAesGcm16, 128}, ikev2::IntegId::kNone, true, {}, initiator, {}, {}, {}};
  (void)child.keys.encryption_i.assign(std::vector<uint8_t>(20, 0xaa));
  (void)child.keys.encryption_r.assign(std::vector<uint8_t>(20, 0xbb));
  child.local = parse_selectors("10.1.0.0/16");
  child.remote = parse_selectors("10.2.0.0/16[tcp/80]");
  child.path = {address_of(parse_address("192.0.2.1")), address_of(parse_address("192.0.2.2")), encapsulated};
  child.path.local.port = 4500;
  child.path.remote.port = 4501;
  return child;
}

TEST(Xfrm_Commands, GiveEachDirectionItsKeys) {
  const std::string key_i(40, 'a'), key_r(40, 'b');
  const std::string of_initiator = xfrm_commands(child(true, false)),
                    of_responder = xfrm_commands(child(false, false));
  const auto state = [](const char* from, const char* to, const char* spi, const std::string& key) {
    return std::string("ip xfrm state add src ") + from + " dst " + to + " proto esp spi 0x000000" + spi +
           " mode tunnel reqid 17 replay-window 32 flag esn aead 'rfc4106(gcm(aes))' 0x" + key + " 128\n";
  };
  // Out goes under the peer's SPI, with the keys of who started the exchange if that is this side.
  // The own SPI, 0x11, ties policies to states.
  EXPECT_NE(of_initiator.find(state("192.0.2.1", "192.0.2.2", "22", key_i)), std::string::npos)
      << of_initiator;
  EXPECT_NE(of_initiator.find(state("192.0.2.2", "192.0.2.1", "11", key_r)), std::string::npos)
      << of_initiator;
  EXPECT_NE(of_responder.find(state("192.0.2.1", "192.0.2.2", "22", key_r)), std::string::npos)
      << of_responder;
  EXPECT_NE(of_responder.find(state("192.0.2.2", "192.0.2.1", "11", key_i)), std::string::npos)
      << of_responder;
}

TEST(Xfrm_Commands, NameTrafficAndEncapsulation) {
  const std::string text = xfrm_commands(child(true, true));
  for (const char* words :
       {"encap espinudp 4500 4501 0.0.0.0", "encap espinudp 4501 4500 0.0.0.0",
        "policy add src 10.1.0.0/16 dst 10.2.0.0/16 proto 6 dport 80 dir out tmpl src 192.0.2.1",
        "policy add src 10.2.0.0/16 dst 10.1.0.0/16 proto 6 sport 80 dir in tmpl src 192.0.2.2",
        "proto 6 sport 80 dir fwd"})
    EXPECT_NE(text.find(words), std::string::npos) << words << '\n' << text;
}

TEST(Xfrm_Commands, LeaveOutPoliciesThatWouldBeWider) {
  ikev2::ChildEstablished established = child(true, false);
  established.remote = parse_selectors("10.2.0.0/16[tcp/1024-2047]");
  const std::string range = xfrm_commands(established);
  EXPECT_EQ(range.find("ip xfrm policy"), std::string::npos) << range;
  for (const char* name : {"dir out", "dir in", "dir fwd"})
    EXPECT_NE(range.find(std::string("# no policy for ") + name), std::string::npos) << range;
  // A port without a protocol that has ports.
  for (const uint8_t protocol : {uint8_t{0}, uint8_t{1}}) {
    established.remote[0].ip_protocol = protocol;
    established.remote[0].first_port = established.remote[0].last_port = 80;
    EXPECT_EQ(xfrm_commands(established).find("ip xfrm policy"), std::string::npos) << unsigned(protocol);
  }
  established.remote.push_back(parse_selectors("10.3.0.0/16[udp/53]").front());
  EXPECT_NE(xfrm_commands(established).find("dst 10.3.0.0/16 proto 17 dport 53 dir out"), std::string::npos);
}

TEST(Xfrm_Commands, GiveIpv6AnOriginalAddressOfItsFamily) {
  ikev2::ChildEstablished established = child(true, true);
  established.path.local = address_of(parse_address("2001:db8::1"));
  established.path.remote = address_of(parse_address("2001:db8::2"));
  const std::string text = xfrm_commands(established);
  EXPECT_NE(text.find("encap espinudp 0 0 ::\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace mlkem::cli
