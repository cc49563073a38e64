# SPDX-License-Identifier: Apache-2.0
"""Script tests report in TAP (test anything protocol), which `meson test` reads case by case."""

import os
import subprocess
import sys


class Tap:
    """Counts cases; one line each on standard output."""

    def __init__(self):
        self.count = self.failed = 0

    def check(self, passed, name, detail=''):
        self.count += 1
        self.failed += not passed
        # TAP takes what follows a # for a directive.
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name.replace('#', '')}", flush=True)
        if not passed and detail:
            print('\n'.join('# ' + line for line in str(detail).splitlines()[:40]), flush=True)
        return passed

    def equal(self, got, wanted, name):
        return self.check(got == wanted, name, f'got    {got!r:.600}\nwanted {wanted!r:.600}')

    def skip(self, name, reason):
        self.count += 1
        print(f'ok {self.count} - {name} # SKIP {reason}', flush=True)

    def built_program(self, place, suite):
        """The command line, which meson gives as argument `place` if it was built; otherwise the suite is SKIPPED."""
        if len(sys.argv) <= place or sys.argv[place].startswith('-'):
            self.skip(suite, 'the command line was not built: CLI11 or nlohmann-json is missing')
            self.done()
        return os.path.abspath(sys.argv[place])

    def done(self):
        print(f'1..{self.count}')
        sys.exit(1 if self.failed else 0)


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def write(path, octets):
    with open(path, 'wb') as file:
        file.write(octets)


def run(command, **options):
    """Runs a program with its output caught, as octets."""
    options.setdefault('stdout', subprocess.PIPE)
    options.setdefault('stderr', subprocess.PIPE)
    if 'input' not in options:
        options.setdefault('stdin', subprocess.DEVNULL)
    return subprocess.run([os.fspath(part) for part in command], timeout=600, check=False, **options)
