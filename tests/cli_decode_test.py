#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mlkem-ike decode: every recording opens with its keys out of every kind of capture; what is wrong with a capture, a
message or a key file is said, and nothing crashes. Arguments: the folder of recordings, a folder of the captures they
were made from (it may be missing), and the program if it was built."""

import glob
import json
import os
import random
import struct
import sys
import tempfile

import captures
import cli_decode_cases
from captures import V4, V6, ethernet, ipv4, ipv6, pcap, udp
from tap import Tap, read, run, write

ENCRYPTIONS = {12: 'AES-CBC-{} [RFC3602]', 13: 'AES-CTR-{} [RFC5930]', 16: 'AES-CCM-{} with 16 octet ICV [RFC5282]',
               20: 'AES-GCM-{} with 16 octet ICV [RFC5282]', 28: 'ChaCha20-Poly1305 [RFC7634]'}
INTEGRITIES = {0: 'NONE [RFC4306]', 2: 'HMAC_SHA1_96 [RFC2404]', 12: 'HMAC_SHA2_256_128 [RFC4868]',
               13: 'HMAC_SHA2_384_192 [RFC4868]', 14: 'HMAC_SHA2_512_256 [RFC4868]'}
MARKER = bytes(4)
# Every IKE message is counted as one of them.
STATES = ('clear', 'opened', 'no_keys', 'wrong_icv', 'malformed', 'truncated')


class Decode:
    """Runs the program on files that exist as long as one call."""

    def __init__(self, program):
        self.program = program

    def __call__(self, content, keys=(), *options):
        """(exit status, standard output, standard error); `content` is a capture or a list of them."""
        contents = content if isinstance(content, list) else [content]
        with tempfile.TemporaryDirectory() as folder:
            def path(kind, number, octets):
                name = os.path.join(folder, f'{kind}{number}')
                write(name, octets)
                return name

            arguments = []
            for item in enumerate(keys):
                arguments += ['--keys', path('keys', *item)]
            arguments += [path('capture', *item) for item in enumerate(contents)]
            ran = run([self.program, 'decode', *arguments, *options])
        return ran.returncode, ran.stdout.decode(), ran.stderr.decode()

    def json(self, content, keys=(), *options):
        """(exit status, the one capture's document)."""
        status, text, _ = self(content, keys, '--json', *options)
        answer = json.loads(text)['captures'][0]
        counts = answer['counts']
        assert sum(counts[state] for state in STATES) == counts['ike_messages'], counts
        return status, answer


def table_of(recording):
    """Wireshark's table, all generations in one."""
    lines = []
    for entry in recording['ike']:
        encryption = ENCRYPTIONS[entry['encr'][0]].format(entry['encr'][1])
        integrity = INTEGRITIES[entry.get('integ') or 0]
        lines.append(f'{entry["spii"]},{entry["spir"]},{entry["sk_ei"]},{entry["sk_er"]},"{encryption}",'
                     f'{entry["sk_ai"]},{entry["sk_ar"]},"{integrity}"\n')
    return ''.join(lines).encode()


def datagrams(recording):
    """(UDP datagram, whether it comes from the initiator's host) of each message."""
    for message in recording['messages']:
        marker = MARKER if 4500 in (message['sport'], message['dport']) else b''
        yield (udp(message['sport'], message['dport'], marker + bytes.fromhex(message['hex'])),
               'from=I' in message['what'])


def ends_of(ends, from_initiator):
    return ends if from_initiator else ends[::-1]


def raw(recording, ends=V4, ip=ipv4):
    return [ip(datagram, ends_of(ends, initiator)) for datagram, initiator in datagrams(recording)]


def facts(capture):
    """What does not depend on how the messages were captured."""
    return [{key: value for key, value in entry.items()
             if key not in ('number', 'time', 'source', 'destination', 'ip_fragmented', 'repeats')}
            for entry in capture['datagrams']]


def recordings_open(tap, decode, recordings):
    messages = opened = 0
    for name, (recording, text) in recordings.items():
        capture, on_4500 = pcap(raw(recording)), sum(m['sport'] == 4500 for m in recording['messages'])
        status, answer = decode.json(capture, [text])
        counts = answer['counts']
        tap.check(status == 0 and counts['good'] and counts['ike_messages'] == len(recording['messages']) and
                  counts['opened'] == on_4500 and counts['clear'] == len(recording['messages']) - on_4500,
                  f'{name}: {counts["ike_messages"]} messages, {counts["opened"]} opened', counts)
        messages, opened = messages + counts['ike_messages'], opened + counts['opened']
        tap.check(not any('malformed' in payload for entry in answer['datagrams']
                          for payload in entry['payloads'] + entry.get('inner', [])) and
                  all(entry['inner'] or entry['ike']['exchange_name'] == 'INFORMATIONAL'
                      for entry in answer['datagrams'] if entry['state'] == 'opened'),
                  f'{name}: every payload decodes')
        _, from_table = decode.json(capture, [table_of(recording)])
        tap.equal(facts(from_table), facts(answer), f"{name}: the same with Wireshark's table")
        keys = [value for entry in recording['ike'] for field, value in entry.items()
                if field.startswith('sk') and value]
        status, words, error = decode(capture, [text])
        tap.check(status == 0 and not error and words.count('\n#') == len(recording['messages']) and
                  f' {on_4500} opened, 0 without keys, 0 with a wrong ICV, 0 malformed, 0 truncated' in words.splitlines()[-1],
                  f'{name}: in words', words[-300:])
        tap.check(not any(key in words or key in json.dumps(answer) for key in keys), f'{name}: no key is shown')
    print(f'# {len(recordings)} recordings, {messages} messages, {opened} opened')


def containers(tap, decode, recording, keys):
    packets, six = raw(recording), raw(recording, V6, ipv6)
    sent = list(datagrams(recording))

    def fragments(split, ends, size, change=list):
        out = []
        for number, (datagram, initiator) in enumerate(sent):
            out += change(split(datagram, number, size, ends_of(ends, initiator)))
        return out

    extensions = [(0, bytes(6)), (60, bytes(14)), (43, bytes(22))]
    cases = {f'pcap, {order} endian, {"ns" if nanoseconds else "us"}': pcap(packets, 101, order, nanoseconds)
             for order in '<>' for nanoseconds in (False, True)}
    cases |= {f'link type {link}': pcap(packets, link) for link in (12, 14, 228)}
    cases |= {f'pcapng, {order} endian': captures.pcapng(packets, order) for order in '<>'}
    cases |= {f'pcapng, resolution {resolution:#x}': captures.pcapng(packets, '<', 101, resolution, 1700000000)
              for resolution in (3, 9, 12, 0x94, 0xa0)}
    cases |= {
        'Ethernet': pcap(map(ethernet, packets), 1),
        'Ethernet, VLAN': pcap([ethernet(packet, [0x8100]) for packet in packets], 1),
        'Ethernet, QinQ, IPv6': pcap([ethernet(packet, [0x88a8, 0x8100]) for packet in six], 1),
        'cooked': pcap(map(captures.cooked, packets), 113),
        'cooked, IPv6': pcap(map(captures.cooked, six), 113),
        'cooked v2': pcap(map(captures.cooked2, packets), 276),
        'cooked v2, VLAN, IPv6': pcap([captures.cooked2(packet, [0x8100]) for packet in six], 276),
        'loopback': pcap(map(captures.loopback, packets), 0),
        'loopback, big endian, IPv6': pcap([captures.loopback(packet, '>') for packet in six], 0, '>'),
        'IPv6': pcap(six, 229),
        'IPv6, extension headers': pcap([ipv6(datagram, ends_of(V6, initiator), extensions=extensions)
                                         for datagram, initiator in sent]),
        'IPv6, atomic fragments': pcap([ipv6(bytes([17, 0, 0, 0, 0, 0, 0, 1]) + datagram, ends_of(V6, initiator), 44)
                                        for datagram, initiator in sent]),
        'IPv4 options': pcap([ipv4(datagram, ends_of(V4, initiator), options=bytes([1] * 8))
                              for datagram, initiator in sent]),
        'IPv4 fragments': pcap(fragments(captures.ipv4_fragments, V4, 256)),
        'IPv4 fragments, last first': pcap(fragments(captures.ipv4_fragments, V4, 64, lambda parts: parts[::-1])),
        'IPv4 fragments, twice': pcap(fragments(captures.ipv4_fragments, V4, 128, lambda p: p[:len(p) > 1] + p)),
        'IPv6 fragments': pcap(fragments(captures.ipv6_fragments, V6, 256)),
        'IPv6 fragments, last first': pcap(fragments(captures.ipv6_fragments, V6, 8, lambda parts: parts[::-1])),
        'pcapng, obsolete blocks': captures.section() + captures.interface() + b''.join(
            captures.obsolete('<', packet, number) for number, packet in enumerate(packets)),
        'pcapng, simple blocks': captures.section() + captures.interface() + b''.join(
            captures.simple('<', packet) for packet in packets),
        'pcapng, two interfaces': captures.section() + captures.interface('<', 1, 0, 9) + captures.block(
            '<', 5, bytes(36)) + captures.interface('<', 113) + b''.join(
                captures.enhanced('<', captures.cooked(packet) if number % 2 else ethernet(packet), number,
                                  6 if number % 2 else 9, number % 2) for number, packet in enumerate(packets)),
        'pcapng, two sections': b''.join(
            captures.section(order, captures.option(order, 4, b'a test')) + captures.interface(order) + b''.join(
                captures.enhanced(order, packet, number) for number, packet in part)
            for order, part in (('<', list(enumerate(packets))[:9]), ('>', list(enumerate(packets))[9:]))),
    }
    status, wanted = decode.json(pcap(packets), [keys])
    for name, capture in cases.items():
        status, answer = decode.json(capture, [keys])
        tap.check(status == 0 and facts(answer) == facts(wanted), name, answer['counts'])
        if 'fragments' in name or 'simple' in name:
            continue
        tap.check(all(round(entry['time'] * 1000 - entry['number'] + 1) == 0 for entry in answer['datagrams']),
                  f'{name}: time')
    _, answer = decode.json(cases['IPv6'], [keys])
    tap.equal(answer['datagrams'][0]['source'], {'address': '2001:db8::1', 'port': 500}, 'IPv6: address and port')
    tap.equal(len(decode.json(cases['IPv4 fragments'], [keys])[1]['datagrams']), len(packets),
              'IP fragments have no entry of their own')


def keys_and_exit_status(tap, decode, recording, text):
    capture, encrypted = pcap(raw(recording)), sum(m['sport'] == 4500 for m in recording['messages'])
    status, answer = decode.json(capture)
    tap.check(status == 0 and answer['counts']['no_keys'] == encrypted, 'without keys', answer['counts'])
    for field in ('sk_ei', 'sk_er'):
        wrong = json.loads(text)
        for entry in wrong['ike']:
            entry[field] = f'{int(entry[field][:2], 16) ^ 1:02x}' + entry[field][2:]
        for kind, keys in (('kat.json', json.dumps(wrong).encode()), ('table', table_of(wrong))):
            status, answer = decode.json(capture, [keys])
            closed = [entry for entry in answer['datagrams'] if entry['state'] == 'wrong ICV']
            tap.check(status == 1 and closed and len(answer['findings']) == len(closed) and
                      {entry['ike']['from'] for entry in closed} == {'I' if field == 'sk_ei' else 'R'},
                      f'a wrong {field} ({kind}): {len(closed)} messages are not opened', answer['counts'])
    lines = table_of(recording).splitlines(keepends=True)
    for name, keys in {'one file for each generation': lines, 'the last generation first': lines[::-1],
                       'both kinds of files': [text, b'# a comment\r\n\n' + b''.join(lines).replace(b'\n', b'\r\n')],
                       'upper case, 0x, spaces': [b''.join(lines[:1]).replace(b',', b' , 0x', 3), *lines[1:]],
                       'a file twice': [text, text]}.items():
        status, answer = decode.json(capture, keys)
        tap.check(status == 0 and answer['counts']['opened'] == encrypted, f'keys: {name}', answer['counts'])
    with tempfile.NamedTemporaryFile() as file:
        file.write(capture)
        file.flush()
        for kind, keys in (('recording', text), ('table', table_of(recording))):
            ran = run([decode.program, 'decode', '--json', '--keys', '-', file.name], input=keys)
            counts = json.loads(ran.stdout)['total'] if ran.stdout else {}
            tap.check(ran.returncode == 0 and counts.get('opened') == encrypted, f'keys: a {kind} from a pipe', ran)
    lost = [packet for number, packet in enumerate(raw(recording)) if number != 3]
    status, answer = decode.json(pcap(lost), [text])
    tap.check(status == 1 and answer['counts']['incomplete'] == 1 and
              '#3 IKE_INTERMEDIATE request 1 from I: fragments missing' in answer['findings'],
              'an IKE fragment is missing', answer['findings'])
    status, answer = decode.json(capture, lines[1:])
    tap.check(status == 1 and answer['counts']['wrong_icv'] > 0, 'keys: a generation is missing')


def wrong_key_files(tap, decode, recording, text):
    capture, line = pcap(raw(recording)), table_of(recording).decode().splitlines()[0]
    fields = line.split(',')

    def changed(at, value):
        return ','.join(value if number == at else field for number, field in enumerate(fields))

    cases = {'nothing': ('', 'empty'), 'a field too few': (','.join(fields[:7]), '7 fields'),
             'a field too many': (line + ',""', '9 fields'), 'a quotation mark': (line + '"', 'quotation mark'),
             'an odd SPI': (changed(0, fields[0][1:]), 'SPIi: an odd'),
             'a short SPI': (changed(1, '00'), 'SPIr: 1 octet'),
             'no hex': (changed(2, 'x' + fields[2][1:]), 'SK_ei: character 1 is not'),
             'a short key': (changed(3, fields[3][2:]), 'SK_er: 31 octets instead of 32'),
             'an unknown cipher': (changed(4, '"DES [RFC2405]"'), 'encryption: a name'),
             'no integrity': (changed(7, '"NONE [RFC4306]"'), 'integrity: NONE beside'),
             'an AEAD and integrity': (changed(4, '"ChaCha20-Poly1305 [RFC7634]"'), 'integrity: not NONE'),
             'a short integrity key': (changed(5, '00'), 'SK_ai: 1 octets'),
             'keys in the wrong column': (changed(4, fields[2]), 'encryption: a name')}
    for name, (table, reason) in cases.items():
        status, out, error = decode(capture, [b'\n# here\n' * (name != 'nothing') + table.encode()])
        tap.check(status == 1 and not out and reason in error and ('keys0: line 3' in error or name == 'nothing') and
                  not any(len(field) > 15 and field.strip('"')[2:12] in error for field in fields
                          if '[' not in field), f'key table refused: {name}', error)
    bad = json.loads(text)
    bad['ike'][1]['sk_ar'] = bad['ike'][1]['sk_ar'][2:]
    _, _, error = decode(capture, [json.dumps(bad).encode()])
    tap.check('keys0' in error and 'ike[1]: SK_ar: 31 octets' in error, 'recording refused: a short key', error)
    del bad['ike'][0]['spii']
    _, _, error = decode(capture, [json.dumps(bad).encode()])
    tap.check('keys0' in error and 'ike[0].spii: missing' in error, 'recording refused: a missing field', error)
    many = ''.join(changed(2, f'{number:064x}') + '\n' for number in range(80))
    status, _, error = decode(capture, [many.encode()])
    tap.check(status == 1 and 'generations' in error, 'too many generations', error)


def mutations(tap, decode, recording, keys, rounds):
    """Bits flipped, captures cut short: whatever comes out is one JSON document or lines of text."""
    source = random.Random(3)
    packets = [ethernet(packet) for packet in raw(recording)]
    bases = {'pcap': pcap(packets, 1), 'pcapng': captures.pcapng(packets, '>', 1),
             'fragments': pcap([part for number, (datagram, _) in enumerate(datagrams(recording))
                                for part in captures.ipv6_fragments(datagram, number, 512)])}
    for name, base in bases.items():
        mutants = [base[:source.randrange(len(base))] for _ in range(rounds // 3)]
        for _ in range(rounds):
            mutant = bytearray(base)
            for _ in range(source.choice((1, 1, 2, 8, 64))):
                mutant[source.randrange(len(mutant))] ^= 1 << source.randrange(8)
            mutants.append(bytes(mutant))
        status, out, error = decode(mutants, [keys], '--json')
        tap.check(status == 1 and len(json.loads(out)['captures']) == len(mutants) and 'runtime error' not in error,
                  f'{len(mutants)} mutants of {name}: no crash', f'{status} {error[-500:]}')
        status, out, error = decode(mutants, [keys])
        tap.check(status == 1 and 'runtime error' not in error and
                  not any(ord(letter) < 32 and letter != '\n' or ord(letter) > 126 for letter in out),
                  f'{len(mutants)} mutants of {name}: plain text', f'{status} {error[-500:]}')
    failed = []
    for base in (keys, table_of(recording)):
        for _ in range(rounds // 6):
            mutant = bytearray(base)
            mutant[source.randrange(min(len(mutant), 3000))] ^= 1 << source.randrange(8)
            status, _, error = decode(bases['pcap'], [bytes(mutant)])
            if status not in (0, 1) or 'runtime error' in error:
                failed.append(error)
    tap.check(not failed, 'mutants of key files: no crash', '\n'.join(failed))


def floods(tap, decode):
    """Many IKE SAs, half-done IP datagrams and requests: tables are bounded, so this ends soon."""
    def header(number):
        return struct.pack('>QQBBBBII', number + 1, 0, 0, 0x20, 34, 8, 0, 28)

    count = 50000
    status, answer = decode.json(pcap([ipv4(udp(500, 500, header(number))) for number in range(count)]))
    tap.check(status == 0 and answer['counts']['ike_messages'] == count and answer['findings_left_out'] > 0 and
              len(answer['findings']) <= 200, 'a flood of SPIs', answer['counts'])
    half = [part for number in range(count)
            for part in captures.ipv6_fragments(bytes(64), number, 32)[:1]]
    status, answer = decode.json(pcap(half + [ipv4(udp(500, 500, header(0)))]))
    tap.check(status == 0 and answer['counts']['ip_incomplete'] == count, 'a flood of IP fragments', answer['counts'])


def recorded_captures(tap, decode, folder):
    names = sorted(os.path.basename(path) for path in glob.glob(os.path.join(folder, '*')) if os.path.isdir(path))
    if not names:
        tap.skip('recorded captures', f'none in {folder}')
        return

    for name in names:
        capture = read(os.path.join(folder, name, 'capture.pcap'))
        tables = [read(path) for path in sorted(glob.glob(os.path.join(folder, name, 'ikev2_decryption_table.*')))]
        kat = os.path.join(folder, name, 'kat.json')
        for kind, keys in (('tables', tables), ('kat.json', [read(kat)] if os.path.exists(kat) else [])):
            status, answer = decode.json(capture, keys)
            counts = answer['counts']
            tap.check(status == 0 and counts['ike_messages'] == counts['packets'] and
                      (counts['no_keys'] == 0) == bool(keys), f'{name}, {kind if keys else "no keys"}', counts)


def main():
    folder, captures_folder, tap = sys.argv[1], sys.argv[2], Tap()
    decode = Decode(tap.built_program(3, 'decode'))
    rounds = int(os.environ.get('MLKEM_DECODE_MUTANTS', '120'))
    recordings = {}
    for path in sorted(glob.glob(os.path.join(folder, '*.json'))):
        text = read(path)
        recordings[os.path.splitext(os.path.basename(path))[0]] = (json.loads(text), text)
    cli_decode_cases.run_all(tap, decode)
    floods(tap, decode)
    recorded_captures(tap, decode, captures_folder)
    if not recordings:
        tap.skip('decode of recordings', f'none in {folder}')
        tap.done()
    recordings_open(tap, decode, recordings)
    containers(tap, decode, *recordings['mlkem768'])
    keys_and_exit_status(tap, decode, *recordings['mlkem768'])
    wrong_key_files(tap, decode, *recordings['cbc256_sha256'])
    mutations(tap, decode, *recordings['frag_force'], rounds)
    tap.done()


main()
