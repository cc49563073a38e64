// SPDX-License-Identifier: Apache-2.0
// What `probe` found, as a table with a sentence for each gateway, or as JSON.
#pragma once

#include <string>
#include <vector>

#include "tools/mlkem-ike/probe/prober.hpp"

namespace mlkem::cli {

// "performs ML-KEM-768, ML-KEM-1024", "chooses ML-KEM, but does not perform it: ...", "no ML-KEM ...", "closed: ...".
std::string conclusion(const HostReport& report);

std::string table_of(const std::vector<HostReport>& reports, const std::vector<ikev2::KeMethod>& methods);
std::string json_of(const std::vector<HostReport>& reports);

}  // namespace mlkem::cli
