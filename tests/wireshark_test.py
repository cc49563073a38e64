#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Wireshark decrypts and dissects the messages that this project builds: every cipher, whole and in fragments, one pass
for each key generation. A wrong octet and a wrong generation must be noticed, so that the check can fail.
Usage: wireshark_test.py ROOT [MLKEM_IKE]"""

import os
import shutil
import sys
import tempfile

from peers import Gateway, Nat, write_key
from tap import Tap, read, run, write

DEFAULT = ['--encr', 'aes256gcm16', '--prf', 'prfsha384']
METHODS = {'x25519': '31', 'ecp256': '19', 'mlkem512': '35', 'mlkem768': '36', 'mlkem1024': '37'}
# Key exchange methods and options of `mlkem-ike demo`.
CASES = [
    (['x25519', 'mlkem512'], DEFAULT), (['x25519', 'mlkem768'], DEFAULT), (['x25519', 'mlkem1024'], DEFAULT),
    (['mlkem512'], DEFAULT), (['x25519', 'mlkem768', 'mlkem1024', 'ecp256'], DEFAULT),
    *[(['x25519', 'mlkem768'], ['--encr', cipher, '--prf', 'prfsha256']) for cipher in
      ('aes128gcm16', 'aes192gcm16', 'aes128ccm16', 'aes192ccm16', 'aes256ccm16', 'chacha20poly1305')],
    *[(['x25519', 'mlkem768'], ['--encr', cipher, '--integ', integrity, '--prf', 'prfsha512']) for cipher, integrity in
      (('aes128', 'sha1'), ('aes192', 'sha256'), ('aes256', 'sha384'), ('aes256', 'sha512'), ('aes128ctr', 'sha256'),
       ('aes256ctr', 'sha512'))],
]
FIELDS = ['frame.number', 'isakmp.exchangetype', 'isakmp.messageid', 'isakmp.typepayload',
          'isakmp.key_exchange.dh_group', '_ws.expert.message', '_ws.malformed', 'isakmp.frag.last']


class UnknownCipher(Exception):
    """The reason for which Wireshark refuses a table."""


class Wireshark:
    def __init__(self, command, folder):
        self.command, self.folder = command, folder

    def dissect(self, capture, table):
        """A dict of FIELDS for each frame; the values of a field are joined by commas."""
        shutil.copy(table, os.path.join(self.folder, 'ikev2_decryption_table'))
        arguments = ['-n', '-r', capture, '-T', 'fields', '-E', 'separator=/t', '-E', 'aggregator=,']
        for field in FIELDS:
            arguments += ['-e', field]
        ran = run([*self.command, 'tshark', *arguments], env={**os.environ, 'WIRESHARK_CONFIG_DIR': self.folder})
        refused = [line for line in ran.stderr.decode(errors='replace').splitlines() if 'invalid value' in line]
        if refused:
            raise UnknownCipher(refused[0])
        if ran.returncode != 0:
            raise RuntimeError(ran.stderr.decode(errors='replace'))
        return [dict(zip(FIELDS, line.split('\t'))) for line in ran.stdout.decode().splitlines()]


def generation_of(frame, last):
    """Which keys protect it: IKE_INTERMEDIATE n those before it, IKE_AUTH the newest; None in the clear."""
    if frame['isakmp.exchangetype'] == '34':
        return None
    return int(frame['isakmp.messageid'], 16) - 1 if frame['isakmp.exchangetype'] == '43' else last


def dissected(tap, wireshark, name, files, methods):
    """Every message of the exchange under its own generation, and none under another."""
    last = len(methods) - 1
    fine, exchanged, wrong = set(), [], []
    for generation in range(last + 1):
        for frame in wireshark.dissect(files['capture'], files['keys'] + f'.{generation}'):
            own = generation_of(frame, last)
            faults = frame['_ws.expert.message'] + frame['_ws.malformed']
            if own in (None, generation):
                fine.add(frame['frame.number'])
                if faults:
                    wrong.append(f'generation {generation}: {frame}')
                if own is not None or generation == 0:
                    exchanged += [group for group in frame['isakmp.key_exchange.dh_group'].split(',') if group]
                if frame['isakmp.exchangetype'] == '35' and not {'39', '33', '44', '45'} <= set(
                        frame['isakmp.typepayload'].split(',')):
                    wrong.append(f'IKE_AUTH without its payloads: {frame}')
            elif 'Integrity Checksum Data is incorrect' not in faults:
                wrong.append(f'generation {generation} opens a message of generation {own}: {frame}')
    wanted = [METHODS[method] for method in methods for _ in range(2)]
    if exchanged != wanted:
        wrong.append(f'KE payloads: {exchanged}, wanted {wanted}')
    tap.check(not wrong, f'{name}: {len(fine)} datagrams, {last + 1} generations', '\n'.join(wrong))


def changed_octet(tap, wireshark, files, folder):
    """The last octet of the capture belongs to the ICV of IKE_AUTH's response."""
    octets = bytearray(read(files['capture']))
    octets[-1] ^= 1
    changed = os.path.join(folder, 'changed.pcap')
    write(changed, octets)
    frames = wireshark.dissect(changed, files['keys'] + '.1')
    tap.check('Integrity Checksum Data is incorrect' in frames[-1]['_ws.expert.message'] and
              not frames[-2]['_ws.expert.message'], 'a changed octet is noticed', frames)


def recorded(tap, wireshark, program, folder):
    """An SA of `connect` and `respond` with the key log of one of them."""
    os.chdir(folder)
    write_key()
    os.mkdir('keylog')
    with Gateway(program) as gateway:
        nat = Nat(gateway)
        run([program, 'connect', *nat.arguments(), '--psk-file', 'key', '--hold', '0', '--keylog', 'keylog']).check_returncode()
        nat.write_capture('recorded.pcap')
    opened = []
    for generation, exchanges in ((0, {'43'}), (1, {'35', '37'})):
        for frame in wireshark.dissect('recorded.pcap', f'keylog/ikev2_decryption_table.{generation}'):
            if frame['isakmp.exchangetype'] in exchanges and not frame['_ws.expert.message'] + frame['_ws.malformed']:
                opened.append(frame['isakmp.exchangetype'])
    tap.check(opened.count('43') >= 2 and opened.count('35') == opened.count('37') == 2, 'an SA of connect, with its key log',
              opened)
    os.chdir('/')


def main():
    root, tap = sys.argv[1], Tap()
    program = tap.built_program(2, 'Wireshark')
    newer_debian = os.path.join(root, 'tools', 'newer_debian')
    unpacked = run([newer_debian, 'tshark'])
    if unpacked.returncode == 77:
        tap.skip('Wireshark', unpacked.stderr.decode().strip().splitlines()[-1])
        tap.done()
    unpacked.check_returncode()
    command = [newer_debian, '--run', unpacked.stdout.decode().strip()]
    print('#', run([*command, 'tshark', '--version']).stdout.decode().splitlines()[0])
    with tempfile.TemporaryDirectory() as folder:
        wireshark = Wireshark(command, folder)
        for methods, options in CASES:
            files = {'capture': os.path.join(folder, 'exchange.pcap'), 'keys': os.path.join(folder, 'keys')}
            run([program, 'demo', '--force', '--ke', ','.join(methods), *options, '--pcap', files['capture'], '--keys',
                 files['keys']]).check_returncode()
            name = f"{'+'.join(methods)} {' '.join(options[1::2])}"
            try:
                dissected(tap, wireshark, name, files, methods)
            except UnknownCipher as reason:
                # Wireshark 4.6 has no ChaCha20-Poly1305 for IKEv2; any other cipher must open.
                if 'ChaCha20' in str(reason):
                    tap.skip(name, f'{reason}')
                else:
                    tap.check(False, name, reason)
            if (methods, options) == CASES[1]:
                changed_octet(tap, wireshark, files, folder)
        recorded(tap, wireshark, program, folder)
    tap.done()


main()
