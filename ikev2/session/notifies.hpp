// SPDX-License-Identifier: Apache-2.0
// The error that a message reports, if any.
#pragma once

#include <optional>

#include "mlkem-ike/ikev2/message.hpp"

namespace mlkem::ikev2 {

inline std::optional<NotifyType> first_error(const PayloadList& payloads) {
  for (const Payload& payload : payloads) {
    if (payload.type != PayloadType::kNotify) continue;
    const Result<NotifyPayload> notify = read_notify_body(payload.body);
    if (notify && is_error(notify->type)) return notify->type;
  }
  return std::nullopt;
}

}  // namespace mlkem::ikev2
