// SPDX-License-Identifier: Apache-2.0
// One attempt at a gateway without credentials: how far it comes says which key exchange the gateway performs.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/mlkem-ike/peer/connection.hpp"

namespace mlkem::cli {

// How far the offered key exchange came, best first.
enum class Verdict {
  kProven,  // an answer to IKE_AUTH under the keys that it gave
  kUnconfirmed,  // IKE_INTERMEDIATE was answered, but nothing came under the new keys: any octets would look like that
  kChosen,    // chosen in IKE_SA_INIT and no more
  kRefused,   // NO_PROPOSAL_CHOSEN
  kUnusable,  // answers that neither choose nor refuse: cookies without end, other errors, malformed messages
  kNoAnswer,
  kUnreachable,  // the network or the host says so: nobody listens there
};
// "proven", "chosen only" ...; for JSON "proven", "chosen_only" ...
std::string verdict_text(Verdict verdict);
std::string verdict_key(Verdict verdict);

// What is asked of one gateway in one attempt.
struct ProbeOffer {
  std::optional<ikev2::KeMethod> method;  // an ML-KEM set as ADDKE1; nothing: classical key exchange alone
  std::vector<ikev2::Proposal> proposals;
  ikev2::MlKemNumbering numbering = ikev2::MlKemNumbering::kRegistry;
};
// With KE(0) by elliptic curves or MODP, every cipher and PRF that this library has.
ProbeOffer offer_of(std::optional<ikev2::KeMethod> method, ikev2::MlKemNumbering numbering);

struct ProbeResult {
  std::optional<ikev2::KeMethod> method;
  Verdict verdict = Verdict::kNoAnswer;
  std::string agreement;  // what IKE_SA_INIT chose; empty if nothing
  std::string reason;     // how it ended
  std::vector<std::string> vendor_ids;
  ikev2::SessionReport report;
  double time_ms = 0;  // until it ended
};

// Requests go out at most three times, after one and two seconds more.
inline constexpr unsigned kProbeTries = 3;

class ProbeAttempt {
 public:
  // work() sends the first request. The workspace must outlive it. Throws Failure.
  ProbeAttempt(ProbeOffer offer, PeerSockets sockets, ikev2::Workspace& workspace, uint64_t timeout_ms);

  // As Connection's.
  void work();
  std::optional<TimePoint> deadline() const { return connection_.deadline(); }
  std::array<int, 2> descriptors() const { return connection_.descriptors(); }

  bool is_over() const { return over_; }
  const ProbeResult& result() const { return result_; }

 private:
  void take(const ikev2::Event& event);
  void finish(std::string reason, ikev2::NotifyType refusal = ikev2::NotifyType::kNone);

  ProbeOffer offer_;
  // A key that nobody knows, for an AUTH that can't be right. Where it is: the session refers to it.
  std::unique_ptr<ikev2::OneSharedKey> key_;
  Connection connection_;
  TimePoint start_ = Clock::now();
  ProbeResult result_;
  bool over_ = false;
};

}  // namespace mlkem::cli
