// SPDX-License-Identifier: Apache-2.0
// mlkem-ike probe: which ML-KEM sets a gateway really performs, without credentials.
#include <iostream>
#include <memory>

#include "tools/mlkem-ike/command.hpp"
#include "tools/mlkem-ike/io/must.hpp"
#include "tools/mlkem-ike/probe/prober.hpp"
#include "tools/mlkem-ike/probe/report.hpp"

namespace mlkem::cli {
namespace {

using ikev2::KeMethod;

struct Options {
  std::vector<std::string> hosts;
  std::vector<int> sets;
  ProbeOptions probe;
  double timeout_s = 8;
  bool ipv4 = false, ipv6 = false, draft_00 = false, json = false;
};

std::vector<KeMethod> methods_of(const Options& options) {
  std::vector<KeMethod> methods;
  for (const auto& [set, method] : {std::pair(512, KeMethod::kMlKem512), std::pair(768, KeMethod::kMlKem768),
                                    std::pair(1024, KeMethod::kMlKem1024)}) {
    const bool asked = options.sets.empty() || std::ranges::count(options.sets, set) != 0;
    const auto numbering =
        options.draft_00 ? ikev2::MlKemNumbering::kDraft00 : ikev2::MlKemNumbering::kRegistry;
    const bool numbered = ikev2::code_point(method, numbering).has_value();
    if (asked && !numbered && !options.sets.empty())
      throw CLI::ValidationError("--set", "the first draft has no ML-KEM-512");
    if (asked && numbered) methods.push_back(method);
  }
  return methods;
}

void run(Options& options) {
  ProbeOptions& probe = options.probe;
  probe.methods = methods_of(options);
  if (options.draft_00) probe.numbering = ikev2::MlKemNumbering::kDraft00;
  probe.family = options.ipv4 ? IpFamily::kIpv4 : options.ipv6 ? IpFamily::kIpv6 : IpFamily::kAny;
  probe.timeout_ms = uint64_t(options.timeout_s * 1000);
  const auto crypto = must(ikev2::openssl_crypto(), "crypto");
  ikev2::Workspace workspace(*crypto);
  // It keeps signals away until the report is out.
  Prober prober(probe, workspace);
  const std::vector<HostReport> reports = prober.run(options.hosts);
  std::cout << (options.json ? json_of(reports) : table_of(reports, probe.methods)) << std::flush;
  if (!std::ranges::all_of(reports, &HostReport::is_proven)) throw ReportedFailure();
}

}  // namespace

void add_probe(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("probe", "Find out which ML-KEM sets gateways really perform, without credentials");
  command->add_option("hosts", options->hosts, "names or addresses of gateways")
      ->type_name("HOST")
      ->required();
  auto* ipv4 = command->add_flag("-4", options->ipv4, "IPv4 only");
  command->add_flag("-6", options->ipv6, "IPv6 only")->excludes(ipv4);
  const auto add_port = [&](const char* name, uint16_t& port, const std::string& description) {
    command->add_option(name, port, description)->type_name("NUMBER")->check(CLI::Range(1, 65535));
  };
  add_port("--port", options->probe.remote_ports.ike, "the gateways' port (default 500)");
  add_port("--nat-port", options->probe.remote_ports.encapsulated,
           "the gateways' port behind a NAT (default 4500)");
  command->add_option("--set", options->sets, "ask for this set alone, repeatable (default: 512, 768, 1024)")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({512, 768, 1024}));
  command->add_flag("--draft-00", options->draft_00,
                    "number ML-KEM as the first draft did: 35, 36 for ML-KEM-768, -1024");
  command->add_option("--timeout", options->timeout_s, "seconds for one attempt at most (default 8)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.5, 600.0));
  command->add_option("--parallel", options->probe.parallel, "gateways at the same time (default 16)")
      ->type_name("NUMBER")
      ->check(CLI::Range(1u, 256u));
  command
      ->add_option("--rate", options->probe.rate,
                   "attempts that begin in a second, over all gateways (default 20)")
      ->type_name("NUMBER")
      ->check(CLI::Range(0.1, 1000.0));
  command->add_flag("--json", options->json, "machine-readable output");
  command->footer(
      "Example: mlkem-ike probe gateway.example 192.0.2.1\n"
      "For each set there is one attempt: IKE_SA_INIT that offers the set beside a classical method,\n"
      "IKE_INTERMEDIATE with a real key, IKE_AUTH with a random key, which the gateway refuses. `proven` "
      "means that\n"
      "this refusal came under the keys that ML-KEM gave. `chosen only` is a gateway that agrees to ML-KEM "
      "and then\n"
      "does not perform it. Where no set is chosen, one attempt without ML-KEM shows what the gateway does "
      "instead.\n"
      "A gateway that performs all sets gets ten datagrams and logs three failed logins; one that is "
      "silent\n"
      "gets three datagrams, one without a usable answer is asked for one set alone. Exit status: 0 every "
      "gateway performs a set that was asked for, 1 some do not, "
      "2 wrong\n"
      "use. Ask only gateways that you may ask.");
  command->callback([options] { run(*options); });
}

}  // namespace mlkem::cli
