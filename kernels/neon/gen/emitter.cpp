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
#ifdef __ARM_FEATURE_PAC_DEFAULT
#define SIGN_RETURN_ADDRESS hint 25 ; .cfi_negate_ra_state
#define CHECK_RETURN_ADDRESS hint 29 ; .cfi_negate_ra_state
#else
#define SIGN_RETURN_ADDRESS hint 34
#define CHECK_RETURN_ADDRESS
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

}  // namespace

void Emitter::save(const char* pair, const Frame& frame) {
  const std::string prefix(1, frame.prefix);
  for (int i = 0; i < frame.count; i += 2)
    line("# ##, ##, [sp, #]", pair, prefix, frame.first + i, prefix, frame.first + i + 1,
         frame.offset + 8 * i);
}

// The return address is signed if it goes to memory, and if the build asks for that. (paciasp is a landing pad, too.)
void Emitter::begin(const std::string& name, const Frame& frame) {
  text_ += "\t.balign 64\n\t.globl SYMBOL(" + name + ")\n\tHIDDEN(" + name + ")\n\tTYPE_AND_SIZE(" + name +
           ")\nSYMBOL(" + name + "):\n";
  line(".cfi_startproc");
  line(frame.prefix == 'x' ? "SIGN_RETURN_ADDRESS" : "hint 34");  // bti c
  line("sub sp, sp, #", frame.bytes());
  line(".cfi_adjust_cfa_offset #", frame.bytes());
  save("stp", frame);
  for (int i = 0; i < frame.count; ++i) line(".cfi_rel_offset #, #", frame.dwarf + i, frame.offset + 8 * i);
}

void Emitter::end(const std::string& name, const Frame& frame) {
  save("ldp", frame);
  for (int i = 0; i < frame.count; ++i) line(".cfi_restore #", frame.dwarf + i);
  line("add sp, sp, #", frame.bytes());
  line(".cfi_adjust_cfa_offset -#", frame.bytes());
  if (frame.prefix == 'x') line("CHECK_RETURN_ADDRESS");
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
