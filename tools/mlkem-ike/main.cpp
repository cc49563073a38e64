// SPDX-License-Identifier: Apache-2.0
// The mlkem-ike command line. Exit status: 0 done, 1 failed (the message names the field and the reason), 2
// wrong use.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "mlkem-ike/mlkem.h"
#include "tools/mlkem-ike/command.hpp"
#include "tools/mlkem-ike/io/failure.hpp"

namespace {

// A file opened under the number of a closed standard stream would be taken for that stream, secrets included. So
// each closed one becomes a descriptor on which its use fails.
void occupy_standard_streams() {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number)
    if (fcntl(number, F_GETFD) < 0) (void)!open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

// An empty name is most often a shell variable that was never set.
void refuse_empty_file_names(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands({}))
    for (CLI::Option* option : command->get_options())
      if (option->get_type_name().find("FILE") != std::string::npos)
        option->check([](const std::string& name) { return name.empty() ? "an empty file name" : ""; });
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_streams();
  // A reader that goes away shall be an error like any other, so that half-done files are removed.
  std::signal(SIGPIPE, SIG_IGN);

  CLI::App app{"ML-KEM (FIPS 203) and its use in IKEv2"};
  app.set_version_flag("--version", std::string("mlkem-ike ") + mlkem_version());
  app.require_subcommand(1);
  mlkem::cli::add_info(app);
  mlkem::cli::add_keygen(app);
  mlkem::cli::add_encaps(app);
  mlkem::cli::add_decaps(app);
#if MLKEM_IKE_HAS_IKEV2
  mlkem::cli::add_connect(app);
  mlkem::cli::add_respond(app);
  mlkem::cli::add_probe(app);
  mlkem::cli::add_demo(app);
  mlkem::cli::add_replay(app);
  mlkem::cli::add_decode(app);
  app.footer("Example: mlkem-ike demo --ke x25519,mlkem768\nEvery subcommand has its own --help.");
#else
  app.footer(
      "Example: mlkem-ike keygen --ek peer.ek --dk peer.dk\nEvery subcommand has its own --help.\n"
      "Built without IKEv2 (meson option ikev2): connect, respond, probe, demo, replay and decode are left "
      "out.");
#endif

  refuse_empty_file_names(app);
  try {
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& help_or_version) {
      app.exit(help_or_version);
    }
    if (!std::cout.flush()) throw mlkem::cli::Failure("standard output can't be written");
    return 0;
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return 2;
  } catch (const mlkem::cli::ReportedFailure&) {
    return 1;
  } catch (const std::exception& error) {
    std::cerr << "mlkem-ike: " << error.what() << '\n';
    return 1;
  }
}
