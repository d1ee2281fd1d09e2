// A server that misbehaves: each fault gives its typed error, nothing is left of it, and the session goes on.
//
// SPDX-License-Identifier: MIT
#include "http/servers/live.hpp"

#include <eddy/combine/gather.hpp>
#include <eddy/combine/timeout.hpp>

#include <string_view>
#include <vector>

using namespace live;
using namespace std::chrono_literals;

namespace {

struct Sweep {
  Sweep(std::string how_it_ends, std::string kind_of_answer, bool may_be_short = false)
      : how(std::move(how_it_ends)), kind(std::move(kind_of_answer)), may_end_early(may_be_short) {}
  std::string how;
  std::string kind;
  bool may_end_early;  // the end of the connection is the end of the body
};

// What an answer gives that is cut off after so many bytes: its body, or that the connection was lost.
eddy::Task<std::optional<std::string>> cut_answer(http::ClientSession& session, Sweep sweep, long where) {
  const std::string path = "/cut/" + sweep.how + "/" + std::to_string(where) + "/" + sweep.kind;
  try {
    co_return co_await get_text(session, url("FAULTS", path));
  } catch (const http::ConnectionError&) {
    co_return std::nullopt;
  }
}

eddy::Task<> check_cuts(Sweep sweep) {
  {
    http::ClientSession session;
    const long length = co_await get_number(session, url("FAULTS", "/length/" + sweep.kind));
    for (long where = 0; where < length; ++where) {
      INFO(sweep.how << " after " << where << " of " << length << " bytes, " << sweep.kind);
      const auto body = co_await cut_answer(session, sweep, where);
      const bool only_the_body_is_short = sweep.may_end_early && where >= length - 20;
      const bool only_a_newline_is_missing = sweep.kind == "chunked" && where == length - 1;
      if (!only_a_newline_is_missing) CHECK(body.has_value() == only_the_body_is_short);
      const std::string good = co_await get_text(session, url("FAULTS", "/good"));
      CHECK(good == "good\n");
    }
    const auto whole = co_await cut_answer(session, sweep, length);
    CHECK((whole == "01234567890123456789" || sweep.how == "reset"));
    CHECK(session.statistics().active == 0);
    CHECK(session.statistics().waiting == 0);
  }
  co_await all_connections_are_closed();
}

constexpr std::size_t kStatusLine = std::string_view("HTTP/1.1 200 OK\r\n").size();

// Requests that time out, all at once: the phases that they tell.
eddy::Task<std::vector<std::optional<http::TimeoutPhase>>> hang_everywhere(http::ClientSession& session, std::string kind,
                                                                           http::Timeouts limits) {
  const long length = co_await get_number(session, url("FAULTS", "/length/" + kind));
  std::vector<eddy::Task<std::optional<http::TimeoutPhase>>> requests;
  for (long where = 0; where < length; ++where) {
    const std::string path = "/cut/hang/" + std::to_string(where) + "/" + kind;
    requests.push_back(timeout_of(session, url("FAULTS", path), http::RequestOptions().timeouts(limits)));
  }
  co_return co_await eddy::gather(std::move(requests));
}

eddy::AsyncGenerator<std::string> letters(std::size_t count) {
  for (std::size_t left = count; left > 0;) {
    std::string part(std::min<std::size_t>(left, 4000), 'a');
    left -= part.size();
    co_yield std::move(part);
  }
}

}  // namespace

EDDY_TEST_CASE("an answer that is reset at any byte is a lost connection, and the session goes on", "[socket][faults]") {
  co_await check_cuts(Sweep("reset", "length"));
  co_await check_cuts(Sweep("reset", "chunked"));
  co_await check_cuts(Sweep("reset", "until_close"));
}

EDDY_TEST_CASE("an answer that ends at any byte too early is a lost connection, and the session goes on", "[socket][faults]") {
  co_await check_cuts(Sweep("close", "length"));
  co_await check_cuts(Sweep("close", "chunked"));
  co_await check_cuts(Sweep("close", "until_close", true));
}

EDDY_TEST_CASE("a server that falls silent at any byte ends in the timeout that was set", "[socket][faults]") {
  {
    http::ClientSession session;
    for (const char* kind : {"length", "chunked", "until_close"}) {
      const auto of_silence = co_await hang_everywhere(session, kind, {.first_byte = 1s, .idle = 1500ms});
      for (std::size_t where = 0; where < of_silence.size(); ++where) {
        INFO(kind << " silent after " << where << " bytes");
        // The response begins with a whole line.
        CHECK(of_silence[where] == (where < kStatusLine ? http::TimeoutPhase::first_byte : http::TimeoutPhase::idle));
      }
      const auto of_all = co_await hang_everywhere(session, kind, {.total = 200ms});
      for (const auto phase : of_all) CHECK(phase == http::TimeoutPhase::total);
    }
    const std::string good = co_await get_text(session, url("FAULTS", "/good"));
    CHECK(good == "good\n");
    CHECK(session.statistics().active == 0);
  }
  co_await all_connections_are_closed();
}

EDDY_TEST_CASE("nobody takes the connection: the timeout is that of connecting", "[socket][faults]") {
  http::ClientSession session;
  const auto phase = co_await timeout_of(session, url("FULL", "/"), http::RequestOptions().timeouts({.connect = 100ms}));
  CHECK(phase == http::TimeoutPhase::connect);
  const auto in_tls = co_await timeout_of(session, "https://127.0.0.1:" + place("SILENT") + "/",
                                          http::RequestOptions().timeouts({.connect = 100ms}));
  CHECK(in_tls == http::TimeoutPhase::connect);
  const auto total = co_await timeout_of(session, url("FULL", "/"), http::RequestOptions().timeout(100ms));
  CHECK(total == http::TimeoutPhase::total);
  const std::string good = co_await get_text(session, url("FAULTS", "/good"));
  CHECK(good == "good\n");
}

EDDY_TEST_CASE("a connection that is taken and never read ends in the first byte's timeout", "[socket][faults]") {
  http::ClientSession session;
  const auto phase = co_await timeout_of(session, url("SILENT", "/"), http::RequestOptions().timeouts({.first_byte = 100ms}));
  CHECK(phase == http::TimeoutPhase::first_byte);
  const std::string good = co_await get_text(session, url("FAULTS", "/good"));
  CHECK(good == "good\n");
}

EDDY_TEST_CASE("a server that does not read the body ends in the timeout of what is idle", "[socket][faults]") {
  http::ClientSession session;
  http::RequestOptions options;
  options.body_stream(letters(64'000'000)).timeouts({.idle = 200ms});
  std::optional<http::TimeoutPhase> phase;
  try {
    const auto response = co_await session.post(url("FAULTS", "/deaf/1000"), std::move(options));
  } catch (const http::TimeoutError& error) {
    phase = error.phase();
  }
  CHECK(phase == http::TimeoutPhase::idle);
  const std::string good = co_await get_text(session, url("FAULTS", "/good"));
  CHECK(good == "good\n");
}

EDDY_TEST_CASE("a port where nobody listens refuses", "[socket][faults]") {
  http::ClientSession session;
  const auto error = co_await error_of<http::ConnectionError>(session, url("REFUSED", "/"));
  REQUIRE(error);
  CHECK(error->code() == std::errc::connection_refused);
  CHECK(std::string(error->what()).find(place("REFUSED")) != std::string::npos);
}

EDDY_TEST_CASE("a name without an address is an error of its own", "[socket][faults]") {
  http::ClientSession session;
  const auto error = co_await error_of<http::ResolveError>(session, "http://no-such-host.invalid/");
  REQUIRE(error);
  CHECK(std::string(error->what()).find("no-such-host.invalid") != std::string::npos);
  const std::string good = co_await get_text(session, url("FAULTS", "/good"));
  CHECK(good == "good\n");
}

EDDY_TEST_CASE("what is no HTTP is a protocol error", "[socket][faults]") {
  http::ClientSession session;
  for (const char* what : {"status", "length", "chunk", "version", "encoding"}) {
    INFO(what);
    const auto error = co_await error_of<http::ProtocolError>(session, url("FAULTS", std::string("/bad/") + what));
    CHECK(error);
  }
  const std::string good = co_await get_text(session, url("FAULTS", "/good"));
  CHECK(good == "good\n");
}

EDDY_TEST_CASE("a body without an end is cut where it may not be longer", "[socket][faults]") {
  {
    http::ClientSession session(http::SessionOptions().max_body_size(1'000'000));
    const auto error = co_await error_of<http::BodyTooLarge>(session, url("FAULTS", "/endless_body"));
    REQUIRE(error);
    CHECK(error->limit() == 1'000'000);
    const auto too_long_a_head = co_await error_of<http::ProtocolError>(session, url("FAULTS", "/endless_head"));
    CHECK(too_long_a_head);
    const std::string good = co_await get_text(session, url("FAULTS", "/good"));
    CHECK(good == "good\n");
  }
  co_await all_connections_are_closed();
}

EDDY_TEST_CASE("a slow body is not idle, and its total time is limited", "[socket][faults]") {
  http::ClientSession session;
  const std::string body =
      co_await get_text(session, url("FAULTS", "/drip/30/20"), http::RequestOptions().timeouts({.idle = 1s}));
  CHECK(body == std::string(30, 'x'));
  const auto phase = co_await timeout_of(session, url("FAULTS", "/drip/1000/20"), http::RequestOptions().timeout(200ms));
  CHECK(phase == http::TimeoutPhase::total);
  const auto idle = co_await timeout_of(session, url("FAULTS", "/drip/10/2000"), http::RequestOptions().timeouts({.idle = 100ms}));
  CHECK(idle == http::TimeoutPhase::idle);
}

EDDY_TEST_CASE("a cancel in any phase closes the connection, and the session goes on", "[socket][faults]") {
  {
    http::ClientSession session(http::SessionOptions().limit_per_host(100));
    std::vector<std::string> places = {url("FULL", "/"), url("SILENT", "/"), "https://127.0.0.1:" + place("SILENT") + "/",
                                       url("FAULTS", "/endless_body"), url("FAULTS", "/endless_head"),
                                       url("FAULTS", "/drip/1000/20"), url("FAULTS", "/wait/400"),
                                       "http://no-such-host.invalid/"};
    for (long where = 0; where < 74; where += 7)
      places.push_back(url("FAULTS", "/cut/hang/" + std::to_string(where) + "/length"));
    for (const auto delay : {0ms, 1ms, 20ms, 100ms}) {
      for (const std::string& place : places) {
        INFO(place << " after " << delay.count() << " ms");
        auto request = session.get(place);
        try {
          co_await eddy::move_on_after(delay, std::move(request));
        } catch (const http::ProtocolError&) {  // the endless head is soon too long
        } catch (const http::ResolveError&) {   // the name may be unknown at once
        }
      }
      const std::string good = co_await get_text(session, url("FAULTS", "/good"));
      CHECK(good == "good\n");
      CHECK(session.statistics().active == 0);
    }
  }
  co_await all_connections_are_closed();
}

EDDY_TEST_CASE("a response that is dropped half-way closes its connection", "[socket][faults]") {
  {
    http::ClientSession session;
    {
      auto response = co_await session.get(url("FAULTS", "/endless_body"));
      auto chunks = response.chunks();
      const auto first = co_await chunks.next();
      CHECK(first);
    }
    co_await all_connections_are_closed();
    const std::string good = co_await get_text(session, url("FAULTS", "/good"));
    CHECK(good == "good\n");
    CHECK(session.statistics().connections_opened == 2);
  }
}

EDDY_TEST_CASE("who reads slowly pauses the server", "[socket][faults]") {
  constexpr long kSize = 400'000'000;
  {
    http::ClientSession session;
    auto response = co_await session.get(url("FAULTS", "/pour/slow_reader/" + std::to_string(kSize)));
    auto chunks = response.chunks();
    const auto first = co_await chunks.next();
    CHECK(first);
    long before = -1;
    long poured = 0;
    while (poured != before) {  // until no more is taken
      before = poured;
      co_await eddy::sleep(200ms);
      poured = co_await get_number(session, url("FAULTS", "/poured/slow_reader"));
    }
    CHECK(poured < 32'000'000);  // most of that is in the system's buffers
  }
  co_await all_connections_are_closed();
}

EDDY_TEST_CASE("statuses that pass are tried again, not earlier than the server says", "[socket][faults]") {
  http::ClientSession session;
  const http::Retry thrice{.max_attempts = 3, .delay = 1ms};
  const std::string late = co_await get_text(session, url("FAULTS", "/flaky/late/2/503"), http::RequestOptions().retry(thrice));
  CHECK(late == "at last\n");
  const long asked = co_await get_number(session, url("FAULTS", "/asked/late"));
  CHECK(asked == 3);

  const auto never = co_await session.get(url("FAULTS", "/flaky/never/9/429"), http::RequestOptions().retry(thrice));
  CHECK(never.status() == 429);
  const long asked_never = co_await get_number(session, url("FAULTS", "/asked/never"));
  CHECK(asked_never == 3);

  const auto posted = co_await session.post(url("FAULTS", "/flaky/posted/1/503"), http::RequestOptions().body("x").retry(thrice));
  CHECK(posted.status() == 503);  // once may be all that it bears
  const auto put = co_await session.put(url("FAULTS", "/flaky/put/1/503"), http::RequestOptions().body("x").retry(thrice));
  CHECK(put.status() == 200);

  const auto start = test::now();
  const http::Retry impatient{.max_attempts = 3, .delay = 1ms, .max_retry_after = 5s};
  const auto asks_for_too_much = co_await session.get(url("FAULTS", "/answer/429/30"), http::RequestOptions().retry(impatient));
  CHECK(asks_for_too_much.status() == 429);
  CHECK(test::now() - start < 1s);
  const auto waited = co_await session.get(url("FAULTS", "/answer/503/1"), http::RequestOptions().retry({.max_attempts = 2, .delay = 1ms}));
  CHECK(waited.status() == 503);
  CHECK(test::now() - start >= 1s);
}

EDDY_TEST_CASE("lost connections are tried again, and the last error is told", "[socket][faults]") {
  http::ClientSession session;
  const long before = co_await get_number(session, url("FAULTS", "/connections"));
  const auto error = co_await error_of<http::ConnectionError>(
      session, url("FAULTS", "/cut/reset/0/length"), http::RequestOptions().retry({.max_attempts = 4, .delay = 1ms}));
  CHECK(error);
  const long after = co_await get_number(session, url("FAULTS", "/connections"));
  CHECK(after - before >= 4);
}

EDDY_TEST_CASE("bodies arrive as they were sent", "[socket][faults]") {
  // SHA-256 of a million times "a", as FIPS 180 gives it.
  const std::string million_letters = "1000000 bytes\ncdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0\n";
  http::ClientSession session;
  auto from_text = co_await session.post(url("FAULTS", "/echo"), http::RequestOptions().body(std::string(1'000'000, 'a')));
  const std::string text = co_await from_text.text();
  CHECK(text.find(million_letters) != std::string::npos);
  CHECK(text.find("Content-Length: 1000000\n") != std::string::npos);

  http::RequestOptions in_chunks;
  in_chunks.body_stream(letters(1'000'000));
  auto from_generator = co_await session.post(url("FAULTS", "/echo"), std::move(in_chunks));
  const std::string streamed = co_await from_generator.text();
  CHECK(streamed.find(million_letters) != std::string::npos);
  CHECK(streamed.find("Transfer-Encoding: chunked\n") != std::string::npos);

  http::RequestOptions sized;
  sized.body_stream(letters(1'000'000), 1'000'000);
  auto from_sized = co_await session.put(url("FAULTS", "/echo"), std::move(sized));
  const std::string put = co_await from_sized.text();
  CHECK(put.find(million_letters) != std::string::npos);
  CHECK(put.starts_with("PUT /echo HTTP/1.1\n"));
}

EDDY_TEST_CASE("a server that refuses a body is heard, or is gone", "[socket][faults]") {
  http::ClientSession session;
  int status = 413;
  try {
    const auto response = co_await session.post(url("FAULTS", "/refuse_body"), http::RequestOptions().body(std::string(8'000'000, 'a')));
    status = response.status();
  } catch (const http::ConnectionError&) {  // its reset came before its answer was read
  }
  CHECK(status == 413);
  const std::string good = co_await get_text(session, url("FAULTS", "/good"));
  CHECK(good == "good\n");
}

EDDY_TEST_CASE("a proxy is asked for the whole URL", "[socket][faults]") {
  http::ClientSession session(http::SessionOptions().proxy(url("FAULTS", "")));
  const std::string text = co_await get_text(session, "http://somewhere.invalid/page?x=1");
  CHECK(text == "proxied http://somewhere.invalid/page?x=1\n");
}
