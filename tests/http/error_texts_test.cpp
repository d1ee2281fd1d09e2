// What the errors of http/ say, as far as the tests of their headers look at them by type: a table of calls and sentences.
//
// SPDX-License-Identifier: MIT
#include <eddy/http.hpp>
#include <eddy/http/curl_error.hpp>

#include "support/http_server.hpp"
#include "support/run.hpp"
#include "support/system_faults.hpp"
#include "support/thrown_text.hpp"

#include <curl/curl.h>
#include <dlfcn.h>

#include <cerrno>
#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace test;
namespace http = eddy::http;

namespace {

thread_local bool refuses_requests = false;

}  // namespace

// Before libcurl's own, which it calls unless it is to fail.
extern "C" CURLMcode curl_multi_add_handle(CURLM* multi, CURL* easy) {
  static auto* const next = reinterpret_cast<decltype(&::curl_multi_add_handle)>(::dlsym(RTLD_NEXT, "curl_multi_add_handle"));
  return refuses_requests ? CURLM_INTERNAL_ERROR : next(multi, easy);
}

namespace {

std::string text_of(const std::exception_ptr& error) {
  return thrown_text_of([&] { std::rethrow_exception(error); });
}
eddy::Task<std::string> get_text(http::ClientSession& session, std::string url, http::RequestOptions options = {}) {
  auto response = co_await session.get(std::move(url), std::move(options));
  co_return co_await response.text();
}
// Sends this and nothing else; keeps the connection for a while if it is to.
HttpServer::Answer says(std::string text, bool waits = false) {
  return [text = std::move(text), waits](HttpExchange& exchange) -> eddy::Task<bool> {
    co_await exchange.stream.write(text);
    if (waits) co_await eddy::sleep(1h);
    co_return false;
  };
}
std::string system_text(const std::string& what, int error) {
  return what + ": " + std::generic_category().message(error);
}

}  // namespace

TEST_CASE("the errors of requests that are made by hand say what was asked", "[http]") {
  const std::string asked = "eddy: GET http://a/: ";
  CHECK(http::TooManyRedirects("GET", "http://a/", 3).what() == asked + "redirected more than 3 times");
  CHECK(http::BodyTooLarge("GET", "http://a/", 9).what() ==
        asked + "the body is longer than 9 bytes: read it in chunks(), or set max_body_size");
  CHECK(std::string(http::SessionClosed().what()) == "eddy: this http::ClientSession was closed");
}

TEST_CASE("what libcurl cannot do at all is said in a sentence", "[http]") {
  CHECK(thrown_text_of([] { eddy::detail::check_initialised(CURLE_FAILED_INIT); }) ==
        std::string("eddy: libcurl cannot be initialised: ") + curl_easy_strerror(CURLE_FAILED_INIT));
  eddy::detail::initialise_curl();
  CURL* const handle = curl_easy_init();
  const auto unknown = static_cast<CURLoption>(9'999);
  CHECK(thrown_text_of([&] { eddy::detail::set_curl_option(handle, unknown, 1L); }) ==
        std::string("eddy: libcurl refuses an option of the session: ") + curl_easy_strerror(CURLE_UNKNOWN_OPTION));
  curl_easy_cleanup(handle);
}

TEST_CASE("libcurl's numbers become errors of their kind, in its words, without secrets", "[http]") {
  const auto error = [](CURLcode code, const char* text) {
    return eddy::detail::error_of_curl(code, "GET", "http://a/", text, 0);
  };
  const std::string asked = "eddy: GET http://a/: ";
  CHECK(text_of(error(CURLE_COULDNT_CONNECT, "Unsupported proxy scheme for 'x://user:secret@b'")) ==
        system_text(asked + "the URL of the proxy, which the environment names, cannot be used", ECONNREFUSED));
  for (const char* const end : {"OpenSSL SSL_connect: SSL_ERROR_SYSCALL", "Connection reset by peer", "unexpected eof while reading"}) {
    CHECK_THROWS_AS(std::rethrow_exception(error(CURLE_SSL_CONNECT_ERROR, end)), http::ConnectionError);
    CHECK(text_of(error(CURLE_SSL_CONNECT_ERROR, end)) == system_text(asked + end, ECONNRESET));
  }
  CHECK(text_of(error(CURLE_SSL_CONNECT_ERROR, "wrong\nversion")) == asked + "wrong?version");
}

TEST_CASE("what is no URL or no proxy says why", "[http]") {
  const auto url = [](std::string_view text) {
    return thrown_text_of([&] { (void)eddy::detail::parse_url("GET", text, {}); });
  };
  const std::string none = ": this is no URL to be asked: ";
  CHECK(url("http://a/\n").ends_with(none + "it has a CR, LF or NUL in it"));
  CHECK(url("ftp://a/") == "eddy: GET ftp://a/" + none + "only http and https are spoken");
  CHECK(url("http://u%0a:p@a/") == "eddy: GET http://a/" + none + "its credentials have control characters in them");
  const auto proxy = [](const std::string& text) { return thrown_text_of([&] { eddy::detail::check_proxy(text); }); };
  CHECK(proxy("http://a\n").ends_with(": this is no proxy: it has a CR, LF or NUL in it"));
  CHECK(proxy("ftp://a") ==
        "eddy: CONNECT ftp://a: this is no proxy: its scheme is none of http, https, socks4, socks4a, socks5 and socks5h");
}

EDDY_TEST_CASE("requests that cannot be sent say why", "[socket]") {
  CHECK_THROWS_WITH(http::SessionOptions().resolve("a b", 80, "127.0.0.1"),
                    "eddy: resolve takes a host's name, a port and an address in numbers");
  CHECK_THROWS_WITH(http::RequestOptions().body_file(""),
                    "eddy: the path of a file that is to be sent is empty, or has a NUL in it");
  if (faults::kAvailable) {
    const faults::Injection injection("getrandom", 1, ENOSYS);
    CHECK_THROWS_WITH(http::RequestOptions().multipart(http::FormData().field("a", "b")),
                      system_text("eddy: no random bytes for what separates the parts of a form (getrandom)", ENOSYS));
  }
  http::ClientSession session;
  auto heading = session.head("http://127.0.0.1:1/", http::RequestOptions().body("x"));
  const std::string head = co_await awaited_thrown_text_of(std::move(heading));
  CHECK(head == "eddy: a HEAD has no body: its response has none either, and could not be told from it");
  refuses_requests = true;
  const std::string refused = co_await awaited_thrown_text_of(session.get("http://127.0.0.1:1/"));
  refuses_requests = false;
  CHECK(refused == std::string("eddy: libcurl does not take a request: ") + curl_multi_strerror(CURLM_INTERNAL_ERROR));
  CHECK(session.statistics().active == 0);
  session.close();
  const std::string closed = co_await awaited_thrown_text_of(session.get("http://127.0.0.1:1/"));
  CHECK(closed == "eddy: this http::ClientSession was closed");
}

EDDY_TEST_CASE("bodies that cannot be read say why", "[socket]") {
  const auto answer = [](HttpExchange& exchange) -> eddy::Task<bool> {
    co_await exchange.reply(200, "text");
    co_return true;
  };
  auto server = co_await HttpServer::start(answer);
  auto slow = co_await HttpServer::start(says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", true));
  http::ClientSession session;
  auto response = co_await session.get(server.url());
  (void)co_await response.text();
  const std::string again = co_await awaited_thrown_text_of(response.text());
  CHECK_THAT(again, Catch::StartsWith("eddy: the body of this response was read before; it can be read once (in task "));
  auto half = co_await session.get(slow.url());
  half.close();
  const std::string closed = co_await awaited_thrown_text_of(half.text());
  CHECK(closed == system_text("eddy: GET " + slow.url() + ": the response was closed by the program", ECONNABORTED));
  session.close();
  co_await server.close();
  co_await slow.close();
}

EDDY_TEST_CASE("heads that are none say what is wrong with them", "[socket]") {
  const std::string fields(200'000, 'a');
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 60; ++i) many += "A: " + std::string(5'000, 'a') + "\r\n";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {many + "\r\n", "the head of the response is longer than 256 KiB"},
      {"HTTP/1.1 200 OK\r\nA: " + fields + "\r\n\r\n",
       "the head of the response is too long or none, or there is no memory for it"},
      {"HTTP/1.1 200 OK\r\nA: b", system_text("the connection ended in the head of the response", ECONNRESET)},
  };
  for (const auto& [sent, sentence] : rows) {
    auto server = co_await HttpServer::start(says(sent));
    http::ClientSession session;
    const std::string text = co_await awaited_thrown_text_of(get_text(session, server.url()));
    CHECK(text == "eddy: GET " + server.url() + ": " + sentence);
    session.close();
    co_await server.close();
  }
}

EDDY_TEST_CASE("timeouts of requests say what took too long", "[socket][real]") {
  auto silent = co_await HttpServer::start(says("", true));
  auto half = co_await HttpServer::start(says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", true));
  http::ClientSession session;
  const auto with = [](http::Timeouts timeouts) { return http::RequestOptions().timeouts(timeouts); };
  const auto connect = with({.connect = 30ms});
  const auto first_byte = with({.first_byte = 30ms});
  const auto idle = with({.idle = 30ms});
  const auto total = with({.total = 30ms});
  const std::string tls = "https" + silent.url().substr(4);  // which gets no answer
  const std::string connecting = co_await awaited_thrown_text_of(get_text(session, tls, connect));
  CHECK(connecting == "eddy: GET " + tls + ": timed out while agreeing on TLS, or with the proxy");
  const std::string waiting = co_await awaited_thrown_text_of(get_text(session, silent.url(), first_byte));
  CHECK(waiting == "eddy: GET " + silent.url() + ": timed out while waiting for the response");
  const std::string nothing = co_await awaited_thrown_text_of(get_text(session, half.url(), idle));
  CHECK(nothing == "eddy: GET " + half.url() + ": timed out while receiving the body: nothing came and nothing went");
  const std::string all = co_await awaited_thrown_text_of(get_text(session, half.url(), total));
  CHECK(all == "eddy: GET " + half.url() + ": timed out while receiving the body: all of it took too long");
  session.close();
  co_await silent.close();
  co_await half.close();
}
