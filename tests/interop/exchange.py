# SPDX-License-Identifier: Apache-2.0
"""Runs one exchange between two ends and judges it: how it ended on either side, that both have the same keys, what the
logs hold."""

import re

from strongswan import until
from vici import Refused

# What charon says about messages that it can't read or that nobody answers; never where an exchange succeeds.
FAULTS = ('giving up after', 'could not decrypt', 'processing failed', 'integrity check', 'parsing failed')


class Wrong(Exception):
    """What an exchange did that it must not, or did not that it must."""


def differences(ours, theirs):
    """What differs between two lists of sets of keys, without the keys."""
    if len(ours) != len(theirs):
        return f'{len(ours)} sets on one side, {len(theirs)} on the other'
    return [f'{name} of set {number}' for number, (one, other) in enumerate(zip(ours, theirs))
            for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


def same_keys(case, initiator, responder):
    """Every generation of the IKE SA's keys and the first Child SA's, as either side derived them."""
    for what, wanted, ours, theirs in (
            ('IKE SA', case.key_generations, initiator.ike_keys(), responder.ike_keys()),
            ('Child SA', int(case.has_child), initiator.child_keys(), responder.child_keys())):
        if len(ours) != wanted:
            raise Wrong(f'{what}: {len(ours)} sets of keys, wanted {wanted}')
        if ours != theirs:
            raise Wrong(f'{what}: different keys: {differences(ours, theirs)}')


def establish(case, initiator, responder, calm):
    ends = {'initiator': initiator, 'responder': responder}
    if not until(lambda: all(end.established(case) for end in ends.values()) or initiator.failed()) or \
            initiator.failed():
        raise Wrong('established: ' + ', '.join(f'{role} {end.established(case)}' for role, end in ends.items()))
    same_keys(case, initiator, responder)
    if case.liveness:
        stays_alive(case, initiator, responder)
    if case.only_child:
        ends[case.deleted_by].delete_child()
        for role, end in ends.items():
            if not until(lambda end=end: not end.has_child()):
                raise Wrong(f'the {role} still has its Child SA')
            if end.gone():
                raise Wrong(f'the {role} lost the IKE SA with the Child SA')
    # charon has no SA left that could repeat a lost answer to a Delete.
    calm()
    ends[case.deleted_by].delete()
    for role, end in ends.items():
        if not until(end.gone):
            raise Wrong(f'the {role} still has its SA after the delete')


def stays_alive(case, initiator, responder):
    """Long enough for a question and for giving up without an answer."""
    if until(lambda: initiator.gone() or responder.gone(), 2.5):
        raise Wrong('the SA went without a delete')


def fail(case, initiator, responder, _calm):
    until(lambda: initiator.failed() or initiator.established(case))
    if not initiator.failed():
        raise Wrong('the initiator did not fail')
    if not until(lambda: not initiator.established(case) and not responder.established(case)):
        raise Wrong('an SA was established')


def logs_agree(case, initiator, responder):
    for end, patterns in ((initiator, case.initiator_says), (responder, case.responder_says)):
        log = end.log()
        for pattern in end.wanted(case, patterns):
            if not re.search(pattern, log, re.MULTILINE):
                raise Wrong(f"not in {end.name}'s log: {pattern}")
        for pattern in case.never_says + (FAULTS if case.succeeds else ()):
            if re.search(pattern, log, re.MULTILINE):
                raise Wrong(f"in {end.name}'s log: {pattern}")


def run(case, initiator, responder, calm):
    """Raises Wrong; either end is free for the next exchange afterwards."""
    try:
        responder.prepare(case, 'responder')
        initiator.prepare(case, 'initiator')
        initiator.start(case)
        (establish if case.succeeds else fail)(case, initiator, responder, calm)
        logs_agree(case, initiator, responder)
        for end in (initiator, responder):
            end.leave()
    except (Refused, OSError) as fault:
        raise Wrong(f'{type(fault).__name__}: {fault}') from fault
    finally:
        initiator.finish()
        responder.finish()
