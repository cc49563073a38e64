# SPDX-License-Identifier: Apache-2.0
"""The daemons that the cases need, each started when the first case asks for it, and the ends of an exchange."""

import contextlib
import os
import re
import signal
import subprocess
import sys

import sandbox
from cases import BOTH, HOSTS, IDLE_ADDRESS, RELAYED, RELAYS
from mlkem_ike import MlkemIke
from strongswan import Charon, until

HERE = os.path.dirname(os.path.realpath(__file__))
# Debian suite and how the daemon differs from an ordinary one.
KINDS = {
    'plain': ('testing', {}),
    'tunnel': ('testing', {'tunnel': True}),
    'cookie': ('testing', {'settings': 'cookie_threshold = 1\nhalf_open_timeout = 600'}),
    'small': ('testing', {'settings': 'fragment_size = 576'}),
    'patient': ('testing', {'settings': 'retransmit_timeout = 0.3\nretransmit_tries = 20'}),
    'older': ('trixie', {}),
}


class Daemons:
    def __init__(self, folders, program):
        self.folders, self.program = folders, program and os.path.abspath(program)
        self.networks, self.running, self.ours, self.last = {}, {}, {}, ()

    def network(self, *who):
        """One for each pair of ends at places 0 and 1: every pair has the same addresses. Place 2 is the relay's."""
        if who not in self.networks:
            name = f'n{len(self.networks)}'
            network = self.networks[who] = sandbox.Network(f'{name}a', f'{name}b', f'{name}c')
            network.link([(place, [f'{HOSTS[4][place].address}/24', f'{HOSTS[6][place].address}/64'])
                          for place in (0, 1)])
            for place in (0, 1):
                network.link([(place, [f'{RELAYED[place].address}/24']), (2, [f'{RELAYS[place]}/24'])])
                network.add_address(place, 'lo', HOSTS[4][place].selector)
        return self.networks[who]

    def charon(self, kind, network, place):
        key = (kind, network, place)
        if key not in self.running or self.running[key].has_ended():
            suite, differences = KINDS[kind]
            self.running[key] = Charon(self.folders[suite], network, place, **differences)
            if kind == 'cookie':
                self.leave_half_open(self.running[key], network)
        return self.running[key]

    @staticmethod
    def leave_half_open(charon, network):
        other, address = 1 - charon.place, HOSTS[4][charon.place].address
        network.add_address(other, f'to-{network.names[charon.place]}', f'{IDLE_ADDRESS}/24')
        charon.hold_half_open(address, IDLE_ADDRESS)
        subprocess.run([*network.inside(other), sys.executable, f'{HERE}/half_open.py', address, IDLE_ADDRESS],
                       check=True)
        if not until(lambda: charon.sas(name='')):
            raise RuntimeError(f"no half-open SA: {charon.read('log')}")

    def ends(self, case, ours):
        """Their network, initiator and responder; strongSwan is at place 0, at 1 are we or strongSwan again."""
        initiator, responder = (case.daemon(role) for role in BOTH)
        if ours == 'both':
            network = self.network(responder, initiator)
            self.last = (self.charon(initiator, network, 1), self.charon(responder, network, 0))
        elif ours == 'initiator':
            network = self.network(responder, 'us')
            self.last = (self.us(network), self.charon(responder, network, 0))
        else:
            network = self.network(initiator, 'us')
            self.last = (self.charon(initiator, network, 0), self.us(network))
        return network, *self.last

    def probed(self, daemon):
        """Its network and the gateway, if there is to be one."""
        network = self.network(daemon or 'nobody', 'us')
        self.last = ()
        return network, self.charon(daemon, network, 0) if daemon else None

    def us(self, network):
        if network not in self.ours:
            self.ours[network] = MlkemIke(self.program, network, 1)
        return self.ours[network]

    @staticmethod
    @contextlib.contextmanager
    def relay(case, network, initiator):
        """Between the two, where the case wants one; yields what stops it from losing anything."""
        if not case.relay:
            yield lambda: None
            return
        inside, gateway = initiator.place, 1 - initiator.place
        with subprocess.Popen([*network.inside(2), sys.executable, f'{HERE}/relay.py', RELAYS[inside], RELAYS[gateway],
                               RELAYED[gateway].address, *map(str, case.relay)], stdout=subprocess.PIPE) as process:
            try:
                process.stdout.readline()
                yield lambda: process.send_signal(signal.SIGUSR1)
            finally:
                process.kill()

    @staticmethod
    def missing(case):
        """Why a case can't run, if it can't."""
        if case.esp and not os.access('/dev/net/tun', os.R_OK | os.W_OK):
            return 'no /dev/net/tun, over which strongSwan handles ESP where the kernel has none'
        return None

    def last_words(self):
        """The end of both logs, without the octets."""
        text = []
        for end in self.last:
            lines = [line for line in end.log().splitlines() if not re.search(r' +\d+: (?:[0-9A-F]{2} )+| @ 0x', line)]
            text += [f'-- {end.name}', *lines[-16:]]
        return '\n'.join(text)

    def keep_logs(self, folder, title):
        os.makedirs(folder, exist_ok=True)
        for role, end in zip(BOTH, self.last):
            with open(os.path.join(folder, re.sub(r'\W+', '-', title) + f'.{role}'), 'w', encoding='utf-8') as file:
                file.write(end.log())

    def stop(self):
        for charon in self.running.values():
            charon.stop()
