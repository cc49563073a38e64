#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keys, ciphertexts and secrets between mlkem-ike and an OpenSSL that knows ML-KEM (3.5 or later), both ways: all
parameter sets, all forms of a private key, PEM and DER. The machine's own OpenSSL is taken if it is new enough,
otherwise a newer Debian's. Usage: interop_openssl_test.py ROOT [MLKEM_IKE]"""

import os
import sys
import tempfile

from tap import Tap, run

SETS = ('512', '768', '1024')
# OpenSSL's name (ml-kem.output_formats) and ours (--private).
FORMS = (('seed-only', 'seed'), ('priv-only', 'expanded'), ('seed-priv', 'both'))
ENCODINGS = ('pem', 'der')


def find_openssl(root):
    """The words that start an OpenSSL with ML-KEM, or None and why there is none."""
    wanted = ['list', '-kem-algorithms']
    try:
        if b'ML-KEM-768' in run(['openssl', *wanted]).stdout:
            return ['openssl'], ''
    except FileNotFoundError:
        pass
    newer_debian = os.path.join(root, 'tools', 'newer_debian')
    unpacked = run([newer_debian, 'openssl'])
    if unpacked.returncode == 77:
        return None, 'no OpenSSL with ML-KEM: ' + unpacked.stderr.decode().strip().splitlines()[-1]
    unpacked.check_returncode()
    command = [newer_debian, '--run', unpacked.stdout.decode().strip(), 'openssl']
    if b'ML-KEM-768' not in run(command + wanted).stdout:
        return None, f'{run(command + ["version"]).stdout.decode().strip()} has no ML-KEM'
    return command, ''


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def write(path, octets):
    with open(path, 'wb') as file:
        file.write(octets)


class Interop:
    """One folder of files; a command that fails is a failed case, and what it should have written is empty."""

    def __init__(self, tap, openssl, program):
        self.tap, self.openssl, self.program = tap, openssl, program

    def run(self, words, *outputs):
        for output in outputs:
            write(output, b'')
        ran = run(words)
        if ran.returncode != 0:
            self.tap.check(False, ' '.join(map(str, words[-8:])), ran.stderr.decode(errors='replace'))
        return b''.join(map(read, outputs))

    def theirs(self, *words, outputs=()):
        return self.run([*self.openssl, *words], *outputs)

    def ours(self, *words, outputs=()):
        return self.run([self.program, *words, '--force'], *outputs)

    def check_agreement(self, name, private, public):
        """Encapsulation on either side and decapsulation on the other, for good and for damaged ciphertexts."""
        sent = self.theirs('pkeyutl', '-encap', '-pubin', '-inkey', public, '-out', 'ct', '-secret', 'sent',
                           outputs=['sent'])
        received = self.ours('decaps', '--dk', private, '--ct', 'ct', '--ss', 'received', outputs=['received'])
        self.tap.check(len(sent) == 32 and sent == received, f'{name}: their encapsulation, our decapsulation')

        self.ours('encaps', '--ek', public, '--ct', 'ct', '--ss', 'sent', outputs=['ct', 'sent'])
        received = self.theirs('pkeyutl', '-decap', '-inkey', private, '-in', 'ct', '-secret', 'received',
                               outputs=['received'])
        self.tap.check(len(received) == 32 and read('sent') == received,
                       f'{name}: our encapsulation, their decapsulation')

        ct = bytearray(read('ct'))
        ct[len(ct) // 2] ^= 1
        write('ct', ct)
        rejected = self.theirs('pkeyutl', '-decap', '-inkey', private, '-in', 'ct', '-secret', 'theirs',
                               outputs=['theirs'])
        ours = self.ours('decaps', '--dk', private, '--ct', 'ct', '--ss', 'ours', outputs=['ours'])
        self.tap.check(len(rejected) == 32 and rejected != received and rejected == ours,
                       f'{name}: a damaged ciphertext gives both the same secret')

    def check_ours(self, number, form, our_form, encoding):
        """A key that we made."""
        name = f'our ML-KEM-{number} {form} {encoding}'
        self.ours('keygen', '--set', number, '--format', encoding, '--private', our_form, '--ek', 'public', '--dk',
                  'private', outputs=['public', 'private'])
        written, public = read('private'), read('public')
        outform = ['-outform', encoding.upper()]
        again = self.theirs('pkey', '-in', 'private', '-provparam', f'ml-kem.output_formats={form}', *outform, '-out',
                            'again', outputs=['again'])
        self.tap.check(written and again == written, f'{name}: OpenSSL reads it and writes the same octets')
        derived = self.theirs('pkey', '-in', 'private', '-pubout', *outform, '-out', 'again', outputs=['again'])
        self.tap.check(public and derived == public, f'{name}: the public key that OpenSSL derives is ours')
        copied = self.theirs('pkey', '-pubin', '-in', 'public', '-pubout', *outform, '-out', 'again',
                             outputs=['again'])
        self.tap.check(public and copied == public, f'{name}: OpenSSL reads our public key')
        self.check_agreement(name, 'private', 'public')

    def check_theirs(self, number, form, our_form, encoding):
        """A key that OpenSSL made."""
        name = f"OpenSSL's ML-KEM-{number} {form} {encoding}"
        outform = ['-outform', encoding.upper()]
        written = self.theirs('genpkey', '-algorithm', f'ML-KEM-{number}', '-provparam',
                              f'ml-kem.output_formats={form}', *outform, '-out', 'private', outputs=['private'])
        public = self.theirs('pkey', '-in', 'private', '-pubout', *outform, '-out', 'public', outputs=['public'])
        self.ours('keygen', '--from', 'private', '--format', encoding, '--private', our_form, '--ek', 'derived', '--dk',
                  'again', outputs=['derived', 'again'])
        self.tap.check(written and read('again') == written, f'{name}: we read it and write the same octets')
        self.tap.check(public and read('derived') == public, f'{name}: the public key that we derive is theirs')
        self.check_agreement(name, 'private', 'public')

    def check_refused(self, reason, name):
        ran = run([self.program, 'keygen', '--from', 'private', '--dk', 'refused'])
        self.tap.check(ran.returncode == 1 and reason in ran.stderr.decode() and not os.path.exists('refused'),
                       f'refused: {name}', ran.stderr.decode())

    def check_others(self):
        """What else OpenSSL writes: text around a key, encrypted keys, keys of other algorithms."""
        self.theirs('genpkey', '-algorithm', 'ML-KEM-1024', '-text', '-out', 'private')
        plain = self.theirs('pkey', '-in', 'private', '-out', 'plain', outputs=['plain'])
        again = self.ours('keygen', '--from', 'private', '--format', 'pem', '--dk', 'again', outputs=['again'])
        self.tap.check(plain and again == plain, 'a private key with text around it')
        for encoding, words, reason in (
                ('pem', ['-algorithm', 'ML-KEM-768', '-aes256', '-pass', 'pass:word'], 'encrypted private key'),
                ('pem', ['-algorithm', 'ML-KEM-768', '-provparam', 'ml-kem.output_formats=bare-priv'],
                 'neither seed, expandedKey nor both'),
                ('pem', ['-algorithm', 'X25519'], '1.3.101.110 is not ML-KEM'),
                ('der', ['-algorithm', 'ML-DSA-65'], '2.16.840.1.101.3.4.3.18 is not ML-KEM')):
            self.theirs('genpkey', *words, '-outform', encoding.upper(), '-out', 'private')
            self.check_refused(reason, f'{encoding} {" ".join(words)}')
        # genpkey does not encrypt DER.
        self.theirs('pkcs8', '-topk8', '-in', 'plain', '-outform', 'DER', '-passout', 'pass:word', '-out', 'private')
        self.check_refused('encrypted private key', 'der pkcs8 -topk8')


def main():
    tap = Tap()
    root, program = os.path.abspath(sys.argv[1]), tap.built_program(2, 'OpenSSL and key files')
    openssl, reason = find_openssl(root)
    if openssl is None:
        tap.skip('OpenSSL and key files', reason)
        tap.done()
    print('# ' + run([*openssl, 'version']).stdout.decode().strip())
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        interop = Interop(tap, openssl, program)
        for number in SETS:
            for form, our_form in FORMS:
                for encoding in ENCODINGS:
                    interop.check_ours(number, form, our_form, encoding)
                    interop.check_theirs(number, form, our_form, encoding)
        interop.check_others()
        os.chdir(root)
    tap.done()


main()
