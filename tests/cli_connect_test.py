#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mlkem-ike connect against mlkem-ike respond on the loopback interface: keys, proposals, Child SAs, fragmentation, key
logs, deletion by either side, wrong use. Argument: the program, if it was built."""

import os
import pty
import re
import signal
import socket
import stat
import tempfile

from peers import PATIENCE, Gateway, Nat, Process, write_key
from tap import Tap, run

DEFAULT = 'agreed on aes256gcm16-prfsha384-x25519-ke1_mlkem768'


def text(ran):
    return (ran.stdout + ran.stderr).decode()


def xfrm_states(output):
    """SPI -> algorithm and key."""
    return dict(re.findall(r'^ip xfrm state add .* spi (0x\w{8}) .*? (?:aead|enc) (.*)$', output, re.MULTILINE))


class Suite:
    def __init__(self, tap, program):
        self.tap, self.program = tap, program

    def check(self, name, ran, wanted, status=0, absent=()):
        output = text(ran)
        self.tap.check(ran.returncode == status and all(word in output for word in wanted)
                       and not any(word in output for word in absent), name, f'exit status {ran.returncode}\n{output}')

    def plain(self):
        with Gateway(self.program) as gateway:
            self.check('connect', gateway.connect(), [DEFAULT, 'keys of generation 1', 'established with gateway.example',
                                                      'Child SA', '127.0.0.1 === 127.0.0.1', 'deleted'])
            self.check('connect --childless', gateway.connect('--childless'), ['established', 'deleted'],
                       absent=['Child SA'])
            self.check('connect --verbose', gateway.connect('-v'),
                       ['IKE_SA_INIT request sent', 'IKE_AUTH received', 'CHILDLESS_IKEV2_SUPPORTED'])
            self.check('--peer-id that the gateway has', gateway.connect('--peer-id', 'gateway.example'), ['deleted'])
            self.check('--peer-id that it has not', gateway.connect('--peer-id', 'other.example'),
                       ['failed', 'not who it should be'], status=1)
            self.check('--encapsulate goes to the other port', gateway.connect('--encapsulate'),
                       [f':{gateway.ports[1]} (UDP encapsulation)', 'deleted'])
            self.check('a key of mode 0644', self.with_readable_key(gateway), ['warning', 'chmod 600', 'deleted'])
            self.tap.equal(gateway.interrupt(), 0, 'respond ends with 0 on SIGINT')
            self.tap.check('7 established, 6 Child SAs, 6 deleted, 0 lost, 1 failed' in gateway.text(), 'its statistics count all of them',
                           gateway.text())

    def with_readable_key(self, gateway):
        write_key('readable', mode=0o644)
        return gateway.connect(key='readable')

    def wrong_key(self):
        write_key('wrong', b'another key\n')
        with Gateway(self.program) as gateway:
            self.check('a wrong key', gateway.connect(key='wrong'),
                       ['AUTHENTICATION_FAILED', 'protected by generation 1'], status=1, absent=['established'])
            write_key('hex', b'0x' + b'a shared key for tests'.hex().encode())
            write_key('base64', b'0sYSBzaGFyZWQga2V5IGZvciB0ZXN0cw==\r\n')
            self.check('the key in hex', gateway.connect(key='hex'), ['deleted'])
            self.check('the key in base64', gateway.connect(key='base64'), ['deleted'])
            self.terminal(gateway)

    def terminal(self, gateway):
        """The key is asked for on the controlling terminal, and does not show."""
        command = [self.program, 'connect', *gateway.arguments(), '--hold', '0']
        try:
            child, terminal = pty.fork()
        except OSError as error:
            self.tap.skip('a key from the terminal', f'no pseudo-terminals here: {error}')
            return
        if child == 0:
            os.execv(command[0], command)
        shown = b''
        try:
            while b'Shared key for' not in shown:
                shown += os.read(terminal, 1000)
            os.write(terminal, b'a shared key for tests\n')
            while True:
                piece = os.read(terminal, 1000)
                if not piece:
                    break
                shown += piece
        except OSError:
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(terminal)
        self.tap.check(status == 0 and b'deleted' in shown and b'a shared key' not in shown,
                       'a key from the terminal, without echo', shown)

    def proposals(self):
        suites = [('aes256gcm16-prfsha384-x25519-ke1_mlkem512', []), ('aes128gcm16-prfsha256-ecp256-ke1_mlkem1024', []),
                  ('chacha20poly1305-prfsha512-x25519-ke1_mlkem768-ke2_mlkem1024-ke3_ecp384', []),
                  ('aes256-sha384-x25519-ke1_mlkem768', []), ('aes128ctr-sha256-x25519-ke3_mlkem768', []),
                  ('aes256ccm16-prfsha256-mlkem512', []), ('aes256gcm16-prfsha384-mlkem1024', ['--large-init'])]
        for proposal, options in suites:
            with Gateway(self.program, '--ike', proposal, *options) as gateway:
                self.check(proposal, gateway.connect('--ike', proposal, *options), [f'agreed on {proposal}', 'deleted'])
        with Gateway(self.program, '--ike', 'aes256gcm16-prfsha384-x25519-ke1_mlkem768', '--draft-00') as gateway:
            self.check('--draft-00 on both sides', gateway.connect('--draft-00'), ['mlkem768', 'deleted'])
        classical = 'aes256gcm16-prfsha384-x25519'
        with Gateway(self.program, '--ike', classical, '--allow-classical') as gateway:
            self.check('ML-KEM is required', gateway.connect('--timeout', '3'),
                       ['ignored (NO_PROPOSAL_CHOSEN): the peer refuses, in the clear', 'failed: '], status=1)
            self.check('--allow-classical', gateway.connect('--allow-classical'), [f'agreed on {classical}', 'deleted'])
        with Gateway(self.program) as gateway:
            self.check('nothing in common',
                       gateway.connect('--ike', 'aes128-sha256-x448-ke1_mlkem512', '--timeout', '3'),
                       ['NO_PROPOSAL_CHOSEN'], status=1)

    def child_sas(self):
        esp = 'aes128-sha256-esn'
        with Gateway(self.program, '--esp', esp, '--local-ts', '10.1.0.0/16', '--print-child-keys') as gateway:
            ran = gateway.connect('--esp', esp, '--local-ts', '10.2.0.5-10.2.0.6', '--remote-ts',
                                  '10.1.2.0/24[tcp/443],10.9.0.0/16', '--print-child-keys')
            self.check('selectors are narrowed', ran, ['10.2.0.5-10.2.0.6 === 10.1.2.0/24[tcp/443]\n', 'deleted'],
                       absent=['10.9.0.0'])
            states = xfrm_states(text(ran))
            self.tap.check(len(states) == 2 and states == xfrm_states(gateway.text()),
                           'both sides have the same Child SA keys', f'{text(ran)}\n{gateway.text()}')
            self.check('as `ip xfrm` commands', ran,
                       ["enc 'cbc(aes)' 0x", "auth-trunc 'hmac(sha256)' 0x", 'flag esn', 'policy add src 10.2.0.5/32 dst '
                        '10.1.2.0/24 proto 6 dport 443 dir out'])
            ran = gateway.connect('--esp', 'chacha20poly1305', '--hold', '0')
            self.check('no ESP proposal in common', ran, ['established', 'no Child SA: NO_PROPOSAL_CHOSEN', 'deleted'])
            ran = gateway.connect('--esp', esp, '--remote-ts', '10.9.0.0/16')
            self.check('no traffic in common', ran, ['established', 'no Child SA: TS_UNACCEPTABLE', 'deleted'])

    def fragmentation(self):
        large = 'aes256gcm16-prfsha384-x25519-ke1_mlkem1024'
        for ours, theirs, fragmented in (('no', 'yes', False), ('yes', 'no', False), ('yes', 'yes', True),
                                         ('force', 'force', True)):
            with Gateway(self.program, '--ike', large, '--fragmentation', theirs, '-v') as gateway:
                ran = gateway.connect('--ike', large, '--fragmentation', ours, '-v')
                self.check(f'fragmentation {ours} and {theirs}', ran, ['established', 'deleted'])
                self.tap.equal('fragment 1 of 2 received' in text(ran) + gateway.text(), fragmented,
                               f'fragmentation {ours} and {theirs}: fragments')
        with Gateway(self.program, '--mtu', '576', '-v') as gateway:
            ran = gateway.connect('--mtu', '576')
            self.tap.check(ran.returncode == 0 and 'IKE_INTERMEDIATE fragment 2 of 3 received' in gateway.text(), '--mtu 576: three fragments',
                           gateway.text())

    def ipv6(self):
        try:
            gateway = Gateway(self.program, address='::1')
        except RuntimeError as error:
            self.tap.skip('IPv6', f'no IPv6 loopback here: {error}')
            return
        with gateway:
            self.check('IPv6', gateway.connect(), ['established with gateway.example at [::1]', '::1 === ::1', 'deleted'])

    def key_log(self):
        os.mkdir('keys')
        with Gateway(self.program) as gateway:
            for count in (1, 2):
                self.check('--keylog', gateway.connect('--keylog', 'keys'), ['deleted'])
                lines = [len(open(f'keys/ikev2_decryption_table.{n}', encoding='ascii').readlines()) for n in (0, 1)]
                self.tap.equal(lines, [count, count], f'a line for each SA and generation: {count}')
            modes = [stat.S_IMODE(os.stat(f'keys/ikev2_decryption_table.{n}').st_mode) for n in (0, 1)]
            self.tap.equal(modes, [0o600, 0o600], 'key logs have mode 0600')
            os.chmod('keys/ikev2_decryption_table.1', 0o644)
            self.check('a key log that others may read', gateway.connect('--keylog', 'keys'), ['--keylog', 'owner'], status=1)
            self.check('a folder that is not there', gateway.connect('--keylog', 'none'), ['--keylog', 'none'], status=1)

    def nat(self):
        """A NAT is noticed, and what passes it opens with the key log."""
        os.mkdir('keys')
        with Gateway(self.program, '-v') as gateway:
            nat = Nat(gateway)
            ran = run([self.program, 'connect', *nat.arguments(), '--psk-file', 'key', '--hold', '0', '--keylog', 'keys'])
            self.check('behind a NAT', ran, [f':{nat.ports[1]} (UDP encapsulation)', 'deleted'])
            self.tap.equal([number for _, number, _ in nat.datagrams], [500, 500] + [4500] * (len(nat.datagrams) - 2),
                           'the other port carries all but IKE_SA_INIT')
            nat.write_capture('pcap')
            keys = [word for n in (0, 1) for word in ('--keys', f'keys/ikev2_decryption_table.{n}')]
            ran = run([self.program, 'decode', 'pcap', *keys])
            self.check('decode opens all of it with the key log', ran, ['IKE_INTERMEDIATE response 1', 'INFORMATIONAL response 3'])
            ran = run([self.program, 'decode', 'pcap', *keys[:2]])
            self.check('and not with generation 0 alone', ran, [], status=1)

    def deletion(self):
        with Gateway(self.program) as gateway:
            with Process(gateway.connect_command(), 'client.log') as client:
                self.tap.check(client.says('established'), 'without --hold the SA is kept')
                self.tap.equal(client.interrupt(), 0, 'connect deletes it on SIGINT, exit status 0')
                self.tap.check('deleted' in client.text() and gateway.says('deleted by the peer'), 'both sides know',
                               client.text() + gateway.text())
            with Process(gateway.connect_command(), 'client.log') as client:
                client.says('established')
                self.tap.equal(gateway.interrupt(), 0, 'respond deletes it on SIGINT, exit status 0')
                self.tap.check(client.ended() == 0 and 'deleted by the peer' in client.text(),
                               'connect ends when the gateway deletes the SA, exit status 0', client.text())
        with Gateway(self.program) as gateway:
            with Process(gateway.connect_command('-v'), 'client.log') as client:
                client.says('established')
                gateway.signal(signal.SIGKILL)
                gateway.ended()
                client.signal(signal.SIGINT)
                # Said with --verbose only: the Delete is under way, so that the first SIGINT is taken.
                client.says('INFORMATIONAL request sent')
                self.tap.equal(client.interrupt(), 1, 'a second SIGINT does not wait for the answer, exit status 1')

    def load(self):
        with Gateway(self.program, '--quiet') as gateway:
            for options in (['--count', '3'], ['--count', '7', '--parallel', '3'], ['--repeat-for', '0.3']):
                ran = gateway.connect(*options)
                started = re.search(r'^(\d+) started, (\d+) established, (\d+) deleted', text(ran), re.MULTILINE)
                counts = set(started.groups()) if started else set()
                wanted = counts == {options[1]} if options[0] == '--count' else len(counts) == 1
                self.tap.check(ran.returncode == 0 and wanted, f'a load: {" ".join(options)}', text(ran))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(('127.0.0.1', 0))
            silent.settimeout(PATIENCE)
            port = str(silent.getsockname()[1])
            with Process([self.program, 'connect', '127.0.0.1', '--port', port, '--psk-file', 'key', '--parallel', '3',
                          '--timeout', '3000'], 'client.log') as client:
                for _ in range(3):
                    silent.recv(65535)
                self.tap.check(client.interrupt() == 1 and '3 failed: closed before it was established' in client.text(),
                               'SIGINT ends the attempts of a load', client.text())

    def silence(self):
        with Gateway(self.program) as gateway:
            command = gateway.connect_command('--hold', '0', '--timeout', '20')
            gateway.interrupt()
        self.check('a closed port', run(command), ['port unreachable (ICMP from 127.0.0.1)'], status=1)
        # 192.0.2.0/24 (RFC 5737) leads nowhere, or there is no route at all.
        ran = run([self.program, 'connect', '192.0.2.1', '--psk-file', 'key', '--timeout', '0.5'])
        self.tap.check(ran.returncode == 1 and any(reason in text(ran) for reason in
                                                   ('no usable answer to IKE_SA_INIT', 'unreachable')), 'no answer', text(ran))

    def wrong_use(self):
        base = ['127.0.0.1', '--psk-file', 'key']
        for name, arguments, wanted in (
                ('an unknown keyword', [*base, '--ike', 'aes256gcm16-rot13-x25519'], ['--ike', "'rot13'"]),
                ('an ESP proposal without cipher', [*base, '--esp', 'sha256'], ['--esp']),
                ('no such selector', [*base, '--local-ts', '10.0.0.0/33'], ['--local-ts', '10.0.0.0/33']),
                ('a backward range', [*base, '--remote-ts', '10.0.0.9-10.0.0.1'], ['--remote-ts']),
                ('an empty identity', [*base, '--id', 'keyid:0x'], ['--id']),
                ('--childless and selectors', [*base, '--childless', '--local-ts', '10.0.0.0/8'], ['--childless']),
                ('a small datagram', [*base, '--mtu', '100'], ['--mtu']),
                ('no host', ['--psk-file', 'key'], ['host'])):
            self.check(f'wrong use: {name}', run([self.program, 'connect', *arguments]), wanted, status=2)
        write_key('empty', b'\n')
        write_key('lines', b'one\ntwo\n')
        write_key('odd', b'0xabc\n')
        for name, reason in (('empty', 'empty'), ('lines', 'more than one line'), ('odd', 'hex'), ('none', 'No such file')):
            ran = run([self.program, 'connect', '127.0.0.1', '--psk-file', name])
            self.check(f'a key file that is wrong: {name}', ran, ['--psk-file', name, reason], status=1)
        self.check('an unknown host', run([self.program, 'connect', 'nowhere.invalid', '--psk-file', 'key']),
                   ['nowhere.invalid'], status=1)


def main():
    tap = Tap()
    suite = Suite(tap, tap.built_program(1, 'connect'))
    for part in (suite.plain, suite.wrong_key, suite.proposals, suite.child_sas, suite.fragmentation, suite.ipv6,
                 suite.key_log, suite.nat, suite.deletion, suite.load, suite.silence, suite.wrong_use):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            write_key()
            part()
            os.chdir('/')
    tap.done()


main()
