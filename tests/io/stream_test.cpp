// BufferedReading: reads of a number, up to separators, of lines and of everything, over streams that behave well and badly.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include <eddy/io/memory_stream.hpp>
#include <eddy/io/socket_stream.hpp>

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

using namespace test;
using eddy::MemoryStream;
using eddy::testing::for_each_cancellation_point;
using eddy::open_memory_stream_pair;

namespace {

using Strings = std::vector<std::string>;

constexpr eddy::MemoryStreamOptions kPlain{};
constexpr eddy::MemoryStreamOptions kSmall{.capacity = 3};
constexpr eddy::MemoryStreamOptions kLockstep{.lockstep = true};
constexpr eddy::MemoryStreamOptions kEvil{.evil = true};
constexpr eddy::MemoryStreamOptions kBoth{.lockstep = true, .evil = true};
constexpr eddy::MemoryStreamOptions kAll[] = {kPlain, kSmall, kLockstep, kEvil, kBoth};

// Writes the chunks, each in a turn of its own, and closes the stream, which it owns.
eddy::Task<> feed(MemoryStream to, Strings chunks) {
  for (const std::string& chunk : chunks) {
    co_await eddy::yield();
    co_await to.write(chunk);
  }
}
eddy::Task<> feed_socket(eddy::SocketStream to, Strings chunks) {
  for (const std::string& chunk : chunks) {
    co_await eddy::yield();
    co_await to.write(chunk);
  }
}

// The reading end of a stream on which the chunks come, and then the end.
struct Source {
  MemoryStream stream;
  eddy::TaskHandle<> feeder;
};
Source source(const eddy::MemoryStreamOptions& options, Strings chunks) {
  auto [left, right] = open_memory_stream_pair(options);
  return {std::move(right), eddy::create_task(feed(std::move(left), std::move(chunks)))};
}

// How a read ends: what it gives, or the error with its numbers.
template <class A>
eddy::Task<std::string> end_of(A read) {
  try {
    co_return co_await std::move(read);
  } catch (const eddy::IncompleteReadError& e) {
    co_return "incomplete: " + e.partial() + "/" + std::to_string(e.expected());
  } catch (const eddy::LimitOverrunError& e) {
    co_return "over " + std::to_string(e.limit()) + " after " + std::to_string(e.consumed());
  } catch (const std::invalid_argument&) {
    co_return "invalid";
  } catch (const eddy::BusyResourceError&) {
    co_return "busy";
  }
}

eddy::Task<> end_cancelled(eddy::TaskHandle<> task) {
  try {
    co_await task;
  } catch (const eddy::CancelledError&) {
  }
}

}  // namespace

namespace {

// What can be read, and what can be written, as far as the concepts ask.
struct OnlyReads {
  eddy::Task<std::size_t> read_some(std::span<char>);
  void close();
};
struct OnlyWrites {
  eddy::Task<> write(std::string_view);
  eddy::Task<> write_eof();
  void close();
};
struct ReadsText {
  eddy::Task<std::string> read_some(std::span<char>);
  void close();
};

}  // namespace

TEST_CASE("streams are told by what they can do", "[stream]") {
  STATIC_REQUIRE(eddy::ReadStream<OnlyReads>);
  STATIC_REQUIRE_FALSE(eddy::WriteStream<OnlyReads>);
  STATIC_REQUIRE(eddy::WriteStream<OnlyWrites>);
  STATIC_REQUIRE_FALSE(eddy::Stream<OnlyWrites>);
  STATIC_REQUIRE_FALSE(eddy::ReadStream<ReadsText>);
  STATIC_REQUIRE(eddy::Stream<MemoryStream>);
  STATIC_REQUIRE(std::is_base_of_v<eddy::BufferedReading<MemoryStream>, MemoryStream>);
  STATIC_REQUIRE(std::is_base_of_v<eddy::DescriptorReading<eddy::SocketStream>, eddy::SocketStream>);
  CHECK(MemoryStream().limit() == MemoryStream::kDefaultLimit);
  CHECK(MemoryStream::kDefaultLimit == 65536);
}

EDDY_TEST_CASE("read gives what is there first, up to the size, and an empty string at the end", "[stream][c357]") {
  auto [left, right] = open_memory_stream_pair();
  const auto zero = co_await right.read(0);
  CHECK(zero.empty());
  co_await left.write("abcdef");
  const auto two = co_await right.read(2);
  CHECK(two == "ab");
  const auto none = co_await right.read(0);
  CHECK(none.empty());
  const auto rest = co_await right.read(100);
  CHECK(rest == "cdef");
  co_await left.write_eof();
  const auto end = co_await right.read(100);
  CHECK(end.empty());
  const auto again = co_await right.read(1);
  CHECK(again.empty());
}

EDDY_TEST_CASE("read gives any text piece by piece, however it comes", "[stream][c357]") {
  for (const auto& options : kAll) {
    auto [stream, feeder] = source(options, {"one", "", " ", "two three", " four"});
    std::string all;
    for (std::size_t size = 1;; ++size) {
      const auto piece = co_await stream.read(size);
      if (piece.empty()) break;
      CHECK(piece.size() <= size);
      all += piece;
    }
    CHECK(all == "one two three four");
    co_await feeder;
  }
}

EDDY_TEST_CASE("read_exactly gives exactly that much, across any chunks", "[stream][c357]") {
  for (const auto& options : kAll) {
    auto [stream, feeder] = source(options, {"abc", "de", "fghijkl"});
    const auto none = co_await stream.read_exactly(0);
    CHECK(none.empty());
    const auto four = co_await stream.read_exactly(4);
    CHECK(four == "abcd");
    const auto one = co_await stream.read_exactly(1);
    CHECK(one == "e");
    const auto more = co_await end_of(stream.read_exactly(100));
    CHECK(more == "incomplete: fghijkl/100");
    const auto after = co_await end_of(stream.read_exactly(1));
    CHECK(after == "incomplete: /1");
    const auto zero = co_await end_of(stream.read_exactly(0));
    CHECK(zero.empty());
    co_await feeder;
  }
}

EDDY_TEST_CASE("read_some empties what was read ahead before it reads on", "[stream]") {
  auto [left, right] = open_memory_stream_pair();
  co_await left.write("line\nabc");
  const auto line = co_await right.read_line();
  CHECK(line == "line\n");
  co_await left.write("def");
  std::string space(10, '\0');
  const std::size_t first = co_await right.read_some(space);
  CHECK(space.substr(0, first) == "abc");
  const std::size_t second = co_await right.read_some(space);
  CHECK(space.substr(0, second) == "def");
}

EDDY_TEST_CASE("read_until gives everything up to the separator, which may come in pieces", "[stream][c360]") {
  for (const auto& options : kAll) {
    auto [stream, feeder] = source(options, {"head\r", "\n\r", "\nbo", "dy\r\n\r\n\r\n\r\nrest", "\r\n\r"});
    const auto head = co_await stream.read_until("\r\n\r\n");
    CHECK(head == "head\r\n\r\n");
    const auto body = co_await stream.read_until("\r\n\r\n");
    CHECK(body == "body\r\n\r\n");
    const auto empty = co_await stream.read_until("\r\n\r\n");
    CHECK(empty == "\r\n\r\n");
    const auto rest = co_await end_of(stream.read_until("\r\n\r\n"));
    CHECK(rest == "incomplete: rest\r\n\r/0");
    co_await feeder;
  }
}

EDDY_TEST_CASE("a separator is found whose beginning is repeated before it", "[stream][c360]") {
  for (const auto& options : kAll) {
    auto [stream, feeder] = source(options, {"a", "aa", "ab", "aab", "x"});
    const auto first = co_await stream.read_until("aab");
    CHECK(first == "aaaab");
    const auto second = co_await stream.read_until("aab");
    CHECK(second == "aab");
    const auto rest = co_await end_of(stream.read_until("aab"));
    CHECK(rest == "incomplete: x/0");
    co_await feeder;
  }
}

EDDY_TEST_CASE("of several separators the one that ends first counts, and of those that end together the longest",
               "[stream][c360]") {
  for (const auto& options : kAll) {
    auto [stream, feeder] = source(options, {"one\n", "two\r\nthree", "longer", "-end", "|x"});
    const Strings newlines{"\n", "\r\n", "|"};
    const auto one = co_await stream.read_until(newlines);
    CHECK(one == "one\n");
    const auto two = co_await stream.read_until(newlines);
    CHECK(two == "two\r\n");
    const Strings nested{"longer-end", "er-e", "ng"};
    const auto three = co_await stream.read_until(nested);
    CHECK(three == "threelong");
    const auto four = co_await stream.read_until(nested);
    CHECK(four == "er-e");
    stream.set_limit(2);
    const Strings both{"d|", "nd|"};
    const auto over = co_await end_of(stream.read_until(both));
    CHECK(over == "over 2 after 0");  // the longest of those that end there starts at once
    stream.set_limit(3);
    const auto five = co_await stream.read_until(both);
    CHECK(five == "nd|");
    const auto rest = co_await stream.read_all(10);
    CHECK(rest == "x");
    co_await feeder;
  }
}

EDDY_TEST_CASE("read_until refuses separators that are empty or missing", "[stream][c360]") {
  auto [left, right] = open_memory_stream_pair();
  co_await left.write("abc");
  const auto empty = co_await end_of(right.read_until(""));
  CHECK(empty == "invalid");
  const auto none = co_await end_of(right.read_until(Strings()));
  CHECK(none == "invalid");
  const Strings one_empty{"c", ""};
  const auto some = co_await end_of(right.read_until(one_empty));
  CHECK(some == "invalid");
  const auto kept = co_await right.read_until("c");
  CHECK(kept == "abc");
}

EDDY_TEST_CASE("read_until over the limit keeps the bytes, and says how many may be skipped", "[stream][c359]") {
  for (const auto& options : kAll) {
    auto [stream, feeder] = source(options, {"0123456789", "\r\n", "ok\r\n"});
    stream.set_limit(6);
    CHECK(stream.limit() == 6);
    const auto over = co_await end_of(stream.read_until("\r\n"));
    CHECK(over.substr(0, 13) == "over 6 after ");
    const std::size_t consumed = std::stoul(over.substr(13));
    CHECK(consumed >= 7);
    CHECK(consumed <= 10);
    const auto again = co_await end_of(stream.read_until("\r\n"));
    CHECK(again == over);
    const auto skipped = co_await stream.read_exactly(consumed);
    CHECK(skipped == std::string("0123456789").substr(0, consumed));
    const auto rest = co_await stream.read_until("\r\n");
    CHECK(rest == std::string("0123456789\r\n").substr(consumed));
    const auto next = co_await stream.read_until("\r\n");
    CHECK(next == "ok\r\n");
    co_await feeder;
  }
}

EDDY_TEST_CASE("a separator that is found behind the limit may be reached by skipping, too", "[stream][c359]") {
  auto [left, right] = open_memory_stream_pair();
  co_await left.write("0123456789--next--");
  right.set_limit(11);
  const auto over = co_await end_of(right.read_until("--"));
  CHECK(over == "over 11 after 10");
  right.set_limit(12);
  const auto exact = co_await right.read_until("--");
  CHECK(exact == "0123456789--");
  right.set_limit(0);
  const auto none = co_await end_of(right.read_until("--"));
  CHECK(none == "over 0 after 4");
  const auto four = co_await right.read_exactly(4);
  CHECK(four == "next");
}

EDDY_TEST_CASE("read_line gives lines with their newlines, a last one without, and then nothing", "[stream][c361]") {
  for (const auto& options : kAll) {
    auto [stream, feeder] = source(options, {"one\ntw", "o\r", "\n", "\n", "three"});
    const auto one = co_await stream.read_line();
    CHECK(one == "one\n");
    const auto two = co_await stream.read_line();
    CHECK(two == "two\r\n");
    const auto empty = co_await stream.read_line();
    CHECK(empty == "\n");
    const auto three = co_await stream.read_line();
    CHECK(three == "three");
    const auto end = co_await stream.read_line();
    CHECK(end.empty());
    co_await feeder;
  }
}

EDDY_TEST_CASE("a line that is too long stays unread, and takes no more memory than the limit", "[stream][c361]") {
  auto [left, right] = open_memory_stream_pair();
  right.set_limit(5);
  co_await left.write("12345");
  auto reader = eddy::create_task(end_of(right.read_line()));
  co_await settle();
  CHECK_FALSE(reader.done());
  co_await left.write("6");
  const auto over = co_await reader;
  CHECK(over == "over 5 after 6");
  co_await left.write("\nfour\nfive5\n");
  const auto skipped = co_await right.read_exactly(6);
  CHECK(skipped == "123456");
  const auto newline = co_await right.read_line();
  CHECK(newline == "\n");
  const auto fits = co_await right.read_line();
  CHECK(fits == "four\n");
  const auto found = co_await end_of(right.read_line());
  CHECK(found == "over 5 after 5");

  // Whatever the other end sends.
  auto [sender, receiver] = open_memory_stream_pair({.capacity = 1 << 20});
  const std::string endless(1 << 20, 'x');
  co_await sender.write(endless);
  const auto refused = co_await end_of(receiver.read_line());
  CHECK(refused.substr(0, 17) == "over 65536 after ");
  CHECK(std::stoul(refused.substr(17)) <= 4 * 65536);
}

EDDY_TEST_CASE("lines() gives all lines without their newlines", "[stream]") {
  for (const auto& options : kAll) {
    auto [stream, feeder] = source(options, {"one\n\ntw", "o\r\nthree"});
    Strings all;
    auto lines = stream.lines();
    while (auto line = co_await lines.next()) all.push_back(*line);
    CHECK(all == Strings{"one", "", "two\r", "three"});
    co_await feeder;
  }
}

EDDY_TEST_CASE("lines() can be left at any line, and other reads go on behind it", "[stream]") {
  auto [left, right] = open_memory_stream_pair();
  co_await left.write("head: 1\n\nbody\n");
  co_await left.write_eof();
  {
    auto lines = right.lines();
    while (auto line = co_await lines.next()) {
      if (line->empty()) break;
    }
  }
  const auto body = co_await right.read_all(100);
  CHECK(body == "body\n");
}

EDDY_TEST_CASE("read_all gives everything up to the end, also nothing", "[stream][c357]") {
  for (const auto& options : kAll) {
    auto [stream, feeder] = source(options, {"abc", "defg", "hij"});
    const auto first = co_await stream.read_exactly(2);
    CHECK(first == "ab");
    const auto all = co_await stream.read_all(8);
    CHECK(all == "cdefghij");
    const auto none = co_await stream.read_all(0);
    CHECK(none.empty());
    co_await feeder;
  }
}

EDDY_TEST_CASE("read_all of more than its cap fails, and what has come stays", "[stream][c357]") {
  for (const auto& options : kAll) {
    auto [stream, feeder] = source(options, {"abc", "defg", "hij"});
    const auto over = co_await end_of(stream.read_all(9));
    CHECK(over == "over 9 after 10");
    const auto all = co_await stream.read_all(10);
    CHECK(all == "abcdefghij");
    co_await feeder;
  }
}

EDDY_TEST_CASE("every function tells a second reader that another one reads", "[stream]") {
  auto [left, right] = open_memory_stream_pair();
  auto reader = eddy::create_task(right.read_exactly(4));
  co_await settle();
  const auto read = co_await end_of(right.read(1));
  CHECK(read == "busy");
  const auto exactly = co_await end_of(right.read_exactly(1));
  CHECK(exactly == "busy");
  const auto until = co_await end_of(right.read_until("x"));
  CHECK(until == "busy");
  const auto line = co_await end_of(right.read_line());
  CHECK(line == "busy");
  const auto all = co_await end_of(right.read_all(1));
  CHECK(all == "busy");
  char space[1];
  CHECK_THROWS_AS((void)right.read_some(space), eddy::BusyResourceError);
  co_await left.write("mine");
  const auto got = co_await reader;
  CHECK(got == "mine");
}

namespace {

// Reads with each function once, and notes what came after each.
eddy::Task<> read_with_all(MemoryStream& from, std::string& got) {
  got += co_await from.read(3);
  got += co_await from.read_exactly(7);
  got += co_await from.read_until("ll");
  got += co_await from.read_line();
  char space[5];
  const std::size_t count = co_await from.read_some(space);
  got.append(space, count);
  auto lines = from.lines();
  if (auto line = co_await lines.next(); line) got += *line + "\n";
  got += co_await from.read_all(100);
}

}  // namespace

EDDY_LOOP_TEST_CASE("a read that is cancelled at any point loses no byte", "[stream][c362]") {
  const std::string text = "0123456789 well, a line\nsome more\nand the rest";
  for (const auto& options : {kPlain, kEvil, kSmall, kLockstep}) {
    std::optional<std::pair<MemoryStream, MemoryStream>> pair;
    std::string got;
    std::size_t written = 0;  // by writes that are complete
    const auto write = [&](MemoryStream& to) -> eddy::Task<> {
      for (std::size_t at = 0; at < text.size(); at += 4) {
        co_await eddy::yield();
        co_await to.write(std::string_view(text).substr(at, 4));
        written += std::min(std::size_t{4}, text.size() - at);
      }
      co_await to.write_eof();
    };
    const auto check = [&]() -> eddy::Task<> {  // after the run before
      if (!pair) co_return;
      pair->first.close();
      got += co_await pair->second.read_all(100);
      CHECK(text.substr(0, got.size()) == got);
      CHECK(got.size() >= written);
      CHECK(got.size() <= written + 4);
    };
    const auto body = [&]() -> eddy::Task<> {
      co_await check();
      got.clear();
      written = 0;
      pair.emplace(open_memory_stream_pair(options));
      co_await eddy::gather(write(pair->first), read_with_all(pair->second, got));
      CHECK(got == text);
    };
    CHECK(for_each_cancellation_point(body) > 20);
  }
}

EDDY_TEST_CASE("a read of a socket that is cancelled at any step loses no byte", "[socket][stream][c362]") {
  const std::string text = "0123456789 well, a line\nsome more\nand the rest";
  for (int steps = 0; steps < 40; ++steps) {
    auto [left, right] = eddy::open_socket_pair();
    Strings chunks;
    for (std::size_t at = 0; at < text.size(); at += 4) chunks.push_back(text.substr(at, 4));
    std::string got;
    const auto read = [](eddy::SocketStream& from, std::string& to) -> eddy::Task<> {
      to += co_await from.read(3);
      to += co_await from.read_exactly(7);
      to += co_await from.read_until("ll");
      to += co_await from.read_line();
      to += co_await from.read_all(100);
    };
    auto reader = eddy::create_task(read, std::ref(right), std::ref(got));
    auto feeder = eddy::create_task(feed_socket(std::move(left), std::move(chunks)));
    for (int i = 0; i < steps; ++i) co_await eddy::yield();
    reader.cancel();
    co_await end_cancelled(reader);
    got += co_await right.read_all(100);
    CHECK(got == text);
    co_await feeder;
  }
}

EDDY_TEST_CASE("the functions of reading are the same over a socket", "[socket][stream][c357][c359][c360]") {
  auto [left, right] = eddy::open_socket_pair();
  auto feeder = eddy::create_task(feed_socket(std::move(left), {"exactly", " 1\nuntil\r", "\n", "line\n", "too long\r\na\nb", "rest"}));
  const auto exactly = co_await right.read_exactly(10);
  CHECK(exactly == "exactly 1\n");
  const auto until = co_await right.read_until("\r\n");
  CHECK(until == "until\r\n");
  const auto line = co_await right.read_line();
  CHECK(line == "line\n");
  right.set_limit(7);
  const auto over = co_await end_of(right.read_until("\r\n"));
  CHECK(over == "over 7 after 8");
  const auto skipped = co_await right.read_exactly(8);
  CHECK(skipped == "too long");
  const auto end = co_await right.read_line();
  CHECK(end == "\r\n");
  auto lines = right.lines();
  const auto a = co_await lines.next();
  CHECK(a == "a");
  const auto rest = co_await right.read_all(100);
  CHECK(rest == "brest");
  const auto nothing = co_await right.read(100);
  CHECK(nothing.empty());
  const auto incomplete = co_await end_of(right.read_exactly(1));
  CHECK(incomplete == "incomplete: /1");
  co_await feeder;
}

EDDY_TEST_CASE("a hundred megabytes come through a socket as they were sent", "[socket][stream][large][c380]") {
  auto [left, right] = eddy::open_socket_pair();
  static constexpr std::size_t kSize = std::size_t{100} << 20;
  const auto byte_at = [](std::size_t at) { return static_cast<char>(at * 2654435761U >> 13); };
  std::string block(1 << 20, '\0');
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = byte_at(i);
  auto writer = eddy::create_task([](eddy::SocketStream to, const std::string& what) -> eddy::Task<> {
    for (std::size_t sent = 0; sent < kSize; sent += what.size()) co_await to.write(what);
  }(std::move(left), block));
  std::size_t total = 0;
  std::string space(777'777, '\0');
  while (true) {
    const std::size_t count = co_await right.read_some(space);
    if (count == 0) break;
    for (std::size_t done = 0; done < count;) {
      const std::size_t at = (total + done) % block.size();
      const std::size_t size = std::min(count - done, block.size() - at);
      if (std::string_view(space).substr(done, size) != std::string_view(block).substr(at, size)) FAIL("byte " << total + done);
      done += size;
    }
    total += count;
  }
  CHECK(total == kSize);
  co_await writer;
}
