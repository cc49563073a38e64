#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Suites run where the kernel refuses memory that is writable and executable (PR_SET_MDWE, Linux 6.3): nothing in the
library generates code when it runs. Usage: no_writable_code_test.py PROGRAM..."""

import ctypes
import mmap
import os
import sys

from tap import Tap, run

PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1


def refuse():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0:
        os._exit(77)


def main():
    tap = Tap()
    probe = run([sys.executable, '-c', 'import mmap; mmap.mmap(-1, 4096, prot=7)'], preexec_fn=refuse)
    if probe.returncode == 77:
        tap.skip('no writable code', 'this Linux has no PR_SET_MDWE (6.3)')
        tap.done()
    tap.check(b'PermissionError' in probe.stderr, 'writable and executable memory is refused', probe.stderr.decode())
    allowed = mmap.mmap(-1, 4096, prot=7)
    tap.check(len(allowed) == 4096, 'and allowed without that setting')
    for program in sys.argv[1:]:
        ran = run([program, '--gtest_brief=1', '--gtest_filter=-*Accumulated*'], preexec_fn=refuse)
        tap.check(ran.returncode == 0 and b'PASSED' in ran.stdout, f'{os.path.basename(program)} passes under it',
                  ran.stdout.decode()[-2000:])
    tap.done()


main()
