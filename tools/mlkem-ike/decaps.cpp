// SPDX-License-Identifier: Apache-2.0
// mlkem-ike decaps: the shared secret of a ciphertext (FIPS 203, Algorithm 21).
#include <memory>

#include "tools/mlkem-ike/command.hpp"
#include "tools/mlkem-ike/io/files.hpp"
#include "tools/mlkem-ike/keys/load_key.hpp"

namespace mlkem::cli {
namespace {

struct Options {
  int set = 0;
  std::string dk, ct, ss;
  bool force = false;
};

void run(const Options& options) {
  if (options.dk == "-" && options.ct == "-")
    throw CLI::ValidationError("--ct", "standard input is already --dk");
  OutputFiles outputs(options.force);
  outputs.add("--ss", options.ss, Secrecy::kSecret);
  const PrivateKeyFile key = load_private_key("--dk", options.dk, options.set);
  std::array<uint8_t, MlKem1024::kCtBytes> room;
  const auto ct = std::span<uint8_t>(room).first(mlkem_ct_bytes(key.set));
  read_exactly("--ct", options.ct, ct, "a ciphertext of ML-KEM-" + std::to_string(int(key.set)));
  SharedSecret ss;
  const int status = mlkem_decaps(key.set, ss.expose_mutable().data(), ct.data(), ct.size(), key.dk().data(),
                                  key.dk().size());
  if (status != MLKEM_OK) throw Failure(mlkem_strerror(status));
  outputs.write({ss.expose()});
}

}  // namespace

void add_decaps(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("decaps", "Recover the shared secret from a ciphertext");
  add_set_option(*command, options->set,
                 "insist on a parameter set; otherwise the key tells, if not a raw seed");
  command
      ->add_option("--dk", options->dk,
                   "the decapsulation key: raw (dk or its seed), DER or PEM; - is standard input")
      ->type_name("FILE")
      ->required();
  command->add_option("--ct", options->ct, "the ciphertext; - is standard input")
      ->type_name("FILE")
      ->required();
  command->add_option("--ss", options->ss, "where the shared secret goes, mode 0600; - is standard output")
      ->type_name("FILE")
      ->required();
  add_force_flag(*command, options->force);
  command->footer(
      "Example: mlkem-ike decaps --dk peer.dk --ct message.ct --ss secret.ss\n"
      "A ciphertext that was changed on its way is not an error: the secret then is one that nobody else "
      "has.");
  command->callback([options] { run(*options); });
}

}  // namespace mlkem::cli
