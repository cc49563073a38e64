// SPDX-License-Identifier: Apache-2.0
// Tries an SA's generations, newest first.
#include "tools/mlkem-ike/sa/message_reader.hpp"

#include "tools/mlkem-ike/io/failure.hpp"

namespace mlkem::cli {

MessageReader::MessageReader(ikev2::Crypto& crypto, std::vector<SaKeys> keys) : crypto_(crypto) {
  for (SaKeys& sa : keys) {
    SaKeys& known = sas_.try_emplace({sa.spi_i, sa.spi_r}, SaKeys{sa.spi_i, sa.spi_r, {}}).first->second;
    for (MessageKeys& generation : sa.generations) known.generations.push_back(std::move(generation));
  }
}

ReadMessage MessageReader::read(ikev2::Octets octets) {
  ReadMessage message;
  const auto header = ikev2::read_ike_header(octets);
  if (!header) {
    message.error = header.error().message;
    return message;
  }
  message.header = *header;
  const auto parsed = ikev2::read_message(octets);
  if (!parsed) {
    message.error = parsed.error().message;
    return message;
  }
  message.clear = parsed->payloads;
  const bool is_encrypted =
      message.clear.count(ikev2::PayloadType::kSk) + message.clear.count(ikev2::PayloadType::kSkf) > 0;
  if (!is_encrypted) {
    message.state = MessageState::kClear;
    return message;
  }
  const auto encrypted = ikev2::find_encrypted(octets);
  if (!encrypted) {
    message.error = encrypted.error().message;
    return message;
  }
  message.encrypted = *encrypted;
  const auto sa = sas_.find({header->spi_i, header->spi_r});
  if (sa == sas_.end()) {
    message.state = MessageState::kNoKeys;
    message.error = "no keys for its SPIs";
    return message;
  }
  message.sa = &sa->second;
  open(message);
  return message;
}

ikev2::MessageCipher& MessageReader::cipher(const ikev2::SaAlgorithms& algorithms) {
  auto& made = ciphers_[{uint16_t(algorithms.encryption.id), algorithms.encryption.key_bits,
                         uint16_t(algorithms.integrity)}];
  if (!made) {
    auto result = crypto_.make_message_cipher(algorithms.encryption, algorithms.integrity);
    if (!result)
      throw Failure(std::string(ikev2::name(algorithms.encryption)) + ": " + result.error().message);
    made = *std::move(result);
  }
  return *made;
}

void MessageReader::open(ReadMessage& message) {
  message.state = MessageState::kWrongIcv;
  message.error = "it has no generation of keys";
  const std::vector<MessageKeys>& generations = message.sa->generations;
  for (size_t i = generations.size(); i-- > 0;) {
    const MessageKeys& keys = generations[i];
    auto protection = protection_of(keys, message.header->from_initiator());
    if (!protection) {
      message.error = protection.error().message;
      continue;
    }
    ikev2::MessageCipher& with = cipher(keys.algorithms);
    auto opened = ikev2::open_encrypted(*protection, with, *message.encrypted);
    if (!opened) {
      message.error = opened.error().message;
      continue;
    }
    message.error.clear();
    message.generation = i;
    message.part = *std::move(opened);
    if (message.encrypted->type == ikev2::PayloadType::kSkf)
      add_fragment(message, *protection, with);
    else
      message.state = MessageState::kOpened;
    break;
  }
  if (message.state != MessageState::kOpened) return;
  const auto inner = ikev2::read_payloads(message.message().first_payload(), message.message().inner());
  if (inner) {
    message.inner = *inner;
  } else {
    message.state = MessageState::kMalformed;
    message.error = inner.error().message;
  }
}

void MessageReader::add_fragment(ReadMessage& message, const ikev2::ProtectionKeys& keys,
                                 ikev2::MessageCipher& with) {
  const ikev2::IkeHeader& header = *message.header;
  Incoming& incoming =
      incoming_[{message.sa, uint8_t(header.flags & (ikev2::kFlagInitiator | ikev2::kFlagResponse))}];
  message.state = MessageState::kFragment;
  // What comes again of an older message must not displace the one that is being put together.
  if (!incoming.fragments.empty() && header.message_id < incoming.header.message_id) return;
  if (incoming.header.message_id != header.message_id || incoming.header.exchange != header.exchange)
    incoming.fragments.clear();
  incoming.header = header;
  const auto outcome = incoming.fragments.add(keys, with, *message.encrypted, 0);
  if (!outcome) {
    message.state = MessageState::kMalformed;
    message.error = outcome.error().message;
  } else if (*outcome == ikev2::FragmentOutcome::kComplete) {
    auto whole = incoming.fragments.take();
    if (!whole) throw Failure(whole.error().message);
    message.reassembled = *std::move(whole);
    message.state = MessageState::kOpened;
  }
}

}  // namespace mlkem::cli
