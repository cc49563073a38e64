#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Suites on emulated older x86-64 CPUs: one without AVX2, one without AVX-512. Each takes the tables that it can run,
and no instruction that it lacks. Usage: older_cpu_test.py KERNEL_TEST MLKEM_TEST"""

import os
import platform
import re
import shutil
import sys

from tap import Tap, run

# qemu's name, and the tables that must be skipped there.
CPUS = {'Nehalem': {'avx2', 'avx512'}, 'Haswell': {'avx512'}}
TABLES = {'avx2', 'avx512'}


def main():
    tap = Tap()
    qemu = shutil.which('qemu-x86_64') or shutil.which('qemu-x86_64-static')
    if platform.machine() != 'x86_64' or not qemu:
        tap.skip('older CPUs', 'not x86-64' if platform.machine() != 'x86_64' else 'no qemu-x86_64 (package qemu-user)')
        tap.done()
    # Without the tests that end lanes before a guard page: qemu 7.2 reads what vpmaskmovq masks out.
    programs = [(sys.argv[1], '*AgreesWithItsOracle*:*Features*:*KeccakTable.ComputesKnownAnswers*:*KeccakTable.PermutesZeros*'),
                (sys.argv[2], '*EveryTableGivesTheSameOctets:*PublicFunctionsEqualThePortableTables')]
    for cpu, missing in CPUS.items():
        for program, tests in programs:
            ran = run([qemu, '-cpu', cpu, program, f'--gtest_filter={tests}'])
            text = ran.stdout.decode()
            tap.check(ran.returncode == 0 and re.search(r'PASSED  \] [1-9]', text),
                      f'{os.path.basename(program)} on {cpu}', text[-2000:] + ran.stderr.decode()[-500:])
        text = run([qemu, '-cpu', cpu, sys.argv[1], f'--gtest_filter={programs[0][1]}']).stdout.decode()
        skipped = set(re.findall(r'this CPU lacks what (\w+) needs', text))
        tap.check(skipped & TABLES == missing & TABLES and skipped, f'{cpu} takes no table that it lacks the features of',
                  skipped)
    tap.done()


main()
