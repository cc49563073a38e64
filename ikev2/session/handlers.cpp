// SPDX-License-Identifier: Apache-2.0
// The one table of which message is welcome in which state, and who handles it. What is not in it changes
// nothing, if it is a response or in the clear; an authentic request is refused.
#include "ikev2/session/engine.hpp"

namespace mlkem::ikev2 {

Engine::Handler handler_for(EngineState state, ExchangeType exchange, bool response) noexcept {
  using enum EngineState;
  using enum ExchangeType;
  struct Welcome {
    EngineState state;
    ExchangeType exchange;
    bool response;
    Engine::Handler handler;
  };
  static constexpr Welcome kHandlers[] = {
      // Initiator
      {kInitSent, kIkeSaInit, true, &Engine::on_init_response},
      {kIntermediateSent, kIkeIntermediate, true, &Engine::on_intermediate_response},
      {kAuthSent, kIkeAuth, true, &Engine::on_auth_response},
      // Responder
      {kIdle, kIkeSaInit, false, &Engine::on_init_request},
      {kAwaitIntermediate, kIkeIntermediate, false, &Engine::on_intermediate_request},
      {kAwaitIntermediate, kInformational, false, &Engine::on_early_informational},
      {kAwaitAuth, kIkeAuth, false, &Engine::on_auth_request},
      {kAwaitAuth, kInformational, false, &Engine::on_early_informational},
      // Both
      {kEstablished, kInformational, false, &Engine::on_informational_request},
      {kEstablished, kInformational, true, &Engine::on_informational_response},
      {kEstablished, kCreateChildSa, false, &Engine::on_create_child_request},
      {kEstablished, kIkeFollowupKe, false, &Engine::on_followup_request},
      {kClosing, kInformational, false, &Engine::on_closing_request},
      {kClosing, kInformational, true, &Engine::on_closing_response},
      {kClosing, kCreateChildSa, false, &Engine::on_create_child_request},
      {kClosing, kIkeFollowupKe, false, &Engine::on_followup_request},
  };
  for (const Welcome& row : kHandlers)
    if (row.state == state && row.exchange == exchange && row.response == response) return row.handler;
  return nullptr;
}

}  // namespace mlkem::ikev2
