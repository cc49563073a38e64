// SPDX-License-Identifier: Apache-2.0
// Reassembly of fragments, against a model: the input is a script of fragments, some authentic, some not,
// some datagrams of its own.
#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

#include "mlkem-ike/ikev2.hpp"

namespace {

using namespace mlkem::ikev2;
using Bytes = std::vector<uint8_t>;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Setting {
  explicit Setting(const SaAlgorithms& algorithms)
      : keys(make_keys(algorithms)),
        cipher(*crypto->make_message_cipher(algorithms.encryption, algorithms.integrity)) {}

  static ProtectionKeys make_keys(const SaAlgorithms& algorithms) {
    const Bytes sk_e(key_bytes(algorithms.encryption), 1), sk_a(key_bytes(algorithms.integrity), 2);
    return *ProtectionKeys::make(algorithms, sk_e, sk_a);
  }

  std::unique_ptr<Crypto> crypto = *openssl_crypto();
  ProtectionKeys keys;
  std::unique_ptr<MessageCipher> cipher;
};

Setting& setting(uint8_t choice) {
  static Setting gcm({PrfId::kHmacSha256, {EncrId::kAesGcm16, 128}, IntegId::kNone});
  static Setting cbc({PrfId::kHmacSha256, {EncrId::kAesCbc, 128}, IntegId::kHmacSha1_96});
  return choice & 1 ? cbc : gcm;
}

// What the standard says a receiver holds.
struct Model {
  uint16_t total = 0;
  std::map<uint16_t, Bytes> pieces;
};

class Script {
 public:
  explicit Script(Octets octets) : octets_(octets) {}
  bool done() const { return octets_.empty(); }
  uint8_t take() {
    if (done()) return 0;
    const uint8_t octet = octets_[0];
    octets_ = octets_.subspan(1);
    return octet;
  }
  Octets take(size_t size) {
    const Octets taken = octets_.first(size < octets_.size() ? size : octets_.size());
    octets_ = octets_.subspan(taken.size());
    return taken;
  }

 private:
  Octets octets_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Script script(Octets(data, size));
  const uint8_t choice = script.take();
  Setting& used = setting(choice);
  ReassemblyLimits limits;
  limits.octets = choice & 2 ? 300 : limits.octets;
  limits.timeout_ms = 100;
  Reassembly reassembly(limits);
  Model model;
  uint64_t now_ms = 0, started_ms = 0;
  while (!script.done()) {
    const uint8_t action = script.take();
    if (action % 8 == 0) {
      // A datagram as it stands in the input.
      const Octets datagram = script.take(script.take());
      const auto found = find_encrypted(datagram);
      if (found && found->type == PayloadType::kSkf)
        (void)reassembly.add(used.keys, *used.cipher, *found, now_ms);
      continue;
    }
    if (action % 8 == 1) now_ms += script.take();
    const uint16_t number = script.take(), total = script.take();
    const size_t repeat = action & 0x40 ? 50 : 1;
    const uint8_t content = script.take();
    const Bytes inner(content % 32 * repeat, content);
    const Bytes iv(used.keys.iv_bytes(), action), padding((15 - inner.size() % 16) % 16, 0);
    std::array<uint8_t, kIkeHeaderBytes> header{};
    header[17] = kIkeVersion;
    Bytes datagram(2048);
    const PayloadType first = number == 1 ? PayloadType::kNotify : PayloadType::kNone;
    const auto written = seal_recorded(used.keys, *used.cipher, {header, first, inner, 0}, {iv, padding},
                                       FragmentPosition{number, total}, datagram);
    if (!written) continue;
    datagram.resize(*written);
    const bool forged = action & 0x80;
    if (forged) datagram.back() ^= 1;

    if (!model.pieces.empty() && now_ms >= started_ms + limits.timeout_ms) model = {};
    const auto found = find_encrypted(datagram);
    require(bool(found));
    const auto outcome = reassembly.add(used.keys, *used.cipher, *found, now_ms);
    if (total < model.total) {
      require(outcome && *outcome == FragmentOutcome::kOutdated);
      continue;
    }
    if (total == model.total && model.pieces.contains(number)) {
      require(outcome && *outcome == FragmentOutcome::kDuplicate);
      continue;
    }
    if (forged) {
      require(!outcome);
      continue;
    }
    if (model.pieces.empty()) started_ms = now_ms;
    if (total > model.total) {
      model.pieces.clear();
      model.total = total;
    }
    model.pieces[number] = inner;
    Bytes whole;
    for (const auto& [key, piece] : model.pieces) whole.insert(whole.end(), piece.begin(), piece.end());
    const size_t held = whole.size() + (model.pieces.contains(1) ? kIkeHeaderBytes : 0);
    if (held > limits.octets) {
      require(!outcome && reassembly.empty());
      model = {};
      continue;
    }
    require(bool(outcome));
    require(reassembly.memory_bytes() >= held && reassembly.memory_bytes() <= held + 32 * 512);
    require((*outcome == FragmentOutcome::kComplete) == (model.pieces.size() == total));
    if (model.pieces.size() == total) {
      const auto taken = reassembly.take();
      require(bool(taken));
      require(Bytes(taken->inner().begin(), taken->inner().end()) == whole);
      require(taken->first_payload() == PayloadType::kNotify && reassembly.empty());
      model = {};
    }
  }
  return 0;
}
