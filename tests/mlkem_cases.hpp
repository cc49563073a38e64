// SPDX-License-Identifier: Apache-2.0
// Public ML-KEM test vectors as plain cases, whichever format they come in: NIST ACVP (every release so far),
// C2SP Wycheproof (every ML-KEM schema) and C2SP CCTV.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mlkem-ike/mlkem.hpp"
#include "tests/vectors.hpp"

namespace mlkem::test {

enum class VectorSource { kAcvp, kWycheproof, kCctv };

enum class CaseKind { kKeygen, kEncaps, kDecaps, kCheckEk, kCheckDk };

// One operation. Octet strings that the file does not give are empty.
struct MlKemCase {
  std::string name;
  CaseKind kind = CaseKind::kKeygen;
  int set = 0;
  Status expected = Status::kOk;
  Bytes seed, ek, m, dk, ct;  // inputs; for kDecaps, seed stands for dk where dk is empty
  Bytes want_ek, want_dk, want_ct, want_ss;
};

struct CaseFile {
  std::string name;
  VectorSource source = VectorSource::kAcvp;
  std::vector<MlKemCase> cases;
  size_t entries = 0;                    // what the file calls a test
  std::vector<std::string> not_checked;  // an entry, or part of one, and the reason
};

struct CaseFiles {
  std::vector<CaseFile> files;
  std::vector<std::string> unknown;  // files that name ML-KEM and are none of the formats
  std::vector<std::string> broken;   // files that should be one of them and can't be read
};

// All of them, read once.
const CaseFiles& case_files();

// A CCTV file's `name = value` lines, in order of the file; empty if it is not made of such lines.
std::vector<std::pair<std::string, std::string>> named_values(std::string_view text);

struct SetSizes {
  size_t ek, dk, ct;
};
// Nothing for a number that is not 512, 768 or 1024.
std::optional<SetSizes> set_sizes(int set);
// True if every input has the length of its set.
bool has_right_lengths(const MlKemCase& c);

}  // namespace mlkem::test
