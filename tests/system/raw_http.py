"""HTTP by hand, over a socket: requests that no library would send, and their answers as they come."""

import contextlib
import errno
import socket
import urllib.parse

from world import DEADLINE_S


class Answers:
    """What came until the other side closed the connection: whole answers only, in their order."""

    def __init__(self, data):
        self.heads, self.bodies = [], []
        while data:
            head, found, data = data.partition(b"\r\n\r\n")
            assert found and head.startswith(b"HTTP/1."), head[:200]
            size = int(self.header_of(head, "Content-Length") or 0)
            has_body = self.status_of(head) not in (100, 204, 304)
            self.heads.append(head)
            self.bodies.append(data[:size] if has_body else b"")
            data = data[size:] if has_body else data

    @staticmethod
    def status_of(head):
        return int(head.split(b" ", 2)[1])

    @staticmethod
    def header_of(head, name):
        found = [line.partition(b":")[2].strip() for line in head.split(b"\r\n")[1:] if line.lower().startswith(name.lower().encode() + b":")]
        assert len(found) < 2, (name, head)
        return found[0].decode() if found else None

    @property
    def statuses(self):
        return [self.status_of(head) for head in self.heads]


def connect(url, source=""):
    """From any address of this machine, or from this one."""
    address = urllib.parse.urlsplit(url)
    return socket.create_connection((address.hostname, address.port), timeout=DEADLINE_S, source_address=(source, 0))


@contextlib.contextmanager
def until_reset():
    """A connection that the other side has reset is one that has ended: what we sent behind a refused request was not read."""
    try:
        yield
    except ConnectionError:
        pass
    except OSError as error:
        if error.errno != errno.ENOTCONN:  # no ConnectionError, but what shutdown() says after a reset
            raise


def read_to_end(connection):
    """What comes until the other side closes."""
    parts = []
    with until_reset():
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def send_raw(url, data):
    with connect(url) as connection:
        with until_reset():
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)  # who waits for more sees that nothing comes
        return read_to_end(connection)


def ask_raw(url, data):
    return Answers(send_raw(url, data))
