# SPDX-License-Identifier: Apache-2.0
"""The daemons that the cases need, each started when the first case asks for it, and the ends of an exchange."""

import os
import re
import subprocess
import sys

import sandbox
from cases import HOSTS, IDLE_ADDRESS
from strongswan import Charon, until

HERE = os.path.dirname(os.path.realpath(__file__))
# Debian suite and how the daemon differs from an ordinary one.
KINDS = {'plain': ('testing', {}), 'tunnel': ('testing', {'tunnel': True}),
         'cookie': ('testing', {'settings': 'cookie_threshold = 1\nhalf_open_timeout = 600'}), 'older': ('trixie', {})}


class Daemons:
    def __init__(self, folders, options):
        self.folders, self.program = folders, options.program
        self.networks, self.running, self.last = {}, {}, ()

    def network(self, kind):
        """One for each kind: every daemon has the same addresses."""
        if kind not in self.networks:
            self.networks[kind] = sandbox.Network(kind, [
                ([f'{HOSTS[4][place].address}/24', f'{HOSTS[6][place].address}/64'], HOSTS[4][place].selector)
                for place in (0, 1)])
        return self.networks[kind]

    def charon(self, kind, place, as_kind=None):
        """The daemon of that kind, in its own network or in that of another kind."""
        suite, differences = KINDS[kind]
        network = self.network(as_kind or kind)
        key = (kind, network.names[place])
        if key not in self.running:
            self.running[key] = Charon(self.folders[suite], network, place, **differences)
            if kind == 'cookie':
                self.leave_half_open(self.running[key], network)
        return self.running[key]

    @staticmethod
    def leave_half_open(charon, network):
        other, address = network.names[1 - charon.place], HOSTS[4][charon.place].address
        sandbox.ip('-n', other, 'addr', 'add', f'{IDLE_ADDRESS}/24', 'dev', 'wire')
        charon.hold_half_open(address, IDLE_ADDRESS)
        subprocess.run([*network.inside(other), sys.executable, f'{HERE}/half_open.py', address, IDLE_ADDRESS],
                       check=True)
        if not until(lambda: charon.sas(name='')):
            raise RuntimeError(f"no half-open SA: {charon.read('log')}")

    def ends(self, case, role):
        gateway = self.charon(case.daemon, 0)
        other = self.charon('tunnel' if case.esp else 'plain', 1, case.daemon)
        self.last = (other, gateway)
        return self.last

    def missing(self, case):
        """Why a case can't run, if it can't."""
        if case.daemon == 'tunnel' and not os.path.exists('/dev/net/tun'):
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
        for place, end in zip(('ours', 'gateway'), self.last):
            with open(os.path.join(folder, re.sub(r'\W+', '-', title) + f'.{place}'), 'w', encoding='utf-8') as file:
                file.write(end.log())

    def stop(self):
        for charon in self.running.values():
            charon.stop()
