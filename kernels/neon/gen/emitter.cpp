// SPDX-License-Identifier: Apache-2.0
// Writes the frame of a kernel and of the assembler file.
#include "kernels/neon/gen/emitter.hpp"

namespace mlkem::gen {
namespace {

// Names as C has them, and what Mach-O has no word for. The note says that every entry has its landing pad: -mbranch-
// protection of the build decides.
constexpr const char* kProlog = R"(#ifdef __APPLE__
#define SYMBOL(name) _##name
#define TYPE_AND_SIZE(name)
#define HIDDEN(name) .private_extern SYMBOL(name)
#else
#define SYMBOL(name) name
#define TYPE_AND_SIZE(name) .type name, %function ; .size name, .L##name##_end - name
#define HIDDEN(name) .hidden name
#endif
)";
constexpr const char* kEpilog = R"(#ifdef __ELF__
	.section .note.GNU-stack,"",%progbits
#ifdef __ARM_FEATURE_BTI_DEFAULT
	.section .note.gnu.property,"a"
	.balign 8
	.long 4, 16, 5
	.asciz "GNU"
	.long 0xc0000000, 4, 3, 0
#endif
#endif
)";

constexpr int kSavedVector = 8;      // v8 to v15 belong to the caller, in their lower halves
constexpr int kDwarfVector = 64;     // DWARF for AArch64, section 4.1
constexpr int kSavedPairBytes = 16;  // two of them

}  // namespace

void Emitter::begin(const std::string& name) {
  text_ += "\t.balign 64\n\t.globl SYMBOL(" + name + ")\n\tHIDDEN(" + name + ")\n\tTYPE_AND_SIZE(" + name +
           ")\nSYMBOL(" + name + "):\n";
  line(".cfi_startproc");
  line("hint 34");  // bti c
  line("stp d8, d9, [sp, -64]!");
  line(".cfi_adjust_cfa_offset 64");
  for (int pair = 1; pair < 4; ++pair)
    line("stp d#, d#, [sp, #]", kSavedVector + 2 * pair, kSavedVector + 2 * pair + 1, pair * kSavedPairBytes);
  for (int i = 0; i < 8; ++i) line(".cfi_rel_offset #, #", kDwarfVector + kSavedVector + i, 8 * i);
}

void Emitter::end(const std::string& name) {
  for (int pair = 3; pair > 0; --pair)
    line("ldp d#, d#, [sp, #]", kSavedVector + 2 * pair, kSavedVector + 2 * pair + 1, pair * kSavedPairBytes);
  line("ldp d8, d9, [sp], 64");
  line(".cfi_adjust_cfa_offset -64");
  for (int i = 0; i < 8; ++i) line(".cfi_restore #", kDwarfVector + kSavedVector + i);
  line("ret");
  line(".cfi_endproc");
  label(".L" + name + "_end");
}

bool Emitter::write(const char* path) const {
  std::FILE* file = std::fopen(path, "w");
  if (!file) {
    std::perror(path);
    return false;
  }
  std::fputs(kProlog, file);
  std::fputs("\t.text\n", file);
  std::fputs(text_.c_str(), file);
  std::fputs(kEpilog, file);
  const bool written = std::ferror(file) == 0;
  if (std::fclose(file) == 0 && written) return true;
  std::perror(path);
  return false;
}

}  // namespace mlkem::gen
