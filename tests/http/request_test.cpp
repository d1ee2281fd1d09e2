// What a request does: redirects and what they must not carry along, retries, and the options.
//
// SPDX-License-Identifier: MIT
#include <eddy/http.hpp>

#include "support/http_server.hpp"
#include "support/run.hpp"

#include <ctime>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace test;
namespace http = eddy::http;

namespace {

// Redirects to what the query says; tells its header otherwise.
eddy::Task<bool> redirect(HttpExchange& exchange) {
  const std::size_t query = exchange.target.find('?');
  if (query != std::string::npos && exchange.target.size() > query + 4) {
    const int status = std::stoi(exchange.target.substr(query + 1, 3));
    std::string to = exchange.target.substr(query + 4);
    co_await exchange.reply(status, "over there",
                            "Location: " + to + "\r\nSet-Cookie: seen=" + std::to_string(status) + "\r\n");
    co_return true;
  }
  std::string text = exchange.method + " " + exchange.target + " " + exchange.body;
  for (const char* name : {"authorization", "cookie", "x-own", "content-type"}) text += "|" + exchange.header(name);
  co_await exchange.reply(200, text);
  co_return true;
}

eddy::Task<std::string> text_of(eddy::Task<http::Response> request) {
  auto response = co_await std::move(request);
  auto text = co_await response.text();
  co_return text;
}

// Fails as often as it is told, then succeeds.
struct Failing {
  int failures;
  int status;
  std::string fields;
  std::vector<eddy::TimePoint> times;
};

}  // namespace

EDDY_TEST_CASE("redirects are followed, and turn methods as browsers do", "[socket]") {
  auto server = co_await HttpServer::start(&redirect);
  http::ClientSession session(http::SessionOptions().cookies(false));
  std::vector<std::string> texts;
  const auto body = http::RequestOptions().body("B", "t/x");
  texts.push_back(co_await text_of(session.get(server.url("/?302/a"))));
  texts.push_back(co_await text_of(session.post(server.url("/?301/a"), body)));
  texts.push_back(co_await text_of(session.post(server.url("/?303/a"), body)));
  texts.push_back(co_await text_of(session.put(server.url("/?303/a"), body)));
  texts.push_back(co_await text_of(session.put(server.url("/?302/a"), body)));
  texts.push_back(co_await text_of(session.post(server.url("/?307/a"), body)));
  texts.push_back(co_await text_of(session.post(server.url("/?308/a"), body)));
  CHECK(texts == std::vector<std::string>{"GET /a ||||", "GET /a ||||", "GET /a ||||", "GET /a ||||", "PUT /a B||||t/x",
                                          "POST /a B||||t/x", "POST /a B||||t/x"});
  auto response = co_await session.get(server.url("/x/?302../b%20c"));
  CHECK(response.url() == server.url("/b%20c"));
  CHECK(response.redirects() == 1);
  CHECK(response.status() == 200);
  CHECK(server.connections() == 1);  // bodies of redirects are read
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("redirects are counted, and can be left alone", "[socket]") {
  const auto circle = [](HttpExchange& exchange) -> eddy::Task<bool> {
    co_await exchange.reply(302, "", "Location: " + exchange.target + "x\r\n");
    co_return true;
  };
  auto server = co_await HttpServer::start(circle);
  http::ClientSession session(http::SessionOptions().max_redirects(3));
  try {
    auto response = co_await session.get(server.url());
    CHECK(false);
  } catch (const http::TooManyRedirects& error) {
    CHECK(std::string(error.what()).find("more than 3 times") != std::string::npos);
  }
  CHECK(server.asked().size() == 4);
  auto response = co_await session.get(server.url(), http::RequestOptions().max_redirects(0));
  CHECK(response.status() == 302);
  CHECK(response.headers().get("location") == "/x");
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a redirect to another scheme is refused", "[socket]") {
  auto server = co_await HttpServer::start(&redirect);
  http::ClientSession session;
  int refused = 0;
  for (const char* to : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/", "data:,x", "javascript:x"}) {
    try {
      auto response = co_await session.get(server.url("/?302" + std::string(to)));
    } catch (const http::InvalidUrl&) {
      ++refused;
    }
  }
  CHECK(refused == 5);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("credentials and cookies are not carried to another host", "[socket]") {
  auto server = co_await HttpServer::start(&redirect);
  auto other = co_await HttpServer::start(&redirect);
  http::ClientSession session(http::SessionOptions().header("X-Own", "o").header("Authorization", "session"));
  const auto secret =
      http::RequestOptions().header("Authorization", "secret").header("Cookie", "own=1").cookie("c", "2");
  std::vector<std::string> texts;
  texts.push_back(co_await text_of(session.get(server.url("/"), secret)));
  texts.push_back(co_await text_of(session.get(server.url("/?302/a"), secret)));                  // the same
  texts.push_back(co_await text_of(session.get(server.url("/?302" + other.url("/a")), secret)));  // another port
  texts.push_back(co_await text_of(session.get(server.url("/?302" + other.url("/a")))));          // the session's own
  texts.push_back(co_await text_of(session.get(server.url("/?302" + server.url("/a", "localhost")), secret)));
  const std::string back = other.url("/?302" + server.url("/a"));
  texts.push_back(co_await text_of(session.get(server.url("/?302" + back), secret)));  // there and back
  std::string with_user = server.url("/");
  with_user.insert(7, "user:pass@");
  texts.push_back(co_await text_of(session.get(with_user)));
  texts.push_back(co_await text_of(session.get(server.url(), http::RequestOptions().basic_auth("user", "pass"))));
  texts.push_back(co_await text_of(session.get(server.url(), http::RequestOptions().bearer_auth("token"))));
  CHECK(texts[0] == "GET / |secret|own=1; c=2|o|");
  const auto two = http::RequestOptions().header("Cookie", "a=1").add_header("Cookie", "b=2").cookie("c", "3");
  http::ClientSession plain;
  const std::string all_cookies = co_await text_of(plain.get(server.url("/"), two));
  CHECK(all_cookies == "GET / ||a=1; b=2; c=3||");
  plain.close();
  CHECK(texts[1].starts_with("GET /a |secret|"));
  CHECK(texts[2].find("secret") == std::string::npos);
  CHECK(texts[2].find("own=1") == std::string::npos);
  CHECK(texts[2].find("c=2") == std::string::npos);
  CHECK(texts[2].ends_with("|o|"));
  CHECK(texts[3].starts_with("GET /a ||"));
  CHECK(texts[4] == "GET /a |||o|");  // nor what the other host had set
  CHECK(texts[5].find("secret") == std::string::npos);
  CHECK(texts[5].find("own=1") == std::string::npos);
  CHECK(texts[6].starts_with("GET / |Basic dXNlcjpwYXNz|"));
  CHECK(texts[7].starts_with("GET / |Basic dXNlcjpwYXNz|"));
  CHECK(texts[8].starts_with("GET / |Bearer token|"));
  session.close();
  co_await server.close();
  co_await other.close();
}

EDDY_TEST_CASE("cookies that a server sets come back to it, unless the session keeps none", "[socket]") {
  auto server = co_await HttpServer::start(&redirect);
  http::ClientSession keeps;
  http::ClientSession forgets(http::SessionOptions().cookies(false));
  std::vector<std::string> texts;
  for (http::ClientSession* session : {&keeps, &forgets}) {
    texts.push_back(co_await text_of(session->get(server.url("/?302/a"))));
    texts.push_back(co_await text_of(session->get(server.url("/b"), http::RequestOptions().cookie("c", "d"))));
  }
  CHECK(texts ==
        std::vector<std::string>{"GET /a ||seen=302||", "GET /b ||seen=302; c=d||", "GET /a ||||", "GET /b ||c=d||"});
  keeps.close();
  forgets.close();
  co_await server.close();
}

EDDY_TEST_CASE("the options of a request take the place of the session's", "[socket]") {
  std::string fields;
  const auto tell = [&](HttpExchange& exchange) -> eddy::Task<bool> {
    fields = exchange.target + " " + exchange.body;
    for (const char* name : {"user-agent", "x-a", "x-b", "accept", "content-type", "expect"})
      fields += "|" + exchange.header(name);
    co_await exchange.reply(200, "");
    co_return true;
  };
  auto server = co_await HttpServer::start(tell);
  http::ClientSession session(
      http::SessionOptions().base_url(server.url("/base/")).user_agent("me").header("X-A", "1").header("X-B", "2"));
  std::vector<std::string> seen;
  const auto ask = [&](std::string method, http::RequestOptions options) -> eddy::Task<> {
    auto response = co_await session.request(std::move(method), "x?q=1", std::move(options));
    seen.push_back(fields);
  };
  co_await ask("GET", {});
  co_await ask("GET",
               http::RequestOptions().query("a b", "c").header("x-a", "9").header("X-B", "").header("Accept", "j"));
  co_await ask("POST", http::RequestOptions().form("a", "b c").form("d", "&"));
  co_await ask("POST", http::RequestOptions().json("{}"));
  co_await ask("POST", http::RequestOptions().body("x").header("Content-Type", "own/type"));
  co_await ask("GET", {});
  CHECK(seen[0] == "/base/x?q=1 |me|1|2|*/*||");
  CHECK(seen[1] == "/base/x?q=1&a%20b=c |me|9||j||");
  CHECK(seen[2] == "/base/x?q=1 a=b%20c&d=%26|me|1|2|*/*|application/x-www-form-urlencoded|");
  CHECK(seen[3] == "/base/x?q=1 {}|me|1|2|*/*|application/json|");
  CHECK(seen[4] == "/base/x?q=1 x|me|1|2|*/*|own/type|");
  CHECK(seen[5] == seen[0]);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("what could be read as a second request is refused before anything is sent", "[socket]") {
  auto server = co_await HttpServer::start(&redirect);
  http::ClientSession session;
  int refused = 0;
  const auto count = [&](eddy::Task<http::Response> request) -> eddy::Task<> {
    try {
      auto response = co_await std::move(request);
    } catch (const std::invalid_argument&) {
      ++refused;
    }
  };
  co_await count(session.request("GET\r\nX:y", server.url()));
  co_await count(session.request("G T", server.url()));
  co_await count(session.request("", server.url()));
  co_await count(session.get(server.url("/\r\nX: y")));
  co_await count(session.get(server.url("/") + std::string(1, '\0')));
  co_await count(session.get(server.url(), http::RequestOptions().header("Content-Length", "5")));
  co_await count(session.get(server.url(), http::RequestOptions().header("transfer-encoding", "chunked")));
  CHECK(refused == 7);
  CHECK_THROWS_AS(http::RequestOptions().header("A", "b\r\nC: d"), std::invalid_argument);
  CHECK_THROWS_AS(http::RequestOptions().add_header("A:", "b"), std::invalid_argument);
  CHECK_THROWS_AS(http::RequestOptions().cookie("a", "b; c=d"), std::invalid_argument);
  CHECK_THROWS_AS(http::RequestOptions().bearer_auth("a\nb"), std::invalid_argument);
  CHECK_THROWS_AS(http::RequestOptions().body("", "a\r\nb"), std::invalid_argument);
  CHECK_THROWS_AS(http::SessionOptions().user_agent("a\r\nb"), std::invalid_argument);
  CHECK_THROWS_AS(http::SessionOptions().header("A", "\n"), std::invalid_argument);
  CHECK_THROWS_AS(http::ClientSession(http::SessionOptions().header("Content-Length", "1")), std::invalid_argument);
  CHECK_THROWS_AS(http::ClientSession(http::SessionOptions().base_url("ftp://a/")), http::InvalidUrl);
  CHECK(server.asked().empty());
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("what is wrong with a request is said in a sentence", "") {
  const std::string name = "eddy: the name of a header field has letters, digits and some signs in it, no blanks, colons or line ends";
  CHECK_THROWS_WITH(http::RequestOptions().add_header("A:", "b"), name);
  CHECK_THROWS_WITH(http::Headers().add("a b", "c"), name);
  CHECK_THROWS_WITH(http::RequestOptions().header("A", "b\r\nC: d"), "eddy: the value of the header field A has a CR, LF or NUL in it");
  CHECK_THROWS_WITH(http::RequestOptions().cookie("a", "b; c=d"),
                    "eddy: a cookie's name is a token of HTTP's, and its value has no blanks, commas, semicolons or line ends");
  CHECK_THROWS_WITH(http::RequestOptions().basic_auth("a:b", "c"), "eddy: a user's name has no colon in it (Basic authentication)");
  CHECK_THROWS_WITH(http::FormData().data("a", "b", "c", "x\r\ny"),
                    "eddy: a part of a form has a NUL in its name, or a line end in its content type");
  CHECK_THROWS_WITH(http::ClientSession(http::SessionOptions().header("Content-Length", "1")),
                    "eddy: Content-Length and Transfer-Encoding follow from the body: give body_stream its size instead");
  CHECK_THROWS_WITH(http::ClientSession(http::SessionOptions().ca_file("a\nb")),
                    "eddy: an option of an http::ClientSession has a CR, LF or NUL in it");
  http::ClientSession session;
  std::string method;
  try {
    (void)co_await session.request("GE T", "http://127.0.0.1:9/");
  } catch (const std::invalid_argument& error) {
    method = error.what();
  }
  CHECK(method == "eddy: the method of a request has letters, digits and some signs in it, no blanks or line ends");
  std::string url;
  try {
    (void)co_await session.get("ftp://a/");
  } catch (const http::InvalidUrl& error) {
    url = error.what();
  }
  CHECK(url.find("this is no URL to be asked: ") != std::string::npos);
  session.close();
}

EDDY_TEST_CASE("a request is repeated while the server is not ready, if it may be", "[socket][real]") {
  Failing failing{2, 503, "", {}};
  const auto fail = [&](HttpExchange& exchange) -> eddy::Task<bool> {
    failing.times.push_back(now());
    const bool fails = failing.failures-- > 0;
    std::string fields = fails ? failing.fields : std::string();
    co_await exchange.reply(fails ? failing.status : 200, "t", std::move(fields));
    co_return true;
  };
  auto server = co_await HttpServer::start(fail);
  http::ClientSession session(http::SessionOptions().retry({.max_attempts = 3, .delay = 1ms}));
  auto good = co_await session.get(server.url());
  CHECK(good.status() == 200);
  CHECK(failing.times.size() == 3);

  failing = {5, 429, "", {}};
  auto last = co_await session.get(server.url());
  CHECK(last.status() == 429);
  CHECK(failing.times.size() == 3);
  const auto text = co_await last.text();
  CHECK(text == "t");

  failing = {1, 404, "", {}};
  auto never = co_await session.get(server.url());
  CHECK(never.status() == 404);

  failing = {1, 503, "", {}};
  auto post = co_await session.post(server.url(), http::RequestOptions().body("x"));
  CHECK(post.status() == 503);
  failing = {1, 503, "", {}};
  auto any =
      co_await session.post(server.url(), http::RequestOptions().body("x").retry({.delay = 1ms, .any_method = true}));
  CHECK(any.status() == 200);

  failing = {1, 503, "Retry-After: 1\r\n", {}};
  auto later = co_await session.get(server.url());
  CHECK(later.status() == 200);
  CHECK(failing.times[1] - failing.times[0] >= 1s);

  failing = {1, 503, "Retry-After: 9999\r\n", {}};
  auto too_late = co_await session.get(server.url());
  CHECK(too_late.status() == 503);

  failing = {1, 503, "Retry-After: 20\r\n", {}};  // beyond the timeout
  auto beyond = co_await session.get(server.url(), http::RequestOptions().timeout(1s));
  const http::Retry impatient{.delay = 1ms, .max_retry_after = 0s};
  failing = {1, 503, "Retry-After: 1\r\n", {}};
  auto at_once = co_await session.get(server.url(), http::RequestOptions().retry(impatient));
  CHECK(at_once.status() == 503);
  CHECK(beyond.status() == 503);
  CHECK(server.connections() == 1);

  failing = {1, 503, "", {}};
  try {
    auto response =
        co_await session.get(server.url(), http::RequestOptions().retry({.max_attempts = 1}).raise_for_status());
    CHECK(false);
  } catch (const http::StatusError& error) {
    CHECK(error.status() == 503);
    CHECK(error.body() == "t");
    CHECK(std::string(error.what()) == "eddy: GET " + server.url() + ": status 503 Words: t");
  }
  session.close();
  co_await server.close();
}

TEST_CASE("the last word about the total time counts", "[http]") {
  const auto end_of = [](const http::RequestOptions& options) {
    const auto session = http::SessionOptions().timeout(7s);
    return eddy::detail::HttpOptionsAccess::plan(session, "GET", "http://a/", options, eddy::TimePoint()).end;
  };
  CHECK(end_of(http::RequestOptions()) == eddy::TimePoint(7s));
  CHECK(end_of(http::RequestOptions().timeout(5s)) == eddy::TimePoint(5s));
  CHECK(end_of(http::RequestOptions().timeouts({.total = 9s}).timeout(5s)) == eddy::TimePoint(5s));
  CHECK(end_of(http::RequestOptions().timeout(5s).timeouts({.total = 9s})) == eddy::TimePoint(9s));
  CHECK(end_of(http::RequestOptions().timeout(std::nullopt)) == eddy::TimePoint::max());
}

TEST_CASE("Retry-After is a number of seconds or a date", "[http]") {
  using eddy::detail::retry_after;
  CHECK(retry_after(http::Headers{{"Retry-After", "7"}}) == 7s);
  CHECK(retry_after(http::Headers{{"Retry-After", "-7"}}) == 0s);
  CHECK(retry_after(http::Headers{{"Retry-After", "99999999999999999999999"}}) == eddy::Duration::max());
  CHECK(retry_after(http::Headers{{"Retry-After", "9999999999999999"}}) == eddy::Duration::max());
  CHECK(retry_after(http::Headers{{"Retry-After", "-99999999999999999999999"}}) == 0s);
  CHECK_FALSE(retry_after(http::Headers{{"Retry-After", ""}}));
  CHECK_FALSE(retry_after(http::Headers{{"Retry-After", "99999999999999999999999x"}}));
  CHECK_FALSE(retry_after(http::Headers{}));
  CHECK_FALSE(retry_after(http::Headers{{"Retry-After", "soon"}}));
  CHECK(retry_after(http::Headers{{"Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"}}) == 0s);
  const std::time_t later = std::time(nullptr) + 100;
  std::tm parts{};
  ::gmtime_r(&later, &parts);
  char text[64];
  REQUIRE(std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0);
  const auto wait = retry_after(http::Headers{{"Retry-After", text}});
  REQUIRE(wait);
  CHECK(*wait > 95s);
  CHECK(*wait <= 100s);
}
