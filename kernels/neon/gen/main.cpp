// SPDX-License-Identifier: Apache-2.0
// Generates the AArch64 kernels: one assembler file, named on the command line.
#include "kernels/neon/gen/kernels.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: neon_kernels OUTPUT.S\n", stderr);
    return 2;
  }
  mlkem::gen::Emitter emitter;
  mlkem::gen::keccak_x1(emitter);
  mlkem::gen::keccak_x2(emitter);
  return emitter.write(argv[1]) ? 0 : 1;
}
