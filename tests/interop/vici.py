# SPDX-License-Identifier: Apache-2.0
"""charon's control interface: messages of nested sections, lists and values over a local socket. A section is a dict, a
list a list, a value text (or octets when sent)."""

import socket
import struct

REQUEST, RESPONSE, REGISTER, CONFIRM, EVENT = 0, 1, 3, 5, 7
SECTION_START, SECTION_END, KEY_VALUE, LIST_START, LIST_ITEM, LIST_END = range(1, 7)


class Refused(Exception):
    """charon's own words about a command that failed."""


def named(name):
    return bytes([len(name)]) + name.encode()


def value_octets(value):
    octets = value if isinstance(value, bytes) else str(value).encode()
    return struct.pack('!H', len(octets)) + octets


def encode(section):
    message = b''
    for name, value in section.items():
        if isinstance(value, dict):
            message += bytes([SECTION_START]) + named(name) + encode(value) + bytes([SECTION_END])
        elif isinstance(value, (list, tuple)):
            items = b''.join(bytes([LIST_ITEM]) + value_octets(item) for item in value)
            message += bytes([LIST_START]) + named(name) + items + bytes([LIST_END])
        else:
            message += bytes([KEY_VALUE]) + named(name) + value_octets(value)
    return message


class Reader:
    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def take(self, count):
        self.at += count
        return self.octets[self.at - count:self.at]

    def name(self):
        return self.take(self.take(1)[0]).decode()

    def value(self):
        return self.take(struct.unpack('!H', self.take(2))[0]).decode(errors='replace')

    def section(self):
        found = {}
        while self.at < len(self.octets):
            element = self.take(1)[0]
            if element == SECTION_END:
                break
            name = self.name()
            if element == SECTION_START:
                found[name] = self.section()
            elif element == KEY_VALUE:
                found[name] = self.value()
            else:
                found[name] = []
                while self.take(1)[0] == LIST_ITEM:
                    found[name].append(self.value())
        return found


class Vici:
    """One connection for each command: they are few, and one that waits holds up no other."""

    def __init__(self, path):
        self.path = path

    def command(self, name, arguments=None, events=None, timeout=30):
        """The response; what arrives of the kind `events` meanwhile is returned with it, as a list."""
        arrived = []
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(self.path)
            if events:
                self.send(connection, bytes([REGISTER]) + named(events))
                if self.receive(connection)[0] != CONFIRM:
                    raise Refused(f'{name}: no events {events}')
            self.send(connection, bytes([REQUEST]) + named(name) + encode(arguments or {}))
            while True:
                packet = self.receive(connection)
                reader = Reader(packet[1:])
                if packet[0] == EVENT:
                    reader.name()
                    arrived.append(reader.section())
                elif packet[0] == RESPONSE:
                    response = reader.section()
                    break
                else:
                    raise Refused(f'{name}: unknown to charon')
        if response.get('success') == 'no':
            raise Refused(f"{name}: {response.get('errmsg')}")
        return (response, arrived) if events else response

    @staticmethod
    def send(connection, packet):
        connection.sendall(struct.pack('!I', len(packet)) + packet)

    @staticmethod
    def receive(connection):
        def exactly(count):
            octets = b''
            while len(octets) < count:
                part = connection.recv(count - len(octets))
                if not part:
                    raise Refused('charon closed its control socket')
                octets += part
            return octets
        return exactly(struct.unpack('!I', exactly(4))[0])
