#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks tools/newer_debian and tools/compare_openssl without a network: with an apt that serves one package made
here, and with an OpenSSL and a benchmark that report known figures. Usage: newer_debian_test.py ROOT."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

from tap import Tap, run

ROOT = os.path.abspath(sys.argv[1])
NEWER_DEBIAN = os.path.join(ROOT, 'tools', 'newer_debian')
COMPARE = os.path.join(ROOT, 'tools', 'compare_openssl')

# Serves $FAKE/archive for what the script asks apt; $FAKE/fails names the command that fails, $FAKE/calls counts.
FAKE_APT = r'''#!/bin/bash
for word; do
  case $word in
    indextargets | update | install) command=$word ;;
    Dir::Cache::archives=*) archives=${word#*=} ;;
    Dir::Etc::sourcelist=*) sources=${word#*=} ;;
  esac
done
echo "$command" >>"$FAKE/calls"
if [ "$command" = indextargets ]; then
  cat "$FAKE/targets"
  exit
fi
cat "$sources" >"$FAKE/sources"
if [ "$(cat "$FAKE/fails")" = "$command" ]; then
  echo "E: the fake $command fails"
  exit 100
fi
if [ "$command" = install ]; then cp "$FAKE"/archive/*.deb "$archives"; fi
'''

TARGETS = '''Packages contrib bookworm http://mirror.example/contrib/
Packages main stable http://mirror.example/debian-security/
Translations main stable http://mirror.example/translations/
Packages main stable http://mirror.example/debian/
Packages main stable http://second.example/debian/
'''

FAKE_OPENSSL = r'''#!/bin/bash
case $* in
  version) echo "$VERSION 1 Jan 2026" ;;
  'version -a') printf '%s\ncompiler: gcc -O2 -Wall -g -m64\n' "$VERSION" ;;
  'speed -seconds 1 -mr ML-KEM-768')
    [ "$(taskset -cp $$ 2>/dev/null | sed 's/.*: //')" = "$CORE" ] || echo 'not pinned' >>"$FAKE/notes"
    echo '+DTP:ML-KEM-768:keygen:1'
    echo '+R15:10000:ML-KEM-768:0.50'
    echo '+DTP:ML-KEM-768:encaps:1'
    [ -e "$FAKE/no_encaps" ] || echo '+R16:50000:ML-KEM-768:1.00'
    echo '+DTP:ML-KEM-768:decaps:1'
    echo '+R17:25000:ML-KEM-768:1.00'
    ;;
  *) exit 1 ;;
esac
'''

# keygen takes 10, 30, 20 us in rounds 1, 2, 3; encaps 5 and decaps 8 always.
FAKE_BENCH = r'''#!/usr/bin/env python3
import json, os, sys
path = os.path.join(os.environ['FAKE'], 'round')
number = int(open(path).read()) if os.path.exists(path) else 0
open(path, 'w').write(str(number + 1))
keygen = [10000, 30000, 20000][number % 3]
entries = [('keygen/768/a+b', keygen), ('encaps/768/a+b', 5000), ('decaps/768/a+b', 8000),
           ('keygen_batch8/768/a+b', 1), ('triple/768/a+b', 1), ('keygen/512/a+b', 1), ('keygen/768/a+b/x', 1)]
print(json.dumps({'benchmarks': [
    {'name': name + '/manual_time', 'cpu_time': 1, 'real_time': 2, 'time_unit': 'ns', 'ns': ns, 'ticks': 5 * ns}
    for name, ns in entries]}))
'''


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    os.chmod(path, mode)


def package_that_runs(folder):
    """Makes a package of this machine's libc, loader and echo; False where they are not to be had."""
    libraries = run(['ldd', shutil.which('echo')]).stdout.decode()
    paths = [word for word in libraries.split() if word.startswith('/') and os.path.isfile(word)]
    loader = next((path for path in paths if os.path.basename(path).startswith('ld')), None)
    if not loader or not any('libc.so' in path for path in paths):
        return False
    tree = os.path.join(folder, 'tree')
    contents = [(shutil.which(name), f'usr/bin/{name}') for name in ('echo', 'env')]
    contents += [(path, ('usr/lib64/' if path == loader else 'lib/some-triplet/') + os.path.basename(path))
                 for path in paths]
    for source, target in contents:
        os.makedirs(os.path.dirname(os.path.join(tree, target)), exist_ok=True)
        shutil.copy(os.path.realpath(source), os.path.join(tree, target))
    write(os.path.join(tree, 'usr/share/doc/fake/README'), 'not unpacked')
    write(os.path.join(tree, 'usr/bin/script'), '#!/bin/sh\n', 0o755)
    write(os.path.join(tree, 'DEBIAN/control'),
          'Package: fake\nVersion: 1:2-3\nArchitecture: all\nMaintainer: nobody <nobody@example>\nDescription: fake\n')
    os.mkdir(os.path.join(folder, 'archive'))
    return run(['dpkg-deb', '--build', '--root-owner-group', tree, os.path.join(folder, 'archive')]).returncode == 0


def check_newer_debian(tap, folder):
    bin_folder = os.path.join(folder, 'bin')
    target = os.path.join(folder, 'cache', 'mlkem-ike', 'newer-debian', 'sid-openssl')
    write(os.path.join(bin_folder, 'apt-get'), FAKE_APT, 0o755)
    environment = {**os.environ, 'FAKE': folder, 'XDG_CACHE_HOME': os.path.join(folder, 'cache'),
                   'PATH': bin_folder + os.pathsep + os.environ['PATH']}

    def prepare(targets=TARGETS, fails=''):
        for name, text in ('targets', targets), ('fails', fails), ('calls', ''):
            write(os.path.join(folder, name), text)

    def fetch(*arguments, **fake):
        prepare(**fake)
        return run([NEWER_DEBIAN, *arguments], env=environment)

    def left_over():
        place = os.path.dirname(target)
        return os.listdir(place) if os.path.isdir(place) else []

    for fails in 'update', 'install':
        done = fetch('--suite', 'sid', 'openssl', fails=fails)
        tap.equal((done.returncode, done.stdout), (77, b''), f'a failing {fails} is status 77')
        tap.check(f'the fake {fails} fails'.encode() in done.stderr, f'a failing {fails} is given as the reason')
        tap.equal(left_over(), [], f'a failing {fails} leaves nothing')
    done = fetch('--suite', 'sid', 'openssl', targets='')
    tap.equal((done.returncode, left_over()), (77, []), 'no mirror is status 77')

    write(os.path.join(target + '.partial', 'half'), 'of an interrupted run')
    prepare()
    both = [subprocess.Popen([NEWER_DEBIAN, '--suite', 'sid', 'openssl'], env=environment, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL) for _ in range(2)]
    outputs = [process.communicate()[0] for process in both]
    tap.equal(outputs, [target.encode() + b'\n'] * 2, 'two calls at once print the folder and nothing else')
    with open(os.path.join(folder, 'calls'), encoding='utf-8') as calls:
        tap.equal(calls.read().split().count('install'), 1, 'two calls at once download once')
    tap.equal(left_over(), ['sid-openssl'], 'only the whole folder stays')
    with open(os.path.join(folder, 'sources'), encoding='utf-8') as sources:
        tap.equal(sources.read().split(' ', 2)[2], 'http://mirror.example/debian/ sid main\n',
                  "the mirror is the first main archive of the machine's sources")
    if not os.path.exists(os.path.join(target, 'packages')):
        return
    with open(os.path.join(target, 'packages'), encoding='utf-8') as packages:
        tap.equal(packages.read(), '# sid openssl\nfake 1:2-3\n', 'packages lists what was unpacked')
    tap.check(os.path.islink(os.path.join(target, 'lib')) and
              os.path.isdir(os.path.join(target, 'usr/lib/some-triplet')), 'files in /lib land below usr')
    tap.check(not os.path.exists(os.path.join(target, 'usr/share/doc')), 'documentation is left out')

    done = fetch('--suite', 'sid', 'openssl', fails='update')
    tap.equal(done.stdout, target.encode() + b'\n', 'a second call prints the folder')
    tap.equal(os.path.getsize(os.path.join(folder, 'calls')), 0, 'a second call does not ask apt')
    tap.equal(fetch('--suite', 'sid', 'tshark', target).returncode, 2, 'a folder with something else is refused')
    tap.equal(fetch('openssl', bin_folder).returncode, 2, 'a folder that others made is refused')
    tap.check(os.path.exists(os.path.join(bin_folder, 'apt-get')), 'a folder that others made is untouched')
    for arguments in [(), ('nothing',), ('openssl', 'a', 'b'), ('--suite', 'woody', 'openssl'), ('--what',)]:
        tap.equal(fetch(*arguments).returncode, 2, f"wrong use: {' '.join(arguments) or 'no arguments'}")

    environment['LD_PRELOAD'] = os.path.join(folder, 'missing.so')
    for name in 'echo', 'usr/bin/echo':
        done = run([NEWER_DEBIAN, '--run', target, name, 'a  b', '--run'], env=environment)
        tap.equal((done.returncode, done.stdout), (0, b'a  b --run\n'), f'--run starts {name} with its arguments')
    seen = run([NEWER_DEBIAN, '--run', target, 'env'], env=environment).stdout.decode().splitlines()
    tap.check('OPENSSL_CONF=/dev/null' in seen and not any(line.startswith('LD_') for line in seen),
              "--run keeps the machine's OpenSSL configuration and preloaded libraries out", '\n'.join(seen))
    for name in 'script', 'nothing':
        tap.equal(run([NEWER_DEBIAN, '--run', target, name], env=environment).returncode, 2, f'--run refuses {name}')
    tap.equal(run([NEWER_DEBIAN, '--run', folder, 'echo'], env=environment).returncode, 2, '--run refuses others')


def check_compare(tap, folder):
    build, core = os.path.join(folder, 'build'), max(os.sched_getaffinity(0))
    openssl = os.path.join(folder, 'openssl')
    write(openssl, FAKE_OPENSSL, 0o755)
    environment = {**os.environ, 'FAKE': folder, 'VERSION': 'OpenSSL 3.6.5', 'CORE': str(core)}

    def compare(*arguments):
        return run([COMPARE, '--build', build, '--openssl', openssl, '--set', '768', *arguments], env=environment)

    done = compare()
    tap.check(done.returncode == 1 and b'mlkem_bench' in done.stderr, 'a missing benchmark is named',
              done.stderr.decode())
    write(os.path.join(build, 'bench', 'mlkem_bench'), FAKE_BENCH, 0o755)
    done = compare('--rounds', '3', '--core', str(core), '--json')
    if tap.check(done.returncode == 0, 'three rounds run', done.stderr.decode()):
        report = json.loads(done.stdout)
        rows = {row['operation']: {key: round(value, 6) if isinstance(value, float) else value
                                   for key, value in row.items()} for row in report['results']['768']}
        tap.equal(sorted(report['results']), ['768'], 'only the set that was asked for')
        tap.equal(rows['keygen'], {'operation': 'keygen', 'tables': 'a+b', 'ours_us': 20.0, 'openssl_us': 50.0,
                                   'ratio': 2.5, 'ratio_min': 1.666667, 'ratio_max': 5.0,
                                   'ours_ticks': 100000.0, 'openssl_ticks': 250000.0}, 'medians and ratios of keygen')
        tap.equal([(rows[name]['ours_us'], rows[name]['openssl_us']) for name in ('encaps', 'decaps', 'sum')],
                  [(5.0, 20.0), (8.0, 40.0), (33.0, 110.0)], 'encaps, decaps and the sum')
        tap.equal(report['context']['openssl'],
                  {'version': '3.6.5', 'line': 'OpenSSL 3.6.5 1 Jan 2026', 'compiler': 'gcc -O2 -m64'},
                  "OpenSSL's version and flags")
        if shutil.which('taskset'):
            tap.check(not os.path.exists(os.path.join(folder, 'notes')), 'it runs on the core asked for')
        else:
            tap.skip('it runs on the core asked for', 'no taskset to see the core with')
    done = compare('--rounds', '1')
    tap.check(b'sum' in done.stdout and b'OpenSSL  3.6.5' in done.stdout, 'the table has the sum and the version',
              done.stdout.decode())
    done = compare('--tables', 'c+d', '--rounds', '1')
    tap.check(done.returncode == 1 and b'the tables c+d' in done.stderr, 'tables that are not there are named',
              done.stderr.decode())
    tap.equal(compare('--core', '99999').returncode, 2, 'a core that is not there is wrong use')
    tap.equal(compare('--rounds', '0').returncode, 2, 'no rounds is wrong use')
    write(os.path.join(folder, 'no_encaps'), '')
    done = compare('--rounds', '1')
    tap.check(done.returncode == 1 and b'no encaps' in done.stderr, 'a figure that is missing is named',
              done.stderr.decode())
    environment['VERSION'] = 'OpenSSL 3.0.20'
    done = compare('--rounds', '1')
    tap.check(done.returncode == 1 and b'3.0.20 has no ML-KEM' in done.stderr, 'an OpenSSL without ML-KEM is named',
              done.stderr.decode())


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
        if not shutil.which('dpkg-deb') or not os.path.exists(keyring):
            tap.skip('newer_debian', 'no dpkg-deb, or no keys of the Debian archive')
        elif not package_that_runs(folder):
            tap.skip('newer_debian', "this machine's programs have no loader that could be packed")
        else:
            check_newer_debian(tap, folder)
    with tempfile.TemporaryDirectory() as folder:
        check_compare(tap, folder)
    tap.done()


main()
