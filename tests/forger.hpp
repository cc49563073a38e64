// SPDX-License-Identifier: Apache-2.0
// A peer that knows the keys and does not follow the protocol: opens messages of a Pair and seals others in
// their place.
#pragma once

#include <functional>

#include "tests/pair.hpp"

namespace mlkem::test {

// What stands inside a protected message, to be changed.
struct Forged {
  ikev2::IkeHeader header;
  ikev2::PayloadType first_payload;
  Bytes inner;
  unsigned generation;  // whose keys protect it
};

class Forger {
 public:
  // The keys are those that `pair` records of its first SA; the algorithms those of that SA.
  explicit Forger(Pair& pair) : pair_(pair), crypto_(new_crypto()) {}

  // Changes an SK message without marker and seals it again. False if it is not one.
  bool change(Pair::Carried& carried, const std::function<void(Forged&)>& edit) {
    if (carried.octets.size() < ikev2::kIkeHeaderBytes ||
        carried.octets[kFirstPayloadOffset] != uint8_t(ikev2::PayloadType::kSk))
      return false;
    const auto& generations = keys();
    for (unsigned n = unsigned(generations.size()); n-- > 0;) {
      const auto found = ikev2::find_encrypted(carried.octets);
      const auto opened = ikev2::open_encrypted(protection(carried, n), *cipher(), *found);
      if (!opened) continue;
      const ikev2::PlainMessage plain = opened->plain();
      Forged forged{*ikev2::read_ike_header(carried.octets), plain.first_payload, copy(plain.inner), n};
      edit(forged);
      carried.octets = seal(carried, forged);
      return true;
    }
    ADD_FAILURE() << "no generation opens the message";
    return false;
  }

  // A message of this content, whole or in fragments.
  Bytes seal(const Pair::Carried& carried, const Forged& forged) {
    return copy(seal_in(carried, forged, 65535, ikev2::Fragmentation::kNever).octets());
  }
  ikev2::SealedMessage seal_in(const Pair::Carried& carried, const Forged& forged, size_t most,
                               ikev2::Fragmentation fragmentation) {
    std::array<uint8_t, ikev2::kIkeHeaderBytes> clear;
    ikev2::write_ike_header(clear, forged.header);
    // Far from the IVs that the real side uses.
    ikev2::SendProtection send(protection(carried, forged.generation), next_iv_ += 1'000);
    auto sealed = ikev2::seal_message(send, *cipher(), crypto_->random(),
                                      {clear, forged.first_payload, forged.inner}, most, fragmentation);
    EXPECT_TRUE(sealed) << sealed.error().message;
    return *std::move(sealed);
  }

 private:
  const std::vector<RecordedKeys::Generation>& keys() const {
    return pair_.initiator_keys.sas.begin()->second;
  }
  ikev2::SaAlgorithms algorithms() { return pair_.session(0).report().agreement->algorithms(); }
  ikev2::MessageCipher* cipher() {
    if (!cipher_) cipher_ = *crypto_->make_message_cipher(algorithms().encryption, algorithms().integrity);
    return cipher_.get();
  }
  ikev2::ProtectionKeys protection(const Pair::Carried& carried, unsigned generation) {
    const auto& [sk_d, sk_ai, sk_ar, sk_ei, sk_er, sk_pi, sk_pr] = keys().at(generation);
    return *ikev2::ProtectionKeys::make(algorithms(), carried.to_responder ? sk_ei : sk_er,
                                        carried.to_responder ? sk_ai : sk_ar);
  }

  Pair& pair_;
  std::unique_ptr<ikev2::Crypto> crypto_;
  std::unique_ptr<ikev2::MessageCipher> cipher_;
  uint64_t next_iv_ = uint64_t(1) << 40;
};

// A chain of payloads.
inline Bytes payload_chain(const std::function<void(ikev2::PayloadWriter&)>& write) {
  Bytes buffer(65536);
  ikev2::PayloadWriter writer(buffer);
  write(writer);
  const auto size = writer.finish();
  EXPECT_TRUE(size);
  buffer.resize(*size);
  return buffer;
}

// Policies without fragments, so that a Forger finds whole messages.
inline PairOptions whole_messages(const std::string& key_exchanges = "x25519-ke1_mlkem768") {
  PairOptions options = default_pair();
  const std::string ike = "aes256gcm16-prfsha384-" + key_exchanges;
  options.initiator = policy_of("a.example", ike);
  options.responder = policy_of("b.example", ike);
  options.initiator.fragmentation = ikev2::FragmentationPolicy::kOff;
  return options;
}

// A message of this exchange in this direction.
inline bool is(const Pair::Carried& carried, bool to_responder, ikev2::ExchangeType exchange) {
  return carried.to_responder == to_responder && carried.octets[kExchangeOffset] == uint8_t(exchange);
}

// Error notifies that the initiator heard, and their protection.
inline std::vector<std::pair<ikev2::NotifyType, bool>> errors_of(Pair& pair) {
  std::vector<std::pair<ikev2::NotifyType, bool>> errors;
  for (const ikev2::Event& event : pair.events(0))
    if (const auto* notify = std::get_if<ikev2::NotifyReceived>(&event);
        notify && ikev2::is_error(notify->type))
      errors.emplace_back(notify->type, notify->protection.is_protected);
  return errors;
}

inline Bytes ke_payload(ikev2::KeMethod method, ikev2::Octets data) {
  return payload_chain([&](ikev2::PayloadWriter& out) { out.add_ke({*ikev2::code_point(method), data}); });
}

inline Bytes ke_data(const Forged& forged) {
  const auto payloads = *ikev2::read_payloads(forged.first_payload, forged.inner);
  return copy(ikev2::read_ke_body(*payloads.only(ikev2::PayloadType::kKe))->data);
}

}  // namespace mlkem::test
