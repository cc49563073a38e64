// SPDX-License-Identifier: Apache-2.0
// Writes machine code as octets for the assembler.
#include "kernels/x86/gen/emitter.hpp"

namespace mlkem::gen {

void Emitter::write(std::FILE* file, const Function& function) const {
  const char* name = function.name.c_str();
  std::fprintf(file,
               "\t.balign %zu\n\t.globl %s\n\t.hidden %s\n\t.type %s, @function\n%s:\n\t.cfi_startproc\n",
               kAlignment, name, name, name, name);
  auto directive = function.directives.begin();
  size_t column = 0;
  for (size_t i = function.begin; i < function.end; ++i) {
    for (; directive != function.directives.end() && directive->at == i; ++directive, column = 0)
      std::fprintf(file, "%s\t%s", column != 0 ? "\n" : "", (directive->text + "\n").c_str());
    std::fprintf(file, "%s0x%02x", column == 0 ? "\t.byte " : ",", getCode()[i]);
    column = (column + 1) % 16;
    if (column == 0) std::fputs("\n", file);
  }
  std::fprintf(file, "%s\t.cfi_endproc\n\t.size %s, .-%s\n", column != 0 ? "\n" : "", name, name);
}

bool Emitter::write(const char* path) const {
  // XBYAK_NO_EXCEPTION: an instruction that can't be encoded leaves its error here.
  if (const int error = Xbyak::GetError(); error != 0 || hasUndefinedLabel()) {
    std::fprintf(stderr, "x86 kernels: %s: %s\n", wrong_ ? wrong_ : "labels",
                 error ? Xbyak::ConvertErrorToString(error) : "one is not defined");
    return false;
  }
  std::FILE* file = std::fopen(path, "w");
  if (!file) {
    std::perror(path);
    return false;
  }
  std::fputs("\t.text\n", file);
  for (const Function& function : functions_) write(file, function);
  // What <cet.h> adds says that every entry has its endbr64 and that the shadow stack is respected.
  std::fputs("\t.section .note.GNU-stack,\"\",@progbits\n#ifdef __CET__\n#include <cet.h>\n#endif\n", file);
  const bool written = std::ferror(file) == 0;
  if (std::fclose(file) == 0 && written) return true;
  std::perror(path);
  return false;
}

}  // namespace mlkem::gen
