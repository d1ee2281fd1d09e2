"""What the checks of the tree and their self-tests have in common."""
# SPDX-License-Identifier: MIT
import pathlib
import tempfile


def run(arguments, look, self_test):
    """The program of a check, [ROOT] | --self-test: `look` gives the violations, and how much it has looked at, in words."""
    if arguments == ["--self-test"]:
        return self_test()
    violations, looked_at = look(pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parents[2])
    print("\n".join(violations + [f"{looked_at}, {len(violations)} violations"]))
    return 1 if violations or looked_at.startswith("0 ") else 0


def judged(files, judge):
    """What `judge` says of a folder with these files; None stands for a file that is not there."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            if text is not None:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
        return judge(root)


def fault(title, expected, found):
    """In a list: what is wrong if the violation that was expected was not found."""
    return [] if any(expected in line for line in found) else [f"{title}: '{expected}' not found in {found}"]


def end(wrong, bad):
    """Prints how it went, and gives the exit status."""
    print("\n".join(wrong + [f"1 good tree, {len(bad)} bad ones, {len(wrong)} judged wrongly"]))
    return 1 if wrong else 0
