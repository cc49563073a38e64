// SPDX-License-Identifier: Apache-2.0
// Exchanges over a link that loses, duplicates and reorders: all end established or cleanly failed, on both
// sides, and leave nothing behind. MLKEM_TEST_EXCHANGES sets how many, MLKEM_TEST_SEED the first seed.
#include <cstdio>
#include <cstdlib>
#include <set>

#include "tests/live_memory.hpp"
#include "tests/pair.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

constexpr size_t kExchangesOfAPair = 250, kAtOnce = 25;

size_t from_environment(const char* name, size_t otherwise) {
  const char* value = std::getenv(name);
  return value ? std::strtoull(value, nullptr, 10) : otherwise;
}

// Options of one pair, drawn from its seed.
PairOptions lossy_pair(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto pick = [&](auto... choices) {
    const std::common_type_t<decltype(choices)...> all[] = {choices...};
    return all[random() % sizeof...(choices)];
  };
  const std::string ike =
      std::string(pick("aes256gcm16", "chacha20poly1305", "aes128-sha256", "aes256ctr-sha512")) +
      "-prfsha256-x25519-" +
      pick("ke1_mlkem768", "ke1_mlkem512", "ke1_mlkem1024-ke2_mlkem512", "ke3_mlkem768-ke1_ecp256");
  PairOptions options;
  options.seed = seed;
  options.initiator = policy_of("a.example", ike);
  options.responder = policy_of("b.example", ike);
  for (Policy* policy : {&options.initiator, &options.responder}) {
    policy->fragmentation = pick(FragmentationPolicy::kOn, FragmentationPolicy::kOn,
                                 FragmentationPolicy::kForce, FragmentationPolicy::kOff);
    policy->datagram_bytes = pick(size_t(576), size_t(1280), size_t(1280));
    // What the peer has given up goes, too.
    policy->timing.liveness_ms = 30'000;
  }
  options.initiator.first_child = pick(FirstChild::kChildless, FirstChild::kWanted);
  options.link = {
      20, pick(uint64_t(0), uint64_t(30), uint64_t(2'000)), 20, pick(0u, 10u, 50u), 65535, pick(false, true)};
  options.responder_options.cookie_threshold = pick(size_t(0), size_t(10), size_t(1'000));
  options.responder_options.defer_key_exchanges = pick(false, true);
  options.jobs_at_once = pick(size_t(1), size_t(8));
  return options;
}

struct Outcome {
  size_t established = 0, failed = 0, retransmissions = 0;
};

// What one session has heard, and whether it makes sense.
void check(Pair& pair, size_t number, const std::set<Spi>& responders, Outcome& outcome) {
  const auto* established = pair.heard<Established>(number);
  const auto* failed = pair.heard<Failed>(number);
  ASSERT_TRUE((established == nullptr) != (failed == nullptr));
  const SessionReport report = pair.session(number).report();
  EXPECT_EQ(report.phase, Phase::kClosed);
  outcome.retransmissions += report.retransmissions;
  if (!established) {
    EXPECT_EQ(failed->end.cause, EndCause::kTimeout) << failed->end.message;
    ++outcome.failed;
    return;
  }
  ++outcome.established;
  EXPECT_NE(pair.heard<Closed>(number), nullptr);
  EXPECT_TRUE(responders.contains(report.spi_i));
  EXPECT_EQ(pair.initiator_keys.sas[report.spi_i], pair.responder_keys.sas[report.spi_i]);
}

// So many sessions at once, until both sides have forgotten them.
void run_wave(Pair& pair, size_t count, Outcome& outcome) {
  std::vector<size_t> numbers;
  for (size_t i = 0; i < count; ++i) numbers.push_back(pair.connect());
  pair.run_for(60'000);
  for (size_t number : numbers)
    if (number % 2 == 0) pair.close(number);
  const auto ids = [&] {
    std::set<SaId> all;
    for (const SaEvent& event : pair.responder_events()) all.insert(event.sa);
    return all;
  }();
  for (SaId id : ids)
    if (id % 3 == 0) (void)pair.responder().close(id, pair.now_ms());
  pair.run_for(60'000);
  for (size_t number : numbers) pair.close(number);
  EXPECT_TRUE(pair.run());
  std::set<Spi> responders;
  for (const SaEvent& event : pair.responder_events())
    if (const auto* established = std::get_if<Established>(&event.event))
      responders.insert(established->spi_i);
  for (size_t number : numbers) {
    SCOPED_TRACE("session " + std::to_string(number));
    check(pair, number, responders, outcome);
    pair.forget(number);
  }
  const ResponderCounts counts = pair.responder().counts();
  EXPECT_EQ(counts.half_open + counts.established + counts.lingering, 0u);
  pair.responder_events().clear();
  pair.initiator_keys.sas.clear();
  pair.responder_keys.sas.clear();
}

TEST(LossySessions, EndEstablishedOrCleanlyFailed) {
  const size_t exchanges = from_environment("MLKEM_TEST_EXCHANGES", 10'000);
  const size_t first_seed = from_environment("MLKEM_TEST_SEED", 1);
  Outcome outcome;
  for (size_t done = 0, seed = first_seed; done < exchanges; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const int64_t before = live_allocations();
    {
      Pair pair(lossy_pair(seed));
      int64_t after_first_wave = 0;
      for (size_t i = 0; i < kExchangesOfAPair && done < exchanges; i += kAtOnce, done += kAtOnce) {
        run_wave(pair, kAtOnce, outcome);
        if (i == 0)
          after_first_wave = live_allocations();
        else
          EXPECT_LE(live_allocations(), after_first_wave + 8);
        if (HasFailure()) {
          std::printf("stopped at seed %zu\n", seed);
          return;
        }
      }
    }
    EXPECT_EQ(live_allocations(), before);
  }
  std::printf("seeds from %zu: %zu established, %zu failed, %zu retransmissions\n", first_seed,
              outcome.established, outcome.failed, outcome.retransmissions);
  EXPECT_GT(outcome.established, exchanges * 7 / 10);
  EXPECT_GT(outcome.retransmissions, exchanges);
}

}  // namespace
}  // namespace mlkem::test
