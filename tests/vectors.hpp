// SPDX-License-Identifier: Apache-2.0
// Finds and reads files of test vectors: `--vectors DIR` (repeatable) on a suite's command line names the
// folders, the build's option `vectors` is the default. main.cpp is the main() that takes the argument.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlkem::test {

using Bytes = std::vector<uint8_t>;

// Takes `--vectors DIR` and `--vectors=DIR` out of the arguments. Returns an error message, or nothing.
std::optional<std::string> take_vector_arguments(int& argc, char** argv);

// Every regular file in and below the folders, sorted, whose path ends in one of `endings` or in one of them with
// `.gz` behind. Whatever the folders are called: suites recognise a file by its name's end and its content.
std::vector<std::filesystem::path> vector_files(std::initializer_list<std::string_view> endings);

// Why vector_files() may have found nothing, for GTEST_SKIP.
std::string no_vectors_reason(std::string_view wanted);

// The path as a reader of test output wants it: without the folder that --vectors named.
std::string display_name(const std::filesystem::path& file);

// A file's text; a .gz file is unpacked. Without zlib, .gz files give nothing and `*out_reason` says so.
std::optional<std::string> read_vector_file(const std::filesystem::path& file, std::string* out_reason);

// The octets of a hexadecimal string in either case; nothing for an odd length or another character.
std::optional<Bytes> from_hex(std::string_view hex);
std::string to_hex(const uint8_t* bytes, size_t size);

}  // namespace mlkem::test
