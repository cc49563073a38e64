#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A debugger finds its way out of every x86 kernel: gdb stops at the first instruction, after each push and pop, in the
middle and at the return, and must name all callers up to main. Usage: backtrace_test.py KERNEL_TEST"""

import os
import platform
import re
import shutil
import sys
import tempfile

from tap import Tap, read, run, write


def places(program):
    """{kernel: offsets at which to stop}, from the disassembly."""
    found, name, start = {}, None, 0
    for line in run(['objdump', '-d', '--no-show-raw-insn', program]).stdout.decode().splitlines():
        head = re.match(r'^([0-9a-f]+) <(\w+)>:$', line)
        if head:
            name = head[2] if re.match(r'mlkem_\w+_(avx2|avx512|bmi)$', head[2]) else None
            start = int(head[1], 16)
        instruction = re.match(r'^ *([0-9a-f]+):\t(\w+)', line)
        if name and instruction:
            found.setdefault(name, []).append((int(instruction[1], 16) - start, instruction[2]))
    offsets = {}
    for name, code in found.items():
        code = code[:1 + max(i for i, (_, mnemonic) in enumerate(code) if mnemonic == 'ret')]  # without padding
        chosen = {0, code[len(code) // 2][0], code[-1][0]}
        chosen.update(after[0] for before, after in zip(code, code[1:]) if before[1] in ('endbr64', 'push', 'pop'))
        offsets[name] = sorted(chosen)
    return offsets


def main():
    tap, program = Tap(), os.path.abspath(sys.argv[1])
    for tool in ('gdb', 'objdump'):
        if not shutil.which(tool):
            tap.skip('backtraces', f'no {tool}')
            tap.done()
    flags = read('/proc/cpuinfo').decode() if platform.machine() == 'x86_64' else ''
    kernels = {name: offsets for name, offsets in places(program).items()
               if ('avx512_vbmi2' if name.endswith('avx512') else 'bmi2') in flags}
    if not kernels:
        tap.skip('backtraces', 'no kernel that this CPU can run')
        tap.done()
    wanted = {f'{name} + {offset}' if offset else name for name, offsets in kernels.items() for offset in offsets}
    # The program is loaded before the addresses are asked for.
    script = ['set pagination off', 'set width 0', 'starti']
    script += [f'tbreak *((char *)&{name} + {offset})' for name, offsets in kernels.items() for offset in offsets]
    script += ['continue', 'info symbol $pc', 'bt'] * len(wanted) + ['kill']
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'commands')
        write(path, '\n'.join(script).encode())
        ran = run(['gdb', '-nx', '-batch', '-x', path, '--args', program,
                   '--gtest_brief=1', '--gtest_filter=*AgreesWithItsOracle*:KeccakSponge*:*KeccakTable*:*Rejection*'])
    text = ran.stdout.decode()
    if 'ptrace: Operation not permitted' in text + ran.stderr.decode():
        tap.skip('backtraces', 'gdb may not trace here')
        tap.done()
    stops = re.split(r'^(mlkem_\w+(?: \+ \d+)?) in section \.text.*$', text, flags=re.MULTILINE)
    seen = dict(zip(stops[1::2], stops[2::2]))
    for name, offsets in sorted(kernels.items()):
        wrong = []
        for offset in offsets:
            place = f'{name} + {offset}' if offset else name
            frames = re.findall(r'^#(\d+) +(?:0x[0-9a-f]+ in )?(\S.*)$', seen.get(place, ''), re.MULTILINE)
            callers = [frame for _, frame in frames[1:]]
            if not (frames and frames[0][1].startswith(name) and any('TestBody' in caller for caller in callers)
                    and callers[-1].startswith('main') and not any('??' in caller for caller in callers)):
                wrong.append(f'{place}: {frames or "never reached"}')
        tap.check(not wrong, f'{name}: callers named from {len(offsets)} places', '\n'.join(wrong))
    if not seen:
        print('\n'.join('# ' + line for line in (text + ran.stderr.decode()).splitlines()[-20:]))
    tap.done()


main()
