// SPDX-License-Identifier: Apache-2.0
// mlkem-ike encaps: a shared secret and its ciphertext for an encapsulation key (FIPS 203, Algorithm 20).
#include <memory>

#include "tools/mlkem-ike/command.hpp"
#include "tools/mlkem-ike/io/files.hpp"
#include "tools/mlkem-ike/keys/load_key.hpp"

namespace mlkem::cli {
namespace {

struct Options {
  int set = 0;
  std::string ek, ct, ss;
  bool force = false;
};

void run(const Options& options) {
  OutputFiles outputs(options.force);
  outputs.add("--ct", options.ct, Secrecy::kPublic);
  outputs.add("--ss", options.ss, Secrecy::kSecret);
  const PublicKeyFile key = load_public_key("--ek", options.ek, options.set);
  std::array<uint8_t, MlKem1024::kCtBytes> ct;
  SharedSecret ss;
  const int status =
      mlkem_encaps(key.set, ct.data(), ss.expose_mutable().data(), key.ek.data(), key.ek.size());
  if (status != MLKEM_OK) throw Failure(mlkem_strerror(status));
  outputs.write({Octets(ct).first(mlkem_ct_bytes(key.set)), ss.expose()});
}

}  // namespace

void add_encaps(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("encaps", "Make a shared secret for an encapsulation key");
  add_set_option(*command, options->set, "insist on a parameter set; otherwise the key tells");
  command->add_option("--ek", options->ek, "the encapsulation key: raw, DER or PEM; - is standard input")
      ->type_name("FILE")
      ->required();
  command->add_option("--ct", options->ct, "where the ciphertext (public) goes; - is standard output")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--ss", options->ss,
                   "where the shared secret goes, 32 octets, mode 0600; - is standard output")
      ->type_name("FILE")
      ->required();
  add_force_flag(*command, options->force);
  command->footer("Example: mlkem-ike encaps --ek peer.ek --ct message.ct --ss secret.ss");
  command->callback([options] { run(*options); });
}

}  // namespace mlkem::cli
