"""The end of a server, at its leisure and in haste: 34_check.py 34_graceful_shutdown."""
# SPDX-License-Identifier: MIT
import signal
import socket
import unittest

import server_example
from server_example import LIMIT, Server, read_line


class GracefulShutdown(unittest.TestCase):
    def ask(self, server, milliseconds):
        connection = server.connect()
        connection.sendall(b"0\n")
        self.assertEqual(read_line(connection), "done 0\n")  # it is accepted
        connection.sendall(f"{milliseconds}\n".encode())
        return connection

    def test_what_is_under_way_is_finished_and_nobody_new_is_taken(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server() as server, self.ask(server, 300) as connection:
                server.process.send_signal(number)
                self.assertEqual(server.process.stdout.readline(), "Draining 1 connections\n")
                with self.assertRaises(ConnectionRefusedError):
                    server.connect()
                self.assertEqual(read_line(connection), "done 300\n")
                connection.shutdown(socket.SHUT_WR)
                self.assertEqual(server.process.communicate(timeout=LIMIT)[0], "Bye\n")
                self.assertEqual(server.process.returncode, 0)

    def test_what_is_not_finished_by_the_deadline_is_cut(self):
        with Server("0", "100") as server, self.ask(server, 60_000) as connection:
            status, output, _ = server.end(signal.SIGTERM)
            self.assertEqual((status, output), (0, "Draining 1 connections\nCutting 1 connections\nBye\n"))
            self.assertEqual(connection.recv(10), b"")

    def test_with_nobody_there_it_ends_at_once(self):
        with Server() as server:
            self.assertEqual(server.end(signal.SIGTERM)[:2], (0, "Draining 0 connections\nBye\n"))


if __name__ == "__main__":
    server_example.main()
