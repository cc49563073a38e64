// SPDX-License-Identifier: Apache-2.0
// The mlkem-ike command line. Exit status: 0 done, 1 failed (the message names the field and the reason), 2
// wrong use.
#include <csignal>
#include <iostream>

#include "command.hpp"
#include "mlkem-ike/mlkem.h"

int main(int argc, char** argv) {
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
  mlkem::cli::add_demo(app);
  mlkem::cli::add_replay(app);
  app.footer("Example: mlkem-ike demo --ke x25519,mlkem768\nEvery subcommand has its own --help.");
#else
  app.footer(
      "Example: mlkem-ike keygen --ek peer.ek --dk peer.dk\nEvery subcommand has its own --help.\n"
      "Built without IKEv2 (meson option ikev2): demo and replay are left out.");
#endif

  try {
    app.parse(argc, argv);
    if (!std::cout.flush()) throw mlkem::cli::Failure("standard output can't be written");
    return 0;
  } catch (const CLI::Success& success) {
    return app.exit(success);
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
