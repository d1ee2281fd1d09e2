"""The port scan against ports that are known: 36_check.py 36_port_scan."""
# SPDX-License-Identifier: MIT
import socket
import subprocess
import unittest

import server_example
from server_example import LIMIT


def scan(*arguments):
    return subprocess.run([server_example.programs[0], *map(str, arguments)], capture_output=True, text=True, timeout=LIMIT,
                          check=False)


class PortScan(unittest.TestCase):
    def test_an_open_port_is_found_among_closed_ones(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            port = listener.getsockname()[1]
            done = scan(max(1, port - 300), min(65535, port + 300))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        self.assertIn(f"{port} is open", lines)
        self.assertRegex(lines[-1], r"^\d+ open, \d+ closed, 0 silent$")

    def test_wrong_usage_is_told_with_status_2(self):
        for arguments in ((0,), (5, 4), (1, 70000)):
            self.assertEqual(scan(*arguments).returncode, 2)


if __name__ == "__main__":
    server_example.main()
