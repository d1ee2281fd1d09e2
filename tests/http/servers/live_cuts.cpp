// nginx behind a proxy that cuts the connection, or falls silent, at any byte of what nginx says: HTTP/2, and HTTP/1.1 over
// TLS.
//
// SPDX-License-Identifier: MIT
#include <eddy/combine/gather.hpp>

#include "http/servers/live.hpp"
#include "support/cutting_proxy.hpp"

#include <algorithm>
#include <vector>

using namespace live;
using namespace std::chrono_literals;
using End = test::CuttingProxy::End;

namespace {

http::SessionOptions trusting() {
  http::SessionOptions options;
  options.ca_file(place("AUTHORITY"));
  return options;
}
std::string hello_at(std::uint16_t port) { return "https://127.0.0.1:" + std::to_string(port) + "/hello"; }

// What a GET ends with, in words.
eddy::Task<std::string> end_of(http::ClientSession& session, std::string url, http::RequestOptions options = {}) {
  try {
    co_return co_await get_text(session, std::move(url), std::move(options));
  } catch (const http::ConnectionError& error) {
    const bool lost = error.code() == std::errc::connection_reset || error.code() == std::errc::broken_pipe;
    co_return lost ? std::string("lost") : std::string(error.what());
  } catch (const http::ClientError& error) {
    co_return std::string(error.what());
  }
}
eddy::Task<std::vector<std::string>> ends_of(http::ClientSession& session, std::string url, int count) {
  std::vector<eddy::Task<std::string>> requests;
  for (int i = 0; i < count; ++i) requests.push_back(end_of(session, url));
  co_return co_await eddy::gather(std::move(requests));
}

// Cuts a connection with `count` requests at each place. A signature is longer or shorter by a few bytes each time, and
// several answers may be one record or some.
constexpr std::size_t kUncertain = 12;
eddy::Task<> check_cuts(std::string server, End end, int count, std::size_t step, std::size_t header_step = 1) {
  auto proxy = co_await test::CuttingProxy::start(port(server));
  const std::string cut_url = hello_at(proxy.port());
  const std::string good_url = hello_at(port(server));
  proxy.cut(test::CuttingProxy::kWhole, end);
  {
    http::ClientSession session(trusting());
    const auto ends = co_await ends_of(session, cut_url, count);
    REQUIRE(std::count(ends.begin(), ends.end(), "hello\n") == count);
  }
  const std::size_t whole = proxy.passed();
  for (const std::size_t at : proxy.places(step, kUncertain, header_step)) {
    INFO(server << " cut after " << at << " of " << whole << " bytes");
    http::ClientSession session(trusting());
    proxy.cut(at, end);
    const auto ends = co_await ends_of(session, cut_url, count);
    int lost = 0;
    for (const std::string& one : ends) {
      INFO(one);
      CHECK((one == "lost" || one == "hello\n"));
      lost += one == "lost" ? 1 : 0;
    }
    CHECK((lost > 0 || count > 1 || at + kUncertain >= whole));
    CHECK(session.statistics().active == 0);
    const std::string good = co_await end_of(session, good_url);
    CHECK(good == "hello\n");
  }
  co_await proxy.close();
}

}  // namespace

EDDY_TEST_CASE("a connection of HTTP/2 that is cut at any byte is a lost one, and the session goes on",
               "[socket][nginx]") {
  co_await check_cuts("TLS", End::reset, 1, 100);
  co_await check_cuts("TLS", End::close, 1, 100);
}

EDDY_TEST_CASE("all requests on a connection of HTTP/2 that is cut get their answer or an error", "[socket][nginx]") {
  co_await check_cuts("TLS", End::reset, 5, 200, 5);
  co_await check_cuts("TLS", End::close, 5, 200, 5);
}

EDDY_TEST_CASE("nginx's answer by HTTP/1.1 over TLS is cut at any byte", "[socket][nginx]") {
  co_await check_cuts("TLS1", End::reset, 1, 150, 3);
  co_await check_cuts("TLS1", End::close, 1, 150, 3);
}

EDDY_TEST_CASE("a connection of HTTP/2 that falls silent is not used again", "[socket][nginx]") {
  auto proxy = co_await test::CuttingProxy::start(port("TLS"));
  const std::string url = hello_at(proxy.port());
  proxy.cut(test::CuttingProxy::kWhole, End::hang);
  {
    http::ClientSession session(trusting());
    const std::string text = co_await get_text(session, url);
    CHECK(text == "hello\n");
  }
  const std::size_t whole = proxy.passed();
  const auto idle = http::RequestOptions().timeouts({.total = 10s, .idle = 1s});
  {
    http::ClientSession session(trusting());
    proxy.cut(100, End::hang);
    const auto connecting = co_await timeout_of(session, url, http::RequestOptions().timeouts({.connect = 200ms}));
    CHECK(connecting == http::TimeoutPhase::connect);
  }
  for (const auto limits : {http::Timeouts{.total = 2s, .first_byte = 200ms},
                            http::Timeouts{.total = 2s, .idle = 200ms}, http::Timeouts{.total = 300ms}}) {
    http::ClientSession session(trusting());
    proxy.cut(whole - 60, End::hang);
    const auto options = http::RequestOptions().timeouts(limits);
    const auto phases = co_await eddy::gather(timeout_of(session, url, options), timeout_of(session, url, options));
    CHECK(std::get<0>(phases).has_value());
    CHECK(std::get<1>(phases).has_value());
    proxy.cut(test::CuttingProxy::kWhole, End::hang);
    const std::string next = co_await end_of(session, url, idle);
    CHECK(next == "hello\n");
  }
  co_await proxy.close();
}
