// SPDX-License-Identifier: Apache-2.0
// PEM blocks. A private key's base64 is as secret as the key: it is never copied into memory that nobody
// wipes, and its characters are computed, not looked up, as a table's cache lines would tell them.
#include "tools/mlkem-ike/keys/pem.hpp"

#include <algorithm>
#include <optional>

namespace mlkem::cli {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ", kDashes = "-----";
constexpr std::string_view kBlanks = " \t\r\n";
constexpr size_t kLineLength = 64;

std::string_view text_of(Octets file) {
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

// Where a line that starts with `start` begins, at or after `from`.
size_t find_line(std::string_view text, std::string_view start, size_t from) {
  for (size_t at = text.find(start, from); at != text.npos; at = text.find(start, at + 1))
    if (at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r') return at;
  return text.npos;
}

// A boundary's label; `end` becomes where its line ends.
std::optional<std::string> take_label(std::string_view text, size_t at, size_t& end) {
  end = std::min(text.find_first_of("\r\n", at), text.size());
  const std::string_view line = text.substr(at, end - at);
  const size_t dashes = line.find(kDashes);
  if (dashes == line.npos || line.find_first_not_of(kBlanks, dashes + kDashes.size()) != line.npos) return {};
  const std::string_view label = line.substr(0, dashes);
  const bool printable =
      std::all_of(label.begin(), label.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (label.size() > kMaxPemLabel || !printable) return {};
  return std::string(label);
}

// All ones if first <= c <= last, for values below 2^31.
constexpr uint32_t within(uint32_t c, uint32_t first, uint32_t last) {
  return (((first - 1 - c) & (c - last - 1)) >> 31) * ~uint32_t{0};
}

// The six bits that a character stands for; more than 63 for one that is not of the alphabet (RFC 4648,
// section 4).
constexpr uint32_t sextet_of(char character) {
  const uint32_t c = uint8_t(character);
  const uint32_t upper = within(c, 'A', 'Z'), lower = within(c, 'a', 'z'), digit = within(c, '0', '9'),
                 plus = within(c, '+', '+'), slash = within(c, '/', '/');
  return (upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (digit & (c - '0' + 52)) | (plus & 62) |
         (slash & 63) | (~(upper | lower | digit | plus | slash) & 64);
}

constexpr char character_of(uint32_t sextet) {
  return char((within(sextet, 0, 25) & (sextet + 'A')) | (within(sextet, 26, 51) & (sextet - 26 + 'a')) |
              (within(sextet, 52, 61) & (sextet - 52 + '0')) | (within(sextet, 62, 62) & '+') |
              (within(sextet, 63, 63) & '/'));
}

void append_text(WipedBuffer& out, std::string_view text) {
  out.append({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

}  // namespace

// Whether a character is a blank or padding is layout, not content.
Parsed<WipedBuffer> decode_base64(std::string_view body) {
  FirstError error;
  WipedBuffer out(body.size() / 4 * 3 + 3);
  Secret<4> group;
  const std::span<uint8_t, 4> sextets = group.expose_mutable();
  size_t count = 0, padding = 0;
  uint32_t bad = 0;
  for (const char c : body) {
    if (kBlanks.find(c) != kBlanks.npos) continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    if (padding != 0) error.report("base64: more follows after the padding");
    if (error) return error;
    const uint32_t sextet = sextet_of(c);
    bad |= sextet & 64;
    sextets[count++ % 4] = uint8_t(sextet);
    if (count % 4 != 0) continue;
    out.append(uint8_t(sextets[0] << 2 | sextets[1] >> 4));
    out.append(uint8_t(sextets[1] << 4 | sextets[2] >> 2));
    out.append(uint8_t(sextets[2] << 6 | sextets[3]));
  }
  if (bad) error.report("base64: a character that is not of its alphabet");
  const size_t rest = count % 4;
  if (rest == 1 || padding != (rest == 0 ? 0 : 4 - rest)) error.report("base64: incomplete");
  uint32_t unused_bits = 0;
  if (rest == 2) unused_bits = sextets[1] & 0xf;
  if (rest == 3) unused_bits = sextets[2] & 0x3;
  if (!error && unused_bits != 0) error.report("base64: bits behind the end");
  if (error) return error;
  if (rest >= 2) out.append(uint8_t(sextets[0] << 2 | sextets[1] >> 4));
  if (rest == 3) out.append(uint8_t(sextets[1] << 4 | sextets[2] >> 2));
  return out;
}

bool is_pem(Octets file) {
  const auto is_text = [](uint8_t octet) {
    return octet >= ' ' ? octet != 0x7f : octet >= '\t' && octet <= '\r';
  };
  return std::all_of(file.begin(), file.end(), is_text) &&
         find_line(text_of(file), kBegin, 0) != std::string_view::npos;
}

Parsed<PemBlock> read_pem(Octets file) {
  FirstError error;
  const auto fail = [&](std::string reason) {
    error.report("PEM: " + std::move(reason));
    return error;
  };
  const std::string_view text = text_of(file);
  const size_t begin = find_line(text, kBegin, 0);
  if (begin == text.npos) return fail("no BEGIN line");
  size_t body_start;
  const auto label = take_label(text, begin + kBegin.size(), body_start);
  if (!label) return fail("malformed BEGIN line");
  const size_t end = find_line(text, kEnd, body_start);
  const size_t next_begin = find_line(text, kBegin, body_start);
  if (end == text.npos || next_begin < end) return fail("no END line for '" + *label + "'");
  size_t block_end;
  const auto end_label = take_label(text, end + kEnd.size(), block_end);
  if (end_label != label) return fail("the END line does not match '" + *label + "'");
  if (next_begin != text.npos) return fail("more than one block: which one is meant is not clear");

  const std::string_view body = text.substr(body_start, end - body_start);
  if (body.find(':') != body.npos)
    return fail("headers within the block (RFC 1421), as encrypted keys of old have them, are not supported");
  auto content = decode_base64(body);
  if (!content) return fail(content.error());
  return PemBlock{*label, std::move(*content)};
}

WipedBuffer write_pem(std::string_view label, Octets content) {
  const size_t characters = (content.size() + 2) / 3 * 4;
  WipedBuffer out(kBegin.size() + kEnd.size() + 2 * (label.size() + kDashes.size() + 1) + characters +
                  characters / kLineLength + 1);
  const auto boundary = [&](std::string_view start) {
    append_text(out, start);
    append_text(out, label);
    append_text(out, kDashes);
    append_text(out, "\n");
  };
  boundary(kBegin);
  size_t column = 0;
  for (size_t at = 0; at < content.size(); at += 3) {
    const size_t have = std::min<size_t>(3, content.size() - at);
    uint32_t bits = 0;
    for (size_t i = 0; i < have; ++i) bits |= uint32_t(content[at + i]) << (16 - 8 * i);
    for (size_t i = 0; i < 4; ++i)
      out.append(uint8_t(i <= have ? character_of(bits >> (18 - 6 * i) & 63) : '='));
    column += 4;
    if (column == kLineLength || at + 3 >= content.size()) {
      append_text(out, "\n");
      column = 0;
    }
  }
  boundary(kEnd);
  return out;
}

}  // namespace mlkem::cli
