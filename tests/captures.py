# SPDX-License-Identifier: Apache-2.0
"""Builds captures of UDP datagrams in many forms: IP versions and fragments, link layers, pcap and pcapng."""

import struct

V4 = (bytes([10, 77, 0, 1]), bytes([10, 77, 0, 2]))
V6 = (bytes.fromhex('20010db8' + '0' * 23 + '1'), bytes.fromhex('20010db8' + '0' * 23 + '2'))


def udp(sport, dport, payload):
    return struct.pack('>4H', sport, dport, 8 + len(payload), 0) + payload


def ipv4(payload, ends=V4, protocol=17, ident=0, offset=0, more=False, options=b''):
    header = struct.pack('>BBHHHBBH', 0x45 + len(options) // 4, 0, 20 + len(options) + len(payload), ident & 0xffff,
                         more << 13 | offset // 8, 64, protocol, 0)
    return header + ends[0] + ends[1] + options + payload


def ipv6(payload, ends=V6, protocol=17, extensions=()):
    """`extensions` are (type, body) with bodies of 6 octets and a multiple of 8 more."""
    following = [*(kind for kind, _ in extensions[1:]), protocol]
    for (_, body), after in reversed(list(zip(extensions, following))):
        payload = bytes([after, (len(body) + 2) // 8 - 1]) + body + payload
    first = extensions[0][0] if extensions else protocol
    return struct.pack('>IHBB', 6 << 28, len(payload), first, 64) + ends[0] + ends[1] + payload


def pieces(payload, size):
    """(offset, more, octets) for fragments of `size`, a multiple of 8."""
    return [(at, at + size < len(payload), payload[at:at + size]) for at in range(0, len(payload), size)]


def ipv4_fragments(payload, ident, size, ends=V4):
    return [ipv4(part, ends, ident=ident, offset=at, more=more) for at, more, part in pieces(payload, size)]


def ipv6_fragments(payload, ident, size, ends=V6, protocol=17):
    return [ipv6(struct.pack('>BBHI', protocol, 0, at | more, ident) + part, ends, protocol=44)
            for at, more, part in pieces(payload, size)]


def ethertype(packet):
    return struct.pack('>H', 0x0800 if packet[0] >> 4 == 4 else 0x86dd)


def ethernet(packet, tags=()):
    frame = bytes(range(12)) + b''.join(struct.pack('>HH', tag, 7) for tag in tags) + ethertype(packet) + packet
    return frame + bytes(max(0, 60 - len(frame)))


def cooked(packet):
    return struct.pack('>HHH', 0, 1, 6) + bytes(8) + ethertype(packet) + packet


def cooked2(packet, tags=()):
    kinds = [struct.pack('>H', tag) for tag in tags] + [ethertype(packet)]
    return kinds[0] + bytes(18) + b''.join(b'\0\7' + kind for kind in kinds[1:]) + packet


def loopback(packet, order='<'):
    return struct.pack(order + 'I', 2 if packet[0] >> 4 == 4 else 30) + packet


def pcap(packets, link=101, order='<', nanoseconds=False, snaplen=None):
    """One packet each millisecond from a moment in 2023 on."""
    out = [struct.pack(order + 'IHHIIII', 0xa1b23c4d if nanoseconds else 0xa1b2c3d4, 2, 4, 0, 0, 262144, link)]
    for number, packet in enumerate(packets):
        kept = packet[:snaplen]
        out.append(struct.pack(order + '4I', 1700000000 + number // 1000,
                               number % 1000 * (1000000 if nanoseconds else 1000), len(kept), len(packet)) + kept)
    return b''.join(out)


def block(order, kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack(order + 'II', kind, 12 + len(body)) + body + struct.pack(order + 'I', 12 + len(body))


def option(order, code, value):
    return struct.pack(order + 'HH', code, len(value)) + value + bytes(-len(value) % 4)


def section(order='<', options=b''):
    return block(order, 0x0a0d0d0a, struct.pack(order + 'IHHq', 0x1a2b3c4d, 1, 0, -1) + options)


def interface(order='<', link=101, snaplen=0, resolution=None, offset=None):
    options = option(order, 2, b'eth0')
    if resolution is not None:
        options += option(order, 9, bytes([resolution]))
    if offset is not None:
        options += option(order, 14, struct.pack(order + 'q', offset))
    return block(order, 1, struct.pack(order + 'HHI', link, 0, snaplen) + options + option(order, 0, b''))


def ticks(milliseconds, resolution):
    per_second = 2 ** (resolution & 127) if resolution & 128 else 10 ** resolution
    return milliseconds * per_second // 1000


def enhanced(order, packet, milliseconds, resolution=6, on=0, snaplen=None):
    stamp, kept = ticks(milliseconds, resolution), packet[:snaplen]
    return block(order, 6, struct.pack(order + '5I', on, stamp >> 32, stamp & 0xffffffff, len(kept), len(packet)) +
                 kept + bytes(-len(kept) % 4) + option(order, 1, b'a comment') + option(order, 0, b''))


def obsolete(order, packet, milliseconds, on=0):
    stamp = ticks(milliseconds, 6)
    return block(order, 2, struct.pack(order + 'HHIIII', on, 0, stamp >> 32, stamp & 0xffffffff, len(packet),
                                       len(packet)) + packet)


def simple(order, packet):
    return block(order, 3, struct.pack(order + 'I', len(packet)) + packet)


def pcapng(packets, order='<', link=101, resolution=None, offset=None):
    return section(order) + interface(order, link, 0, resolution, offset) + b''.join(
        enhanced(order, packet, 1000 * 1700000000 * (offset is None) + number, 6 if resolution is None else resolution)
        for number, packet in enumerate(packets))
