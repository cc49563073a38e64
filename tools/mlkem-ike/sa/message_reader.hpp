// SPDX-License-Identifier: Apache-2.0
// Reads the messages of IKE SAs whose keys are known, one after another: opens what is encrypted, with whichever
// key generation fits, and puts fragments together.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mlkem-ike/ikev2.hpp"
#include "tools/mlkem-ike/sa/sa_keys.hpp"

namespace mlkem::cli {

enum class MessageState {
  kMalformed,  // header or chain of payloads, in the clear or inside
  kClear,      // nothing in it is encrypted
  kNoKeys,     // no IKE SA with keys has its SPIs
  kWrongIcv,   // no generation's keys open it
  kFragment,   // authentic; fragments of its message are still missing, or it came before
  kOpened,     // authentic, and all of it is there
};

// What was found in one datagram. Views point into it and into what was opened.
struct ReadMessage {
  MessageState state = MessageState::kMalformed;
  std::string error;  // why it is malformed or not opened
  std::optional<ikev2::IkeHeader> header;
  ikev2::PayloadList clear;                         // SK or SKF is the last of them
  std::optional<ikev2::EncryptedView> encrypted;    // SK or SKF
  const SaKeys* sa = nullptr;                       // whose keys are known
  size_t generation = 0;                            // of sa->generations: the one that opened it
  ikev2::OpenedMessage part;                        // of kFragment and kOpened: this datagram's plaintext
  std::optional<ikev2::OpenedMessage> reassembled;  // of kOpened: the message, if it came in fragments
  ikev2::PayloadList inner;                         // of kOpened: its payloads

  const ikev2::OpenedMessage& message() const { return reassembled ? *reassembled : part; }
};

class MessageReader {
 public:
  MessageReader(ikev2::Crypto& crypto, std::vector<SaKeys> keys);

  // Throws Failure if the crypto library lacks an algorithm.
  ReadMessage read(ikev2::Octets message);

 private:
  using Spis = std::pair<ikev2::Spi, ikev2::Spi>;
  // The message that one direction of an SA is in the middle of.
  struct Incoming {
    ikev2::IkeHeader header;
    ikev2::Reassembly fragments;
  };

  ikev2::MessageCipher& cipher(const ikev2::SaAlgorithms& algorithms);
  void open(ReadMessage& message);
  void add_fragment(ReadMessage& message, const ikev2::ProtectionKeys& keys, ikev2::MessageCipher& cipher);

  ikev2::Crypto& crypto_;
  std::map<Spis, SaKeys> sas_;
  std::map<std::array<uint16_t, 3>, std::unique_ptr<ikev2::MessageCipher>> ciphers_;
  std::map<std::pair<const SaKeys*, uint8_t>, Incoming>
      incoming_;  // by direction and kind: the flags I and R
};

}  // namespace mlkem::cli
