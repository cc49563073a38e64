// SPDX-License-Identifier: Apache-2.0
// A line for each event, in the order in which an exchange runs.
#include "tools/mlkem-ike/peer/event_text.hpp"

#include <string_view>

#include "tools/mlkem-ike/io/text.hpp"
#include "tools/mlkem-ike/net/endpoint.hpp"
#include "tools/mlkem-ike/peer/identity.hpp"
#include "tools/mlkem-ike/peer/selector.hpp"
#include "tools/mlkem-ike/sa/message_text.hpp"

namespace mlkem::cli {
namespace {

using ikev2::EndCause;
using ikev2::LogCode;

std::string protection_text(const ikev2::Protection& protection) {
  return protection.is_protected ? "protected by generation " + std::to_string(protection.generation)
                                 : "unprotected";
}

std::string spi_text(uint32_t spi) {
  const uint8_t octets[] = {uint8_t(spi >> 24), uint8_t(spi >> 16), uint8_t(spi >> 8), uint8_t(spi)};
  return hex(octets);
}

std::string text_of(const ikev2::Negotiated& event) {
  return "agreed on " + agreement_text(event.agreement);
}

std::string text_of(const ikev2::KeyExchanged& event) {
  return "key exchange " + std::string(ikev2::name(event.method)) + " done: keys of generation " +
         std::to_string(event.generation);
}

std::string text_of(const ikev2::Established& event) {
  return "established with " + identity_text(event.peer) + " at " +
         endpoint_text(endpoint_of(event.path.remote)) +
         (event.path.encapsulated ? " (UDP encapsulation)" : "") + ", SPIs " + hex(event.spi_i) + "_i " +
         hex(event.spi_r) + "_r";
}

std::string text_of(const ikev2::ChildEstablished& event) {
  std::string text = "Child SA " + spi_text(event.spi_in) + "_in " + spi_text(event.spi_out) + "_out, " +
                     std::string(ikev2::name(event.encryption));
  if (event.integrity != ikev2::IntegId::kNone) text.append("-").append(ikev2::name(event.integrity));
  if (event.esn) text += "-esn";
  return text + ": " + selectors_text(event.local) + " === " + selectors_text(event.remote);
}

std::string text_of(const ikev2::ChildFailed& event) {
  return "no Child SA: " + notify_text(event.notify);
}

std::string text_of(const ikev2::ChildDeleted& event) {
  return "Child SA " + spi_text(event.spi_in) + "_in deleted" + (event.by_peer ? " by the peer" : "");
}

std::string text_of(const ikev2::Failed& event) {
  return "failed: " + end_text(event.end);
}

std::string text_of(const ikev2::Closed& event) {
  if (event.end.cause != EndCause::kClosed) return "closed: " + end_text(event.end);
  return is_deleted(event.end) ? "deleted" : "deleted, but the peer did not answer";
}

std::string text_of(const ikev2::NotifyReceived& event) {
  return "the peer sent " + notify_text(event.type) + " in " + exchange_text(event.exchange) + ", " +
         protection_text(event.protection);
}

std::string text_of(const ikev2::VendorIdReceived& event) {
  return "the peer's vendor id: " +
         (is_printable(event.id) ? '"' + printable(event.id, 64) + '"' : hex(event.id, 64));
}

std::string text_of(const ikev2::LogRecord& record) {
  const std::string message = exchange_text(record.exchange);
  const std::string because = *record.text ? std::string(": ") + record.text : std::string();
  switch (record.code) {
    case LogCode::kRequestSent:
      return message + " request sent, " + octets_text(record.value);
    case LogCode::kResponseSent:
      return message + " response sent, " + octets_text(record.value);
    case LogCode::kRetransmitted:
      return message + " request sent again, try " + std::to_string(record.value);
    case LogCode::kResponseRepeated:
      return message + " response sent again";
    case LogCode::kMessageReceived:
      return message + " received, " + octets_text(record.value);
    case LogCode::kFragmentReceived:
      return message + " fragment " + std::to_string(record.value >> 16) + " of " +
             std::to_string(record.value & 0xffff) + " received";
    case LogCode::kIgnored:
      return message + " ignored" +
             (record.value != 0 ? " (" + notify_text(ikev2::NotifyType(record.value)) + ')' : std::string()) +
             because;
    case LogCode::kRefused:
      return message + " refused with " + notify_text(ikev2::NotifyType(record.value)) + because;
    case LogCode::kCookie:
      return "cookie, round " + std::to_string(record.value);
    case LogCode::kNat:
      return std::string("a NAT before ") + (record.value == 1   ? "this side"
                                             : record.value == 2 ? "the peer"
                                                                 : "both sides");
    case LogCode::kKeyExchange:
      break;
  }
  return {};
}

}  // namespace

std::string event_text(const ikev2::Event& event) {
  return std::visit([](const auto& what) { return text_of(what); }, event);
}

bool is_notable(const ikev2::Event& event) {
  if (const auto* notify = std::get_if<ikev2::NotifyReceived>(&event)) return ikev2::is_error(notify->type);
  // While an unprotected refusal is not believed, nothing else says why the exchange stands still.
  if (const auto* record = std::get_if<ikev2::LogRecord>(&event))
    return record->code == LogCode::kIgnored && record->exchange == ikev2::ExchangeType::kIkeSaInit;
  return !std::holds_alternative<ikev2::VendorIdReceived>(event);
}

bool is_deleted(const ikev2::End& end) {
  return end.cause == EndCause::kDeletedByPeer ||
         (end.cause == EndCause::kClosed && end.protection.is_protected);
}

std::string notify_text(ikev2::NotifyType notify) {
  const std::string_view name = ikev2::name(notify);
  return name == "unknown" ? "notify " + std::to_string(unsigned(notify)) : std::string(name);
}

std::string end_text(const ikev2::End& end) {
  const std::string exchange = exchange_text(end.exchange);
  const std::string reason = *end.message ? std::string(": ") + end.message : std::string();
  switch (end.cause) {
    case EndCause::kTimeout:
      return "no usable answer to " + exchange + " in time";
    case EndCause::kPeerNotify:
      if (end.exchange == ikev2::ExchangeType::kInformational)
        return "the peer reported " + notify_text(end.notify) + ", " + protection_text(end.protection);
      return "the peer answered " + notify_text(end.notify) + " to " + exchange + ", " +
             protection_text(end.protection);
    case EndCause::kPeerFault:
      return "fault of the peer in " + exchange + " (" + notify_text(end.notify) + ')' + reason;
    case EndCause::kAuthentication:
      return "the peer is not who it should be" + reason;
    case EndCause::kNoChildless:
      return "the peer does not announce childless IKE SAs";
    case EndCause::kDeletedByPeer:
      return "deleted by the peer";
    case EndCause::kClosed:
      return "closed before it was established";
    case EndCause::kCrypto:
      return "the crypto library failed" + reason;
    case EndCause::kMisuse:
      return "can't be done" + reason;
    case EndCause::kReplaced:
      return "replaced by a newer SA of the peer";
  }
  return reason;
}

std::string agreement_text(const ikev2::Agreement& agreement) {
  const auto transforms = agreement.transforms();
  return ikev2::to_string(ikev2::Proposal{agreement.protocol, {transforms.begin(), transforms.end()}});
}

std::string traffic_text(const ikev2::SessionReport& report) {
  return octets_text(report.octets_sent) + " sent in " + std::to_string(report.datagrams_sent) +
         " datagrams, " + octets_text(report.octets_received) + " received in " +
         std::to_string(report.datagrams_received) + "; " + std::to_string(report.round_trips) +
         " round trips, " + std::to_string(report.retransmissions) + " retransmissions";
}

}  // namespace mlkem::cli
