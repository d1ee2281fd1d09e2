"""What a program shows on a terminal."""
# SPDX-License-Identifier: MIT
import os
import pty


def shown_on_terminal(run):
    """What is written to the terminal while `run(its descriptor)` runs, and what that gives."""
    controller, terminal = pty.openpty()
    try:
        given = run(terminal)
        os.write(terminal, b"end")
        shown = b""
        while not shown.endswith(b"end"):
            shown += os.read(controller, 65536)
    finally:
        os.close(controller)
        os.close(terminal)
    return shown, given
