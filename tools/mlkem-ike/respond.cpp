// SPDX-License-Identifier: Apache-2.0
// mlkem-ike respond: a gateway's side of IKEv2 for any number of peers, without a data plane. Exit status 0 once all SAs
// are deleted, with --once that one; 1 if a peer was lost or, with --once, failed, or for a fault of this side; 2 for
// wrong use.
#include <csignal>
#include <cstring>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <utility>

#include "tools/mlkem-ike/command.hpp"
#include "tools/mlkem-ike/io/must.hpp"
#include "tools/mlkem-ike/io/text.hpp"
#include "tools/mlkem-ike/peer/child_text.hpp"
#include "tools/mlkem-ike/peer/event_text.hpp"
#include "tools/mlkem-ike/peer/key_log.hpp"
#include "tools/mlkem-ike/peer/policy_options.hpp"
#include "tools/mlkem-ike/peer/server.hpp"
#include "tools/mlkem-ike/peer/shared_key.hpp"

namespace mlkem::cli {
namespace {

struct Options {
  std::vector<std::string> listen;  // none: all addresses
  std::string psk_file, secrets, key_log;
  PolicyOptions policy;
  Ports ports;
  ikev2::ResponderOptions limits;
  bool once = false, no_childless = false, print_child_keys = false, quiet = false, verbose = false;
};

class Gateway {
 public:
  Gateway(const Options& options, Server& server, KeyLogFolder* key_log)
      : options_(options), server_(server), key_log_(key_log), signals_({SIGINT, SIGTERM, SIGUSR1}) {}

  // True if it ended as was asked for: on a signal with all SAs deleted, or with --once after one such SA.
  bool run() {
    for (const Endpoint& endpoint : server_.endpoints())
      std::cout << "listening on " << endpoint_text(endpoint) << '\n';
    std::cout << std::flush;
    for (;;) {
      server_.work();
      take_events();
      if (key_log_) key_log_->check();
      if (options_.once && deleted_ + failed_ != 0) break;
      if (closing_ && is_idle()) break;
      std::vector<int> descriptors = server_.descriptors();
      descriptors.push_back(signals_.descriptor());
      wait_for(descriptors, server_.deadline());
      while (const auto signal = signals_.take()) take_signal(*signal);
    }
    // What the last event left to send.
    server_.work();
    print_statistics();
    return options_.once ? deleted_ == 1 : lost_ == 0;
  }

 private:
  bool is_idle() {
    const auto counts = server_.responder().counts();
    return counts.established == 0 && counts.half_open == 0;
  }

  void take_events() {
    while (auto event = server_.next_event()) take(event->sa, event->event);
    std::cout << std::flush;
  }

  void say(ikev2::SaId sa, const std::string& text) {
    if (text.empty()) return;
    const std::chrono::duration<double> since = Clock::now() - start_;
    std::ostringstream line;
    // SPIr, as its octets stand in memory.
    ikev2::Spi spi;
    static_assert(sizeof spi == sizeof sa);
    std::memcpy(spi.data(), &sa, sizeof sa);
    line << std::fixed << std::setprecision(4) << std::setw(9) << since.count() << "  " << hex(spi) << "  "
         << text << '\n';
    std::cout << line.str();
  }

  void take(ikev2::SaId sa, const ikev2::Event& event) {
    const bool result = std::holds_alternative<ikev2::Established>(event) ||
                        std::holds_alternative<ikev2::ChildEstablished>(event) ||
                        std::holds_alternative<ikev2::ChildFailed>(event) ||
                        std::holds_alternative<ikev2::Failed>(event) ||
                        std::holds_alternative<ikev2::Closed>(event);
    if (options_.verbose || (result && !options_.quiet)) say(sa, event_text(event));
    if (const auto* negotiated = std::get_if<ikev2::Negotiated>(&event))
      agreements_.insert_or_assign(sa, agreement_text(negotiated->agreement));
    if (std::get_if<ikev2::Established>(&event)) {
      ++established_;
      ++established_by_agreement_[agreements_[sa]];
      agreements_.erase(sa);
    } else if (const auto* child = std::get_if<ikev2::ChildEstablished>(&event)) {
      ++children_;
      if (options_.print_child_keys) std::cout << xfrm_commands(*child);
    } else if (std::get_if<ikev2::Failed>(&event)) {
      ++failed_;
      ++reasons_[event_text(event)];
      agreements_.erase(sa);
    } else if (const auto* closed = std::get_if<ikev2::Closed>(&event)) {
      const ikev2::End& end = closed->end;
      const bool fine = is_deleted(end) || end.cause == ikev2::EndCause::kReplaced;
      const bool lost = end.cause == ikev2::EndCause::kTimeout || end.cause == ikev2::EndCause::kClosed;
      ++(fine ? deleted_ : lost ? lost_ : failed_);
      if (!fine) ++reasons_[event_text(event)];
    }
  }

  void take_signal(int signal) {
    if (signal == SIGUSR1) return print_statistics();
    if (closing_) throw Failure("interrupted before all peers answered the Delete");
    closing_ = true;
    server_.responder().close_all(now_ms());
  }

  void print_statistics() {
    const ikev2::ResponderCounts counts = server_.responder().counts();
    std::ostringstream out;
    out << established_ << " established, " << children_ << " Child SAs, " << deleted_ << " deleted, "
        << lost_ << " lost, " << failed_ << " failed; now " << counts.established << " established, "
        << counts.half_open << " half-open; " << server_.datagrams_received() << " datagrams, "
        << counts.cookies_sent << " cookies sent, " << counts.refused << " offers refused, "
        << counts.requests_dropped << " requests beyond a limit, " << counts.strays << " strays\n";
    for (const auto& [agreement, count] : established_by_agreement_)
      out << "  " << count << " with " << agreement << '\n';
    for (const auto& [reason, count] : reasons_) out << "  " << count << ' ' << reason << '\n';
    std::cout << out.str() << std::flush;
  }

  const Options& options_;
  Server& server_;
  KeyLogFolder* key_log_;
  Signals signals_;
  const TimePoint start_ = Clock::now();
  bool closing_ = false;
  uint64_t established_ = 0, children_ = 0, deleted_ = 0, lost_ = 0, failed_ = 0;
  std::map<ikev2::SaId, std::string> agreements_;  // of half-open SAs
  std::map<std::string, uint64_t> established_by_agreement_, reasons_;
};

// A kernel may be without IPv6.
bool can_be_bound(const Endpoint& local) {
  try {
    UdpSocket::bound(local, IpFragments::kAllowed);
    return true;
  } catch (const Failure&) {
    return false;
  }
}

std::vector<Endpoint> addresses_of(const std::vector<std::string>& listen) {
  std::vector<Endpoint> addresses;
  if (listen.empty())
    for (const char* wildcard : {"0.0.0.0", "::"})
      if (const Endpoint local = parse_address(wildcard); can_be_bound(local)) addresses.push_back(local);
  for (const std::string& text : listen) {
    addresses.push_back(parse_address(text));
    if (addresses.back().address_bytes == 0)
      throw CLI::ValidationError("--listen", "no address: '" + printable(octets_of(text)) + "'");
  }
  return addresses;
}

KeyTable keys_of(const Options& options) {
  if (!options.secrets.empty()) return KeyTable::from_file("--secrets", options.secrets);
  return KeyTable::one(options.psk_file.empty() ? ask_for_shared_key("Shared key for all peers: ")
                                                : read_shared_key("--psk-file", options.psk_file));
}

void run(const Options& options) {
  ikev2::Policy policy = policy_of(options.policy);
  const std::vector<Endpoint> addresses = addresses_of(options.listen);
  // A wildcard is no identity; an address that was named is.
  if (policy.identity.data.empty() && addresses.size() == 1 &&
      std::ranges::count(addresses[0].octets, 0) != 16)
    policy.identity = parse_identity(address_text(addresses[0].address()));
  if (policy.identity.data.empty())
    throw CLI::ValidationError("--id", "needed unless --listen names one address");
  policy.allow_childless = !options.no_childless;
  policy.log_events = options.verbose;
  KeyTable keys = keys_of(options);
  policy.shared_keys = &keys;
  std::optional<KeyLogFolder> key_log;
  if (!options.key_log.empty()) policy.key_log = &key_log.emplace(options.key_log);

  const auto crypto = must(ikev2::openssl_crypto(), "crypto");
  ikev2::Workspace workspace(*crypto);
  Server server(addresses, options.ports, IpFragments::kAllowed, workspace, std::move(policy),
                options.limits);
  if (!Gateway(options, server, key_log ? &*key_log : nullptr).run()) throw ReportedFailure();
}

void add_limits(CLI::App& command, ikev2::ResponderOptions& limits) {
  const auto add = [&](const char* name, size_t& limit, const std::string& description) {
    command.add_option(name, limit, description)->type_name("NUMBER");
  };
  add("--max-sas", limits.max_sas, "SAs at most, half-open ones included (default 100000)");
  add("--max-half-open", limits.max_half_open, "half-open SAs at most (default 4096)");
  add("--max-half-open-per-address", limits.max_half_open_per_address,
      "of one address, or one IPv6 network of 64 bits (default 64)");
  add("--cookie-threshold", limits.cookie_threshold,
      "ask for cookies from so many half-open SAs on (default 64; 0: always)");
}

}  // namespace

void add_respond(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("respond", "Answer peers that establish IKE SAs");
  command->add_option("--listen", options->listen, "addresses to listen on (default: all)")
      ->type_name("ADDRESS");
  const auto add_port = [&](const char* name, uint16_t& port, const std::string& description) {
    command->add_option(name, port, description)->type_name("NUMBER")->check(CLI::Range(0, 65535));
  };
  add_port("--port", options->ports.ike, "port of IKE (default 500; 0: any)");
  add_port("--nat-port", options->ports.encapsulated, "port for peers behind a NAT (default 4500; 0: any)");
  auto* one =
      command
          ->add_option("--psk-file", options->psk_file,
                       "one shared key for all peers: a line of text, 0x and hex, or 0s and base64; - is "
                       "standard\ninput (default: ask on the terminal)")
          ->type_name("FILE");
  command
      ->add_option("--secrets", options->secrets,
                   "a key for each peer: lines of `identity : key`; %any stands for all others")
      ->type_name("FILE")
      ->excludes(one);
  add_policy_options(*command, options->policy, "--listen, if it names one address");
  command->add_flag("--no-childless", options->no_childless, "refuse IKE SAs without Child SA");
  command->add_option("--local-ts", options->policy.local_selectors,
                      "narrow Child SAs to this traffic of the own side (default: what the peer asks for)");
  command->add_option("--remote-ts", options->policy.remote_selectors, "and to this of the peer's side");
  add_limits(*command, options->limits);
  command
      ->add_option(
          "--keylog", options->key_log,
          "append the keys of all IKE SAs to DIR/ikev2_decryption_table.N, N the generation, mode 0600,\n"
          "for Wireshark and decode")
      ->type_name("DIR");
  command->add_flag("--print-child-keys", options->print_child_keys,
                    "print the Child SAs' keys as `ip xfrm` commands");
  command->add_flag("--once", options->once, "serve one SA, until it is deleted or fails");
  auto* quiet = command->add_flag("-q,--quiet", options->quiet, "statistics alone, no line for an SA");
  command->add_flag("-v,--verbose", options->verbose, "a line for every message")->excludes(quiet);
  command->footer(
      "Example: mlkem-ike respond --id gateway.example --secrets secrets\n"
      "         mlkem-ike respond --listen 127.0.0.1 --port 5500 --nat-port 5501 --psk-file key --once\n"
      "SIGUSR1 prints statistics; SIGINT deletes all SAs and ends. ML-KEM is required unless "
      "--allow-classical is\n"
      "given. There is no data plane: Child SAs carry nothing. Exit status: 0 all SAs deleted (with --once: "
      "that "
      "one),\n"
      "1 a peer was lost, the one of --once failed, or interrupted; 2 wrong use.");
  command->callback([options] { run(*options); });
}

}  // namespace mlkem::cli
