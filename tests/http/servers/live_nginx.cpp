// nginx: connections that are kept, HTTP/2, TLS, redirects, compression, and answers of all kinds.
//
// SPDX-License-Identifier: MIT
#include "http/servers/live.hpp"

#include <eddy/combine/gather.hpp>
#include <eddy/combine/timeout.hpp>

#include <set>
#include <string_view>
#include <vector>

using namespace live;
using namespace std::chrono_literals;

namespace {

http::SessionOptions trusting() {
  http::SessionOptions options;
  options.ca_file(place("AUTHORITY"));
  return options;
}

// nginx's number of the connection that a request was answered on.
eddy::Task<std::string> connection_of(http::ClientSession& session, std::string url) {
  auto response = co_await session.get(std::move(url));
  const std::string body = co_await response.text();
  if (response.status() != 200) throw std::runtime_error("status " + std::to_string(response.status()));
  const std::string number(response.headers().get("x-connection").value_or(""));
  co_return number;
}
eddy::Task<std::set<std::string>> connections_of(http::ClientSession& session, std::string url, std::size_t requests) {
  std::vector<eddy::Task<std::string>> tasks;
  for (std::size_t i = 0; i < requests; ++i) tasks.push_back(connection_of(session, url));
  const std::vector<std::string> numbers = co_await eddy::gather(std::move(tasks));
  co_return std::set<std::string>(numbers.begin(), numbers.end());
}

// How many connections nginx has taken so far; asked over one that `session` keeps.
eddy::Task<long> taken_by_nginx(http::ClientSession& session) {
  const std::string text = co_await get_text(session, url("PLAIN", "/count"));
  const std::size_t at = text.find("requests\n");
  if (at == std::string::npos) throw std::runtime_error("not a page of stub_status: " + text);
  co_return std::stol(text.substr(at + 9));
}

}  // namespace

EDDY_TEST_CASE("a thousand requests over eight connections open exactly eight", "[socket][nginx]") {
  http::ClientSession observer;
  const long before = co_await taken_by_nginx(observer);
  http::ClientSession session(http::SessionOptions().limit_per_host(8));
  const auto connections = co_await connections_of(session, url("PLAIN", "/hello"), 1000);
  CHECK(connections.size() == 8);
  CHECK(session.statistics().connections_opened == 8);
  CHECK(session.statistics().requests == 1000);
  CHECK(session.statistics().connections == 8);
  const long after = co_await taken_by_nginx(observer);
  CHECK(after - before == 8);
}

EDDY_TEST_CASE("the limit of a session counts for all hosts together", "[socket][nginx]") {
  http::ClientSession session(http::SessionOptions().limit(4));
  const auto [here, there] = co_await eddy::gather(connections_of(session, url("PLAIN", "/backend/wait/1"), 50),
                                                   connections_of(session, url("OTHER_PORT", "/backend/wait/1"), 50));
  CHECK(!here.empty());
  CHECK(!there.empty());
  CHECK(session.statistics().connections <= 8);
}

EDDY_TEST_CASE("connections that the server ends are opened again without an error", "[socket][nginx]") {
  http::ClientSession session;
  std::set<std::string> connections;
  for (int i = 0; i < 100; ++i) {
    const std::string connection = co_await connection_of(session, url("SHORT", "/"));
    connections.insert(connection);
  }
  CHECK(connections.size() == 20);  // nginx ends each after five requests
  const auto at_once = co_await connections_of(session, url("SHORT", "/"), 200);
  CHECK(at_once.size() >= 40);
}

EDDY_TEST_CASE("HTTP/2 sends many requests over one connection at once", "[socket][nginx]") {
  http::ClientSession session(trusting());
  auto first = co_await session.get(tls_url("TLS", "/hello"));
  CHECK(first.version() == 20);
  const auto start = test::now();
  const auto connections = co_await connections_of(session, tls_url("TLS", "/backend/wait/300"), 50);
  CHECK(test::now() - start < 5s);  // one after the other they would take 15 s
  CHECK(connections.size() == 1);
  CHECK(session.statistics().connections_opened == 1);
}

EDDY_TEST_CASE("requests that begin together wait for the one connection of HTTP/2", "[socket][nginx]") {
  http::ClientSession session(trusting());
  const auto connections = co_await connections_of(session, tls_url("TLS", "/hello"), 200);
  CHECK(connections.size() == 1);
  CHECK(session.statistics().connections_opened == 1);
}

EDDY_TEST_CASE("a stream of HTTP/2 that is given up leaves the connection to the others", "[socket][nginx]") {
  http::ClientSession session(trusting());
  const std::string before = co_await connection_of(session, tls_url("TLS", "/hello"));
  {
    auto response = co_await session.get(tls_url("TLS", "/backend/endless_body"));
    auto chunks = response.chunks();
    const auto chunk = co_await chunks.next();
    CHECK(chunk);
  }
  co_await eddy::move_on_after(20ms, session.get(tls_url("TLS", "/backend/wait/400")));
  const std::string after = co_await connection_of(session, tls_url("TLS", "/hello"));
  CHECK(before == after);
}

EDDY_TEST_CASE("who reads slowly over HTTP/2 does not hold the others back", "[socket][nginx]") {
  http::ClientSession session(trusting().timeout(20s));
  auto slow = co_await session.get(tls_url("TLS", "/file/large"));
  auto chunks = slow.chunks();
  auto chunk = co_await chunks.next();
  std::size_t size = chunk->size();
  co_await eddy::sleep(100ms);
  for (int i = 0; i < 20; ++i) {
    const std::string text = co_await get_text(session, tls_url("TLS", "/hello"), http::RequestOptions().timeout(3s));
    CHECK(text == "hello\n");
  }
  while (auto more = co_await chunks.next()) size += more->size();
  CHECK(size == 10'240'000);
  CHECK(session.statistics().connections_opened == 1);
}

EDDY_TEST_CASE("what is asked behind a GOAWAY is asked again over another connection", "[socket][nginx]") {
  http::ClientSession session(trusting());
  std::set<std::string> connections;
  for (int i = 0; i < 100; ++i) {
    const std::string connection = co_await connection_of(session, tls_url("GOAWAY", "/"));
    connections.insert(connection);
  }
  CHECK(connections.size() >= 3);  // each ends after forty
  const auto at_once = co_await connections_of(session, tls_url("GOAWAY", "/"), 200);
  CHECK(at_once.size() >= 5);
  int posted = 0;
  for (int i = 0; i < 100; ++i) {
    const auto response = co_await session.post(tls_url("GOAWAY", "/"), http::RequestOptions().body("once"));
    posted += response.status() == 200 || response.status() == 405 ? 1 : 0;
  }
  CHECK(posted == 100);
  CHECK(session.statistics().active == 0);
}

EDDY_TEST_CASE("TLS without HTTP/2 is HTTP/1.1, and a version can be asked for", "[socket][nginx]") {
  http::ClientSession session(trusting());
  const auto offered = co_await session.get(tls_url("TLS1", "/hello"));
  CHECK(offered.version() == 11);
  http::ClientSession old(trusting().version(http::Version::http_1_1));
  const auto wanted = co_await old.get(tls_url("TLS", "/hello"));
  CHECK(wanted.version() == 11);
}

EDDY_TEST_CASE("a certificate counts if its authority is trusted and its name is the host's", "[socket][nginx]") {
  {
    http::ClientSession session(trusting());
    for (const char* host : {"localhost", "127.0.0.1"}) {
      const std::string text = co_await get_text(session, "https://" + std::string(host) + ":" + place("TLS1") + "/hello");
      CHECK(text == "hello\n");
    }
    const auto wrong_address = co_await error_of<http::TlsError>(session, "https://127.0.0.2:" + place("TLS1") + "/hello");
    CHECK(wrong_address);
    const auto not_tls = co_await error_of<http::TlsError>(session, "https://127.0.0.1:" + place("PLAIN") + "/hello");
    CHECK(not_tls);
    const std::string text = co_await get_text(session, tls_url("TLS", "/hello"));
    CHECK(text == "hello\n");
  }
  http::ClientSession misled(trusting().resolve("example.com", port("TLS1"), "127.0.0.1"));
  const auto wrong_name = co_await error_of<http::TlsError>(misled, "https://example.com:" + place("TLS1") + "/hello");
  CHECK(wrong_name);

  http::ClientSession unknowing;
  const auto unknown = co_await error_of<http::TlsError>(unknowing, tls_url("TLS1", "/hello"));
  CHECK(unknown);
  http::ClientSession other(http::SessionOptions().ca_file(place("OTHER_AUTHORITY")));
  const auto foreign = co_await error_of<http::TlsError>(other, tls_url("TLS1", "/hello"));
  CHECK(foreign);
}

EDDY_TEST_CASE("redirects are followed as far as they may be", "[socket][nginx]") {
  http::ClientSession session;
  auto once = co_await session.get(url("PLAIN", "/to/hello"));
  const std::string text = co_await once.text();
  CHECK(text == "hello\n");
  CHECK(once.url() == url("PLAIN", "/hello"));
  CHECK(once.redirects() == 1);

  const auto not_followed = co_await session.get(url("PLAIN", "/to/hello"), http::RequestOptions().max_redirects(0));
  CHECK(not_followed.status() == 302);
  const auto without_end = co_await error_of<http::TooManyRedirects>(session, url("PLAIN", "/to/loop"));
  CHECK(without_end);
  const std::string ten = co_await get_text(session, url("FAULTS", "/hops/10"));
  CHECK(ten == "good\n");
  const auto eleven = co_await error_of<http::TooManyRedirects>(session, url("FAULTS", "/hops/11"));
  CHECK(eleven);
  const auto nowhere = co_await session.get(url("FAULTS", "/answer/302"));
  CHECK(nowhere.status() == 302);
}

EDDY_TEST_CASE("redirects change the method as browsers do", "[socket][nginx]") {
  http::ClientSession session;
  const http::RequestOptions four_letters = http::RequestOptions().body("abcd");
  auto see_other = co_await session.post(url("PLAIN", "/to/see_other"), four_letters);
  const std::string after_303 = co_await see_other.text();
  CHECK(after_303 == "GET \n");
  auto permanent = co_await session.post(url("PLAIN", "/to/permanent"), four_letters);
  const std::string after_301 = co_await permanent.text();
  CHECK(after_301 == "GET \n");
  auto temporary = co_await session.post(url("PLAIN", "/to/temporary"), four_letters);
  const std::string after_307 = co_await temporary.text();
  CHECK(after_307 == "POST 4\n");
}

EDDY_TEST_CASE("a redirect leads to http and https only", "[socket][nginx]") {
  http::ClientSession session;
  for (const char* path : {"/to/file", "/to/ftp"}) {
    const auto refused = co_await error_of<http::InvalidUrl>(session, url("PLAIN", path));
    CHECK(refused);
  }
  for (const char* place : {"file:///etc/passwd", "FILE:/etc/passwd", "gopher://127.0.0.1/", "dict://127.0.0.1/", "ldap://127.0.0.1/",
                            "scp://127.0.0.1/", "javascript:alert(1)", "data:,x", "http://"}) {
    INFO(place);
    const auto refused = co_await error_of<http::InvalidUrl>(session, url("FAULTS", std::string("/to?") + place));
    CHECK(refused);
    const auto asked = co_await error_of<http::InvalidUrl>(session, place);
    CHECK(asked);
  }
  const std::string text = co_await get_text(session, url("PLAIN", "/hello"));
  CHECK(text == "hello\n");
}

EDDY_TEST_CASE("credentials and cookies stay with the host that they are for", "[socket][nginx]") {
  const std::string nothing = "authorization= cookie= token=\n";
  http::ClientSession session;
  const http::RequestOptions mine = http::RequestOptions().basic_auth("me", "secret").cookie("taste", "bitter");
  const std::string here = co_await get_text(session, url("PLAIN", "/seen"), mine);
  CHECK(here == "authorization=Basic bWU6c2VjcmV0 cookie=taste=bitter token=\n");
  const std::string after_redirect = co_await get_text(session, url("FAULTS", "/to?" + url("PLAIN", "/seen")), mine);
  CHECK(after_redirect == nothing);  // the port is another
  for (const char* path : {"/to/other_host", "/to/other_port"}) {
    INFO(path);
    const std::string there = co_await get_text(session, url("PLAIN", path), mine);
    CHECK(there == nothing);
    const std::string bearer = co_await get_text(session, url("PLAIN", path), http::RequestOptions().bearer_auth("secret"));
    CHECK(bearer == nothing);
    const std::string raw = co_await get_text(
        session, url("PLAIN", path), http::RequestOptions().header("authorization", "x").header("COOKIE", "a=b"));
    CHECK(raw == nothing);
    const std::string in_url = co_await get_text(session, "http://me:secret@127.0.0.1:" + place("PLAIN") + path);
    CHECK(in_url == nothing);
  }
  const std::string in_url = co_await get_text(session, "http://me:secret@127.0.0.1:" + place("PLAIN") + "/seen");
  CHECK(in_url == "authorization=Basic bWU6c2VjcmV0 cookie= token=\n");

  http::ClientSession careless(http::SessionOptions().header("Authorization", "Bearer secret").header("Cookie", "a=b"));
  const std::string of_session = co_await get_text(careless, url("PLAIN", "/to/other_host"));
  CHECK(of_session == nothing);
  http::ClientSession from_tls(trusting());
  const std::string downgraded = co_await get_text(from_tls, tls_url("TLS1", "/to/plain"), mine);
  CHECK(downgraded == nothing);
}

EDDY_TEST_CASE("cookies that a server sets are sent back to it alone", "[socket][nginx]") {
  http::ClientSession session;
  const std::string set = co_await get_text(session, url("PLAIN", "/set_cookie"));
  CHECK(set == "set\n");
  const std::string here = co_await get_text(session, url("PLAIN", "/seen"));
  CHECK(here == "authorization= cookie=taste=sweet token=\n");
  const std::string there = co_await get_text(session, url("PLAIN", "/to/other_host"));
  CHECK(there == "authorization= cookie= token=\n");

  http::ClientSession without(http::SessionOptions().cookies(false));
  const std::string ignored = co_await get_text(without, url("PLAIN", "/set_cookie"));
  CHECK(ignored == "set\n");
  const std::string none = co_await get_text(without, url("PLAIN", "/seen"));
  CHECK(none == "authorization= cookie= token=\n");
}

EDDY_TEST_CASE("a compressed body is decoded", "[socket][nginx]") {
  http::ClientSession session;
  const std::string plain = co_await get_text(session, url("PLAIN", "/file/text"));
  CHECK(plain.size() > 180'000);
  auto compressed = co_await session.get(url("PLAIN", "/gzip/text"));
  CHECK(compressed.headers().get("Content-Encoding") == "gzip");
  const std::string decoded = co_await compressed.text();
  CHECK(decoded == plain);

  const auto too_much = co_await error_of<http::BodyTooLarge>(session, url("PLAIN", "/gzip/text"), http::RequestOptions().max_body_size(100'000));
  CHECK(too_much);  // the limit is for what comes out
  http::ClientSession without(http::SessionOptions().compression(false));
  auto as_it_is = co_await without.get(url("PLAIN", "/gzip/text"));
  CHECK(!as_it_is.headers().contains("Content-Encoding"));
  const std::string same = co_await as_it_is.text();
  CHECK(same == plain);
}

EDDY_TEST_CASE("a large body comes whole, in pieces and in lines", "[socket][nginx]") {
  http::ClientSession session(trusting());
  std::string expected;
  for (int i = 0; i < 256; ++i) expected += static_cast<char>(i);
  const std::vector<std::string> places = {url("PLAIN", "/file/large"), tls_url("TLS", "/file/large")};
  for (const std::string& place : places) {
    auto response = co_await session.get(place);
    CHECK(response.content_length() == 10'240'000U);
    std::size_t size = 0;
    bool right = true;
    auto chunks = response.chunks();
    while (auto chunk = co_await chunks.next()) {
      for (const char c : *chunk) right = right && c == expected[size++ % 256];
    }
    CHECK(size == 10'240'000);
    CHECK(right);
  }
  auto text = co_await session.get(url("PLAIN", "/gzip/text"));
  auto lines = text.lines();
  int count = 0;
  while (auto line = co_await lines.next()) {
    if (*line != "line " + std::to_string(count++) + " of a text") FAIL("line " << count << ": " << *line);
  }
  CHECK(count == 10'000);
}

EDDY_TEST_CASE("a slow server is cut by the total time", "[socket][nginx]") {
  http::ClientSession session;
  const auto phase = co_await timeout_of(session, url("PLAIN", "/slow/text"), http::RequestOptions().timeout(300ms));
  CHECK(phase == http::TimeoutPhase::total);
  const std::string text = co_await get_text(session, url("PLAIN", "/hello"));
  CHECK(text == "hello\n");
  CHECK(session.statistics().connections_opened == 2);  // the half-used one was not used again
}

EDDY_TEST_CASE("an answer that is cut off behind a proxy is a lost connection with either version", "[socket][nginx]") {
  http::ClientSession session(trusting());
  const std::vector<std::string> places = {
      url("PLAIN", "/backend/cut/close/60/length"), tls_url("TLS1", "/backend/cut/close/60/length"),
      tls_url("TLS", "/backend/cut/close/60/length"), tls_url("TLS", "/backend/cut/close/60/chunked")};
  for (const std::string& place : places) {
    INFO(place);
    const auto error = co_await error_of<http::ConnectionError>(session, place);
    CHECK(error);
  }
  const std::string text = co_await get_text(session, tls_url("TLS", "/hello"));
  CHECK(text == "hello\n");
}

EDDY_TEST_CASE("a body without an end is cut with either version", "[socket][nginx]") {
  http::ClientSession session(trusting().max_body_size(1'000'000));
  for (const char* server : {"TLS1", "TLS"}) {
    const auto error = co_await error_of<http::BodyTooLarge>(session, tls_url(server, "/backend/endless_body"));
    CHECK(error);
  }
  const std::string text = co_await get_text(session, tls_url("TLS", "/hello"));
  CHECK(text == "hello\n");
}

EDDY_TEST_CASE("a status is no error unless it is asked to be", "[socket][nginx]") {
  http::ClientSession session;
  for (const int status : {404, 429, 503}) {
    auto response = co_await session.get(url("PLAIN", "/" + std::to_string(status)));
    CHECK(response.status() == status);
    CHECK(!response.ok());
    std::optional<http::StatusError> error;
    try {
      response.raise_for_status();
    } catch (const http::StatusError& thrown) {
      error = thrown;
    }
    REQUIRE(error);
    CHECK(error->status() == status);
    CHECK(error->url() == url("PLAIN", "/" + std::to_string(status)));
    const auto thrown = co_await error_of<http::StatusError>(session, url("PLAIN", "/" + std::to_string(status)),
                                                             http::RequestOptions().raise_for_status());
    REQUIRE(thrown);
    CHECK(thrown->status() == status);
  }
  CHECK(session.statistics().connections_opened == 1);
}

EDDY_TEST_CASE("Retry-After is waited for", "[socket][nginx]") {
  http::ClientSession session;
  const auto start = test::now();
  auto limited = co_await session.get(url("PLAIN", "/429"), http::RequestOptions().retry({.max_attempts = 2, .delay = 1ms}));
  CHECK(limited.status() == 429);
  CHECK(test::now() - start >= 1s);
  auto overloaded = co_await session.get(url("PLAIN", "/503"), http::RequestOptions().retry({.max_attempts = 3, .delay = 1ms}));
  CHECK(overloaded.status() == 503);
  CHECK(overloaded.headers().get("X-Request") == "5");
}

EDDY_TEST_CASE("an upload goes through a proxy with either version", "[socket][nginx]") {
  const std::string million_letters = "1000000 bytes\ncdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0\n";
  http::ClientSession session(trusting());
  for (const char* server : {"TLS1", "TLS"}) {
    auto response = co_await session.post(tls_url(server, "/backend/echo"), http::RequestOptions().body(std::string(1'000'000, 'a')));
    const std::string text = co_await response.text();
    CHECK(text.find(million_letters) != std::string::npos);
  }
}
