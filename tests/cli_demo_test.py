#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mlkem-ike demo: any methods and ciphers, what it writes, what it refuses. Argument: the program, if it was built."""

import json
import os
import tempfile

from tap import Tap, run


def demos(tap, program):
    sizes = {'x25519': (32, 32), 'x448': (56, 56), 'ecp256': (64, 64), 'ecp384': (96, 96), 'ecp521': (132, 132),
             'modp2048': (256, 256), 'modp3072': (384, 384), 'modp4096': (512, 512), 'mlkem512': (800, 768),
             'mlkem768': (1184, 1088), 'mlkem1024': (1568, 1568)}
    eight = ['x448', 'mlkem1024', 'ecp256', 'mlkem512', 'ecp521', 'mlkem768', 'x25519', 'ecp384']
    cases = [([], ['x25519', 'mlkem768'])] + [(['--ke', method], [method]) for method in sizes]
    cases.append((['--ke', ','.join(eight)], eight))
    cases += [(['--encr', encr, '--prf', prf], ['x25519', 'mlkem768']) for encr, prf in
              (('aes128gcm16', 'prfsha256'), ('chacha20poly1305', 'prfsha512'), ('aes256', 'prfsha1'),
               ('aes256ctr', 'prfsha256'))]
    for arguments, methods in cases:
        ran = run([program, 'demo', '--json', *arguments])
        answer = json.loads(ran.stdout) if ran.returncode == 0 else {'agreed': False, 'payloads': []}
        payloads = [(payload['method'], payload['data_bytes'], payload['payload_bytes'] - payload['data_bytes'])
                    for payload in answer['payloads']]
        tap.check(answer['agreed'] and payloads == [(m, size, 8) for m in methods for size in sizes[m]],
                  f'demo {" ".join(arguments)}', ran.stderr.decode() + str(payloads))
    for arguments, integrity in ((['--encr', 'aes256'], 'sha256'), (['--encr', 'aes128', '--integ', 'sha1'], 'sha1')):
        tap.check(json.loads(run([program, 'demo', '--json', *arguments]).stdout)['integrity'] == integrity and
                  f', {integrity}, prfsha384;'.encode() in run([program, 'demo', *arguments]).stdout,
                  f'demo {" ".join(arguments)} names the integrity algorithm')
    ran = run([program, 'demo'])
    tap.check(ran.returncode == 0 and b'Both sides agree' in ran.stdout and b'1192' in ran.stdout, 'demo in words')
    for name, arguments in (('an unknown method', ['--ke', 'rsa']), ('one twice', ['--ke', 'x25519,x25519']),
                            ('an empty method', ['--ke', 'x25519,']), ('nothing', ['--ke', '']),
                            ('a cipher without integrity', ['--encr', 'aes256', '--integ', 'none']),
                            ('nine', ['--ke', ','.join([*eight, 'modp2048'])]), ('an unknown PRF', ['--prf', 'md5']),
                            ('a capture on standard output', ['--pcap', '-']),
                            ('keys on standard output', ['--keys', '-']),
                            ('an unknown cipher', ['--encr', 'rot13'])):
        ran = run([program, 'demo', *arguments])
        tap.check(ran.returncode == 2 and arguments[-2].encode() in ran.stderr, f'demo refuses {name}',
                  ran.stderr.decode())
    with tempfile.TemporaryDirectory() as folder:
        words = [program, 'demo', '--pcap', os.path.join(folder, 'pcap'), '--keys', os.path.join(folder, 'keys')]
        modes = [run(words).returncode]
        for name in ('pcap', 'keys.0', 'keys.1'):
            modes.append(oct(os.stat(os.path.join(folder, name)).st_mode & 0o777))
        tap.equal(modes, [0, '0o644', '0o600', '0o600'], 'demo writes a capture, and keys for its owner alone')
        ran = run(words)
        tap.check(ran.returncode == 1 and b'--force' in ran.stderr, 'demo replaces no file', ran.stderr)
        tap.equal(run([*words, '--force']).returncode, 0, 'demo --force replaces them')
        words = [program, 'decode', words[3]]
        for generation in (0, 1):
            words += ['--keys', os.path.join(folder, f'keys.{generation}')]
        ran = run(words)
        tap.check(ran.returncode == 0 and b'IKE_AUTH response 2 from R' in ran.stdout and b'AUTH' in ran.stdout,
                  'decode opens all of it', ran.stdout.decode() + ran.stderr.decode())
    steps = [(step['who'], step['step'].split(':')[0]) for step in json.loads(run([program, 'demo', '--json']).stdout)['steps']]
    tap.equal(steps, [('initiator', 'IKE_SA_INIT request')] +
              [(who, f'{exchange} {number}') for number, exchange in enumerate(['IKE_SA_INIT', 'IKE_INTERMEDIATE', 'IKE_AUTH'])
               for who in ('responder', 'initiator')], 'a step for each message on either side')


def main():
    tap = Tap()
    demos(tap, tap.built_program(1, 'demo'))
    tap.done()


main()
