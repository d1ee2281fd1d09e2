// TLS streams in use: reading and writing at once, cancels, closing, cut connections.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include "support/thrown_text.hpp"
#include "support/tls.hpp"
#include <eddy/io/socket_stream.hpp>
#include <eddy/io/tls.hpp>

#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace test;
using eddy::MemoryStream;

namespace {

std::string text_of(std::size_t size, std::size_t seed = 0) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i + seed) * 2654435761U >> 11);
  return text;
}
template <class S>
eddy::Task<> write_and_end(S& to, std::string_view data) {
  co_await to.write(data);
  co_await to.write_eof();
}

const std::string kPipe = std::to_string(EPIPE);
const std::string kReset = std::to_string(ECONNRESET);

}  // namespace

EDDY_TEST_CASE("a TLS stream is a stream, and has the functions of all", "[tls]") {
  STATIC_REQUIRE(eddy::Stream<Tls>);
  STATIC_REQUIRE(eddy::Stream<eddy::TlsStream<eddy::SocketStream>>);
  for (const auto& options : kAllPairs) {
    auto [client, server] = co_await open_tls_pair(options);
    const auto send = [](Tls& to) -> eddy::Task<> {
      co_await to.write("head\r\n\r\n");
      co_await to.write("");
      const std::vector<std::string_view> parts{"bo", "", "dy", "line\nrest"};
      co_await to.write(parts);
      co_await to.write(std::span<const std::string_view>());
      co_await to.write_eof();
      co_await to.write_eof();
    };
    auto sender = eddy::create_task(send, std::ref(client));
    const auto head = co_await server.read_until("\r\n\r\n");
    CHECK(head == "head\r\n\r\n");
    const auto body = co_await server.read_exactly(4);
    CHECK(body == "body");
    const auto line = co_await server.read_line();
    CHECK(line == "line\n");
    const auto none = co_await read_some_of(server, 0);
    CHECK(none.empty());
    const auto rest = co_await server.read_all(10);
    CHECK(rest == "rest");
    co_await sender;
    const auto after_end = co_await end_of(client.write("x"));
    CHECK(after_end == kPipe);
  }
}

EDDY_TEST_CASE("both sides write much at once, while both read", "[tls][large]") {
  const std::string there = text_of(300'000);
  const std::string back = text_of(200'000, 5);
  for (const eddy::MemoryStreamOptions& options : {kAllPairs[0], kAllPairs[1], kAllPairs[2]}) {
    auto [client, server] = co_await open_tls_pair(options);
    auto both = co_await eddy::gather(write_and_end(client, there), client.read_all(1 << 20), write_and_end(server, back),
                                      server.read_all(1 << 20));
    CHECK((std::get<1>(both) == back));
    CHECK((std::get<3>(both) == there));
  }
}

EDDY_TEST_CASE("a read answers a change of keys while another task writes", "[tls][large]") {
  for (const auto& options : kAllPairs) {
    auto [client, server] = co_await open_tls_pair(options);
    const std::string data = text_of(20'000);
    const auto send = [](Tls& to, std::string_view what) -> eddy::Task<> {
      for (int i = 0; i < 5; ++i) {
        if (SSL_key_update(to.native_handle(), SSL_KEY_UPDATE_REQUESTED) != 1) FAIL("no change of keys");
        co_await to.write(what.substr(0, 4'000));
        what.remove_prefix(4'000);
      }
      co_await to.write_eof();
    };
    auto both = co_await eddy::gather(send(client, data), client.read_all(1 << 20), send(server, data), server.read_all(1 << 20));
    CHECK((std::get<1>(both) == data));
    CHECK((std::get<3>(both) == data));
  }
}

EDDY_TEST_CASE("writes of several tasks to TLS come whole, in the order of their calls", "[tls][order]") {
  auto [client, server] = co_await open_tls_pair({.capacity = 1000});
  std::string all;
  std::vector<std::string> texts;
  for (const char letter : {'a', 'b', 'c'}) texts.push_back(std::string(50'000, letter));
  std::vector<eddy::TaskHandle<>> writers;
  for (const std::string& text : texts) writers.push_back(eddy::create_task(client.write(text)));
  auto end = eddy::create_task(client.write_eof());
  const auto got = co_await server.read_all(1 << 20);
  CHECK((got == texts[0] + texts[1] + texts[2]));
  co_await eddy::gather(writers);
  co_await end;
}

EDDY_TEST_CASE("a connection that is cut is no end", "[tls]") {
  for (const auto& options : kAllPairs) {
    auto [client, server] = co_await open_tls_pair(options);
    const auto cut = [](Tls& from) -> eddy::Task<> {
      co_await from.write("not all\n");
      from.close();
    };
    auto cutter = eddy::create_task(cut, std::ref(client));
    const auto line = co_await server.read_line();
    CHECK(line == "not all\n");
    co_await cutter;
    const auto all = co_await end_of(server.read_all(100));
    CHECK(all == "truncated");
    const auto next = co_await end_of(server.read_line());
    CHECK(next == "truncated");
    const auto some = co_await end_of(read_some_of(server));
    CHECK(some == "truncated");
  }
}

EDDY_TEST_CASE("a byte that is changed on the way is noticed, and nothing of its record is given", "[tls]") {
  auto [end, there] = eddy::open_memory_stream_pair();
  auto [other_end, back] = eddy::open_memory_stream_pair();
  const auto carry = [](MemoryStream& from, MemoryStream& to, bool changes) -> eddy::Task<> {
    std::string data(1000, '\0');
    while (auto count = co_await from.read_some(std::span<char>(data))) {
      if (changes && count == 22 + 100) data[50] = static_cast<char>(data[50] ^ 1);  // a record of a hundred bytes
      co_await to.write(std::string_view(data).substr(0, count));
    }
  };
  auto forth = eddy::create_task(carry, std::ref(there), std::ref(back), true);
  auto back_again = eddy::create_task(carry, std::ref(back), std::ref(there), false);
  auto accepting = eddy::create_task(eddy::tls_accept(std::move(other_end), server_context()));
  auto client = co_await eddy::tls_connect(std::move(end), client_context(), "localhost");
  auto server = co_await std::move(accepting);
  co_await client.write("unchanged\n");
  const auto line = co_await server.read_line();
  CHECK(line == "unchanged\n");
  const std::string data(100, 'x');
  co_await client.write(data);
  const auto wrong = co_await end_of(server.read(200));
  CHECK(wrong == "TLS: decryption failed or bad record mac");
  const auto told = co_await end_of(client.read(1));
  CHECK(told.find("bad record mac") != std::string::npos);
  client.close();
  server.close();
  const auto one = co_await end_of(forth);
  const auto two = co_await end_of(back_again);
  CHECK((one == "done" || one == kPipe || one == kReset));
  CHECK((two == "done" || two == kPipe || two == kReset));
}

EDDY_TEST_CASE("a read of TLS that is cancelled at any step loses no byte", "[tls][c362][large]") {
  const std::string text = "0123456789 well, a line\nsome more\nand the rest";
  for (const auto& options : kAllPairs) {
    for (int steps = 0; steps < 60; steps += options.evil ? 13 : 2) {
      auto [client, server] = co_await open_tls_pair(options);
      std::string got;
      const auto read = [](Tls& from, std::string& to) -> eddy::Task<> {
        to += co_await from.read(3);
        to += co_await from.read_exactly(7);
        to += co_await from.read_until("ll");
        to += co_await from.read_line();
        to += co_await read_some_of(from);
        to += co_await from.read_all(100);
      };
      const auto feed = [](Tls& to, std::string_view what) -> eddy::Task<> {
        for (; !what.empty(); what.remove_prefix(std::min<std::size_t>(4, what.size()))) {
          co_await eddy::yield();
          co_await to.write(what.substr(0, 4));
        }
        co_await to.write_eof();
      };
      auto reader = eddy::create_task(read, std::ref(server), std::ref(got));
      auto feeder = eddy::create_task(feed, std::ref(client), std::string_view(text));
      for (int i = 0; i < steps; ++i) co_await eddy::yield();
      reader.cancel();
      const auto end = co_await end_of(reader);
      CHECK((end == "cancelled" || end == "done"));
      got += co_await server.read_all(100);
      CHECK(got == text);
      co_await feeder;
    }
  }
}

EDDY_TEST_CASE("a write to TLS that is cancelled half-way breaks it, one that has not begun does not", "[tls][order]") {
  auto [client, server] = co_await open_tls_pair({.capacity = 1000});
  const std::string data(50'000, 'x');
  auto first = eddy::create_task(client.write(data));
  auto second = eddy::create_task(client.write("never"));
  auto third = eddy::create_task(client.write("behind"));
  co_await settle(2);
  second.cancel();
  const auto not_begun = co_await end_of(second);
  CHECK(not_begun == "cancelled");
  CHECK_FALSE(first.done());
  const auto got = co_await server.read_exactly(10'000);
  CHECK((got == std::string(10'000, 'x')));
  first.cancel();
  const auto broken = co_await end_of(third);
  CHECK(broken == "broken");
  const auto later = co_await end_of(client.write("x"));
  CHECK(later == "broken");
  const auto shut = co_await end_of(client.shutdown());
  CHECK(shut == "broken");
  CHECK(client.is_closed());
  const auto rest = co_await end_of(server.read_all(1 << 20));
  CHECK(rest == "truncated");
}

EDDY_TEST_CASE("closing a TLS stream wakes whoever waits in it, with ClosedResourceError", "[tls]") {
  for (const bool destroyed : {false, true}) {
    auto pair = co_await open_tls_pair({.capacity = 100});
    auto client = std::make_unique<Tls>(std::move(pair.client));
    auto reader = eddy::create_task(client->receive({}));
    const std::size_t nothing = co_await reader;
    CHECK(nothing == 0);
    static char space[10];
    reader = eddy::create_task(client->receive(space));
    const std::string data(1000, 'x');
    auto writer = eddy::create_task(client->write(data));
    auto behind = eddy::create_task(client->write(data));
    co_await settle(2);
    if (destroyed) {
      client.reset();
    } else {
      client->close();
      client->close();
      const auto later = co_await end_of(client->write("x"));
      CHECK(later == "closed");
      const auto read_later = co_await end_of(client->read_line());
      CHECK(read_later == "closed");
    }
    const auto reading = co_await end_of(reader);
    CHECK(reading == "closed");
    const auto writing = co_await end_of(writer);
    CHECK(writing == "closed");
    const auto waiting = co_await end_of(behind);
    CHECK(waiting == "closed");
  }
}

EDDY_TEST_CASE("a TLS stream that never was open says so", "[tls]") {
  Tls stream;
  CHECK(stream.is_closed());
  CHECK(stream.alpn_protocol().empty());
  CHECK_THROWS_AS((void)stream.version(), eddy::ClosedResourceError);
  CHECK_THROWS_AS((void)stream.peer_certificate(), eddy::ClosedResourceError);
  CHECK_THROWS_AS((void)stream.transport(), eddy::ClosedResourceError);
  CHECK_THROWS_AS((void)stream.native_handle(), eddy::ClosedResourceError);
  const auto read = co_await end_of(read_some_of(stream));
  CHECK(read == "closed");
  const auto write = co_await end_of(stream.write("x"));
  CHECK(write == "closed");
  const auto shut = co_await end_of(stream.shutdown());
  CHECK(shut == "closed");
  stream.close();

  auto pair = co_await open_tls_pair();
  stream = std::move(pair.client);
  CHECK_FALSE(stream.is_closed());
  CHECK_FALSE(stream.transport().is_closed());
  co_await stream.write("moved");
  const auto got = co_await pair.server.read_exactly(5);
  CHECK(got == "moved");
  stream = Tls();
  const auto end = co_await end_of(pair.server.read_line());
  CHECK(end == "truncated");
}

EDDY_TEST_CASE("a second task that reads TLS is told so, and the first goes on", "[tls]") {
  auto [client, server] = co_await open_tls_pair();
  auto reader = eddy::create_task(read_some_of(server));
  co_await settle();
  const auto second = co_await end_of(read_some_of(server));
  CHECK(second == "busy");
  const auto line = co_await end_of(server.read_line());
  CHECK(line == "busy");
  co_await client.write("x");
  const auto got = co_await reader;
  CHECK(got == "x");
}

EDDY_TEST_CASE("a second reader of TLS is told which task reads, and where it waits", "[tls]") {
  auto [client, server] = co_await open_tls_pair();
  const auto read = [](Tls& from, bool buffered) -> eddy::Task<> {
    char space[1];
    if (buffered) {
      (void)co_await from.read_line();
    } else {
      (void)co_await from.read_some(space);
    }
  };
  const auto text_of_busy = [&read](Tls& from, bool buffered) {
    return awaited_thrown_text_of<eddy::BusyResourceError>(read(from, buffered));
  };
  const auto first = [](Tls& from) -> eddy::Task<std::string> { co_return co_await from.read_line(); };
  const int line = __LINE__ - 1;
  auto reader = eddy::create_task(first(server), {.name = "first"});
  co_await settle();
  for (const bool buffered : {false, true}) {
    const std::string text = co_await text_of_busy(server, buffered);
    INFO(text);
    CHECK(text.find("eddy: task first, which waits for data to read at ") == 0);
    CHECK(text.find(" < " + std::string(__FILE__) + ':' + std::to_string(line) + ", reads from this; one at a time may") !=
          std::string::npos);
  }
  // The one that reads past the buffer, and the one that shuts it down.
  reader.cancel();
  co_await settle(2);
  auto some = eddy::create_task(read_some_of(server), {.name = "some"});
  co_await settle();
  const std::string past = co_await text_of_busy(server, false);
  CHECK(past.find("eddy: task some, which waits for data to read at ") == 0);
  some.cancel();
  co_await settle(2);
  auto ending = eddy::create_task(server.shutdown(), {.name = "ending"});
  co_await settle();
  const std::string ends = co_await text_of_busy(server, false);
  CHECK(ends.find("eddy: task ending, which waits for data to read at ") == 0);
  client.close();
  co_await ending;
}

EDDY_TEST_CASE("shutdown waits for the other side's end, and drops what comes before it", "[tls]") {
  for (const auto& options : kAllPairs) {
    auto [client, server] = co_await open_tls_pair(options);
    const auto serve = [](Tls& stream) -> eddy::Task<std::string> {
      const auto all = co_await stream.read_all(100);
      co_await stream.write("too late to be read");
      co_await eddy::sleep(5s);
      co_await stream.shutdown();
      co_return all;
    };
    auto serving = eddy::create_task(serve, std::ref(server));
    const auto start = now();
    co_await client.write("last words");
    co_await client.shutdown();
    CHECK(now() - start == 5s);
    CHECK(client.is_closed());
    const auto all = co_await serving;
    CHECK(all == "last words");
    CHECK(server.is_closed());
  }
}

EDDY_TEST_CASE("shutdown does not mind a peer that is gone, and gives up one that says nothing", "[tls]") {
  {
    auto [client, server] = co_await open_tls_pair();
    server.close();
    co_await client.shutdown();
    CHECK(client.is_closed());
  }
  {
    auto [client, server] = co_await open_tls_pair();
    server.transport().abort();
    co_await client.shutdown();
    CHECK(client.is_closed());
  }
  for (const bool hurried : {false, true}) {
    eddy::TlsOptions limits;
    if (hurried) limits.shutdown_timeout = 1s;
    auto [client, server] = co_await open_tls_pair({}, client_context(), server_context(), limits);
    const auto start = now();
    const auto end = co_await end_of(client.shutdown());
    CHECK(end == "timed out");
    CHECK(now() - start == (hurried ? 1s : 30s));
    CHECK(client.is_closed());
  }
}

EDDY_TEST_CASE("what the stream below throws comes through TLS, and breaks it", "[tls]") {
  auto [client, server] = co_await open_tls_pair();
  server.transport().abort();
  const auto read = co_await end_of(read_some_of(client));
  CHECK(read == kReset);
  const auto write = co_await end_of(client.write("x"));
  CHECK(write == kReset);
  const auto again = co_await end_of(client.write("x"));
  CHECK(again == "broken");
}

EDDY_LOOP_TEST_CASE("TLS can be cancelled at any point", "[tls][large]") {
  for (const eddy::MemoryStreamOptions& options : {kAllPairs[0], kAllPairs[2]}) {
    const auto body = [&]() -> eddy::Task<> {
      // In some orders one side is stopped, and closed, before the other.
      std::optional<TlsPair> pair;
      const auto opened = co_await end_of(open_tls_pair(options), &pair);
      CHECK((opened == "done" || opened == kPipe || opened == "truncated"));
      if (!pair) co_return;
      const auto ask = [](Tls& stream) -> eddy::Task<> {
        co_await stream.write("hello\n");
        const auto answer = co_await stream.read_line();
        CHECK(answer == "answer\n");
        co_await stream.shutdown();
      };
      const auto answer = [](Tls& stream) -> eddy::Task<> {
        const auto line = co_await stream.read_line();
        CHECK(line == "hello\n");
        co_await stream.write("answer\n");
        const auto end = co_await stream.read_line();
        CHECK(end.empty());
        co_await stream.shutdown();
      };
      co_await eddy::gather(ask(pair->client), answer(pair->server));
    };
    CHECK(eddy::testing::for_each_cancellation_point(body) > 20);
  }
}

EDDY_TEST_CASE("TLS goes through TLS", "[tls]") {
  auto [client, server] = co_await open_tls_pair();
  auto connecting = eddy::tls_connect(std::move(client), client_context(), "localhost");
  auto accepting = eddy::tls_accept(std::move(server), server_context());
  auto both = co_await eddy::gather(std::move(connecting), std::move(accepting));
  auto& inner = std::get<0>(both);
  co_await inner.write("twice\n");
  const auto line = co_await std::get<1>(both).read_line();
  CHECK(line == "twice\n");
}

EDDY_TEST_CASE("TLS goes over sockets, in megabytes", "[socket][tls]") {
  auto [left, right] = eddy::open_socket_pair();
  auto connecting = eddy::tls_connect(std::move(left), client_context(), "localhost");
  auto accepting = eddy::tls_accept(std::move(right), server_context());
  auto ends = co_await eddy::gather(std::move(connecting), std::move(accepting));
  auto& client = std::get<0>(ends);
  auto& server = std::get<1>(ends);
  const std::string there = text_of(3'000'000);
  auto both = co_await eddy::gather(write_and_end(client, there), client.read_all(4 << 20), write_and_end(server, there),
                                    server.read_all(4 << 20));
  CHECK((std::get<1>(both) == there));
  CHECK((std::get<3>(both) == there));
  co_await eddy::gather(client.shutdown(), server.shutdown());
}
