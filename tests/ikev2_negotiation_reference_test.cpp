// SPDX-License-Identifier: Apache-2.0
// The negotiation of key exchanges, exhaustively over small universes, against a slow reference.
#include <algorithm>
#include <random>

#include "tests/ikev2_negotiation_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

// The alternatives of KE, ADDKE1 and ADDKE2, empty for a type that is not there.
using Exchanges = std::vector<std::vector<uint16_t>>;

Proposal with_exchanges(NegotiationPlace place, const Exchanges& exchanges) {
  Proposal proposal = proposals(is_esp(place) ? "aes256gcm16" : "aes256gcm16-prfsha384-x25519", place)[0];
  std::erase(proposal.transforms, Transform{TransformType::kKe, kA});
  for (unsigned i = 0; i < exchanges.size(); ++i)
    for (const uint16_t id : exchanges[i])
      proposal.transforms.push_back({i == 0 ? TransformType::kKe : additional_key_exchange(i), id});
  return proposal;
}

// Every selection, in the order of `own`, until one keeps the rules: the definition, by brute force.
std::optional<std::vector<uint16_t>> slow_choice(const Exchanges& own, const Exchanges& offer, bool ike,
                                                 bool require_ml_kem, std::vector<uint16_t> chosen = {}) {
  const size_t at = chosen.size();
  if (at == own.size()) {
    const auto ml_kem = [](uint16_t id) { return is_ml_kem(KeMethod(id)); };
    if (require_ml_kem && !std::any_of(chosen.begin(), chosen.end(), ml_kem)) return std::nullopt;
    return chosen;
  }
  const std::vector<uint16_t> only_none = {kNone};
  const auto& mine = own[at].empty() ? only_none : own[at];
  const auto& theirs = offer[at].empty() ? only_none : offer[at];
  for (const uint16_t id : mine) {
    if (std::count(theirs.begin(), theirs.end(), id) == 0) continue;
    if (id == kNone && at == 0 && ike) continue;
    if (id != kNone && at > 0 && chosen[0] == kNone) continue;
    if (id != kNone && std::count(chosen.begin(), chosen.end(), id) != 0) continue;
    auto longer = chosen;
    longer.push_back(id);
    if (auto found = slow_choice(own, offer, ike, require_ml_kem, longer)) return found;
  }
  return std::nullopt;
}

std::string listed(const std::optional<std::vector<uint16_t>>& chosen) {
  std::string text;
  if (!chosen) return "none";
  for (const uint16_t id : *chosen) text += std::to_string(id) + " ";
  return text;
}

std::optional<std::vector<uint16_t>> exchanges_of(const Result<Agreement>& agreement, size_t types) {
  if (!agreement) return std::nullopt;
  std::vector<uint16_t> chosen(types, kNone);
  for (const Transform& transform : agreement->transforms()) {
    if (transform.type == TransformType::kKe) chosen[0] = transform.id;
    if (is_additional_key_exchange(transform.type))
      chosen.at(unsigned(transform.type) - unsigned(TransformType::kAddke1) + 1u) = transform.id;
  }
  return chosen;
}

// All orders of all subsets.
std::vector<std::vector<uint16_t>> arrangements(std::vector<uint16_t> of) {
  std::vector<std::vector<uint16_t>> all = {{}};
  for (size_t i = 0; i < all.size(); ++i)
    for (const uint16_t id : of)
      if (std::count(all[i].begin(), all[i].end(), id) == 0) {
        auto longer = all[i];
        longer.push_back(id);
        all.push_back(longer);
      }
  return all;
}

std::vector<std::vector<uint16_t>> subsets(std::vector<uint16_t> of) {
  auto all = arrangements(std::move(of));
  std::erase_if(all, [](const auto& one) { return !std::is_sorted(one.begin(), one.end()); });
  return all;
}

// Both sides over all own and all offered exchanges: the same choice as the reference, and an answer that the
// initiator takes for what it is.
unsigned compare_all(NegotiationPlace place, const std::vector<Exchanges>& own_universe,
                     const std::vector<Exchanges>& offer_universe) {
  unsigned agreed = 0;
  std::vector<std::vector<Proposal>> offers;
  std::vector<Sa> encoded;
  for (const Exchanges& offer : offer_universe) {
    offers.push_back({with_exchanges(place, offer)});
    encoded.emplace_back(offers.back(), spi_for(place));
  }
  for (const Exchanges& own_exchanges : own_universe) {
    const std::vector<Proposal> own = {with_exchanges(place, own_exchanges)};
    for (size_t i = 0; i < offer_universe.size(); ++i) {
      for (const bool require_ml_kem : {false, true}) {
        const auto agreement = choose_proposal(encoded[i].view(), terms(own, place, require_ml_kem));
        const auto expected = slow_choice(own_exchanges, offer_universe[i], !is_esp(place), require_ml_kem);
        if (listed(exchanges_of(agreement, own_exchanges.size())) != listed(expected)) {
          ADD_FAILURE() << to_string(own[0]) << " and " << to_string(offers[i][0]) << ": "
                        << describe(agreement) << " instead of " << listed(expected);
          return 0;
        }
        if (!agreement) continue;
        ++agreed;
        const Sa answer(
            [&](PayloadWriter& out) { EXPECT_TRUE(write_answer(out, *agreement, spi_for(place))); });
        const auto checked = check_answer(answer.view(), terms(offers[i], place, require_ml_kem));
        if (!checked || describe(checked) != describe(agreement)) {
          ADD_FAILURE() << describe(agreement) << " is answered, " << describe(checked) << " understood";
          return 0;
        }
      }
    }
  }
  return agreed;
}

std::vector<Exchanges> product(const std::vector<std::vector<std::vector<uint16_t>>>& factors) {
  std::vector<Exchanges> all = {{}};
  for (const auto& factor : factors) {
    std::vector<Exchanges> longer;
    for (const Exchanges& one : all)
      for (const auto& next : factor) {
        longer.push_back(one);
        longer.back().push_back(next);
      }
    all = std::move(longer);
  }
  return all;
}

TEST(Negotiation, IkeExchangesAsTheReference) {
  const auto ordered = arrangements({kA, kB, kNone}), unordered = subsets({kA, kB, kNone});
  const unsigned agreed =
      compare_all(NegotiationPlace::kIkeSaInit, product({{{kA}, {kB}, {kA, kB}, {kB, kA}}, ordered, ordered}),
                  product({{{kA}, {kB}, {kA, kB}}, unordered, unordered}));
  EXPECT_GT(agreed, 10000u);
  std::printf("%u agreements over all offers of two methods and NONE in three types\n", agreed);
}

TEST(Negotiation, ChildExchangesAsTheReference) {
  const auto ordered = arrangements({kA, kB, kNone}), unordered = subsets({kA, kB, kNone});
  const unsigned agreed =
      compare_all(NegotiationPlace::kChildSa, product({ordered, ordered}), product({unordered, unordered}));
  EXPECT_GT(agreed, 1000u);
}

TEST(Negotiation, EightTypesAsTheReference) {
  std::mt19937_64 random(9370);
  const uint16_t ids[] = {31, 35, 36, 37, 19, 20, 21, 32, 14, 15};
  unsigned agreed = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto some = [&](bool none) {
      Exchanges exchanges(1 + kMaxAdditionalKeyExchanges);
      const size_t methods = 2 + random() % std::size(ids);
      for (size_t i = 0; i < exchanges.size(); ++i) {
        if (i > 0 && random() % 8 == 0) continue;
        for (size_t j = 0; j <= random() % 4; ++j) {
          const uint16_t id = ids[random() % std::min(methods, std::size(ids))];
          if (std::count(exchanges[i].begin(), exchanges[i].end(), id) == 0) exchanges[i].push_back(id);
        }
        if (none && i > 0 && random() % 2 == 0) exchanges[i].push_back(kNone);
      }
      return exchanges;
    };
    const bool none = round % 4 != 0;
    const Exchanges own = some(none), offer = round % 2 ? own : some(none);
    agreed += compare_all(NegotiationPlace::kIkeRekey, {own}, {offer});
    if (HasFailure()) return;
  }
  EXPECT_GT(agreed, 500u);
}

// The last two types leave one method to both: a plain search would find that out for every choice before.
TEST(Negotiation, HostileOffersEnd) {
  Exchanges all(1 + kMaxAdditionalKeyExchanges);
  for (auto& exchange : all)
    for (const KeMethod method : kAllMethods) exchange.push_back(uint16_t(method));
  Exchanges few = all;
  few[6] = few[7] = {kA};
  const std::vector<Proposal> own = {with_exchanges(NegotiationPlace::kIkeRekey, all)},
                              offer = {with_exchanges(NegotiationPlace::kIkeRekey, few)};
  const Sa sa(offer, kIkeSpi);
  EXPECT_EQ(describe(choose_proposal(sa.view(), terms(own, NegotiationPlace::kIkeRekey))),
            "NO_PROPOSAL_CHOSEN");
}

// Every selection of a transform or none for each type, against what the offer allows.
TEST(Answer, ExchangesAsTheReference) {
  const auto unordered = subsets({kA, kB, kNone});
  const auto singles = std::vector<std::vector<uint16_t>>{{}, {kA}, {kB}, {kNone}};
  unsigned accepted = 0;
  for (const Exchanges& offered : product({{{kA}, {kB}, {kA, kB}}, unordered, unordered})) {
    const std::vector<Proposal> offer = {with_exchanges(NegotiationPlace::kIkeSaInit, offered)};
    for (const Exchanges& answer : product({singles, singles, singles})) {
      const std::vector<Proposal> one = {with_exchanges(NegotiationPlace::kIkeSaInit, answer)};
      const Sa sa(one, {});
      bool expected = true;
      std::vector<uint16_t> methods;
      for (size_t i = 0; i < answer.size(); ++i) {
        const uint16_t id = answer[i].empty() ? kNone : answer[i][0];
        const bool listed = std::count(offered[i].begin(), offered[i].end(), id) != 0;
        expected &= listed || (answer[i].empty() && offered[i].empty());
        if (id == kNone) continue;
        expected &= std::count(methods.begin(), methods.end(), id) == 0;
        methods.push_back(id);
      }
      for (const bool require : {false, true})
        for (const bool notify : {false, true}) {
          const bool additional = answer[1].size() + answer[2].size() != 0 &&
                                  methods.size() > (answer[0].empty() || answer[0][0] == kNone ? 0u : 1u);
          const bool allowed = expected && (!require || std::count(methods.begin(), methods.end(), kB)) &&
                               (notify || !additional);
          const auto checked =
              check_answer(sa.view(), terms(offer, NegotiationPlace::kIkeSaInit, require, notify));
          ASSERT_EQ(bool(checked), allowed) << to_string(offer[0]) << " answered " << to_string(one[0]);
          accepted += allowed;
        }
    }
  }
  EXPECT_GT(accepted, 500u);
}

}  // namespace
}  // namespace mlkem::test
