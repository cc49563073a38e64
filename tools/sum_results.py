#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums test results: reads what `meson test` wrote (testlog.json, and testlog.junit.xml with every GoogleTest case
and TAP line), names failures and reasons for skipping, and ends with one line of counts."""

import collections
import glob
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

PASSED, FAILED, SKIPPED = 'passed', 'failed', 'skipped'


def case_result(case):
    """(result, detail) of one <testcase>; GoogleTest's disabled cases did not run, so they count as skipped."""
    for tag in ('failure', 'error'):
        found = case.find(tag)
        if found is not None:
            return FAILED, found.get('message') or found.text or case.findtext('system-out') or ''
    found = case.find('skipped')
    if found is not None:
        text = found.get('message') or case.findtext('system-out') or ''
        # GoogleTest's first line is the place in the source.
        return SKIPPED, ' '.join(line for line in text.splitlines() if not re.fullmatch(r'\S+:\d+', line)).strip()
    if case.get('status') == 'notrun':
        return SKIPPED, 'disabled'
    return PASSED, ''


def cases_of(test, suites):
    """The cases of one meson test. Its suites are called "project.test" and what GoogleTest adds; a test of one result
    is a case of the project's own suite."""
    project = test['name'].split(' / ')[0].split(':')[0]
    suite_name = f"{project}.{test['name']}"
    for suite in suites:
        name = suite.get('name', '')
        for case in suite.findall('testcase'):
            if name == suite_name or name.startswith(suite_name + '.') or \
                    (name == project and case.get('name') == test['name']):
                yield case


def tap_detail(output, name):
    """The comment lines below a failed line of TAP; meson calls it by its number and description."""
    found = re.search(r'^not ok ' + re.escape(name).replace(r'\ -\ ', '.*') + r'.*\n((?:#.*\n)*)', output, re.MULTILINE)
    return re.sub(r'^# ?', '', found.group(1), flags=re.MULTILINE) if found else ''


def sum_run(run, folder, counts, skips):
    """Adds one run's counts and prints its failures."""
    logs = os.path.join(folder, 'meson-logs')
    try:
        # Under a wrapper such as valgrind the name carries the wrapper's; there is one log of each kind.
        with open(glob.glob(os.path.join(logs, 'testlog*.json'))[0], encoding='utf-8') as lines:
            tests = [json.loads(line) for line in lines if line.strip()]
        junit_path = glob.glob(os.path.join(logs, 'testlog*.junit.xml'))[0]
        suites = list(ElementTree.parse(junit_path).iter('testsuite'))
    except (OSError, IndexError, ValueError, ElementTree.ParseError) as error:
        counts[FAILED] += 1
        print(f'FAILED {run}: no test results in {logs}: {error}')
        return
    for test in tests:
        name = test['name'].split(' / ')[-1]
        here = collections.Counter()
        for case in cases_of(test, suites):
            result, detail = case_result(case)
            here[result] += 1
            title = f"{name}: {case.get('name', '')}"
            if result == FAILED:
                detail = detail or tap_detail(test.get('stdout', ''), case.get('name', ''))
                print(f'FAILED ({run}) {title}\n    ' + detail.strip().replace('\n', '\n    ')[:1500])
            elif result == SKIPPED:
                skips[(name, detail.strip())] += 1
        # A suite that crashed or ran too long has no failing case, or no cases at all.
        if test['result'] not in ('OK', 'SKIP', 'EXPECTEDFAIL') and not here[FAILED]:
            here[FAILED] += 1
            print(f"FAILED ({run}) {name}: {test['result']}, exit status {test.get('returncode')}")
            print('    ' + '\n    '.join((test.get('stdout', '') + test.get('stderr', '')).splitlines()[-15:]))
        elif not here:
            here[FAILED] += 1
            print(f'FAILED ({run}) {name}: it ran and reported no case')
        print(f"   {run} {name}: {here[PASSED]} passed, {here[FAILED]} failed, {here[SKIPPED]} skipped, "
              f"{test['duration']:.1f} s")
        counts.update(here)


def main(arguments):
    counts, skips = collections.Counter(), collections.Counter()
    for argument in arguments:
        run, _, folder = argument.partition('=')
        sum_run(run, folder, counts, skips)
    for (name, reason), count in sorted(skips.items()):
        print(f"SKIPPED {count} of {name}: {reason or 'no reason given'}")
    if not counts[PASSED] and not counts[FAILED]:
        print('no test ran')
    print(f'{counts[PASSED]} passed, {counts[FAILED]} failed, {counts[SKIPPED]} skipped')
    return 0 if counts[PASSED] and not counts[FAILED] else 1


sys.exit(main(sys.argv[1:]))
