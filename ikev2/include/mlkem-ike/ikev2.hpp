// SPDX-License-Identifier: Apache-2.0
// The IKEv2 layer: messages, negotiation, key exchange methods, the key schedule, IntAuth and AUTH, without
// sockets, clocks or threads.
#pragma once

#include "mlkem-ike/ikev2/auth.hpp"
#include "mlkem-ike/ikev2/crypto.hpp"
#include "mlkem-ike/ikev2/fragment.hpp"
#include "mlkem-ike/ikev2/int_auth.hpp"
#include "mlkem-ike/ikev2/key_exchange.hpp"
#include "mlkem-ike/ikev2/keymat.hpp"
#include "mlkem-ike/ikev2/message.hpp"
#include "mlkem-ike/ikev2/negotiation.hpp"
#include "mlkem-ike/ikev2/numbers.hpp"
#include "mlkem-ike/ikev2/payload.hpp"
#include "mlkem-ike/ikev2/proposal.hpp"
#include "mlkem-ike/ikev2/protect.hpp"
#include "mlkem-ike/ikev2/result.hpp"
#include "mlkem-ike/ikev2/sa_payload.hpp"
#include "mlkem-ike/ikev2/secret_buffer.hpp"
#include "mlkem-ike/ikev2/secret_bytes.hpp"
#include "mlkem-ike/ikev2/signature.hpp"
