// SPDX-License-Identifier: Apache-2.0
// mlkem-ike keygen: the two files of a key pair (FIPS 203, Algorithms 16 and 19), fresh, of a seed, or of a
// private key that is there already.
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "tools/mlkem-ike/command.hpp"
#include "tools/mlkem-ike/io/files.hpp"
#include "tools/mlkem-ike/keys/load_key.hpp"

namespace mlkem::cli {
namespace {

constexpr std::array<std::pair<const char*, Encoding>, 3> kEncodings = {
    {{"raw", Encoding::kRaw}, {"der", Encoding::kDer}, {"pem", Encoding::kPem}}};
constexpr std::array<std::pair<const char*, PrivateForm>, 3> kForms = {
    {{"seed", PrivateForm::kSeed}, {"expanded", PrivateForm::kExpanded}, {"both", PrivateForm::kBoth}}};

struct Options {
  int set = 0;
  std::string ek, dk, seed, from, save_seed;
  std::string format = "raw", form;
  bool force = false;
};

// CLI11 has checked the names.
template <class Value>
Value value_of(const std::array<std::pair<const char*, Value>, 3>& names, const std::string& name) {
  return std::find_if(names.begin(), names.end(), [&](const auto& known) { return name == known.first; })
      ->second;
}

PrivateKeyFile make_key(const Options& options) {
  if (!options.from.empty()) return load_private_key("--from", options.from, options.set);
  // A new key pair always comes from a seed here, so that it can be saved in every form.
  Seed seed;
  if (!options.seed.empty()) {
    read_exactly("--seed", options.seed, seed.expose_mutable(), "a seed (d, then z)");
  } else if (const RandomSource random = system_random();
             !random.fill(random.argument, seed.expose_mutable())) {
    throw Failure("the operating system's randomness failed");
  }
  auto key = read_private_key(seed.expose(), options.set == 0 ? MLKEM_768 : mlkem_set(options.set));
  if (!key) throw Failure(key.error());
  return std::move(*key);
}

// The most that fits: as OpenSSL writes keys, and as a raw dk is what FIPS 203 calls one.
PrivateForm form_of(const Options& options, const PrivateKeyFile& key, Encoding encoding) {
  if (!options.form.empty()) return value_of(kForms, options.form);
  return encoding == Encoding::kRaw || !key.seed ? PrivateForm::kExpanded : PrivateForm::kBoth;
}

void check_use(const Options& options) {
  for (const auto& [field, path] : {std::pair("--ek", &options.ek), std::pair("--dk", &options.dk)})
    if (path->empty() && (options.from.empty() || options.ek == options.dk)) throw CLI::RequiredError(field);
  if (options.format == "raw" && options.form == "both")
    throw CLI::ValidationError("--private", "raw octets hold a seed or a dk; both needs --format der or pem");
}

void run(const Options& options) {
  check_use(options);
  OutputFiles outputs(options.force);
  if (!options.ek.empty()) outputs.add("--ek", options.ek, Secrecy::kPublic);
  if (!options.dk.empty()) outputs.add("--dk", options.dk, Secrecy::kSecret);
  if (!options.save_seed.empty()) outputs.add("--save-seed", options.save_seed, Secrecy::kSecret);

  const PrivateKeyFile key = make_key(options);
  const Encoding encoding = value_of(kEncodings, options.format);
  const WipedBuffer public_file = write_public_key(key.set, key.ek(), encoding);
  std::vector<Octets> contents;
  if (!options.ek.empty()) contents.push_back(public_file.expose());
  WipedBuffer private_file;
  if (!options.dk.empty()) {
    auto written = write_private_key(key, form_of(options, key, encoding), encoding);
    if (!written) fail("--from", options.from, written.error());
    private_file = std::move(*written);
    contents.push_back(private_file.expose());
  }
  if (!options.save_seed.empty()) contents.push_back(key.seed->expose());
  outputs.write(contents);
}

}  // namespace

void add_keygen(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("keygen", "Make an ML-KEM key pair, or write one in another format");
  add_set_option(*command, options->set,
                 "parameter set: 512, 768 or 1024 (default 768; with --from the key's)");
  command->add_option("--ek", options->ek, "where the encapsulation key (public) goes; - is standard output")
      ->type_name("FILE");
  command
      ->add_option("--dk", options->dk,
                   "where the decapsulation key (secret) goes, mode 0600; - is standard output")
      ->type_name("FILE");
  command
      ->add_option(
          "--format", options->format,
          "of both: raw octets (default), or der or pem, as OpenSSL 3.5 and later read them (RFC 9935)")
      ->check(CLI::IsMember({"raw", "der", "pem"}));
  command
      ->add_option("--private", options->form,
                   "what --dk holds: seed, expanded (default with raw) or both (default with der and pem)")
      ->check(CLI::IsMember({"seed", "expanded", "both"}));
  CLI::Option* seed =
      command
          ->add_option("--seed", options->seed,
                       "make the key pair of this seed: 64 octets, d then z; - is standard input")
          ->type_name("FILE");
  CLI::Option* from =
      command
          ->add_option(
              "--from", options->from,
              "write the key pair of this private key, in any format, again; --ek or --dk may be left "
              "out then; - is standard input")
          ->type_name("FILE")
          ->excludes(seed);
  command
      ->add_option("--save-seed", options->save_seed,
                   "write the new key pair's seed as well, mode 0600; - is standard output")
      ->type_name("FILE")
      ->excludes(seed)
      ->excludes(from);
  add_force_flag(*command, options->force);
  command->footer(
      "Example: mlkem-ike keygen --set 768 --ek peer.ek --dk peer.dk\n"
      "         mlkem-ike keygen --from peer.dk --format pem --ek peer.pem");
  command->callback([options] { run(*options); });
}

}  // namespace mlkem::cli
