"""The HTTP pipeline against the server with faults: 21_check.py 21_http_pipeline."""
# SPDX-License-Identifier: MIT
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import server_example
from server_example import LIMIT
from terminal import shown_on_terminal

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "http" / "servers"))
from faults import FaultServer  # noqa: E402


class HttpPipeline(unittest.TestCase):
    def setUp(self):
        self.server = FaultServer()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.folder = tempfile.TemporaryDirectory(prefix="eddy_http_pipeline_")
        self.addCleanup(self.folder.cleanup)
        self.out = pathlib.Path(self.folder.name) / "out"

    def url(self, path):
        return f"http://127.0.0.1:{self.server.port}{path}"

    def command(self, *arguments):
        return [server_example.programs[0], "--out", self.out, *arguments]

    def run_program(self, *arguments):
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=LIMIT, check=False)

    def records(self):
        with (self.out / "index.jsonl").open() as lines:
            return [json.loads(line) for line in lines]

    def test_each_body_is_saved_in_a_file_of_its_own(self):
        urls = pathlib.Path(self.folder.name) / "urls"
        urls.write_text("".join(self.url(f"/pour/{number}/{number * 1000}") + "\n\n" for number in range(1, 31)))
        done = self.run_program("--from", urls, self.url("/good"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^31 fetched, 0 failed, 465005 bytes; half in \d+\.\d ms, 90 % in .* ms, 99 % in .* ms\n$")
        records = self.records()
        self.assertEqual([record["bytes"] for record in records], [5, *range(1000, 31000, 1000)])
        for record in records:
            self.assertEqual((self.out / record["file"]).stat().st_size, record["bytes"])
        self.assertEqual((self.out / records[0]["file"]).read_bytes(), b"good\n")

    def test_no_credentials_are_written(self):
        address = self.url("/good").removeprefix("http://")
        urls = (f"http://user:secret@{address}", f"http:/user:secret@{address}", "http://us@er:secret@127.0.0.1:1/@a?b@c",
                "user:secret@127.0.0.1:1", "https://user:secret@", f"http://{address}?mail=a@b")
        done = self.run_program("--attempts", "1", *urls)
        self.assertEqual(done.returncode, 3)
        records = self.records()
        self.assertEqual([record["url"] for record in records],
                         [f"http://{address}", f"http:/{address}", "http://127.0.0.1:1/@a?b@c", "127.0.0.1:1", "https://",
                          f"http://{address}?mail=a@b"])
        self.assertIn("file", records[0])
        for shown in (done.stdout, done.stderr, (self.out / "index.jsonl").read_text()):
            self.assertNotIn("secret", shown)

    def test_no_more_than_the_limit_are_under_way(self):
        begin = time.monotonic()
        done = self.run_program("--limit", "2", *([self.url("/wait/100")] * 10))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreaterEqual(time.monotonic() - begin, 0.5)
        self.assertLessEqual(self.server.books.connections, 2)

    def test_what_may_pass_is_tried_again(self):
        done = self.run_program(self.url("/flaky/some/2/503"), self.url("/flaky/other/1/429"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.server.books.asked, {"some": 3, "other": 2})

    def test_failures_are_counted_and_leave_no_files(self):
        done = self.run_program("--attempts", "2", self.url("/missing"), self.url("/cut/reset/60/length"), self.url("/good"),
                                "ftp://127.0.0.1/", "http://127.0.0.1:1/")
        self.assertEqual((done.returncode, done.stderr), (3, ""))
        self.assertTrue(done.stdout.startswith("1 fetched, 4 failed, 5 bytes;"), done.stdout)
        records = self.records()
        self.assertEqual(["error" in record for record in records], [True, True, False, True, True])
        self.assertIn("404", records[0]["error"])
        self.assertEqual(sorted(os.listdir(self.out)), ["000003", "index.jsonl"])

    def test_ctrl_c_takes_unfinished_files_away(self):
        process = subprocess.Popen(self.command(self.url("/good"), self.url("/endless_body")), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + LIMIT
        while not all((self.out / name).exists() for name in ("000001", "000002.part")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 130, errors)
        self.assertEqual(sorted(os.listdir(self.out)), ["000001", "index.jsonl"])

    def test_progress_is_shown_on_a_terminal_only(self):
        command = self.command(self.url("/good"), self.url("/good"))
        shown, done = shown_on_terminal(
            lambda terminal: subprocess.run(command, stdout=subprocess.DEVNULL, stderr=terminal, timeout=LIMIT, check=False))
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"\r2 fetched, 0 failed, 10 bytes", shown)

    def test_wrong_usage_is_told_with_status_2(self):
        for arguments in ((), ("--limit", "0", "http://x/"), ("--unknown",), ("--from",)):
            self.assertEqual(self.run_program(*arguments).returncode, 2)
        done = self.run_program("--from", "/no/such/file")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/no/such/file", done.stderr)


if __name__ == "__main__":
    server_example.main()
