// SPDX-License-Identifier: Apache-2.0
// What a function of the IKEv2 layer returns when it can fail: a value, or an error that says whose fault it
// is and what to tell the peer.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>

#include "mlkem-ike/ikev2/numbers.hpp"

namespace mlkem::ikev2 {

enum class ErrorKind : uint8_t {
  kMisuse,  // the caller's fault: a wrong argument or order of calls
  kPeer,    // the peer's fault: `notify` is the answer that the protocol asks for
  kCrypto,  // the crypto library, the random source or memory failed
};

struct Error {
  ErrorKind kind;
  NotifyType notify;        // kPeer: what to send, where an answer is due at all; kNone otherwise
  const char* message;      // one line of English without secrets, static storage
  uint8_t notify_data = 0;  // kUnsupportedCriticalPayload: the payload's type, which is that notify's data
};

constexpr Error misuse(const char* message) {
  return {ErrorKind::kMisuse, NotifyType::kNone, message};
}
constexpr Error peer_fault(NotifyType notify, const char* message) {
  return {ErrorKind::kPeer, notify, message};
}
constexpr Error crypto_failure(const char* message) {
  return {ErrorKind::kCrypto, NotifyType::kNone, message};
}

// A T or an Error. Asking for the one that is not there ends the program.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Error error) : error_(error) {}

  explicit operator bool() const { return value_.has_value(); }

  T& operator*() & {
    require(value_.has_value());
    return *value_;
  }
  const T& operator*() const& {
    require(value_.has_value());
    return *value_;
  }
  T&& operator*() && {
    require(value_.has_value());
    return std::move(*value_);
  }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }

  const Error& error() const {
    require(!value_.has_value());
    return error_;
  }

 private:
  static void require(bool condition) {
    if (!condition) std::abort();
  }

  std::optional<T> value_;
  Error error_{};
};

// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(error) {}

  explicit operator bool() const { return !error_.has_value(); }
  const Error& error() const {
    if (!error_) std::abort();
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace mlkem::ikev2
