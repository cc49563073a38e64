// SPDX-License-Identifier: Apache-2.0
// DER and PEM as key files use them (X.690, RFC 7468): what is accepted, and that hostile input is refused by
// name.
#include <gtest/gtest.h>

#include <random>

#include "tools/mlkem-ike/keys/der.hpp"
#include "tools/mlkem-ike/keys/pem.hpp"

namespace mlkem::test {
namespace {

using namespace mlkem::cli;
using Bytes = std::vector<uint8_t>;

Bytes copy(Octets octets) {
  return {octets.begin(), octets.end()};
}

std::string text_of(const WipedBuffer& buffer) {
  return {buffer.expose().begin(), buffer.expose().end()};
}

Octets octets_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// The error that taking one OCTET STRING called "field" meets; empty if none.
std::string take_error(Bytes der) {
  FirstError error;
  der::Reader reader(der, error);
  reader.take(der::kOctetString, "field");
  reader.finish("file");
  return error.text();
}

TEST(Der, ElementsOfEveryLengthRoundTrip) {
  for (const size_t length :
       std::initializer_list<size_t>{0, 1, 127, 128, 129, 255, 256, 257, 65535, 65536, 1 << 24}) {
    const Bytes content(length, 0x5a);
    const WipedBuffer written = der::element(der::kOctetString, {Octets(content)});
    FirstError error;
    der::Reader reader(written.expose(), error);
    EXPECT_EQ(copy(reader.take(der::kOctetString, "field")), content) << length;
    reader.finish("file");
    EXPECT_EQ(error.text(), "") << length;
  }
}

TEST(Der, LengthsAreMinimal) {
  const auto header = [](size_t length) {
    const Bytes content(length);
    const WipedBuffer written = der::element(der::kOctetString, {Octets(content)});
    return copy(written.expose().first(written.size() - length));
  };
  EXPECT_EQ(header(127), (Bytes{4, 0x7f}));
  EXPECT_EQ(header(128), (Bytes{4, 0x81, 0x80}));
  EXPECT_EQ(header(256), (Bytes{4, 0x82, 1, 0}));
  EXPECT_EQ(header(65536), (Bytes{4, 0x83, 1, 0, 0}));
}

TEST(Der, HostileLengthsAreRefused) {
  EXPECT_EQ(take_error({}), "field: missing");
  EXPECT_EQ(take_error({4}), "field: ends before its length");
  EXPECT_EQ(take_error({4, 0x82, 1}), "field: ends before its length");
  EXPECT_EQ(take_error({4, 1}), "field: longer than what contains it");
  EXPECT_EQ(take_error({4, 0x84, 0xff, 0xff, 0xff, 0xff}), "field: longer than what contains it");
  EXPECT_EQ(take_error({4, 0x85, 0, 0, 0, 0, 1, 7}), "field: length of more than four octets");
  EXPECT_EQ(take_error({4, 0xff}), "field: length of more than four octets");
  EXPECT_EQ(take_error({4, 0x80, 7, 0, 0}), "field: indefinite length, which DER forbids");
  EXPECT_EQ(take_error({4, 0x81, 1, 7}), "field: length not in its shortest form");
  Bytes padded(4 + 0x80);
  padded = {4, 0x82, 0, 0x80};
  padded.resize(4 + 0x80);
  EXPECT_EQ(take_error(padded), "field: length not in its shortest form");
  EXPECT_EQ(take_error({4, 1, 7, 0}), "file: more follows after its last element");
  EXPECT_EQ(take_error({5, 0}), "field: another type of element stands in its place");
}

TEST(Der, TheFirstErrorStaysAndNothingIsReadAfterIt) {
  const Bytes der = {5, 0, 4, 1, 7};
  FirstError error;
  der::Reader reader(der, error);
  EXPECT_TRUE(reader.take(der::kOctetString, "first").empty());
  EXPECT_FALSE(reader.next_is(5));
  EXPECT_TRUE(reader.enter(der::kSequence, "second").take(der::kOctetString, "third").empty());
  reader.finish("file");
  EXPECT_EQ(error.text(), "first: another type of element stands in its place");
}

TEST(Der, ObjectIdentifiersAreNamed) {
  const auto name = [](Bytes content) { return der::dotted(content); };
  EXPECT_EQ(name({0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04, 0x02}), "2.16.840.1.101.3.4.4.2");
  EXPECT_EQ(name({0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01}), "1.2.840.113549.1.1.1");
  EXPECT_EQ(name({0x88, 0x37, 0x03}), "2.999.3");
  EXPECT_EQ(name({0x8f, 0xff, 0xff, 0xff, 0x7f}), "2.4294967215");
  for (const Bytes& bad : {Bytes{}, Bytes{0x80, 0x01}, Bytes{0x2a, 0x86},
                           Bytes{0x2a, 0x90, 0x80, 0x80, 0x80, 0x00}, Bytes(33, 0x2a)})
    EXPECT_EQ(name(bad), "malformed");
}

// 31 octets: two characters and "=" at the end.
constexpr std::string_view kBase64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==";
const std::string kBlock = "-----BEGIN TEST-----\n" + std::string(kBase64) + "\n-----END TEST-----\n";

Bytes counted(size_t length) {
  Bytes out(length);
  for (size_t i = 0; i < length; ++i) out[i] = uint8_t(i);
  return out;
}

std::string pem_error(std::string_view text) {
  return read_pem(octets_of(text)).error();
}

void expect_block(const std::string& text) {
  auto block = read_pem(octets_of(text));
  ASSERT_TRUE(block) << block.error() << '\n' << text;
  EXPECT_EQ(block->label, "TEST");
  EXPECT_EQ(copy(block->content.expose()), counted(31)) << text;
}

TEST(Pem, ContentsOfEveryLengthRoundTrip) {
  std::mt19937 random(1);
  for (size_t length = 0; length <= 200; ++length) {
    Bytes content(length);
    for (uint8_t& octet : content) octet = uint8_t(random());
    const WipedBuffer written = write_pem("A LABEL", content);
    auto block = read_pem(written.expose());
    ASSERT_TRUE(block) << block.error() << '\n' << text_of(written);
    EXPECT_EQ(block->label, "A LABEL");
    EXPECT_EQ(copy(block->content.expose()), content);
    for (size_t at = 0, end; at < written.size(); at = end + 1) {
      end = text_of(written).find('\n', at);
      EXPECT_LE(end - at, 64u) << text_of(written);
    }
  }
}

TEST(Pem, TheTextIsThatOfRfc7468) {
  const WipedBuffer written = write_pem("TEST", counted(31));
  EXPECT_EQ(text_of(written), kBlock);
}

TEST(Pem, LayoutDoesNotMatter) {
  expect_block(kBlock);
  for (const std::string_view line_end : {"\n", "\r\n", "\r", "\n\n", " \t\n"})
    for (const size_t line_length : std::initializer_list<size_t>{1, 3, 4, 5, 16, 43, 44, 64, 1000}) {
      std::string text = "-----BEGIN TEST-----" + std::string(line_end);
      for (size_t at = 0; at < kBase64.size(); at += line_length)
        (text += kBase64.substr(at, line_length)) += line_end;
      expect_block(text + "-----END TEST-----" + std::string(line_end));
      expect_block(text + "-----END TEST-----");
      expect_block("Key: ----BEGIN\r\n-----BEGINNING\r\nsome -----BEGIN text\n" + text +
                   "-----END TEST-----\r\nmore text");
    }
}

TEST(Pem, DamagedBase64IsRefused) {
  const auto error_of = [](const std::string& base64) {
    return pem_error("-----BEGIN TEST-----\n" + base64 + "\n-----END TEST-----\n");
  };
  EXPECT_EQ(error_of("AAEC"), "");
  EXPECT_EQ(error_of(""), "");
  for (const char* incomplete :
       {"A", "AA", "AAE", "AA=", "AAEC=", "AAEC====", "AA===", "=", "AAECA", "A===", "AAECA==="})
    EXPECT_EQ(error_of(incomplete), "PEM: base64: incomplete") << incomplete;
  EXPECT_EQ(error_of("AA==AAEC"), "PEM: base64: more follows after the padding");
  EXPECT_EQ(error_of("AB=="), "PEM: base64: bits behind the end");
  EXPECT_EQ(error_of("AAF="), "PEM: base64: bits behind the end");
  EXPECT_EQ(
      error_of("Proc-Type: 4,ENCRYPTED\n\nAAEC"),
      "PEM: headers within the block (RFC 1421), as encrypted keys of old have them, are not supported");
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int c = 0; c < 256; ++c) {
    if (std::string_view(" \t\r\n=:").find(char(c)) != std::string_view::npos) continue;
    const bool good = alphabet.find(char(c)) != std::string::npos;
    EXPECT_EQ(error_of(std::string(1, char(c)) + "AEC"),
              good ? "" : "PEM: base64: a character that is not of its alphabet")
        << c;
  }
}

TEST(Pem, DamagedBoundariesAreRefused) {
  EXPECT_FALSE(is_pem(octets_of("no key")));
  EXPECT_FALSE(is_pem(octets_of(" -----BEGIN TEST-----")));
  EXPECT_EQ(pem_error("no key"), "PEM: no BEGIN line");
  EXPECT_EQ(pem_error("-----BEGIN TEST----\nAAEC\n-----END TEST-----\n"), "PEM: malformed BEGIN line");
  EXPECT_EQ(pem_error("-----BEGIN TEST-----AAEC\n-----END TEST-----\n"), "PEM: malformed BEGIN line");
  EXPECT_EQ(pem_error("-----BEGIN \x1b[2J-----\nAAEC\n-----END \x1b[2J-----\n"), "PEM: malformed BEGIN line");
  EXPECT_EQ(pem_error("-----BEGIN " + std::string(65, 'A') + "-----\n"), "PEM: malformed BEGIN line");
  EXPECT_EQ(pem_error("-----BEGIN "), "PEM: malformed BEGIN line");
  EXPECT_EQ(pem_error("-----BEGIN TEST-----"), "PEM: no END line for 'TEST'");
  EXPECT_EQ(pem_error("-----BEGIN TEST-----\nAAEC\n"), "PEM: no END line for 'TEST'");
  EXPECT_EQ(pem_error("-----BEGIN TEST-----\nAAEC\n" + kBlock), "PEM: no END line for 'TEST'");
  EXPECT_EQ(pem_error("-----BEGIN TEST-----\nAAEC\n-----END TOAST-----\n"),
            "PEM: the END line does not match 'TEST'");
  EXPECT_EQ(pem_error("-----BEGIN TEST-----\nAAEC\n-----END TEST----\n"),
            "PEM: the END line does not match 'TEST'");
  EXPECT_EQ(pem_error(kBlock + kBlock), "PEM: more than one block: which one is meant is not clear");
  for (size_t length = 0; length + 1 < kBlock.size(); ++length)
    EXPECT_NE(pem_error(kBlock.substr(0, length)), "") << length;
}

}  // namespace
}  // namespace mlkem::test
