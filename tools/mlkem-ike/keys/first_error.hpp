// SPDX-License-Identifier: Apache-2.0
// How the readers of key files fail: the first thing that is wrong is kept, and reading goes on over nothing.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace mlkem::cli {

// Empty until something is wrong; then which field and why, never a secret.
class FirstError {
 public:
  void report(std::string text) {
    if (text_.empty()) text_ = std::move(text);
  }
  explicit operator bool() const { return !text_.empty(); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// A T, or what was wrong with the octets that should have held one.
template <class T>
class [[nodiscard]] Parsed {
 public:
  Parsed(T value) : value_(std::move(value)) {}
  Parsed(FirstError error) : error_(std::move(error)) {}

  explicit operator bool() const { return value_.has_value(); }
  // Only where there is a value.
  T& operator*() { return value_.value(); }
  T* operator->() { return &value_.value(); }
  // Empty where there is a value.
  const std::string& error() const { return error_.text(); }

 private:
  std::optional<T> value_;
  FirstError error_;
};

}  // namespace mlkem::cli
