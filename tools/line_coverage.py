#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums what gcov counted in a build folder: the share of lines that ran, for each layer and for the files where it is
low. A line of a template or an inline function ran if it did in any object."""

import argparse
import collections
import json
import os
import subprocess
import sys

LAYERS = {'kernels': 'kernels/', 'lib': 'lib/', 'ikev2': 'ikev2/', 'key files': 'tools/mlkem-ike/keys/'}


def count_lines(folder):
    """{source: {line: how often it ran}} for the sources below the current folder."""
    counts = collections.defaultdict(collections.Counter)
    notes = [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names]
    for note in sorted(name for name in notes if name.endswith('.gcno')):
        gcov = subprocess.run(['gcov', '--json-format', '--stdout', note], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=True)
        for text in gcov.stdout.splitlines():
            report = json.loads(text)
            for source in report['files']:
                name = os.path.relpath(os.path.join(report['current_working_directory'], source['file']))
                for line in source['lines']:
                    counts[name][line['line_number']] += line['count']
    return counts


def ranges(numbers):
    """[3, 4, 5, 9] as "3-5 9"."""
    runs = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ' '.join(str(first) if first == last else f'{first}-{last}' for first, last in runs)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder')
    parser.add_argument('--at-least', type=float, default=90, metavar='PERCENT')
    parser.add_argument('--of', action='append', default=[], choices=LAYERS, help='a layer that must reach it')
    arguments = parser.parse_args()
    counts = count_lines(arguments.folder)
    failed = False
    for layer, prefix in LAYERS.items():
        sources = {name: lines for name, lines in counts.items() if name.startswith(prefix)}
        total = sum(map(len, sources.values()))
        if not total:
            print(f'{layer}: no line counted')
            failed |= layer in arguments.of
            continue
        ran = sum(count > 0 for lines in sources.values() for count in lines.values())
        share = 100 * ran / total
        low = layer in arguments.of and share < arguments.at_least
        failed |= low
        print(f'{layer}: {share:.1f} % of {total} lines' + (f', below {arguments.at_least:g} %' if low else ''))
        for name, lines in sorted(sources.items()):
            missed = [number for number, count in lines.items() if not count]
            share = 100 - 100 * len(missed) / len(lines)
            if share < arguments.at_least:
                print(f'    {name}: {share:.1f} % of {len(lines)}; not run: {ranges(missed)}')
    return 1 if failed else 0


sys.exit(main())
