// SPDX-License-Identifier: Apache-2.0
// What every generated kernel shares: functions with names, sizes and call frame information in one assembler
// file. The generator runs on the build machine and maps nothing executable.
#pragma once

#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <vector>

#include <xbyak/xbyak.h>

namespace mlkem::gen {

class Emitter : public Xbyak::CodeGenerator {
 public:
  Emitter() : CodeGenerator(sizeof code_, code_) {}

  // Emits a function in the System V calling convention. `body` leaves registers that belong to the caller as
  // they are: see with_saved().
  template <class Body>
  void function(const char* name, Body body) {
    align(kAlignment);
    Function made{name, getSize(), 0, {}};
    functions_.push_back(made);
    endbr64();
    body();
    vzeroupper();
    ret();
    functions_.back().end = getSize();
    if (Xbyak::GetError() != 0 && !wrong_) wrong_ = name;
  }

  // Runs `body` with these callee-saved registers free to use and `bytes` of stack, a multiple of 64, aligned to
  // 64, below rsp.
  template <class Body>
  void with_saved(std::initializer_list<Xbyak::Reg64> saved, Body body) {
    for (const Xbyak::Reg64& reg : saved) {
      push(reg);
      frame(".cfi_adjust_cfa_offset 8");
      frame(".cfi_rel_offset " + std::string(reg.toString()) + ", 0");
    }
    body();
    for (const Xbyak::Reg64* reg = saved.end(); reg-- != saved.begin();) {
      pop(*reg);
      frame(".cfi_adjust_cfa_offset -8");
      frame(".cfi_restore " + std::string(reg->toString()));
    }
  }

  // Writes the assembler file. False, with a message on standard error, if anything went wrong.
  bool write(const char* path) const;

 private:
  struct Directive {
    size_t at;
    std::string text;
  };
  struct Function {
    std::string name;
    size_t begin, end;
    std::vector<Directive> directives;
  };

  // Call frame information that holds from here on.
  void frame(std::string directive) {
    functions_.back().directives.push_back({getSize(), std::move(directive)});
  }
  void write(std::FILE* file, const Function& function) const;

  static constexpr size_t kAlignment = 64;
  alignas(4096) static inline uint8_t code_[1 << 20];
  std::vector<Function> functions_;
  const char* wrong_ = nullptr;  // the function with the first instruction that can't be encoded
};

}  // namespace mlkem::gen
