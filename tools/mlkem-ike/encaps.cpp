// SPDX-License-Identifier: Apache-2.0
// mlkem-ike encaps: a shared secret and its ciphertext for an encapsulation key (FIPS 203, Algorithm 20).
#include <memory>

#include "files.hpp"

namespace mlkem::cli {
namespace {

struct Options {
  int set = 0;
  std::string ek, ct, ss;
  bool force = false;
};

template <class Set>
void run(const Options& options, std::span<const uint8_t> ek) {
  OutputFiles outputs(options.force);
  outputs.add("--ct", options.ct, Secrecy::kPublic);
  outputs.add("--ss", options.ss, Secrecy::kSecret);
  std::array<uint8_t, Set::kCtBytes> ct;
  SharedSecret ss;
  switch (encaps<Set>(ct, ss, ek.first<Set::kEkBytes>())) {
    case Status::kOk:
      break;
    case Status::kEk:
      throw Failure("--ek '" + options.ek + "': a coefficient is not below q (FIPS 203, section 7.2)");
    default:
      throw Failure("the operating system's randomness failed");
  }
  outputs.write({ct, ss.expose()});
}

}  // namespace

void add_encaps(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("encaps", "Make a shared secret for an encapsulation key");
  add_set_option(*command, options->set, "insist on a parameter set; otherwise the key's length tells");
  command->add_option("--ek", options->ek, "the encapsulation key; - is standard input")->required();
  command->add_option("--ct", options->ct, "where the ciphertext (public) goes; - is standard output")
      ->required();
  command->add_option("--ss", options->ss, "where the shared secret goes, 32 octets, mode 0600")->required();
  command->add_flag("--force", options->force, "replace existing files; let a secret go to a terminal");
  command->footer("Example: mlkem-ike encaps --ek peer.ek --ct message.ct --ss secret.ss");
  command->callback([options] {
    std::array<uint8_t, MlKem1024::kEkBytes> ek;
    const size_t length = read_file("--ek", options->ek, ek);
    const int set = set_by_length("--ek", options->ek, length, options->set, "an encapsulation key",
                                  {MlKem512::kEkBytes, MlKem768::kEkBytes, MlKem1024::kEkBytes});
    with_set(set, [&]<class Set>() { run<Set>(*options, ek); });
  });
}

}  // namespace mlkem::cli
