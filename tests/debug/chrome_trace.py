"""Whether viewers take a file in Chrome's trace format for what its writer meant, judged by the rules of their importers.

 form     UTF-8 and strict JSON: an array of objects without a byte before it, no key twice, no half of a surrogate pair
 fields   each event has its phase's fields, of their types; numbers of processes and threads begin at 1, since Perfetto takes
          a thread 0 for the process's main thread, and end at 32 bits; times and ends fit into 64 bits of nanoseconds; counters
          have numbers, instants a scope
 lanes    the process and each lane are named once, and no name is empty
 nesting  slices of a lane lie beside or inside of each other, in whole nanoseconds as Perfetto reads them, which drops a slice
          that does neither or stands 512 deep, and in floating point as speedscope adds them up. Of two that begin together
          the longer one comes first in the file, as chrome://tracing wants it

Usage: chrome_trace.py FILE... | --tests PROGRAM (checks what the traces of its tests leave) | --self-test
"""
# SPDX-License-Identifier: MIT
import collections
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PHASES = {"M", "X", "C", "i"}
DEEPEST = 512
SELF_TEST_LANE = 2


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def is_id(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**32


def without_doubles(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError(f"a key twice: {keys}")
    return dict(pairs)


def no_number(text):
    raise ValueError(f"{text} is no JSON")


def read(data):
    """(events, what is wrong with the form)"""
    try:
        text = data.decode("utf-8")
        events = json.loads(text, object_pairs_hook=without_doubles, parse_constant=no_number)
    except ValueError as error:
        return [], [f"form: {error}"]
    if not re.match(r'\[\s*\{"', text) or not all(isinstance(event, dict) for event in events):
        return [], ["form: no array of objects"]
    return events, ["form: a half of a surrogate pair"] if re.search(r"(?<!\\)(\\\\)*\\u[dD][89a-fA-F]", text) else []


def wrong_fields(event):
    phase, args = event.get("ph"), event.get("args")
    if phase not in PHASES:
        yield "phase"
    for key in ("pid", "tid"):
        if not is_id(event.get(key)):
            yield key
    if not isinstance(event.get("name"), str) or (phase != "i" and not event["name"]):
        yield "name"
    if phase != "i" and not isinstance(args, dict):
        yield "args"
        return
    if phase == "M":
        if event["name"] in ("process_name", "thread_name") and not (isinstance(args.get("name"), str) and args["name"]):
            yield "args.name"
        return
    if not isinstance(event.get("cat"), str) or not event["cat"]:
        yield "cat"
    if not is_number(event.get("ts")) or event["ts"] < 0:
        yield "ts"
        return
    if phase == "X" and (not is_number(event.get("dur")) or event["dur"] < 0):
        yield "dur"
    elif (event["ts"] + event.get("dur", 0)) * 1000 >= 2**63:
        yield "end"
    if phase == "C" and not (args and all(is_number(value) for value in args.values())):
        yield "args of a counter"
    if phase == "i" and event.get("s") not in ("t", "p", "g"):
        yield "scope"


def wrong_lanes(events):
    names = collections.Counter((event["name"], event["pid"], event["name"] == "thread_name" and event["tid"])
                                for event in events if event["ph"] == "M")
    yield from (f"lanes: {name} twice" for name, count in names.items() if count > 1)
    for event in events:
        for name in (("process_name", event["pid"], False), ("thread_name", event["pid"], event["tid"])):
            if name not in names:
                names[name] = 1
                yield f"lanes: no {name}"


def wrong_nesting(slices, begin_of, end_of):
    """As importers do it: in the order of their beginnings, and of the lengths of those that begin together."""
    open_slices = []
    for piece in sorted(slices, key=lambda piece: (begin_of(piece), -piece["dur"])):
        begin, end = begin_of(piece), end_of(piece)
        while open_slices and end_of(open_slices[-1]) <= begin:
            if begin == end == begin_of(open_slices[-1]):
                break  # moments are inside of each other
            open_slices.pop()
        if open_slices and end > end_of(open_slices[-1]):
            yield f"nesting: {piece} ends after {open_slices[-1]}, in which it begins"
        open_slices.append(piece)
        if len(open_slices) > DEEPEST:
            yield f"nesting: {piece} is {len(open_slices)} deep"


def wrong_order(slices):
    """`slices` in the order of the file."""
    longest = {}
    for piece in slices:
        first = longest.setdefault(piece["ts"], piece)
        if piece["dur"] > first["dur"]:
            if first["dur"] > 0:
                yield f"order: {piece} begins with {first}, which is shorter and stands before it"
            longest[piece["ts"]] = piece


def whole(time):
    return round(time * 1000)


def faults(data):
    """What is wrong with the file."""
    events, wrong = read(data)
    for event in events:
        wrong += [f"fields: {field} of {event}" for field in wrong_fields(event)]
    if wrong:
        return wrong
    wrong += wrong_lanes(events)
    lanes = collections.defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            lanes[event["pid"], event["tid"]].append(event)
    for slices in lanes.values():
        wrong += wrong_nesting(slices, lambda piece: whole(piece["ts"]), lambda piece: whole(piece["ts"]) + whole(piece["dur"]))
        wrong += wrong_nesting(slices, lambda piece: piece["ts"], lambda piece: piece["ts"] + piece["dur"])
        wrong += wrong_order(slices)
    return wrong


def check(paths):
    wrong = [f"{path}: {fault}" for path in paths for fault in faults(path.read_bytes())]
    print("\n".join(wrong[:20] + [f"{len(paths)} traces, {len(wrong)} faults"]))
    return 1 if wrong or not paths else 0


def check_tests(program):
    """Those that are no traces for a viewer are written elsewhere, in folders of their tests."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([program, "[trace]~[.]~[deep]"], env={**os.environ, "EDDY_TEST_TRACES": folder}, capture_output=True, text=True,
                              timeout=300, check=False)
        print(done.stdout + done.stderr)
        return check(sorted(pathlib.Path(folder).glob("*.json"))) or done.returncode


def slice_of(name, ts, dur, **others):
    return {"ph": "X", "pid": 1, "tid": SELF_TEST_LANE, "cat": "c", "ts": ts, "name": name, "dur": dur, "args": {}, **others}


def name_of(what, lane, name):
    return {"ph": "M", "pid": 1, "tid": lane, "name": what, "args": {"name": name}}


GOOD = [
    name_of("process_name", 1, "p"), name_of("thread_name", 1, "loop"), name_of("thread_name", SELF_TEST_LANE, "t"),
    {"ph": "C", "pid": 1, "tid": 1, "cat": "c", "ts": 0.5, "name": "n", "args": {"value": 1.5}},
    {"ph": "i", "pid": 1, "tid": SELF_TEST_LANE, "cat": "c", "ts": 3, "name": "", "s": "t"},
    slice_of("inner", 2.001, 1), slice_of("moment", 2, 0), slice_of("outer", 2, 10), slice_of("next", 12, 4), slice_of("moment", 12, 0),
]
BAD = [  # (what is changed, by what, what is said)
    (0, {"ph": "B"}, "phase"), (1, {"tid": 0}, "fields: tid"), (1, {"tid": 2**32}, "fields: tid"), (1, {"pid": "1"}, "fields: pid"),
    (1, {"tid": SELF_TEST_LANE}, "lanes: ('thread_name', 1, 2) twice"), (1, {"args": {"name": ""}}, "args.name"),
    (1, {"tid": 3}, "lanes: no ('thread_name', 1, 1)"), (0, {"name": "other"}, "lanes: no ('process_name', 1, False)"),
    (3, {"args": {}}, "args of a counter"), (3, {"args": {"value": "1"}}, "args of a counter"), (3, {"ts": -1}, "fields: ts"),
    (3, {"ts": True}, "fields: ts"), (3, {"args": 1}, "fields: args"), (4, {"s": "x"}, "fields: scope"), (4, {"name": None}, "fields: name"),
    (5, {"dur": None}, "fields: dur"), (5, {"dur": -1}, "fields: dur"), (5, {"dur": 1e16}, "fields: end"), (5, {"cat": ""}, "fields: cat"),
    (5, {"ts": 2}, "order: "), (5, {"dur": 10}, "ends after"), (5, {"ts": 11, "dur": 1.001}, "ends after"),
]
BAD_TEXTS = [
    (b'"inner"', b'"\xff"', "form: 'utf-8'"), (b'"inner"', b'"\\ud83d\\ude00"', "surrogate"), (b'"inner"', b'"a\nb"', "form: Invalid control"),
    (b'"inner"', b'"a","name":"b"', "a key twice"), (b'"ts": 0.5', b'"ts": NaN', "NaN is no JSON"), (b"]", b"", "form: "),
    (b"[", b"[1,", "no array of objects"), (b"[", b'{"a":[', "form: "),
]


def self_test():
    good = json.dumps(GOOD).encode()
    deep = GOOD[:3] + [slice_of("n", n, 2000 - 2 * n) for n in range(DEEPEST + 1)]
    cases = [(good.replace(before, after, 1), expected) for before, after, expected in BAD_TEXTS]
    cases += [(json.dumps(GOOD[:index] + [{**GOOD[index], **changes}] + GOOD[index + 1:]).encode(), expected)
              for index, changes, expected in BAD]
    cases.append((json.dumps(deep).encode(), "is 513 deep"))
    wrong = [f"the good file: {fault}" for fault in faults(good)]
    wrong += [f"'{expected}' not in {faults(data)}" for data, expected in cases
              if not any(expected in fault for fault in faults(data))]
    print("\n".join(wrong + [f"1 good file, {len(cases)} bad ones, {len(wrong)} judged wrongly"]))
    return 1 if wrong else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if arguments[:1] == ["--tests"]:
        return check_tests(arguments[1])
    return check([pathlib.Path(argument) for argument in arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
