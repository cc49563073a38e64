// SPDX-License-Identifier: Apache-2.0
// INFORMATIONAL exchanges (RFC 7296, sections 1.4 and 2.4): deletes, liveness, errors, in both roles; and what
// this engine says to exchanges that it does not have.
#include <algorithm>
#include <array>

#include "ikev2/session/engine.hpp"
#include "ikev2/session/notifies.hpp"
#include "ikev2/wire.hpp"

namespace mlkem::ikev2 {
namespace {

bool deletes_ike_sa(const PayloadList& payloads) {
  return std::any_of(payloads.begin(), payloads.end(), [](const Payload& payload) {
    if (payload.type != PayloadType::kDelete) return false;
    const Result<DeletePayload> deleted = read_delete_body(payload.body);
    return deleted && deleted->protocol == ProtocolId::kIke;
  });
}

// What ends an IKE SA when it comes by itself (RFC 7296, section 2.21).
bool is_fatal(NotifyType notify) {
  return notify == NotifyType::kAuthenticationFailed || notify == NotifyType::kInvalidSyntax;
}

void add_child_delete(PayloadWriter& out, std::span<const uint32_t> spis) {
  std::vector<uint8_t> octets(4 * spis.size());
  for (size_t i = 0; i < spis.size(); ++i) store_32(&octets[4 * i], spis[i]);
  out.add_delete({ProtocolId::kEsp, 4, octets});
}

}  // namespace

// Before IKE_AUTH a peer can only give up (RFC 7296, section 2.21.2; RFC 9242, section 3.2).
void Engine::on_early_informational(const Incoming& in) {
  PayloadWriter out = chain();
  if (const Result<void> sent = send_response(in.header.exchange, out, in.path); !sent)
    return end_with(sent.error(), in);
  const auto error = first_error(in.payloads);
  if (deletes_ike_sa(in.payloads))
    end({EndCause::kDeletedByPeer, NotifyType::kNone, in.protection, in.header.exchange, "the peer gave up"});
  else if (error)
    end({EndCause::kPeerNotify, *error, in.protection, in.header.exchange, "the peer gave up"});
}

void Engine::on_informational_request(const Incoming& in) {
  const bool gone = deletes_ike_sa(in.payloads);
  const auto error = first_error(in.payloads);
  PayloadWriter out = chain();
  if (!gone) delete_children(in.payloads, &out);
  if (const Result<void> sent = send_response(in.header.exchange, out, in.path); !sent)
    return end_with(sent.error(), in);
  if (gone)
    end({EndCause::kDeletedByPeer, NotifyType::kNone, in.protection, in.header.exchange,
         "deleted by the peer"});
  else if (error && is_fatal(*error))
    end({EndCause::kPeerNotify, *error, in.protection, in.header.exchange, "the peer reports an error"});
}

// The peer names the SPIs that it receives on; the answer names those of the other directions (RFC 7296,
// section 1.4.1). In a response (`out` is null) the SAs are gone already.
void Engine::delete_children(const PayloadList& payloads, PayloadWriter* out) {
  std::vector<uint32_t> own;
  for (const Payload& payload : payloads) {
    if (payload.type != PayloadType::kDelete) continue;
    const Result<DeletePayload> deleted = read_delete_body(payload.body);
    if (!deleted || deleted->protocol != ProtocolId::kEsp || deleted->spi_bytes != 4) continue;
    for (size_t i = 0; i < deleted->count(); ++i) {
      const uint32_t spi = load_32(deleted->spi(i).data());
      const auto child = std::find_if(children_.begin(), children_.end(),
                                      [spi](const Child& each) { return each.spi_out == spi; });
      if (child == children_.end()) continue;
      // An SA whose Delete is under way is no longer in children_, and is not named again; one whose Delete
      // only waits for its turn is named here, and there is nothing left to ask for.
      own.push_back(child->spi_in);
      std::erase_if(children_to_delete_, [&](const Child& each) { return each.spi_in == child->spi_in; });
      emit(ChildDeleted{child->spi_in, child->spi_out, true});
      children_.erase(child);
    }
  }
  if (out && !own.empty()) add_child_delete(*out, own);
}

void Engine::on_informational_response(const Incoming& in) {
  delete_children(in.payloads, nullptr);
  const auto error = first_error(in.payloads);
  if (error && is_fatal(*error))
    return end(
        {EndCause::kPeerNotify, *error, in.protection, in.header.exchange, "the peer reports an error"});
  next_informational();
}

void Engine::on_closing_request(const Incoming& in) {
  PayloadWriter out = chain();
  if (const Result<void> sent = send_response(in.header.exchange, out, in.path); !sent)
    return end_with(sent.error(), in);
  if (deletes_ike_sa(in.payloads))
    end({EndCause::kClosed, NotifyType::kNone, in.protection, in.header.exchange, "deleted by both sides"});
}

void Engine::on_closing_response(const Incoming& in) {
  end({EndCause::kClosed, NotifyType::kNone, in.protection, in.header.exchange, "deleted"});
}

// Rekeying and further Child SAs are not there: the SA goes on without (RFC 7296, section 1.3).
void Engine::on_create_child_request(const Incoming& in) {
  const NotifyType answer =
      state_ == EngineState::kClosing ? NotifyType::kTemporaryFailure : NotifyType::kNoAdditionalSas;
  send_refusal(in, peer_fault(answer, "no CREATE_CHILD_SA here"));
}

// RFC 9370, section 2.2.4: nothing that it could continue.
void Engine::on_followup_request(const Incoming& in) {
  send_refusal(in, peer_fault(NotifyType::kStateNotFound, "no key exchange to continue"));
}

// A Child SA that is still there of those that the owner wants gone.
std::optional<Engine::Child> Engine::next_child_to_delete() {
  while (!children_to_delete_.empty()) {
    const Child wanted = children_to_delete_.front();
    children_to_delete_.erase(children_to_delete_.begin());
    const auto child = std::find_if(children_.begin(), children_.end(),
                                    [&](const Child& each) { return each.spi_in == wanted.spi_in; });
    if (child == children_.end()) continue;
    children_.erase(child);
    return wanted;
  }
  return std::nullopt;
}

// The next of what the owner has asked for; one request at a time.
void Engine::next_informational() {
  if (state_ != EngineState::kEstablished || sa_.request) return;
  PayloadWriter out = chain();
  if (close_wanted_) {
    out.add_delete({ProtocolId::kIke, 0, {}});
  } else if (const auto child = next_child_to_delete()) {
    add_child_delete(out, std::array{child->spi_in});
    emit(ChildDeleted{child->spi_in, child->spi_out, false});
  } else if (!liveness_wanted_) {
    return;
  }
  liveness_wanted_ = false;
  if (const Result<void> sent = send_request(ExchangeType::kInformational, out); !sent)
    return end(
        {EndCause::kCrypto, NotifyType::kNone, {}, ExchangeType::kInformational, sent.error().message});
  if (close_wanted_) set_state(EngineState::kClosing);
}

void Engine::close(uint64_t now_ms) noexcept {
  now_ms_ = now_ms;
  if (ended_ || state_ == EngineState::kClosing) return;
  if (!established_)
    return end({EndCause::kClosed, NotifyType::kNone, {}, {}, "given up before it was established"});
  close_wanted_ = true;
  next_informational();
}

Result<void> Engine::check_liveness(uint64_t now_ms) noexcept {
  now_ms_ = now_ms;
  if (state_ != EngineState::kEstablished) return misuse("the IKE SA is not established");
  liveness_wanted_ = true;
  next_informational();
  return {};
}

Result<void> Engine::delete_child(uint32_t spi_in, uint64_t now_ms) noexcept {
  now_ms_ = now_ms;
  if (state_ != EngineState::kEstablished) return misuse("the IKE SA is not established");
  for (const Child& child : children_)
    if (child.spi_in == spi_in) {
      children_to_delete_.push_back(child);
      next_informational();
      return {};
    }
  return misuse("no Child SA has this SPI");
}

}  // namespace mlkem::ikev2
