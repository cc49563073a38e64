// SPDX-License-Identifier: Apache-2.0
// A gateway that gives no usable answer, or that nobody runs, is asked once; classical key exchange only where no ML-KEM was
// chosen.
#include "tools/mlkem-ike/probe/prober.hpp"

#include <algorithm>
#include <utility>

#include "tools/mlkem-ike/io/failure.hpp"

namespace mlkem::cli {

const ProbeResult* HostReport::result(std::optional<ikev2::KeMethod> method) const {
  const auto found = std::ranges::find(results, method, &ProbeResult::method);
  return found == results.end() ? nullptr : &*found;
}

bool HostReport::any(Verdict verdict) const {
  return std::ranges::count(results, verdict, &ProbeResult::verdict) != 0;
}

bool HostReport::is_proven() const {
  return std::ranges::any_of(
      results, [](const auto& result) { return result.method && result.verdict == Verdict::kProven; });
}

std::vector<HostReport> Prober::run(const std::vector<std::string>& hosts) {
  std::vector<HostReport> reports(hosts.size());
  for (size_t i = 0; i < hosts.size(); ++i) reports[i].host = hosts[i];
  size_t begun = 0;
  while (!interrupted_ && (begun < reports.size() || !visits_.empty())) {
    while (begun < reports.size() && visits_.size() < options_.parallel) {
      Visit visit{&reports[begun++], {}, {}};
      if (begin(visit)) visits_.push_back(std::move(visit));
      // Looking up a name takes long, and no signal ends it.
      if (signals_.take()) interrupted_ = true;
      if (interrupted_) break;
    }
    for (Visit& visit : visits_) {
      if (!visit.attempt) start_next(visit);
      if (visit.attempt) visit.attempt->work();
      collect(visit);
    }
    visits_.remove_if([](const Visit& visit) { return !visit.attempt && visit.left.empty(); });
    if (!visits_.empty()) wait();
  }
  visits_.clear();
  return reports;
}

bool Prober::begin(Visit& visit) {
  try {
    visit.report->address = resolve(visit.report->host, options_.remote_ports.ike, options_.family).front();
  } catch (const Failure& failure) {
    visit.report->fault = failure.what();
    return false;
  }
  visit.left.assign(options_.methods.begin(), options_.methods.end());
  return true;
}

void Prober::start_next(Visit& visit) {
  const TimePoint now = Clock::now();
  if (visit.left.empty() || now < next_start_) return;
  next_start_ = now + std::chrono::microseconds(int64_t(1e6 / options_.rate));
  const auto method = visit.left.front();
  visit.left.pop_front();
  try {
    PeerSockets sockets(visit.report->address, options_.remote_ports, kAnyPorts, IpFragments::kAllowed);
    visit.attempt.emplace(offer_of(method, options_.numbering), std::move(sockets), workspace_,
                          options_.timeout_ms);
  } catch (const Failure& failure) {
    visit.report->fault = failure.what();
    visit.left.clear();
  }
}

void Prober::collect(Visit& visit) {
  if (!visit.attempt || !visit.attempt->is_over()) return;
  const ProbeResult result = visit.attempt->result();
  visit.attempt.reset();
  visit.report->results.push_back(result);
  const bool silent = result.verdict == Verdict::kNoAnswer || result.verdict == Verdict::kUnreachable ||
                      result.verdict == Verdict::kUnusable;
  if (silent && visit.report->results.size() == 1) visit.left.clear();
  const auto was_refused = [](const ProbeResult& each) { return each.verdict == Verdict::kRefused; };
  if (visit.left.empty() && result.method && !silent &&
      std::ranges::all_of(visit.report->results, was_refused))
    visit.left.push_back(std::nullopt);
}

void Prober::wait() {
  std::vector<int> descriptors = {signals_.descriptor()};
  std::optional<TimePoint> until;
  const auto sooner = [&](std::optional<TimePoint> time) {
    if (time && (!until || *time < *until)) until = time;
  };
  for (const Visit& visit : visits_) {
    if (!visit.attempt) {
      sooner(next_start_);
      continue;
    }
    for (const int descriptor : visit.attempt->descriptors()) descriptors.push_back(descriptor);
    sooner(visit.attempt->deadline());
  }
  wait_for(descriptors, until);
  if (signals_.take()) interrupted_ = true;
}

}  // namespace mlkem::cli
