// SPDX-License-Identifier: Apache-2.0
// mlkem-ike connect: establishes an IKE SA with a gateway, holds it, deletes it. Exit status 0 once it was established
// and deleted, 1 if the peer or the network prevented that, 2 for wrong use.
#include <csignal>
#include <iomanip>
#include <iostream>
#include <memory>
#include <sstream>
#include <utility>

#include "tools/mlkem-ike/command.hpp"
#include "tools/mlkem-ike/io/must.hpp"
#include "tools/mlkem-ike/io/text.hpp"
#include "tools/mlkem-ike/peer/child_text.hpp"
#include "tools/mlkem-ike/peer/connection.hpp"
#include "tools/mlkem-ike/peer/event_text.hpp"
#include "tools/mlkem-ike/peer/key_log.hpp"
#include "tools/mlkem-ike/peer/load.hpp"
#include "tools/mlkem-ike/peer/policy_options.hpp"
#include "tools/mlkem-ike/peer/selector.hpp"
#include "tools/mlkem-ike/peer/shared_key.hpp"

namespace mlkem::cli {
namespace {

struct Options {
  std::string host, psk_file, key_log;
  PolicyOptions policy;
  Ports remote_ports, local_ports = kAnyPorts;
  bool ipv4 = false, ipv6 = false, childless = false, dont_fragment = false, encapsulate = false;
  bool print_child_keys = false, verbose = false;
  std::optional<double> hold_s;
  double timeout_s = 30;
  LoadOptions load;
};

std::chrono::milliseconds ms_of(double seconds) {
  return std::chrono::milliseconds(int64_t(seconds * 1000));
}

// The attempt on a terminal: a line for each step, with the time since the start.
class Attempt {
 public:
  Attempt(const Options& options, Connection& connection, KeyLogFolder* key_log)
      : options_(options), connection_(connection), key_log_(key_log), signals_({SIGINT, SIGTERM}) {}

  // True if an SA was established and is deleted.
  bool run() {
    while (!over_) {
      connection_.work();
      while (const auto event = connection_.next_event()) take(*event);
      if (key_log_) key_log_->check();
      if (over_) break;
      if (connection_.is_refused()) {
        say("failed: " + send_error_text(*connection_.network_error()));
        return false;
      }
      if (established_ && !closing_ && hold_until_ && Clock::now() >= *hold_until_) close();
      const auto [ike, encapsulated] = connection_.descriptors();
      wait_for(std::array{ike, encapsulated, signals_.descriptor()}, deadline());
      if (const auto signal = signals_.take()) interrupt();
    }
    // What the last event left to send, such as the answer to the peer's Delete.
    connection_.work();
    say(traffic_text(connection_.report()));
    return established_ && deleted_;
  }

 private:
  void say(const std::string& text) {
    if (text.empty()) return;
    const std::chrono::duration<double> since = Clock::now() - start_;
    std::ostringstream line;
    line << std::fixed << std::setprecision(4) << std::setw(9) << since.count() << "  " << text << '\n';
    std::cout << line.str() << std::flush;
  }

  void take(const ikev2::Event& event) {
    if (options_.verbose || is_notable(event)) say(event_text(event));
    if (std::get_if<ikev2::Established>(&event)) {
      established_ = true;
      if (options_.hold_s) hold_until_ = Clock::now() + ms_of(*options_.hold_s);
    } else if (const auto* child = std::get_if<ikev2::ChildEstablished>(&event)) {
      if (options_.print_child_keys) std::cout << xfrm_commands(*child) << std::flush;
    } else if (const auto* failed = std::get_if<ikev2::Failed>(&event)) {
      over_ = true;
      if (!failed->end.protection.is_protected && connection_.network_error())
        say("the network said: " + send_error_text(*connection_.network_error()));
    } else if (const auto* closed = std::get_if<ikev2::Closed>(&event)) {
      over_ = true;
      deleted_ = is_deleted(closed->end);
    }
  }

  void close() {
    closing_ = true;
    connection_.close();
  }

  void interrupt() {
    if (closing_) throw Failure("interrupted before the peer answered the Delete");
    close();
  }

  std::optional<TimePoint> deadline() const {
    const auto due = connection_.deadline();
    if (!hold_until_ || closing_) return due;
    return due ? std::min(*due, *hold_until_) : *hold_until_;
  }

  const Options& options_;
  Connection& connection_;
  KeyLogFolder* key_log_;
  Signals signals_;
  TimePoint start_ = Clock::now();
  std::optional<TimePoint> hold_until_;
  bool established_ = false, closing_ = false, deleted_ = false, over_ = false;
};

// What is left to fill in once the own address is known.
void add_addresses(ikev2::Policy& policy, const ikev2::Path& path) {
  const auto own = path.local.ip();
  if (policy.identity.data.empty())
    policy.identity = {path.local.version == ikev2::IpVersion::kIpv4 ? ikev2::IdType::kIpv4Address
                                                                     : ikev2::IdType::kIpv6Address,
                       {own.begin(), own.end()}};
  if (policy.local_selectors.empty()) policy.local_selectors = {host_selector(own)};
  if (policy.remote_selectors.empty()) policy.remote_selectors = {host_selector(path.remote.ip())};
}

void run(const Options& options) {
  if (options.childless &&
      (!options.policy.local_selectors.empty() || !options.policy.remote_selectors.empty()))
    throw CLI::ValidationError("--childless", "excludes --local-ts and --remote-ts");
  ikev2::Policy policy = policy_of(options.policy);
  if (options.childless) policy.first_child = ikev2::FirstChild::kChildless;
  policy.force_encapsulation = options.encapsulate;
  policy.log_events = true;
  set_patience(policy.timing, uint64_t(options.timeout_s * 1000));
  const auto family = options.ipv4 ? IpFamily::kIpv4 : options.ipv6 ? IpFamily::kIpv6 : IpFamily::kAny;
  const Endpoint remote = resolve(options.host, options.remote_ports.ike, family).front();
  KeyTable keys =
      KeyTable::one(options.psk_file.empty()
                        ? ask_for_shared_key("Shared key for " + printable(octets_of(options.host)) + ": ")
                        : read_shared_key("--psk-file", options.psk_file));
  policy.shared_keys = &keys;
  std::optional<KeyLogFolder> key_log;
  if (!options.key_log.empty()) policy.key_log = &key_log.emplace(options.key_log);

  const auto crypto = must(ikev2::openssl_crypto(), "crypto");
  ikev2::Workspace workspace(*crypto);
  const auto fragments = options.dont_fragment ? IpFragments::kForbidden : IpFragments::kAllowed;
  const auto sockets = [&] {
    return PeerSockets(remote, options.remote_ports, options.local_ports, fragments);
  };
  PeerSockets first = sockets();
  add_addresses(policy, first.path(false));
  std::cout << "connecting from " << endpoint_text(first.socket(false).local()) << " to "
            << endpoint_text(remote) << '\n';
  if (options.load.is_load()) {
    const bool fine = run_load(options.load, ms_of(options.hold_s.value_or(0)), sockets, workspace, policy);
    if (key_log) key_log->check();
    if (!fine) throw ReportedFailure();
    return;
  }
  Connection connection(std::move(first), workspace, std::move(policy));
  if (!Attempt(options, connection, key_log ? &*key_log : nullptr).run()) throw ReportedFailure();
}

void add_network_options(CLI::App& command, Options& options) {
  command.add_option("host", options.host, "the gateway's name or address")->required();
  auto* ipv4 = command.add_flag("-4", options.ipv4, "IPv4 only");
  command.add_flag("-6", options.ipv6, "IPv6 only")->excludes(ipv4);
  const auto add_port = [&](const char* name, uint16_t& port, int least, const std::string& description) {
    command.add_option(name, port, description)->type_name("NUMBER")->check(CLI::Range(least, 65535));
  };
  add_port("--port", options.remote_ports.ike, 1, "the gateway's port (default 500)");
  add_port("--nat-port", options.remote_ports.encapsulated, 1,
           "the gateway's port behind a NAT (default 4500)");
  add_port("--local-port", options.local_ports.ike, 0, "the own port (default 0: any)");
  add_port("--local-nat-port", options.local_ports.encapsulated, 0,
           "the own port behind a NAT (default 0: any)");
  command.add_flag("--encapsulate", options.encapsulate, "use the port for NATs, NAT or not");
  command.add_flag("--df", options.dont_fragment, "forbid IP to fragment datagrams (sets DF)");
  command.add_option("--timeout", options.timeout_s, "seconds until the SA must be established (default 30)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, 3600.0));
}

void add_load_options(CLI::App& command, Options& options) {
  command
      .add_option("--hold", options.hold_s,
                  "delete the SA after so long (default: on SIGINT; with one of the options below: at once)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 1e6));
  command.add_option("--count", options.load.count, "establish so many SAs, one after another")
      ->type_name("NUMBER")
      ->check(CLI::Range(1u, 100'000'000u));
  command.add_option("--parallel", options.load.parallel, "so many of them at the same time")
      ->type_name("NUMBER")
      ->check(CLI::Range(1u, 10'000u));
  command.add_option("--repeat-for", options.load.repeat_for_s, "go on for so long")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 1e6));
}

}  // namespace

void add_connect(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("connect", "Establish an IKE SA with a gateway, hold it, delete it");
  add_network_options(*command, *options);
  command
      ->add_option(
          "--psk-file", options->psk_file,
          "the shared key: one line of text, 0x and hex, or 0s and base64; - is standard input (default:\n"
          "ask on the terminal)")
      ->type_name("FILE");
  command->add_option("--peer-id", options->policy.peer_identity,
                      "the identity that the gateway must have (default: any that has the key)");
  add_policy_options(*command, options->policy, "the own address");
  command->add_flag("--childless", options->childless, "an IKE SA without Child SA (RFC 6023)");
  command->add_option(
      "--local-ts", options->policy.local_selectors,
      "the own side's traffic: 10.1.0.0/16, 10.1.0.5-10.1.0.9, [tcp/443] behind; separated by\n"
      "commas (default: the own address)");
  command->add_option("--remote-ts", options->policy.remote_selectors,
                      "the other side's (default: the gateway's address)");
  command
      ->add_option(
          "--keylog", options->key_log,
          "append the keys of the IKE SA to DIR/ikev2_decryption_table.N, N the generation, mode 0600,\n"
          "for Wireshark and decode")
      ->type_name("DIR");
  command->add_flag("--print-child-keys", options->print_child_keys,
                    "print the Child SA's keys as `ip xfrm` commands");
  command->add_flag("-v,--verbose", options->verbose, "a line for every message");
  add_load_options(*command, *options);
  command->footer(
      "Example: mlkem-ike connect gateway.example --psk-file key --id me.example --hold 5\n"
      "         mlkem-ike connect 192.0.2.1 --psk-file key --ike aes256gcm16-prfsha384-x25519-ke1_mlkem1024\n"
      "         mlkem-ike connect 127.0.0.1 --port 5500 --psk-file key --parallel 200 --repeat-for 60\n"
      "ML-KEM is required unless --allow-classical is given. Exit status: 0 established and deleted, 1 "
      "failed:\n"
      "the peer, the network, a timeout, a file; 2 wrong use.");
  command->callback([options] { run(*options); });
}

}  // namespace mlkem::cli
