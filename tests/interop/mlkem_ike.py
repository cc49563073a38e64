# SPDX-License-Identifier: Apache-2.0
"""Our command line as either end of an exchange: `connect` or `respond`, a process for each."""

import csv
import glob
import os
import re
import signal
import subprocess
import tempfile

from exchange import Wrong
from strongswan import until

OPTIONS = {'initiator': {'large-init': ['--large-init'], 'allow-classical': ['--allow-classical'],
                         'small': ['--mtu', '576'], 'cookie': [], 'no-childless': []},
           'responder': {'large-init': ['--large-init'], 'allow-classical': ['--allow-classical'],
                         'small': ['--mtu', '576'], 'cookie': ['--cookie-threshold', '0'],
                         'no-childless': ['--no-childless']}}
AEAD = re.compile(r"^ip xfrm state add src (\S+) .* aead '[^']+' 0x([0-9a-f]+) ", re.MULTILINE)
SEPARATE = re.compile(r"^ip xfrm state add src (\S+) .* enc '[^']+' 0x([0-9a-f]+) auth-trunc '[^']+' 0x([0-9a-f]+) ",
                      re.MULTILINE)


class MlkemIke:
    name = 'mlkem-ike'

    def __init__(self, program, network, place):
        self.program, self.network, self.place = program, network, place
        self.role, self.process, self.closing = None, None, False
        self.folder = tempfile.mkdtemp(dir='/run')

    def prepare(self, case, role):
        """Starts `respond`; `connect` waits for start()."""
        self.role, self.process, self.closing, self.case = role, None, False, case
        for path in glob.glob(f'{self.folder}/*'):
            os.unlink(path)
        here, there = case.hosts(self.place)
        self.address = here.address
        with open(f'{self.folder}/psk', 'w', opener=lambda path, flags: os.open(path, flags, 0o600),
                  encoding='ascii') as file:
            file.write(case.psk_of(role) + '\n')
        initiates = role == 'initiator'
        if initiates:
            words = ['connect', there.address, '--peer-id', case.peer_identity(self.place, role), '--timeout',
                     '10' if case.succeeds else '2']
        else:
            words = ['respond', '--listen', here.address]
        words += ['--psk-file', f'{self.folder}/psk', '--id', here.identity, '--fragmentation', case.fragmentation,
                  '--ike', case.ike if initiates else case.responder_ike or case.ike, '--keylog', self.folder,
                  '--print-child-keys', '--verbose']
        if case.esp:
            local, remote = case.traffic(self.place, role)
            words += ['--esp', case.esp if initiates else case.responder_esp or case.esp, '--local-ts', local,
                      '--remote-ts', remote]
        elif initiates:
            words += ['--childless']
        for option in case.options:
            words += OPTIONS[role][option]
        self.words = words
        if not initiates:
            self.launch()
            if not until(lambda: 'listening on' in self.log() or self.process.poll() is not None):
                raise Wrong('respond says nothing of listening')

    def launch(self):
        with open(f'{self.folder}/out', 'w', encoding='utf-8') as out:
            self.process = subprocess.Popen([*self.network.inside(self.place), self.program, *self.words],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def start(self, _case):
        self.launch()

    def log(self):
        with open(f'{self.folder}/out', encoding='utf-8', errors='replace') as file:
            return ' '.join(self.words) + '\n' + file.read()

    def says(self, pattern):
        return bool(re.search(pattern, self.log(), re.MULTILINE))

    def established(self, case):
        return self.says(r' established with ') and not self.says(r' (closed|deleted)\b') and \
            (not case.has_child or self.has_child())

    def has_child(self):
        return len(re.findall(r' Child SA \w+_in \w+_out', self.log())) > \
            len(re.findall(r' Child SA \w+_in deleted', self.log()))

    def failed(self):
        """Of an initiator: it ended, with the exit status that says so."""
        status = self.process.poll()
        if status not in (None, 0, 1):
            raise Wrong(f'{self.role}: exit status {status}')
        return status == 1 and not self.says(r' established with ')

    def delete(self):
        self.closing = True
        self.process.send_signal(signal.SIGINT)

    def gone(self):
        status = self.process.poll()
        # 1 counts an SA that the peer ended without a Delete.
        if status and not (status == 1 and self.role == 'responder' and not self.case.succeeds):
            raise Wrong(f'{self.role}: exit status {status}')
        if self.role == 'initiator' or self.closing:
            return status is not None
        return self.says(r' (deleted|closed: deleted by the peer)$')

    def leave(self):
        """A responder ends on a signal."""
        if self.role == 'responder' and not self.closing:
            self.delete()
            if not until(self.gone):
                raise Wrong('respond does not end on SIGINT')

    def finish(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def wanted(self, case, _patterns):
        return case.ours_says.get(self.role, ())

    def ike_keys(self):
        """One generation for each file; the only SA's keys stand in a line."""
        generations = []
        while os.path.exists(path := f'{self.folder}/ikev2_decryption_table.{len(generations)}'):
            with open(path, newline='', encoding='ascii') as file:
                rows = list(csv.reader(file))
            if len(rows) != 1:
                raise Wrong(f'{len(rows)} SAs in {os.path.basename(path)}')
            names = ('', '', 'SK_ei', 'SK_er', '', 'SK_ai', 'SK_ar', '')
            generations.append({name: value for name, value in zip(names, rows[0]) if name and value})
        return generations

    def child_keys(self):
        keys, own = {}, 'i' if self.role == 'initiator' else 'r'
        other = {'i': 'r', 'r': 'i'}[own]
        for source, encryption, *integrity in AEAD.findall(self.log()) + SEPARATE.findall(self.log()):
            side = own if source == self.address else other
            keys[f'encr_{side}'] = encryption
            if integrity:
                keys[f'integ_{side}'] = integrity[0]
        return [keys] if keys else []
