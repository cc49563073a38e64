# SPDX-License-Identifier: Apache-2.0
"""Reads keys and events out of charon's log as it is at ike = 4, chd = 4."""

import re

DUMP = re.compile(r'^[\d:.]+ \d+\[(?:IKE|CHD)\] <[^>]*> (.*?) => (\d+) bytes @ ')
OCTETS = re.compile(r'^[\d:.]+ \d+\[(?:IKE|CHD)\] <[^>]*> +\d+: ((?:[0-9A-F]{2} ){1,16})')
IKE_KEYS = {'Sk_ei secret': 'SK_ei', 'Sk_er secret': 'SK_er', 'Sk_ai secret': 'SK_ai', 'Sk_ar secret': 'SK_ar'}
CHILD_KEYS = {'encryption initiator key': 'encr_i', 'encryption responder key': 'encr_r',
              'integrity initiator key': 'integ_i', 'integrity responder key': 'integ_r'}


def dumps(text):
    """(title, octets) of every hex dump, in order."""
    found = []
    for line in text.splitlines():
        title, octets = DUMP.match(line), OCTETS.match(line)
        if title:
            found.append([title[1], int(title[2]), b''])
        elif octets and found and len(found[-1][2]) < found[-1][1]:
            found[-1][2] += bytes.fromhex(octets[1])
    return [(title, octets) for title, length, octets in found if len(octets) == length]


def collect(text, titles):
    """A dict for every set of keys; the first key of `titles` that turns up again starts the next set."""
    sets = []
    for title, octets in dumps(text):
        name = titles.get(title)
        if name is None:
            continue
        if not sets or name in sets[-1]:
            sets.append({})
        sets[-1][name] = octets.hex()
    return sets


def ike_keys(text):
    """The keys that protect messages, one dict for each key generation."""
    return collect(text, IKE_KEYS)


def child_keys(text):
    return collect(text, CHILD_KEYS)
