// SPDX-License-Identifier: Apache-2.0
// What the key work of IKEv2 costs: PRFs, steps of the key schedule, key exchange methods by role, and
// `handshake`, both sides of one hybrid IKE SA with its first Child SA.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "mlkem-ike/ikev2.hpp"

namespace {

using namespace mlkem::ikev2;

constexpr KeMethod kMethods[] = {KeMethod::kModp2048, KeMethod::kModp3072, KeMethod::kModp4096,
                                 KeMethod::kEcp256,   KeMethod::kEcp384,   KeMethod::kEcp521,
                                 KeMethod::kX25519,   KeMethod::kX448,     KeMethod::kMlKem512,
                                 KeMethod::kMlKem768, KeMethod::kMlKem1024};
constexpr PrfId kPrfs[] = {PrfId::kHmacSha1, PrfId::kHmacSha256, PrfId::kHmacSha384, PrfId::kHmacSha512};

// The value, or the end: a benchmark of a failure is worth nothing.
template <class T>
T must(Result<T> result) {
  if (!result) std::abort();
  return *std::move(result);
}
void must(const Result<void>& result) {
  if (!result) std::abort();
}

Crypto& crypto() {
  static const std::unique_ptr<Crypto> instance = must(openssl_crypto());
  return *instance;
}

const std::vector<uint8_t> kNi(32, 0x11), kNr(32, 0x22), kSecret(32, 0x33), kPsk(32, 0x44), kId(13, 0x55);
const std::vector<uint8_t> kMessage(300, 0x66);  // a hybrid IKE_SA_INIT
constexpr Encryption kEncryption{EncrId::kAesGcm16, 256};

IkeSaInputs inputs(PrfId prf) {
  return {{prf, kEncryption, IntegId::kNone}, kNi, kNr, {1, 2, 3, 4}, {5, 6, 7, 8}};
}

void prf_ready_key(benchmark::State& state, PrfId id) {
  const auto prf = must(crypto().make_prf(id));
  must(prf->set_key(kSecret));
  const std::vector<uint8_t> message(64, 7);
  const Octets parts[] = {message};
  std::vector<uint8_t> out(output_bytes(id));
  for (auto _ : state) {
    must(prf->compute(parts, out));
    benchmark::DoNotOptimize(out.data());
  }
}

void prf_new_key(benchmark::State& state, PrfId id) {
  const auto prf = must(crypto().make_prf(id));
  const std::vector<uint8_t> message(64, 7);
  const Octets parts[] = {message};
  for (auto _ : state) benchmark::DoNotOptimize(must(compute_prf(*prf, kSecret, parts)));
}

void generation_0(benchmark::State& state, PrfId id) {
  const auto prf = must(crypto().make_prf(id));
  for (auto _ : state) benchmark::DoNotOptimize(must(initial_keys(*prf, inputs(id), kSecret)));
}

void generation_1(benchmark::State& state, PrfId id) {
  const auto prf = must(crypto().make_prf(id));
  const IkeKeys keys = must(initial_keys(*prf, inputs(id), kSecret));
  for (auto _ : state) benchmark::DoNotOptimize(must(next_generation(*prf, inputs(id), keys, kSecret)));
}

void child(benchmark::State& state, PrfId id) {
  const auto prf = must(crypto().make_prf(id));
  const IkeKeys keys = must(initial_keys(*prf, inputs(id), kSecret));
  for (auto _ : state)
    benchmark::DoNotOptimize(
        must(child_keys(*prf, keys.sk_d.expose(), kEncryption, IntegId::kNone, kNi, kNr)));
}

void initiator_start(benchmark::State& state, KeMethod method) {
  for (auto _ : state) benchmark::DoNotOptimize(must(KeyExchangeInitiator::start(method, crypto())));
}

void initiator_finish(benchmark::State& state, KeMethod method) {
  for (auto _ : state) {
    state.PauseTiming();
    KeyExchangeInitiator initiator = must(KeyExchangeInitiator::start(method, crypto()));
    const ResponderShare share = must(respond(method, initiator.public_value(), crypto()));
    state.ResumeTiming();
    benchmark::DoNotOptimize(must(std::move(initiator).finish(share.public_value())));
  }
}

void responder_step(benchmark::State& state, KeMethod method) {
  const KeyExchangeInitiator initiator = must(KeyExchangeInitiator::start(method, crypto()));
  for (auto _ : state) benchmark::DoNotOptimize(must(respond(method, initiator.public_value(), crypto())));
}

// One side of the exchange after its key exchange steps: what it keeps between messages.
struct Side {
  explicit Side(Prf& workspace) : prf(workspace) {}

  void add_int_auth(const IkeKeys& keys, Octets request, Octets response) {
    const Octets from_initiator[] = {request}, from_responder[] = {response};
    must(int_auth_i.add(prf, keys.sk_pi.expose(), from_initiator));
    must(int_auth_r.add(prf, keys.sk_pr.expose(), from_responder));
  }

  // Both AUTH values, one to send and one to check, and the first Child SA's keys.
  void authenticate(const IkeKeys& keys) {
    const IntAuthSuffix suffix = must(int_auth_suffix(int_auth_i, int_auth_r, 2));
    const PrfSecret pad = must(shared_key_pad(prf, kPsk));
    auth_i =
        must(shared_key_auth(prf, pad.expose(), {kMessage, kNr, keys.sk_pi.expose(), kId, suffix.expose()}));
    auth_r =
        must(shared_key_auth(prf, pad.expose(), {kMessage, kNi, keys.sk_pr.expose(), kId, suffix.expose()}));
    child = must(child_keys(prf, keys.sk_d.expose(), kEncryption, IntegId::kNone, kNi, kNr));
  }

  Prf& prf;
  IntAuth int_auth_i, int_auth_r;
  PrfSecret auth_i, auth_r;
  ChildKeys child;
};

// Key work of IKE_SA_INIT, IKE_INTERMEDIATE and IKE_AUTH with a shared key, without messages and their
// protection.
void handshake(benchmark::State& state, KeMethod first, KeMethod second) {
  constexpr PrfId kPrf = PrfId::kHmacSha256;
  const auto prf_i = must(crypto().make_prf(kPrf)), prf_r = must(crypto().make_prf(kPrf));
  for (auto _ : state) {
    Side initiator(*prf_i), responder(*prf_r);
    KeyExchangeInitiator ke0 = must(KeyExchangeInitiator::start(first, crypto()));
    const ResponderShare answer0 = must(respond(first, ke0.public_value(), crypto()));
    IkeKeys keys_r = must(initial_keys(*prf_r, inputs(kPrf), answer0.secret().expose()));
    const KeSecret secret0 = must(std::move(ke0).finish(answer0.public_value()));
    IkeKeys keys_i = must(initial_keys(*prf_i, inputs(kPrf), secret0.expose()));

    KeyExchangeInitiator ke1 = must(KeyExchangeInitiator::start(second, crypto()));
    const std::vector<uint8_t> request(ke1.public_value().begin(), ke1.public_value().end());
    const ResponderShare answer1 = must(respond(second, request, crypto()));
    responder.add_int_auth(keys_r, request, answer1.public_value());
    keys_r = must(next_generation(*prf_r, inputs(kPrf), keys_r, answer1.secret().expose()));
    const KeSecret secret1 = must(std::move(ke1).finish(answer1.public_value()));
    initiator.add_int_auth(keys_i, request, answer1.public_value());
    keys_i = must(next_generation(*prf_i, inputs(kPrf), keys_i, secret1.expose()));

    initiator.authenticate(keys_i);
    responder.authenticate(keys_r);
    if (!(initiator.auth_i == responder.auth_i) || !(initiator.auth_r == responder.auth_r) ||
        !(initiator.child.encryption_r == responder.child.encryption_r))
      std::abort();
  }
}

template <class Function, class... Arguments>
void add(const std::string& name, Function* function, Arguments... arguments) {
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { function(state, arguments...); });
}

}  // namespace

int main(int argc, char** argv) {
  for (PrfId id : kPrfs) {
    const std::string prf(name(id));
    add("prf/ready_key/" + prf, prf_ready_key, id);
    add("prf/new_key/" + prf, prf_new_key, id);
    add("keys/generation_0/" + prf, generation_0, id);
    add("keys/generation_1/" + prf, generation_1, id);
    add("keys/child/" + prf, child, id);
  }
  for (KeMethod method : kMethods) {
    const std::string ke(name(method));
    add("ke/start/" + ke, initiator_start, method);
    add("ke/respond/" + ke, responder_step, method);
    add("ke/finish/" + ke, initiator_finish, method);
  }
  for (KeMethod method : {KeMethod::kMlKem512, KeMethod::kMlKem768, KeMethod::kMlKem1024})
    add("handshake/x25519-" + std::string(name(method)), handshake, KeMethod::kX25519, method);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
