# SPDX-License-Identifier: Apache-2.0
"""strongSwan's charon out of an unpacked package folder, in a network namespace, as either end of an exchange."""

import os
import re
import subprocess
import tempfile
import time

import charon_log
from cases import IDLE_IKE
from vici import Refused, Vici

PLUGINS = ['random', 'nonce', 'openssl', 'aesni', 'sha1', 'sha2', 'aes', 'gcm', 'ccm', 'ctr', 'hmac', 'kdf', 'pem',
           'kernel-netlink', 'socket-default', 'vici']
CONFIGURATION = """charon {{
  load = {plugins}
  install_routes = no
  retransmit_base = 1.0
  {settings}
  filelog {{ log {{
    path = /run/log
    flush_line = yes
    time_format = %H:%M:%S
    ike_name = yes
    default = 1
    ike = 4
    chd = 4
  }} }}
  plugins {{ vici {{ socket = unix:///run/vici }} }}
}}
"""
RETRANSMISSION = 'retransmit_timeout = 1.0\nretransmit_tries = 3'
# What a daemon needs of the machine, below the folder that becomes its root.
ENTER = 'root=$1; mount --bind "$2" "$root/run" && mount --rbind /proc "$root/proc" && ' \
        'mount --rbind /dev "$root/dev" && shift 2 && exec chroot "$root" "$@"'
CONNECTION = 'interop'


def until(condition, seconds=10):
    """The first true value that `condition` gives, or its last one after that time."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return value


class Charon:
    """One daemon; the connection it knows is replaced for each case."""

    name = 'strongSwan'

    def __init__(self, root, network, place, tunnel=False, settings=RETRANSMISSION):
        self.place, self.folder = place, tempfile.mkdtemp(dir='/run')
        # In user space, for kernels without ESP: it runs over a TUN device and wants UDP encapsulation.
        plugins = (['kernel-libipsec'] if tunnel else []) + PLUGINS
        self.write('strongswan.conf', CONFIGURATION.format(plugins=' '.join(plugins), settings=settings))
        for name in ('log', 'out'):
            self.write(name, '')
        self.vici = Vici(f'{self.folder}/vici')
        with open(f'{self.folder}/out', 'w', encoding='utf-8') as out:
            self.process = subprocess.Popen(
                [*network.inside(place), 'unshare', '--mount', 'sh', '-c', ENTER, 'sh', root, self.folder,
                 'env', 'STRONGSWAN_CONF=/run/strongswan.conf', '/usr/lib/ipsec/charon'],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.start_of_case = 0
        if not until(lambda: os.path.exists(f'{self.folder}/vici') or self.has_ended(), 30) or self.has_ended():
            self.stop()
            raise RuntimeError(f"charon did not start: {self.read('out')}{self.read('log')}")

    def has_ended(self):
        return self.process.poll() is not None

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def write(self, name, text):
        with open(f'{self.folder}/{name}', 'w', encoding='utf-8') as file:
            file.write(text)

    def read(self, name, start=0):
        with open(f'{self.folder}/{name}', encoding='utf-8', errors='replace') as file:
            file.seek(start)
            return file.read()

    def algorithms(self):
        """Its algorithms by kind, in its own names."""
        return {kind: set(names) for kind, names in self.vici.command('get-algorithms').items()}

    def version(self):
        return self.vici.command('version')['version']

    # An exchange, as either end.

    def prepare(self, case, role):
        """Loads the case's connection and pre-shared key."""
        self.start_of_case = os.path.getsize(f'{self.folder}/log')
        here, there = case.hosts(self.place)
        initiates = role == 'initiator'
        childless = 'allow' if case.esp else 'force' if initiates else case.childless or 'force'
        connection = {
            'version': 2, 'local_addrs': [here.address], 'remote_addrs': [there.address],
            'proposals': (case.ike if initiates else case.responder_ike or case.ike).split(','),
            'fragmentation': case.fragmentation, 'mobike': case.mobike, 'childless': childless, 'rekey_time': '0s',
            'dpd_delay': '1s' if case.liveness else '0s', 'local': {'auth': 'psk', 'id': here.identity},
            'remote': {'auth': 'psk', 'id': case.peer_identity(self.place, role)}}
        if case.esp:
            local, remote = case.traffic(self.place, role)
            connection['children'] = {CONNECTION: {
                'local_ts': [local], 'remote_ts': [remote], 'rekey_time': '0s',
                'esp_proposals': (case.esp if initiates else case.responder_esp or case.esp).split(',')}}
        self.vici.command('load-conn', {CONNECTION: connection})
        self.vici.command('load-shared', {'id': CONNECTION, 'type': 'IKE', 'data': case.psk_of(role),
                                          'owners': [here.identity, case.peer_identity(self.place, role)]})

    def start(self, case):
        """Initiates; returns at once."""
        wanted = {'child': CONNECTION} if case.esp else {'ike': CONNECTION}
        self.vici.command('initiate', {**wanted, 'ike': CONNECTION, 'timeout': -1})

    def established(self, case):
        """Whether the case's SAs are up."""
        return any(sa['state'] == 'ESTABLISHED' for sa in self.sas()) and (not case.has_child or self.has_child())

    def failed(self):
        """Whether an attempt has ended without an SA."""
        return not self.sas() and bool(re.search(r'IKE_SA \S+ state change: (CONNECTING|CREATED) => DESTROYING',
                                                 self.log()))

    def sas(self, name=CONNECTION):
        _, events = self.vici.command('list-sas', {'ike': name} if name else {}, events='list-sa')
        return [sa for event in events for sa in event.values()]

    def hold_half_open(self, local, remote):
        """Accepts IKE_SA_INIT from that address beside the cases' connections."""
        self.vici.command('load-conn', {'idle': {'version': 2, 'local_addrs': [local], 'remote_addrs': [remote],
                                                 'proposals': [IDLE_IKE], 'local': {'auth': 'psk'},
                                                 'remote': {'auth': 'psk'}}})

    def has_child(self):
        return any(child['state'] == 'INSTALLED' for sa in self.sas() for child in sa['child-sas'].values())

    def delete_child(self):
        self.vici.command('terminate', {'child': CONNECTION, 'timeout': 5000})

    def delete(self):
        self.vici.command('terminate', {'ike': CONNECTION, 'timeout': 5000})

    def gone(self):
        return not self.sas()

    def leave(self):
        """The daemon stays."""

    def finish(self):
        """Forgets the case: SAs, connection, secrets."""
        for command, arguments in (('terminate', {'ike': CONNECTION, 'force': 'yes', 'timeout': 1000}),
                                   ('unload-conn', {'name': CONNECTION}), ('unload-shared', {'id': CONNECTION})):
            try:
                self.vici.command(command, arguments)
            except (Refused, OSError):
                pass  # nothing was there, or no daemon is left

    def log(self):
        """What it logged since the case began."""
        return self.read('log', self.start_of_case)

    @staticmethod
    def wanted(_case, patterns):
        """What its log must hold."""
        return patterns

    def ike_keys(self):
        return charon_log.ike_keys(self.log())

    def child_keys(self):
        return charon_log.child_keys(self.log())
