"""The trace that the example writes, read as a viewer does: 22_check.py 22_trace."""
# SPDX-License-Identifier: MIT
import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import server_example
from server_example import LIMIT

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "debug"))
import chrome_trace  # noqa: E402


def run(*arguments):
    return subprocess.run([server_example.programs[0], *map(str, arguments)], capture_output=True, text=True, timeout=LIMIT,
                          check=False)


class Trace(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            cls.path = pathlib.Path(folder) / "trace.json"
            cls.done = run(cls.path)
            cls.data = cls.path.read_bytes()
        cls.events = json.loads(cls.data)
        names = {event["tid"]: event["args"]["name"] for event in cls.events if event["name"] == "thread_name"}
        cls.lanes = collections.defaultdict(list)
        for event in cls.events:
            if event["ph"] != "M":
                cls.lanes[names[event["tid"]]].append(event)

    def slices(self, lane, category):
        return [event for event in self.lanes[lane] if event["ph"] == "X" and event["cat"] == category]

    def test_the_program_prints_who_waits_for_whom_and_how_much_it_wrote(self):
        self.assertEqual((self.done.returncode, self.done.stderr), (0, ""))
        self.assertRegex(self.done.stdout, r"(?m)^main is running$")
        self.assertRegex(self.done.stdout, r"(?m)^(Ada|Bob|Eve) waits for a lock #\d+ at \S*22_trace\.cpp:\d+ < \S*22_trace\.cpp:\d+$")
        self.assertRegex(self.done.stdout, r"(?m)^8 served; \S+trace\.json has \d+ events$")

    def test_each_task_has_a_lane_with_its_life(self):
        for task in ("main", "Ada", "Bob", "Eve", "orders"):
            lives = self.slices(task, "task")
            self.assertEqual(len(lives), 1, task)
            self.assertEqual(lives[0]["name"], task)
        self.assertEqual(self.slices("orders", "task")[0]["args"]["ended"], "value")
        self.assertEqual(self.slices("Ada", "task")[0]["args"], {"ended": "cancelled", "error": "the kitchen closes"})

    def test_waits_are_of_their_categories_and_name_their_lines(self):
        cooks = ("Ada", "Bob", "Eve")
        for category, name in (("lock", "a lock"), ("timer", "sleep"), ("pool job", "a thread pool's job"),
                               ("wait", "an item")):
            found = [event for cook in cooks for event in self.slices(cook, category) if event["name"] == name]
            self.assertTrue(found, name)
            for event in found:
                self.assertRegex(event["args"].get("at", "22_trace.cpp:1"), r"22_trace\.cpp:\d+")

    def test_threads_of_the_pool_have_lanes_with_the_jobs_that_they_ran(self):
        jobs = [event for lane in self.lanes if lane.startswith("pool thread ") for event in self.slices(lane, "pool job")]
        self.assertEqual(len(jobs), 8)
        self.assertLessEqual({job["name"] for job in jobs}, {"Ada", "Bob", "Eve"})
        for job in jobs:
            self.assertGreaterEqual(job["dur"], 3900)
            waits = [wait for wait in self.slices(job["name"], "pool job") if wait["name"] == "a thread pool's job"]
            self.assertTrue(any(wait["ts"] <= job["ts"] and job["ts"] + job["dur"] <= wait["ts"] + wait["dur"] + 0.002 for wait in waits))

    def test_the_loop_lagged_while_one_cook_computed(self):
        lags = [event["args"]["milliseconds"] for event in self.lanes["event loop"] if event["name"] == "loop lag"]
        self.assertGreaterEqual(max(lags), 20)

    def test_viewers_take_all_of_it(self):
        self.assertEqual(chrome_trace.faults(self.data), [])

    def test_a_file_that_cannot_be_made_is_an_error(self):
        done = run("/nowhere/trace.json")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nowhere/trace.json", done.stderr)


if __name__ == "__main__":
    server_example.main()
