// SPDX-License-Identifier: Apache-2.0
// What the subcommands share: how each joins the command line, and how a parameter set is named.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace mlkem::cli {

// Each adds one subcommand.
void add_info(CLI::App& app);
void add_keygen(CLI::App& app);
void add_encaps(CLI::App& app);
void add_decaps(CLI::App& app);
void add_connect(CLI::App& app);
void add_demo(CLI::App& app);
void add_probe(CLI::App& app);
void add_replay(CLI::App& app);
void add_decode(CLI::App& app);
void add_respond(CLI::App& app);

// The value of --set: 512, 768 or 1024; 0 if it was not given.
inline void add_set_option(CLI::App& command, int& set, const std::string& description) {
  command.add_option("--set", set, description)->check(CLI::IsMember({512, 768, 1024}));
}

inline void add_force_flag(CLI::App& command, bool& force) {
  command.add_flag("--force", force, "replace existing files; let a secret go to a terminal");
}

}  // namespace mlkem::cli
