#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The machine code of the x86 kernels: named functions with sizes, the instructions that their tier may use, no branch
and no address that depends on secrets, control-flow marks, no relocation and no executable stack.
Usage: kernel_code_test.py LIBRARY (an archive with the assembled kernels) SHARED_LIBRARY"""

import os
import re
import shutil
import sys
import tempfile

from tap import Tap, run

# General instructions. Those that read or set flags in constant time only; div and the like are missing on purpose.
GENERAL = set('''add and andn blsi blsr bzhi cmova cmovb cmove dec endbr64 imul lea mov movabs movzx neg not or pdep pext pop
 push ret rol ror rorx sar sete setne shl shlx shr shrx sub test tzcnt xor'''.split())
BRANCHES = {'jmp', 'ja', 'jae', 'jb', 'jbe', 'je', 'jne', 'cmp'}
PADDING = {'nop', 'data16', 'xchg', 'cs'}
# popcnt is on every CPU with AVX-512, though not in the feature list of the AVX2 tier.
AVX512_GENERAL = {'kandnb', 'kmovb', 'kmovd', 'kmovq', 'korb', 'popcnt'}
# Times of these depend on their operands, or they are slow enough to be a mistake.
FORBIDDEN_VECTOR = re.compile(r'v?(div|sqrt|gather|scatter|pgather|pscatter|maskmov|pcmp[ei]str|rcp|rsqrt)')
VARIABLE_TIME = re.compile(r'_vartime_')
EVEX = '62'  # the prefix of every AVX-512 instruction on vectors
# These read public numbers and pointers out of their second argument: what enters or leaves which lane. The masks that
# the first of them makes of these come out of registers that never hold a state.
LANES = re.compile(r'mlkem_(keccak_x8|absorb|squeeze)_')
PUBLIC_VECTOR = re.compile(r'\b[xyz]mm(2[5-9]|3[01])\b')


def functions(listing):
    """{name: [(mnemonic, operands, first octet)]} of objdump's listing."""
    found, current = {}, None
    for line in listing.splitlines():
        head = re.match(r'^[0-9a-f]+ <(\w+)>:$', line)
        if head:
            current = found.setdefault(head[1], [])
            continue
        fields = line.split('\t')
        if current is None or len(fields) < 3:  # the rest of a long instruction's octets
            continue
        words = fields[2].split(None, 1)
        while words and words[0] in ('notrack', 'bnd', 'rex.W'):
            words = words[1].split(None, 1)
        current.append((words[0], words[1].strip() if len(words) > 1 else '', fields[1].split()[0]))
    return {name: code for name, code in found.items() if name.startswith('mlkem_')}


def registers(operands):
    """The general registers in these operands, each by one name whatever its width."""
    names = re.findall(r'\b[re]?([abcd][xhl]|[sd]il?|[sb]pl?|r\d+)[dwb]?\b', operands)
    return {re.sub(r'^([abcd])[xhl]$', r'\1x', name).removesuffix('l') for name in names}


def sets_flags(mnemonic):
    return mnemonic in {'add', 'and', 'andn', 'bzhi', 'cmp', 'dec', 'imul', 'inc', 'neg', 'or', 'shl', 'shr', 'sub', 'test',
                        'xor', 'popcnt', 'vptest'}


def loads_data(mnemonic, operands, of_lanes):
    """A general register that is written with what may be data; the stack holds arguments."""
    first, _, rest = operands.partition(',')
    if of_lanes and (mnemonic.startswith('kmov') or re.search(r'\[rsi\b', rest)):
        return False
    if '[' in first or not registers(first) or re.match(r'[xyz]mm|k[0-7]', first):
        return False
    return '[' in rest and mnemonic != 'lea' and '[rsp' not in rest or re.search(r'mm\d|\bk[0-7]\b', rest) is not None


def faults(name, code):
    """What is wrong with one function, instruction by instruction."""
    avx512 = 'avx512' in name
    of_lanes = LANES.search(name) is not None
    data = set().union(*(registers(operands.split(',')[0]) for mnemonic, operands, _ in code
                         if loads_data(mnemonic, operands, of_lanes)))
    for place, (mnemonic, operands, first_octet) in enumerate(code):
        text = f'{name}: {mnemonic} {operands}'
        if mnemonic in PADDING:
            continue
        if mnemonic.startswith('v'):
            if FORBIDDEN_VECTOR.match(mnemonic):
                yield f'{text}: not allowed'
            if not avx512 and first_octet == EVEX:
                yield f'{text}: AVX-512'
        elif mnemonic not in GENERAL | BRANCHES | (AVX512_GENERAL if avx512 else set()):
            yield f'{text}: not allowed'
        if VARIABLE_TIME.search(name):
            continue
        # Branches look at counters and lengths, and addresses are made of them and of arguments: never of what came
        # out of memory or out of a vector.
        if mnemonic in BRANCHES - {'cmp', 'jmp'}:
            source = next((earlier for earlier in reversed(code[:place]) if sets_flags(earlier[0])), ('', '', ''))
            in_memory = '[' in source[1] and not (of_lanes and '[rsi' in source[1])
            if in_memory or registers(source[1]) & data:
                yield f'{text}: a branch on data, {source[0]} {source[1]}'
        if '[' in operands and mnemonic not in ('lea', 'nop'):
            if registers(re.search(r'\[(.*?)\]', operands)[1]) & data:
                yield f'{text}: an address made of data'
        if of_lanes and re.match(r'k[0-7],.*mm\d', operands) and not PUBLIC_VECTOR.search(operands):
            yield f'{text}: a mask made of data'
    if not code or code[0][0] != 'endbr64':
        yield f'{name}: does not begin with endbr64'
    if not any(mnemonic == 'ret' for mnemonic, *_ in code):
        yield f'{name}: does not return'


def shared_library(tap, library):
    """What the linker made of it."""
    segments = re.findall(r'^ +(LOAD|GNU_STACK) .* ([R ][W ][E ]) 0x', run(['readelf', '-lW', library]).stdout.decode(),
                          re.MULTILINE)
    tap.check(('GNU_STACK', 'RW ') in segments and len(segments) > 2, 'shared library: no executable stack', segments)
    tap.check(not any('WE' in flags for _, flags in segments), 'shared library: nothing writable and executable', segments)
    start = run([os.environ.get('CC', 'cc'), '-print-file-name=crti.o']).stdout.decode().strip()
    if os.path.exists(start) and 'IBT' not in run(['readelf', '-nW', start]).stdout.decode():
        tap.skip('shared library: marked for IBT and SHSTK', 'the C library\'s own start files are not')
    else:
        notes = run(['readelf', '-nW', library]).stdout.decode()
        tap.check('IBT' in notes and 'SHSTK' in notes, 'shared library: marked for IBT and SHSTK', notes)


def main():
    library, tap = os.path.abspath(sys.argv[1]), Tap()
    if not shutil.which('objdump') or not shutil.which('ar'):
        tap.skip('machine code', 'no objdump or ar (package binutils)')
        tap.done()
    members = run(['ar', 't', library]).stdout.decode().split()
    generated = [member for member in members if 'x86_kernels' in member]
    if not generated:
        tap.skip('machine code', 'the library has no x86 kernels: another CPU, or xbyak is missing')
        tap.done()
    with tempfile.TemporaryDirectory() as folder:
        with open(library, 'rb') as file:
            thin = file.read(7) == b'!<thin>'
        if thin:
            path = os.path.join(os.path.dirname(library), generated[0])
            if not os.path.exists(path):
                path = os.path.join(os.path.dirname(library), os.path.basename(library) + '.p',
                                    os.path.basename(generated[0]))
        else:
            run(['ar', 'x', library, generated[0]], cwd=folder).check_returncode()
            path = os.path.join(folder, generated[0])
        found = functions(run(['objdump', '-d', '-M', 'intel', path]).stdout.decode())
        symbols = run(['readelf', '-sW', path]).stdout.decode()
        notes = run(['readelf', '-nW', path]).stdout.decode()
        sections = run(['readelf', '-SW', path]).stdout.decode()
        relocations = run(['readelf', '-rW', path]).stdout.decode()
    sized = {name: int(size) for size, name in re.findall(
        r'^ *\d+: \w+ +(\d+) FUNC +GLOBAL +HIDDEN +\d+ (mlkem_\w+)$', symbols, re.MULTILINE)}
    tap.check(len(found) > 20 and all(sized.get(name, 0) > 0 for name in found),
              f'{len(found)} functions have names and sizes', sorted(set(found) - set(sized)))
    for name, code in sorted(found.items()):
        wrong = list(faults(name, code))
        tap.check(not wrong, f'{name}: {len(code)} instructions, {sized.get(name)} octets', '\n'.join(wrong))
    tap.check('IBT' in notes and 'SHSTK' in notes, 'marked for IBT and SHSTK', notes)
    stack = [line for line in sections.splitlines() if '.note.GNU-stack' in line]
    tap.check(stack and ' X ' not in stack[0][60:], 'no executable stack', stack)
    tap.check("'.rela.text" not in relocations, 'no relocations', relocations)
    data = re.findall(r'\.(data|rodata|bss)\S* +\w+ +\w+ +\w+ (\w+)', sections)
    tap.check(not any(int(size, 16) for _, size in data), 'no data', sections)
    shared_library(tap, os.path.abspath(sys.argv[2]))
    # The checks themselves: each planted fault is noticed.
    planted = {
        'a branch on data': [('endbr64', '', 'f3'), ('cmp', 'eax,DWORD PTR [rdi]', '3b'), ('jb', '10', '72'), ('ret', '', 'c3')],
        'an address made of data': [('endbr64', '', 'f3'), ('mov', 'rax,QWORD PTR [rdi]', '48'),
                                    ('mov', 'rcx,QWORD PTR [rsi+rax*8]', '48'), ('ret', '', 'c3')],
        'a branch on a mask': [('endbr64', '', 'f3'), ('vpmovmskb', 'eax,ymm0', 'c5'), ('test', 'eax,eax', '85'),
                               ('jne', '10', '75'), ('ret', '', 'c3')],
        'a division': [('endbr64', '', 'f3'), ('div', 'rcx', '48'), ('ret', '', 'c3')],
        'a gather': [('endbr64', '', 'f3'), ('vpgatherdd', 'ymm0,DWORD PTR [rdi+ymm1*4],ymm2', 'c4'), ('ret', '', 'c3')],
        'AVX-512 in the AVX2 tier': [('endbr64', '', 'f3'), ('vpsravw', 'ymm0,ymm1,ymm2', '62'), ('ret', '', 'c3')],
        'no endbr64': [('ret', '', 'c3')],
    }
    for fault, code in planted.items():
        tap.check(list(faults('mlkem_planted_avx2', code)), f'notices {fault}')
    planted_in_lanes = {
        'a branch on a state': [('endbr64', '', 'f3'), ('mov', 'rax,QWORD PTR [rdi]', '48'), ('test', 'rax,rax', '48'),
                                ('je', '10', '74'), ('ret', '', 'c3')],
        'a mask made of a state': [('endbr64', '', 'f3'), ('vptestmq', 'k2,zmm3,zmm3', '62'), ('ret', '', 'c3')],
    }
    for fault, code in planted_in_lanes.items():
        tap.check(list(faults('mlkem_keccak_x8_avx512', code)), f'notices {fault}')
    tap.done()


main()
