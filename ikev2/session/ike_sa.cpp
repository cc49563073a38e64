// SPDX-License-Identifier: Apache-2.0
// Windows, retransmissions and generations of keys of one IKE SA (RFC 7296 sections 2.1 to 2.3, RFC 7383
// section 2.6, RFC 9370 section 2.2.2).
#include "ikev2/session/ike_sa.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace mlkem::ikev2 {
namespace {

// What a stranger can make an SA keep in fragments is less than what the format allows.
constexpr ReassemblyLimits kLimits{kMaxFragments, 16 * 1024, 30'000};

Arrived ignored(const char* why) {
  return {Arrival::kIgnored, why, {}, 0};
}

}  // namespace

IkeSa::Mark IkeSa::Mark::of(Octets message) noexcept {
  Mark mark;
  mark.size = message.size();
  const size_t kept = std::min(message.size(), mark.end.size());
  std::memcpy(mark.end.data(), message.last(kept).data(), kept);
  return mark;
}

Result<void> IkeSa::use_keys(const IkeKeys& keys) noexcept {
  Result<ProtectionKeys> of_i = ProtectionKeys::make(algorithms, keys.sk_ei.expose(), keys.sk_ai.expose());
  if (!of_i) return of_i.error();
  Result<ProtectionKeys> of_r = ProtectionKeys::make(algorithms, keys.sk_er.expose(), keys.sk_ar.expose());
  if (!of_r) return of_r.error();
  if (receive_ && !initiator_) {
    previous_receive_.reset(new (std::nothrow) ProtectionKeys(*std::move(receive_)));
    if (!previous_receive_) return crypto_failure("no memory for keys");
  }
  send_.emplace(std::move(initiator_ ? *of_i : *of_r));
  receive_.emplace(std::move(initiator_ ? *of_r : *of_i));
  generation_ = keys.generation;
  return {};
}

void IkeSa::forget_keys() noexcept {
  send_.reset();
  receive_.reset();
  previous_receive_.reset();
  for (auto& fragments : fragments_) fragments.reset();
  request.reset();
}

IkeHeader IkeSa::request_header(ExchangeType exchange) const noexcept {
  IkeHeader header;
  header.spi_i = spi_i;
  header.spi_r = spi_r;
  header.exchange = exchange;
  header.flags = initiator_ ? kFlagInitiator : 0;
  header.message_id = next_request_;
  return header;
}

IkeHeader IkeSa::response_header(ExchangeType exchange) const noexcept {
  IkeHeader header = request_header(exchange);
  header.flags |= kFlagResponse;
  header.message_id = expected_request_ - 1;
  return header;
}

Result<SealedMessage> IkeSa::seal(Workspace& workspace, const PlainMessage& message, size_t max_message_bytes,
                                  Fragmentation fragmentation) noexcept {
  if (!send_) return misuse("an IKE SA without keys");
  const Result<MessageCipher*> cipher = workspace.cipher(CipherUse::kSeal, algorithms);
  if (!cipher) return cipher.error();
  return seal_message(*send_, **cipher, workspace.crypto().random(), message, max_message_bytes,
                      fragmentation);
}

Arrived IkeSa::receive(Workspace& workspace, const IkeHeader& header, Octets message,
                       uint64_t now_ms) noexcept {
  const bool response = header.is_response();
  if (header.from_initiator() == initiator_) return ignored("a message with the flag of the own side");
  if (response) {
    if (!request || request->message_id != header.message_id || request->exchange != header.exchange)
      return ignored("a response that nothing waits for");
  } else if (header.message_id != expected_request_ && header.message_id + 1 != expected_request_) {
    return ignored("a request with an unexpected message id");
  }
  const Result<EncryptedView> found = find_encrypted(message);
  if (!found) return ignored("no well-formed Encrypted payload");
  if (found->type == PayloadType::kSkf && !has_fragmentation)
    return ignored("a fragment, which was not agreed upon");
  if (!response && header.message_id != expected_request_) return repeated(workspace, *found);
  return open(workspace, *found, response, now_ms);
}

// The same octets as those that were answered, or the first of fragments that were cut anew: the keys under
// which the request came tell.
Arrived IkeSa::repeated(Workspace& workspace, const EncryptedView& found) noexcept {
  const bool fragment = found.type == PayloadType::kSkf;
  if (fragment && found.fragment != 1) return ignored("a fragment of the last request but the first");
  if (last_request_.size == 0 || last_response.count() == 0) return ignored("no response to repeat");
  if (Mark::of(found.message) == last_request_) return {Arrival::kRepeated, "", {}, 0};
  const ProtectionKeys* keys = previous_receive_ ? previous_receive_.get() : receive_ ? &*receive_ : nullptr;
  if (!fragment || !keys) return ignored("another request with the last message id");
  const Result<MessageCipher*> cipher = workspace.cipher(CipherUse::kOpen, algorithms);
  if (!cipher || !open_encrypted(*keys, **cipher, found))
    return ignored("another request with the last message id");
  return {Arrival::kRepeated, "", {}, 0};
}

Arrived IkeSa::open(Workspace& workspace, const EncryptedView& found, bool response,
                    uint64_t now_ms) noexcept {
  if (!receive_ || !generation_) return ignored("there are no keys yet");
  const Result<MessageCipher*> cipher = workspace.cipher(CipherUse::kOpen, algorithms);
  if (!cipher) return ignored(cipher.error().message);
  Arrived arrived{Arrival::kOpened, "", {}, *generation_};
  std::unique_ptr<Reassembly>& fragments = fragments_[response];
  if (found.type == PayloadType::kSk) {
    Result<OpenedMessage> opened = open_encrypted(*receive_, **cipher, found);
    if (!opened) return ignored(opened.error().message);
    arrived.message = *std::move(opened);
    if (!response) last_request_ = Mark::of(found.message);
  } else {
    if (!fragments) fragments.reset(new (std::nothrow) Reassembly(kLimits));
    if (!fragments) return ignored("no memory for fragments");
    const Result<FragmentOutcome> outcome = fragments->add(*receive_, **cipher, found, now_ms);
    if (!outcome || *outcome == FragmentOutcome::kDuplicate || *outcome == FragmentOutcome::kOutdated) {
      const char* why = outcome ? "a fragment that is there already" : outcome.error().message;
      if (fragments->empty()) fragments.reset();
      return ignored(why);
    }
    confirmed_ = generation_;
    if (found.fragment == 1 && !response) first_fragment_ = Mark::of(found.message);
    if (*outcome != FragmentOutcome::kComplete) {
      arrived.what = Arrival::kFragment;
      arrived.fragment = found.fragment;
      arrived.fragments = found.fragments;
      return arrived;
    }
    Result<OpenedMessage> whole = fragments->take();
    if (!whole) return ignored(whole.error().message);
    arrived.message = *std::move(whole);
    if (!response) last_request_ = first_fragment_;
  }
  fragments.reset();
  confirmed_ = generation_;
  if (response) {
    request.reset();
  } else {
    ++expected_request_;
    last_response = SealedMessage();
    previous_receive_.reset();
  }
  return arrived;
}

void IkeSa::expire(uint64_t now_ms) noexcept {
  for (auto& fragments : fragments_)
    if (fragments && fragments->expire(now_ms)) fragments.reset();
}

std::optional<uint64_t> IkeSa::deadline_ms() const noexcept {
  std::optional<uint64_t> earliest;
  for (const auto& fragments : fragments_)
    if (fragments)
      if (const auto deadline = fragments->deadline_ms())
        earliest = std::min(earliest.value_or(UINT64_MAX), *deadline);
  return earliest;
}

}  // namespace mlkem::ikev2
