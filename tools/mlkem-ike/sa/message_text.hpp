// SPDX-License-Identifier: Apache-2.0
// What a message is called: exchange, direction and number.
#pragma once

#include <string>

#include "mlkem-ike/ikev2.hpp"

namespace mlkem::cli {

// "IKE_AUTH", "exchange 99".
std::string exchange_text(ikev2::ExchangeType exchange);

// "IKE_AUTH request 2 from I".
std::string message_text(const ikev2::IkeHeader& header);

}  // namespace mlkem::cli
