// SPDX-License-Identifier: Apache-2.0
// Raw octets in and out of files and standard streams; files with secrets are never readable by others, not
// even for a moment, and are written completely or not at all.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/io/wiped_buffer.hpp"

namespace mlkem::cli {

// Throws Failure: what is wrong with a file. `field` is the option that names it.
[[noreturn]] void fail(const std::string& field, const std::string& path, const std::string& reason);

// All octets of a file, or of standard input for "-"; limit + 1 of them if it has more. Throws Failure.
WipedBuffer read_up_to(const std::string& field, const std::string& path, size_t limit);

// Fills `out` with a file of exactly that length; `what` names it in the message. Throws Failure.
void read_exactly(const std::string& field, const std::string& path, std::span<uint8_t> out,
                  const std::string& what);

// A text file, or standard input for "-", of at most 16 MiB. Throws Failure.
std::string read_text(const std::string& field, const std::string& path);

enum class Secrecy { kPublic, kSecret };

// The files that one command writes: all of them, or none is left behind.
class OutputFiles {
 public:
  // `force` replaces existing files and lets secrets go to a terminal.
  explicit OutputFiles(bool force) : force_(force) {}
  ~OutputFiles();
  OutputFiles(const OutputFiles&) = delete;
  OutputFiles& operator=(const OutputFiles&) = delete;

  // Names a file, "-" for standard output. Throws CLI::ValidationError where two outputs would be the same.
  void add(const std::string& field, const std::string& path, Secrecy secrecy);
  // Writes what belongs to each, in the order of add(). Throws Failure.
  void write(const std::vector<Octets>& contents);

 private:
  struct File {
    std::string field, path;
    Secrecy secrecy;
    std::string
        written_path;  // what to remove when something goes wrong: the file itself or what shall replace it
    bool replaces = false;
  };
  void open_and_write(File& file, Octets octets);

  bool force_;
  std::vector<File> files_;
};

}  // namespace mlkem::cli
