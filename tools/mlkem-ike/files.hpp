// SPDX-License-Identifier: Apache-2.0
// Raw octets in and out of files and standard streams; files with secrets are never readable by others, not
// even for a moment, and are written completely or not at all.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "command.hpp"

namespace mlkem::cli {

// Reads all of a file, or of standard input for "-", into the front of `out` and returns the length;
// out.size() + 1 if there is more. `field` is the option's name, for messages. Throws Failure.
size_t read_file(const std::string& field, const std::string& path, std::span<uint8_t> out);

// As read_file, for a field of exactly out.size() octets; `what` names it in the message.
void read_exactly(const std::string& field, const std::string& path, std::span<uint8_t> out,
                  const std::string& what);

// The parameter set whose key (`what`) has this length, of the lengths for 512, 768 and 1024. `set`, unless
// 0, insists on one. Throws Failure.
int set_by_length(const std::string& field, const std::string& path, size_t length, int set,
                  const std::string& what, const std::array<size_t, 3>& lengths);

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
  void write(std::initializer_list<std::span<const uint8_t>> contents);

 private:
  struct File {
    std::string field, path;
    Secrecy secrecy;
    std::string
        written_path;  // what to remove when something goes wrong: the file itself or what shall replace it
    bool replaces = false;
  };
  void open_and_write(File& file, std::span<const uint8_t> octets);

  bool force_;
  std::vector<File> files_;
};

}  // namespace mlkem::cli
