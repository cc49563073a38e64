// SPDX-License-Identifier: Apache-2.0
// mlkem-ike keygen: a key pair in two raw files (FIPS 203, Algorithms 16 and 19).
#include <memory>

#include "files.hpp"

namespace mlkem::cli {
namespace {

struct Options {
  int set = 768;
  std::string ek, dk, seed, save_seed;
  bool force = false;
};

template <class Set>
void run(const Options& options) {
  OutputFiles outputs(options.force);
  outputs.add("--ek", options.ek, Secrecy::kPublic);
  outputs.add("--dk", options.dk, Secrecy::kSecret);
  if (!options.save_seed.empty()) outputs.add("--save-seed", options.save_seed, Secrecy::kSecret);

  // A key pair always comes from a seed here, so that a fresh one can be saved, too.
  Seed seed;
  if (!options.seed.empty()) {
    read_exactly("--seed", options.seed, seed.expose_mutable(), "a seed (d, then z)");
  } else if (const RandomSource random = system_random();
             !random.fill(random.argument, seed.expose_mutable())) {
    throw Failure("the operating system's randomness failed");
  }
  std::array<uint8_t, Set::kEkBytes> ek;
  DecapsulationKey<Set> dk;
  keygen_from_seed<Set>(ek, dk, seed.expose());

  if (options.save_seed.empty())
    outputs.write({ek, dk.expose()});
  else
    outputs.write({ek, dk.expose(), seed.expose()});
}

}  // namespace

void add_keygen(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("keygen", "Make an ML-KEM key pair");
  add_set_option(*command, options->set, "parameter set: 512, 768 or 1024 (default 768)");
  command->add_option("--ek", options->ek, "where the encapsulation key (public) goes; - is standard output")
      ->required();
  command->add_option("--dk", options->dk, "where the decapsulation key (secret) goes, mode 0600")
      ->required();
  CLI::Option* seed = command->add_option(
      "--seed", options->seed, "make the key pair of this seed: 64 octets, d then z; - is standard input");
  command->add_option("--save-seed", options->save_seed, "write the new key pair's seed as well, mode 0600")
      ->excludes(seed);
  command->add_flag("--force", options->force, "replace existing files; let a secret go to a terminal");
  command->footer("Example: mlkem-ike keygen --set 768 --ek peer.ek --dk peer.dk");
  command->callback([options] { with_set(options->set, [&]<class Set>() { run<Set>(*options); }); });
}

}  // namespace mlkem::cli
