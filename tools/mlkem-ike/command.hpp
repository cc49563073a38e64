// SPDX-License-Identifier: Apache-2.0
// What the subcommands share: how each joins the command line, how it fails, and how a parameter set is
// named.
#pragma once

#include <CLI/CLI.hpp>
#include <stdexcept>
#include <string>

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

// Each adds one subcommand.
void add_info(CLI::App& app);
void add_keygen(CLI::App& app);
void add_encaps(CLI::App& app);
void add_decaps(CLI::App& app);
void add_demo(CLI::App& app);
void add_replay(CLI::App& app);
void add_decode(CLI::App& app);

// The value of --set: 512, 768 or 1024; 0 if it was not given.
inline void add_set_option(CLI::App& command, int& set, const std::string& description) {
  command.add_option("--set", set, description)->check(CLI::IsMember({512, 768, 1024}));
}

}  // namespace mlkem::cli
