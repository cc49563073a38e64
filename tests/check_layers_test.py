#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/check_layers: the tree keeps to the layers, and every rule notices a planted include. Argument: the root of
the source tree."""

import os
import shutil
import sys
import tempfile

from tap import Tap, run

# (where, planted line): each must be reported at its own line.
OFFENCES = [
    ('kernels/dispatch.cpp', '#include "lib/operations.hpp"'),
    ('kernels/dispatch.cpp', '#include "mlkem-ike/secret.hpp"'),
    ('kernels/portable/arith.cpp', '#include "../../lib/operations.hpp"'),
    ('kernels/portable/arith.cpp', '#include <iostream>'),
    ('kernels/portable/arith.cpp', '#include <xbyak/xbyak.h>'),
    ('kernels/kernels.hpp', '#include <openssl/evp.h>'),
    ('lib/mlkem.cpp', '#include "kernels/portable/arith.hpp"'),
    ('lib/mlkem.cpp', '#include "ikev2/key_exchange.hpp"'),
    ('lib/mlkem.cpp', '#include "mlkem-ike/ikev2.hpp"'),
    ('lib/mlkem.cpp', '#include <openssl/rand.h>'),
    ('lib/mlkem.cpp', '#include <sys/random.h>'),
    ('lib/batch.cpp', '#include <thread>'),
    ('lib/batch.cpp', '#include <vector>'),
    ('lib/batch.cpp', '  #  include <chrono> // hidden by blanks'),
    ('lib/batch.cpp', '/* hidden */ #include <fstream>'),
    ('lib/batch.cpp', '#include \\\n  <stdio.h>'),
    ('lib/batch.cpp', '#include SOME_MACRO'),
    ('lib/include/mlkem-ike/mlkem.h', '#include <time.h>'),
    ('lib/random.cpp', 'const char* planted = getenv("SEED");'),
]
IKEV2_OFFENCES = [
    ('ikev2/include/mlkem-ike/ikev2.hpp', '#include "kernels/kernels.hpp"'),
    ('ikev2/include/mlkem-ike/ikev2.hpp', '#include "lib/operations.hpp"'),
    ('ikev2/include/mlkem-ike/ikev2.hpp', '#include <openssl/evp.h>'),
    ('ikev2/include/mlkem-ike/ikev2.hpp', '#include "ikev2/openssl/openssl_crypto.hpp"'),
    ('ikev2/include/mlkem-ike/ikev2.hpp', '#include <sys/socket.h>'),
    ('ikev2/include/mlkem-ike/ikev2.hpp', '#include <arpa/inet.h>'),
    ('ikev2/include/mlkem-ike/ikev2.hpp', '#include <ctime>'),
    ('ikev2/include/mlkem-ike/ikev2.hpp', '#include <mutex>'),
    ('ikev2/include/mlkem-ike/ikev2.hpp', '#include <cstdio>'),
    ('ikev2/include/mlkem-ike/ikev2.hpp', '#include <syslog.h>'),
    ('ikev2/openssl/planted.cpp', '#include "kernels/kernels.hpp"'),
    ('ikev2/openssl/planted.cpp', '#include <iostream>'),
    ('ikev2/openssl/planted.cpp', '#include "tools/mlkem-ike/files.hpp"'),
]
HARMLESS = [
    ('kernels/dispatch.cpp', '#include <cpuid.h>'),
    ('lib/mlkem.cpp', '#include "operations.hpp"'),
    ('lib/mlkem.cpp', '// #include <thread>'),
    ('lib/random.cpp', '#include <sys/random.h>'),
    ('kernels/x86/gen/planted.cpp', '#include <xbyak/xbyak.h>'),
    ('kernels/x86/gen/planted.cpp', '#include <cstdio>'),
    ('kernels/neon/gen/planted.cpp', '#include <cstdio>'),
    ('ikev2/openssl/planted.cpp', '#include <openssl/evp.h>'),
    ('ikev2/openssl/planted.cpp', '#include <vector>'),
]


class Copy:
    """A copy of the layers, in which one line is planted at a time."""

    def __init__(self, tap, root, script, folder):
        self.tap, self.script, self.folder = tap, script, folder
        for layer in ('kernels', 'lib', 'ikev2'):
            shutil.copytree(os.path.join(root, layer), os.path.join(folder, layer))
        self.before = self.offences()

    def offences(self):
        return run([self.script, self.folder]).stdout.decode().splitlines()[:-1]

    def plant(self, where, line, is_offence):
        path = os.path.join(self.folder, where)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        text = None
        if os.path.exists(path):
            with open(path, encoding='utf-8') as source:
                text = source.read()
        with open(path, 'a', encoding='utf-8') as source:
            source.write(line + '\n')
        found = [offence for offence in self.offences() if offence not in self.before]
        if text is None:
            os.remove(path)
        else:
            with open(path, 'w', encoding='utf-8') as source:
                source.write(text)
        if is_offence:
            place = f"{where}:{(text or '').count(chr(10)) + 1}: "
            good = len(found) == 1 and found[0].startswith(place)
        else:
            good = not found
        verdict = 'refused' if is_offence else 'accepted'
        self.tap.check(good, f'{verdict}: {where}: {line!r}', '\n'.join(found))


def main():
    root = os.path.abspath(sys.argv[1])
    script = os.path.join(root, 'tools', 'check_layers')
    tap = Tap()
    ran = run([script, root])
    tap.check(ran.returncode == 0, 'the tree keeps to the layers', ran.stdout.decode())
    with tempfile.TemporaryDirectory() as empty:
        tap.check(run([script, empty]).returncode == 1, 'no sources at all is a failure')
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(tap, root, script, folder)
        for where, line in OFFENCES + IKEV2_OFFENCES:
            copy.plant(where, line, True)
        tap.check(run([script, folder]).returncode == (1 if copy.before else 0), 'each was taken back')
        for where, line in HARMLESS:
            copy.plant(where, line, False)
    tap.done()


main()
