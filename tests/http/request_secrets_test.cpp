// What a request must not tell, or tell the wrong one: credentials, cookies, proxies, and what errors show of them.
//
// SPDX-License-Identifier: MIT
#include <eddy/http.hpp>

#include "support/http_server.hpp"
#include "support/run.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace test;
namespace http = eddy::http;

namespace {

// Sets a cookie if the query says one, and tells the credentials that it sees.
eddy::Task<bool> tell(HttpExchange& exchange) {
  const std::size_t query = exchange.target.find('?');
  std::string fields;
  if (query != std::string::npos) fields = "Set-Cookie: " + exchange.target.substr(query + 1) + "\r\n";
  std::string text = exchange.target + "|" + exchange.header("authorization");
  for (const std::string_view cookie : exchange.headers.get_all("cookie")) text += "|" + std::string(cookie);
  co_await exchange.reply(200, std::move(text), std::move(fields));
  co_return true;
}
eddy::Task<std::string> told(http::ClientSession& session, std::string url, http::RequestOptions options = {}) {
  auto response = co_await session.get(std::move(url), std::move(options));
  auto text = co_await response.text();
  co_return text;
}
// What the error of a request says.
eddy::Task<std::string> complaint(http::SessionOptions options, std::string url) {
  try {
    http::ClientSession session(std::move(options));
    auto response = co_await session.get(std::move(url));
  } catch (const std::exception& error) {
    co_return error.what();
  }
  co_return "none";
}

// An environment variable, for as long as this lives.
class Variable {
public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }

private:
  const char* name_;
};

}  // namespace

EDDY_TEST_CASE("what a proxy's error says has no credentials in it", "[socket]") {
  const std::vector<std::string> proxies = {"ftp://user:secret@127.0.0.1:1/", "nonsense://user:secret@h",
                                            "http://user:sec ret@h", "http://user:secret@h:port/",
                                            "http://user:secret@"};
  for (const std::string& proxy : proxies) {
    INFO(proxy);
    CHECK_THROWS_AS(http::ClientSession(http::SessionOptions().proxy(proxy)), http::InvalidUrl);
    const auto text = co_await complaint(http::SessionOptions().proxy(proxy), "http://127.0.0.1:1/");
    CHECK(text.find("sec") == std::string::npos);
    CHECK(text.find("user") == std::string::npos);
    const Variable variable("http_proxy", proxy.c_str());
    const auto of_environment = co_await complaint(http::SessionOptions().trust_env(), "http://127.0.0.1:1/");
    CHECK(of_environment.find("sec") == std::string::npos);
    CHECK(of_environment != "none");
  }
  const auto refused =
      co_await complaint(http::SessionOptions().proxy("http://user:secret@127.0.0.1:1"), "http://a.invalid/");
  CHECK(refused.find("secret") == std::string::npos);
  for (const char* proxy : {"127.0.0.1:8080", "http://h", "socks5h://u:p@h:1080", "https://h:443"})
    CHECK_NOTHROW(http::ClientSession(http::SessionOptions().proxy(proxy)));
}

EDDY_TEST_CASE("the environment does not lead around a proxy unless it is trusted", "[socket]") {
  auto server = co_await HttpServer::start(&tell);
  const std::string proxy = "http://127.0.0.1:" + std::to_string(server.port());
  const Variable variable("NO_PROXY", "*");
  http::ClientSession session(http::SessionOptions().proxy(proxy));
  const auto text = co_await told(session, "http://127.0.0.1:1/");
  CHECK(text == "http://127.0.0.1:1/|");
  const auto around = co_await complaint(http::SessionOptions().trust_env().proxy(proxy), "http://127.0.0.1:1/");
  CHECK(around.find("refused") != std::string::npos);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a proxy that is to lead to TLS sees no credentials of the server's", "[socket]") {
  std::string seen;
  const auto refuse = [&](HttpExchange& exchange) -> eddy::Task<bool> {
    seen = exchange.method + " " + exchange.target;
    for (const char* name : {"authorization", "cookie", "x-own", "proxy-authorization"})
      seen += "|" + exchange.header(name);
    co_await exchange.reply(403, "");
    co_return false;
  };
  auto server = co_await HttpServer::start(refuse);
  http::ClientSession session(
      http::SessionOptions().proxy("http://u:p@127.0.0.1:" + std::to_string(server.port())).header("X-Own", "o"));
  const auto mine = http::RequestOptions().basic_auth("me", "secret").cookie("c", "secret");
  bool refused = false;
  try {
    auto response = co_await session.get("https://somewhere.invalid/x", mine);
  } catch (const http::ConnectionError& error) {
    refused = std::string(error.what()).find("403") != std::string::npos;
  }
  CHECK(refused);
  CHECK(seen == "CONNECT somewhere.invalid:443||||Basic dTpw");
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a cookie goes to the hosts that it may be for, and to no others", "[socket]") {
  auto server = co_await HttpServer::start(&tell);
  const std::string port = std::to_string(server.port());
  http::SessionOptions options;
  for (const char* host : {"shop.example.co.uk", "www.example.co.uk", "other.co.uk", "127.0.0.2"})
    options.resolve(host, server.port(), "127.0.0.1");
  http::ClientSession session(options);
  const std::string shop = "http://shop.example.co.uk:" + port;
  for (const char* cookie : {"suffix=1;Domain=co.uk", "ours=2;Domain=example.co.uk", "theirs=3;Domain=other.co.uk",
                             "own=4", "secure=5;Secure"}) {
    const auto answer = co_await told(session, shop + "/?" + cookie);
  }
  const auto numbers = co_await told(session, "http://127.0.0.1:" + port + "/?net=6;Domain=0.0.1");
  const auto address = co_await told(session, "http://127.0.0.1:" + port + "/?address=7");
  const auto at_shop = co_await told(session, shop + "/");
  CHECK(at_shop.find("ours=2") != std::string::npos);
  CHECK(at_shop.find("own=4") != std::string::npos);
  CHECK(at_shop.size() == std::string("/||ours=2; own=4").size());
  const auto beside = co_await told(session, "http://www.example.co.uk:" + port + "/");
  CHECK(beside == "/||ours=2");
  const auto other = co_await told(session, "http://other.co.uk:" + port + "/");
  CHECK(other == "/|");
  const auto by_number = co_await told(session, "http://127.0.0.1:" + port + "/");
  CHECK(by_number == "/||address=7");
  const auto next_number = co_await told(session, "http://127.0.0.2:" + port + "/");
  CHECK(next_number == "/|");
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a cookie of a request stands beside a field Cookie", "[socket]") {
  auto server = co_await HttpServer::start(&tell);
  http::ClientSession session(http::SessionOptions().cookies(false).header("Cookie", "a=1"));
  const auto both = co_await told(session, server.url(), http::RequestOptions().cookie("b", "2").cookie("c", "3"));
  CHECK(both == "/||a=1; b=2; c=3");
  const auto own =
      co_await told(session, server.url(), http::RequestOptions().header("cookie", "d=4").cookie("b", "2"));
  CHECK(own == "/||d=4; b=2");
  const auto none = co_await told(session, server.url(), http::RequestOptions().header("Cookie", "").cookie("b", "2"));
  CHECK(none == "/||b=2");
  const auto plain = co_await told(session, server.url());
  CHECK(plain == "/||a=1");
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("credentials of a URL are sent as they are meant, or refused", "[socket]") {
  auto server = co_await HttpServer::start(&tell);
  http::ClientSession session;
  const auto with = [&](std::string credentials) {
    std::string url = server.url();
    url.insert(7, credentials + "@");
    return told(session, std::move(url));
  };
  const auto encoded = co_await with("u%40x:p%3A");
  CHECK(encoded == "/|Basic dUB4OnA6");
  const auto user = co_await with("u");
  CHECK(user == "/|Basic dTo=");
  int refused = 0;
  for (const char* credentials : {"u%00:p", "u:p%0d%0aX:y", "u:p%01"}) {
    try {
      const auto text = co_await with(credentials);
    } catch (const http::InvalidUrl& error) {
      ++refused;
      CHECK(std::string(error.what()).find("u%") == std::string::npos);
      CHECK(std::string(error.what()).find("p%") == std::string::npos);
    }
  }
  CHECK(refused == 3);
  session.close();
  co_await server.close();
}

TEST_CASE("addresses that the session names are looked at", "[http]") {
  const auto at = [](const std::string& host, const std::string& address) {
    http::SessionOptions().resolve(host, 80, address);
  };
  CHECK_NOTHROW(at("example.com", "127.0.0.1"));
  CHECK_NOTHROW(at("example.com", "::1"));
  CHECK_NOTHROW(at("example.com", "[::1]"));
  for (const std::string& host : {std::string(), std::string("a b"), std::string("a:80"), std::string("a\0b", 3),
                                  std::string("-a"), std::string("+a"), std::string("a\r\n"), std::string("*")}) {
    CHECK_THROWS_AS(at(host, "127.0.0.1"), std::invalid_argument);
  }
  for (const std::string& address : {std::string(), std::string("localhost"), std::string("1.2.3"), std::string("[::1"),
                                     std::string("127.0.0.1\0", 10), std::string("127.0.0.1,127.0.0.2")}) {
    CHECK_THROWS_AS(at("a", address), std::invalid_argument);
  }
}

EDDY_TEST_CASE("an empty or broken name of a file is refused before anything is sent", "[socket]") {
  CHECK_THROWS_AS(http::FormData().file("f", ""), std::invalid_argument);
  CHECK_THROWS_AS(http::FormData().file("f", std::string("/tmp/a\0b", 8)), std::invalid_argument);
  CHECK_THROWS_AS(http::RequestOptions().body_file(""), std::invalid_argument);
  CHECK_THROWS_AS(http::RequestOptions().body_file(std::string("/tmp/a\0b", 8)), std::invalid_argument);
  const auto body = [](http::FormData form) { return http::RequestOptions().multipart(std::move(form)); };
  CHECK_NOTHROW(body(http::FormData().field("", "").data("", "", "")));
  http::ClientSession session;
  bool refused = false;
  try {
    auto response = co_await session.head("http://127.0.0.1:1/", http::RequestOptions().body("x"));
  } catch (const std::invalid_argument& error) {
    refused = std::string(error.what()).find("HEAD") != std::string::npos;
  }
  CHECK(refused);
}

EDDY_TEST_CASE("a request without a body has no type of it", "[socket]") {
  std::vector<std::string> fields;
  const auto look = [&](HttpExchange& exchange) -> eddy::Task<bool> {
    fields.push_back(exchange.header("content-type") + "|" + exchange.header("content-length") + "|" +
                     exchange.header("expect"));
    co_await exchange.reply(200, "");
    co_return true;
  };
  auto server = co_await HttpServer::start(look);
  http::ClientSession session;
  const auto post = co_await session.post(server.url());
  const auto put = co_await session.put(server.url());
  const auto patch = co_await session.patch(server.url(), http::RequestOptions().header("Content-Type", "own/type"));
  const auto get = co_await session.get(server.url());
  CHECK(fields == std::vector<std::string>{"|0|", "|0|", "own/type|0|", "||"});
  session.close();
  co_await server.close();
}
