# SPDX-License-Identifier: Apache-2.0
"""Cases of mlkem-ike decode that need no keys: messages made by hand, damaged captures, what is not IKE, and how it is
told."""

import os
import struct

import captures
from captures import ethernet, ipv4, ipv6, pcap, udp
from tap import run

MARKER = bytes(4)
SPI_I, SPI_R = bytes(range(1, 9)), bytes(range(0x11, 0x19))
ESCAPES = b'\x1b]0;owned\x07\r\n\x9b31m\xff\xe2\x80\xae"\\'


def message(payloads, exchange=34, flags=8, message_id=0, version=0x20, spi_r=SPI_R):
    """`payloads` are (type, body) or (type, body, flags)."""
    chain, kinds = b'', [payload[0] for payload in payloads] + [0]
    for number, (_, body, *critical) in enumerate(payloads):
        chain += struct.pack('>BBH', kinds[number + 1], critical[0] if critical else 0, 4 + len(body)) + body
    return SPI_I + spi_r + struct.pack('>BBBBII', kinds[0], version, exchange, flags, message_id,
                                       28 + len(chain)) + chain


def notify(kind, data=b'', protocol=0, spi=b''):
    return 41, struct.pack('>BBH', protocol, len(spi), kind) + spi + data


def transform(last, kind, number, bits=0):
    attribute = struct.pack('>HH', 0x800e, bits) if bits else b''
    return struct.pack('>BBHBBH', 0 if last else 3, 0, 8 + len(attribute), kind, 0, number) + attribute


def proposal(number, protocol, spi, transforms, last=True):
    body = b''.join(transform(at == len(transforms) - 1, *item) for at, item in enumerate(transforms))
    return struct.pack('>BBHBBBB', 0 if last else 2, 0, 8 + len(spi) + len(body), number, protocol, len(spi),
                       len(transforms)) + spi + body


def selector(kind, first, last, protocol=0, ports=(0, 65535)):
    return struct.pack('>BBHHH', kind, protocol, 8 + 2 * len(first), *ports) + first + last


def shown(decode, octets, *options):
    status, out, _ = decode(pcap([ipv4(udp(500, 500, octets))]), (), *options)
    return status, out.splitlines()


# Payloads and the lines that they become, indentation and the mark included.
PAYLOADS = [
    (((33, proposal(1, 1, b'', [(1, 20, 256), (2, 7), (4, 31), (6, 36), (6, 37), (6, 0)])),),
     ['    SA      proposal 1: IKE aes256gcm16-prfsha512-x25519-ke1_mlkem768-ke1_mlkem1024-ke1_none']),
    (((33, proposal(1, 3, b'abcd', [(1, 20, 128), (5, 1)], False) +
       proposal(2, 2, b'abcd', [(3, 12), (99, 7), (1, 999, 40), (5, 0)])),),
     ['    SA      2 proposals', '            1: ESP aes128gcm16-esn, SPI 61626364',
      '            2: AH sha256-99.7-1.999/40-noesn, SPI 61626364']),
    (((34, struct.pack('>HH', 36, 0) + bytes(1184)),), ['    KE      mlkem768 (36), 1184 octets']),
    (((34, struct.pack('>HH', 99, 0) + bytes(5)),), ['    KE      method 99, 5 octets']),
    (((34, struct.pack('>HH', 35, 0) + bytes(1184)),),
     ['  ! KE      mlkem512 (35), 1184 octets, '
      '(800 expected; as long as mlkem768, whose number this was in draft 00)']),
    (((40, bytes(32)),), ['    Nonce   32 octets']),
    (((40, bytes(15)),), ['  ! Nonce   15 octets, malformed: ']),
    ((notify(16390, b'\xab' * 20),), ['    N       COOKIE, 20 octets ' + 'ab' * 20]),
    ((notify(14),), ['  ! N       error NO_PROPOSAL_CHOSEN']),
    ((notify(17, b'\0\x14'),), ['  ! N       error INVALID_KE_PAYLOAD, wants ecp384 (20)']),
    ((notify(17, b'\0'),), ['  ! N       error INVALID_KE_PAYLOAD, 1 octet 00']),
    ((notify(24),), ['  ! N       error AUTHENTICATION_FAILED']),
    ((notify(1, b'\x63'),), ['  ! N       error UNSUPPORTED_CRITICAL_PAYLOAD, payload 99']),
    ((notify(44, b'', 3, b'abcd'),), ['  ! N       error CHILD_SA_NOT_FOUND, ESP, SPI 61626364']),
    ((notify(8191),), ['  ! N       error 8191']),
    ((notify(40000, b'\x01'),), ['    N       status 40000, 1 octet 01']),
    ((notify(16393, b'', 3, b'\xde\xad\xbe\xef'),), ['    N       REKEY_SA, ESP, SPI deadbeef']),
    ((notify(16431, struct.pack('>5H', 1, 2, 4, 5, 9)),),
     ['    N       SIGNATURE_HASH_ALGORITHMS, SHA1 SHA2-256 SHA2-512 Identity hash 9']),
    ((notify(16441, b'link'),), ['    N       ADDITIONAL_KEY_EXCHANGE, link 6c696e6b']),
    ((notify(16397, bytes([192, 0, 2, 9])),), ['    N       ADDITIONAL_IP4_ADDRESS, 192.0.2.9']),
    ((notify(16385, struct.pack('>I', 5)),), ['    N       SET_WINDOW_SIZE, 5']),
    (((41, b'\0\7\0\1'),), ['  ! N       malformed: ']),
    (((35, b'\2\0\0\0gw.example'),), ['    IDi     FQDN, gw.example']),
    (((36, b'\1\0\0\0' + bytes([192, 0, 2, 1])),), ['    IDr     IPv4 address, 192.0.2.1']),
    (((36, b'\5\0\0\0' + bytes(15) + b'\1'),), ['    IDr     IPv6 address, ::1']),
    (((35, b'\x0b\0\0\0\0\1'),), ['    IDi     key id, 0001']),
    (((35, b'\xc8\0\0\0abc'),), ['    IDi     ID type 200, abc']),
    (((37, b'\4' + bytes(300)),), ['    CERT    X.509 certificate, 300 octets']),
    (((38, b'\4' + bytes(40)),), ['    CERTREQ X.509 certificate, 40 octets, 2 trust anchors']),
    (((38, b'\4' + bytes(20)),), ['    CERTREQ X.509 certificate, 20 octets, 1 trust anchor']),
    (((38, b'\5abc'),), ['    CERTREQ encoding 5, 3 octets']),
    (((39, b'\2\0\0\0' + bytes(32)),), ['    AUTH    shared key, 32 octets']),
    (((39, b'\x0e\0\0\0\x0c' + bytes.fromhex('300a06082a8648ce3d040303') + bytes(70)),),
     ['    AUTH    digital signature, ECDSA with SHA2-384, 83 octets']),
    (((39, b'\x0e\0\0\0\7' + bytes.fromhex('300506032b6570') + bytes(64)),),
     ['    AUTH    digital signature, Ed25519, 72 octets']),
    (((39, b'\x0e\0\0\0\2\x30\0' + bytes(64)),), ['    AUTH    digital signature, unknown algorithm 3000, 67 octets']),
    (((39, b'\x0e\0\0\0\x40'),), ['  ! AUTH    digital signature, 1 octet, malformed: the AlgorithmIdentifier']),
    (((42, b'\3\4\0\2abcdefgh'),), ['    D       ESP, SPI 61626364 65666768']),
    (((42, b'\1\0\0\0'),), ['    D       IKE, this SA']),
    (((43, b'strongSwan'),), ['    V       "strongSwan"']),
    (((43, b'\0\1\2'),), ['    V       000102']),
    (((44, b'\2\0\0\0' + selector(7, bytes([10, 1, 0, 0]), bytes([10, 1, 0, 255])) +
       selector(8, bytes(15) + b'\1', bytes(15) + b'\1', 6, (80, 443))),),
     ['    TSi     2 selectors', '            10.1.0.0 to 10.1.0.255, any protocol, any port',
      '            ::1, tcp, ports 80 to 443']),
    (((45, b'\1\0\0\0' + selector(7, bytes(4), bytes(4), 17, (65535, 0))),),
     ['    TSr     0.0.0.0, udp, opaque ports']),
    (((45, b'\1\0\0\0' + selector(7, bytes(4), bytes(4), 1, (0x0800, 0x08ff))),),
     ['    TSr     0.0.0.0, icmp, type and code 8/0 to 8/255']),
    (((45, b'\1\0\0\0' + selector(7, bytes(4), bytes(4), 99, (53, 53))),),
     ['    TSr     0.0.0.0, protocol 99, port 53']),
    (((47, b'\1\0\0\0' + bytes(8)),), ['    CP      CFG_REQUEST, 8 octets']),
    (((48, b'\1\7\0\x0a\x06secre'),), ['    EAP     Request, type 6, 10 octets']),
    (((48, b'\4\7\0\4'),), ['  ! EAP     Failure, 4 octets']),
    (((200, b'abc'),), ['    payload 200 3 octets']),
    (((33, b'abc', 0x80),), ['  ! SA      critical, malformed: ']),
]


def descriptions(tap, decode):
    for payloads, wanted in PAYLOADS:
        status, lines = shown(decode, message(payloads))
        found = lines[3:3 + len(wanted)]
        whole = not wanted[-1].endswith(': ') and 'AlgorithmIdentifier' not in wanted[-1]
        same = found == wanted if whole else found[0].startswith(wanted[0])
        tap.check(same and status == ('malformed' in wanted[0]),
                  f'shown: {wanted[0].split(" ", 8)[-1].strip()}', '\n'.join(lines))
    _, lines = shown(decode, message([notify(14)], flags=0x20))
    tap.check('look at:' in lines and '  #1 IKE_SA_INIT response 0 from R: error NO_PROPOSAL_CHOSEN' in lines,
              'errors are listed at the end', '\n'.join(lines))
    _, lines = shown(decode, message([notify(16390, bytes(8))], flags=0x20))
    tap.check('  #1 IKE_SA_INIT response 0 from R: COOKIE asked for' in lines, 'so is a COOKIE', '\n'.join(lines))
    classical = [(33, proposal(1, 1, b'', [(1, 20, 256), (2, 7), (4, 31)]))]
    _, lines = shown(decode, message(classical, flags=0x20))
    tap.check('  #1 IKE_SA_INIT response 0 from R: an IKE SA without ML-KEM' in lines, 'so is an SA without ML-KEM')
    _, lines = shown(decode, message(classical))
    tap.check('  #1 IKE_SA_INIT request 0 from I: no response in the capture' in lines, 'so is a request alone')


def headers(tap, decode):
    def heading(octets):
        status, lines = shown(decode, octets)
        return status, next((line for line in lines if line.startswith('#')), '')

    tap.check('exchange 99 request 7 from R, 28 octets, flags 0x10, version 2.1' in
              heading(message([], 99, 0x10, 7, 0x21))[1], 'unknown exchange, flags and version')
    for name, octets in (
            ('cut short', message([notify(14)])[:20]), ('longer than it says', message([]) + b'\0'),
            ('a payload too long', message([(43, b'abc')])[:-4] + b'\0\0\0\x50'),
            ('an unknown critical payload', message([(200, b'abc', 0x80)])),
            ('a later version', message([], version=0x30))):
        status, line = heading(octets)
        tap.check(status == 1 and 'MALFORMED: ' in line, f'malformed: {name}', line)
    _, lines = shown(decode, message([notify(14), (200, b'abc', 0x80)]))
    text = '\n'.join(lines)
    tap.check('NO_PROPOSAL_CHOSEN' in text and 'critical, 3 octets' in text,
              'a malformed message is shown as far as it goes', text)
    twice = message([(40, bytes(16))])
    _, out, _ = decode(pcap([ipv4(udp(500, 500, twice)), ipv4(udp(500, 500, twice))]))
    tap.check('#2 ' in out and ', repeats #1' in out, 'a retransmission is named', out)


def safe_text(tap, decode):
    payloads = [(35, b'\2\0\0\0' + ESCAPES), (43, ESCAPES), (36, b'\x0b\0\0\0' + ESCAPES), notify(40000, ESCAPES)]
    status, out, error = decode(pcap([ipv4(udp(500, 500, message(payloads)))]))
    tap.check(status == 0 and not error and all(32 <= ord(letter) < 127 or letter == '\n' for letter in out) and
              r'FQDN, \x1b]0;owned\x07\x0d\x0a\x9b31m\xff\xe2\x80\xae"\x5c' in out, 'no control characters', out)
    status, answer = decode.json(pcap([ipv4(udp(500, 500, message(payloads)))]))
    tap.check(status == 0 and answer['datagrams'][0]['payloads'][0]['hex'] == ESCAPES.hex(), 'nor in JSON')


def not_ike(tap, decode):
    ike, esp = message([notify(14)]), bytes(range(1, 60))
    tcp = ipv4(bytes(40), protocol=6)
    packets = [udp(4500, 4500, esp), udp(4500, 1234, b'\xff'), udp(4500, 4500, MARKER + ike), udp(500, 500, ike),
               udp(53, 53, ike), udp(500, 500, message([], version=0x10))]
    status, answer = decode.json(pcap([*map(ipv4, packets), tcp, b'', b'\x60', b'\x45' * 3]))
    counts = {key: value for key, value in answer['counts'].items() if value}
    tap.check(status == 1 and counts == {'packets': 10, 'ike_messages': 2, 'clear': 2, 'packets_malformed': 2, 'esp': 1,
                                         'keepalives': 1, 'ikev1': 1, 'other': 3}, 'what is not IKE is counted', counts)
    for name, octets in (('with', MARKER + ike), ('without', ike)):
        capture = pcap([ipv4(udp(1500, 1501, octets)), ipv4(udp(1501, 1500, esp))])
        status, answer = decode.json(capture, (), '--port', '1500')
        tap.check(status == 0 and answer['counts']['ike_messages'] == 1 and answer['counts']['esp'] == 1,
                  f'--port, {name} marker', answer['counts'])
        status, _, error = decode(capture)
        tap.check(status == 1 and 'no IKEv2 message' in error, f'another port, {name} marker')
    status, answer = decode.json(pcap([ipv4(udp(4500, 500, ike)), ipv4(udp(4500, 500, MARKER + ike))]))
    tap.equal(answer['counts']['clear'], 2, 'from 4500 to 500: with and without marker')
    for name, packet, reason in (
            ('a long UDP length', ipv4(struct.pack('>4H', 500, 500, 9 + len(ike), 0) + ike), 'a UDP length'),
            ('a short UDP length', ipv4(struct.pack('>4H', 500, 500, 7, 0) + ike), 'a UDP length'),
            ('half a UDP header', ipv4(struct.pack('>2H', 500, 500)), 'a UDP header'),
            ('a long IP length', ipv4(udp(500, 500, ike))[:-1], 'an IPv4 header'),
            ('a short IP header', b'\x44' + ipv4(udp(500, 500, ike))[1:], 'an IPv4 header'),
            ('a long IP header', b'\x4f' + ipv4(udp(500, 500, ike), options=bytes(4))[1:44], 'an IPv4 header'),
            ('a long IPv6 length', ipv6(udp(500, 500, ike))[:-1], 'an IPv6 header'),
            ('a long extension header', ipv6(b'\x11\x09' + bytes(6), protocol=0), 'an IPv6 extension header'),
            ('many extension headers', ipv6(udp(500, 500, ike), extensions=[(0, bytes(6))] * 17), 'too many IPv6'),
            ('two octets on 4500', ipv4(udp(4500, 4500, b'\0\0')), 'too short')):
        status, answer = decode.json(pcap([packet]))
        tap.check(status == 1 and answer['counts']['packets_malformed'] == 1 and
                  answer['datagrams'][0]['state'] == 'malformed' and reason in answer['findings'][0],
                  f'malformed: {name}', answer)
    within = b'\x11' + bytes([0, 0, 1, 0, 0, 0, 2]) + udp(500, 500, ike)
    status, answer = decode.json(pcap(captures.ipv6_fragments(within, 1, 32, protocol=44)))
    tap.check(status == 1 and 'fragments within fragments' in ''.join(answer['findings']),
              'malformed: fragments within fragments', answer)


def truncated(tap, decode):
    packet = ipv4(udp(4500, 4500, MARKER + message([notify(14), (43, bytes(400))])))
    for snaplen in range(len(packet)):
        status, answer = decode.json(pcap([packet], snaplen=snaplen))
        counts = answer['counts']
        # A header of 20 octets, one of 8, the marker: then there is an IKE message.
        if status != 1 or counts['malformed'] or counts['packets_malformed'] or counts['clear'] or \
                (counts['packets_truncated'], counts['truncated']) != (20 <= snaplen < 32, snaplen >= 32):
            tap.check(False, f'captured {snaplen} of {len(packet)} octets', answer)
            return
    _, out, _ = decode(pcap([packet], snaplen=128))
    tap.check('IKE_SA_INIT request 0 from I, 96 octets, TRUNCATED by the capture: 96 of 440 octets' in out,
              'truncated packets are named at any length', out)


def fragments(tap, decode):
    datagram = udp(500, 500, message([(43, bytes(400))]))
    parts = captures.ipv4_fragments(datagram, 1, 128)
    overlapping = ipv4(datagram[120:256], ident=1, offset=120, more=True)
    cases = {'overlap': ([parts[0], overlapping, *parts[1:]], 1, 0),
             'overlap, seen last': ([parts[1], parts[0], overlapping], 1, 0),
             'another content': ([parts[0], ipv4(bytes(128), ident=1, more=True), *parts[1:]], 1, 0),
             'two ends': ([parts[0], parts[2], ipv4(bytes(8), ident=1, offset=128)], 1, 0),
             'behind the end': ([parts[-1], ipv4(bytes(8), ident=1, offset=800, more=True)], 1, 0),
             'too long': ([ipv4(bytes(80), ident=1, offset=65528, more=False)], 1, 0),
             'an odd length': ([ipv4(datagram[:100], ident=1, more=True)], 1, 0),
             'one is missing': ([*parts[:1], *parts[2:]], 0, 1),
             'other ids': ([parts[0], *captures.ipv4_fragments(datagram, 2, 128)[1:]], 0, 2)}
    for name, (packets, malformed, incomplete) in cases.items():
        status, answer = decode.json(pcap(packets))
        counts = answer['counts']
        tap.check(status == 1 and counts['packets_malformed'] == malformed and counts['ike_messages'] == 0 and
                  counts['ip_incomplete'] == incomplete, f'IP fragments: {name}', answer)
    tiny = [ipv4(bytes(8), ident=9, offset=8 * number, more=True) for number in range(400)]
    status, answer = decode.json(pcap(tiny))
    tap.check(answer['counts']['packets_malformed'] == 1, 'IP fragments: too many', answer['counts'])


def files(tap, decode):
    good = pcap([ipv4(udp(500, 500, message([])))])
    for name, capture, reason in (
            ('empty', b'', 'empty'), ('not a capture', b'hello, world' * 9, 'neither pcap nor pcapng'),
            ('compressed', b'\x1f\x8b\x08' + bytes(40), 'compressed'), ('a header alone, cut', good[:20], 'cut short'),
            ('a packet cut', good[:-1], 'cut short'),
            ('a huge packet', good[:32] + b'\xff' * 8 + good[40:], 'a packet of'),
            ('pcap 9', good[:4] + b'\x09' + good[5:], 'version'),
            ('a block too short', captures.section() + struct.pack('<II', 1, 8) + bytes(20), 'a block of 8'),
            ('a huge block', captures.section() + struct.pack('<II', 6, 0x40000000) + bytes(20), 'a block of'),
            ('lengths that differ', captures.section() + captures.interface()[:-4] + bytes(4), 'two lengths'),
            ('a packet longer than its block', captures.section() + captures.interface() +
             captures.block('<', 6, struct.pack('<5I', 0, 0, 0, 9, 9) + bytes(8)), 'beyond its block'),
            ('a short packet block', captures.section() + captures.interface() + captures.block('<', 6, bytes(16)),
             'cut short'),
            ('a short interface block', captures.section() + captures.block('<', 1, bytes(4)), 'cut short'),
            ('a long option', captures.section() + captures.block('<', 1, bytes(8) + struct.pack('<HH', 9, 99)),
             'beyond its block'),
            ('no interface', captures.section() + captures.simple('<', b'abcd'), 'unknown interface'),
            ('a section without order', captures.section()[:8] + bytes(24), 'byte order')):
        status, out, error = decode(capture)
        tap.check(status == 1 and 'capture0' in error and reason in error and 'octet' in error, f'refused: {name}',
                  error)
    two = pcap([ipv4(udp(500, 500, message([])))] * 2)
    status, out, error = decode([two[:-5], good])
    tap.check(status == 1 and out.count('IKE_SA_INIT') == 4 and 'cut short' in error and
              '2 captures: 2 packets' in out.splitlines()[-1], 'what comes before the end is shown', out + error)
    ran = run([decode.program, 'decode', '/nonexistent/file'])
    tap.check(ran.returncode == 1 and b'/nonexistent/file: can' in ran.stderr, 'a missing capture')
    ran = run([decode.program, 'decode', '-', '--json'], input=good)
    tap.check(ran.returncode == 0 and b'"file": "-"' in ran.stdout, 'standard input')
    for arguments in ([], ['-', '-'], ['-', '--keys', '-'], ['-', '--port', '0'], ['-', '--port', '70000'], ['--keys']):
        tap.equal(run([decode.program, 'decode', *arguments], input=good).returncode, 2,
                  f'wrong use: decode {" ".join(arguments)}')
    if os.path.exists('/dev/full'):
        with open('/dev/full', 'wb') as full:
            ran = run([decode.program, 'decode', '-'], input=good, stdout=full)
        tap.check(ran.returncode == 1 and b"can't be written" in ran.stderr, 'a full disk is an error')
    reading, writing = os.pipe()
    os.close(reading)
    ran = run([decode.program, 'decode', '-'], input=pcap([ethernet(ipv4(udp(500, 500, message([]))))] * 5000, 1),
              stdout=writing)
    os.close(writing)
    tap.check(ran.returncode == 1, 'a reader that went away ends it', ran.returncode)


def run_all(tap, decode):
    for cases in (descriptions, headers, safe_text, not_ike, truncated, fragments, files):
        cases(tap, decode)
