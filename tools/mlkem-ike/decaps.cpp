// SPDX-License-Identifier: Apache-2.0
// mlkem-ike decaps: the shared secret of a ciphertext (FIPS 203, Algorithm 21).
#include <memory>

#include "files.hpp"

namespace mlkem::cli {
namespace {

struct Options {
  int set = 0;
  std::string dk, ct, ss;
  bool force = false;
};

template <class Set>
void run(const Options& options, std::span<const uint8_t> dk) {
  OutputFiles outputs(options.force);
  outputs.add("--ss", options.ss, Secrecy::kSecret);
  std::array<uint8_t, Set::kCtBytes> ct;
  read_exactly("--ct", options.ct, ct, "a ciphertext of ML-KEM-" + std::to_string(kSetNumber<Set>));
  SharedSecret ss;
  if (decaps<Set>(ss, ct, dk.first<Set::kDkBytes>()) != Status::kOk)
    throw Failure("--dk '" + options.dk +
                  "': damaged: the hash of ek in it is wrong (FIPS 203, section 7.3)");
  outputs.write({ss.expose()});
}

}  // namespace

void add_decaps(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("decaps", "Recover the shared secret from a ciphertext");
  add_set_option(*command, options->set, "insist on a parameter set; otherwise the key's length tells");
  command->add_option("--dk", options->dk, "the decapsulation key; - is standard input")->required();
  command->add_option("--ct", options->ct, "the ciphertext; - is standard input")->required();
  command->add_option("--ss", options->ss, "where the shared secret goes, mode 0600; - is standard output")
      ->required();
  command->add_flag("--force", options->force, "replace existing files; let a secret go to a terminal");
  command->footer(
      "Example: mlkem-ike decaps --dk peer.dk --ct message.ct --ss secret.ss\n"
      "A ciphertext that was changed on its way is not an error: the secret then is one that nobody else "
      "has.");
  command->callback([options] {
    if (options->dk == "-" && options->ct == "-")
      throw CLI::ValidationError("--ct", "standard input is already --dk");
    Secret<MlKem1024::kDkBytes> dk;
    const size_t length = read_file("--dk", options->dk, dk.expose_mutable());
    const int set = set_by_length("--dk", options->dk, length, options->set, "a decapsulation key",
                                  {MlKem512::kDkBytes, MlKem768::kDkBytes, MlKem1024::kDkBytes});
    with_set(set, [&]<class Set>() { run<Set>(*options, dk.expose()); });
  });
}

}  // namespace mlkem::cli
