// SPDX-License-Identifier: Apache-2.0
// What every generated AArch64 kernel shares: assembler text, functions with names, sizes and call frame information.
// For what compilers spill to the stack, where nobody could wipe it.
#pragma once

#include <cstdio>
#include <string>
#include <type_traits>

namespace mlkem::gen {

class Emitter {
 public:
  // One instruction or directive; each '#' in `text` stands for the next operand.
  template <class... Operands>
  void line(const char* text, const Operands&... operands) {
    text_ += '\t';
    replace(text, operands...);
    text_ += '\n';
  }
  void label(const std::string& name) { text_ += name + ":\n"; }

  // Emits a function in the procedure call standard of AArch64. `body` may use all vector registers, and of the general
  // ones x0 to x17.
  template <class Body>
  void vector_function(const std::string& name, Body body) {
    begin(name, kVectors);
    body();
    end(name, kVectors);
  }
  // The same for one that may use all general registers but x18, which is the platform's, and no vector registers. It
  // has kLocalBytes of stack at sp.
  template <class Body>
  void general_function(const std::string& name, Body body) {
    begin(name, kGeneral);
    body();
    end(name, kGeneral);
  }
  static constexpr int kLocalBytes = 16;

  // Writes the assembler file. False, with a message on standard error, if anything went wrong.
  bool write(const char* path) const;

 private:
  void replace(const char* text) { text_ += text; }
  template <class First, class... Rest>
  void replace(const char* text, const First& first, const Rest&... rest) {
    while (*text != '#') text_ += *text++;
    if constexpr (std::is_integral_v<First>)
      text_ += std::to_string(first);
    else
      text_ += first;
    replace(text + 1, rest...);
  }
  // Callee-saved registers and where they lie.
  struct Frame {
    char prefix;
    int first, count, dwarf, offset;
    int bytes() const { return offset + 8 * count; }
  };
  static constexpr int kDwarfVector = 64;                              // DWARF for AArch64, section 4.1
  static constexpr Frame kVectors = {'d', 8, 8, kDwarfVector + 8, 0};  // lower halves of v8 to v15
  static constexpr Frame kGeneral = {'x', 19, 12, 19, kLocalBytes};

  void begin(const std::string& name, const Frame& frame);
  void end(const std::string& name, const Frame& frame);
  void save(const char* pair, const Frame& frame);

  std::string text_;
};

}  // namespace mlkem::gen
