// SPDX-License-Identifier: Apache-2.0
// The table holds what two gateways can be compared by; the sentences hold the reasons.
#include "tools/mlkem-ike/probe/report.hpp"

#include <algorithm>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "mlkem-ike/mlkem.h"
#include "tools/mlkem-ike/io/octets.hpp"
#include "tools/mlkem-ike/io/text.hpp"
#include "tools/mlkem-ike/peer/event_text.hpp"

namespace mlkem::cli {
namespace {

using ikev2::KeMethod;
using nlohmann::ordered_json;

constexpr int kMethodWidth = 15;

std::string set_name(KeMethod method) {
  return method == KeMethod::kMlKem512   ? "ML-KEM-512"
         : method == KeMethod::kMlKem768 ? "ML-KEM-768"
                                         : "ML-KEM-1024";
}

std::string address_of_host(const HostReport& report) {
  return report.address.address_bytes != 0 ? endpoint_text(report.address) : "-";
}

// "ML-KEM-512, ML-KEM-768".
std::string sets_with(const HostReport& report, Verdict verdict) {
  std::string text;
  for (const ProbeResult& result : report.results)
    if (result.method && result.verdict == verdict)
      text.append(text.empty() ? "" : ", ").append(set_name(*result.method));
  return text;
}

const ProbeResult& first_with(const HostReport& report, Verdict verdict) {
  return *std::ranges::find(report.results, verdict, &ProbeResult::verdict);
}

std::string no_ml_kem(const HostReport& report) {
  const ProbeResult* classical = report.result(std::nullopt);
  const std::string refusal = "no ML-KEM (" + report.results.front().reason + ")";
  if (!classical) return refusal;
  if (!classical->agreement.empty()) return refusal + "; classical: " + classical->agreement;
  return refusal + "; no classical key exchange either: " + classical->reason;
}

void add_traffic(ordered_json& out, const ikev2::SessionReport& report) {
  out["datagrams_sent"] = report.datagrams_sent;
  out["datagrams_received"] = report.datagrams_received;
  out["octets_sent"] = report.octets_sent;
  out["octets_received"] = report.octets_received;
  out["round_trips"] = report.round_trips;
  out["retransmissions"] = report.retransmissions;
}

ordered_json json_of(const ProbeResult& result) {
  const ikev2::SessionReport& report = result.report;
  ordered_json out;
  out["method"] = result.method ? std::string(ikev2::name(*result.method)) : "classical";
  out["verdict"] = verdict_key(result.verdict);
  out["chosen"] = result.agreement.empty() ? ordered_json(nullptr) : ordered_json(result.agreement);
  out["key_exchanges_performed"] = report.performed;
  out["confirmed_generation"] =
      report.confirmed_generation ? ordered_json(*report.confirmed_generation) : ordered_json(nullptr);
  out["end"] = result.reason;
  add_traffic(out, report);
  out["time_ms"] = result.time_ms;
  return out;
}

}  // namespace

std::string conclusion(const HostReport& report) {
  if (!report.fault.empty()) return report.fault;
  if (report.results.empty()) return "not asked";
  if (report.is_proven()) {
    std::string text = "performs " + sets_with(report, Verdict::kProven);
    for (const auto& [verdict, words] : {std::pair(Verdict::kUnconfirmed, "answers without proof for "),
                                         std::pair(Verdict::kChosen, "chooses without performing "),
                                         std::pair(Verdict::kRefused, "refuses "),
                                         std::pair(Verdict::kUnusable, "gives no usable answer for "),
                                         std::pair(Verdict::kNoAnswer, "is silent for ")})
      if (const std::string sets = sets_with(report, verdict); !sets.empty())
        text.append("; ").append(words).append(sets);
    return text;
  }
  if (report.any(Verdict::kUnconfirmed))
    return "answers IKE_INTERMEDIATE for " + sets_with(report, Verdict::kUnconfirmed) +
           ", but nothing under the new keys: " + first_with(report, Verdict::kUnconfirmed).reason;
  if (const std::string sets = sets_with(report, Verdict::kChosen); !sets.empty())
    return "chooses " + sets + ", but does not perform it: " + first_with(report, Verdict::kChosen).reason;
  if (report.any(Verdict::kUnreachable)) return "closed: " + first_with(report, Verdict::kUnreachable).reason;
  if (report.results.front().verdict == Verdict::kNoAnswer) return "no answer";
  if (const std::string sets = sets_with(report, Verdict::kUnusable); !sets.empty())
    return "no usable answer for " + sets + ": " + first_with(report, Verdict::kUnusable).reason;
  return no_ml_kem(report);
}

std::string table_of(const std::vector<HostReport>& reports, const std::vector<KeMethod>& methods) {
  size_t host_width = 4, address_width = 7;
  for (const HostReport& report : reports) {
    host_width = std::max(host_width, printable(octets_of(report.host)).size());
    address_width = std::max(address_width, address_of_host(report).size());
  }
  std::ostringstream out;
  out << std::left << std::setw(int(host_width)) << "HOST"
      << "  " << std::setw(int(address_width)) << "ADDRESS"
      << "  ";
  for (const KeMethod method : methods) out << std::setw(kMethodWidth) << set_name(method);
  out << "FRAGMENTS  ROUND TRIPS  OCTETS OUT/IN  MS\n";
  for (const HostReport& report : reports) {
    out << std::setw(int(host_width)) << printable(octets_of(report.host)) << "  "
        << std::setw(int(address_width)) << address_of_host(report) << "  ";
    for (const KeMethod method : methods) {
      const ProbeResult* result = report.result(method);
      out << std::setw(kMethodWidth) << (result ? verdict_text(result->verdict) : "-");
    }
    if (!report.results.empty()) {
      // The set that came furthest says most about the gateway.
      const ProbeResult& best = *std::ranges::min_element(report.results, {}, &ProbeResult::verdict);
      const std::string octets =
          std::to_string(best.report.octets_sent) + '/' + std::to_string(best.report.octets_received);
      out << std::setw(11)
          << (best.agreement.empty()           ? "-"
              : best.report.peer_fragmentation ? "yes"
                                               : "no")
          << std::setw(13) << best.report.round_trips << std::setw(15) << octets << std::fixed
          << std::setprecision(1) << best.time_ms;
    }
    out << '\n';
  }
  out << '\n';
  for (const HostReport& report : reports)
    out << printable(octets_of(report.host)) << ": " << conclusion(report) << '\n';
  return out.str();
}

std::string json_of(const std::vector<HostReport>& reports) {
  ordered_json hosts = ordered_json::array();
  for (const HostReport& report : reports) {
    ordered_json host;
    host["host"] = report.host;
    host["address"] = address_of_host(report);
    host["proven"] = report.is_proven();
    host["conclusion"] = conclusion(report);
    const auto chosen =
        std::ranges::find_if(report.results, [](const auto& each) { return !each.agreement.empty(); });
    const bool answered = chosen != report.results.end();
    host["fragmentation"] =
        answered ? ordered_json(chosen->report.peer_fragmentation) : ordered_json(nullptr);
    host["childless"] = answered ? ordered_json(chosen->report.peer_childless) : ordered_json(nullptr);
    host["vendor_ids"] = answered ? chosen->vendor_ids : std::vector<std::string>();
    host["attempts"] = ordered_json::array();
    for (const ProbeResult& result : report.results) host["attempts"].push_back(json_of(result));
    hosts.push_back(std::move(host));
  }
  return ordered_json{{"version", mlkem_version()}, {"hosts", hosts}}.dump(
             2, ' ', false, ordered_json::error_handler_t::replace) +
         '\n';
}

}  // namespace mlkem::cli
