"""The connection pool of a session against a server that counts its connections: 13_check.py 13_connection_pooling."""
# SPDX-License-Identifier: MIT
import http.server
import subprocess
import threading
import unittest

import server_example
from server_example import LIMIT


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections = 0
    requests = 0
    lock = threading.Lock()

    def setup(self):
        super().setup()
        with self.lock:
            Handler.connections += 1

    def do_GET(self):
        with self.lock:
            Handler.requests += 1
        body = b"some data\n"
        self.send_response(200 if self.path != "/missing" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def run(*urls):
    return subprocess.run([server_example.programs[0], *urls], capture_output=True, text=True, timeout=LIMIT, check=False)


class ConnectionPooling(unittest.TestCase):
    def setUp(self):
        Handler.connections = Handler.requests = 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    def test_its_own_server_gets_ten_requests_over_three_connections(self):
        done = run()
        self.assertEqual((done.returncode, done.stdout), (0, "Fetched 10 URLs\n"))
        self.assertEqual(done.stderr, "3 connections were opened\n")

    def test_urls_that_are_given_share_three_connections(self):
        done = run(*(f"{self.base}/data/{number}" for number in range(40)))
        self.assertEqual((done.returncode, done.stdout), (0, "Fetched 40 URLs\n"))
        self.assertEqual(done.stderr, "3 connections were opened\n")
        self.assertEqual((Handler.connections, Handler.requests), (3, 40))

    def test_an_error_says_which_url_and_ends_with_status_1(self):
        done = run(f"{self.base}/data", f"{self.base}/missing")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f"{self.base}/missing", done.stderr)
        self.assertIn("404", done.stderr)


if __name__ == "__main__":
    server_example.main()
