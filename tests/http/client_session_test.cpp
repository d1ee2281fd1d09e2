// ClientSession: what is asked and what comes back, whose turn it is, and which connections are used again.
//
// SPDX-License-Identifier: MIT
#include <eddy/http.hpp>

#include "support/http_server.hpp"
#include "support/run.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace test;
namespace http = eddy::http;

namespace {

// Says what it was asked.
eddy::Task<bool> echo(HttpExchange& exchange) {
  const std::string text = exchange.method + " " + exchange.target + " " + exchange.body;
  co_await exchange.reply(200, text, "X-Connection: " + std::to_string(exchange.number) + "\r\n");
  co_return true;
}

eddy::Task<std::string> fetch(http::ClientSession& session, std::string url) {
  auto response = co_await session.get(std::move(url));
  response.raise_for_status();
  auto text = co_await response.text();
  co_return text;
}

}  // namespace

EDDY_TEST_CASE("a session gets a response, and its body", "[socket]") {
  auto server = co_await HttpServer::start(&echo);
  {
    http::ClientSession session;
    auto response = co_await session.get(server.url("/a?b=c"));
    CHECK(response.status() == 200);
    CHECK(response.ok());
    CHECK(response.reason() == "Words");
    CHECK(response.version() == 11);
    CHECK(response.method() == "GET");
    CHECK(response.url() == server.url("/a?b=c"));
    CHECK(response.redirects() == 0);
    CHECK_FALSE(response.reused());
    CHECK(response.headers().get("x-connection") == "1");
    CHECK(response.content_length() == std::uint64_t{11});
    const auto text = co_await response.text();
    CHECK(text == "GET /a?b=c ");
    const http::Timings timings = response.timings();
    CHECK(timings.total > eddy::Duration::zero());
    CHECK(timings.first_byte <= timings.total);
    const auto again = co_await session.get(server.url("/x"));
    CHECK(again.reused());
    const http::SessionStatistics statistics = session.statistics();
    CHECK(statistics.connections_opened == 1);
    CHECK(statistics.connections == 1);
    CHECK(statistics.requests == 2);
  }
  CHECK(server.connections() == 1);
  co_await server.close();
}

EDDY_TEST_CASE("each method sends itself and its body", "[socket]") {
  auto server = co_await HttpServer::start(&echo);
  http::ClientSession session;
  const auto body = [] { return http::RequestOptions().body("the body", "text/plain"); };
  const auto url = server.url("/");
  std::vector<std::string> texts;
  auto post = co_await session.post(url, body());
  texts.push_back(co_await post.text());
  auto put = co_await session.put(url, body());
  texts.push_back(co_await put.text());
  auto patch = co_await session.patch(url, body());
  texts.push_back(co_await patch.text());
  auto removed = co_await session.delete_(url);
  texts.push_back(co_await removed.text());
  auto own = co_await session.request("PROPFIND", url, body());
  texts.push_back(co_await own.text());
  auto empty = co_await session.post(url);
  texts.push_back(co_await empty.text());
  auto plain = co_await session.get(url);
  texts.push_back(co_await plain.text());
  CHECK(texts == std::vector<std::string>{"POST / the body", "PUT / the body", "PATCH / the body", "DELETE / ",
                                          "PROPFIND / the body", "POST / ", "GET / "});
  auto head = co_await session.head(url);
  CHECK(head.status() == 200);
  CHECK(head.content_length() == std::uint64_t{7});
  const auto nothing = co_await head.text();
  CHECK(nothing.empty());
  CHECK(server.connections() == 1);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a limit per host is the number of connections, and the others wait their turn", "[socket]") {
  auto server = co_await HttpServer::start(&echo);
  http::ClientSession session(http::SessionOptions().limit_per_host(3));
  std::vector<eddy::Task<std::string>> tasks;
  for (int i = 0; i < 30; ++i) tasks.push_back(fetch(session, server.url("/" + std::to_string(i))));
  const auto texts = co_await eddy::gather(std::move(tasks));
  for (std::size_t i = 0; i < texts.size(); ++i) CHECK(texts[i] == "GET /" + std::to_string(i) + " ");
  CHECK(server.connections() == 3);
  CHECK(session.statistics().connections_opened == 3);
  CHECK(session.statistics().active == 0);
  CHECK(session.statistics().waiting == 0);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a request that is answered late does not hold back others to the same host", "[socket]") {
  eddy::Event others_are_answered;
  const auto answer = [&](HttpExchange& exchange) -> eddy::Task<bool> {
    if (exchange.target == "/late") co_await others_are_answered.wait();
    co_await exchange.reply(200, exchange.target);
    co_return true;
  };
  auto server = co_await HttpServer::start(answer);
  http::ClientSession session(http::SessionOptions().timeout(10s));
  auto late = eddy::create_task(fetch(session, server.url("/late")));
  while (server.asked().empty()) co_await eddy::sleep(1ms);
  const auto others = co_await eddy::gather(fetch(session, server.url("/1")), fetch(session, server.url("/2")));
  CHECK(std::get<0>(others) == "/1");
  CHECK(std::get<1>(others) == "/2");
  others_are_answered.set();
  const auto text = co_await late;
  CHECK(text == "/late");
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a session sends few fields of its own, and fewer if it is told so", "[socket]") {
  std::string fields;
  const auto tell = [&](HttpExchange& exchange) -> eddy::Task<bool> {
    fields =
        exchange.header("accept-encoding") + "|" + exchange.header("connection") + "|" + exchange.header("user-agent");
    co_await exchange.reply(200, "");
    co_return true;
  };
  auto server = co_await HttpServer::start(tell);
  {
    http::ClientSession session;
    const auto response = co_await session.get(server.url());
    CHECK(fields.starts_with("deflate, gzip"));
    CHECK(fields.ends_with("||eddy"));
  }
  {
    http::ClientSession session(
        http::SessionOptions().version(http::Version::http_1_1).compression(false).user_agent("").trust_env());
    const auto response = co_await session.get(server.url());
    CHECK(fields == "||");
  }
  co_await server.close();
}

EDDY_TEST_CASE("a proxy is asked for whole URLs, a name is found where the session says", "[socket]") {
  auto server = co_await HttpServer::start(&echo);
  const std::string port = std::to_string(server.port());
  http::ClientSession through(http::SessionOptions().proxy("http://127.0.0.1:" + port));
  const auto proxied = co_await fetch(through, "http://somewhere.invalid/x");
  CHECK(proxied == "GET http://somewhere.invalid/x ");
  http::ClientSession direct(http::SessionOptions().resolve("somewhere.invalid", server.port(), "127.0.0.1"));
  const auto found = co_await fetch(direct, "http://somewhere.invalid:" + port + "/x");
  CHECK(found == "GET /x ");
  through.close();
  direct.close();
  co_await server.close();
}

EDDY_TEST_CASE("HTTP/2 without TLS is not spoken to a server that does not know it", "[socket]") {
  auto server = co_await HttpServer::start(&echo);
  http::ClientSession session(http::SessionOptions().version(http::Version::http_2_cleartext).timeouts({.total = 2s}));
  bool failed = false;
  try {
    auto response = co_await session.get(server.url());
  } catch (const http::ClientError&) {
    failed = true;
  }
  CHECK(failed);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("files of certificates that are not there are a TLS error", "[socket]") {
  auto server = co_await HttpServer::start(&echo);
  const auto try_with = [&](http::SessionOptions options) -> eddy::Task<bool> {
    http::ClientSession session(std::move(options));
    try {
      auto response = co_await session.get("https://127.0.0.1:" + std::to_string(server.port()) + "/");
    } catch (const http::TlsError&) {
      co_return true;
    }
    co_return false;
  };
  const bool no_authorities = co_await try_with(http::SessionOptions().ca_file("/nowhere/ca.pem"));
  const bool no_certificate =
      co_await try_with(http::SessionOptions().client_certificate("/nowhere/a.pem", "/nowhere/b.pem"));
  CHECK(no_authorities);
  CHECK(no_certificate);
  co_await server.close();
}
