// TLS: handshakes, with right and wrong certificates.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include "support/tls.hpp"
#include <eddy/io/tls.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

using namespace test;
using eddy::MemoryStream;

EDDY_TEST_CASE("what is written at one end of TLS is read at the other, and then the end", "[tls]") {
  for (const auto& options : kAllPairs) {
    auto [client, server] = co_await open_tls_pair(options);
    CHECK(client.version() == "TLSv1.3");
    const auto talk = [](Tls& from) -> eddy::Task<> {
      co_await from.write("hello\n");
      co_await from.write_eof();
    };
    auto talker = eddy::create_task(talk, std::ref(client));
    const auto line = co_await server.read_line();
    CHECK(line == "hello\n");
    const auto end = co_await read_some_of(server);
    CHECK(end.empty());
    const auto again = co_await server.read_all(10);
    CHECK(again.empty());
    co_await talker;
    auto answer = eddy::create_task(talk, std::ref(server));
    const auto back = co_await client.read_all(100);
    CHECK(back == "hello\n");
    co_await answer;
  }
}

EDDY_TEST_CASE("TLS 1.2 works as TLS 1.3 does", "[tls]") {
  for (const auto& options : kAllPairs) {
    eddy::TlsContext old = client_context();
    SSL_CTX_set_max_proto_version(old.native_handle(), TLS1_2_VERSION);
    auto [client, server] = co_await open_tls_pair(options, old);
    CHECK(client.version() == "TLSv1.2");
    auto ending = eddy::create_task(client.shutdown());
    const auto end = co_await server.read_all(10);
    CHECK(end.empty());
    co_await server.shutdown();
    co_await ending;
    CHECK(client.is_closed());
  }
}

EDDY_TEST_CASE("versions that both sides do not have are refused", "[tls]") {
  eddy::TlsContext old = client_context();
  SSL_CTX_set_max_proto_version(old.native_handle(), TLS1_2_VERSION);
  eddy::TlsContext strict = server_context();
  strict.set_minimum_version(eddy::TlsVersion::tls_1_3);
  const auto ends = co_await shake_hands(old, strict, "localhost");
  CHECK(ends.client == "TLS: tlsv1 alert protocol version");
  CHECK(ends.server == "TLS: unsupported protocol");
}

EDDY_TEST_CASE("a server whose certificate is for the host is accepted, by name and by address", "[tls][c382]") {
  for (const char* host : {"localhost", "LOCALHOST", "localhost.", "www.example.com", "127.0.0.1", "::1"}) {
    const auto ends = co_await shake_hands(client_context(), server_context(), host);
    CHECK(ends.client == "done");
    CHECK(ends.server == "done");
  }
}

EDDY_TEST_CASE("a server whose certificate is for another host is refused, and is told", "[tls][c382]") {
  for (const char* host : {"other.org", "example.com", "a.b.example.com", "localhost.org"}) {
    const auto ends = co_await shake_hands(client_context(), server_context(), host);
    CHECK(ends.client == "certificate: hostname mismatch");
    CHECK(ends.server.substr(0, 5) == "TLS: ");
    CHECK(ends.server.find("alert") != std::string::npos);
  }
  const auto ends = co_await shake_hands(client_context(), server_context(), "127.0.0.2");
  CHECK(ends.client == "certificate: IP address mismatch");
}

EDDY_TEST_CASE("certificates that have expired, are not valid yet or of an unknown issuer are refused", "[tls][c382]") {
  static const Identity expired = authority().issue({.from = -7200, .until = -3600});
  static const Identity future = authority().issue({.from = 3600});
  static const Identity own(CertificateRequest{});
  static const Identity stranger({.authority = true});
  static const Identity unknown = stranger.issue({});
  for (const eddy::MemoryStreamOptions& options : {kAllPairs[0], kAllPairs[2], kAllPairs[4]}) {
    const auto late = co_await shake_hands(client_context(), server_context(expired), "localhost", options);
    CHECK(late.client == "certificate: certificate has expired");
    CHECK(late.server.find("certificate expired") != std::string::npos);
    const auto early = co_await shake_hands(client_context(), server_context(future), "localhost", options);
    CHECK(early.client == "certificate: certificate is not yet valid");
    const auto self = co_await shake_hands(client_context(), server_context(own), "localhost", options);
    CHECK(self.client == "certificate: self-signed certificate");
    const auto issuer = co_await shake_hands(client_context(), server_context(unknown), "localhost", options);
    CHECK(issuer.client == "certificate: unable to get local issuer certificate");
    CHECK(issuer.server == "TLS: tlsv1 alert unknown ca");
  }
}

EDDY_TEST_CASE("a client that trusts the system's authorities does not trust the tests'", "[tls][c382][large]") {
  const auto ends = co_await shake_hands(eddy::TlsContext::client(), server_context(), "localhost");
  CHECK(ends.client.substr(0, 13) == "certificate: ");
}

EDDY_TEST_CASE("a chain of certificates is followed to the authority", "[tls]") {
  static const Identity between = authority().issue({.authority = true});
  static const Identity leaf = between.issue({.rsa = true});
  const auto without = co_await shake_hands(client_context(), server_context(leaf), "localhost");
  CHECK(without.client == "certificate: unable to get local issuer certificate");
  const auto whole = eddy::TlsContext::server(leaf.certificate() + between.certificate(), leaf.key());
  const auto with = co_await shake_hands(client_context(), whole, "localhost");
  CHECK(with.client == "done");
  CHECK(with.server == "done");
}

EDDY_TEST_CASE("verification can be switched off by those who know that it is dangerous", "[tls]") {
  const Identity own({.hosts = "DNS:elsewhere", .from = -7200, .until = -3600});
  eddy::TlsContext context = client_context();
  context.dangerous_no_verification();
  const auto ends = co_await shake_hands(context, server_context(own), "");
  CHECK(ends.client == "done");
  CHECK(ends.server == "done");
}

EDDY_TEST_CASE("a client has to say which host it means, and each side needs its own context", "[tls]") {
  const auto connect = [](const eddy::TlsContext& context, std::string host) {
    auto pair = eddy::open_memory_stream_pair();
    (void)eddy::tls_connect(std::move(pair.first), context, std::move(host));
  };
  CHECK_THROWS_WITH(connect(client_context(), ""), "eddy: tls_connect needs the server's host, to compare it with the certificate");
  CHECK_THROWS_AS(connect(client_context(), "."), std::invalid_argument);
  CHECK_THROWS_WITH(connect(client_context(), std::string("localhost\0.org", 14)), "eddy: this is no host, it has a zero in it");
  CHECK_THROWS_WITH(connect(server_context(), "localhost"), "eddy: tls_connect needs a context for clients, TlsContext::client()");
  auto pair = eddy::open_memory_stream_pair();
  CHECK_THROWS_WITH((void)eddy::tls_accept(std::move(pair.first), client_context()),
                    "eddy: tls_accept needs a context for servers, TlsContext::server(…)");
  co_return;
}

EDDY_TEST_CASE("the server is told which host is meant, unless that is an address", "[tls]") {
  for (const std::string host : {"www.example.com", "127.0.0.1"}) {
    auto pair = eddy::open_memory_stream_pair();
    auto connecting = eddy::tls_connect(std::move(pair.first), client_context(), host);
    auto accepting = eddy::tls_accept(std::move(pair.second), server_context());
    auto both = co_await eddy::gather(std::move(connecting), std::move(accepting));
    const char* name = SSL_get_servername(std::get<1>(both).native_handle(), TLSEXT_NAMETYPE_host_name);
    CHECK(std::string(name == nullptr ? "" : name) == (host == "127.0.0.1" ? "" : host));
  }
}

EDDY_TEST_CASE("both sides agree on the server's best protocol, or on none", "[tls]") {
  eddy::TlsContext client = client_context();
  eddy::TlsContext server = server_context();
  client.set_alpn_protocols({"http/1.1", "h2"});
  {
    auto pair = co_await open_tls_pair({}, client, server);
    CHECK(pair.client.alpn_protocol().empty());
  }
  server.set_alpn_protocols({"h2", "http/1.1"});
  {
    auto pair = co_await open_tls_pair({}, client, server);
    CHECK(pair.client.alpn_protocol() == "h2");
    CHECK(pair.server.alpn_protocol() == "h2");
  }
  server.set_alpn_protocols({"other"});
  auto pair = co_await open_tls_pair({}, client, server);
  CHECK(pair.client.alpn_protocol().empty());
  CHECK(Tls().alpn_protocol().empty());
}

EDDY_TEST_CASE("a server may ask for the client's certificate, and sees it", "[tls]") {
  eddy::TlsContext server = server_context();
  server.trust(authority().certificate());
  server.require_client_certificate();
  {
    const auto ends = co_await shake_hands(client_context(), server, "localhost");
    CHECK(ends.server == "TLS: peer did not return a certificate");
  }
  const Identity person = authority().issue({.hosts = "email:somebody@example.com"});
  eddy::TlsContext client = client_context();
  client.load_cert_chain(person.certificate(), person.key());
  {
    auto pair = co_await open_tls_pair({}, client, server);
    CHECK(pair.server.peer_certificate() == person.certificate());
    CHECK(pair.client.peer_certificate() == server_identity().certificate());
  }
  const Identity stranger(CertificateRequest{});
  client.load_cert_chain(stranger.certificate(), stranger.key());
  const auto ends = co_await shake_hands(client, server, "localhost");
  CHECK(ends.server == "certificate: self-signed certificate");
  auto anonymous = co_await open_tls_pair();
  CHECK(anonymous.server.peer_certificate().empty());
}

EDDY_TEST_CASE("what is no TLS is refused", "[tls]") {
  {
    auto [left, right] = eddy::open_memory_stream_pair();
    co_await left.write("GET / HTTP/1.1\r\n\r\n");
    const auto end = co_await end_of(eddy::tls_accept(std::move(right), server_context()));
    CHECK(end == "TLS: http request");
  }
  {
    auto [left, right] = eddy::open_memory_stream_pair();
    co_await right.write("SSH-2.0-server\r\n");
    const auto end = co_await end_of(eddy::tls_connect(std::move(left), client_context(), "localhost"));
    CHECK(end == "TLS: wrong version number");
  }
  auto [left, right] = eddy::open_memory_stream_pair();
  co_await left.write_eof();
  const auto end = co_await end_of(eddy::tls_accept(std::move(right), server_context()));
  CHECK(end == "truncated");
}

EDDY_TEST_CASE("a handshake that takes too long is given up, and the stream closed", "[tls]") {
  const auto start = now();
  auto [left, right] = eddy::open_memory_stream_pair();
  std::string end;
  try {
    (void)co_await eddy::tls_accept(std::move(right), server_context());
  } catch (const eddy::TimeoutError& error) {
    end = error.what();
  }
  CHECK(end == "eddy: the TLS handshake has not come to its end in time");
  CHECK(now() - start == 60s);
  const auto closed = co_await left.read_all(10);
  CHECK(closed.empty());

  auto [third, fourth] = eddy::open_memory_stream_pair();
  const eddy::TlsOptions options{.handshake_timeout = 2s};
  const auto soon = co_await end_of(eddy::tls_connect(std::move(third), client_context(), "localhost", options));
  CHECK(soon == "timed out");
  CHECK(now() - start == 62s);
}

EDDY_TEST_CASE("TLS begins on a stream that has been used before", "[tls]") {
  for (const bool ahead : {false, true}) {
    auto [left, right] = eddy::open_memory_stream_pair();
    const auto serve = [](MemoryStream stream, bool wait) -> eddy::Task<std::string> {
      if (wait) co_await eddy::sleep(1s);
      const auto command = co_await stream.read_line();  // and, if it has waited, reads ahead what is TLS's
      auto tls = co_await eddy::tls_accept(std::move(stream), server_context());
      const auto line = co_await tls.read_line();
      co_await tls.shutdown();
      co_return command + line;
    };
    auto server = eddy::create_task(serve(std::move(right), ahead));
    co_await left.write("STARTTLS\r\n");
    auto client = co_await eddy::tls_connect(std::move(left), client_context(), "localhost");
    co_await client.write("secret\n");
    co_await client.shutdown();
    const auto got = co_await server;
    CHECK(got == "STARTTLS\r\nsecret\n");
  }
}

