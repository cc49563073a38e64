// SPDX-License-Identifier: Apache-2.0
// One IKEv2 exchange between two peers in this process, over UDP on the loopback interface: IKE_SA_INIT, an
// IKE_INTERMEDIATE for every additional method, IKE_AUTH with a shared key and the first Child SA.
#pragma once

#include <string>
#include <vector>

#include "mlkem-ike/ikev2.hpp"
#include "tools/mlkem-ike/sa/sa_keys.hpp"

namespace mlkem::cli {

struct ExchangeOptions {
  std::vector<ikev2::KeMethod> methods;  // KE(0), then the additional ones
  ikev2::SaAlgorithms algorithms;
};

// What one exchange shows of itself; nothing in it is secret but sa_keys.
struct Transcript {
  struct Payload {
    std::string exchange;
    char from;  // 'I' or 'R'
    ikev2::KeMethod method;
    size_t data_bytes, payload_bytes;
  };
  struct Key {
    std::string name;
    std::string fingerprint;  // of the initiator's
    bool agrees;              // the responder has the same
  };
  struct Step {
    char who;
    std::string name;
    double time_us;
  };
  std::vector<Payload> payloads;
  std::vector<Key> keys;
  std::vector<Step> steps;
  struct Datagram {
    char from;
    std::vector<uint8_t> message;
  };
  std::vector<Datagram> datagrams;
  SaKeys sa_keys;  // the initiator's, of every generation
  bool initiator_authenticated = false, responder_authenticated = false;
  std::string fault;  // why a side ended early

  bool agreed() const;
};

// Runs one exchange with fresh keys. Throws Failure.
Transcript run_exchange(const ExchangeOptions& options, ikev2::Workspace& initiator,
                        ikev2::Workspace& responder);

}  // namespace mlkem::cli
