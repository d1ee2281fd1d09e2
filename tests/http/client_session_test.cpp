// ClientSession: what is asked and what comes back, whose turn it is, and which connections are used again.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include "support/http_server.hpp"

#include <eddy/http.hpp>

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
    const auto timings = response.timings();
    CHECK(timings.total > eddy::Duration::zero());
    CHECK(timings.first_byte <= timings.total);
    const auto again = co_await session.get(server.url("/x"));
    CHECK(again.reused());
    CHECK(session.statistics().connections_opened == 1);
    CHECK(session.statistics().connections == 1);
    CHECK(session.statistics().requests == 2);
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
