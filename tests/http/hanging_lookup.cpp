// A name's address that nobody gives: this program's own getaddrinfo, which libcurl and eddy's resolver call, hangs.
//
// Requests and connections end at their time all the same, others go on, and the threads that hang leave nothing behind.
//
// SPDX-License-Identifier: MIT
#include <eddy/http.hpp>
#include <eddy/io/tcp.hpp>

#include "support/http_server.hpp"
#include "support/run.hpp"
#include "support/sockets.hpp"
#include <dlfcn.h>
#include <netdb.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace test;
namespace http = eddy::http;

namespace {

// The lookups of names that end in ".slow", which hang until they are let go. Such a name is this machine's.
class Lookups {
 public:
  void hang() {
    {
      const std::lock_guard lock(mutex_);
      ++begun_;
      ++hanging_;
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
    --hanging_;
  }
  void hold() {
    const std::lock_guard lock(mutex_);
    open_ = false;
    begun_ = 0;
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  int hanging() {
    const std::lock_guard lock(mutex_);
    return hanging_;
  }
  int begun() {
    const std::lock_guard lock(mutex_);
    return begun_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int begun_ = 0;
  int hanging_ = 0;
  bool open_ = true;
};
Lookups lookups;

// Lookups hang while it is there.
class Hold {
 public:
  Hold() { lookups.hold(); }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  ~Hold() { lookups.let_go(); }
};

eddy::Task<bool> say_good(HttpExchange& exchange) {
  co_await exchange.reply(200, "good");
  co_return true;
}
eddy::Task<std::string> get_text(http::ClientSession& session, std::string url, http::RequestOptions options = {}) {
  auto response = co_await session.get(std::move(url), std::move(options));
  co_return co_await response.text();
}

struct Ended {
  std::string text;
  std::optional<http::TimeoutPhase> phase;
  eddy::Duration took{};
};
eddy::Task<Ended> end_of(http::ClientSession& session, std::string url, http::RequestOptions options = {}) {
  const auto start = now();
  Ended ended;
  try {
    ended.text = co_await get_text(session, std::move(url), std::move(options));
  } catch (const http::TimeoutError& error) {
    ended.text = error.what();
    ended.phase = error.phase();
  } catch (const http::SessionClosed& error) {
    ended.text = error.what();
  }
  ended.took = now() - start;
  co_return std::move(ended);
}

eddy::Task<> until_hanging(int count) {
  while (lookups.hanging() < count) co_await eddy::sleep(1ms);
}
// Lets lookups go, and waits until their threads have left nothing behind.
eddy::Task<> all_gone(std::size_t descriptors) {
  lookups.let_go();
  for (int i = 0; i < 2000 && (lookups.hanging() > 0 || open_descriptors() > descriptors); ++i)
    co_await eddy::sleep(1ms);
  CHECK(lookups.hanging() == 0);
  CHECK(open_descriptors() <= descriptors);
}

constexpr auto kLate = 2s;  // on a busy machine

}  // namespace

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  static auto* const next = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (host != nullptr && std::string_view(host).ends_with(".slow")) {
    lookups.hang();
    host = "127.0.0.1";
  }
  return next(host, service, hints, found);
}

EDDY_TEST_CASE("a lookup that hangs ends in the timeout of connecting or of all, and the session goes on", "[socket]") {
  const auto before = open_descriptors();
  auto server = co_await HttpServer::start(&say_good);
  {
    const Hold hold;
    http::ClientSession session;
    for (const std::string scheme : {"http", "https"}) {
      const std::string url = scheme + "://" + scheme + ".slow:" + std::to_string(server.port()) + "/path";
      const auto connecting = co_await end_of(session, url, http::RequestOptions().timeouts({.connect = 50ms}));
      CHECK(connecting.phase == http::TimeoutPhase::connect);
      CHECK(connecting.text == "eddy: GET " + url + ": timed out while finding the host's address");
      CHECK(connecting.took >= 50ms);
      CHECK(connecting.took < kLate);
      const auto all = co_await end_of(session, url, http::RequestOptions().timeout(50ms));
      CHECK(all.phase == http::TimeoutPhase::total);
      CHECK(all.text == "eddy: GET " + url + ": timed out while finding the host's address: all of it took too long");
      CHECK(all.took >= 50ms);
      CHECK(all.took < kLate);
      const std::string meanwhile = co_await get_text(session, server.url());
      CHECK(meanwhile == "good");
    }
    CHECK(lookups.hanging() == 4);
    CHECK(session.statistics().active == 0);
    lookups.let_go();
    const std::string after = co_await get_text(session, server.url("/", "http.slow"));
    CHECK(after == "good");
  }
  co_await server.close();
  co_await all_gone(before);
}

EDDY_TEST_CASE("a request that is cancelled during a lookup does not wait for it", "[socket]") {
  const auto before = open_descriptors();
  auto server = co_await HttpServer::start(&say_good);
  {
    const Hold hold;
    http::ClientSession session(http::SessionOptions().limit(2));
    for (int i = 1; i <= 3; ++i) {
      auto task = eddy::create_task(get_text(session, server.url("/", "a.slow")));
      co_await until_hanging(i);
      const auto start = now();
      task.cancel();
      while (!task.done()) co_await eddy::sleep(1ms);
      CHECK(task.cancelled());
      CHECK(now() - start < kLate);
      CHECK(session.statistics().active == 0);
      const std::string meanwhile = co_await get_text(session, server.url());
      CHECK(meanwhile == "good");
    }
  }
  co_await server.close();
  co_await all_gone(before);
}

EDDY_TEST_CASE("a session that is closed or destroyed during lookups does not wait for them", "[socket]") {
  const auto before = open_descriptors();
  {
    const Hold hold;
    std::vector<eddy::TaskHandle<Ended>> requests;
    const auto start = now();
    {
      http::ClientSession closed;
      http::ClientSession destroyed;
      for (http::ClientSession* session : {&closed, &destroyed})
        requests.push_back(eddy::create_task(end_of(*session, "http://a.slow/")));
      co_await until_hanging(2);
      closed.close();
    }
    for (auto& request : requests) {
      const auto ended = co_await request;
      CHECK(ended.text == "eddy: this http::ClientSession was closed");
    }
    CHECK(now() - start < kLate);
    CHECK(lookups.hanging() == 2);
  }
  co_await all_gone(before);
}

EDDY_TEST_CASE("who waits for the same name is served when it is found, though another gave up", "[socket]") {
  const auto before = open_descriptors();
  auto server = co_await HttpServer::start(&say_good);
  {
    const Hold hold;
    http::ClientSession session(http::SessionOptions().limit_per_host(2));
    const std::string url = server.url("/", "same.slow");
    auto first = eddy::create_task(get_text(session, url));
    auto second = eddy::create_task(get_text(session, url));
    co_await until_hanging(2);
    const auto waited = co_await end_of(session, url, http::RequestOptions().timeout(50ms));
    CHECK(waited.phase == http::TimeoutPhase::total);
    CHECK(waited.text == "eddy: GET " + url + ": timed out while waiting for its turn: all of it took too long");
    first.cancel();
    while (!first.done()) co_await eddy::sleep(1ms);
    lookups.let_go();
    const std::string text = co_await second;
    CHECK(text == "good");
  }
  co_await server.close();
  co_await all_gone(before);
}

EDDY_TEST_CASE("who waits for a connection that may speak HTTP/2 makes its own when that is given up", "[socket]") {
  const auto before = open_descriptors();
  {
    const Hold hold;
    http::ClientSession session;
    auto first = eddy::create_task(end_of(session, "https://same.slow/"));
    co_await until_hanging(1);
    const auto waited = co_await end_of(session, "https://same.slow/", http::RequestOptions().timeout(50ms));
    CHECK(waited.text ==
          "eddy: GET https://same.slow/: timed out while waiting for a connection: all of it took too long");
    auto second = eddy::create_task(end_of(session, "https://same.slow/"));
    co_await eddy::sleep(10ms);
    CHECK(lookups.hanging() == 1);
    first.cancel();
    co_await until_hanging(2);
    second.cancel();
    while (!first.done() || !second.done()) co_await eddy::sleep(1ms);
    CHECK(session.statistics().active == 0);
  }
  co_await all_gone(before);
}

EDDY_TEST_CASE("attempts whose lookups hang are made again, and the last timeout is told", "[socket]") {
  const auto before = open_descriptors();
  {
    const Hold hold;
    http::ClientSession session;
    const auto options =
        http::RequestOptions().timeouts({.connect = 20ms}).retry({.max_attempts = 3, .delay = 1ms, .jitter = 0});
    const auto ended = co_await end_of(session, "http://again.slow/", options);
    CHECK(ended.phase == http::TimeoutPhase::connect);
    co_await until_hanging(3);
    CHECK(lookups.begun() == 3);
  }
  co_await all_gone(before);
}

EDDY_TEST_CASE("a hundred lookups that hang end in time, and leave nothing", "[socket]") {
  const auto before = open_descriptors();
  {
    const Hold hold;
    http::ClientSession session;
    std::vector<eddy::Task<Ended>> requests;
    for (int i = 0; i < 100; ++i)
      requests.push_back(end_of(session, "http://" + std::to_string(i) + ".slow/",
                                http::RequestOptions().timeouts({.connect = 100ms})));
    const auto ends = co_await eddy::gather(std::move(requests));
    for (const Ended& ended : ends) CHECK(ended.phase == http::TimeoutPhase::connect);
    CHECK(session.statistics().active == 0);
    CHECK(session.statistics().connections == 0);
  }
  co_await all_gone(before);
}

EDDY_TEST_CASE("eddy's own connections do not wait for a lookup that hangs", "[socket]") {
  auto server = co_await HttpServer::start(&say_good);
  {
    const Hold hold;
    std::string text;
    try {
      co_await eddy::resolve("own.slow", server.port(), {.timeout = 50ms});
    } catch (const eddy::TimeoutError& error) {
      text = error.what();
    }
    CHECK(text == "eddy: the lookup of \"own.slow\" took too long");
    const auto nothing = co_await eddy::move_on_after(50ms, eddy::open_connection("own.slow", server.port()));
    CHECK_FALSE(nothing.has_value());
    const auto numeric = co_await eddy::open_connection("127.0.0.1", server.port());
    CHECK(lookups.hanging() > 0);
  }
  const auto found = co_await eddy::open_connection("own.slow", server.port());
  co_await server.close();
  while (eddy::all_tasks().size() > 1) co_await eddy::sleep(1ms);  // the two lookups that were left
}
