#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The installed library: programs outside the tree build with pkg-config against the shared and the static library and
run; it exports its public symbols and no others; without ikev2 nothing links to OpenSSL; the README's examples are the
ones that were built here. Arguments: the root of the source tree, the build folder."""

import glob
import os
import re
import shutil
import sys
import tempfile

from tap import Tap, run

CC, CXX = os.environ.get('CC', 'cc'), os.environ.get('CXX', 'c++')


def find(folder, pattern):
    found = glob.glob(os.path.join(folder, '**', pattern), recursive=True)
    return found[0] if found else None


def needed(path):
    """The shared libraries that a file asks for, and its own name."""
    text = run(['readelf', '-d', path]).stdout.decode()
    return re.findall(r'\(NEEDED\).*\[(.*)\]', text), re.findall(r'\(SONAME\).*\[(.*)\]', text)


class Installed:
    """One installation in a folder of its own."""

    def __init__(self, build, destination):
        self.destination = destination
        self.ran = run(['meson', 'install', '-C', build, '--no-rebuild', '--destdir', destination])
        self.pc = find(destination, 'libmlkem-ike.pc')
        self.shared = find(destination, 'libmlkem-ike.so.0')
        self.static = find(destination, 'libmlkem-ike.a')

    def flags(self, *arguments):
        """pkg-config's answer, with the prefix where the files lie now."""
        with open(self.pc, encoding='utf-8') as file:
            prefix = re.search('^prefix=(.*)$', file.read(), re.MULTILINE).group(1)
        environment = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(self.pc))
        ran = run(['pkg-config', f'--define-variable=prefix={self.destination}{prefix}', *arguments, 'libmlkem-ike'],
                  env=environment)
        return ran.stdout.decode().split() if ran.returncode == 0 else None


def check_examples(tap, installed, root, folder):
    """Both examples against both libraries."""
    examples = os.path.join(root, 'tests', 'examples')
    for compiler, source in (([CC, '-std=c11', '-pedantic'], 'round_trip.c'), ([CXX, '-std=c++20'], 'round_trip.cpp')):
        for kind, arguments in (('shared', ['--cflags', '--libs']), ('static', ['--static', '--cflags', '--libs'])):
            flags = installed.flags(*arguments) or ['pkg-config-failed']
            if kind == 'static':
                flags = [installed.static if flag == '-lmlkem-ike' else flag for flag in flags]
            program = os.path.join(folder, f'{source}-{kind}'.replace('.', '-'))
            built = run([*compiler, '-Wall', '-Wextra', '-Werror', os.path.join(examples, source), '-o', program, *flags])
            if not tap.check(built.returncode == 0, f'{source} builds, {kind}', f'{flags}\n{built.stderr.decode()}'):
                continue
            ran = run([program], env=dict(os.environ, LD_LIBRARY_PATH=os.path.dirname(installed.shared)))
            uses_shared = 'libmlkem-ike.so.0' in needed(program)[0]
            tap.check(ran.returncode == 0 and b'the same secret' in ran.stdout and uses_shared == (kind == 'shared'),
                      f'{source} runs, {kind}', f'{ran.stdout} {ran.stderr} {needed(program)}')


def check_symbols(tap, installed):
    """Exported: the C functions of the headers, exactly; of C++ only what a public header names."""
    headers = ''
    for path in glob.glob(os.path.join(installed.destination, '**', 'mlkem-ike', '**', '*.h*'), recursive=True):
        with open(path, encoding='utf-8') as file:
            headers += file.read()
    names = [line.split()[-1] for line in
             run(['nm', '-D', '--defined-only', installed.shared]).stdout.decode().splitlines()]
    names = sorted({name.split('@')[0] for name in names})
    declared = sorted(set(re.findall(r'MLKEM_API[^;{}]*?\b(mlkem_\w+)\(', headers)))
    tap.equal([name for name in names if not name.startswith('_Z')], declared, 'exported C functions = declared ones')
    mangled = [name for name in names if name.startswith('_Z')]
    plain = run(['c++filt'], input='\n'.join(mangled).encode()).stdout.decode().splitlines()
    strangers = []
    for name in plain:
        # "Status mlkem::keygen<...>(...)", "vtable for mlkem::ikev2::Prf": the last identifier must be public.
        full = re.sub(r'^(vtable|typeinfo|typeinfo name|VTT) for ', '', name)
        found = re.search(r'\bmlkem::((?:\w+::)*)(~?\w+)', re.sub(r'^mlkem::(?:\w+::)*\w+(?:<.*?>)? (?=mlkem::)', '', full))
        if not found or found.group(1).startswith('kernels::') or 'Tables' in name or \
                not re.search(r'\b' + found.group(2).lstrip('~') + r'\b', headers):
            strangers.append(name)
    tap.check(plain and not strangers, f'{len(plain)} exported C++ names, all public', '\n'.join(strangers))
    strangers = [name for name in names if not name.startswith('mlkem_') and '5mlkem' not in name]
    tap.check(names and not strangers, 'nothing outside of mlkem_* and namespace mlkem', strangers)
    tap.equal(needed(installed.shared)[1], ['libmlkem-ike.so.0'], 'soname')


def check_headers(tap, installed, folder):
    """Every header stands on its own, and the C one in C."""
    cflags = installed.flags('--cflags')
    for path in sorted(glob.glob(os.path.join(installed.destination, '**', 'mlkem-ike', '**', '*.h*'), recursive=True)):
        name = path[path.index('/mlkem-ike/') + 1:]
        languages = [(CXX, ['-std=c++20', '-x', 'c++'])] + ([(CC, ['-std=c11', '-x', 'c'])] if path.endswith('.h') else [])
        for compiler, options in languages:
            ran = run([compiler, *options, '-Wall', '-Wextra', '-pedantic', '-Werror', '-fsyntax-only', *cflags, '-'],
                      input=f'#include <{name}>\nint not_empty;\n'.encode(), cwd=folder)
            tap.check(ran.returncode == 0, f'{name} alone, as {options[-1]}', ran.stderr.decode())


def check_without_ikev2(tap, root, build, folder):
    """A build of its own, kept beside the other one so that the next run is fast."""
    own = os.path.join(build, 'without-ikev2')
    empty = os.path.join(folder, 'empty')
    os.mkdir(empty)
    ran = run(['meson', 'setup', os.path.join(folder, 'bare'), root, '-Dikev2=false'],
              env=dict(os.environ, PKG_CONFIG_LIBDIR=empty, PKG_CONFIG_PATH=empty))
    tap.check(ran.returncode == 0, 'without ikev2 it configures where no library is found', ran.stdout.decode()[-2000:])
    if not os.path.exists(os.path.join(own, 'build.ninja')):
        run(['meson', 'setup', own, root, '-Dikev2=false', '-Dtests=disabled', '-Dbench=disabled'])
    ran = run(['ninja', '-C', own])
    if not tap.check(ran.returncode == 0, 'without ikev2 it builds', ran.stdout.decode()[-3000:]):
        return
    bare = Installed(own, os.path.join(folder, 'bare-installed'))
    files = [bare.shared] + [path for path in [find(bare.destination, 'bin/mlkem-ike')] if path]
    for path in files:
        tap.check(not [name for name in needed(path)[0] if 'crypto' in name or 'ssl' in name],
                  f'without ikev2 {os.path.basename(path)} does not ask for OpenSSL', needed(path))
    tap.check('-lcrypto' not in (bare.flags('--static', '--libs') or ['-lcrypto']), 'nor does pkg-config')
    tap.check(not find(bare.destination, 'ikev2.hpp') and not find(bare.destination, 'ikev2'),
              'without ikev2 its headers are not installed')
    names = run(['nm', '-D', bare.shared]).stdout.decode()
    tap.check('ikev2' not in names and 'EVP_' not in names, 'nor its symbols')


def check_readme(tap, root):
    """What the README shows is what was compiled, without the head comment."""
    with open(os.path.join(root, 'README.md'), encoding='utf-8') as file:
        readme = file.read()
    for name in ('round_trip.c', 'round_trip.cpp'):
        with open(os.path.join(root, 'tests', 'examples', name), encoding='utf-8') as file:
            body = ''.join(file.readlines()[2:]).strip()
        tap.check(body in readme, f'the README contains {name}')


def main():
    root, build = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    tap = Tap()
    check_readme(tap, root)
    missing = [tool for tool in ('meson', 'pkg-config', 'readelf', 'nm', 'c++filt', CC, CXX) if not shutil.which(tool)]
    if missing:
        tap.skip('installation', f'not there: {" ".join(missing)}')
        tap.done()
    with tempfile.TemporaryDirectory() as folder:
        installed = Installed(build, os.path.join(folder, 'installed'))
        if tap.check(installed.ran.returncode == 0 and installed.pc and installed.shared and installed.static,
                     'it installs', installed.ran.stdout.decode()[-2000:]):
            check_examples(tap, installed, root, folder)
            check_symbols(tap, installed)
            check_headers(tap, installed, folder)
        check_without_ikev2(tap, root, build, folder)
    tap.done()


main()
