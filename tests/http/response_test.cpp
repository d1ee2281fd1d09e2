// Response: how its body is read, how a slow reader holds the transfer back, and what becomes of one that is cut off.
//
// SPDX-License-Identifier: MIT
#include <eddy/http.hpp>
#include <eddy/io/stream_error.hpp>

#include "support/http_server.hpp"
#include "support/run.hpp"
#include "support/thrown_text.hpp"

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace test;
namespace http = eddy::http;

namespace {

eddy::Task<bool> chunked(HttpExchange& exchange) {
  co_await exchange.stream.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const char* piece : {"first\nsec", "ond\r\n", "\n", "last"}) {
    const std::string text(piece);
    std::string chunk = std::to_string(text.size()) + "\r\n" + text + "\r\n";
    co_await exchange.stream.write(chunk);
    co_await eddy::sleep(2ms);
  }
  co_await exchange.stream.write("0\r\nTrailer: x\r\n\r\n");
  co_return true;
}

constexpr std::size_t kLarge = 8U << 20;

// A body of 8 MiB, as far as it is taken; says how much of it has gone.
struct Large {
  std::size_t sent = 0;
};

template <class T>
eddy::Task<std::string> error_of(eddy::Task<T> task) {
  try {
    (void)co_await std::move(task);
    co_return "none";
  } catch (const http::TimeoutError& error) {
    co_return "timeout " + std::to_string(static_cast<int>(error.phase()));
  } catch (const http::ResolveError&) {
    co_return "resolve";
  } catch (const http::ConnectionError& error) {
    co_return "connection " + std::to_string(error.code().value());
  } catch (const http::ProtocolError&) {
    co_return "protocol";
  } catch (const http::BodyTooLarge& error) {
    co_return "too large " + std::to_string(error.limit());
  } catch (const http::SessionClosed&) {
    co_return "closed";
  } catch (const eddy::InvalidStateError&) {
    co_return "state";
  } catch (const eddy::BusyResourceError&) {
    co_return "busy";
  } catch (const eddy::LimitOverrunError&) {
    co_return "limit";
  }
}
template <class T>
eddy::Task<T> next_of(eddy::AsyncGenerator<T>& source) {
  auto item = co_await source.next();
  co_return item.value_or(T("end"));
}

}  // namespace

EDDY_TEST_CASE("a body is read as a whole, in pieces or line by line", "[socket]") {
  auto server = co_await HttpServer::start(&chunked);
  http::ClientSession session;
  {
    auto response = co_await session.get(server.url());
    CHECK_FALSE(response.content_length());
    const auto text = co_await response.text();
    CHECK(text == "first\nsecond\r\n\nlast");
    const auto again = co_await error_of(response.text());
    CHECK(again == "state");
  }
  {
    auto response = co_await session.get(server.url());
    const auto bytes = co_await response.bytes();
    CHECK(bytes.size() == 19);
    CHECK(bytes[0] == std::byte{'f'});
  }
  {
    auto response = co_await session.get(server.url());
    auto chunks = response.chunks();
    std::string text;
    int count = 0;
    while (auto chunk = co_await chunks.next()) {
      CHECK_FALSE(chunk->empty());
      text += *chunk;
      ++count;
    }
    CHECK(text == "first\nsecond\r\n\nlast");
    CHECK(count > 1);
  }
  {
    auto response = co_await session.get(server.url());
    auto lines = response.lines();
    std::vector<std::string> all;
    while (auto line = co_await lines.next()) all.push_back(std::move(*line));
    CHECK(all == std::vector<std::string>{"first", "second", "", "last"});
  }
  {
    auto response = co_await session.get(server.url());
    auto lines = response.lines(5);
    const auto first = co_await next_of(lines);
    const auto second = co_await error_of(next_of(lines));
    CHECK(first == "first");
    CHECK(second == "limit");
  }
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a reader that is slow holds the server back, and others go on", "[socket]") {
  Large large;
  const auto send = [&](HttpExchange& exchange) -> eddy::Task<bool> {
    if (exchange.target == "/small") {
      co_await exchange.reply(200, "small");
      co_return true;
    }
    co_await exchange.stream.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kLarge) + "\r\n\r\n");
    const std::string piece(64 << 10, 'x');
    for (large.sent = 0; large.sent < kLarge; large.sent += piece.size()) co_await exchange.stream.write(piece);
    co_return true;
  };
  auto server = co_await HttpServer::start(send);
  http::ClientSession session;
  auto response = co_await session.get(server.url("/large"));
  auto chunks = response.chunks();
  auto chunk = co_await chunks.next();
  std::size_t received = chunk->size();
  co_await eddy::sleep(50ms);
  const std::size_t stopped = large.sent;
  auto small = co_await session.get(server.url("/small"));
  co_await eddy::sleep(20ms);
  CHECK(large.sent == stopped);
  CHECK(large.sent < kLarge);
  std::size_t longest = 0;
  while (auto next = co_await chunks.next()) {
    received += next->size();
    longest = next->size() > longest ? next->size() : longest;
  }
  CHECK(received == kLarge);
  CHECK(longest <= (256U << 10) + (64U << 10));
  CHECK(server.connections() == 2);
  auto whole = co_await session.get(server.url("/large"));
  const auto text = co_await whole.text();
  CHECK(text.size() == kLarge);
  CHECK(server.connections() == 2);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a body that is too long ends the transfer", "[socket]") {
  const auto send = [](HttpExchange& exchange) -> eddy::Task<bool> {
    co_await exchange.stream.write("HTTP/1.1 200 OK\r\n\r\n");
    const std::string piece(10'000, 'x');
    for (;;) co_await exchange.stream.write(piece);
  };
  auto server = co_await HttpServer::start(send);
  http::ClientSession session(http::SessionOptions().max_body_size(100'000));
  auto response = co_await session.get(server.url());
  const auto text = co_await error_of(response.text());
  CHECK(text == "too large 100000");
  auto own = co_await session.get(server.url(), http::RequestOptions().max_body_size(10));
  auto chunks = own.chunks();
  std::string ended = "none";
  while (ended == "none") ended = co_await error_of(next_of(chunks));
  CHECK(ended == "too large 10");
  CHECK(session.statistics().connections == 0);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a response that is dropped half-way closes its connection, a complete one does not", "[socket]") {
  const auto send = [](HttpExchange& exchange) -> eddy::Task<bool> {
    if (exchange.target == "/whole") {
      co_await exchange.reply(200, "whole");
      co_return true;
    }
    co_await exchange.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    co_await eddy::sleep(1h);
    co_return false;
  };
  auto server = co_await HttpServer::start(send);
  http::ClientSession session;
  {
    auto response = co_await session.get(server.url("/half"));
    CHECK(session.statistics().active == 1);
  }
  CHECK(session.statistics().active == 0);
  CHECK(session.statistics().connections == 0);
  for (int i = 0; i < 3; ++i) {
    auto response = co_await session.get(server.url("/whole"));
    while (session.statistics().active > 0) co_await eddy::sleep(1ms);
  }
  CHECK(server.connections() == 2);
  auto closed = co_await session.get(server.url("/half"));
  CHECK(closed.reused());
  closed.close();
  const auto ended = co_await error_of(closed.text());
  CHECK(ended == "connection " + std::to_string(ECONNABORTED));
  CHECK(session.statistics().connections == 0);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("one task at a time reads a body", "[socket]") {
  const auto send = [](HttpExchange& exchange) -> eddy::Task<bool> {
    co_await exchange.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    co_await eddy::sleep(20ms);
    co_await exchange.stream.write("text");
    co_return true;
  };
  auto server = co_await HttpServer::start(send);
  http::ClientSession session;
  auto response = co_await session.get(server.url());
  const auto ends = co_await eddy::gather(error_of(response.text()), error_of(response.text()));
  CHECK(std::get<0>(ends) == "none");
  CHECK(std::get<1>(ends) == "busy");
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a second reader of a body is told which task reads it, and where that waits", "[socket]") {
  const auto send = [](HttpExchange& exchange) -> eddy::Task<bool> {
    co_await exchange.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nx\ny\n");
    co_await eddy::sleep(1h);
    co_return false;
  };
  auto server = co_await HttpServer::start(send);
  http::ClientSession session;
  auto response = co_await session.get(server.url());
  const auto text_of_busy = [&] { return awaited_thrown_text_of<eddy::BusyResourceError>(response.text()); };
  const std::string rest = ", reads the body of this response; one at a time may";
  {
    const int line = __LINE__ + 1;
    const auto whole = [&]() -> eddy::Task<> { (void)co_await response.text(); };
    auto first = eddy::create_task(whole(), {.name = "first"});
    co_await settle();
    const std::string text = co_await text_of_busy();
    INFO(text);
    CHECK(text.find("eddy: task first, which waits for an event at ") == 0);
    CHECK(text.find(" < " + std::string(__FILE__) + ':' + std::to_string(line) + rest) != std::string::npos);
    first.cancel();
    co_await settle(2);
  }
  auto other = co_await session.get(server.url());
  response = std::move(other);
  auto lines = response.lines();
  const auto line = co_await next_of(lines);
  CHECK(line == "x");
  const std::string between = co_await text_of_busy();
  CHECK(between == "eddy: a generator of chunks() or lines(), which is not at its end" + rest);
  const auto rest_of = [](eddy::AsyncGenerator<std::string>& source) -> eddy::Task<> {
    while (auto item = co_await source.next()) CHECK(*item == "y");
  };
  auto second = eddy::create_task(rest_of(lines), {.name = "second"});
  co_await settle(2);
  const std::string text = co_await text_of_busy();
  INFO(text);
  CHECK(text.find("eddy: task second, which waits for an event at ") == 0);
  second.cancel();
  co_await settle(2);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a body that is cut off is an error, and what came before it is delivered", "[socket]") {
  const auto send = [](HttpExchange& exchange) -> eddy::Task<bool> {
    co_await exchange.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    co_return false;
  };
  auto server = co_await HttpServer::start(send);
  http::ClientSession session;
  auto response = co_await session.get(server.url());
  const auto text = co_await error_of(response.text());
  CHECK(text == "connection " + std::to_string(ECONNRESET));
  auto other = co_await session.get(server.url());
  auto chunks = other.chunks();
  const auto first = co_await next_of(chunks);
  CHECK(first == "half");
  const auto second = co_await error_of(next_of(chunks));
  CHECK(second == "connection " + std::to_string(ECONNRESET));
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a session that is closed ends what runs and what waits, with an error", "[socket]") {
  const auto hang = [](HttpExchange& exchange) -> eddy::Task<bool> {
    if (exchange.target == "/head") co_await exchange.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    co_await eddy::sleep(1h);
    co_return false;
  };
  auto server = co_await HttpServer::start(hang);
  std::optional<http::ClientSession> session(std::in_place, http::SessionOptions().limit(2));
  auto response = co_await session->get(server.url("/head"));
  auto reading = eddy::create_task(error_of(response.text()));
  auto running = eddy::create_task(error_of(session->get(server.url("/none"))));
  auto waiting = eddy::create_task(error_of(session->get(server.url("/none"))));
  while (server.asked().size() < 2) co_await eddy::sleep(1ms);
  CHECK(session->statistics().active == 2);
  CHECK(session->statistics().waiting == 1);
  auto late = session->get(server.url());
  session.reset();
  for (auto* handle : {&reading, &running, &waiting}) {
    const auto end = co_await *handle;
    CHECK(end == "closed");
  }
  const auto end = co_await error_of(std::move(late));
  CHECK(end == "closed");
  CHECK(response.status() == 200);
  co_await server.close();
}
