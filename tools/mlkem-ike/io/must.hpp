// SPDX-License-Identifier: Apache-2.0
// The library's results as the command line handles them: an error ends the step, or the command.
#pragma once

#include <string>
#include <utility>

#include "mlkem-ike/ikev2/result.hpp"
#include "tools/mlkem-ike/io/failure.hpp"

namespace mlkem::cli {

// The value, or a Failure that names the step.
template <class T>
T must(ikev2::Result<T>&& result, const char* step) {
  if (!result) throw Failure(std::string(step) + ": " + result.error().message);
  return *std::move(result);
}
inline void must(ikev2::Result<void>&& result, const char* step) {
  if (!result) throw Failure(std::string(step) + ": " + result.error().message);
}

}  // namespace mlkem::cli
