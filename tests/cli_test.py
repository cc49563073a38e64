#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mlkem-ike's info, keygen, encaps and decaps: round trips through files and pipes, key files in all encodings and
forms, modes, wrong input. Argument: the program, if it was built."""

import base64
import json
import os
import pty
import stat
import tempfile

from tap import Tap, read, run, write

# Set: ek, dk, ct octets (FIPS 203, table 3).
SIZES = {512: (800, 1632, 768), 768: (1184, 2400, 1088), 1024: (1568, 3168, 1568)}
# --format, --private
KEY_FILES = [('raw', 'seed'), ('raw', 'expanded')] + [(format, form) for format in ('der', 'pem')
                                                      for form in ('seed', 'expanded', 'both')]


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


class Suite:
    def __init__(self, tap, program):
        self.tap, self.program = tap, program

    def run(self, *arguments, **options):
        return run([self.program, *arguments], **options)

    def fails(self, name, arguments, wanted, status=1, absent=(), **options):
        """The command fails with that status, its message holds every wanted word, and it leaves no file behind."""
        ran = self.run(*arguments, **options)
        message = ran.stderr.decode()
        left = [path for path in absent if os.path.lexists(path)]
        self.tap.check(ran.returncode == status and all(word in message for word in wanted) and not left, name,
                       f'exit status {ran.returncode}, files left {left}\n{message}')

    def round_trip_in_files(self, parameter_set):
        sizes, name = SIZES[parameter_set], f'ML-KEM-{parameter_set}: '
        self.run('keygen', '--set', str(parameter_set), '--ek', 'ek', '--dk', 'dk')
        self.run('encaps', '--ek', 'ek', '--ct', 'ct', '--ss', 'ss')
        ran = self.run('decaps', '--dk', 'dk', '--ct', 'ct', '--ss', 'ss2')
        self.tap.equal([len(read(path)) for path in ('ek', 'dk', 'ct', 'ss')], [*sizes, 32], name + 'sizes')
        self.tap.check(ran.returncode == 0 and read('ss') == read('ss2'), name + 'both sides have the same secret')
        self.tap.equal([mode_of(path) for path in ('dk', 'ss', 'ss2')], [0o600] * 3, name + 'secrets have mode 0600')
        ct = bytearray(read('ct'))
        ct[len(ct) // 2] ^= 1
        write('bad', ct)
        ran = self.run('decaps', '--dk', 'dk', '--ct', 'bad', '--ss', 'ss3')
        again = self.run('decaps', '--dk', 'dk', '--ct', 'bad', '--ss', '-')
        self.tap.check(ran.returncode == 0 and read('ss3') != read('ss') and again.stdout == read('ss3'),
                       name + 'a changed ciphertext gives another secret, always the same (implicit rejection)')

    def round_trip_in_pipes(self, parameter_set):
        name = f'ML-KEM-{parameter_set}: '
        ek = self.run('keygen', '--set', str(parameter_set), '--ek', '-', '--dk', 'dk').stdout
        ct = self.run('encaps', '--ek', '-', '--ct', '-', '--ss', 'ss', input=ek).stdout
        ss = self.run('decaps', '--dk', 'dk', '--ct', '-', '--ss', '-', input=ct).stdout
        self.tap.check(len(ss) == 32 and ss == read('ss'), name + 'round trip through pipes')
        ss = self.run('decaps', '--dk', '-', '--ct', '/dev/stdin', '--ss', '-', input=read('dk')).returncode
        self.tap.check(ss == 1, name + 'a pipe that two fields read is not enough for both')

    def seeds(self):
        seed = bytes(range(64))
        write('seed', seed)
        for parameter_set in SIZES:
            for run_name in 'ab':
                self.run('keygen', '--set', str(parameter_set), '--seed', 'seed', '--ek', 'ek' + run_name, '--dk',
                         'dk' + run_name, '--force')
            self.tap.check(read('eka') == read('ekb') and read('dka') == read('dkb') and read('dka')[-32:] == seed[32:],
                           f'ML-KEM-{parameter_set}: a seed gives one key pair, whose dk ends with z')
        ran = self.run('keygen', '--ek', 'ek1', '--dk', 'dk1', '--save-seed', 'kept')
        self.run('keygen', '--seed', 'kept', '--ek', 'ek2', '--dk', 'dk2')
        self.tap.check(ran.returncode == 0 and read('dk1') == read('dk2') and mode_of('kept') == 0o600
                       and len(read('kept')) == 64, 'a saved seed gives the key pair again')
        fresh = {self.run('keygen', '--ek', '-', '--dk', '/dev/null').stdout for _ in range(3)}
        self.tap.equal(len(fresh), 3, 'without a seed every key pair is another one')
        for length in (0, 63, 65):
            write('short', bytes(length))
            self.fails(f'a seed of {length} octets', ['keygen', '--seed', 'short', '--ek', 'e', '--dk', 'd'],
                       ['--seed', 'short', '64', 'octets'], absent=['e', 'd'])

    def wrong_input(self):
        # A fixed key: one that begins like DER would be reported as such where its length is wrong.
        write('seed', bytes(range(64)))
        self.run('keygen', '--seed', 'seed', '--ek', 'ek', '--dk', 'dk')
        self.run('encaps', '--ek', 'ek', '--ct', 'ct', '--ss', 'ss')
        ek, dk, ct = read('ek'), read('dk'), read('ct')
        for name, octets in (('empty', b''), ('one octet less', ek[:-1]), ('one octet more', ek + b'\0')):
            write('bad', octets)
            self.fails(f'encaps: ek {name}', ['encaps', '--ek', 'bad', '--ct', 'c', '--ss', 's'],
                       ['--ek', 'bad', 'octets', '800, 1184 or 1568'], absent=['c', 's'])
        for name, octets in (('empty', b''), ('one octet less', dk[:-1]), ('one octet more', dk + b'\0')):
            write('bad', octets)
            self.fails(f'decaps: dk {name}', ['decaps', '--dk', 'bad', '--ct', 'ct', '--ss', 's'],
                       ['--dk', 'bad', 'octets', '1632, 2400 or 3168'], absent=['s'])
        for name, octets in (('empty', b''), ('one octet less', ct[:-1]), ('one octet more', ct + b'\0')):
            write('bad', octets)
            self.fails(f'decaps: ct {name}', ['decaps', '--dk', 'dk', '--ct', 'bad', '--ss', 's'],
                       ['--ct', 'bad', 'octets', '1088', 'ML-KEM-768'], absent=['s'])
        write('bad', b'\xff\x0f' + ek[2:])
        for option in ('--from', '--seed', '--save-seed'):
            self.fails(f'keygen {option} without a name', ['keygen', option, '', '--ek', 'e', '--dk', 'd'],
                       [option, 'empty'], status=2, absent=['e', 'd'])
        self.fails('encaps: a coefficient of 4095', ['encaps', '--ek', 'bad', '--ct', 'c', '--ss', 's'],
                   ['--ek', 'bad', 'below 3329', '7.2'], absent=['c', 's'])
        # dk = dk_PKE (1152) | ek (1184) | H(ek) (32) | z (32): the hash covers what lies in the middle.
        for name, place in (('ek in dk', 1152), ('H(ek) in dk', 1152 + 1184)):
            write('bad', dk[:place] + bytes([dk[place] ^ 1]) + dk[place + 1:])
            self.fails(f'decaps: a flipped bit of {name}', ['decaps', '--dk', 'bad', '--ct', 'ct', '--ss', 's'],
                       ['--dk', 'bad', 'hash', '7.3'], absent=['s'])
        self.fails('encaps: --set insists', ['encaps', '--set', '512', '--ek', 'ek', '--ct', 'c', '--ss', 's'],
                   ['--ek', 'of ML-KEM-768', 'ML-KEM-512 was asked for'], absent=['c', 's'])
        self.fails('decaps: --set insists', ['decaps', '--set', '1024', '--dk', 'dk', '--ct', 'ct', '--ss', 's'],
                   ['--dk', 'of ML-KEM-768', 'ML-KEM-1024 was asked for'], absent=['s'])
        for command in (['encaps', '--ek', 'none', '--ct', 'c', '--ss', 's'],
                        ['decaps', '--dk', 'none', '--ct', 'ct', '--ss', 's'],
                        ['decaps', '--dk', 'dk', '--ct', 'none', '--ss', 's'],
                        ['keygen', '--seed', 'none', '--ek', 'e', '--dk', 'd']):
            self.fails(f'{command[0]}: a missing file', command, ["'none'", 'No such file'],
                       absent=['c', 's', 'e', 'd'])
        self.fails('a folder in place of a file', ['encaps', '--ek', '.', '--ct', 'c', '--ss', 's'],
                   ['--ek', "'.'", 'directory'], absent=['c', 's'])

    def key_files(self, parameter_set):
        """One key pair in all its encodings and forms; each goes in and out again."""
        name, number = f'ML-KEM-{parameter_set}: ', str(parameter_set)
        write('seed', os.urandom(64))
        self.run('keygen', '--set', number, '--seed', 'seed', '--ek', 'ek', '--dk', 'dk')
        for format, form in KEY_FILES:
            kind, ek, dk = f'{name}{format} {form}: ', f'{format}.ek', f'{format}.{form}.dk'
            of_seed = ['keygen', '--set', number, '--seed', 'seed', '--force']
            ran = self.run(*of_seed, '--format', format, '--private', form, '--ek', ek, '--dk', dk)
            self.tap.check(ran.returncode == 0 and mode_of(dk) == 0o600, kind + 'mode 0600', ran.stderr)
            insist = ['--set', number] if (format, form) == ('raw', 'seed') else []
            sent = self.run('encaps', '--ek', ek, '--ct', 'ct', '--ss', 'ss', '--force')
            received = self.run('decaps', *insist, '--dk', '-', '--ct', 'ct', '--ss', '-', input=read(dk))
            self.tap.check(sent.returncode == received.returncode == 0 and received.stdout == read('ss'),
                           kind + 'both sides have the same secret', sent.stderr + received.stderr)
            ran = self.run('keygen', *insist, '--from', dk, '--ek', 'ek2', '--dk', 'dk2', '--force')
            self.tap.check(ran.returncode == 0 and read('ek2') == read('ek') and read('dk2') == read('dk')
                           and mode_of('dk2') == 0o600, kind + 'comes back as raw ek and dk', ran.stderr)
            for to_format, to_form in KEY_FILES:
                if form == 'expanded' and to_form != 'expanded':
                    continue
                to = ['--format', to_format, '--private', to_form, '--dk']
                self.run('keygen', *insist, '--from', dk, *to, 'again', '--force')
                self.run(*of_seed, *to, 'd', '--ek', 'e')
                self.tap.check(read('again') == read('d'), f'{kind}becomes {to_format} {to_form}')

    def key_file_options(self):
        write('seed', bytes(range(64)))
        for format, defaults_to in (('raw', 'expanded'), ('der', 'both'), ('pem', 'both')):
            pair = ['keygen', '--seed', 'seed', '--format', format, '--ek', 'e', '--force', '--dk']
            self.run(*pair, 'default')
            self.run(*pair, 'said', '--private', defaults_to)
            self.tap.equal(read('default'), read('said'), f'--format {format} holds {defaults_to} by default')
        lines = read('said').splitlines()
        self.tap.check(lines[0] == b'-----BEGIN PRIVATE KEY-----' and lines[-1] == b'-----END PRIVATE KEY-----'
                       and read('e').startswith(b'-----BEGIN PUBLIC KEY-----\n'), 'PEM has the labels of RFC 7468')
        self.run('keygen', '--from', 'said', '--format', 'pem', '--private', 'expanded', '--dk', 'expanded')
        self.run('keygen', '--from', 'expanded', '--format', 'pem', '--dk', 'again')
        self.tap.equal(read('again'), read('expanded'), 'without a seed, --format pem holds expanded by default')
        public = self.run('keygen', '--from', 'said', '--format', 'pem', '--ek', '-')
        self.tap.equal(public.stdout, read('e'), '--from and --ek alone give the public key')
        ran = self.run('keygen', '--from', '-', '--dk', 'dk', input=b'text before\n' + read('said') + b'text behind\n')
        self.tap.check(ran.returncode == 0 and len(read('dk')) == 2400, 'PEM from standard input, text around it')
        for name, arguments, wanted in (
                ('no --ek', ['--dk', 'x'], '--ek is required'), ('no --dk', ['--ek', 'x'], '--dk is required'),
                ('--from and nowhere to write', ['--from', 'said'], 'is required'),
                ('--from and --seed', ['--from', 'said', '--seed', 'seed', '--ek', 'x'], 'excludes'),
                ('--from and --save-seed', ['--from', 'said', '--save-seed', 'x', '--ek', 'y'], 'excludes'),
                ('an unknown format', ['--format', 'PEM', '--ek', 'x', '--dk', 'y'], '--format'),
                ('an unknown form', ['--private', 'dk', '--ek', 'x', '--dk', 'y'], '--private'),
                ('raw and both', ['--private', 'both', '--ek', 'x', '--dk', 'y'], '--private')):
            self.fails(f'keygen: {name}', ['keygen', *arguments], [wanted], status=2, absent=['x', 'y'])

    def wrong_key_files(self):
        """Every way in which a key file is not the one that is wanted names the option, the file and the reason."""
        write('seed', bytes(range(64)))
        for format, form in KEY_FILES:
            self.run('keygen', '--seed', 'seed', '--format', format, '--private', form, '--ek', f'{format}.ek', '--dk',
                     f'{format}.{form}.dk', '--force')
        self.run('encaps', '--ek', 'pem.ek', '--ct', 'ct', '--ss', 'ss')

        def refused(name, octets, *wanted, private=True, more=()):
            write('bad', octets)
            field, arguments = ('--dk', ['decaps', '--dk', 'bad', '--ct', 'ct', '--ss', 's']) if private else \
                ('--ek', ['encaps', '--ek', 'bad', '--ct', 'c', '--ss', 's'])
            self.fails(f'{arguments[0]}: {name}', [*arguments, *more], [field, 'bad', *wanted], absent=['c', 's'])

        for format, private_said, public_said in (
                ('raw', '1184 octets are no raw key', '2400 octets are no raw key'),
                ('der', 'a public key, where a private one is wanted', 'a private key, where a public one is wanted'),
                ('pem', "'PUBLIC KEY', where 'PRIVATE KEY' is wanted", "'PRIVATE KEY', where 'PUBLIC KEY' is wanted")):
            ek, dk = read(f'{format}.ek'), read(f'{format}.expanded.dk')
            refused(f'a {format} ek', ek, private_said)
            refused(f'a {format} dk', dk, public_said, private=False)
            asked = 'of ML-KEM-768, but ML-KEM-512 was asked for'
            refused(f'another set in {format}', dk, asked, more=['--set', '512'])
            refused(f'another set in {format}', ek, asked, private=False, more=['--set', '512'])
        refused('a raw seed of whichever set', read('seed'), 'does not tell its parameter set')

        pem, der = read('pem.both.dk'), read('der.both.dk')
        body = pem.index(b'\n') + 1
        for name, octets, reason in (
                ('PEM without its end', pem[:-30], 'no END line'),
                ('PEM with another end', pem.replace(b'END PRIVATE', b'END SECRET'), 'does not match'),
                ('PEM with a broken beginning', pem.replace(b'KEY-----\n', b'KEY--\n', 1), 'malformed BEGIN line'),
                ('PEM twice', pem + pem, 'more than one block'),
                ('PEM with a header', pem[:body] + b'Proc-Type: 4,ENCRYPTED\n' + pem[body:], 'headers'),
                ('PEM with another character', pem[:100] + b'!' + pem[101:], 'not of its alphabet'),
                ('PEM with a character less', pem[:100] + pem[101:], 'incomplete'),
                ('encrypted PEM', pem.replace(b'PRIVATE', b'ENCRYPTED PRIVATE'), 'decrypt it first'),
                ('PEM of something else', pem.replace(b'PRIVATE KEY', b'CERTIFICATE'), "'CERTIFICATE', where")):
            refused(name, octets, reason)
            write('bad', octets)
            shown = self.run('keygen', '--from', 'bad', '--ek', 'e', '--dk', 'd').stderr
            self.tap.check(reason.encode() in shown and b'--from' in shown
                           and not any(line in shown for line in pem.splitlines()[1:-1]),
                           f'keygen --from: {name}: the message tells nothing of the key', shown.decode())
        refused('DER cut short', der[:-1], 'OneAsymmetricKey: longer than what contains it')
        refused('DER with more behind', der + b'\0', 'more follows')
        refused('neither', b'key', 'neither PEM nor DER')

        for name, octets in (('der', der[:-1] + bytes([der[-1] ^ 1])),
                             ('pem', b'-----BEGIN PRIVATE KEY-----\n' + base64.encodebytes(der[:-1] + b'\0')
                              + b'-----END PRIVATE KEY-----\n')):
            refused(f'a seed and a dk that disagree in {name}', octets, 'the expandedKey is not that of the seed')
        damaged = bytearray(read('der.expanded.dk'))
        damaged[-2400] ^= 1
        refused('a damaged secret in der', damaged, 'do not belong together')
        for private in (True, False):
            refused('longer than any key file', b'\n' * 65537, 'longer than any key file', private=private)
        self.fails('an endless file', ['decaps', '--dk', '/dev/zero', '--ct', 'ct', '--ss', 's'],
                   ['--dk', 'longer than any key file'], absent=['s'])

        for form in ('seed', 'both'):
            self.fails(f'no {form} of an expanded key', ['keygen', '--from', 'pem.expanded.dk', '--format', 'pem',
                                                         '--private', form, '--ek', 'e', '--dk', 'd'],
                       ['--from', 'pem.expanded.dk', 'the seed is not known'], absent=['e', 'd'])

    def outputs(self):
        write('old', b'old')
        os.chmod('old', 0o644)
        self.fails('an existing file stays', ['keygen', '--ek', 'e', '--dk', 'old'],
                   ['--dk', 'old', 'exists', '--force'], absent=['e'])
        self.tap.equal(read('old'), b'old', 'and keeps its content')
        self.run('keygen', '--ek', 'e', '--dk', 'old', '--force')
        self.tap.check(len(read('old')) == 2400 and mode_of('old') == 0o600, '--force replaces it, mode 0600')
        os.symlink('target', 'link')
        write('target', b'old')
        self.run('keygen', '--ek', 'e', '--dk', 'link', '--force')
        self.tap.check(read('target') == b'old' and not os.path.islink('link') and mode_of('link') == 0o600,
                       '--force replaces a symbolic link, not what it points to')
        os.symlink('/proc/self/fd/1', 'outlink')
        with open('redirected', 'wb') as out:
            self.fails('another name of standard output is not replaced',
                       ['keygen', '--ek', 'outlink', '--dk', 'd9', '--force'], ['--ek', 'standard stream'],
                       absent=['d9'], stdout=out)
        self.tap.check(os.path.islink('outlink'), 'and is still there')
        os.mkfifo('pipe')
        os.chmod('pipe', 0o666)
        keep_open = os.open('pipe', os.O_RDONLY | os.O_NONBLOCK)
        self.fails('a pipe that others may read gets no secret', ['keygen', '--ek', 'e8', '--dk', 'pipe'],
                   ['--dk', 'others may read'], absent=['e8'])
        self.tap.equal(os.read(keep_open, 1), b'', 'nothing has gone through it')
        closed = run(['sh', '-c', '"$0" keygen --ek closed.ek --dk - >&-', self.program])
        self.tap.check(closed.returncode == 1 and not os.path.exists('closed.ek'),
                       'a closed standard output is no file')
        os.symlink('nowhere', 'dangling')
        self.fails('a dangling link is not followed', ['keygen', '--ek', 'e2', '--dk', 'dangling'], ['--dk', 'exists'],
                   absent=['e2', 'nowhere'])
        before = os.umask(0)
        self.run('keygen', '--ek', 'open.ek', '--dk', 'open.dk')
        os.umask(before)
        self.tap.check(mode_of('open.dk') == 0o600 and mode_of('open.ek') == 0o644,
                       'modes do not depend on an open umask')
        self.fails('a folder that is not there', ['keygen', '--ek', 'e3', '--dk', 'none/dk'],
                   ['--dk', 'none/dk', 'No such file'], absent=['e3'])
        self.fails('a full device', ['keygen', '--ek', 'e3', '--dk', '/dev/full'], ['--dk', '/dev/full', 'No space'],
                   absent=['e3'])
        os.link('pipe', 'pipe2')
        os.symlink('pipe', 'pipe3')
        for names in (('-', '-'), ('same', 'same'), ('same', './same'), ('pipe', 'pipe2'), ('pipe3', 'pipe'),
                      ('-', '/dev/stdout'), ('/dev/fd/1', '/proc/self/fd/1'), ('/dev/stdout', '-')):
            self.fails(f'two outputs in one place: {names}', ['keygen', '--ek', names[0], '--dk', names[1]],
                       ['--dk', 'already'], status=2, absent=['same'])
        os.close(keep_open)
        with open('redirected', 'wb') as out:
            self.fails('two outputs in one place: a file and standard output',
                       ['keygen', '--ek', '-', '--dk', 'redirected', '--force'], ['--dk', 'already'], status=2,
                       stdout=out)
        self.fails('two inputs in one place', ['decaps', '--dk', '-', '--ct', '-', '--ss', 's'], ['--ct', 'already'],
                   status=2, absent=['s'])
        reader, writer = os.pipe()
        os.close(reader)
        self.fails('a reader that went away', ['keygen', '--ek', '-', '--dk', 'd3'], ['--ek', 'Broken pipe'],
                   absent=['d3'], stdout=writer)
        os.close(writer)
        self.terminal()

    def terminal(self):
        try:
            main, terminal = pty.openpty()
        except OSError as error:
            self.tap.skip('a secret on a terminal', f'no pseudo-terminals here: {error}')
            return
        self.fails('a secret on a terminal', ['keygen', '--ek', 'e3', '--dk', '-'], ['--dk', 'terminal', '--force'],
                   absent=['e3'], stdout=terminal)
        self.run('encaps', '--ek', 'e', '--ct', '/dev/null', '--ss', '-', '--force', stdout=terminal)
        self.tap.equal(len(os.read(main, 100)) >= 32, True, '--force writes it nevertheless')
        os.close(terminal)
        os.close(main)

    def words(self):
        ran = self.run('--version')
        self.tap.check(ran.returncode == 0 and ran.stdout.startswith(b'mlkem-ike '), '--version')
        commands = ['info', 'keygen', 'encaps', 'decaps']
        if json.loads(self.run('info', '--json').stdout)['ikev2']:
            commands += ['connect', 'respond', 'probe', 'demo', 'replay', 'decode']
        else:
            for command in ('connect', 'respond', 'probe', 'demo', 'replay', 'decode'):
                self.fails(f'{command} without ikev2', [command], ['subcommand'], status=2)
            self.tap.check(b'left out' in self.run('--help').stdout, '--help says that ikev2 is left out')
        for command in [None, *commands]:
            ran = self.run(*([command] if command else []), '--help')
            self.tap.check(ran.returncode == 0 and b'Example: mlkem-ike' in ran.stdout, f'{command or ""} --help')
        info = json.loads(self.run('info', '--json').stdout)
        for kind in ('arith', 'keccak'):
            usable = [table['name'] for table in info[kind]['tables'] if table['usable']]
            self.tap.equal(info[kind]['chosen'], usable[0], f'info: the chosen {kind} table is the first usable one')
        self.tap.check(b'portable' in self.run('info').stdout, 'info in words')
        for name, arguments in (('no subcommand', []), ('an unknown one', ['frobnicate']),
                                ('a missing option', ['keygen', '--ek', 'x']),
                                ('an unknown set', ['keygen', '--set', '769', '--ek', 'x', '--dk', 'y'])):
            self.fails(f'wrong use: {name}', arguments, [], status=2, absent=['x', 'y'])
        with open('/dev/full', 'wb') as full:
            for arguments in (['info'], ['--help'], ['keygen', '--help'], ['--version']):
                self.fails(f'{" ".join(arguments)}: output that can not be written', arguments, ['standard output'],
                           stdout=full)


def main():
    tap = Tap()
    suite = Suite(tap, tap.built_program(1, 'command line'))
    parts = [lambda s=s: suite.round_trip_in_files(s) for s in SIZES]
    parts += [lambda s=s: suite.round_trip_in_pipes(s) for s in SIZES]
    parts += [lambda s=s: suite.key_files(s) for s in SIZES]
    parts += [suite.seeds, suite.key_file_options, suite.wrong_key_files, suite.wrong_input, suite.outputs, suite.words]
    for part in parts:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            part()
            os.chdir('/')
    tap.done()


main()
