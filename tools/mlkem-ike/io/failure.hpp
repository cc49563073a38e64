// SPDX-License-Identifier: Apache-2.0
// How a command fails: main() turns these into messages and exit statuses.
#pragma once

#include <stdexcept>

namespace mlkem::cli {

// Ends the program with exit status 1 and this message, which says which field or file is meant and never a
// secret.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Ends the program with exit status 1 after everything was said.
class ReportedFailure : public Failure {
 public:
  ReportedFailure() : Failure("") {}
};

}  // namespace mlkem::cli
