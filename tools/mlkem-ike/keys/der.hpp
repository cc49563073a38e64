// SPDX-License-Identifier: Apache-2.0
// As much of DER (X.690, section 10) as key files need: elements with one-octet tags and definite, minimal
// lengths.
#pragma once

#include <initializer_list>
#include <string>

#include "tools/mlkem-ike/io/wiped_buffer.hpp"
#include "tools/mlkem-ike/keys/first_error.hpp"

namespace mlkem::cli::der {

enum Tag : uint8_t {
  kInteger = 0x02,
  kBitString = 0x03,
  kOctetString = 0x04,
  kObjectIdentifier = 0x06,
  kSequence = 0x30,
  kContextPrimitive = 0x80,    // [0] IMPLICIT of a primitive type; plus the number of other tags
  kContextConstructed = 0xa0,  // [0] of a constructed type
};

// Reads the elements of one constructed value (or of a file) one after the other. All readers of one file
// share an error; once there is one, they read nothing but empty elements. Spans point into the caller's
// octets.
class Reader {
 public:
  Reader(Octets octets, FirstError& error) : rest_(octets), error_(&error) {}

  // True if the next element has this tag.
  bool next_is(uint8_t tag) const { return !*error_ && !rest_.empty() && rest_[0] == tag; }
  // The content of the next element, which must have this tag; `field` names it in errors.
  Octets take(uint8_t tag, const char* field);
  // The same for elements that contain others.
  Reader enter(uint8_t tag, const char* field) { return Reader(take(tag, field), *error_); }
  // Reports what comes after the last element that `field` may have.
  void finish(const char* field);

 private:
  Octets rest_;
  FirstError* error_;
};

// "2.16.840.1.101.3.4.4.1" for the content of an OBJECT IDENTIFIER; "malformed" where it is none.
std::string dotted(Octets object_identifier);

// One element: tag, length, the concatenation of `parts`.
WipedBuffer element(uint8_t tag, std::initializer_list<Octets> parts);

}  // namespace mlkem::cli::der
