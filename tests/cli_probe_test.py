#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mlkem-ike probe against mlkem-ike respond on the loopback interface: all sets, one, none, a peer that breaks its word,
a closed port, silence. Argument: the program, if it was built."""

import json
import os
import signal
import socket
import struct
import tempfile
import threading

from peers import Gateway, Process, write_key
from tap import Tap, run

IKE_SA_INIT, IKE_INTERMEDIATE = 34, 43
COOKIE = 16390
METHODS = ['mlkem512', 'mlkem768', 'mlkem1024']
ONE = 'aes256gcm16-prfsha384-x25519-ke1_mlkem768'
ALL = 'aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke1_mlkem1024-ke1_mlkem512'


class Relay(threading.Thread):
    """A path that carries some exchanges and loses all others: a gateway that chooses and does not perform."""

    def __init__(self, port, exchanges):
        super().__init__(daemon=True)
        self.exchanges = exchanges
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(('127.0.0.1', 0))
        self.back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.back.connect(('127.0.0.1', int(port)))
        self.back.settimeout(5)
        self.port = str(self.front.getsockname()[1])

    def run(self):
        while True:
            message, sender = self.front.recvfrom(65535)
            exchange = message[18 + (4 if message[:4] == bytes(4) else 0)]
            if exchange in self.exchanges:
                self.back.send(message)
                self.front.sendto(self.back.recv(65535), sender)


class Suite:
    def __init__(self, tap, program):
        self.tap, self.program = tap, program

    def probe(self, name, ran, status, verdicts, words):
        """The JSON answer for one host."""
        answer = json.loads(ran.stdout)['hosts'][0] if ran.stdout else {'attempts': [], 'conclusion': ''}
        found = {attempt['method']: attempt['verdict'] for attempt in answer['attempts']}
        self.tap.check(ran.returncode == status and found == verdicts and all(word in answer['conclusion'] for word in words)
                       and answer.get('proven') == (status == 0), name,
                       f'exit status {ran.returncode}\n{found}\n{answer["conclusion"]}\n{ran.stderr.decode()}')
        return answer

    def sets(self):
        with Gateway(self.program, '--ike', ALL) as gateway:
            answer = self.probe('all sets', gateway.probe('--json'), 0, dict.fromkeys(METHODS, 'proven'), METHODS_IN_WORDS)
            self.tap.check(answer['fragmentation'] and answer['childless'], 'fragmentation and childless are reported', answer)
            for attempt in answer['attempts']:
                self.tap.check(attempt['round_trips'] == 3 and attempt['key_exchanges_performed'] == 2
                               and attempt['confirmed_generation'] == 1 and attempt['method'] in attempt['chosen']
                               and 'AUTHENTICATION_FAILED' in attempt['end'] and attempt['octets_sent'] > 1000,
                               f'{attempt["method"]}: what was seen', attempt)
            sent = sum(attempt['datagrams_sent'] for attempt in answer['attempts'])
            repeated = sum(attempt['retransmissions'] for attempt in answer['attempts'])
            self.tap.check(sent == 10 or repeated, f'ten datagrams to a gateway that performs all sets: {sent}')
            ran = gateway.probe()
            self.tap.check(ran.returncode == 0 and ran.stdout.count(b'proven') == 3 and b'performs ML-KEM-512' in ran.stdout,
                           'the table', ran.stdout.decode())
            self.probe('--set', gateway.probe('--json', '--set', '768'), 0, {'mlkem768': 'proven'}, ['ML-KEM-768'])
            ran = run([self.program, 'probe', *gateway.arguments(), 'localhost', '-4', '--json'])
            hosts = json.loads(ran.stdout)['hosts']
            self.tap.check(ran.returncode == 0 and [host['host'] for host in hosts] == ['127.0.0.1', 'localhost'] and
                           all(host['proven'] for host in hosts), 'two hosts, in their order', hosts)
            ran = run([self.program, 'probe', *gateway.arguments(), 'nowhere.invalid'])
            self.tap.check(ran.returncode == 1 and b'nowhere.invalid: ' in ran.stdout and b'performs' in ran.stdout,
                           'one host that has no address fails the whole', ran.stdout.decode())
        with Gateway(self.program, '--ike', ONE) as gateway:
            self.probe('one set refused', gateway.probe('--json', '--set', '512', '--set', '768'), 0,
                       {'mlkem512': 'refused', 'mlkem768': 'proven'}, ['performs ML-KEM-768', 'refuses ML-KEM-512'])
            self.probe('the only one asked for refused', gateway.probe('--json', '--set', '512'), 1,
                       {'mlkem512': 'refused', 'classical': 'refused'}, ['no ML-KEM', 'NO_PROPOSAL_CHOSEN'])
        with Gateway(self.program, '--fragmentation', 'no', '--cookie-threshold', '0') as gateway:
            answer = self.probe('cookies, no fragmentation', gateway.probe('--json', '--set', '768'), 0,
                                {'mlkem768': 'proven'}, [])
            self.tap.equal(answer['fragmentation'], False, 'no fragmentation is reported')
        with Gateway(self.program, '--draft-00') as gateway:
            self.probe('the first draft: 36 means another set', gateway.probe('--json', '--draft-00', '--set', '768'), 0,
                       {'mlkem768': 'proven'}, [])

    def classical(self):
        proposal = 'aes128-sha256-ecp256'
        with Gateway(self.program, '--ike', proposal, '--allow-classical') as gateway:
            self.probe('classical only', gateway.probe('--json'), 1, {**dict.fromkeys(METHODS, 'refused'), 'classical': 'proven'},
                       ['no ML-KEM', proposal])

    def broken_word(self):
        with Gateway(self.program, '--fragmentation', 'no') as gateway:
            def ask(*exchanges):
                relays = [Relay(port, exchanges) for port in gateway.ports]
                for relay in relays:
                    relay.start()
                return run([self.program, 'probe', '127.0.0.1', '--port', relays[0].port, '--nat-port', relays[1].port, '--set',
                            '768', '--timeout', '3', '--json'])

            # Without fragments: the relay takes one answer for one datagram.
            self.probe('IKE_INTERMEDIATE answered, IKE_AUTH not', ask(IKE_SA_INIT, IKE_INTERMEDIATE), 1,
                       {'mlkem768': 'not_confirmed'}, ['nothing under the new keys', 'IKE_AUTH'])
            ran = ask(IKE_SA_INIT)
            answer = self.probe('chosen, not performed', ran, 1, {'mlkem768': 'chosen_only'},
                                ['chooses ML-KEM-768', 'does not perform', 'IKE_INTERMEDIATE'])
            self.tap.check(answer['attempts'][0]['key_exchanges_performed'] == 1, 'one key exchange was performed', answer)

    def nobody(self):
        with Gateway(self.program) as gateway:
            port = gateway.ports[0]
        ran = run([self.program, 'probe', '127.0.0.1', '--port', port, '--json'])
        self.probe('a closed port', ran, 1, {'mlkem512': 'closed'}, ['closed', 'port unreachable', 'ICMP from 127.0.0.1'])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(('127.0.0.1', 0))
            port = str(silent.getsockname()[1])
            ran = run([self.program, 'probe', '127.0.0.1', '--port', port, '--timeout', '8', '--json'])
            answer = self.probe('silence', ran, 1, {'mlkem512': 'no_answer'}, ['no answer'])
            silent.setblocking(False)
            count = 0
            try:
                while silent.recv(65535):
                    count += 1
            except BlockingIOError:
                pass
            self.tap.equal((count, answer['attempts'][0]['datagrams_sent']), (3, 3), 'a silent gateway gets three datagrams')

    def cookies_for_ever(self):
        """A gateway that asks for another cookie each time: nothing is learned about ML-KEM."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
            gateway.bind(('127.0.0.1', 0))

            def answer():
                for count in range(1, 1000):
                    try:
                        request, sender = gateway.recvfrom(65535)
                    except OSError:
                        return
                    notify = struct.pack('>BBHBBH', 0, 0, 12, 0, 0, COOKIE) + struct.pack('>I', count)
                    gateway.sendto(request[:8] + bytes(8) + struct.pack('>BBBBII', 41, 0x20, IKE_SA_INIT, 0x20, 0,
                                                                        28 + len(notify)) + notify, sender)

            thread = threading.Thread(target=answer, daemon=True)
            thread.start()
            ran = run([self.program, 'probe', '127.0.0.1', '--port', str(gateway.getsockname()[1]), '--timeout', '2', '--json'])
            self.probe('cookies for ever are no refusal', ran, 1, {'mlkem512': 'unusable'}, ['no usable answer'])

    def interrupted(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(('127.0.0.1', 0))
            silent.settimeout(60)
            with Process([self.program, 'probe', '127.0.0.1', '--port', str(silent.getsockname()[1]), '--timeout', '600', '--json'],
                         'probe.log') as probe:
                silent.recv(65535)
                self.tap.equal(probe.interrupt(), 1, 'SIGINT ends with 1')
                self.tap.check(json.loads(probe.text())['hosts'][0]['conclusion'] == 'not asked', 'and with a report', probe.text())

    def wrong_use(self):
        for name, arguments in (('no host', []), ('no such set', ['127.0.0.1', '--set', '1']),
                                ('no such rate', ['127.0.0.1', '--rate', '0'])):
            self.tap.equal(run([self.program, 'probe', *arguments]).returncode, 2, f'wrong use: {name}')
        ran = run([self.program, 'probe', 'h', '--set', '512', '--draft-00'])
        self.tap.check(ran.returncode == 2 and b'--set' in ran.stderr, 'wrong use: a set that the first draft lacks', ran.stderr)


METHODS_IN_WORDS = ['performs ML-KEM-512, ML-KEM-768, ML-KEM-1024']


def main():
    tap = Tap()
    suite = Suite(tap, tap.built_program(1, 'probe'))
    for part in (suite.sets, suite.classical, suite.broken_word, suite.nobody, suite.cookies_for_ever, suite.interrupted, suite.wrong_use):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            write_key()
            part()
            os.chdir('/')
    tap.done()


main()
