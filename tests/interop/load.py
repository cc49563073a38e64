# SPDX-License-Identifier: Apache-2.0
"""Many SAs at the same time with one gateway, which asks for cookies and drops requests on its own then."""

import os
import re

import tap
from cases import HOSTS, PSK, Case

COUNT, PARALLEL = 300, 20
TITLE = f'we initiate: {COUNT} SAs, {PARALLEL} at a time'


def run(program, network, charon):
    """What is wrong, or nothing."""
    case, key = Case(TITLE), f'{charon.folder}/psk'
    with open(key, 'w', opener=lambda path, flags: os.open(path, flags, 0o600), encoding='ascii') as file:
        file.write(PSK)
    charon.prepare(case, 'responder')
    try:
        ran = tap.run([*network.inside(1), program, 'connect', HOSTS[4][0].address, '--psk-file', key, '--id',
                       HOSTS[4][1].identity, '--childless', '--ike', case.ike, '--count',
                       str(COUNT), '--parallel', str(PARALLEL)])
        log, left = charon.log(), charon.sas()
    finally:
        charon.finish()
    says = {'established': len(re.findall('state change: CONNECTING => ESTABLISHED', log)),
            'deleted': len(re.findall('received DELETE for IKE_SA', log))}
    if ran.returncode == 0 and set(says.values()) == {COUNT} and not left and 'N(COOKIE)' in log:
        return None
    return f'exit status {ran.returncode}, strongSwan says {says}, {len(left)} are left\n' + \
        (ran.stdout + ran.stderr).decode()
