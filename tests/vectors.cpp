// SPDX-License-Identifier: Apache-2.0
#include "tests/vectors.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#ifdef MLKEM_TEST_ZLIB
#include <zlib.h>
#endif

namespace mlkem::test {
namespace fs = std::filesystem;
namespace {

// A gateway maker's folder of vectors is a few levels deep; a wrong argument may be a whole file system.
constexpr int kDeepestFolder = 6;

std::vector<fs::path>& folders() {
  static std::vector<fs::path> value{fs::path(MLKEM_TEST_VECTORS)};
  return value;
}

bool ends_with_one_of(const std::string& path, std::initializer_list<std::string_view> endings) {
  const std::string_view name = path;
  const std::string_view unpacked = name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name;
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return unpacked.ends_with(ending); });
}

#ifdef MLKEM_TEST_ZLIB
std::optional<std::string> read_gz(const fs::path& file) {
  gzFile in = gzopen(file.c_str(), "rb");
  if (!in) return std::nullopt;
  std::string text;
  char buffer[1 << 16];
  int got;
  while ((got = gzread(in, buffer, sizeof buffer)) > 0) text.append(buffer, size_t(got));
  const bool complete = got == 0 && gzclose(in) == Z_OK;
  if (got < 0) gzclose(in);
  return complete ? std::optional(std::move(text)) : std::nullopt;
}
#endif

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> take_vector_arguments(int& argc, char** argv) {
  std::vector<fs::path> given;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--vectors") {
      if (i + 1 == argc) return "--vectors needs a folder";
      given.emplace_back(argv[++i]);
    } else if (argument.starts_with("--vectors=")) {
      given.emplace_back(argument.substr(10));
    } else {
      argv[kept++] = argv[i];
      continue;
    }
    std::error_code error;
    if (!fs::exists(given.back(), error)) return "--vectors: no such folder: " + given.back().string();
  }
  argc = kept;
  argv[argc] = nullptr;
  if (!given.empty()) folders() = std::move(given);
  return std::nullopt;
}

std::vector<fs::path> vector_files(std::initializer_list<std::string_view> endings) {
  std::vector<fs::path> found;
  for (const fs::path& folder : folders()) {
    std::error_code error;
    if (fs::is_regular_file(folder, error)) {
      if (ends_with_one_of(folder.generic_string(), endings)) found.push_back(folder);
      continue;
    }
    fs::recursive_directory_iterator walk(folder, fs::directory_options::skip_permission_denied, error);
    for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
      if (walk.depth() >= kDeepestFolder) walk.disable_recursion_pending();
      std::error_code ignored;
      if (!walk->is_regular_file(ignored)) continue;
      if (ends_with_one_of(walk->path().generic_string(), endings)) found.push_back(walk->path());
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::string no_vectors_reason(std::string_view wanted) {
  std::string reason = "no " + std::string(wanted) + " in";
  for (const fs::path& folder : folders()) (reason += ' ') += folder.string();
  return reason + " (give a folder with --vectors DIR)";
}

std::string display_name(const fs::path& file) {
  for (const fs::path& folder : folders()) {
    const fs::path relative = file.lexically_relative(folder);
    if (!relative.empty() && relative != "." && *relative.begin() != "..") return relative.generic_string();
  }
  return file.generic_string();
}

std::optional<std::string> read_vector_file(const fs::path& file, std::string* out_reason) {
  if (file.extension() == ".gz") {
#ifdef MLKEM_TEST_ZLIB
    auto text = read_gz(file);
    if (!text) *out_reason = "can't be unpacked";
    return text;
#else
    *out_reason = "built without zlib";
    return std::nullopt;
#endif
  }
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad() || !in.is_open()) {
    *out_reason = "can't be read";
    return std::nullopt;
  }
  return text;
}

std::optional<Bytes> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  Bytes bytes(hex.size() / 2);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = uint8_t(high << 4 | low);
  }
  return bytes;
}

std::string to_hex(const uint8_t* bytes, size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * size);
  for (size_t i = 0; i < size; ++i) {
    hex += kDigits[bytes[i] >> 4];
    hex += kDigits[bytes[i] & 15];
  }
  return hex;
}

}  // namespace mlkem::test
