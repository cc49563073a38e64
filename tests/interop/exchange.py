# SPDX-License-Identifier: Apache-2.0
"""Runs one exchange between two ends and judges it: how it ended on either side, that both have the same keys, what the
logs hold."""

import re

from strongswan import until


class Wrong(Exception):
    """What an exchange did that it must not, or did not that it must."""


def same_keys(case, initiator, responder):
    """Every generation of the IKE SA's keys and the first Child SA's, as either side derived them."""
    ours, theirs = initiator.ike_keys(), responder.ike_keys()
    if len(ours) != case.key_generations:
        raise Wrong(f'{len(ours)} key generations, wanted {case.key_generations}')
    if ours != theirs:
        raise Wrong(f'SK_*: {initiator.name} {ours}, {responder.name} {theirs}')
    ours, theirs = initiator.child_keys(), responder.child_keys()
    if len(ours) != case.has_child or ours != theirs:
        raise Wrong(f"the Child SA's keys: {initiator.name} {ours}, {responder.name} {theirs}")


def establish(case, initiator, responder):
    ends = {'initiator': initiator, 'responder': responder}
    if not until(lambda: all(end.established(case) for end in ends.values()) or initiator.failed()) or \
            initiator.failed():
        raise Wrong('established: ' + ', '.join(f'{role} {end.established(case)}' for role, end in ends.items()))
    same_keys(case, initiator, responder)
    ends[case.deleted_by].delete()
    for role, end in ends.items():
        if not until(end.gone):
            raise Wrong(f'the {role} still has its SA after the delete')


def fail(case, initiator, responder):
    until(lambda: initiator.failed() or initiator.established(case))
    if not initiator.failed():
        raise Wrong('the initiator did not fail')
    if initiator.established(case) or responder.established(case):
        raise Wrong('an SA was established')


def logs_agree(case, initiator, responder):
    for end, patterns in ((initiator, case.initiator_says), (responder, case.responder_says)):
        log = end.log()
        for pattern in end.wanted(case, patterns):
            if not re.search(pattern, log):
                raise Wrong(f"not in {end.name}'s log: {pattern}")
        for pattern in case.never_says:
            if re.search(pattern, log):
                raise Wrong(f"in {end.name}'s log: {pattern}")


def run(case, initiator, responder):
    """Raises Wrong; either end is free for the next exchange afterwards."""
    try:
        responder.prepare(case, 'responder')
        initiator.prepare(case, 'initiator')
        initiator.start(case)
        (establish if case.succeeds else fail)(case, initiator, responder)
        logs_agree(case, initiator, responder)
    finally:
        initiator.finish()
        responder.finish()
