"""What the checks of the examples that serve have in common: the program on a port of its own, and clients."""
# SPDX-License-Identifier: MIT
import re
import socket
import subprocess
import sys
import unittest

LIMIT = 30  # seconds, after which something hangs


def main():
    """`NN_check.py PROGRAM [OTHER PROGRAMS]`: their paths are in `programs`."""
    global programs
    programs, sys.argv[1:] = sys.argv[1:], []
    unittest.main()


class Server:
    """The first program, serving; killed at the end if it has not ended."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([programs[0], *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        match = re.fullmatch(r"Serving on 127\.0\.0\.1:(\d+)\n", line)
        if match is None:
            self.process.kill()
            raise AssertionError(f"the server says {line!r}: {self.process.stderr.read()}")
        self.port = int(match[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT)
        return connection

    def end(self, signal):
        """(status, standard output, standard error) after the signal."""
        self.process.send_signal(signal)
        output, errors = self.process.communicate(timeout=LIMIT)
        return self.process.returncode, output, errors


def read_line(connection):
    line = b""
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            break
        line += byte
    return line.decode()


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            break
        data += more
    return data.decode()
