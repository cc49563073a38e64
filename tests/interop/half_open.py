# SPDX-License-Identifier: Apache-2.0
"""Sends an IKE_SA_INIT request and leaves it at that, so that a gateway has a half-open SA. Any 32 octets are an x25519
public value. Usage: half_open.py TO FROM"""

import os
import socket
import struct
import sys

ENCR, PRF, KE = 1, 2, 4
AES_GCM_16, HMAC_SHA2_384, X25519, KEY_LENGTH_256 = 20, 6, 31, b'\x80\x0e\x01\x00'
SA_PAYLOAD, KE_PAYLOAD, NONCE_PAYLOAD = 33, 34, 40


def transform(last, kind, number, attribute=b''):
    return struct.pack('!BBHBBH', 0 if last else 3, 0, 8 + len(attribute), kind, 0, number) + attribute


def payload(following, body):
    return struct.pack('!BBH', following, 0, 4 + len(body)) + body


def request():
    transforms = transform(False, ENCR, AES_GCM_16, KEY_LENGTH_256) + transform(False, PRF, HMAC_SHA2_384) + \
        transform(True, KE, X25519)
    proposal = struct.pack('!BBHBBBB', 0, 0, 8 + len(transforms), 1, 1, 0, 3) + transforms
    payloads = payload(KE_PAYLOAD, proposal) + \
        payload(NONCE_PAYLOAD, struct.pack('!HH', X25519, 0) + os.urandom(32)) + payload(0, os.urandom(32))
    spis, rest = os.urandom(8) + bytes(8), struct.pack('!BBBBII', SA_PAYLOAD, 0x20, 34, 0x08, 0, 28 + len(payloads))
    return spis + rest + payloads


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.bind((sys.argv[2], 0))
    sender.sendto(request(), (sys.argv[1], 500))
