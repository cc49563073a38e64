// SPDX-License-Identifier: Apache-2.0
// Attempts at many gateways: one after the other at each, several gateways at a time, at a bounded rate.
#pragma once

#include <deque>
#include <list>
#include <string>
#include <vector>

#include "tools/mlkem-ike/probe/attempt.hpp"

namespace mlkem::cli {

struct ProbeOptions {
  std::vector<ikev2::KeMethod> methods;  // ML-KEM sets
  ikev2::MlKemNumbering numbering = ikev2::MlKemNumbering::kRegistry;
  Ports remote_ports;
  IpFamily family = IpFamily::kAny;
  uint64_t timeout_ms = 8000;  // of one attempt
  unsigned parallel = 16;      // gateways
  double rate = 20;            // attempts that begin in a second, over all gateways
};

struct HostReport {
  std::string host;
  Endpoint address;
  std::string fault;  // why there was no attempt
  std::vector<ProbeResult> results;

  // The result for a set, or for classical key exchange; null if it was not tried.
  const ProbeResult* result(std::optional<ikev2::KeMethod> method) const;
  bool any(Verdict verdict) const;
  // Some ML-KEM set is performed.
  bool is_proven() const;
};

class Prober {
 public:
  // The workspace must outlive it. While it lives, signals end no more than run().
  Prober(const ProbeOptions& options, ikev2::Workspace& workspace)
      : options_(options), workspace_(workspace) {}

  // Reports in the order of `hosts`; when a signal comes, what there is so far.
  std::vector<HostReport> run(const std::vector<std::string>& hosts);

 private:
  // A gateway with its attempts.
  struct Visit {
    HostReport* report;
    std::deque<std::optional<ikev2::KeMethod>> left;
    std::optional<ProbeAttempt> attempt;
  };

  bool begin(Visit& visit);
  void start_next(Visit& visit);
  void wait();
  void collect(Visit& visit);

  const ProbeOptions& options_;
  ikev2::Workspace& workspace_;
  Signals signals_{{SIGINT, SIGTERM}};
  std::list<Visit> visits_;
  TimePoint next_start_{};
  bool interrupted_ = false;
};

}  // namespace mlkem::cli
