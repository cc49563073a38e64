#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the seeds of the fuzz targets out of the recorded exchanges. Usage: make_seeds.py [CORPUS], from anywhere;
CORPUS is the folder that gets one folder a target (default: corpus beside this script). Files are named by the
SHA-256 of what they hold, so that nothing is there twice."""

import base64
import glob
import hashlib
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDINGS = os.path.join(HERE, '..', 'vectors', 'recordings', '*.json')
MOST_MESSAGES = 40  # of each kind of content: more of the same teaches a fuzzer nothing

ID_I, CERT, AUTH = 35, 37, 39  # RFC 7296, section 3.2

PROPOSALS = [
    'aes256gcm16-prfsha384-x25519-ke1_mlkem768',
    'aes256gcm16-aes128gcm16-prfsha384-prfsha256-x25519-mlkem512-ke1_mlkem768-ke1_none',
    'aes256-sha256-modp3072,aes128-sha1-modp2048',
    'aes128ccm16-aes256ctr-prfsha512-ecp256-ecp384-x448-ke1_mlkem1024-ke2_mlkem512-ke3_none',
    'chacha20poly1305-prfsha256-mlkem768',
    'aes256gcm16-x25519-none-ke1_mlkem768-ke1_none-esn-noesn',
    'aes256gcm16-aes256gcm16',
    'aes256gcm16-sha256-,-ke8_mlkem768-ke1_x25519',
]

# Scripts for reassembly_fuzz.cpp: setting, then action, number, total, content of each fragment.
REASSEMBLY = [
    bytes([0] + [part for n in (1, 2, 3) for part in (2, n, 3, 40 + n)]),
    bytes([1] + [part for n in (3, 1, 2) for part in (2, n, 3, 40 + n)]),
    bytes([0, 2, 1, 2, 9, 2, 1, 2, 9, 0x82, 2, 2, 9, 2, 2, 2, 9]),       # a duplicate, a forgery
    bytes([1, 2, 1, 2, 9, 2, 1, 3, 9, 2, 2, 2, 9, 2, 2, 3, 9, 2, 3, 3, 9]),  # fragmented anew, smaller
    bytes([2] + [part for n in range(1, 9) for part in (0x42, n, 8, 31)]),  # beyond the limit of octets
    bytes([0, 2, 1, 2, 9, 1, 120, 2, 2, 9, 2, 1, 2, 9]),                  # beyond the limit of time
]


def payload(following, body):
    """A generic payload header and a body (RFC 7296, section 3.2)."""
    return bytes([following, 0]) + (4 + len(body)).to_bytes(2, 'big') + body


def spread(seeds):
    """Some of the seeds: all lengths from the shortest to the longest."""
    ordered = sorted(set(seeds), key=lambda seed: (len(seed), seed))
    step = max(1, len(ordered) // MOST_MESSAGES)
    return ordered[::step]


def messages(recordings):
    """Whole datagrams; and what message_fuzz.cpp takes for decrypted payloads: the first one's type, then the chain."""
    datagrams, chains = [], []
    for recording in recordings:
        # What is encrypted is all alike to a decoder.
        datagrams += [bytes.fromhex(m['hex']) for m in recording['messages']
                      if 'IKE_SA_INIT' in m['what'] or len(m['hex']) < 200]
        for one in recording['intauth']:
            # The last payload header of A is that of SK or SKF: its first octet names the first payload inside.
            chains.append(bytes.fromhex(one['A'])[-4:-3] + bytes.fromhex(one['P']))
        for one in recording['auth']:
            signature = payload(0, bytes([one.get('method', 2), 0, 0, 0]) + bytes.fromhex(one['auth']))
            if 'cert' in one:
                signature = payload(AUTH, b'\x04' + bytes.fromhex(one['cert'])) + signature
            following = CERT if 'cert' in one else AUTH
            chains.append(bytes([ID_I]) + payload(following, bytes.fromhex(one['id'])) + signature)
    return spread(datagrams) + spread(chains)


def reassembly(recordings):
    """The scripts, and one that offers the short recorded datagrams as they are."""
    short = [bytes.fromhex(m['hex']) for recording in recordings for m in recording['messages']
             if len(m['hex']) // 2 < 256]
    offered = [bytes([0]) + b''.join(bytes([0, len(d)]) + d for d in short[i:i + 4]) for i in (0, 4, 8)]
    return REASSEMBLY + offered


def der(tag, *parts):
    content = b''.join(parts)
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b'\x82' + size.to_bytes(2, 'big')
    return bytes([tag]) + length + content


def key_files():
    """SubjectPublicKeyInfo and PKCS#8 with a seed, as RFC 9935 profiles them, and broken ones of the other forms."""
    seeds = []
    for number, (ek_bytes, dk_bytes) in enumerate([(800, 1632), (1184, 2400), (1568, 3168)], 1):
        oid = der(0x06, bytes([0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04, number]))  # 2.16.840.1.101.3.4.4.n
        algorithm = der(0x30, oid)
        # Coefficients of zero are below q: such an ek is accepted.
        public = der(0x30, algorithm, der(0x03, bytes(1 + ek_bytes)))
        seed = bytes(range(64))
        forms = [der(0x80, seed), der(0x04, bytes(dk_bytes)), der(0x30, der(0x04, seed), der(0x04, bytes(dk_bytes)))]
        private = [der(0x30, der(0x02, b'\0'), algorithm, der(0x04, form)) for form in forms]
        for label, octets in [('PUBLIC KEY', public)] + [('PRIVATE KEY', octets) for octets in private]:
            text = base64.encodebytes(octets).decode()
            seeds += [octets, f'-----BEGIN {label}-----\n{text}-----END {label}-----\n'.encode()]
        seeds += [bytes(ek_bytes)]
    return seeds + [bytes(range(64))]


def tables():
    """Every case (the first octet) with extreme and with mixed inputs."""
    mixed = b''.join(hashlib.sha256(bytes([i])).digest() for i in range(8))
    return [bytes([case]) + octets for case in range(32) for octets in (b'\0\xff\xff', b'\x80\0\0', mixed)]


def main():
    corpus = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, 'corpus')
    recordings = []
    for path in sorted(glob.glob(RECORDINGS)):
        with open(path, encoding='utf-8') as file:
            recordings.append(json.load(file))
    made = {'message': messages(recordings), 'proposal': [text.encode() for text in PROPOSALS],
            'reassembly': reassembly(recordings), 'key_file': key_files(), 'tables': tables()}
    for target, seeds in made.items():
        folder = os.path.join(corpus, target)
        os.makedirs(folder, exist_ok=True)
        for seed in seeds:
            with open(os.path.join(folder, hashlib.sha256(seed).hexdigest()[:16]), 'wb') as file:
                file.write(seed)
        print(f'{target}: {len(set(seeds))} seeds, {sum(map(len, set(seeds)))} octets')


main()
