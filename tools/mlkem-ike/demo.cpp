// SPDX-License-Identifier: Apache-2.0
// mlkem-ike demo: a hybrid IKEv2 exchange between two peers in this process, over UDP on the loopback interface.
#include <algorithm>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "tools/mlkem-ike/capture/capture_writer.hpp"
#include "tools/mlkem-ike/capture/ike_in_udp.hpp"
#include "tools/mlkem-ike/command.hpp"
#include "tools/mlkem-ike/demo/exchange.hpp"
#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/io/files.hpp"
#include "tools/mlkem-ike/io/must.hpp"
#include "tools/mlkem-ike/sa/decryption_table.hpp"

namespace mlkem::cli {
namespace {

using nlohmann::ordered_json;

// Enough for a steady median; the first exchange also loads OpenSSL's algorithms.
constexpr size_t kRounds = 21;

struct Options {
  std::string methods = "x25519,mlkem768";
  std::string encryption = "aes256gcm16", integrity, prf = "prfsha384";
  std::string capture, keys;
  bool json = false, force = false;
};

ExchangeOptions parse(const Options& options) {
  for (const auto& [field, path] :
       {std::pair("--pcap", &options.capture), std::pair("--keys", &options.keys)})
    if (*path == "-") throw CLI::ValidationError(field, "a file: standard output is taken by the report");
  ExchangeOptions parsed;
  std::istringstream names(options.methods + ',');
  for (std::string name; std::getline(names, name, ',');) {
    const auto method = ikev2::ke_method_named(name);
    if (!method) throw CLI::ValidationError("--ke", "no key exchange method is called '" + name + "'");
    if (std::count(parsed.methods.begin(), parsed.methods.end(), *method))
      throw CLI::ValidationError("--ke", name + " twice: RFC 9370 allows each method once");
    parsed.methods.push_back(*method);
  }
  if (parsed.methods.empty() || parsed.methods.size() > 1 + ikev2::kMaxAdditionalKeyExchanges)
    throw CLI::ValidationError("--ke", "one to eight methods");
  const auto prf = ikev2::prf_named(options.prf);
  if (!prf) throw CLI::ValidationError("--prf", "no PRF is called '" + options.prf + "'");
  const auto encryption = ikev2::encryption_named(options.encryption);
  if (!encryption)
    throw CLI::ValidationError("--encr", "no encryption is called '" + options.encryption + "'");
  // An AEAD brings its own integrity; for the others HMAC-SHA2-256 unless another one is named.
  const bool aead = ikev2::is_aead(encryption->id);
  if (aead && !options.integrity.empty())
    throw CLI::ValidationError("--integ", options.encryption + " brings its own integrity protection");
  const auto integrity = aead                        ? std::optional(ikev2::IntegId::kNone)
                         : options.integrity.empty() ? std::optional(ikev2::IntegId::kHmacSha256_128)
                                                     : ikev2::integrity_named(options.integrity);
  if (!integrity || (!aead && *integrity == ikev2::IntegId::kNone))
    throw CLI::ValidationError("--integ", "no integrity algorithm is called '" + options.integrity + "'");
  parsed.algorithms = {*prf, *encryption, *integrity};
  return parsed;
}

// The last transcript, its times replaced by the medians over all rounds.
Transcript run_rounds(const ExchangeOptions& options) {
  const auto crypto_i = must(ikev2::openssl_crypto(), "crypto"),
             crypto_r = must(ikev2::openssl_crypto(), "crypto");
  ikev2::Workspace initiator(*crypto_i), responder(*crypto_r);
  std::vector<std::vector<double>> times;
  Transcript transcript;
  for (size_t round = 0; round < kRounds; ++round) {
    transcript = run_exchange(options, initiator, responder);
    if (!transcript.agreed()) return transcript;
    times.resize(transcript.steps.size());
    for (size_t i = 0; i < times.size(); ++i) times[i].push_back(transcript.steps[i].time_us);
  }
  for (size_t i = 0; i < times.size(); ++i) {
    std::nth_element(times[i].begin(), times[i].begin() + kRounds / 2, times[i].end());
    transcript.steps[i].time_us = times[i][kRounds / 2];
  }
  return transcript;
}

double total_us(const Transcript& transcript, char who) {
  double total = 0;
  for (const auto& step : transcript.steps)
    if (step.who == who) total += step.time_us;
  return total;
}

const char* side_name(char who) {
  return who == 'I' ? "initiator" : "responder";
}

void print_json(const ExchangeOptions& options, const Transcript& transcript) {
  ordered_json methods = ordered_json::array(), payloads = methods, keys = methods, steps = methods;
  for (const auto method : options.methods) methods.push_back(ikev2::name(method));
  for (const auto& payload : transcript.payloads)
    payloads.push_back({{"exchange", payload.exchange},
                        {"from", side_name(payload.from)},
                        {"method", ikev2::name(payload.method)},
                        {"data_bytes", payload.data_bytes},
                        {"payload_bytes", payload.payload_bytes}});
  for (const auto& key : transcript.keys)
    keys.push_back({{"name", key.name}, {"fingerprint", key.fingerprint}, {"agrees", key.agrees}});
  for (const auto& step : transcript.steps)
    steps.push_back({{"who", side_name(step.who)}, {"step", step.name}, {"time_us", step.time_us}});
  const ordered_json document = {{"methods", methods},
                                 {"encryption", ikev2::name(options.algorithms.encryption)},
                                 {"integrity", ikev2::name(options.algorithms.integrity)},
                                 {"prf", ikev2::name(options.algorithms.prf)},
                                 {"payloads", payloads},
                                 {"keys", keys},
                                 {"steps", steps},
                                 {"initiator_time_us", total_us(transcript, 'I')},
                                 {"responder_time_us", total_us(transcript, 'R')},
                                 {"initiator_authenticated", transcript.initiator_authenticated},
                                 {"responder_authenticated", transcript.responder_authenticated},
                                 {"agreed", transcript.agreed()}};
  std::cout << document.dump(2) << '\n';
}

void print_text(const ExchangeOptions& options, const Transcript& transcript) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(1) << "Key exchange ";
  for (size_t n = 0; n < options.methods.size(); ++n)
    out << (n ? " + " : "") << ikev2::name(options.methods[n]);
  out << ", " << ikev2::name(options.algorithms.encryption);
  if (options.algorithms.integrity != ikev2::IntegId::kNone)
    out << ", " << ikev2::name(options.algorithms.integrity);
  out << ", " << ikev2::name(options.algorithms.prf) << "; kernels: " << backend()
      << "\n\nKE payloads                          data  payload (octets)\n";
  for (const auto& payload : transcript.payloads)
    out << "  " << payload.from << "  " << std::left << std::setw(18) << payload.exchange << std::setw(11)
        << ikev2::name(payload.method) << std::right << std::setw(7) << payload.data_bytes << std::setw(9)
        << payload.payload_bytes << '\n';
  out << "\nKeys                  fingerprint of the initiator's; the responder has\n";
  for (const auto& key : transcript.keys)
    out << "  " << std::left << std::setw(20) << key.name << key.fingerprint
        << (key.agrees ? "  the same" : "  ANOTHER ONE") << '\n';
  out << "\nSteps, median of " << kRounds << " exchanges                                 us\n";
  for (const auto& step : transcript.steps)
    out << "  " << step.who << "  " << std::left << std::setw(46) << step.name << std::right << std::setw(10)
        << step.time_us << '\n';
  for (const char who : {'I', 'R'})
    out << "  " << who << "  " << std::left << std::setw(46) << "sum of these" << std::right << std::setw(10)
        << total_us(transcript, who) << '\n';
  out << "\nAUTH of the initiator is " << (transcript.initiator_authenticated ? "right" : "WRONG")
      << ", of the responder " << (transcript.responder_authenticated ? "right" : "WRONG") << ".\n"
      << (transcript.agreed() ? "Both sides agree on every key.\n" : "The sides do NOT agree.\n");
  if (!transcript.fault.empty()) out << transcript.fault << '\n';
  std::cout << out.str();
}

// The exchange's messages as a capture, and its keys in Wireshark's table, one file for each generation.
void write_files(const Options& options, const Transcript& transcript) {
  OutputFiles files(options.force);
  CaptureWriter capture;
  std::vector<std::string> tables;
  std::vector<Octets> contents;
  if (!options.capture.empty()) {
    files.add("--pcap", options.capture, Secrecy::kPublic);
    for (const Transcript::Datagram& datagram : transcript.datagrams) {
      // The ports of real life, not those that the system chose: Wireshark goes by them.
      capture.add(kIkePort, kIkePort, datagram.from == 'I', datagram.message);
    }
    contents.push_back(capture.octets());
  }
  if (!options.keys.empty())
    for (size_t n = 0; n < transcript.sa_keys.generations.size(); ++n) {
      files.add("--keys", options.keys + '.' + std::to_string(n), Secrecy::kSecret);
      tables.push_back(decryption_table_line(transcript.sa_keys, n));
    }
  for (const std::string& table : tables) contents.push_back(octets_of(table));
  files.write(contents);
}

}  // namespace

void add_demo(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("demo", "Run a hybrid IKEv2 exchange between two peers in this process, over UDP");
  command->add_option(
      "--ke", options->methods,
      "methods, separated by commas: the one of IKE_SA_INIT, then the additional ones (default "
      "x25519,mlkem768; also x448 ecp256 ecp384 ecp521 modp2048 modp3072 modp4096 mlkem512 mlkem1024)");
  command->add_option("--encr", options->encryption, "encryption (default aes256gcm16)");
  command->add_option("--integ", options->integrity,
                      "integrity, with an encryption that is no AEAD (default sha256)");
  command->add_option("--prf", options->prf, "pseudorandom function (default prfsha384)");
  command->add_option("--pcap", options->capture, "write the messages as a capture for decode or Wireshark")
      ->type_name("FILE");
  command
      ->add_option(
          "--keys", options->keys,
          "write the keys that open it: FILE.0, FILE.1 ... for each generation, mode 0600, in the format "
          "of Wireshark's ikev2_decryption_table")
      ->type_name("FILE");
  add_force_flag(*command, options->force);
  command->add_flag("--json", options->json, "machine-readable output");
  command->footer(
      "Example: mlkem-ike demo --ke x25519,mlkem768,mlkem1024 --encr chacha20poly1305 --prf prfsha256\n"
      "         mlkem-ike demo --pcap d.pcap --keys d.keys\n"
      "         mlkem-ike decode d.pcap --keys d.keys.0 --keys d.keys.1\n"
      "Keys are shown as short keyed hashes only; --keys writes those of this demo, which protect nothing.");
  command->callback([options] {
    const ExchangeOptions parsed = parse(*options);
    const Transcript transcript = run_rounds(parsed);
    write_files(*options, transcript);
    (options->json ? print_json : print_text)(parsed, transcript);
    if (!transcript.agreed()) throw ReportedFailure();
  });
}

}  // namespace mlkem::cli
