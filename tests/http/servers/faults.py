"""A server of HTTP/1.1 that does what real servers do on bad days, as the path of the request says.

 /good                        200, "good\n"; the connection stays open, as after all that is not said to be otherwise
 /cut/HOW/WHERE/KIND          WHERE bytes of an answer of this KIND, `length`, `chunked` or `until_close`; then, HOW: `reset`
                              (RST), `close` (FIN), `hang` (nothing more)
 /length/KIND                 how many bytes the whole answer of that KIND has
 /endless_body                a body without an end
 /endless_head                header lines without an end
 /drip/COUNT/MILLISECONDS     a body of COUNT bytes, one in each of so many milliseconds
 /pour/KEY/SIZE               a body of SIZE bytes; /poured/KEY says how many of them have been taken so far
 /wait/MILLISECONDS           200 after so long
 /answer/STATUS[/SECONDS]     that status, with a Retry-After of so many seconds
 /flaky/KEY/COUNT/STATUS      that status with "Retry-After: 0" for the first COUNT requests with this KEY, 200 later;
                              /asked/KEY says how many came
 /echo                        any method: the request's line, its headers and the size and SHA-256 of its body, a line each
 /refuse_body                 413, and a close, before the request's body is read
 /deaf/MILLISECONDS           does not read the request's body, and hangs up after so long
 /bad/WHAT                    what is no HTTP: `status`, `length`, `chunk`, `version`, `encoding`
 /hops/COUNT                  so many redirects, and then /good
 /to?URL                      a redirect to that
 /connections                 how many connections there have been
 /open                        how many there are

Asked as a proxy ("GET http://…") it answers "proxied " and the URL.
"""
# SPDX-License-Identifier: MIT
import collections
import hashlib
import socket
import socketserver
import struct
import threading
import time

ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\nX-Name: value\r\n\r\n" + b"0123456789" * 2,
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\nf\r\n567890123456789\r\n0\r\n\r\n",
    "until_close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"0123456789" * 2,
}
BAD = {
    "status": b"HTTP/1.1 twohundred OK\r\nContent-Length: 0\r\n\r\n",
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "version": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "encoding": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nno gzip!",
}
REASONS = {200: "OK", 302: "Found", 404: "Not Found", 413: "Payload Too Large", 429: "Too Many Requests", 503: "Service Unavailable"}
BLOCK = b"0123456789abcdef" * 4096


class Gone(Exception):
    """The connection is over."""


class Connection(socketserver.StreamRequestHandler):
    """One connection. `self.server.books` is shared by all of them."""
    disable_nagle_algorithm = True

    def handle(self):
        books = self.server.books
        with books.lock:
            books.connections += 1
            books.open += 1
        try:
            while self.answer_one():
                pass
        except (Gone, OSError):
            pass
        finally:
            with books.lock:
                books.open -= 1

    def answer_one(self):
        """Reads a request and answers it; false if there is none."""
        line = self.rfile.readline(65536).decode("latin-1")
        if not line:
            return False
        self.method, self.target, _ = line.split(" ", 2)
        self.line = line.rstrip()
        self.headers = []
        while (header := self.rfile.readline(65536).decode("latin-1").rstrip("\r\n")):
            self.headers.append(header)
        if self.target.startswith("http://"):
            self.read_body()
            self.send(200, f"proxied {self.target}\n")
            return True
        name, *arguments = self.target.partition("?")[0].strip("/").split("/")
        getattr(self, "on_" + name, self.on_unknown)(*arguments)
        return True

    def header(self, name):
        for header in self.headers:
            if header.lower().startswith(name.lower() + ":"):
                return header.partition(":")[2].strip()
        return None

    def body_parts(self):
        if (self.header("Expect") or "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if (self.header("Transfer-Encoding") or "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.exactly(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return
        left = int(self.header("Content-Length") or 0)
        while left > 0:
            part = self.exactly(min(left, 65536))
            left -= len(part)
            yield part

    def exactly(self, size):
        data = self.rfile.read(size)
        if len(data) < size:
            raise Gone
        return data

    def read_body(self):
        for _ in self.body_parts():
            pass

    def send(self, status, body, *headers):
        body = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Whatever')}", f"Content-Length: {len(body)}", *headers]
        head = "".join(line + "\r\n" for line in lines) + "\r\n"
        self.wfile.write(head.encode() + (b"" if self.method == "HEAD" else body))

    def wait_until_the_client_goes(self):
        while self.connection.recv(65536):
            pass
        raise Gone

    def on_unknown(self, *_):
        self.read_body()
        self.send(404, "there is nothing here\n")

    def on_good(self):
        self.read_body()
        self.send(200, "good\n")

    def on_cut(self, how, where, kind):
        self.read_body()
        self.wfile.write(ANSWERS[kind][:int(where)])
        if how == "hang":
            self.wait_until_the_client_goes()
        if how == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone

    def on_length(self, kind):
        self.send(200, str(len(ANSWERS[kind])))

    def on_endless_body(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(BLOCK), BLOCK))

    def on_endless_head(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.wfile.write(b"X-More: " + b"x" * 1000 + b"\r\n")

    def on_drip(self, count, milliseconds):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % int(count))
        for _ in range(int(count)):
            time.sleep(int(milliseconds) / 1000)
            self.wfile.write(b"x")

    def on_pour(self, key, size):
        left = int(size)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % left)
        while left > 0:
            part = BLOCK[:min(left, len(BLOCK))]
            self.wfile.write(part)
            left -= len(part)
            with self.server.books.lock:
                self.server.books.poured[key] += len(part)

    def on_poured(self, key):
        self.send(200, str(self.server.books.poured[key]))

    def on_wait(self, milliseconds):
        self.read_body()
        time.sleep(int(milliseconds) / 1000)
        self.send(200, "waited\n")

    def on_answer(self, status, seconds=None):
        self.read_body()
        self.send(int(status), "as asked\n", *([f"Retry-After: {seconds}"] if seconds else []))

    def on_flaky(self, key, count, status):
        self.read_body()
        with self.server.books.lock:
            self.server.books.asked[key] += 1
            fails = self.server.books.asked[key] <= int(count)
        if fails:
            self.send(int(status), "not yet\n", "Retry-After: 0")
        else:
            self.send(200, "at last\n")

    def on_asked(self, key):
        self.send(200, str(self.server.books.asked[key]))

    def on_echo(self):
        size, digest = 0, hashlib.sha256()
        for part in self.body_parts():
            size += len(part)
            digest.update(part)
        self.send(200, "".join(line + "\n" for line in (self.line, *self.headers, f"{size} bytes", digest.hexdigest())))

    def on_refuse_body(self):
        self.send(413, "too much\n", "Connection: close")
        raise Gone

    def on_deaf(self, milliseconds):
        time.sleep(int(milliseconds) / 1000)
        raise Gone

    def on_bad(self, what):
        self.read_body()
        self.wfile.write(BAD[what])
        raise Gone

    def on_hops(self, count):
        self.send(302, "", "Location: " + (f"/hops/{int(count) - 1}" if int(count) > 1 else "/good"))

    def on_to(self):
        self.send(302, "", "Location: " + self.target.partition("?")[2])

    def on_connections(self):
        self.send(200, str(self.server.books.connections))

    def on_open(self):
        self.send(200, str(self.server.books.open))


class Books:
    """What is counted."""

    def __init__(self):
        self.lock = threading.Lock()
        self.connections = 0
        self.open = 0
        self.poured = collections.Counter()
        self.asked = collections.Counter()


class FaultServer(socketserver.ThreadingTCPServer):
    """The server, on a port of its own, in threads of this process."""
    request_queue_size = 1024
    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Connection)
        self.books = Books()
        self.port = self.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True, kwargs={"poll_interval": 0.05}).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def shutdown_request(self, request):
        self.close_request(request)  # alone: after the shutdown(2) of the base class there would be no reset

    def handle_error(self, request, client_address):
        pass  # a client that goes away is what is tested


class SilentListeners:
    """Ports behind which nobody answers.

    `silent` takes connections, which no one ever reads; `full` takes none, its queue being full; `refused` has no listener.
    """

    def __init__(self):
        self.sockets = []
        self.silent = self.listen(1024)
        self.full = self.listen(0)
        while self.fill():
            pass
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        self.sockets.append(taken)
        self.refused = taken.getsockname()[1]

    def listen(self, backlog):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(backlog)
        self.sockets.append(listener)
        return listener.getsockname()[1]

    def fill(self):
        connection = socket.socket()
        connection.settimeout(0.05)
        self.sockets.append(connection)
        try:
            connection.connect(("127.0.0.1", self.full))
        except TimeoutError:
            return False
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in self.sockets:
            each.close()
