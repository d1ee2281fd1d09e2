"""Runs the file pipeline on a tree of awkward files and compares each of its records with `LC_ALL=C wc`.

Usage: 20_check.py [--files COUNT] [--keep] PROGRAM
"""
# SPDX-License-Identifier: MIT
import argparse
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

from terminal import shown_on_terminal

NOBODY = 65534
AS_ROOT = os.geteuid() == 0
TIMEOUT = 60

ODD_NAMES = [
    b'quote"double', b"quote'single", b"back\\slash", b"new\nline", b"tab\there", b"carriage\rreturn", b"bell\x07",
    b"delete\x7f", b"\x01", b" leading space", b"trailing space ", b"  ", b"-n", b"--out", b"--", b"*", b"$(true)",
    b"{}", b"%s", b".hidden", b"..three", b"caf\xc3\xa9", b"\xe2\x82\xac", b"\xf0\x9f\x98\x80", b"\xf4\x8f\xbf\xbf",
    b"\xef\xbf\xbd", b"\xc2\x80", b"\xe2\x80\xa8", b"n" * 255,
    # Not UTF-8: lone bytes, cut characters, overlong forms, surrogates, beyond U+10FFFF.
    b"\xff", b"\xfe\xff", b"latin caf\xe9", b"\x80", b"\xc3", b"\xe2\x82", b"\xe2(\xa1", b"\xf0\x9f\x98", b"\xf0\x9fA",
    b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xed\xb2\x80", b"\xed\xbf\xbf",
    b"\xf0\x80\x80\xaf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xc3\xa9\xff\xc3\xa9", b"\xed\x9f\xbf\xee\x80\x80",
]
CONTENTS = [
    b"", b"\n", b"\n\n\n", b"one", b"one\n", b"one two", b" one  two \n three\n", b"cut\0in\0two", b"\0", b"a \0 b",
    b"\r\none\r\ntwo\r\n", b"a\tb\vc\fd\re f", b"caf\xc3\xa9 \xc3\xa9 na\xc3\xafve", b"\xff \xfe",
    b"a\x7fb \x7f c\x01d", b"\xa0", b"a\x85b\xa0c", b"\x1b[31mred\x1b[0m", bytes(range(256)),
    bytes(range(255, -1, -1)) * 3, b"x" * 65536, b"x" * 65537, b"x" * 65535 + b"\n", b"x" * 65535 + b" y",
    b"x" * 65536 + b" y", b" " * 65536 + b"y",
    b"word \n" * 200000,
]


def words_of(content):
    """The words as wc of coreutils 9.1 counts them: runs without white space that have something printable."""
    return sum(1 for run in content.split() if re.search(rb"[!-~]", run))


def command_as_nobody():
    """What makes subprocess start a program that has no right to read a file of mode 0."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if AS_ROOT else {}


def is_name_allowed(folder, name):
    try:
        (folder / os.fsdecode(name)).write_bytes(b"")
    except OSError:
        return False  # some file systems take nothing but UTF-8
    return True


class Tree:
    """Files below `root`: `files` maps the path of each readable one to its content, `errors` holds the other paths."""

    def __init__(self, root, count):
        self.root = root
        self.files = {}
        self.errors = set()
        self.random = random.Random(20)
        root.mkdir()
        self.add_odd_files()
        while len(self.files) < count:
            number = len(self.files)
            content = self.random.choice(CONTENTS[:-1]) if number % 3 else self.random.randbytes(number % 5000)
            self.add(b"many/%d/%d" % (number % 37, number), content)

    def at(self, path):
        return self.root / os.fsdecode(path)

    def add(self, path, content):
        self.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.at(path).write_bytes(content)
        self.files[path] = content

    def add_odd_files(self):
        for name in ODD_NAMES:
            if is_name_allowed(self.root, name):
                self.add(name, b"named " + name)
                if len(name) < 250:
                    self.add(b"dir " + name + b"/" + name, b"in a folder named " + name)
        for number, content in enumerate(CONTENTS):
            self.add(b"content/%d" % number, content)
        self.add(b"a.b", b"sorts before the folder a/")
        self.add(b"a/b", b"")
        self.add(b"deep/" + b"d/" * 200 + b"file", b"far down\n")
        self.at(b"empty").mkdir()

        self.add(b"links/target", b"linked to\n")
        for name, target in ((b"file", b"target"), (b"folder", b"../content"), (b"dangling", b"nowhere"),
                             (b"loop", b"loop"), (b"null", b"/dev/null"), (b"pipe", b"../pipe"), (b"up", b"..")):
            os.symlink(target, os.fsencode(self.at(b"links/" + name)))
        self.files[b"links/file"] = self.files[b"links/target"]
        self.errors |= {b"links/dangling", b"links/loop"}

        os.mkfifo(self.at(b"pipe"))
        with socket.socket(socket.AF_UNIX) as unix_socket:
            folder = os.open(self.root, os.O_RDONLY)
            unix_socket.bind(f"/proc/self/fd/{folder}/socket" if os.path.exists("/proc/self/fd")
                             else str(self.at(b"socket")))
            os.close(folder)

        self.at(b"unreadable").write_bytes(b"secret")
        self.at(b"unreadable").chmod(0)
        self.at(b"locked").mkdir()
        self.at(b"locked/inside").write_bytes(b"secret")
        self.at(b"locked").chmod(0)
        self.at(b"unsearchable").mkdir()
        self.at(b"unsearchable/inside").write_bytes(b"secret")
        self.at(b"unsearchable").chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        self.errors |= {b"unreadable", b"locked", b"unsearchable/inside"}

    def unlock(self):
        for path in (b"locked", b"unsearchable"):
            self.at(path).chmod(0o755)


def counts_by_wc(tree, scratch):
    """The (lines, words, bytes) of each readable file. Words of a wc that counts otherwise are counted here."""
    paths = sorted(tree.files)
    scratch.mkdir()
    for number, path in enumerate(paths):  # names that wc does not have to quote
        os.symlink(tree.at(path), scratch / str(number))
    environment = {**os.environ, "LC_ALL": "C"}
    counted = []
    for begin in range(0, len(paths), 500):
        names = [str(number) for number in range(begin, min(begin + 500, len(paths)))] + ["/dev/null"]
        output = subprocess.run(["wc", "-l", "-w", "-c", "--", *names], cwd=scratch, env=environment, check=True,
                                stdout=subprocess.PIPE).stdout
        counted += [tuple(map(int, line.split()[:3])) for line in output.splitlines()[:len(names) - 1]]
    # Newer versions count words of unprintable characters, too.
    probe = subprocess.run(["wc", "-w"], input=b"\x01", env=environment, check=True, stdout=subprocess.PIPE).stdout
    if int(probe) != 0:
        print("this wc counts words otherwise: words are compared with this program's count")
        counted = [(lines, words_of(tree.files[path]), size) for path, (lines, _, size) in zip(paths, counted)]
    return dict(zip(paths, counted))


def parse_record(line):
    """The path as bytes, and the other members, of a line of JSON."""
    pairs = json.loads(line.decode("utf-8"), object_pairs_hook=list)
    path = dict(pairs)["path"].encode("utf-8", "surrogateescape")
    names = [name for name, _ in pairs]
    if names not in (["path", "lines", "words", "bytes"], ["path", "error"]):
        raise ValueError(f"unexpected members: {line}")
    return path, [value for _, value in pairs[1:]]


def records(out):
    content = out.read_bytes()
    if content and not content.endswith(b"\n"):
        raise ValueError(f"the last line is cut: {content[-200:]}")
    return [parse_record(line) for line in content.split(b"\n")[:-1]]


class FilePipeline(unittest.TestCase):
    """What holds in both modes; run in the one that works in batches."""
    mode = []
    program = None
    file_count = 300
    keep = False

    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="eddy-"))
        cls.scratch.chmod(0o755)
        cls.command = shutil.copy(cls.program, cls.scratch / "file_pipeline")  # where nobody can run it
        cls.tree = Tree(cls.scratch / "tree", cls.file_count)
        cls.expected = counts_by_wc(cls.tree, cls.scratch / "wc")

    @classmethod
    def tearDownClass(cls):
        if cls.keep:
            print(f"kept: {cls.scratch}")
            return
        cls.tree.unlock()
        shutil.rmtree(os.fsencode(cls.scratch))

    def setUp(self):
        self.outputs = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
        self.outputs.chmod(0o777)
        self.out = self.outputs / "out.jsonl"

    def start(self, *arguments, **options):
        return subprocess.Popen([self.command, *self.mode, *arguments], stdin=subprocess.DEVNULL, cwd=self.outputs,
                                **command_as_nobody(),
                                **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})

    def run_program(self, *arguments, **options):
        """The status and the two outputs of a run."""
        process = self.start(*arguments, **options)
        try:
            output, error = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return process.returncode, output, error

    def check_order(self, paths):
        self.assertEqual(paths, sorted(paths))

    def lines_to_compare(self):
        return self.out.read_bytes()

    def final_progress(self, count):
        return b"\r%d of %d files" % (count, count)

    def check_records(self, found):
        paths = [path for path, _ in found]
        self.check_order(paths)
        self.assertEqual(len(paths), len(set(paths)))
        self.assertEqual({path for path, members in found if len(members) == 1}, self.tree.errors)
        counted = {path: tuple(members) for path, members in found if len(members) == 3}
        self.assertEqual(counted.keys(), self.expected.keys())
        for path, counts in self.expected.items():
            self.assertEqual(counted[path], counts, path)
            self.assertEqual(counts[1], words_of(self.tree.files[path]), path)

    def check_summary(self, output):
        totals = [len(self.expected), *map(sum, zip(*self.expected.values())), len(self.tree.errors)]
        pattern = r"(\d+) files, (\d+) lines, (\d+) words, (\d+) bytes, (\d+) errors, \d+\.\d\d s\n"
        match = re.fullmatch(pattern, output.decode())
        self.assertTrue(match, output)
        self.assertEqual([int(group) for group in match.groups()], totals)

    def test_each_record_is_what_wc_counts(self):
        status, output, error = self.run_program(self.tree.root, "--out", self.out)
        self.assertEqual((status, error), (3, b""))
        found = records(self.out)
        self.check_records(found)
        self.check_summary(output)
        errors = dict((path, members[0]) for path, members in found if len(members) == 1)
        self.assertEqual(errors[b"links/dangling"], os.strerror(2))
        for path in (b"unreadable", b"locked", b"unsearchable/inside"):
            self.assertEqual(errors[path], os.strerror(13))

    def test_limit_and_the_form_of_arguments_change_no_record(self):
        self.run_program(self.tree.root, "--out", self.out)
        expected = self.lines_to_compare()
        for arguments in (("--limit", "1", self.tree.root, "--out", self.out),
                          ("--quiet", "--out", self.out, "--limit", "3", f"{self.tree.root}/"),
                          ("--out", "out.jsonl", "../tree", "--limit", "100000")):
            self.out.unlink()
            self.assertEqual(self.run_program(*arguments)[0], 3, arguments)
            self.assertEqual(self.lines_to_compare(), expected, arguments)

    def test_the_output_is_not_counted_when_it_lies_in_the_tree(self):
        folder = self.outputs / "folder"
        folder.mkdir()
        folder.chmod(0o777)
        (folder / "a").write_bytes(b"one two\n")
        os.symlink("out", folder / "link")
        out = folder / "out"
        for _ in range(2):
            out.touch()
            out.chmod(0o666)
            status, output, _ = self.run_program(folder, "--out", out)
            self.assertEqual((status, records(out)), (0, [(b"a", [1, 2, 8])]))
            self.assertTrue(output.startswith(b"1 files, 1 lines, 2 words, 8 bytes, 0 errors, "), output)

    def test_an_empty_tree_gives_an_empty_output(self):
        (self.outputs / "folder").mkdir()
        status, output, _ = self.run_program("folder", "--out", self.out)
        self.assertEqual((status, self.out.read_bytes()), (0, b""))
        self.assertTrue(output.startswith(b"0 files, 0 lines, 0 words, 0 bytes, 0 errors, "), output)

    def test_wrong_usage_is_told_with_status_2(self):
        root = self.tree.root
        for arguments in ((), (root,), ("--out", self.out), (root, "--out"), (root, root, "--out", self.out),
                          (root, "--out", self.out, "--limit"), (root, "--out", self.out, "--wrong"),
                          (root, "--out", ""), ("", "--out", self.out),
                          *((root, "--out", self.out, "--limit", limit)
                            for limit in ("0", "-1", "", "x", "5x", " 5", "+5", "1.5", "9" * 30))):
            status, output, error = self.run_program(*arguments)
            self.assertEqual((status, output), (2, b""), arguments)
            self.assertIn(b"usage:", error, arguments)
            self.assertFalse(self.out.exists(), arguments)

    def test_a_failure_is_told_with_status_1(self):
        (self.outputs / "file").touch()
        failures = [("nowhere", self.out, b"nowhere"), ("file", self.out, b"file"),
                    (self.tree.root, "nowhere/out", b"nowhere/out"), (self.tree.root, ".", b".")]
        if os.path.exists("/dev/full"):
            failures.append((self.tree.root, "/dev/full", os.strerror(28).encode()))
        for folder, out, named in failures:
            status, output, error = self.run_program(folder, "--out", out)
            self.assertEqual((status, output), (1, b""), named)
            self.assertIn(named, error)
        self.assertFalse(self.out.exists())

    def test_lines_are_whole_when_the_output_cannot_grow(self):
        def limit_file_size():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_001, 10_001))

        status, _, error = self.run_program(self.tree.root, "--out", self.out, preexec_fn=limit_file_size,
                                            restore_signals=False)
        self.assertEqual(status, 1)
        self.assertIn(os.strerror(27).encode(), error)
        records(self.out)

    def test_progress_is_shown_on_a_terminal_only(self):
        for quiet in (False, True):
            arguments = (self.tree.root, "--out", self.out, *(["--quiet"] if quiet else []))
            shown, (status, _, _) = shown_on_terminal(lambda terminal: self.run_program(*arguments, stderr=terminal))
            self.assertEqual(status, 3)
            total = len(self.tree.files) + len(self.tree.errors)
            self.assertEqual(self.final_progress(total) in shown, not quiet, shown)

    def test_ctrl_c_in_the_middle_of_a_file_leaves_whole_lines(self):
        folder = self.outputs / "folder"
        folder.mkdir()
        for number in range(1000):
            (folder / f"{number:04}").write_bytes(b"one two\n")
        (folder / "then").mkdir()  # in both modes its files come after those of the folder
        with (folder / "then" / "last").open("wb") as endless:
            endless.truncate(1 << 40)  # takes hours to read, and no room
        process = self.start(folder, "--out", self.out)
        deadline = time.monotonic() + TIMEOUT
        while not (self.out.exists() and self.out.stat().st_size > 0) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        output, error = process.communicate(timeout=20)
        self.assertEqual((process.returncode, output), (130, b""), error)
        paths = [path for path, members in records(self.out) if members == [1, 2, 8]]
        self.assertEqual(len(paths), len(records(self.out)))
        self.assertGreater(len(paths), 0)
        self.check_order(paths)
        self.assertLessEqual(set(paths), {b"%04d" % number for number in range(1000)})

    def test_ctrl_c_at_any_time_leaves_whole_lines(self):
        begin = time.monotonic()
        self.run_program(self.tree.root, "--out", self.out)
        duration = time.monotonic() - begin
        for part in range(10):
            self.out.unlink(missing_ok=True)
            process = self.start(self.tree.root, "--out", self.out)
            time.sleep(duration * part / 10)
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=20)
            # Before the loop runs, and after it, the signal has its default effect.
            self.assertIn(process.returncode, (130, -signal.SIGINT, 3), error)
            if self.out.exists():
                for path, members in records(self.out):
                    if len(members) == 3:
                        self.assertEqual(tuple(members), self.expected[path])
                    else:
                        self.assertIn(path, self.tree.errors)


class StreamingFilePipeline(FilePipeline):
    """The same with --stream, and what it promises besides."""
    mode = ["--stream"]

    def check_order(self, paths):
        pass  # that of the walk

    def lines_to_compare(self):
        return sorted(self.out.read_bytes().splitlines())

    def final_progress(self, count):
        return b"\r%d files" % count

    def make_files(self, name, count):
        folder = self.outputs / name
        for number in range(count):
            path = folder / str(number // 1000) / f"{number:0200}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"one two\n")
        return folder

    def peak_memory(self, *arguments):
        """The most bytes of memory that a run needed.

        Not ru_maxrss of resource.getrusage: a program inherits it from the process that started it, here Python.
        """
        process = self.start(*arguments)
        peak = 0
        deadline = time.monotonic() + TIMEOUT
        while process.poll() is None:
            if time.monotonic() > deadline:
                process.kill()
            match = re.search(r"VmHWM:\s*(\d+) kB", pathlib.Path(f"/proc/{process.pid}/status").read_text())
            peak = max(peak, int(match[1]) * 1024 if match else 0)
            time.sleep(0.002)
        self.assertEqual((process.returncode, process.communicate()[1]), (0, b""))
        return peak

    @unittest.skipUnless(os.path.exists("/proc/self/status"), "the system does not tell how much memory a process needs")
    def test_memory_does_not_grow_with_the_number_of_files(self):
        if re.search(rb"__[at]san_init", self.program.read_bytes()):
            self.skipTest("a sanitizer keeps memory that the program has given back")
        few = self.peak_memory(self.make_files("few", 2_000), "--out", self.out)
        many = self.peak_memory(self.make_files("many", 20_000), "--out", self.out)
        self.assertEqual(len(records(self.out)), 20_000)
        self.assertLess(many - few, 2 << 20)  # the names alone have 4 MB

    @unittest.skipUnless(os.path.exists("/proc/self/mem"), "no file is known that exists and fails to be read")
    def test_a_file_that_cannot_be_read_is_tried_again_if_that_may_help(self):
        folder = self.outputs / "folder"
        folder.mkdir()
        for name, target, reason, least in (("missing", "nowhere", 2, 0), ("failing", "/proc/self/mem", 5, 0.03)):
            os.symlink(target, folder / name)
            begin = time.monotonic()
            status, _, _ = self.run_program(folder, "--out", self.out)
            self.assertGreaterEqual(time.monotonic() - begin, least)
            self.assertEqual((status, records(self.out)), (3, [(name.encode(), [os.strerror(reason)])]))
            (folder / name).unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", default=300, type=int, help="how many readable files the tree has at least")
    parser.add_argument("--keep", action="store_true", help="leave the tree behind")
    parser.add_argument("program", type=pathlib.Path)
    arguments = parser.parse_args()
    FilePipeline.program = arguments.program.resolve(strict=True)
    FilePipeline.file_count = arguments.files
    FilePipeline.keep = arguments.keep
    return 0 if unittest.main(argv=[sys.argv[0]], exit=False, verbosity=2).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
