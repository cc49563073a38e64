// SPDX-License-Identifier: Apache-2.0
// A secret stays in memory that is wiped, from the file or the terminal on.
#include "tools/mlkem-ike/peer/shared_key.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>

#include "tools/mlkem-ike/io/files.hpp"
#include "tools/mlkem-ike/io/text.hpp"
#include "tools/mlkem-ike/keys/pem.hpp"
#include "tools/mlkem-ike/net/wait.hpp"

namespace mlkem::cli {
namespace {

constexpr size_t kMaxKeyBytes = ikev2::kMaxSharedKeyBytes;
constexpr size_t kMaxFileBytes = 1 << 20;
constexpr std::string_view kBlanks = " \t\r";

std::string_view text_of(const WipedBuffer& buffer) {
  return {reinterpret_cast<const char*>(buffer.expose().data()), buffer.size()};
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

WipedBuffer copy_of(Octets octets) {
  WipedBuffer copy(octets.size());
  copy.append(octets);
  return copy;
}

constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

unsigned hex_value(char digit) {
  const size_t place = kHexDigits.find(digit);
  return unsigned(place < 16 ? place : place - 6);
}

WipedBuffer from_hex_digits(std::string_view digits, const std::string& place) {
  if (digits.find_first_not_of(kHexDigits) != digits.npos || digits.size() % 2 != 0)
    throw Failure(place + ": 0x, but no pairs of hex digits behind it");
  WipedBuffer octets(digits.size() / 2);
  for (size_t i = 0; i < digits.size(); i += 2)
    octets.append(uint8_t(hex_value(digits[i]) << 4 | hex_value(digits[i + 1])));
  return octets;
}

WipedBuffer parse_secret(std::string_view text, const std::string& place) {
  WipedBuffer key;
  if (text.starts_with("0x")) {
    key = from_hex_digits(text.substr(2), place);
  } else if (text.starts_with("0s")) {
    auto decoded = decode_base64(text.substr(2));
    if (!decoded) throw Failure(place + ": 0s, but " + decoded.error());
    key = std::move(*decoded);
  } else {
    key = copy_of(octets_of(text));
  }
  if (key.size() == 0) throw Failure(place + ": the key is empty");
  if (key.size() > kMaxKeyBytes) throw Failure(place + ": a key of more than " + octets_text(kMaxKeyBytes));
  return key;
}

ikev2::SharedKey shared_key_of(const WipedBuffer& octets) {
  ikev2::SharedKey key;
  // parse_secret() lets no longer one through.
  (void)key.assign(octets.expose());
  return key;
}

void warn_if_others_may_read(const std::string& field, const std::string& path) {
  struct stat status;
  if (path == "-" || ::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  if ((status.st_mode & 077) != 0)
    std::cerr << "mlkem-ike: warning: " << field << " '" << path
              << "' may be read or changed by others (chmod 600 " << path << ")\n";
}

WipedBuffer read_secret_file(const std::string& field, const std::string& path) {
  WipedBuffer file = read_up_to(field, path, kMaxFileBytes);
  if (file.size() > kMaxFileBytes) fail(field, path, "more than 1 MiB");
  warn_if_others_may_read(field, path);
  return file;
}

// The terminal without echo, as long as this lives; a signal meanwhile waits, so that echo always comes back.
class QuietTerminal {
 public:
  explicit QuietTerminal(int descriptor)
      : signals_({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}), descriptor_(descriptor) {
    if (::tcgetattr(descriptor_, &before_) != 0) throw Failure("the terminal can't be set up");
    termios quiet = before_;
    quiet.c_lflag &= ~tcflag_t(ECHO);
    ::tcsetattr(descriptor_, TCSAFLUSH, &quiet);
  }
  ~QuietTerminal() { ::tcsetattr(descriptor_, TCSAFLUSH, &before_); }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

  // Reads a line, without its end.
  WipedBuffer read_line() {
    WipedBuffer line(kMaxKeyBytes + 1);
    for (;;) {
      wait_for(std::array{descriptor_, signals_.descriptor()}, std::nullopt);
      if (signals_.take()) throw Failure("no shared key was given");
      Secret<1> octet;
      const ssize_t count = ::read(descriptor_, octet.expose_mutable().data(), 1);
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count <= 0 || octet.expose()[0] == '\n') return line;
      if (line.size() <= kMaxKeyBytes) line.append(octet.expose()[0]);
    }
  }

 private:
  Signals signals_;
  int descriptor_;
  termios before_;
};

}  // namespace

WipedBuffer read_shared_key(const std::string& field, const std::string& path) {
  const WipedBuffer file = read_secret_file(field, path);
  std::string_view text = text_of(file);
  text = text.substr(0, text.find_last_not_of("\r\n") + 1);
  const std::string place = field + " '" + path + "'";
  if (text.find('\n') != text.npos) throw Failure(place + ": more than one line");
  return parse_secret(text, place);
}

WipedBuffer ask_for_shared_key(const std::string& prompt) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) throw Failure("no shared key: there is no terminal to ask on (--psk-file names a file)");
  struct Closed {
    int descriptor;
    ~Closed() { ::close(descriptor); }
  } const closed{terminal};
  const auto say = [&](const std::string& text) { (void)!::write(terminal, text.data(), text.size()); };
  WipedBuffer line;
  {
    QuietTerminal quiet(terminal);
    say(prompt);
    line = quiet.read_line();
  }
  say("\n");
  return parse_secret(text_of(line), "the shared key");
}

KeyTable KeyTable::one(const WipedBuffer& key) {
  KeyTable keys;
  keys.for_any_ = shared_key_of(key);
  return keys;
}

KeyTable KeyTable::from_file(const std::string& field, const std::string& path) {
  const WipedBuffer file = read_secret_file(field, path);
  std::string_view text = text_of(file);
  KeyTable keys;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    keys.add_line(trimmed(text.substr(0, end)), field + " '" + path + "': line " + std::to_string(number));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (keys.size() == 0) fail(field, path, "no key in it");
  return keys;
}

void KeyTable::add_line(std::string_view line, const std::string& place) {
  if (line.empty() || line.starts_with('#')) return;
  // IPv6 addresses hold colons, so that the one that divides has a blank on either side.
  size_t colon = line.find(" : ");
  if (colon == line.npos) colon = line.find("\t: ");
  if (colon == line.npos) throw Failure(place + ": not of the form `identity : secret`");
  const std::string name(trimmed(line.substr(0, colon)));
  std::string_view secret = trimmed(line.substr(colon + 2));
  if (secret.starts_with("PSK ")) secret = trimmed(secret.substr(4));
  if (secret.size() >= 2 && secret.front() == '"' && secret.back() == '"')
    secret = secret.substr(1, secret.size() - 2);
  ikev2::SharedKey key = shared_key_of(parse_secret(secret, place));
  if (name == "%any") {
    if (for_any_) throw Failure(place + ": %any twice");
    for_any_ = std::move(key);
    return;
  }
  ikev2::Identity identity;
  try {
    identity = parse_identity(name);
  } catch (const Failure& failure) {
    throw Failure(place + ": " + failure.what());
  }
  if (named({identity.type, identity.data}))
    throw Failure(place + ": '" + printable(octets_of(name)) + "' twice");
  entries_.push_back({std::move(identity), std::move(key)});
}

const ikev2::SharedKey* KeyTable::named(const ikev2::IdPayload& peer) const {
  for (const Entry& entry : entries_)
    if (entry.identity.type == peer.type && std::ranges::equal(entry.identity.data, peer.data))
      return &entry.key;
  return nullptr;
}

const ikev2::SharedKey* KeyTable::find(const ikev2::IdPayload& /*own*/,
                                       const ikev2::IdPayload& peer) noexcept {
  if (const ikev2::SharedKey* key = named(peer)) return key;
  return for_any_ ? &*for_any_ : nullptr;
}

}  // namespace mlkem::cli
