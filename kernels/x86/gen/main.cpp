// SPDX-License-Identifier: Apache-2.0
// Generates the x86-64 kernels: one assembler file, named on the command line.
#include "kernels/x86/gen/kernels.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: x86_kernels OUTPUT.S\n", stderr);
    return 2;
  }
  mlkem::gen::Emitter emitter;
  mlkem::gen::coding_avx2(emitter);
  mlkem::gen::coding_avx512(emitter);
  mlkem::gen::keccak_avx2(emitter);
  mlkem::gen::keccak_avx512(emitter);
  mlkem::gen::lanes_avx2(emitter);
  mlkem::gen::lanes_avx512(emitter);
  mlkem::gen::ntt_avx2(emitter);
  mlkem::gen::ntt_avx512(emitter);
  mlkem::gen::product_avx2(emitter);
  mlkem::gen::product_avx512(emitter);
  mlkem::gen::sampling_avx2(emitter);
  return emitter.write(argv[1]) ? 0 : 1;
}
