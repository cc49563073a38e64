#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mlkem-ike replay: every recording agrees, a flipped byte of every field is reported at the values that it
enters, and files that are not recordings are refused with the name of the field. Arguments: the folder of recordings,
and the program if it was built."""

import copy
import glob
import json
import os
import sys
import tempfile

from tap import Tap, run, write

IKE_KEYS = ['sk_d', 'sk_ai', 'sk_ar', 'sk_ei', 'sk_er', 'sk_pi', 'sk_pr']
CHILD_KEYS = ['encryption_initiator_key', 'integrity_initiator_key', 'encryption_responder_key',
              'integrity_responder_key']
OPTIONAL = {'prf_for_derivation', 'integ', 'intauth', 'method', 'octets', 'messages', 'psk', 'cert'}


def load(path):
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def replay(program, files):
    """(exit status, the --json answer) for files given as JSON values or as text."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, content in enumerate(files):
            paths.append(os.path.join(folder, f'{number:05}'))
            write(paths[-1], content if isinstance(content, bytes) else json.dumps(content).encode())
        ran = run([program, 'replay', '--json', *paths])
    if ran.returncode not in (0, 1):
        return ran.returncode, None
    return ran.returncode, json.loads(ran.stdout)


def flipped(octets_hex, place):
    octets = bytearray.fromhex(octets_hex)
    octets[place] ^= 1
    return octets.hex()


def fields_of(recording):
    """(path, names of the values that must differ, names of links that must break or None where any may)."""
    for k, entry in enumerate(recording['ike']):
        keys = [name for name in IKE_KEYS if entry[name]]
        for j in range(len(entry['secrets'])):
            yield ('ike', k, 'secrets', j), ['skeyseed']
        for field in ('ni', 'nr'):
            yield ('ike', k, field), ['skeyseed', *keys]
        for field in ('spii', 'spir'):
            yield ('ike', k, field), keys
        if entry['old_sk_d']:
            yield ('ike', k, 'old_sk_d'), ['skeyseed']
        for field in ['skeyseed', *keys]:
            yield ('ike', k, field), [field]
    for k, entry in enumerate(recording['child']):
        keys = [name for name in CHILD_KEYS if entry[name]]
        for j in range(len(entry['secrets'])):
            yield ('child', k, 'secrets', j), keys
        for field in ('ni', 'nr', 'sk_d'):
            yield ('child', k, field), keys
        for field in keys:
            yield ('child', k, field), [field]
    for k, entry in enumerate(recording['intauth']):
        for field in ('sk_p', 'A', 'P', 'out'):
            yield ('intauth', k, field), ['out']
    for k, entry in enumerate(recording['auth']):
        results = ['auth'] if 'psk' in entry else ['octets', 'signature']
        for field in ('id', 'sk_p', 'intauth'):
            if entry[field]:
                yield ('auth', k, field), results
        yield ('auth', k, 'auth'), results[-1:]
        if 'octets' in entry:
            yield ('auth', k, 'octets'), ['octets']


# Fields that must also break a link, because another entry holds the same octets.
LINKED = {('ike', 'old_sk_d'), ('child', 'sk_d'), ('intauth', 'sk_p'), ('auth', 'sk_p'), ('auth', 'intauth')}


def wrong_checks(file, kind):
    return [check for check in file['checks'] if check['outcome'] == 'differs' and check['type'] == kind]


def flips(tap, program, name, recording):
    """Flips a bit in the first, a middle and the last octet of every field."""
    mutants, wanted = [], []
    for path, values in fields_of(recording):
        for part in (0, 0.5, 1):
            mutant = copy.deepcopy(recording)
            parent = mutant
            for key in path[:-1]:
                parent = parent[key]
            length = len(parent[path[-1]]) // 2
            parent[path[-1]] = flipped(parent[path[-1]], int(part * (length - 1)))
            mutants.append(mutant)
            wanted.append((path, values))
    status, answer = replay(program, mutants)
    wrong = []
    for (path, values), file in zip(wanted, answer['files']):
        entry = f'{path[0]}[{path[1]}]'
        differing = [(check['entry'].split()[0], check['name']) for check in wrong_checks(file, 'value')
                     if not (path[2] in ('spii', 'spir') and check['entry'].startswith('messages['))]
        broken = [check for check in wrong_checks(file, 'link') if 'a message' not in check['name']]
        first = file.get('first_wrong', {'entry': ''})
        if sorted(differing) != sorted((entry, value) for value in values):
            wrong.append(f'{path}: differing: {differing}')
        elif not first['entry'].startswith(entry) or first['name'] != values[0]:
            wrong.append(f'{path}: first wrong: {first}')
        elif (path[0], path[2]) in LINKED and not any(check['entry'].startswith(entry) for check in broken):
            wrong.append(f'{path}: no link broken')
        elif path[2] in ('secrets', 'P', 'skeyseed', 'out', 'auth', 'octets', *IKE_KEYS, *CHILD_KEYS) and broken and \
                path[:1] + path[2:] not in (('child', 'sk_d'),):
            wrong.append(f'{path}: links broken for nothing: {broken}')
    tap.check(status == 1 and not wrong, f'{name}: {len(mutants)} flips, each reported at the values it enters',
              '\n'.join(wrong))


def flipped_messages(tap, program, name, recording):
    """One bit in the first octets, the middle and the last octet of every message. What an ICV covers is reported
    first at the message, an answered IKE_SA_INIT at the AUTH of its sender."""
    _, answer = replay(program, [recording])
    uncovered = {check['entry'].split()[0] for check in answer['files'][0]['checks']
                 if check['outcome'] == 'not covered'}
    covered = [number for number in range(len(recording['messages'])) if f'messages[{number}]' not in uncovered]
    mutants, wanted = [], []
    for number in covered:
        octets = len(recording['messages'][number]['hex']) // 2
        for place in (0, 8, 16, 17, 20, octets // 2, octets - 1):
            mutants.append(copy.deepcopy(recording))
            message = mutants[-1]['messages'][number]
            message['hex'] = flipped(message['hex'], place)
            wanted.append((number, place))
    status, answer = replay(program, mutants)
    wrong = []
    for (number, place), file in zip(wanted, answer['files']):
        header = recording['messages'][number]['hex'][:56]
        values = [check['entry'].split()[0] for check in wrong_checks(file, 'value')]
        if header[36:38] == '22':
            found = any(entry == f'auth[{int(header[38:40], 16) >> 5 & 1}]' for entry in values)
        else:
            found = values and values[0] == f'messages[{number}]'
        if not found:
            wrong.append(f'messages[{number}] octet {place}: {values}')
    tap.check(status == 1 and not wrong, f'{name}: {len(mutants)} flips in {len(covered)} messages, each reported; '
              f'{len(uncovered)} messages that nothing covers', '\n'.join(wrong))


def retransmitted(tap, program, name, recording):
    """What a network does is no fault: every message once more, at once and at the end, and before the next answer."""
    mutants = []
    for number in range(len(recording['messages'])):
        for place in (number + 1, number + 3, len(recording['messages'])):
            mutants.append(copy.deepcopy(recording))
            mutants[-1]['messages'].insert(place, copy.deepcopy(recording['messages'][number]))
    _, answer = replay(program, mutants)
    wrong = [f"{number // 3}: {file.get('first_wrong')}" for number, file in enumerate(answer['files'])
             if not file['counts']['all_agree']]
    tap.check(not wrong, f'{name}: {len(mutants)} retransmissions', '\n'.join(wrong))


def in_the_clear(tap, program, recording):
    """A message of an SA that has keys, without protection."""
    mutant = copy.deepcopy(recording)
    spis = recording['ike'][0]['spii'] + recording['ike'][0]['spir']
    mutant['messages'].append({'hex': spis + '29202508' + '00000063' + '00000024' + '00000008' + '00004000'})
    status, answer = replay(program, [mutant])
    tap.check(status == 1 and 'icv' == answer['files'][0]['first_wrong']['name'], 'a message in the clear is reported',
              answer['files'][0].get('first_wrong'))


def mixed_up(tap, program, recording):
    """Whole values swapped with others that belong elsewhere: the derivation may be right, the link is not."""
    def change(name, link, alter):
        mutant = copy.deepcopy(recording)
        alter(mutant)
        _, answer = replay(program, [mutant])
        broken = [check['name'] for check in answer['files'][0]['checks']
                  if check['type'] == 'link' and check['outcome'] == 'differs']
        tap.check(any(link in broken_name for broken_name in broken), f'mixed up: {name}', broken)

    ike, last = recording['ike'], max(k for k, e in enumerate(recording['ike']) if e['kind'].startswith('addke'))
    change('a Child SA of an older generation', "sk_d is an SA's newest",
           lambda m: m['child'][0].update(sk_d=ike[0]['sk_d']))
    change('AUTH with an older SK_p', "sk_p is an SA's newest", lambda m: m['auth'][0].update(sk_p=ike[0]['sk_pi']))
    change('IntAuth with a newer SK_p', 'sk_p is that of generation 0',
           lambda m: m['intauth'][0].update(sk_p=ike[last]['sk_pi']))
    change('IntAuth_r before IntAuth_i', 'newest IntAuth of i, then of r',
           lambda m: m['auth'][0].update(intauth=m['auth'][0]['intauth'][96:192] + m['auth'][0]['intauth'][:96] +
                                         m['auth'][0]['intauth'][192:]))
    change('another message id', 'message id of IKE_AUTH',
           lambda m: m['auth'][0].update(intauth=m['auth'][0]['intauth'][:-2] + '99'))
    change('a rekey from an older generation', 'old_sk_d is sk_d of an SA before',
           lambda m: m['ike'][-1].update(old_sk_d=ike[0]['sk_d']))
    change('a generation left out', 'old_sk_d is sk_d of an SA before', lambda m: m['ike'].pop(last))
    change('a generation counted wrongly', 'follows the generation before',
           lambda m: m['ike'][last].update(kind='addke(2)'))
    change('nonces of another exchange', 'ni is that of the IKE_SA_INIT request',
           lambda m: m['ike'][0].update(ni=m['ike'][-1]['ni']))
    change('nonces of no exchange', "ni is a message's nonce", lambda m: m['child'][-1].update(ni='00' * 32))
    change('a fragment left out', 'the rest of its message', lambda m: m['messages'].pop(2))
    change('an IKE_INTERMEDIATE left out', 'out follows from a message', lambda m: m['messages'].pop(4))
    change('AUTH of another exchange', 'those of a message', lambda m: m['auth'][0].update(id='02000000'))
    change('a rekey that keeps the SPIs', 'spii and spir are new',
           lambda m: m['ike'][-1].update(spii=ike[0]['spii'], spir=ike[0]['spir']))


def malformed(tap, program, recording):
    """No field may be missing or of another type; nothing may crash."""
    mutants, wanted = [], []

    def visit(path, node):
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, child in items:
            replacements = [('missing', None)] if isinstance(node, dict) else []
            replacements += [('value', value) for value in (None, True, -1, 1e300, 'zz', 'abc', [], {}, '00' * 3000)]
            for what, value in replacements:
                mutant = copy.deepcopy(recording)
                parent = mutant
                for step in path:
                    parent = parent[step]
                if what == 'missing':
                    del parent[key]
                else:
                    parent[key] = value
                mutants.append(mutant)
                wanted.append(str(key) if what == 'missing' and key not in OPTIONAL and key != 'old_sk_d' and
                              key not in ('what', 'sport', 'dport') else None)
            visit(path + [key], child)

    visit([], recording)
    status, answer = replay(program, mutants)
    if not tap.check(status == 1, f'{len(mutants)} malformed recordings: no crash', status):
        return
    wrong = [f"{name}: {file.get('error')}" for name, file in zip(wanted, answer['files'])
             if name and name not in file.get('error', '')]
    tap.check(not wrong, f'{sum(map(bool, wanted))} missing fields are named', '\n'.join(wrong))
    texts = {'empty': b'', 'no JSON': b'\x7fELF\0\0', 'cut short': json.dumps(recording).encode()[:-20],
             'a number': b'7', 'an array': b'[]', 'an empty object': b'{}', 'deep nesting': b'[' * 1000000, 'octets behind a NUL':
             json.dumps(recording).encode() + b'\0 and more',
             'deep objects': b'{"ike":' * 200000, 'invalid UTF-8': b'{"ike": "\xff\xfe"}',
             'a huge number': b'{"ike": ' + b'9' * 100000 + b'}', 'nothing to check':
             b'{"ike": [], "child": [], "intauth": [], "auth": []}'}
    for name, text in texts.items():
        status, answer = replay(program, [text])
        error = answer['files'][0].get('error', '') if answer else ''
        tap.check(status == 1 and error and len(error) < 300, f'refused: {name}', f'{status} {error}')


def commands(tap, program, paths):
    ran = run([program, 'replay', *paths])
    text = ran.stdout.decode().splitlines()
    tap.check(ran.returncode == 0 and text[-1].startswith(f'{len(paths)} files: ') and ', 0 differ' in text[-1],
              'replay in words ends with counts', ran.stdout.decode()[-300:])
    with open(paths[0], 'rb') as file:
        ran = run([program, 'replay', '-'], stdin=file)
    tap.check(ran.returncode == 0, 'replay reads standard input')
    ran = run([program, 'replay', '-', '-'])
    tap.check(ran.returncode == 2 and b'only once' in ran.stderr, 'replay reads standard input once', ran.stderr)
    ran = run([program, 'replay', paths[0], 'none.json'])
    tap.check(ran.returncode == 1 and b"'none.json': can't be opened: No such file" in ran.stderr and b'values agree' in ran.stdout,
              'a missing file is named, the others are replayed')
    bad = load(paths[0])
    bad['ike'][0]['secrets'][0] += '0'
    with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
        json.dump(bad, file)
        file.flush()
        ran = run([program, 'replay', file.name])
    tap.check(ran.returncode == 1 and file.name.encode() in ran.stderr and b'ike[0].secrets[0]' in ran.stderr
              and b'odd' in ran.stderr, 'an error names file, field and reason', ran.stderr.decode())


def main():
    folder, tap = sys.argv[1], Tap()
    program = tap.built_program(2, 'replay')
    paths = sorted(glob.glob(os.path.join(folder, '*.json')))
    if not paths:
        tap.skip('replay', f'no recordings in {folder}')
        tap.done()
    recordings = {os.path.splitext(os.path.basename(path))[0]: load(path) for path in paths}
    commands(tap, program, paths)
    for name, recording in recordings.items():
        status, answer = replay(program, [recording])
        counts = answer['total']
        tap.check(status == 0 and counts['all_agree'] and counts['values_agree'] > 0,
                  f"{name}: {counts['values_agree']} values agree, {counts['links_hold']} links hold", counts)
        flips(tap, program, name, recording)
        flipped_messages(tap, program, name, recording)
        retransmitted(tap, program, name, recording)
    mixed_up(tap, program, recordings['mlkem768'])
    in_the_clear(tap, program, recordings['mlkem768'])
    for name in ('childless', 'cert_ecdsa'):
        malformed(tap, program, recordings[name])
    tap.done()


main()
