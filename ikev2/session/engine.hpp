// SPDX-License-Identifier: Apache-2.0
// The exchanges of one IKE SA, in both roles (RFC 7296, RFC 9242, RFC 9370). Which message is welcome in which
// state stands in handlers.cpp; every handler there is a member of Engine and sets the next state.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ikev2/session/handshake.hpp"
#include "ikev2/session/ike_sa.hpp"
#include "ikev2/session/outbox.hpp"
#include "mlkem-ike/ikev2/event.hpp"
#include "mlkem-ike/ikev2/key_job.hpp"
#include "mlkem-ike/ikev2/profile.hpp"
#include "mlkem-ike/ikev2/workspace.hpp"

namespace mlkem::ikev2 {

// What the payloads of one message may take, more than any that an engine writes.
inline constexpr size_t kScratchBytes = 16 * 1024;

// What all engines of one owner share.
struct Surroundings {
  Workspace& workspace;
  const Profile& profile;
  bool defer_key_exchanges = false;
  Outbox outbox{};
  std::deque<KeyJob> jobs{};
  // For the payloads of one message.
  std::vector<uint8_t> scratch = std::vector<uint8_t>(kScratchBytes);
};

enum class EngineState : uint8_t {
  kIdle,               // nothing sent, nothing received
  kInitSent,           // initiator: waits for the IKE_SA_INIT response
  kIntermediateSent,   // initiator: waits for an IKE_INTERMEDIATE response
  kAuthSent,           // initiator: waits for the IKE_AUTH response
  kInitJob,            // responder: KE(0) is being computed elsewhere
  kAwaitIntermediate,  // responder: additional key exchanges are missing
  kIntermediateJob,    // responder: KE(n) is being computed elsewhere
  kAwaitAuth,          // responder: all key exchanges are done
  kEstablished,
  kClosing,    // a Delete or a last notify of this side waits for its answer
  kLingering,  // over; repeats its last response
  kGone,       // over
};

// A message that was authentic, or one of IKE_SA_INIT.
struct Incoming {
  const IkeHeader& header;
  const PayloadList& payloads;
  PlainMessage plain;  // for IntAuth; of a protected message
  Octets message;      // of a message in the clear
  const Path& path;
  Protection protection;
};

class Engine {
 public:
  using Handler = void (Engine::*)(const Incoming&);

  // `id` marks its events. An initiator is started, a responder gets its IKE_SA_INIT request.
  Engine(Surroundings& surroundings, SaId id, bool initiator, Spi own_spi, const Path& path, uint64_t now_ms);

  Result<void> start(uint64_t now_ms) noexcept;
  // An IKE_SA_INIT message of this SA that was read already.
  void receive_init(const Message& parsed, Octets message, const Path& path, uint64_t now_ms) noexcept;
  // Any other message with the SPIs of this SA.
  void receive(const IkeHeader& header, Octets message, const Path& path, uint64_t now_ms) noexcept;
  // The same IKE_SA_INIT request came again: its response is due again, if no later request has come.
  void repeat_init(const Path& path, size_t octets, uint64_t now_ms) noexcept;
  [[nodiscard]] bool is_init_request(Octets message) const noexcept;
  // A key exchange that was taken out is done.
  void hand_back(KeyJob& job, uint64_t now_ms) noexcept;

  void handle_timeout(uint64_t now_ms) noexcept;
  [[nodiscard]] std::optional<uint64_t> deadline_ms() const noexcept;

  void close(uint64_t now_ms) noexcept;
  Result<void> check_liveness(uint64_t now_ms) noexcept;
  Result<void> delete_child(uint32_t spi_in, uint64_t now_ms) noexcept;
  // Ends without a message to the peer.
  void drop(EndCause cause, uint64_t now_ms) noexcept;

  [[nodiscard]] EngineState state() const noexcept { return state_; }
  [[nodiscard]] const IkeSa& sa() const noexcept { return sa_; }
  [[nodiscard]] SessionReport report() const noexcept;
  [[nodiscard]] const Path& path() const noexcept { return report_.path; }
  // Of an established SA: whether the peer has announced that it knows of no other one, and who it is.
  [[nodiscard]] bool initial_contact() const noexcept { return initial_contact_; }
  [[nodiscard]] const Identity& peer() const noexcept { return peer_; }

 private:
  friend Handler handler_for(EngineState state, ExchangeType exchange, bool response) noexcept;

  struct Child {
    uint32_t spi_in, spi_out;
  };

  // Handlers. init.cpp, init_responder.cpp
  void on_init_response(const Incoming& in);
  void on_init_request(const Incoming& in);
  // intermediate.cpp
  void on_intermediate_response(const Incoming& in);
  void on_intermediate_request(const Incoming& in);
  // authenticate.cpp, authenticate_responder.cpp
  void on_auth_response(const Incoming& in);
  void on_auth_request(const Incoming& in);
  // informational.cpp
  void on_early_informational(const Incoming& in);
  void on_informational_request(const Incoming& in);
  void on_informational_response(const Incoming& in);
  void on_closing_request(const Incoming& in);
  void on_closing_response(const Incoming& in);
  void on_create_child_request(const Incoming& in);
  void on_followup_request(const Incoming& in);

  // init.cpp
  Result<void> send_init_request();
  Result<void> start_key_exchange(KeMethod method);
  bool take_cookie(const Incoming& in);
  bool take_other_method(const Incoming& in);
  Result<void> accept_init_response(const Incoming& in);
  void note_unprotected_error(End end);
  // init_responder.cpp
  Result<void> accept_init_request(const Incoming& in);
  void refuse_init(const Path& path, Error error);
  Result<void> finish_init_request(ResponderShare share);
  // intermediate.cpp
  Result<void> next_exchange();
  Result<Octets> intermediate_value(const Incoming& in) const;
  Result<void> finish_intermediate_request(ResponderShare share);
  [[nodiscard]] KeMethod next_method() const {
    return report_.agreement->additional()[handshake_->additional_done];
  }
  // authenticate.cpp
  Result<PrfSecret> auth_of(bool initiators, Octets id_body, Octets key);
  const SharedKey* shared_key(const IdPayload& peer) const;
  [[nodiscard]] std::vector<uint8_t> own_id_body() const;
  Result<uint32_t> new_child_spi();
  // What an initiator offers: the policy's, or everything of the path's IP version.
  [[nodiscard]] std::vector<Selector> offered_selectors(const std::vector<Selector>& configured) const;
  Result<void> send_auth_request();
  Result<void> accept_auth_response(const Incoming& in);
  Result<void> accept_child_answer(const PayloadList& payloads);
  Result<ChildEstablished> make_child(const Agreement& agreement, uint32_t spi_in,
                                      std::vector<Selector> local, std::vector<Selector> remote);
  void add_child(ChildEstablished child);
  void establish(const IdPayload& peer);
  // authenticate_responder.cpp
  Result<void> accept_auth_request(const Incoming& in);
  Result<ChildEstablished> answer_child(const PayloadList& payloads, PayloadWriter& out);
  // informational.cpp
  void delete_children(const PayloadList& payloads, PayloadWriter* out);
  std::optional<Child> next_child_to_delete();
  void next_informational();

  // nat.cpp
  void add_nat_detection(PayloadWriter& out, const Spi& spi_r);
  void detect_nat(const PayloadList& payloads, const Spi& spi_r, const Path& path);

  // engine_messages.cpp
  [[nodiscard]] PayloadWriter chain() { return PayloadWriter(surroundings_.scratch); }
  Result<SealedMessage> protect(const IkeHeader& header, PayloadWriter& chain, const Path& path);
  Result<void> send_request(ExchangeType exchange, PayloadWriter& chain);
  Result<void> send_response(ExchangeType exchange, PayloadWriter& chain, const Path& path);
  // A response with this notify alone.
  void send_refusal(const Incoming& in, const Error& error);
  void transmit(const SealedMessage& sealed, const Path& path);
  void transmit_clear(Octets message, const Path& path);
  // timers.cpp
  void retransmit();

  // engine.cpp
  void read_notifies(const Incoming& in);
  void dispatch(const Incoming& in);
  void refuse_in_state(const Incoming& in);
  // Keys of the next generation, or of the first.
  Result<void> use_secret(KeMethod method, Octets secret);
  [[nodiscard]] IkeSaInputs key_inputs() const;
  // A key exchange of a responder: done at once, or put where its owner takes it.
  Result<void> compute_share(KeMethod method, Octets peer_value, EngineState waiting);
  Result<void> continue_with(Result<ResponderShare> share);
  void set_state(EngineState state) { state_ = state; }
  void log(LogCode code, ExchangeType exchange, uint32_t value, const char* text = "");
  void emit(Event&& event) { surroundings_.outbox.add_event(id_, std::move(event)); }
  // Over: says why, wipes keys. A responder that has answered stays to repeat its answer.
  void end(End end);
  void end_with(const Error& error, const Incoming& in);
  void wipe();

  [[nodiscard]] const Policy& policy() const { return surroundings_.profile.policy(); }
  [[nodiscard]] Crypto& crypto() { return surroundings_.workspace.crypto(); }
  [[nodiscard]] bool is_waiting_for_job() const {
    return state_ == EngineState::kInitJob || state_ == EngineState::kIntermediateJob;
  }

  Surroundings& surroundings_;
  SaId id_;
  IkeSa sa_;
  std::unique_ptr<Handshake> handshake_;  // until established
  PrfSecret sk_d_;
  std::vector<Child> children_, children_to_delete_;
  Identity peer_;
  SessionReport report_;  // but for what report() fills in; its path and agreement are the engine's own
  uint64_t init_hash_ = 0;
  uint64_t now_ms_, deadline_ms_, heard_ms_, sent_ms_;
  EngineState state_ = EngineState::kIdle;
  bool established_ = false, ended_ = false;
  bool close_wanted_ = false, liveness_wanted_ = false, initial_contact_ = false;
};

// The table of handlers: null where a message is not welcome.
Engine::Handler handler_for(EngineState state, ExchangeType exchange, bool response) noexcept;

}  // namespace mlkem::ikev2
