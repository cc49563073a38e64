# SPDX-License-Identifier: Apache-2.0
"""Namespaces that the kernel takes down itself: the tests run as the first process of a PID namespace of their own,
with their own mounts and networks, so that daemons, links and files are gone when that process is, however it ended."""

import ctypes
import os
import signal
import subprocess
import sys

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x10000000, 0x20000000, 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


class CannotRun(Exception):
    """Why the tests can't run on this machine."""


def checked(result, what):
    if result != 0:
        raise CannotRun(f'{what}: {os.strerror(ctypes.get_errno())}')


def mount(source, target, kind, flags=0):
    checked(libc.mount(source.encode(), target.encode(), kind and kind.encode(), ctypes.c_ulong(flags), None),
            f'mount {target}')


def map_root():
    """Without root: this user is root of a user namespace, where that is allowed."""
    user, group = os.getuid(), os.getgid()
    checked(libc.unshare(CLONE_NEWUSER), 'neither root nor user namespaces')
    for path, text in (('setgroups', 'deny'), ('uid_map', f'0 {user} 1'), ('gid_map', f'0 {group} 1')):
        with open(f'/proc/self/{path}', 'w', encoding='ascii') as file:
            file.write(text)


def enter():
    """Returns in the first process of the new namespaces; the caller's process stays behind, passes signals on and
    ends with that one's status. Files below /run belong to the namespace from here on."""
    if os.getuid() != 0:
        map_root()
    checked(libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET), 'no namespaces of our own')
    sys.stdout.flush()
    child = os.fork()
    if child:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # A terminal's interrupt reaches both; a second one changes nothing.
            signal.signal(number, lambda received, frame: os.kill(child, received))
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) % 256)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # The first process of a namespace ignores what it has no handler for.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, frame: os._exit(128 + received))
    signal.signal(signal.SIGINT, lambda received, frame: os._exit(130))
    mount('none', '/', None, MS_REC | MS_PRIVATE)
    mount('tmpfs', '/run', 'tmpfs')
    mount('proc', '/proc', 'proc')


def ip(*words):
    ran = subprocess.run(['ip', *words], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise CannotRun(f"ip {' '.join(words)}: {ran.stderr.strip()}")


class Network:
    """Network namespaces, hosts of one another; links join two of them."""

    def __init__(self, *names):
        self.names = names
        for name in names:
            ip('netns', 'add', name)
            ip('-n', name, 'link', 'set', 'lo', 'up')

    def link(self, ends):
        """`ends`: for either end the host's place and its addresses."""
        first, second = (self.names[place] for place, _ in ends)
        ip('-n', first, 'link', 'add', f'to-{second}', 'type', 'veth', 'peer', 'name', f'to-{first}', 'netns', second)
        for (place, addresses), other in zip(ends, (second, first)):
            for address in addresses:
                self.add_address(place, f'to-{other}', address)
            ip('-n', self.names[place], 'link', 'set', f'to-{other}', 'up')

    def add_address(self, place, device, address):
        # Without its search for duplicates an IPv6 address can be used at once.
        ip('-n', self.names[place], 'addr', 'add', address, 'dev', device, *(['nodad'] if ':' in address else []))

    def inside(self, place):
        """The words that start a command there; its process is the one that was started."""
        return ['ip', 'netns', 'exec', self.names[place]]
