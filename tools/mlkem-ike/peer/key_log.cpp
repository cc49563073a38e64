// SPDX-License-Identifier: Apache-2.0
// Each line is written at once, so that a table can be read while it grows.
#include "tools/mlkem-ike/peer/key_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "tools/mlkem-ike/io/files.hpp"
#include "tools/mlkem-ike/sa/decryption_table.hpp"

namespace mlkem::cli {
namespace {

constexpr char kField[] = "--keylog";

std::vector<uint8_t> bytes_of(ikev2::Octets octets) {
  return {octets.begin(), octets.end()};
}

}  // namespace

MessageKeys message_keys_of(const ikev2::LoggedKeys& logged) {
  const ikev2::IkeKeys& keys = logged.keys;
  return {logged.algorithms, bytes_of(keys.sk_ei.expose()), bytes_of(keys.sk_er.expose()),
          bytes_of(keys.sk_ai.expose()), bytes_of(keys.sk_ar.expose())};
}

KeyLogFolder::KeyLogFolder(std::string folder) : folder_(std::move(folder)) {
  struct stat status;
  if (::stat(folder_.c_str(), &status) != 0) fail(kField, folder_, std::strerror(errno));
  if (!S_ISDIR(status.st_mode)) fail(kField, folder_, "not a folder");
}

void KeyLogFolder::add(const ikev2::LoggedKeys& keys) noexcept {
  try {
    append(keys);
  } catch (const std::exception& failure) {
    fault_ = failure.what();
  }
}

void KeyLogFolder::check() {
  if (!fault_.empty()) throw Failure(std::exchange(fault_, {}));
}

void KeyLogFolder::append(const ikev2::LoggedKeys& keys) const {
  const std::string path =
      folder_ + "/ikev2_decryption_table." + std::to_string(unsigned(keys.keys.generation));
  const std::string line = decryption_table_line({keys.spi_i, keys.spi_r, {message_keys_of(keys)}}, 0);
  const int file =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
  if (file < 0) fail(kField, path, std::strerror(errno));
  struct stat status;
  const bool own = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == ::geteuid() &&
                   (status.st_mode & 077) == 0;
  const bool written = own && ::write(file, line.data(), line.size()) == ssize_t(line.size());
  const int error = errno;
  ::close(file);
  if (!own) fail(kField, path, "not a file that its owner alone may read");
  if (!written) fail(kField, path, std::strerror(error));
}

}  // namespace mlkem::cli
