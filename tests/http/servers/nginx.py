"""nginx on ports of its own, with a certificate that a private authority has signed.

 /hello            "hello\n"; each answer has the number of its connection (X-Connection) and of the request on it (X-Request)
 /count            nginx's own count of the connections that it has taken (stub_status)
 /file/NAME        a file of `Nginx.folder`; /gzip/NAME compressed, /slow/NAME with 20 kB a second
 /seen             what of the credentials a request has: Authorization, Cookie and X-Token
 /set_cookie       sets a cookie
 /to/hello, /to/loop, /to/see_other, /to/permanent, /to/temporary
                   redirects: once, for ever; 303, 301 and 307 to /method, which says the method that it sees
 /to/file, /to/ftp  redirects to file:///etc/passwd and to ftp:
 /to/other_host    to /seen of another host: `localhost` and 127.0.0.1 are two
 /to/other_port    to /seen of the same host at another port
 /to/plain         from TLS to /seen without it
 /429, /503        these statuses, the first with "Retry-After: 1"; what is not listed here gives 404
 /backend/PATH     /PATH of the fault server, unbuffered

`tls` speaks HTTP/2 too, `tls1`, which 127.0.0.2 has as well, HTTP/1.1 alone. At the port `short` nginx ends each connection after its fifth request; at
`goaway`, which speaks HTTP/2, it says GOAWAY after the fortieth, and what was asked behind that gets no answer.
"""
# SPDX-License-Identifier: MIT
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{ worker_connections 4096; }}
http {{
  access_log off;
  default_type text/plain;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000;
  keepalive_timeout 60s;
  sendfile on;
  tcp_nopush on;
  server {{
    listen 127.0.0.1:{plain};
    listen 127.0.0.1:{other_port};
    {tls_listen}
    add_header X-Connection $connection always;
    add_header X-Request $connection_requests always;
    location = /hello {{ return 200 "hello\\n"; }}
    location = /count {{ stub_status; }}
    location /file/ {{ alias {folder}/files/; }}
    location /gzip/ {{ alias {folder}/files/; gzip on; gzip_min_length 1; gzip_types *; }}
    location /slow/ {{ alias {folder}/files/; limit_rate 20k; }}
    location = /seen {{ return 200 "authorization=$http_authorization cookie=$http_cookie token=$http_x_token\\n"; }}
    location = /set_cookie {{ add_header Set-Cookie "taste=sweet; Path=/"; return 200 "set\\n"; }}
    location = /method {{ return 200 "$request_method $content_length\\n"; }}
    location = /to/hello {{ return 302 /hello; }}
    location = /to/loop {{ return 302 /to/loop; }}
    location = /to/see_other {{ return 303 /method; }}
    location = /to/permanent {{ return 301 /method; }}
    location = /to/temporary {{ return 307 /method; }}
    location = /to/file {{ return 302 file:///etc/passwd; }}
    location = /to/ftp {{ return 302 ftp://127.0.0.1:{plain}/hello; }}
    location = /to/other_host {{ return 302 http://localhost:{plain}/seen; }}
    location = /to/other_port {{ return 302 http://127.0.0.1:{other_port}/seen; }}
    location = /to/plain {{ return 302 http://localhost:{plain}/seen; }}
    location = /429 {{ add_header Retry-After 1 always; return 429 "too many\\n"; }}
    location = /503 {{ return 503 "overloaded\\n"; }}
    location / {{ return 404 "there is nothing here\\n"; }}
    location /backend/ {{
      proxy_pass http://127.0.0.1:{backend}/;
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_request_buffering off;
      client_max_body_size 0;
    }}
  }}
  server {{
    listen 127.0.0.1:{short};
    keepalive_requests 5;
    add_header X-Connection $connection always;
    location / {{ return 200 "hello\\n"; }}
  }}
  {goaway}
}}
"""
GOAWAY = """
  server {{
    listen 127.0.0.1:{goaway} ssl http2;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    keepalive_requests 40;
    add_header X-Connection $connection always;
    location / {{ return 200 "hello\\n"; }}
  }}
"""
TLS = """
    listen 127.0.0.1:{tls} ssl http2;
    listen 127.0.0.1:{tls1} ssl;
    listen 127.0.0.2:{tls1} ssl;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
"""
PORTS = ("plain", "other_port", "short", "goaway", "tls", "tls1")
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin") or "nginx"
TRIES = 5  # to find ports that stay free


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def sign(folder, name, *arguments):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem", *arguments],
                   check=True, capture_output=True)


class Nginx:
    """nginx in a temporary folder, `backend` being the fault server's port. Its ports are members, as PORTS names them.

    `authority` is the file with the certificate of who has signed its own, for localhost and 127.0.0.1; `other_authority`
    that of somebody else.
    """

    def __init__(self, backend=9, tls=True):
        self.backend, self.has_tls = backend, tls
        self.process = None

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="eddy_nginx_"))
        try:
            (self.folder / "files").mkdir()
            if self.has_tls:
                sign(self.folder, "authority", "-subj", "/CN=eddy's test authority")
                sign(self.folder, "other", "-subj", "/CN=another authority")
                sign(self.folder, "server", "-subj", "/CN=localhost", "-CA", self.folder / "authority.pem", "-CAkey",
                     self.folder / "authority.key", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                     "-addext", "basicConstraints=CA:FALSE")
            self.authority, self.other_authority = self.folder / "authority.pem", self.folder / "other.pem"
            for _ in range(TRIES):
                if self.start():
                    return self
            raise RuntimeError("nginx does not start:\n" + (self.folder / "error.log").read_text())
        except BaseException:
            self.__exit__()
            raise

    def start(self):
        """False if another program has taken one of the ports meanwhile."""
        for name, port in zip(PORTS, free_ports(len(PORTS))):
            setattr(self, name, port)
        places = {"folder": self.folder, "backend": self.backend, **{name: getattr(self, name) for name in PORTS}}
        parts = {"tls_listen": TLS.format(**places), "goaway": GOAWAY.format(**places)}
        configuration = CONFIGURATION.format(**places | (parts if self.has_tls else dict.fromkeys(parts, "")),
                                             user="user root;" if os.geteuid() == 0 else "")
        (self.folder / "nginx.conf").write_text(configuration)
        dies_with_us = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with (self.folder / "output").open("w") as output:
            self.process = subprocess.Popen(
                [*dies_with_us, NGINX, "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        for _ in range(1000):
            if self.process.poll() is not None:
                return False
            try:
                socket.create_connection(("127.0.0.1", self.plain)).close()
                return True
            except ConnectionRefusedError:
                time.sleep(0.01)
        return False

    def write(self, name, content):
        (self.folder / "files" / name).write_bytes(content)

    def __exit__(self, *_):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
