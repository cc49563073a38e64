# SPDX-License-Identifier: Apache-2.0
"""The command line as IKE peers on the loopback interface: starting `respond`, running `connect` and `probe` at it."""

import os
import re
import select
import signal
import socket
import struct
import subprocess
import threading
import time

from tap import run, write

KEY = b'a shared key for tests\n'
PATIENCE = 60  # seconds


def wait_until(condition):
    """Whether it becomes true in time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


class Process:
    """A command with its output in a file, so that no pipe fills up; a `with` block ends it in any case."""

    def __init__(self, command, log):
        self.log = log
        # The file stays open as long as the process.
        self.file = open(log, 'wb')  # pylint: disable=consider-using-with
        self.process = subprocess.Popen([os.fspath(part) for part in command], stdin=subprocess.DEVNULL,
                                        stdout=self.file, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.file.close()

    def text(self):
        with open(self.log, encoding='utf-8', errors='replace') as file:
            return file.read()

    def says(self, words):
        """Whether the output holds them, sooner or later."""
        return wait_until(lambda: words in self.text() or self.process.poll() is not None) and words in self.text()

    def signal(self, number):
        self.process.send_signal(number)

    def ended(self):
        """The exit status, or None after too long a wait."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return None

    def interrupt(self):
        self.signal(signal.SIGINT)
        return self.ended()


class Gateway(Process):
    """`respond` on ports that the system chose, of one loopback address."""

    def __init__(self, program, *arguments, address='127.0.0.1', log='gateway.log', key='key'):
        credentials = [] if '--secrets' in arguments else ['--psk-file', key]
        super().__init__([program, 'respond', '--listen', address, '--port', '0', '--nat-port', '0', '--id',
                          'gateway.example', *credentials, *arguments], log)
        self.program, self.address = program, address
        wait_until(lambda: self.text().count('listening on') == 2 or self.process.poll() is not None)
        self.ports = re.findall(r'listening on \S+:(\d+)', self.text())
        if len(self.ports) != 2:
            raise RuntimeError(self.text())

    def arguments(self):
        return [self.address, '--port', self.ports[0], '--nat-port', self.ports[1]]

    def connect_command(self, *arguments, key='key'):
        return [self.program, 'connect', *self.arguments(), '--psk-file', key, *arguments]

    def connect(self, *arguments, key='key'):
        """Runs `connect` to its end; --hold 0 unless it is given."""
        hold = [] if '--hold' in arguments else ['--hold', '0']
        return run(self.connect_command(*hold, *arguments, key=key))

    def probe(self, *arguments):
        return run([self.program, 'probe', *self.arguments(), *arguments])


def write_key(path='key', octets=KEY, mode=0o600):
    write(path, octets)
    os.chmod(path, mode)


class Nat(threading.Thread):
    """A NAT in front of a gateway, for one client: other ports, every datagram recorded."""

    def __init__(self, gateway):
        super().__init__(daemon=True)
        self.lock, self.datagrams, self.ways = threading.Lock(), [], {}
        self.ports = []
        for port, number in zip(gateway.ports, (500, 4500)):
            outside, inside = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
            outside.bind(('127.0.0.1', 0))
            inside.connect((gateway.address, int(port)))
            self.ports.append(str(outside.getsockname()[1]))
            self.ways[outside] = self.ways[inside] = [outside, inside, None, number]
        self.start()

    def run(self):
        while True:
            for ready in select.select(list(self.ways), [], [])[0]:
                outside, inside, client, number = way = self.ways[ready]
                octets, sender = ready.recvfrom(65535)
                from_client = ready is outside
                with self.lock:
                    self.datagrams.append((from_client, number, octets))
                if from_client:
                    way[2] = sender
                    inside.send(octets)
                elif client:
                    outside.sendto(octets, client)

    def arguments(self):
        return ['127.0.0.1', '--port', self.ports[0], '--nat-port', self.ports[1]]

    def write_capture(self, path):
        """Classic pcap, raw IPv4, with the ports of real life and without checksums."""
        packets = [struct.pack('>IHHIIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)]
        with self.lock:
            for number, (from_client, port, octets) in enumerate(self.datagrams):
                ends = [socket.inet_aton(address) for address in ('192.0.2.1', '192.0.2.2')][::1 if from_client else -1]
                udp = struct.pack('>HHHH', port, port, 8 + len(octets), 0) + octets
                packet = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0) + b''.join(ends) + udp
                packets.append(struct.pack('>IIII', number, 0, len(packet), len(packet)) + packet)
        write(path, b''.join(packets))
