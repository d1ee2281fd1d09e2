"""The echo client against a server of Python's: 31_check.py 31_echo_client."""
# SPDX-License-Identifier: MIT
import socket
import socketserver
import subprocess
import threading
import unittest

import server_example
from server_example import LIMIT


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line)


class Server(socketserver.ThreadingTCPServer):
    request_queue_size = 64


def run_client(*arguments):
    return subprocess.run([server_example.programs[0], *arguments], capture_output=True, text=True, timeout=LIMIT, check=False)


class EchoClient(unittest.TestCase):
    def test_each_text_comes_back_in_its_place(self):
        with Server(("127.0.0.1", 0), Echo) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            texts = [f"text {number}" for number in range(20)]
            done = run_client("localhost", str(server.server_address[1]), *texts)
            server.shutdown()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines(), texts)

    def test_nobody_there_is_told_with_the_address(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # and nobody listens
            port = taken.getsockname()[1]
            done = run_client("127.0.0.1", str(port))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"127.0.0.1:{port}", done.stderr)

    def test_wrong_usage_is_told_with_status_2(self):
        self.assertEqual(run_client().returncode, 2)


if __name__ == "__main__":
    server_example.main()
