// SPDX-License-Identifier: Apache-2.0
// Files by system calls: streams would buffer secrets in memory that nobody wipes, and set modes too late.
#include "tools/mlkem-ike/io/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace mlkem::cli {
namespace {

constexpr mode_t kSecretMode = 0600;
constexpr mode_t kPublicMode = 0644;
constexpr size_t kMaxTextBytes = size_t(16) << 20;

[[noreturn]] void fail_errno(const std::string& field, const std::string& path, const char* step) {
  fail(field, path, std::string(step) + ": " + std::strerror(errno));
}

// An open file; closing can report an error that must not be lost.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool close() {
    if (number_ <= STDERR_FILENO) return true;
    return ::close(std::exchange(number_, -1)) == 0;
  }

 private:
  int number_;
};

bool write_all(int descriptor, Octets octets) {
  while (!octets.empty()) {
    const ssize_t count = ::write(descriptor, octets.data(), octets.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    octets = octets.subspan(size_t(count));
  }
  return true;
}

// A pipe, a terminal, /dev/null: something that is there already and keeps nothing, so that it is not
// "overwritten".
bool keeps_nothing(const struct stat& status) {
  return S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode) || S_ISSOCK(status.st_mode);
}
bool is_stream(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && keeps_nothing(status);
}

// Two names of one stream, or of standard output and the file that it goes to.
bool lead_to_one_stream(const std::string& path, const std::string& other) {
  struct stat one, two;
  const auto look = [](const std::string& name, struct stat& status) {
    return (name == "-" ? ::fstat(STDOUT_FILENO, &status) : ::stat(name.c_str(), &status)) == 0;
  };
  return look(path, one) && look(other, two) && one.st_dev == two.st_dev && one.st_ino == two.st_ino &&
         (path == "-" || other == "-" || keeps_nothing(one));
}

// Another name of standard output or error, such as /dev/stdout, which may be redirected to a file.
bool is_standard_stream(const std::string& path) {
  struct stat status, stream;
  if (::stat(path.c_str(), &status) != 0) return false;
  for (const int number : {STDOUT_FILENO, STDERR_FILENO})
    if (::fstat(number, &stream) == 0 && stream.st_dev == status.st_dev && stream.st_ino == status.st_ino)
      return true;
  return false;
}

// A FIFO that somebody else made, or that others may read, is no place for a secret.
bool others_may_read(const struct stat& status) {
  return S_ISFIFO(status.st_mode) && (status.st_uid != ::geteuid() || (status.st_mode & 077) != 0);
}

}  // namespace

void fail(const std::string& field, const std::string& path, const std::string& reason) {
  throw Failure(field + " '" + (path == "-" ? "standard stream" : path) + "': " + reason);
}

WipedBuffer read_up_to(const std::string& field, const std::string& path, size_t limit) {
  Descriptor file(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) fail_errno(field, path, "can't be opened");
  WipedBuffer out(limit + 1);
  Secret<4096> room;
  while (out.size() <= limit) {
    const auto piece = std::span<uint8_t>(room.expose_mutable());
    const ssize_t count = ::read(file.number(), piece.data(), std::min(piece.size(), limit + 1 - out.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_errno(field, path, "can't be read");
    if (count == 0) break;
    out.append(piece.first(size_t(count)));
  }
  return out;
}

std::string read_text(const std::string& field, const std::string& path) {
  const WipedBuffer file = read_up_to(field, path, kMaxTextBytes);
  if (file.size() > kMaxTextBytes)
    fail(field, path, "more than " + std::to_string(kMaxTextBytes >> 20) + " MiB");
  return {reinterpret_cast<const char*>(file.expose().data()), file.size()};
}

void read_exactly(const std::string& field, const std::string& path, std::span<uint8_t> out,
                  const std::string& what) {
  const WipedBuffer file = read_up_to(field, path, out.size());
  if (file.size() != out.size()) {
    const std::string found =
        file.size() > out.size() ? "more than " + std::to_string(out.size()) : std::to_string(file.size());
    fail(field, path, found + " octets, but " + what + " has " + std::to_string(out.size()));
  }
  std::copy(file.expose().begin(), file.expose().end(), out.begin());
}

OutputFiles::~OutputFiles() {
  for (const File& file : files_)
    if (!file.written_path.empty()) ::unlink(file.written_path.c_str());
}

void OutputFiles::add(const std::string& field, const std::string& path, Secrecy secrecy) {
  const auto place = [](const std::string& name) {
    std::error_code unreadable;
    const auto canonical =
        std::filesystem::weakly_canonical(std::filesystem::absolute(name, unreadable), unreadable);
    return unreadable ? std::filesystem::path(name) : canonical;
  };
  for (const File& other : files_)
    if (other.path == path || lead_to_one_stream(path, other.path) ||
        (path != "-" && other.path != "-" && !is_stream(path) && place(path) == place(other.path)))
      throw CLI::ValidationError(field, "'" + path + "' is already the output of " + other.field);
  files_.push_back({field, path, secrecy, {}, false});
}

void OutputFiles::open_and_write(File& file, Octets octets) {
  const mode_t mode = file.secrecy == Secrecy::kSecret ? kSecretMode : kPublicMode;
  int number;
  if (file.path == "-") {
    number = STDOUT_FILENO;
  } else if (is_stream(file.path)) {
    number = ::open(file.path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  } else {
    // A new file next to the old one takes its place at the end: the old one's mode, owner and links do not
    // matter.
    struct stat status;
    file.replaces = force_ && ::lstat(file.path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
    if (file.replaces && !S_ISREG(status.st_mode) &&
        (!S_ISLNK(status.st_mode) || is_standard_stream(file.path)))
      fail(file.field, file.path, "is a device or leads to a standard stream: it is not replaced");
    const std::string target = file.replaces ? file.path + ".new-" + std::to_string(::getpid()) : file.path;
    number = ::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (number >= 0) file.written_path = target;
    if (number < 0 && errno == EEXIST && !force_)
      fail(file.field, file.path, "exists already (--force replaces it)");
  }
  Descriptor descriptor(number);
  if (number < 0) fail_errno(file.field, file.path, "can't be created");
  // Between the look at the path and its opening another file may have taken its place.
  struct stat opened;
  if (::fstat(number, &opened) != 0) fail_errno(file.field, file.path, "can't be looked at");
  if (file.path != "-" && file.written_path.empty()) {
    if (!keeps_nothing(opened)) fail(file.field, file.path, "has become a file");
    if (file.secrecy == Secrecy::kSecret && !force_ && others_may_read(opened))
      fail(file.field, file.path, "a pipe that others may read (--force writes to it nevertheless)");
  }
  if (file.secrecy == Secrecy::kSecret && !force_ && ::isatty(number))
    fail(file.field, file.path, "a secret on a terminal (--force writes it nevertheless)");
  if (!write_all(number, octets)) fail_errno(file.field, file.path, "can't be written");
  if (!descriptor.close()) fail_errno(file.field, file.path, "can't be written");
}

void OutputFiles::write(const std::vector<Octets>& contents) {
  auto octets = contents.begin();
  for (File& file : files_) open_and_write(file, *octets++);
  for (File& file : files_) {
    if (file.replaces && ::rename(file.written_path.c_str(), file.path.c_str()) != 0)
      fail_errno(file.field, file.path, "can't be replaced");
    if (file.replaces) file.written_path.clear();
  }
  for (File& file : files_) file.written_path.clear();
}

}  // namespace mlkem::cli
