// SPDX-License-Identifier: Apache-2.0
// Many SAs with one gateway, as a load for it: each is established, held, deleted.
#pragma once

#include <functional>

#include "tools/mlkem-ike/peer/connection.hpp"

namespace mlkem::cli {

struct LoadOptions {
  unsigned count = 0;       // SAs in all; 0: as many as fit into repeat_for_s, or `parallel` without it
  unsigned parallel = 0;    // at the same time; 0: one
  double repeat_for_s = 0;  // no SA begins later

  bool is_load() const { return count != 0 || parallel != 0 || repeat_for_s > 0; }
};

// Runs until all are over, or closes them on SIGINT; prints a summary. `hold` is how long each SA lives. True if all
// were established and deleted. Throws Failure.
bool run_load(const LoadOptions& options, std::chrono::milliseconds hold,
              const std::function<PeerSockets()>& make_sockets, ikev2::Workspace& workspace,
              const ikev2::Policy& policy);

}  // namespace mlkem::cli
