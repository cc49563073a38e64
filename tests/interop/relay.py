# SPDX-License-Identifier: Apache-2.0
"""A NAT in front of a gateway, one that can lose and repeat datagrams: for each address and port that sends to INSIDE
it takes a port of OUTSIDE towards GATEWAY. Counts instead of chances, so that every run is the same. From SIGUSR1 on it
loses and repeats nothing.
Usage: relay.py INSIDE OUTSIDE GATEWAY LOSE_EVERY DOUBLE_EVERY (0: none)"""

import itertools
import selectors
import signal
import socket
import sys

PORTS = (500, 4500)


class Relay:
    def __init__(self, inside, outside, gateway, lose_every, double_every):
        self.own_outside, self.gateway, self.every = outside, gateway, (lose_every, double_every)
        self.selector, self.outside = selectors.DefaultSelector(), {}
        # One count for each direction: what one side loses has nothing to do with what the other sends.
        self.counts = {'in': itertools.count(1), 'out': itertools.count(1)}
        for port in PORTS:
            self.watch(self.bound(inside, port), lambda opened, port=port: self.from_inside(opened, port))

    @staticmethod
    def bound(address, port):
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind((address, port))
        return opened

    def watch(self, opened, handler):
        self.selector.register(opened, selectors.EVENT_READ, handler)

    def from_inside(self, inside, port):
        datagram, sender = inside.recvfrom(65535)
        if (sender, port) not in self.outside:
            outside = self.outside[sender, port] = self.bound(self.own_outside, 0)
            self.watch(outside, lambda opened: self.from_outside(opened, inside, sender))
        self.forward('out', self.outside[sender, port], datagram, (self.gateway, port))

    def from_outside(self, outside, inside, to):
        self.forward('in', inside, outside.recvfrom(65535)[0], to)

    def forward(self, direction, through, datagram, to):
        count = next(self.counts[direction])
        lose, double = (every and count % every == 0 for every in self.every)
        for _ in range(0 if lose else 2 if double else 1):
            through.sendto(datagram, to)

    def calm(self, *_signal):
        self.every = (0, 0)

    def run(self):
        signal.signal(signal.SIGUSR1, self.calm)
        print('ready', flush=True)
        while True:
            for key, _ in self.selector.select():
                key.data(key.fileobj)


Relay(*sys.argv[1:4], *map(int, sys.argv[4:6])).run()
