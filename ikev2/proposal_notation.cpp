// SPDX-License-Identifier: Apache-2.0
// Proposals in strongSwan's notation, read and written.
#include <algorithm>
#include <optional>

#include "mlkem-ike/ikev2/proposal.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr std::string_view kNone = "none", kEsn = "esn", kNoEsn = "noesn";

struct ImpliedPrf {
  IntegId integrity;
  PrfId prf;
};
constexpr ImpliedPrf kImpliedPrfs[] = {{IntegId::kHmacSha1_96, PrfId::kHmacSha1},
                                       {IntegId::kHmacSha256_128, PrfId::kHmacSha256},
                                       {IntegId::kHmacSha384_192, PrfId::kHmacSha384},
                                       {IntegId::kHmacSha512_256, PrfId::kHmacSha512}};

constexpr TransformType kTypesInOrder[] = {TransformType::kEncr, TransformType::kInteg, TransformType::kPrf,
                                           TransformType::kKe};

std::vector<Transform> of_type(const Proposal& proposal, TransformType type) {
  std::vector<Transform> found;
  std::copy_if(proposal.transforms.begin(), proposal.transforms.end(), std::back_inserter(found),
               [type](const Transform& transform) { return transform.type == type; });
  return found;
}

void remove_type(Proposal& proposal, TransformType type) {
  std::erase_if(proposal.transforms, [type](const Transform& transform) { return transform.type == type; });
}

std::vector<Transform> implied_prfs(const Proposal& proposal) {
  std::vector<Transform> prfs;
  for (const Transform& integrity : of_type(proposal, TransformType::kInteg))
    for (const ImpliedPrf& implied : kImpliedPrfs)
      if (implied.integrity == IntegId(integrity.id))
        prfs.push_back({TransformType::kPrf, uint16_t(implied.prf)});
  return prfs;
}

bool all_aead(const Proposal& proposal) {
  const std::vector<Transform> ciphers = of_type(proposal, TransformType::kEncr);
  return !ciphers.empty() && std::all_of(ciphers.begin(), ciphers.end(),
                                         [](const Transform& cipher) { return is_aead(EncrId(cipher.id)); });
}

std::optional<uint16_t> method_id(std::string_view keyword) {
  if (keyword == kNone || keyword == "modpnone") return kKeNone;
  const auto method = ke_method_named(keyword);
  return method ? std::optional(uint16_t(*method)) : std::nullopt;
}

std::optional<Transform> transform_named(std::string_view keyword, ProtocolId protocol) {
  constexpr size_t kPrefixBytes = 4;  // ke1_
  if (keyword.size() > kPrefixBytes && keyword.starts_with("ke") && keyword[3] == '_' && keyword[2] >= '1' &&
      keyword[2] <= '7') {
    const auto id = method_id(keyword.substr(kPrefixBytes));
    return id ? std::optional(Transform{additional_key_exchange(unsigned(keyword[2] - '0')), *id})
              : std::nullopt;
  }
  if (const auto id = method_id(keyword)) return Transform{TransformType::kKe, *id};
  if (const auto cipher = encryption_named(keyword))
    return Transform{TransformType::kEncr, uint16_t(cipher->id), cipher->key_bits};
  if (const auto prf = prf_named(keyword)) return Transform{TransformType::kPrf, uint16_t(*prf)};
  if (const auto integrity = integrity_named(keyword))
    return Transform{TransformType::kInteg, uint16_t(*integrity)};
  if (protocol == ProtocolId::kEsp && (keyword == kEsn || keyword == kNoEsn))
    return Transform{TransformType::kEsn, uint16_t(keyword == kEsn ? EsnId::kYes : EsnId::kNo)};
  return std::nullopt;
}

// What strongSwan adds to and takes from a proposal that was read.
void complete(Proposal& proposal) {
  if (proposal.protocol == ProtocolId::kIke) {
    if (!proposal.has(TransformType::kPrf))
      for (const Transform& prf : implied_prfs(proposal)) proposal.transforms.push_back(prf);
    std::erase(proposal.transforms, Transform{TransformType::kKe, kKeNone});
  } else {
    remove_type(proposal, TransformType::kPrf);
    if (!proposal.has(TransformType::kEsn))
      proposal.transforms.push_back({TransformType::kEsn, uint16_t(EsnId::kNo)});
  }
  if (all_aead(proposal)) remove_type(proposal, TransformType::kInteg);
}

class Parser {
 public:
  Parser(std::string_view text, ProtocolId protocol, NotationFault& fault)
      : text_(text), protocol_(protocol), fault_(fault) {}

  Result<std::vector<Proposal>> run() {
    std::vector<Proposal> proposals;
    for (size_t start = 0; start <= text_.size();) {
      const size_t end = std::min(text_.find(',', start), text_.size());
      Result<Proposal> proposal = proposal_between(start, end);
      if (!proposal) return proposal.error();
      proposals.push_back(*std::move(proposal));
      start = end + 1;
    }
    return proposals;
  }

 private:
  Result<Proposal> proposal_between(size_t start, size_t end) {
    while (start < end && kWhiteSpace.find(text_[start]) != std::string_view::npos) ++start;
    while (end > start && kWhiteSpace.find(text_[end - 1]) != std::string_view::npos) --end;
    if (start == end) return fail(start, 0, misuse("a proposal is empty"));
    Proposal proposal{protocol_, {}};
    for (size_t at = start; at <= end;) {
      const size_t stop = std::min(text_.find('-', at), end);
      const auto transform = transform_named(text_.substr(at, stop - at), protocol_);
      if (!transform) return fail(at, stop - at, misuse("unknown keyword"));
      auto& all = proposal.transforms;
      if (std::find(all.begin(), all.end(), *transform) == all.end()) all.push_back(*transform);
      at = stop + 1;
    }
    complete(proposal);
    if (const Result<void> valid = validate(proposal); !valid) return fail(start, 0, valid.error());
    return proposal;
  }

  Error fail(size_t position, size_t length, Error error) {
    fault_ = {position, length};
    return error;
  }

  std::string_view text_;
  ProtocolId protocol_;
  NotationFault& fault_;
};

std::string number(unsigned value) {
  char digits[16];
  size_t at = sizeof digits;
  do digits[--at] = char('0' + value % 10);
  while ((value /= 10) != 0);
  return std::string(digits + at, sizeof digits - at);
}

std::string keyword(const Transform& transform) {
  switch (transform.type) {
    case TransformType::kEncr:
      return std::string(name(Encryption{EncrId(transform.id), transform.key_bits}));
    case TransformType::kPrf:
      return std::string(name(PrfId(transform.id)));
    case TransformType::kInteg:
      return transform.id == 0 ? "3.0" : std::string(name(IntegId(transform.id)));
    case TransformType::kEsn:
      return std::string(transform.id == uint16_t(EsnId::kYes) ? kEsn : kNoEsn);
    default:
      break;
  }
  std::string word;
  if (is_additional_key_exchange(transform.type)) {
    word.append("ke").append(number(unsigned(transform.type) - unsigned(TransformType::kAddke1) + 1));
    word.append("_");
  }
  return word.append(transform.id == kKeNone ? kNone : name(KeMethod(transform.id)));
}

void append(std::string& text, const std::string& word) {
  if (!text.empty()) text += '-';
  text += word;
}

}  // namespace

Result<std::vector<Proposal>> parse_proposals(std::string_view text, ProtocolId protocol,
                                              NotationFault* out_fault) {
  NotationFault fault;
  Result<std::vector<Proposal>> proposals = Parser(text, protocol, fault).run();
  if (!proposals && out_fault) *out_fault = fault;
  return proposals;
}

std::string to_string(const Proposal& proposal) {
  std::string text;
  const auto append_type = [&](TransformType type) {
    for (const Transform& transform : of_type(proposal, type)) append(text, keyword(transform));
  };
  for (const TransformType type : kTypesInOrder)
    if (type != TransformType::kPrf || of_type(proposal, type) != implied_prfs(proposal)) append_type(type);
  for (unsigned i = 1; i <= kMaxAdditionalKeyExchanges; ++i) append_type(additional_key_exchange(i));
  const std::vector<Transform> no_esn = {{TransformType::kEsn, uint16_t(EsnId::kNo)}};
  if (of_type(proposal, TransformType::kEsn) != no_esn) append_type(TransformType::kEsn);
  return text;
}

std::string to_string(const ProposalView& proposal, MlKemNumbering numbering) {
  std::string text;
  for (const TransformView& view : proposal.transforms) {
    if (const auto known = known_transform(view, numbering)) {
      append(text, keyword(*known));
      continue;
    }
    append(text, number(unsigned(view.type)));
    text.append(".").append(number(view.id));
    if (view.key_bits != 0) text.append("/").append(number(view.key_bits));
    if (view.unknown_attributes) text.append("?");
  }
  return text;
}

}  // namespace mlkem::ikev2
