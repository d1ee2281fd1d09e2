"""The echo server as its clients see it: 30_check.py 30_echo_server."""
# SPDX-License-Identifier: MIT
import shutil
import signal
import socket
import subprocess
import unittest

import server_example
from server_example import LIMIT, Server, read_exactly


class EchoServer(unittest.TestCase):
    def test_what_a_client_sends_comes_back(self):
        with Server() as server, server.connect() as connection:
            connection.sendall(b"hello")
            self.assertEqual(read_exactly(connection, 5), "hello")
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(connection.recv(10), b"")

    def test_many_clients_are_served_at_once(self):
        with Server() as server:
            connections = [server.connect() for _ in range(50)]
            for number, connection in enumerate(connections):
                connection.sendall(f"{number:04}".encode())
            for number, connection in reversed(list(enumerate(connections))):
                self.assertEqual(read_exactly(connection, 4), f"{number:04}")
                connection.close()

    def test_a_megabyte_comes_back_while_it_is_sent(self):
        data = bytes(range(256)) * 4096
        with Server() as server, server.connect() as connection:
            connection.setblocking(False)
            sent, got = 0, b""
            while len(got) < len(data):
                if sent < len(data):
                    try:
                        sent += connection.send(data[sent:sent + 65536])
                    except BlockingIOError:
                        pass
                try:
                    got += connection.recv(65536)
                except BlockingIOError:
                    pass
            self.assertEqual(got, data)

    @unittest.skipUnless(shutil.which("nc"), "there is no nc on this machine")
    def test_nc_talks_to_it(self):
        with Server() as server:
            done = subprocess.run(["nc", "-w", "2", "127.0.0.1", str(server.port)], input=b"by hand\n", capture_output=True,
                                  timeout=LIMIT, check=False)
            self.assertEqual(done.stdout, b"by hand\n")

    def test_ctrl_c_ends_it(self):
        with Server() as server, server.connect():
            status, output, errors = server.end(signal.SIGINT)
            self.assertEqual((status, output, errors), (0, "Bye\n", ""))

    def test_a_port_that_is_taken_is_told_with_the_address(self):
        with Server() as server:
            done = subprocess.run([server_example.programs[0], str(server.port)], capture_output=True, text=True,
                                  timeout=LIMIT, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"127.0.0.1:{server.port}", done.stderr)


if __name__ == "__main__":
    server_example.main()
