// SPDX-License-Identifier: Apache-2.0
// Every protected message of the recorded exchanges: it opens with the keys of its generation, comes out the
// same octet for octet when it is sealed again, no changed octet passes, and IntAuth follows from the
// messages themselves.
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/ikev2_protect_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;
using Json = nlohmann::json;

struct RecordedMessage {
  Bytes octets;
  std::string what;
};

class RecordedExchange {
 public:
  explicit RecordedExchange(const std::filesystem::path& file) : name(file.stem().string()) {
    std::string reason;
    const auto text = read_vector_file(file, &reason);
    EXPECT_TRUE(text) << reason;
    json = Json::parse(text.value_or("{}"));
    for (const Json& message : json.at("messages")) {
      Bytes octets = unhex(message.at("hex").get<std::string>());
      if (find_encrypted(octets)) protected_messages.push_back({std::move(octets), message.at("what")});
    }
    const Json& encr = json.at("ike").at(0).at("encr");
    const Json& integ = json.at("ike").at(0).at("integ");
    algorithms = {PrfId(json.at("ike").at(0).at("prf").get<uint16_t>()),
                  {EncrId(encr.at(0).get<uint16_t>()), encr.at(1).get<uint16_t>()},
                  integ.is_null() ? IntegId::kNone : IntegId(integ.get<uint16_t>())};
    cipher = cipher_for(algorithms);
  }

  // IKE_INTERMEDIATE exchange n, which has message id n, is under generation n - 1, all else under the last
  // one.
  const Json& generation_of(const Bytes& message) const {
    const std::string start = hex(message);
    const Json* found = nullptr;
    unsigned generation = 0;
    for (const Json& keys : json.at("ike")) {
      const std::string spis = keys.at("spii").get<std::string>() + keys.at("spir").get<std::string>();
      if (!start.starts_with(spis)) continue;
      if (message[18] == uint8_t(ExchangeType::kIkeIntermediate) && generation++ >= message[23]) continue;
      found = &keys;
    }
    EXPECT_NE(found, nullptr);
    return *found;
  }

  static bool from_initiator(const Bytes& message) { return (message[19] & 0x08) != 0; }

  ProtectionKeys keys_of(const Bytes& message) const {
    const Json& generation = generation_of(message);
    const bool initiator = from_initiator(message);
    return *ProtectionKeys::make(algorithms,
                                 unhex(generation.at(initiator ? "sk_ei" : "sk_er").get<std::string>()),
                                 unhex(generation.at(initiator ? "sk_ai" : "sk_ar").get<std::string>()));
  }

  std::string name;
  Json json;
  SaAlgorithms algorithms{};
  std::unique_ptr<MessageCipher> cipher;
  std::vector<RecordedMessage> protected_messages;
};

std::vector<RecordedExchange> recorded_exchanges() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(MLKEM_TEST_RECORDINGS))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<RecordedExchange> exchanges;
  for (const auto& file : files) exchanges.emplace_back(file);
  return exchanges;
}

TEST(RecordedMessages, OpenAndSealToTheSameOctets) {
  size_t whole = 0, fragments = 0;
  for (RecordedExchange& exchange : recorded_exchanges())
    for (const RecordedMessage& message : exchange.protected_messages) {
      SCOPED_TRACE(exchange.name + ": " + message.what);
      const ProtectionKeys keys = exchange.keys_of(message.octets);
      const auto found = find_encrypted(message.octets);
      ASSERT_TRUE(found);
      const auto opened = open_encrypted(keys, *exchange.cipher, *found);
      ASSERT_TRUE(opened) << opened.error().message;
      const bool fragment = found->type == PayloadType::kSkf;
      ++(fragment ? fragments : whole);
      Bytes sealed(message.octets.size());
      const auto written = seal_recorded(
          keys, *exchange.cipher, opened->plain(), opened->details(),
          fragment ? std::optional(FragmentPosition{found->fragment, found->fragments}) : std::nullopt,
          sealed);
      ASSERT_TRUE(written) << written.error().message;
      EXPECT_EQ(sealed, message.octets);
    }
  std::printf("%zu whole messages, %zu fragments\n", whole, fragments);
  EXPECT_EQ(whole, 212u);
  EXPECT_EQ(fragments, 88u);
}

TEST(RecordedMessages, NoChangedOctetPasses) {
  size_t changed = 0;
  for (RecordedExchange& exchange : recorded_exchanges()) {
    std::map<std::pair<uint8_t, uint8_t>, unsigned> seen;
    for (RecordedMessage message : exchange.protected_messages) {
      // One message of each exchange type, whole and fragment.
      if (seen[{message.octets[18], message.octets[16]}]++) continue;
      SCOPED_TRACE(exchange.name + ": " + message.what);
      const ProtectionKeys keys = exchange.keys_of(message.octets);
      for (size_t i = 0; i < message.octets.size(); ++i, ++changed) {
        message.octets[i] ^= 0x10;
        const auto found = find_encrypted(message.octets);
        EXPECT_FALSE(found && open_encrypted(keys, *exchange.cipher, *found)) << "octet " << i;
        message.octets[i] ^= 0x10;
      }
    }
  }
  std::printf("%zu changed octets\n", changed);
  EXPECT_GT(changed, 10'000u);
}

TEST(RecordedMessages, GiveIntAuth) {
  size_t values = 0;
  const auto crypto = new_crypto();
  for (RecordedExchange& exchange : recorded_exchanges()) {
    SCOPED_TRACE(exchange.name);
    const auto prf = *crypto->make_prf(exchange.algorithms.prf);
    std::map<bool, std::vector<std::string>> computed, recorded;
    std::map<bool, IntAuth> chains;
    std::map<bool, Reassembly> reassemblies;
    for (const RecordedMessage& message : exchange.protected_messages) {
      if (message.octets[18] != uint8_t(ExchangeType::kIkeIntermediate)) continue;
      const bool initiator = RecordedExchange::from_initiator(message.octets);
      const ProtectionKeys keys = exchange.keys_of(message.octets);
      const auto found = find_encrypted(message.octets);
      ASSERT_TRUE(found);
      Result<OpenedMessage> opened = misuse("not there yet");
      if (found->type == PayloadType::kSk) {
        opened = open_encrypted(keys, *exchange.cipher, *found);
      } else {
        const auto outcome = reassemblies[initiator].add(keys, *exchange.cipher, *found, 0);
        ASSERT_TRUE(outcome) << outcome.error().message;
        if (*outcome != FragmentOutcome::kComplete) continue;
        opened = reassemblies[initiator].take();
      }
      ASSERT_TRUE(opened);
      const Bytes sk_p =
          unhex(exchange.generation_of(message.octets).at(initiator ? "sk_pi" : "sk_pr").get<std::string>());
      ASSERT_TRUE(chains[initiator].add(*prf, sk_p, opened->plain()));
      computed[initiator].push_back(hex(chains[initiator].value()));
    }
    for (const Json& entry : exchange.json.at("intauth")) {
      recorded[entry.at("who") == "i"].push_back(entry.at("out"));
      ++values;
    }
    EXPECT_EQ(computed, recorded);
  }
  std::printf("%zu values of IntAuth\n", values);
  EXPECT_EQ(values, 30u);
}

}  // namespace
}  // namespace mlkem::test
