// SPDX-License-Identifier: Apache-2.0
// Key exchange methods in two roles, ML-KEM through lib and the classical ones through Crypto, with the
// recipient tests of draft-ietf-ipsecme-ikev2-mlkem, RFC 8031 (section 3.2) and RFC 6989.
#include "mlkem-ike/ikev2/key_exchange.hpp"

#include <new>

namespace mlkem::ikev2 {
namespace {

constexpr size_t kX25519Bytes = 32;

Error wrong_length() {
  return peer_fault(NotifyType::kInvalidSyntax, "key exchange data has the wrong length");
}

// Makes the secret of a classical method. The top bit of X25519: RFC 8031, section 3.2; all-zero results: RFC
// 7748, section 6.
Result<KeSecret> derive_classical(KeMethod method, ClassicalKey& key, Octets peer_value) {
  KeSecret secret;
  std::array<uint8_t, kX25519Bytes> masked;
  if (method == KeMethod::kX25519) {
    std::memcpy(masked.data(), peer_value.data(), masked.size());
    masked.back() &= 0x7f;
    peer_value = masked;
  }
  if (Result<void> derived = key.derive(peer_value, secret); !derived) return derived.error();
  if (secret.size() != sizes(method).secret) return crypto_failure("shared secret has the wrong length");
  if (method == KeMethod::kX25519 || method == KeMethod::kX448) {
    KeSecret zeros;
    (void)zeros.resize(secret.size());
    if (secret == zeros) return peer_fault(NotifyType::kInvalidSyntax, "the peer's point is of low order");
  }
  return secret;
}

Result<KeSecret> copy_secret(const SharedSecret& shared) {
  KeSecret secret;
  (void)secret.assign(shared.expose());
  return secret;
}

Result<void> encapsulated(Status status) {
  if (status == Status::kEk)
    return peer_fault(NotifyType::kInvalidSyntax, "encapsulation key has a coefficient that is not below q");
  if (status != Status::kOk) return crypto_failure("no randomness for ML-KEM");
  return {};
}

template <class Set>
Result<KeSecret> encapsulate(Octets ek, std::span<uint8_t> out_ct, RandomSource random) {
  SharedSecret shared;
  const Status status = encaps<Set>(out_ct.first<Set::kCtBytes>(), shared, ek.first<Set::kEkBytes>(), random);
  if (const Result<void> done = encapsulated(status); !done) return done.error();
  return copy_secret(shared);
}

// The length of ek is checked before.
Result<KeSecret> encapsulate(KeMethod method, Octets ek, std::span<uint8_t> out_ct, RandomSource random) {
  switch (method) {
    case KeMethod::kMlKem512:
      return encapsulate<MlKem512>(ek, out_ct, random);
    case KeMethod::kMlKem768:
      return encapsulate<MlKem768>(ek, out_ct, random);
    default:
      return encapsulate<MlKem1024>(ek, out_ct, random);
  }
}

}  // namespace

struct KeyExchangeInitiator::Key {
  virtual ~Key() = default;
  virtual Octets public_value() const noexcept = 0;
  // The length of peer_value is checked before.
  virtual Result<KeSecret> finish(Octets peer_value) noexcept = 0;
};

struct KeyExchangeInitiator::Classical final : Key {
  Classical(KeMethod key_method, std::unique_ptr<ClassicalKey> classical_key)
      : method(key_method), key(std::move(classical_key)) {}

  Octets public_value() const noexcept override { return key->public_value(); }
  Result<KeSecret> finish(Octets peer_value) noexcept override {
    return derive_classical(method, *key, peer_value);
  }

  KeMethod method;
  std::unique_ptr<ClassicalKey> key;
};

// Keeps the expanded key: the matrix A serves key generation and the one decapsulation.
template <class Set>
struct KeyExchangeInitiator::MlKem final : Key {
  static Result<KeyExchangeInitiator> start(KeMethod method, RandomSource random) {
    std::unique_ptr<MlKem> made(new (std::nothrow) MlKem);
    if (!made) return crypto_failure("no memory for an ML-KEM key");
    if (made->key.generate(random) != Status::kOk) return crypto_failure("no randomness for ML-KEM");
    return KeyExchangeInitiator(method, std::move(made));
  }

  Octets public_value() const noexcept override { return key.ek(); }
  Result<KeSecret> finish(Octets peer_value) noexcept override {
    SharedSecret shared;
    if (key.decaps(shared, peer_value.first<Set::kCtBytes>()) != Status::kOk)
      return crypto_failure("ML-KEM key is damaged");
    return copy_secret(shared);
  }

  ExpandedKey<Set> key;
};

KeyExchangeInitiator::KeyExchangeInitiator(KeMethod method, std::unique_ptr<Key> key) noexcept
    : method_(method), key_(std::move(key)) {}
KeyExchangeInitiator::KeyExchangeInitiator(KeyExchangeInitiator&&) noexcept = default;
KeyExchangeInitiator& KeyExchangeInitiator::operator=(KeyExchangeInitiator&&) noexcept = default;
KeyExchangeInitiator::~KeyExchangeInitiator() = default;

Result<KeyExchangeInitiator> KeyExchangeInitiator::start(KeMethod method, Crypto& crypto) noexcept {
  switch (method) {
    case KeMethod::kMlKem512:
      return MlKem<MlKem512>::start(method, crypto.random());
    case KeMethod::kMlKem768:
      return MlKem<MlKem768>::start(method, crypto.random());
    case KeMethod::kMlKem1024:
      return MlKem<MlKem1024>::start(method, crypto.random());
    default:
      break;
  }
  Result<std::unique_ptr<ClassicalKey>> key = crypto.generate_key(method);
  if (!key) return key.error();
  if ((*key)->public_value().size() != sizes(method).initiator_value)
    return crypto_failure("public value has the wrong length");
  std::unique_ptr<Key> classical(new (std::nothrow) Classical(method, *std::move(key)));
  if (!classical) return crypto_failure("no memory for a key exchange");
  return KeyExchangeInitiator(method, std::move(classical));
}

Octets KeyExchangeInitiator::public_value() const noexcept {
  return key_ ? key_->public_value() : Octets();
}

Result<KeSecret> KeyExchangeInitiator::finish(Octets peer_value) && noexcept {
  Result<KeSecret> secret = finish_unless_faulty(peer_value);
  key_.reset();
  return secret;
}

Result<KeSecret> KeyExchangeInitiator::finish_unless_faulty(Octets peer_value) noexcept {
  if (!key_) return misuse("this key exchange is finished already");
  if (peer_value.size() != sizes(method_).responder_value) return wrong_length();
  Result<KeSecret> secret = key_->finish(peer_value);
  if (secret || secret.error().kind != ErrorKind::kPeer) key_.reset();
  return secret;
}

Result<ResponderShare> respond(KeMethod method, Octets peer_value, Crypto& crypto) noexcept {
  const KeSizes size = sizes(method);
  if (size.secret == 0) return misuse("unknown key exchange method");
  if (peer_value.size() != size.initiator_value) return wrong_length();

  ResponderShare share;
  share.value_bytes_ = uint16_t(size.responder_value);
  const std::span<uint8_t> value = std::span(share.value_).first(size.responder_value);
  if (is_ml_kem(method)) {
    Result<KeSecret> secret = encapsulate(method, peer_value, value, crypto.random());
    if (!secret) return secret.error();
    share.secret_ = *std::move(secret);
    return share;
  }
  Result<std::unique_ptr<ClassicalKey>> key = crypto.generate_key(method);
  if (!key) return key.error();
  const Octets own_value = (*key)->public_value();
  if (own_value.size() != value.size()) return crypto_failure("public value has the wrong length");
  std::memcpy(value.data(), own_value.data(), value.size());
  Result<KeSecret> secret = derive_classical(method, **key, peer_value);
  if (!secret) return secret.error();
  share.secret_ = *std::move(secret);
  return share;
}

template <class Set>
void respond_with(std::span<RespondJob> jobs, Crypto& crypto) noexcept {
  std::array<EncapsJob<Set>, kMaxRespondJobs> batch;
  std::array<SharedSecret, kMaxRespondJobs> secrets;
  std::array<RespondJob*, kMaxRespondJobs> owners;
  size_t count = 0;
  for (RespondJob& job : jobs) {
    if (count == batch.size()) break;
    if (job.peer_value.size() != Set::kEkBytes) {
      *job.out_share = wrong_length();
      continue;
    }
    *job.out_share = ResponderShare();
    ResponderShare& share = **job.out_share;
    share.value_bytes_ = uint16_t(Set::kCtBytes);
    batch[count] = {share.value_.data(), secrets[count].expose_mutable().data(), job.peer_value.data(),
                    nullptr, Status::kRandom};
    owners[count++] = &job;
  }
  // Every job carries its own status.
  (void)encaps_batch<Set>(std::span(batch).first(count), crypto.random());
  for (size_t i = 0; i < count; ++i) {
    Result<ResponderShare>& result = *owners[i]->out_share;
    if (const Result<void> done = encapsulated(batch[i].status); !done)
      result = done.error();
    else
      (void)result->secret_.assign(secrets[i].expose());
  }
}

void respond_batch(KeMethod ml_kem, std::span<RespondJob> jobs, Crypto& crypto) noexcept {
  switch (ml_kem) {
    case KeMethod::kMlKem512:
      return respond_with<MlKem512>(jobs, crypto);
    case KeMethod::kMlKem768:
      return respond_with<MlKem768>(jobs, crypto);
    case KeMethod::kMlKem1024:
      return respond_with<MlKem1024>(jobs, crypto);
    default:
      for (RespondJob& job : jobs) *job.out_share = misuse("not an ML-KEM set");
  }
}

}  // namespace mlkem::ikev2
