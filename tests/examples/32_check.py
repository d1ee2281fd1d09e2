"""The chat as its clients see it: 32_check.py 32_line_chat."""
# SPDX-License-Identifier: MIT
import signal
import unittest

import server_example
from server_example import Server, read_exactly, read_line


def enter(server, name):
    connection = server.connect()
    question = read_exactly(connection, len("Your name? "))
    assert question == "Your name? ", question
    connection.sendall(f"{name}\n".encode())
    return connection


class LineChat(unittest.TestCase):
    def test_a_line_goes_to_all_others(self):
        with Server() as server, enter(server, "ann") as ann:
            with enter(server, "bob") as bob:
                self.assertEqual(read_line(ann), "* bob has come\n")
                with enter(server, "cal") as cal:
                    self.assertEqual(read_line(ann), "* cal has come\n")
                    self.assertEqual(read_line(bob), "* cal has come\n")
                    ann.sendall(b"hello\nall\n")
                    for other in (bob, cal):
                        self.assertEqual(read_line(other), "ann: hello\n")
                        self.assertEqual(read_line(other), "ann: all\n")
                self.assertEqual(read_line(ann), "* cal has gone\n")
            self.assertEqual(read_line(ann), "* bob has gone\n")
            self.assertEqual(server.end(signal.SIGINT)[0], 0)

    def test_who_does_not_read_is_dropped_and_holds_up_nobody(self):
        with Server() as server, enter(server, "fast") as fast, enter(server, "slow") as slow:
            self.assertEqual(read_line(fast), "* slow has come\n")
            block = b"".join(b"%04d " % number + b"x" * 10_000 + b"\n" for number in range(100))
            fast.settimeout(5)
            lines = 0
            while lines < 5_000:
                fast.sendall(block)
                lines += 100
                fast.setblocking(False)
                try:
                    if fast.recv(1000).endswith(b"* slow has gone\n"):
                        break
                except BlockingIOError:
                    pass
                fast.settimeout(5)
            else:
                self.fail("the slow client was not dropped")
            slow.close()
            self.assertIn("slow was too slow", server.end(signal.SIGINT)[2])


if __name__ == "__main__":
    server_example.main()
