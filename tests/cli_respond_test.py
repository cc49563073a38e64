#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mlkem-ike respond: keys of many peers, limits and cookies, statistics, 200 peers at a time on the loopback interface.
Arguments: the seconds that the 200 peers take, the program, if it was built."""

import os
import re
import signal
import sys
import tempfile

from peers import Gateway, Process, write_key
from tap import Tap, run

PARALLEL = 200
LIMITS = ['--max-half-open-per-address', '1000']


class Suite:
    def __init__(self, tap, program):
        self.tap, self.program = tap, program

    def secrets(self):
        write_key('alice', b'alices key\n')
        write_key('address', b'of an address\n')
        write_key('others', b'of all others\n')
        write_key('secrets', b'# peers\nalice@example : PSK "alices key"\n\n127.0.0.1\t: 0x' +
                  b'of an address'.hex().encode() + b'\n%any : of all others\n')
        with Gateway(self.program, '--secrets', 'secrets') as gateway:
            for name, key, arguments, status in (
                    ('a user', 'alice', ['--id', 'alice@example'], 0), ('an address', 'address', [], 0),
                    ('another one', 'others', ['--id', 'bob@example'], 0),
                    ('a user with the key of another', 'others', ['--id', 'alice@example'], 1)):
                ran = gateway.connect(*arguments, key=key)
                self.tap.equal(ran.returncode, status, f'--secrets: {name}')
        write_key('named', b'alice@example : alices key\n')
        with Gateway(self.program, '--secrets', 'named') as gateway:
            ran = gateway.connect('--id', 'bob@example', key='alice')
            self.tap.check(ran.returncode == 1 and b'AUTHENTICATION_FAILED' in ran.stdout,
                           'without %any others are refused', ran.stdout.decode())
        for name, octets, reason in (('no colon', b'alice@example key\n', 'line 1'), ('twice', b'%any : a\n%any : b\n', 'line 2'),
                                     ('the same one twice', b'a : b\n@a : c\n', 'line 2'), ('nothing', b'# none\n', 'no key')):
            write_key('bad', octets)
            ran = run([self.program, 'respond', '--id', 'x', '--port', '0', '--nat-port', '0', '--secrets', 'bad'])
            self.tap.check(ran.returncode == 1 and b'--secrets' in ran.stderr and reason.encode() in ran.stderr,
                           f'--secrets: {name}', ran.stderr.decode())

    def once(self):
        with Gateway(self.program, '--once') as gateway:
            gateway.connect()
            self.tap.equal(gateway.ended(), 0, '--once ends with the SA')
        write_key('wrong', b'wrong\n')
        with Gateway(self.program, '--once') as gateway:
            gateway.connect(key='wrong')
            self.tap.equal(gateway.ended(), 1, '--once ends with 1 if the peer fails')

    def policies(self):
        with Gateway(self.program, '--no-childless') as gateway:
            ran = gateway.connect('--childless')
            self.tap.check(ran.returncode == 1 and b'childless' in ran.stdout, '--no-childless', ran.stdout.decode())
        with Gateway(self.program, '--cookie-threshold', '0') as gateway:
            ran = gateway.connect('-v')
            gateway.interrupt()
            self.tap.check(ran.returncode == 0 and '1 cookies sent' in gateway.text(), 'cookies on demand',
                           ran.stdout.decode() + gateway.text())
        ran = run([self.program, 'respond', '--psk-file', 'key', '--port', '0', '--nat-port', '0'])
        self.tap.check(ran.returncode == 2 and b'--id' in ran.stderr, 'an identity is needed beside a wildcard', ran.stderr)
        ran = run([self.program, 'respond', '--psk-file', 'key', '--id', 'x', '--listen', 'here'])
        self.tap.check(ran.returncode == 2 and b'--listen' in ran.stderr, '--listen takes addresses', ran.stderr)

    def liveness(self):
        with Gateway(self.program, '-v', '--liveness', '0.2') as gateway:
            with Process(gateway.connect_command(), 'client.log') as client:
                client.says('established')
                self.tap.check(gateway.says('INFORMATIONAL request sent'), '--liveness asks a silent peer', gateway.text())
                self.tap.equal(client.interrupt(), 0, 'and a peer that answers stays')

    def statistics(self):
        with Gateway(self.program) as gateway:
            with Process(gateway.connect_command(), 'client.log') as client:
                client.says('established')
                gateway.signal(signal.SIGUSR1)
                self.tap.check(gateway.says('now 1 established, 0 half-open') and gateway.process.poll() is None,
                               'SIGUSR1 prints statistics', gateway.text())
                self.tap.check(gateway.says('  1 with aes256gcm16-prfsha384-x25519-ke1_mlkem768'), 'by proposal')
                client.interrupt()
            write_key('wrong', b'wrong\n')
            gateway.connect(key='wrong')
            self.tap.equal(gateway.interrupt(), 0, 'a peer that failed is no failure of respond')
            self.tap.check('1 failed; now' in gateway.text() and '  1 failed: ' in gateway.text(), 'failures are counted by reason', gateway.text())
        with Gateway(self.program) as one:
            ran = run([self.program, 'respond', '--listen', one.address, '--port', one.ports[0], '--psk-file', 'key'])
            self.tap.check(ran.returncode == 1 and b'bound' in ran.stderr and one.ports[0].encode() in ran.stderr,
                           'a port that is taken', ran.stderr.decode())

    def load(self, seconds):
        with Gateway(self.program, '--quiet', *LIMITS) as gateway:
            ran = gateway.connect('--parallel', str(PARALLEL), '--repeat-for', seconds)
            output = ran.stdout.decode()
            counts = [int(number) for number in
                      re.findall(r'(\d+) started, (\d+) established, (\d+) deleted', output)[0]]
            self.tap.check(ran.returncode == 0 and len(set(counts)) == 1 and counts[0] >= PARALLEL,
                           f'{PARALLEL} peers at a time for {seconds} s: every SA established and deleted', output)
            print('#', output.replace('\n', '\n# '))
            self.tap.equal(gateway.interrupt(), 0, 'and respond ends with 0')
            print('#', gateway.text().replace('\n', '\n# '))
            self.tap.check(f'{counts[0]} established, {counts[0]} Child SAs, {counts[0]} deleted, 0 lost, 0 failed; '
                           'now 0 established, 0 half-open' in gateway.text(), 'its statistics agree', gateway.text())
        with Gateway(self.program, '--quiet', *LIMITS) as gateway:
            ran = gateway.connect('--parallel', str(PARALLEL), '--hold', '1')
            self.tap.check(ran.returncode == 0 and f'{PARALLEL} deleted'.encode() in ran.stdout,
                           f'{PARALLEL} SAs at the same time, held for a second', ran.stdout.decode())
            with Process(gateway.connect_command('--parallel', '20', '--hold', '1000'), 'client.log') as client:
                client.says('connecting')
                gateway.signal(signal.SIGUSR1)
                gateway.says('now 20 established')
                self.tap.equal(client.interrupt(), 0, 'SIGINT deletes all SAs of a load')
                self.tap.check('20 established, 20 deleted' in client.text(), 'all of them', client.text())


def main():
    tap = Tap()
    suite = Suite(tap, tap.built_program(2, 'respond'))
    long = len(sys.argv) > 1 and float(sys.argv[1]) > 10
    parts = [] if long else [suite.secrets, suite.once, suite.policies, suite.liveness, suite.statistics]
    for part in [*parts, lambda: suite.load(sys.argv[1])]:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            write_key()
            part()
            os.chdir('/')
    tap.done()


main()
