// SPDX-License-Identifier: Apache-2.0
// Numbers stand in for names that are not known.
#include "tools/mlkem-ike/sa/message_text.hpp"

namespace mlkem::cli {

std::string exchange_text(ikev2::ExchangeType exchange) {
  const std::string_view name = ikev2::name(exchange);
  return name == "unknown" ? "exchange " + std::to_string(unsigned(exchange)) : std::string(name);
}

std::string message_text(const ikev2::IkeHeader& header) {
  return exchange_text(header.exchange) + (header.is_response() ? " response " : " request ") +
         std::to_string(header.message_id) + " from " + (header.from_initiator() ? 'I' : 'R');
}

}  // namespace mlkem::cli
