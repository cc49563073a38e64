# SPDX-License-Identifier: Apache-2.0
"""What `mlkem-ike probe` must say, without credentials, about gateways that do ML-KEM, choose it and can't, lack it, or
are not there."""

import dataclasses
import json
import re

import tap
from cases import HOSTS, Case

SETS = ('mlkem512', 'mlkem768', 'mlkem1024')
HYBRID = [f'aes256gcm16-prfsha384-x25519-ke1_{name}' for name in SETS]
CLASSICAL = 'aes256gcm16-prfsha384-x25519'


@dataclasses.dataclass(frozen=True)
class Probe:
    name: str
    daemon: str  # none: nobody listens
    ike: str
    verdicts: dict
    status: int
    conclusion: str  # a pattern
    gateway_says: tuple = ()  # patterns for strongSwan's log
    fragmentation: str = 'yes'


def of_all_sets(verdict, **others):
    return {**{name: verdict for name in SETS}, **others}


PROBES = [
    Probe('a gateway with three sets', 'plain', ','.join(HYBRID), of_all_sets('proven'), 0,
          'performs ML-KEM-512, ML-KEM-768, ML-KEM-1024$',
          (r'parsed IKE_INTERMEDIATE request 1 \[ KE \]', r'generating IKE_AUTH response 2 \[ N\(AUTH_FAILED\) \]')),
    Probe('a gateway with ML-KEM-768 alone', 'plain', HYBRID[1], of_all_sets('refused', mlkem768='proven'), 0,
          'performs ML-KEM-768; refuses ML-KEM-512, ML-KEM-1024$',
          (r'generating IKE_AUTH response 2 \[ N\(AUTH_FAILED\) \]',)),
    Probe('a gateway with three sets and without fragmentation', 'plain', ','.join(HYBRID), of_all_sets('proven'), 0,
          'performs ML-KEM-512, ML-KEM-768, ML-KEM-1024$', fragmentation='no'),
    Probe('a gateway that asks for cookies', 'cookie', ','.join(HYBRID), of_all_sets('proven'), 0,
          'performs ML-KEM-512, ML-KEM-768, ML-KEM-1024$', (r'parsed IKE_SA_INIT request 0 \[ N\(COOKIE\) SA',)),
    Probe('a gateway with another classical method', 'plain', 'aes256gcm16-prfsha384-ecp384-ke1_mlkem1024',
          of_all_sets('refused', mlkem1024='proven'), 0, 'performs ML-KEM-1024; refuses ML-KEM-512, ML-KEM-768$'),
    Probe('a gateway with CBC and HMAC', 'plain', 'aes128-sha256-ecp256-ke1_mlkem768',
          of_all_sets('refused', mlkem768='proven'), 0, 'performs ML-KEM-768; refuses ML-KEM-512, ML-KEM-1024$'),
    Probe('a gateway that chooses what it cannot do (6.0.1)', 'older', ','.join(HYBRID), of_all_sets('chosen_only'), 1,
          'chooses ML-KEM-512, ML-KEM-768, ML-KEM-1024, but does not perform it', ('IKE_INTERMEDIATE',)),
    Probe('a gateway without ML-KEM', 'plain', CLASSICAL, of_all_sets('refused', classical='proven'), 1,
          'no ML-KEM .*; classical: aes256gcm16-prfsha384-x25519$'),
    Probe('a closed port', '', '', {'mlkem512': 'closed'}, 1, '^closed: port unreachable'),
]


def run(probe, program, network, charon):
    """None, or what is wrong."""
    address = HOSTS[4][0].address
    if charon:
        charon.prepare(Case(probe.name, probe.ike, fragmentation=probe.fragmentation), 'responder')
    try:
        ran = tap.run([*network.inside(1), program, 'probe', '--json', address])
        log = charon.log() if charon else ''
    finally:
        if charon:
            charon.finish()
    if not ran.stdout:
        return f"exit status {ran.returncode}: {ran.stderr.decode(errors='replace')}"
    host = json.loads(ran.stdout)['hosts'][0]
    return '\n'.join(faults(probe, host, ran.returncode, log))


def faults(probe, host, status, log):
    if status != probe.status:
        yield f'exit status {status}, wanted {probe.status}'
    verdicts = {attempt['method']: attempt['verdict'] for attempt in host['attempts']}
    if verdicts != probe.verdicts:
        yield f"{verdicts}, wanted {probe.verdicts}: {[attempt['end'] for attempt in host['attempts']]}"
    if not re.search(probe.conclusion, host['conclusion']):
        yield f"{host['conclusion']!r}, wanted {probe.conclusion!r}"
    if probe.daemon and host['fragmentation'] != (probe.fragmentation == 'yes'):
        yield f"fragmentation: {host['fragmentation']}"
    for attempt in host['attempts']:
        generations = int(attempt['method'] != 'classical')
        if attempt['verdict'] == 'proven' and attempt['confirmed_generation'] != generations:
            yield f"{attempt['method']} counts as proven: {attempt}"
    for pattern in probe.gateway_says:
        if not re.search(pattern, log):
            yield f"not in the gateway's log: {pattern}"
