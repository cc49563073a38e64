// SPDX-License-Identifier: Apache-2.0
// All SAs share one thread and one workspace; only those with something to do are looked at.
#include "tools/mlkem-ike/peer/load.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <list>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/peer/event_text.hpp"

namespace mlkem::cli {
namespace {

struct Client {
  Connection connection;
  TimePoint start = Clock::now();
  std::optional<TimePoint> hold_until = {};
  bool closing = false;
};

// Each SA takes two sockets.
void allow_descriptors(unsigned parallel) {
  rlimit limit;
  const rlim_t wanted = 2 * rlim_t(parallel) + 64;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

class Load {
 public:
  Load(const LoadOptions& options, std::chrono::milliseconds hold,
       const std::function<PeerSockets()>& make_sockets, ikev2::Workspace& workspace,
       const ikev2::Policy& policy)
      : parallel_(std::max(1u, options.parallel)),
        most_(options.count != 0         ? options.count
              : options.repeat_for_s > 0 ? UINT32_MAX
                                         : parallel_),
        hold_(hold),
        make_sockets_(make_sockets),
        workspace_(workspace),
        policy_(policy),
        signals_({SIGINT, SIGTERM}) {
    if (options.repeat_for_s > 0)
      last_start_ = start_ + std::chrono::milliseconds(int64_t(options.repeat_for_s * 1000));
    allow_descriptors(parallel_);
  }

  bool run() {
    for (;;) {
      // Those that are over must not count when places are given away.
      std::erase_if(clients_, [](const auto& client) { return !client; });
      while (may_start()) start();
      if (clients_.empty()) break;
      wait();
    }
    print_summary();
    return failures_.empty() && deleted_ == started_ && started_ != 0;
  }

 private:
  bool may_start() const {
    return !stopping_ && clients_.size() < parallel_ && started_ < most_ &&
           (!last_start_ || Clock::now() < *last_start_);
  }
  void start();
  void wait();
  void work(std::optional<Client>& client);
  void take(Client& client, const ikev2::Event& event, bool& over);
  void stop();
  void print_summary() const;

  const unsigned parallel_, most_;
  const std::chrono::milliseconds hold_;
  const std::function<PeerSockets()>& make_sockets_;
  ikev2::Workspace& workspace_;
  const ikev2::Policy& policy_;
  Signals signals_;
  const TimePoint start_ = Clock::now();
  std::optional<TimePoint> last_start_;
  bool stopping_ = false;
  std::list<std::optional<Client>> clients_;  // nothing where an SA is over
  unsigned started_ = 0, deleted_ = 0;
  uint64_t retransmissions_ = 0;
  std::vector<double> times_ms_;  // from the first request to the established SA
  std::map<std::string, unsigned> failures_;
};

void Load::start() {
  clients_.emplace_back(Client{Connection(make_sockets_(), workspace_, policy_)});
  ++started_;
  work(clients_.back());
  if (!clients_.back()) clients_.pop_back();
}

void Load::wait() {
  std::vector<int> descriptors = {signals_.descriptor()};
  std::vector<std::optional<Client>*> owners;
  std::optional<TimePoint> until;
  const auto sooner = [&](std::optional<TimePoint> time) {
    if (time && (!until || *time < *until)) until = time;
  };
  for (auto& client : clients_) {
    for (const int descriptor : client->connection.descriptors()) descriptors.push_back(descriptor);
    owners.push_back(&client);
    sooner(client->connection.deadline());
    if (!client->closing) sooner(client->hold_until);
  }
  const std::vector<size_t> ready = wait_for(descriptors, until);
  if (signals_.take()) stop();
  for (const size_t place : ready)
    if (place != 0 && *owners[(place - 1) / 2]) work(*owners[(place - 1) / 2]);
  const TimePoint now = Clock::now();
  for (auto& client : clients_) {
    if (!client) continue;
    const auto due = client->connection.deadline();
    const bool held = client->hold_until && !client->closing && *client->hold_until <= now;
    if (held || (due && *due <= now)) work(client);
  }
}

void Load::work(std::optional<Client>& client) {
  bool over = false;
  const auto take_events = [&] {
    while (const auto event = client->connection.next_event()) take(*client, *event, over);
  };
  client->connection.work();
  take_events();
  if (!over && client->hold_until && !client->closing && *client->hold_until <= Clock::now()) {
    client->closing = true;
    client->connection.close();
    take_events();
  }
  if (!over && client->connection.is_refused()) {
    ++failures_[send_error_text(*client->connection.network_error())];
    over = true;
  }
  if (!over) return;
  client->connection.work();
  retransmissions_ += client->connection.report().retransmissions;
  client.reset();
}

void Load::take(Client& client, const ikev2::Event& event, bool& over) {
  if (std::get_if<ikev2::Established>(&event)) {
    const std::chrono::duration<double, std::milli> time = Clock::now() - client.start;
    times_ms_.push_back(time.count());
    client.hold_until = stopping_ ? Clock::now() : Clock::now() + hold_;
  } else if (const auto* failed = std::get_if<ikev2::Failed>(&event)) {
    ++failures_[end_text(failed->end)];
    over = true;
  } else if (const auto* closed = std::get_if<ikev2::Closed>(&event)) {
    if (is_deleted(closed->end))
      ++deleted_;
    else
      ++failures_[event_text(event)];
    over = true;
  }
}

void Load::stop() {
  if (stopping_) throw Failure("interrupted before all SAs were deleted");
  stopping_ = true;
  for (auto& client : clients_) {
    if (client->hold_until) {
      client->hold_until = Clock::now();
    } else {
      client->connection.close();
      work(client);
    }
  }
}

void Load::print_summary() const {
  const std::chrono::duration<double> time = Clock::now() - start_;
  std::ostringstream out;
  out << std::fixed << std::setprecision(1) << started_ << " started, " << times_ms_.size()
      << " established, " << deleted_ << " deleted in " << time.count()
      << " s: " << double(deleted_) / time.count() << " SAs a second, " << parallel_ << " at a time, "
      << retransmissions_ << " retransmissions\n";
  if (!times_ms_.empty()) {
    std::vector<double> sorted = times_ms_;
    std::ranges::sort(sorted);
    const auto at = [&](size_t percent) { return sorted[(sorted.size() - 1) * percent / 100]; };
    out << "time to establish: median " << at(50) << " ms, 99 of 100 within " << at(99) << " ms, longest "
        << at(100) << " ms\n";
  }
  for (const auto& [reason, count] : failures_) out << count << " failed: " << reason << '\n';
  std::cout << out.str();
}

}  // namespace

bool run_load(const LoadOptions& options, std::chrono::milliseconds hold,
              const std::function<PeerSockets()>& make_sockets, ikev2::Workspace& workspace,
              const ikev2::Policy& policy) {
  return Load(options, hold, make_sockets, workspace, policy).run();
}

}  // namespace mlkem::cli
