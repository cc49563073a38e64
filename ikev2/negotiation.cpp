// SPDX-License-Identifier: Apache-2.0
// The responder's choice and the initiator's check (RFC 7296 sections 2.7 and 3.3, RFC 9370 section 2.2.1).
#include "mlkem-ike/ikev2/negotiation.hpp"

#include <algorithm>
#include <bitset>

namespace mlkem::ikev2 {
namespace {

Error none_chosen(const char* message) {
  return peer_fault(NotifyType::kNoProposalChosen, message);
}

bool is_ike(NegotiationPlace place) {
  return place == NegotiationPlace::kIkeSaInit || place == NegotiationPlace::kIkeRekey;
}

bool is_ignored(TransformType type, NegotiationPlace place) {
  return place == NegotiationPlace::kIkeAuth && is_key_exchange(type);
}

bool belongs(TransformType type, NegotiationPlace place) {
  if (type == TransformType::kPrf) return is_ike(place);
  if (type == TransformType::kEsn) return !is_ike(place);
  return type == TransformType::kEncr || type == TransformType::kInteg || is_key_exchange(type);
}

// RFC 7296, section 3.3.1: no SPI in IKE_SA_INIT, the new SA's 8 octets in a rekey. Zero is no SPI.
bool spi_fits(Octets spi, NegotiationPlace place) {
  if (place == NegotiationPlace::kIkeSaInit) return spi.empty();
  const size_t expected = place == NegotiationPlace::kIkeRekey ? 8 : 4;
  return spi.size() == expected && std::any_of(spi.begin(), spi.end(), [](uint8_t octet) { return octet; });
}

// The transforms of one proposal that this library knows, and which types it has at all.
class Offered {
 public:
  // Nothing if the proposal is to be skipped as a whole.
  static std::optional<Offered> read(const ProposalView& view, const NegotiationTerms& terms) {
    const ProtocolId protocol = is_ike(terms.place) ? ProtocolId::kIke : ProtocolId::kEsp;
    if (view.protocol != protocol || !spi_fits(view.spi, terms.place)) return std::nullopt;
    Offered offered;
    for (const TransformView& transform : view.transforms) {
      if (is_ignored(transform.type, terms.place)) continue;
      if (!belongs(transform.type, terms.place)) return std::nullopt;
      offered.types_ |= bit(transform.type);
      ++offered.transforms_;
      if (transform.type == TransformType::kInteg) ++offered.integ_transforms_;
      if (const auto known = known_transform(transform, terms.numbering))
        offered.known_[offered.known_count_++] = *known;
    }
    return offered.is_sound(terms) ? std::optional(offered) : std::nullopt;
  }

  [[nodiscard]] bool has(TransformType type) const { return (types_ & bit(type)) != 0; }
  [[nodiscard]] bool has(const Transform& transform) const {
    return std::find(known().begin(), known().end(), transform) != known().end();
  }
  [[nodiscard]] std::span<const Transform> known() const { return std::span(known_).first(known_count_); }
  [[nodiscard]] bool all_known() const { return known_count_ == transforms_; }
  [[nodiscard]] bool has_additional() const { return types_ >> unsigned(TransformType::kAddke1) != 0; }

 private:
  static unsigned bit(TransformType type) { return 1u << unsigned(type); }

  // AEAD and other ciphers never share a proposal, and an AEAD tolerates a single NONE as INTEG (RFC 7296,
  // section 3.3).
  [[nodiscard]] bool is_sound(const NegotiationTerms& terms) const {
    const auto is_encr = [](const Transform& transform) { return transform.type == TransformType::kEncr; };
    const auto aead = [&](const Transform& transform) {
      return is_encr(transform) && is_aead(EncrId(transform.id));
    };
    const auto other = [&](const Transform& transform) {
      return is_encr(transform) && !is_aead(EncrId(transform.id));
    };
    if (std::any_of(known().begin(), known().end(), aead)) {
      if (std::any_of(known().begin(), known().end(), other)) return false;
      const Transform none{TransformType::kInteg, uint16_t(IntegId::kNone)};
      if (integ_transforms_ > 1 || (integ_transforms_ == 1 && !has(none))) return false;
    }
    return !(terms.place == NegotiationPlace::kIkeSaInit && !terms.peer_has_intermediate && has_additional());
  }

  std::array<Transform, kMaxTransforms> known_;
  size_t known_count_ = 0, transforms_ = 0, integ_transforms_ = 0;
  unsigned types_ = 0;
};

// One method, or NONE, for each type of key exchange: the first combination, in the order of preference of
// type 4, then 6, 7 ..., without a method twice. Which methods are used up to a type is all that the rest
// depends on, so every such state is looked into once: a hostile offer can't make the search long.
class KeyExchangeSearch {
 public:
  static constexpr size_t kMaxSlots = 1 + kMaxAdditionalKeyExchanges;

  explicit KeyExchangeSearch(bool require_ml_kem) : require_ml_kem_(require_ml_kem) {}

  // Additional key exchanges need a first one.
  void forbid_methods() { used_[0] |= kNoFirst; }
  void add_slot(TransformType type) { slots_[slot_count_++].type = type; }
  // To the newest slot; a method that is there already is ignored.
  void add_candidate(uint16_t id) {
    Slot& slot = slots_[slot_count_ - 1];
    const auto end = slot.ids.begin() + slot.count;
    if (slot.count < slot.ids.size() && std::find(slot.ids.begin(), end, id) == end)
      slot.ids[slot.count++] = id;
  }

  bool run() {
    for (size_t depth = 0;;) {
      if (depth == slot_count_ ? is_accepted(used_[depth]) : descend(depth)) {
        if (depth++ == slot_count_) return true;
        continue;
      }
      if (depth-- == 0) return false;
    }
  }

  [[nodiscard]] size_t size() const { return slot_count_; }
  [[nodiscard]] Transform chosen(size_t slot) const {
    return {slots_[slot].type, slots_[slot].ids[slots_[slot].next - 1u]};
  }

 private:
  static constexpr unsigned kMethodBits = kKeMethodCount;
  static constexpr unsigned kNoFirst = 1u << kMethodBits;
  static constexpr unsigned kStates = 2 * kNoFirst;

  struct Slot {
    TransformType type;
    std::array<uint16_t, kMethodBits + 1> ids;  // and NONE
    uint8_t count = 0, next = 0;
  };

  unsigned method_bit(uint16_t id) {
    const auto end = methods_.begin() + method_count_;
    const auto found = std::find(methods_.begin(), end, id);
    if (found == end) methods_[method_count_++] = id;
    return 1u << (found - methods_.begin());
  }

  // Takes the slot's next alternative that goes together with the ones before.
  bool descend(size_t depth) {
    Slot& slot = slots_[depth];
    const unsigned used = used_[depth];
    while (slot.next < slot.count) {
      const uint16_t id = slot.ids[slot.next++];
      const unsigned bit = id == kKeNone ? 0 : method_bit(id);
      if (bit != 0 && (used & (bit | kNoFirst)) != 0) continue;
      const unsigned no_first = id == kKeNone && slot.type == TransformType::kKe ? kNoFirst : 0;
      const unsigned next_used = used | bit | no_first;
      if (dead_[(depth + 1) * kStates + next_used]) continue;
      used_[depth + 1] = next_used;
      if (depth + 1 < slot_count_) slots_[depth + 1].next = 0;
      return true;
    }
    dead_.set(depth * kStates + used);
    return false;
  }

  [[nodiscard]] bool is_accepted(unsigned used) const {
    if (!require_ml_kem_) return true;
    for (size_t i = 0; i < method_count_; ++i)
      if ((used >> i & 1) != 0 && is_ml_kem(KeMethod(methods_[i]))) return true;
    return false;
  }

  std::array<Slot, kMaxSlots> slots_{};
  std::array<unsigned, kMaxSlots + 1> used_{};
  std::array<uint16_t, kMethodBits> methods_{};
  std::bitset<(kMaxSlots + 1) * kStates> dead_;
  size_t slot_count_ = 0, method_count_ = 0;
  bool require_ml_kem_;
};

std::optional<Transform> first_common(const Proposal& own, const Offered& offered, TransformType type) {
  for (const Transform& transform : own.transforms)
    if (transform.type == type && offered.has(transform)) return transform;
  return std::nullopt;
}

// The types of key exchange that either side has, with what both take. A side without a type takes NONE.
void fill_slot(KeyExchangeSearch& search, const Proposal& own, const Offered& offered, TransformType type,
               bool none_allowed) {
  const auto add_if_offered = [&](uint16_t id) {
    const bool taken = offered.has(type) ? offered.has(Transform{type, id}) : id == kKeNone;
    if (taken && (id != kKeNone || none_allowed)) search.add_candidate(id);
  };
  search.add_slot(type);
  if (!own.has(type)) add_if_offered(kKeNone);
  for (const Transform& transform : own.transforms)
    if (transform.type == type) add_if_offered(transform.id);
}

}  // namespace

// Puts agreements together.
class Negotiation {
 public:
  // Own proposal and offered one, if they go together.
  static std::optional<Agreement> match(const Proposal& own, const ProposalView& view, const Offered& offered,
                                        const NegotiationTerms& terms) {
    Agreement agreement = start(view);
    const auto encr = first_common(own, offered, TransformType::kEncr);
    if (!encr) return std::nullopt;
    agreement.add(*encr);
    if (is_ike(terms.place)) {
      const auto prf = first_common(own, offered, TransformType::kPrf);
      if (!prf) return std::nullopt;
      agreement.add(*prf);
    }
    if (!is_aead(EncrId(encr->id))) {
      const auto integ = first_common(own, offered, TransformType::kInteg);
      if (!integ || integ->id == uint16_t(IntegId::kNone)) return std::nullopt;
      agreement.add(*integ);
    } else if (offered.has(TransformType::kInteg)) {
      agreement.add({TransformType::kInteg, uint16_t(IntegId::kNone)});
    }
    if (!add_key_exchanges(agreement, own, offered, terms)) return std::nullopt;
    if (!is_ike(terms.place)) {
      const auto esn = first_common(own, offered, TransformType::kEsn);
      if (!esn) return std::nullopt;
      agreement.add(*esn);
    }
    return agreement;
  }

  static Agreement start(const ProposalView& view) {
    Agreement agreement;
    agreement.number = view.number;
    agreement.protocol = view.protocol;
    std::copy(view.spi.begin(), view.spi.end(), agreement.spi_.begin());
    agreement.spi_bytes_ = uint8_t(view.spi.size());
    return agreement;
  }

  static void add(Agreement& agreement, const Transform& transform) { agreement.add(transform); }

 private:
  static bool add_key_exchanges(Agreement& agreement, const Proposal& own, const Offered& offered,
                                const NegotiationTerms& terms) {
    if (terms.place == NegotiationPlace::kIkeAuth) return true;
    KeyExchangeSearch search(terms.require_ml_kem);
    if (is_ike(terms.place) || own.has(TransformType::kKe) || offered.has(TransformType::kKe))
      fill_slot(search, own, offered, TransformType::kKe, !is_ike(terms.place));
    else
      search.forbid_methods();
    for (unsigned i = 1; i <= kMaxAdditionalKeyExchanges; ++i) {
      const TransformType type = additional_key_exchange(i);
      if (own.has(type) || offered.has(type)) fill_slot(search, own, offered, type, true);
    }
    if (!search.run()) return false;
    for (size_t i = 0; i < search.size(); ++i)
      if (offered.has(search.chosen(i).type)) agreement.add(search.chosen(i));
    return true;
  }
};

void Agreement::add(Transform transform) noexcept {
  transforms_[transform_count_++] = transform;
  switch (transform.type) {
    case TransformType::kEncr:
      encryption = {EncrId(transform.id), transform.key_bits};
      break;
    case TransformType::kPrf:
      prf = PrfId(transform.id);
      break;
    case TransformType::kInteg:
      integrity = IntegId(transform.id);
      break;
    case TransformType::kEsn:
      esn = EsnId(transform.id) == EsnId::kYes;
      break;
    case TransformType::kKe:
      if (transform.id != kKeNone) key_exchange = KeMethod(transform.id);
      break;
    default:
      if (transform.id != kKeNone) additional_[additional_count_++] = KeMethod(transform.id);
      break;
  }
}

bool Agreement::has_ml_kem() const noexcept {
  return (key_exchange && is_ml_kem(*key_exchange)) ||
         std::any_of(additional().begin(), additional().end(), is_ml_kem);
}

Result<Agreement> choose_proposal(const SaPayload& offer, const NegotiationTerms& terms) noexcept {
  size_t number = 0;
  for (const ProposalView& view : offer)
    if (view.number != ++number)
      return peer_fault(NotifyType::kInvalidSyntax, "proposals are not numbered from 1");
  for (const Proposal& own : terms.proposals) {
    for (const ProposalView& view : offer) {
      const auto offered = Offered::read(view, terms);
      if (!offered) continue;
      if (auto agreement = Negotiation::match(own, view, *offered, terms)) return *agreement;
    }
  }
  return none_chosen("no proposal of the offer is acceptable");
}

Result<void> write_answer(PayloadWriter& out, const Agreement& agreement, Octets own_spi,
                          MlKemNumbering numbering) noexcept {
  for (const Transform& transform : agreement.transforms())
    if (!wire_id(transform, numbering)) return misuse("a key exchange method has no number");
  out.begin_sa();
  out.begin_proposal(agreement.number, agreement.protocol, own_spi);
  for (const Transform& transform : agreement.transforms())
    out.add_transform(transform.type, *wire_id(transform, numbering), transform.key_bits);
  out.end_sa();
  return {};
}

Result<Agreement> check_answer(const SaPayload& answer, const NegotiationTerms& terms) noexcept {
  if (answer.size() != 1) return none_chosen("the answer has more than one proposal");
  const ProposalView view = *answer.begin();
  if (view.number == 0 || view.number > terms.proposals.size())
    return none_chosen("the answer's proposal was not offered");
  const Proposal& own = terms.proposals[view.number - 1u];
  // The one reason to skip a proposal that deserves words of its own is looked at below.
  NegotiationTerms lenient = terms;
  lenient.peer_has_intermediate = true;
  const auto offered = Offered::read(view, lenient);
  if (!offered || !offered->all_known()) return none_chosen("the answer has something that was not offered");

  Agreement agreement = Negotiation::start(view);
  const Transform no_integ{TransformType::kInteg, uint16_t(IntegId::kNone)};
  unsigned seen = 0;
  for (const Transform& transform : offered->known()) {
    const unsigned bit = 1u << unsigned(transform.type);
    if ((seen & bit) != 0) return none_chosen("the answer has a transform type twice");
    seen |= bit;
    const bool was_offered =
        std::find(own.transforms.begin(), own.transforms.end(), transform) != own.transforms.end();
    if (!was_offered && !(transform == no_integ && !own.has(TransformType::kInteg)))
      return none_chosen("the answer has a transform that was not offered");
  }
  // In the order of types, which is that of the exchanges, whatever the answer's.
  for (unsigned type = 1; type <= unsigned(TransformType::kAddke7); ++type)
    for (const Transform& transform : offered->known())
      if (unsigned(transform.type) == type) Negotiation::add(agreement, transform);
  for (const Transform& transform : own.transforms) {
    const bool missing = !is_ignored(transform.type, terms.place) && !offered->has(transform.type);
    const Transform none{transform.type, kKeNone};
    const bool may_be = is_key_exchange(transform.type) &&
                        std::find(own.transforms.begin(), own.transforms.end(), none) != own.transforms.end();
    if (missing && !may_be) return none_chosen("the answer lacks a transform type");
  }

  const auto additional = agreement.additional();
  if (!agreement.key_exchange && (is_ike(terms.place) || !additional.empty()))
    return none_chosen("the answer lacks the first key exchange");
  for (auto at = additional.begin(); at != additional.end(); ++at)
    if (agreement.key_exchange == *at || std::find(additional.begin(), at, *at) != at)
      return none_chosen("the answer has a key exchange method twice");
  if (terms.place == NegotiationPlace::kIkeSaInit && !additional.empty() && !terms.peer_has_intermediate)
    return none_chosen("additional key exchanges without INTERMEDIATE_EXCHANGE_SUPPORTED");
  if (terms.require_ml_kem && terms.place != NegotiationPlace::kIkeAuth && !agreement.has_ml_kem())
    return none_chosen("the answer has no ML-KEM");
  return agreement;
}

bool offers_additional_key_exchange(std::span<const Proposal> proposals) noexcept {
  return std::any_of(proposals.begin(), proposals.end(), [](const Proposal& proposal) {
    return std::any_of(proposal.transforms.begin(), proposal.transforms.end(),
                       [](const Transform& transform) { return is_additional_key_exchange(transform.type); });
  });
}

}  // namespace mlkem::ikev2
