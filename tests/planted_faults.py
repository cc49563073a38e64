#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every check of the kernels can fail: in a copy of the tree, plants one fault after the other and requires the check
that is there for it to notice, which it must not do in the tree as it is. Usage: planted_faults.py SOURCE_FOLDER
[NAME...] (only the faults whose names contain one of these)"""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

from tap import Tap, read, run, write

GEN = 'kernels/x86/gen/'
SAMPLING, KECCAK, PRODUCT = GEN + 'sampling_avx2.cpp', GEN + 'keccak_avx2.cpp', GEN + 'product_avx2.cpp'
CBD_2 = 'e.function("mlkem_cbd_2_avx2", [&] { cbd_2(e); });'
DECODE = 'e.function("mlkem_byte_decode_12_avx2", [&] { byte_decode_12(e); });'


def in_cbd_2(before='', after=''):
    """cbd_2(out in rdi, prf in rsi) with instructions more."""
    return [(SAMPLING, CBD_2, f'e.function("mlkem_cbd_2_avx2", [&] {{ {before} cbd_2(e); {after} }});')]


def suite(tests):
    """A check by kernel_test, which names the test that fails or dies of a signal."""
    return ('tests/kernel_test',), ['{build}/tests/kernel_test', '--gtest_brief=1', f'--gtest_filter={tests}']


def script(name, *programs):
    return (tuple(program.removeprefix('{build}/') for program in programs),
            [sys.executable, '{source}/tests/' + name, *programs])


AGREES = suite('*AgreesWithItsOracle*')
CODE = script('kernel_code_test.py', '{build}/kernels/libkernels.a', '{build}/libmlkem-ike.so.0')
SECRETS = (('tests/ct/ct_test',), ['valgrind', '-q', '--error-limit=no', '{build}/tests/ct/ct_test', '--gtest_brief=1',
                                   '--gtest_filter=*CtMlKem.Keygen*avx2_avx2_768'])

# What is wrong: [(file, text that is there once, text instead)], the check, and what it must say.
FAULTS = {
    'a wrong kernel output': (
        [(PRODUCT, 'e.vpaddw(r, r, a);', 'e.vpsubw(r, r, a);')],
        AGREES, r'ArithKernel.AgreesWithItsOracle/add_avx2'),
    'a store past the end of an output': (
        in_cbd_2(before='e.mov(e.word[e.rdi + 512], 1);'), AGREES, r'cbd_2_avx2'),
    'a load past the end of an input': (
        [(GEN + 'coding_avx2.cpp', DECODE, DECODE.replace('{ ', '{ e.movzx(e.eax, e.byte[e.rsi + 384]); ', 1))],
        AGREES, 'signal'),
    'an aligned store where the contract asks for no alignment': (
        [(GEN + 'coding_avx2.cpp', 'e.vmovdqu(e.ptr[out], Ymm(0));', 'e.vmovdqa(e.ptr[out], Ymm(0));')],
        AGREES, 'signal'),
    'a reduction that is wrong for one number in one place': (
        [('kernels/x86/avx2.cpp', '  mlkem_to_standard_avx2(p.c, &kProductConstants);',
          '  const bool wrong = p.c[37] == 12345;\n  mlkem_to_standard_avx2(p.c, &kProductConstants);\n'
          '  p.c[37] = int16_t(p.c[37] + wrong);')],
        suite('*KernelRanges*'), r'KernelRanges.\w*ToStandardReducesEveryNumber/avx2|KernelRanges.\w*ReduceEveryNumber/avx2'),
    'a compression that is wrong for one number in one place': (
        [('kernels/x86/avx2.cpp', '.compress_1 = mlkem_compress_1_avx2,',
          '.compress_1 = [](uint8_t* out, const Poly& p) noexcept {\n'
          '  mlkem_compress_1_avx2(out, p);\n  out[4] = uint8_t(out[4] ^ (p.c[37] == -832));\n},')],
        suite('*KernelRanges*'), r'KernelRanges.CompressIsExact/avx2'),
    'a layer without its reduction': (
        [(GEN + 'ntt_avx2.cpp', 'if (layer == 2)\n        for', 'if (layer == 3)\n        for')],
        suite('*NttRanges*'), r'NttRanges.InverseStays\w+/avx2'),
    'a saved register that is changed': (
        in_cbd_2(after='e.inc(e.r14);'), suite('Registers*'), r'Registers_Kernels.AreKept'),
    'scratch that is not wiped': (
        [(KECCAK, 'wide.wipe(out);', '')], suite('*Stack*'), r'KeccakStack.HoldsNothingOfTheStates/avx2'),
    'a selection that ignores XCR0': (
        [('kernels/dispatch.cpp', 'avx2 && all_of(features.xcr0, kXcr0Zmm) &&', 'avx2 &&')],
        suite('Selection*'), r'Selection.OperatingSystemMustSaveRegisters'),
    'a division': (
        in_cbd_2(before='e.vdivps(Xbyak::Ymm(0), Xbyak::Ymm(0), Xbyak::Ymm(0));'),
        CODE, r'not ok .*mlkem_cbd_2_avx2[^\n]*\n[^\n]*vdivps[^\n]*not allowed'),
    'an AVX-512 instruction in the AVX2 tier': (
        in_cbd_2(before='e.vpsravw(Xbyak::Ymm(0), Xbyak::Ymm(0), Xbyak::Ymm(0));'),
        CODE, r'mlkem_cbd_2_avx2: vpsravw[^\n]*: AVX-512'),
    'a branch on data outside _vartime': (
        in_cbd_2(before='Xbyak::Label next; e.mov(e.eax, e.ptr[e.rsi]); e.test(e.eax, e.eax); e.jz(next); e.L(next);'),
        CODE, r'mlkem_cbd_2_avx2: j[^\n]*a branch on data'),
    'an address made of data': (
        in_cbd_2(before='e.movzx(e.eax, e.byte[e.rsi]); e.mov(e.al, e.byte[e.rdi + e.rax]);'),
        CODE, r'mlkem_cbd_2_avx2: mov[^\n]*an address made of data'),
    'an address made of a secret, under valgrind': (
        in_cbd_2(before='e.movzx(e.eax, e.byte[e.rsi]); e.mov(e.al, e.byte[e.rdi + e.rax]);'),
        SECRETS, r'CtMlKem.KeygenIsConstantTime/avx2_avx2_768'),
    'an entry without endbr64': (
        [(GEN + 'emitter.hpp', '    endbr64();', '    if (functions_.back().name != "mlkem_cbd_2_avx2") endbr64();')],
        CODE, r'mlkem_cbd_2_avx2: does not begin with endbr64'),
    'no IBT and SHSTK note': (
        [(GEN + 'emitter.cpp', r'#ifdef __CET__\n#include <cet.h>\n#endif\n', '')],
        CODE, r'not ok \d+ - marked for IBT and SHSTK'),
    'an executable stack': (
        [(GEN + 'emitter.cpp', r'.note.GNU-stack,\"\"', r'.note.GNU-stack,\"x\"')],
        CODE, r'not ok \d+ - no executable stack'),
    'a push without call frame information': (
        [(KECCAK, '    one.parities(in).emit();\n    e.add', '    e.push(e.rax);\n    one.parities(in).emit();\n    e.add'),
         (KECCAK, '    one.wipe(out);', '    one.wipe(out);\n    e.pop(e.rax);')],
        script('backtrace_test.py', '{build}/tests/kernel_test'), r'not ok \d+ - mlkem_keccak_x1_bmi'),
    'memory that is writable and executable': (
        [('kernels/dispatch.cpp', '#include "kernels/kernels.hpp"', '#include <sys/mman.h>\n#include "kernels/kernels.hpp"'),
         ('kernels/dispatch.cpp', '  CpuFeatures features;\n',
          '  CpuFeatures features;\n  if (mmap(nullptr, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)\n'
          '    __builtin_trap();\n')],
        script('no_writable_code_test.py', '{build}/tests/kernel_test'), r'not ok \d+ - kernel_test passes under it'),
    'a table that older CPUs are given and cannot run': (
        [('kernels/x86/avx2_keccak.cpp', '.needs = Isa::kAvx2', '.needs = Isa::kNone')],
        script('older_cpu_test.py', '{build}/tests/kernel_test', '{build}/tests/mlkem_test'),
        r'not ok \d+ - kernel_test on Nehalem'),
}


class Copy:
    """The tree, its build, and the checks."""

    def __init__(self, original, folder):
        self.places = {'source': os.path.join(folder, 'source'), 'build': os.path.join(folder, 'build')}
        shutil.copytree(original, self.places['source'], ignore=shutil.ignore_patterns('build*', '.git', '__pycache__'))
        self.call(['meson', 'setup', self.places['build'], self.places['source'], '-Dikev2=false', '-Dbench=disabled'])

    @staticmethod
    def call(command):
        done = run(command, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout.decode()[-2000:]}")

    def edit(self, edits):
        """Makes the replacements; returns the files as they were."""
        before, after = {}, {}
        for path, old, new in edits:
            path = os.path.join(self.places['source'], path)
            before.setdefault(path, read(path).decode())
            text = after.get(path, before[path])
            if text.count(old) != 1:
                raise RuntimeError(f'{path}: {old!r} is there {text.count(old)} times, not once')
            after[path] = text.replace(old, new)
        for path, text in after.items():
            write(path, text.encode())
        return before

    def check(self, check):
        """Builds and runs it: (whether it passed, what it said)."""
        targets, command = check
        self.call(['ninja', '-C', self.places['build'], *targets])
        done = run([part.format(**self.places) for part in command], stderr=subprocess.STDOUT,
                   env={**os.environ, 'PYTHONDONTWRITEBYTECODE': '1'})
        said = done.stdout.decode(errors='replace') + ('\nsignal' if done.returncode < 0 else '')
        return done.returncode == 0, said


def program_of(check):
    """The test program or script of a check."""
    return os.path.basename(next(part for part in check[1] if 'tests/' in part))


def main():
    tap, wanted = Tap(), sys.argv[2:]
    missing = [tool for tool in ('meson', 'ninja', 'objdump', 'gdb', 'qemu-x86_64', 'valgrind') if not shutil.which(tool)]
    if platform.machine() != 'x86_64' or missing or b' avx2 ' not in read('/proc/cpuinfo'):
        tap.skip('planted faults', f'missing: {missing or "a CPU with AVX2"}')
        tap.done()
    faults = {name: fault for name, fault in FAULTS.items() if not wanted or any(part in name for part in wanted)}
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(os.path.abspath(sys.argv[1]), folder)
        for check in {str(fault[1]): fault[1] for fault in faults.values()}.values():
            passed, said = copy.check(check)
            tap.check(passed and not re.search('^not ok', said, re.MULTILINE),
                      f'the tree as it is passes {program_of(check)} {check[1][-1].rpartition("=")[2]}'.replace('{build}/', ''),
                      said[-2000:])
        for name, (edits, check, expected) in faults.items():
            before = {}
            try:
                before = copy.edit(edits)
                passed, said = copy.check(check)
                noticed = re.search(expected, said)
                by = re.sub(r'^not ok \d+ - ', '', noticed[0].splitlines()[0]) if noticed else 'nobody'
                tap.check(not passed and noticed, f'{name} -> {program_of(check)}: {by}', said[-2000:])
            except RuntimeError as error:
                tap.check(False, name, error)
            for path, text in before.items():
                write(path, text.encode())
    tap.done()


main()
