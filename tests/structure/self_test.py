"""What the self-tests of the checks of the tree have in common."""
# SPDX-License-Identifier: MIT
import pathlib
import tempfile


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
