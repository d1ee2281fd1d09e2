"""Runs a command while the servers for the tests of HTTP run, and ends with its status.

Usage: serve.py [--no-nginx] COMMAND...

In the command's environment are the ports of loopback: EDDY_HTTP_FAULTS (faults.py), EDDY_HTTP_SILENT, EDDY_HTTP_FULL and
EDDY_HTTP_REFUSED (nobody answers: SilentListeners there), and of nginx EDDY_HTTP_PLAIN, EDDY_HTTP_OTHER_PORT,
EDDY_HTTP_SHORT, EDDY_HTTP_GOAWAY, EDDY_HTTP_TLS (HTTP/2 too) and EDDY_HTTP_TLS1 (HTTP/1.1 alone). EDDY_HTTP_AUTHORITY is the file with the
authority that nginx's certificate comes from, EDDY_HTTP_OTHER_AUTHORITY that of somebody else.
"""
# SPDX-License-Identifier: MIT
import os
import subprocess
import sys

from faults import FaultServer, SilentListeners
from nginx import PORTS, Nginx


def run(command, places):
    environment = os.environ | {f"EDDY_HTTP_{name.upper()}": str(place) for name, place in places.items()}
    return subprocess.run(command, env=environment, check=False).returncode


def main(arguments):
    with FaultServer() as faults, SilentListeners() as listeners:
        places = {"faults": faults.port, "silent": listeners.silent, "full": listeners.full, "refused": listeners.refused}
        if arguments[:1] == ["--no-nginx"]:
            return run(arguments[1:], places)
        with Nginx(faults.port) as nginx:
            # Text that gzip makes shorter, and bytes that it does not.
            nginx.write("text", b"".join(b"line %d of a text\n" % number for number in range(10_000)))
            nginx.write("large", bytes(range(256)) * 40_000)
            names = (*PORTS, "authority", "other_authority")
            return run(arguments, places | {name: getattr(nginx, name) for name in names})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
