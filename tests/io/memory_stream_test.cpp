// MemoryStream: reading, writing, back-pressure, lockstep, cancels, closing; as SocketStream, on virtual time.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include "support/streams.hpp"
#include <eddy/io/memory_stream.hpp>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace test;
using eddy::MemoryStream;
using eddy::open_memory_stream_pair;

namespace {

eddy::Task<> write_all(MemoryStream& stream, std::string_view data) { co_await stream.write(data); }
eddy::Task<> end_writing(MemoryStream& stream) { co_await stream.write_eof(); }

// What a task ends with, in a word or a number.
template <class T>
eddy::Task<std::string> end_of(eddy::TaskHandle<T> task) {
  try {
    co_await task;
    co_return "done";
  } catch (const eddy::CancelledError&) {
    co_return "cancelled";
  } catch (const eddy::ClosedResourceError&) {
    co_return "closed";
  } catch (const eddy::BrokenResourceError&) {
    co_return "broken";
  } catch (const eddy::BusyResourceError&) {
    co_return "busy";
  } catch (const std::system_error& e) {
    co_return std::to_string(e.code().value());
  }
}
template <class T>
eddy::Task<std::string> end_of(eddy::Task<T> task) {
  auto handle = eddy::create_task(std::move(task));
  co_return co_await end_of(std::move(handle));
}

const std::string kPipe = std::to_string(EPIPE);
const std::string kReset = std::to_string(ECONNRESET);

}  // namespace

EDDY_TEST_CASE("what is written at one end of a memory pair is read at the other, and then the end", "[memory]") {
  auto [left, right] = open_memory_stream_pair();
  co_await left.write("hello");
  const auto first = co_await read_some_of(right);
  CHECK(first == "hello");
  co_await left.write_eof();
  const auto end = co_await read_some_of(right);
  CHECK(end.empty());
  const auto again = co_await read_some_of(right);
  CHECK(again.empty());
  co_await right.write("still open in this direction");
  const auto back = co_await read_some_of(left);
  CHECK(back == "still open in this direction");
  const auto after_end = co_await end_of(write_all(left, "x"));
  CHECK(after_end == kPipe);
}

EDDY_TEST_CASE("a read of a memory stream waits until there is something, and takes no time", "[memory]") {
  auto [left, right] = open_memory_stream_pair();
  const auto start = now();
  auto reader = eddy::create_task(read_some_of(right));
  co_await eddy::sleep(1h);
  CHECK_FALSE(reader.done());
  co_await left.write("x");
  const auto got = co_await reader;
  CHECK(got == "x");
  CHECK(now() - start == 1h);
  const auto nothing = co_await read_some_of(right, 0);
  CHECK(nothing.empty());
}

EDDY_TEST_CASE("a write waits while the memory is full, and goes on as the other end reads", "[memory]") {
  auto [left, right] = open_memory_stream_pair({.capacity = 4});
  co_await left.write("abcd");
  auto writer = eddy::create_task(write_all(left, "efghij"));
  co_await settle();
  CHECK_FALSE(writer.done());
  const auto first = co_await read_some_of(right, 3);
  CHECK(first == "abc");
  co_await settle();
  CHECK_FALSE(writer.done());
  const auto rest = co_await right.read_exactly(7);
  CHECK(rest == "defghij");
  co_await writer;
}

EDDY_TEST_CASE("a ring of every size carries every text", "[memory]") {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>('a' + i % 26);
  for (std::size_t capacity = 0; capacity < 9; ++capacity) {
    for (std::size_t piece = 1; piece < 12; ++piece) {
      auto pair = open_memory_stream_pair({.capacity = capacity});
      const auto write = [](MemoryStream to, std::string_view what, std::size_t size) -> eddy::Task<> {
        for (; !what.empty(); what.remove_prefix(std::min(size, what.size()))) co_await to.write(what.substr(0, size));
      };
      auto writer = eddy::create_task(write(std::move(pair.first), text, piece));
      std::string got;
      for (std::size_t size = 1;; size = size % 7 + 1) {
        const auto some = co_await read_some_of(pair.second, size);
        if (some.empty()) break;
        got += some;
      }
      CHECK(got == text);
      co_await writer;
    }
  }
}

EDDY_TEST_CASE("in lockstep a write completes when the other end has read all of it", "[memory]") {
  auto [left, right] = open_memory_stream_pair({.lockstep = true});
  auto writer = eddy::create_task(write_all(left, "abc"));
  co_await settle();
  CHECK_FALSE(writer.done());
  const auto two = co_await read_some_of(right, 2);
  CHECK(two == "ab");
  co_await settle();
  CHECK_FALSE(writer.done());
  const auto one = co_await read_some_of(right, 2);
  CHECK(one == "c");
  co_await writer;
  co_await left.write("");
  auto reader = eddy::create_task(read_some_of(right));
  co_await settle();
  co_await left.write("at once");
  const auto got = co_await reader;
  CHECK(got == "at once");
  co_await left.write_eof();
  const auto end = co_await read_some_of(right);
  CHECK(end.empty());
}

EDDY_TEST_CASE("an evil stream gives one byte at a time", "[memory]") {
  for (const bool lockstep : {false, true}) {
    auto [left, right] = open_memory_stream_pair({.lockstep = lockstep, .evil = true});
    auto reader = eddy::create_task(read_some_of(right));
    co_await settle();
    auto writer = eddy::create_task(write_all(left, "abc"));
    const auto first = co_await reader;
    CHECK(first == "a");
    const auto second = co_await read_some_of(right);
    CHECK(second == "b");
    const auto third = co_await read_some_of(right);
    CHECK(third == "c");
    co_await writer;
  }
}

EDDY_TEST_CASE("pieces come one after the other, empty ones included", "[memory]") {
  for (const std::size_t capacity : {0U, 3U, 1000U}) {
    auto [left, right] = open_memory_stream_pair({.capacity = capacity});
    const std::vector<std::string_view> parts{"", "ab", "", "cdefg", "h", ""};
    const auto write = [](MemoryStream& to, const std::vector<std::string_view>& what) -> eddy::Task<> {
      co_await to.write(what);
      co_await to.write_eof();
    };
    auto writer = eddy::create_task(write, std::ref(left), std::ref(parts));
    const auto got = co_await right.read_all(100);
    CHECK(got == "abcdefgh");
    co_await writer;
    co_await right.write(std::span<const std::string_view>());
  }
}

EDDY_TEST_CASE("writes of several tasks to a memory stream come whole, in the order of their calls", "[memory][order][c369]") {
  for (const std::size_t capacity : {0U, 3U}) {
    auto [left, right] = open_memory_stream_pair({.capacity = capacity});
    std::vector<eddy::TaskHandle<>> writers;
    for (const char* text : {"aaaaaaa", "bbbbbbb", "ccccccc"}) writers.push_back(eddy::create_task(write_all(left, text)));
    auto end = eddy::create_task(end_writing(left));
    const auto all = co_await right.read_all(100);
    CHECK(all == "aaaaaaabbbbbbbccccccc");
    co_await eddy::gather(writers);
    co_await end;
  }
}

EDDY_TEST_CASE("a second task that reads a memory stream is told so, and the first goes on", "[memory]") {
  auto [left, right] = open_memory_stream_pair();
  auto reader = eddy::create_task(read_some_of(right));
  co_await settle();
  const auto second = co_await end_of(read_some_of(right));
  CHECK(second == "busy");
  const auto buffered = co_await end_of(right.read_line());
  CHECK(buffered == "busy");
  co_await left.write("for the first");
  const auto got = co_await reader;
  CHECK(got == "for the first");
}

EDDY_TEST_CASE("a cancelled read of a memory stream loses no byte, also in the turn in which it was given some", "[memory]") {
  auto [left, right] = open_memory_stream_pair();
  for (int i = 0; i < 10; ++i) {
    std::string got;
    const auto read = [](MemoryStream& from, std::string& to) -> eddy::Task<> {
      to = co_await read_some_of(from);
      co_await eddy::sleep(1h);
    };
    auto reader = eddy::create_task(read, std::ref(right), std::ref(got));
    co_await settle();
    if (i % 2 == 0) {
      co_await left.write("abc");
      reader.cancel();
    } else {
      reader.cancel();
      co_await left.write("abc");
    }
    const auto end = co_await end_of(reader);
    CHECK(end == "cancelled");
    CHECK(got == (i % 2 == 0 ? "abc" : ""));
    if (got.empty()) got = co_await right.read_exactly(3);
    CHECK(got == "abc");
  }
}

EDDY_TEST_CASE("a read that is never awaited takes nothing out of the buffer", "[memory]") {
  auto [left, right] = open_memory_stream_pair();
  co_await left.write("ab\ncdef");
  const auto first = co_await right.read_line();
  CHECK(first == "ab\n");
  char space[10];
  { [[maybe_unused]] const auto dropped = right.read_some(space); }
  const auto rest = co_await read_some_of(right);
  CHECK(rest == "cdef");
}

EDDY_TEST_CASE("after a write to a memory stream that was cancelled half-way nothing more is written", "[memory][order]") {
  for (const std::size_t capacity : {0U, 3U}) {
    auto [left, right] = open_memory_stream_pair({.capacity = capacity});
    auto writer = eddy::create_task(write_all(left, "abcdefgh"));
    auto behind = eddy::create_task(write_all(left, "behind"));
    co_await settle();
    const auto begun = co_await read_some_of(right, 1);
    CHECK(begun == "a");
    writer.cancel();
    const auto its_end = co_await end_of(behind);
    CHECK(its_end == "broken");
    const auto later = co_await end_of(write_all(left, "later"));
    CHECK(later == "broken");
    const auto end = co_await end_of(end_writing(left));
    CHECK(end == "broken");
    left.close();
    const auto rest = co_await right.read_all(100);
    CHECK(rest == std::string("bcd").substr(0, capacity));
  }
}

EDDY_TEST_CASE("a write that a cancel in force cuts short breaks the stream, too", "[memory]") {
  auto [left, right] = open_memory_stream_pair({.capacity = 3});
  auto writer = eddy::create_task([](MemoryStream& to) -> eddy::Task<> {
    eddy::current_task().cancel();
    co_await to.write("ab");
    co_await to.write("cde");
  }, std::ref(left));
  const auto end = co_await end_of(writer);
  CHECK(end == "cancelled");
  const auto later = co_await end_of(write_all(left, "x"));
  CHECK(later == "broken");
  const auto got = co_await read_some_of(right);
  CHECK(got == "abc");
}

EDDY_TEST_CASE("a write to a memory stream that is cancelled before it began leaves it as it was", "[memory][order]") {
  auto [left, right] = open_memory_stream_pair({.capacity = 3});
  co_await left.write("abc");
  auto first = eddy::create_task(write_all(left, "never"));
  auto second = eddy::create_task(write_all(left, "def"));
  co_await settle();
  first.cancel();
  const auto all = co_await right.read_exactly(6);
  CHECK(all == "abcdef");
  co_await second;
}

EDDY_TEST_CASE("what stands behind a cancelled write and needs no room goes on at once", "[memory][order]") {
  auto [left, right] = open_memory_stream_pair({.capacity = 3});
  co_await left.write("abc");
  auto first = eddy::create_task(write_all(left, "never"));
  auto second = eddy::create_task(end_writing(left));
  co_await settle();
  CHECK_FALSE(second.done());
  first.cancel();
  co_await second;
  const auto all = co_await right.read_all(100);
  CHECK(all == "abc");
}

EDDY_TEST_CASE("closing a memory stream wakes whoever waits in it, with ClosedResourceError", "[memory][c366]") {
  auto [left, right] = open_memory_stream_pair({.capacity = 3});
  auto writer = eddy::create_task(write_all(left, "abcdef"));
  auto reader = eddy::create_task(read_some_of(left));
  co_await settle();
  left.close();
  CHECK(left.is_closed());
  const auto writing = co_await end_of(writer);
  CHECK(writing == "closed");
  const auto reading = co_await end_of(reader);
  CHECK(reading == "closed");
  const auto again = co_await end_of(read_some_of(left));
  CHECK(again == "closed");
  const auto write_again = co_await end_of(write_all(left, "x"));
  CHECK(write_again == "closed");
  const auto got = co_await right.read_all(100);
  CHECK(got == "abc");
  left.close();
}

EDDY_TEST_CASE("writing to a closed memory stream is EPIPE, also for those who wait", "[memory]") {
  auto [left, right] = open_memory_stream_pair({.capacity = 3});
  co_await left.write("abc");
  auto writer = eddy::create_task(write_all(left, "def"));
  co_await settle();
  right.close();
  const auto waiting = co_await end_of(writer);
  CHECK(waiting == kPipe);
  const auto later = co_await end_of(write_all(left, "x"));
  CHECK(later == kPipe);
  co_await left.write("");
  co_await left.write_eof();
  // Something was unread.
  const auto read = co_await end_of(read_some_of(left));
  CHECK(read == kReset);
}

EDDY_TEST_CASE("a memory stream that is closed with unread bytes gives what it sent, then ECONNRESET", "[memory][c371]") {
  auto [left, right] = open_memory_stream_pair();
  co_await left.write("never read");
  co_await right.write("sent before");
  right.close();
  const auto data = co_await read_some_of(left);
  CHECK(data == "sent before");
  const auto end = co_await end_of(read_some_of(left));
  CHECK(end == kReset);
}

EDDY_TEST_CASE("aborting drops what is under way, and the other end gets ECONNRESET", "[memory][c370]") {
  auto [left, right] = open_memory_stream_pair();
  co_await right.write("dropped");
  auto [third, fourth] = open_memory_stream_pair();
  auto reader = eddy::create_task(read_some_of(third));
  co_await settle();
  right.abort();
  fourth.abort();
  fourth.abort();
  const auto read = co_await end_of(read_some_of(left));
  CHECK(read == kReset);
  const auto write = co_await end_of(write_all(left, "x"));
  CHECK(write == kReset);
  const auto waiting = co_await end_of(reader);
  CHECK(waiting == kReset);
}

EDDY_TEST_CASE("the ends of a memory pair go in any order, and a reader is told", "[memory]") {
  for (const bool left_first : {false, true}) {
    auto pair = std::make_optional(open_memory_stream_pair());
    std::optional<MemoryStream> left(std::move(pair->first));
    std::optional<MemoryStream> right(std::move(pair->second));
    pair.reset();
    char byte = 0;
    auto waiting = eddy::create_task([](MemoryStream& from, char& to) -> eddy::Task<std::size_t> {
      const std::size_t count = co_await from.receive(std::span(&to, 1));
      co_return count;
    }, std::ref(*right), std::ref(byte));
    co_await settle();
    if (left_first) {
      left.reset();
      const std::size_t count = co_await waiting;
      CHECK(count == 0);
      right.reset();
    } else {
      right.reset();
      const auto end = co_await end_of(waiting);
      CHECK(end == "closed");
      left.reset();
    }
  }
}

EDDY_TEST_CASE("a memory stream can be moved and assigned, and closes what it was", "[memory]") {
  auto [left, right] = open_memory_stream_pair();
  auto [third, fourth] = open_memory_stream_pair();
  co_await left.write("one two");
  const auto one = co_await right.read_exactly(4);
  CHECK(one == "one ");
  MemoryStream other;
  CHECK(other.is_closed());
  const auto read = co_await end_of(read_some_of(other));
  CHECK(read == "closed");
  other = std::move(third);
  other = std::move(right);
  const auto two = co_await other.read_exactly(3);
  CHECK(two == "two");
  CHECK(right.is_closed());
  const auto end = co_await read_some_of(fourth);
  CHECK(end.empty());
  MemoryStream& same = left;
  left = std::move(same);
  CHECK_FALSE(left.is_closed());
}

EDDY_TEST_CASE("a cancel in force takes effect at the first read of a memory stream that would wait", "[memory]") {
  auto [left, right] = open_memory_stream_pair();
  std::string log;
  auto task = eddy::create_task([](MemoryStream& to, MemoryStream& from, std::string& into) -> eddy::Task<> {
    eddy::current_task().cancel();
    co_await to.write("x");
    into += "written;";
    into += co_await read_some_of(from);
    into += "never" + co_await read_some_of(from);
  }, std::ref(left), std::ref(right), std::ref(log));
  const auto end = co_await end_of(task);
  CHECK(end == "cancelled");
  CHECK(log == "written;x");
}

EDDY_TEST_CASE("a task that reads what is always there lets the others have their turn in memory, too", "[memory][order]") {
  auto [left, right] = open_memory_stream_pair();
  const std::string data(6400, 'x');
  co_await left.write(data);
  int others = 0;
  auto other = eddy::create_task([](int& count) -> eddy::Task<> {
    while (true) {
      ++count;
      co_await eddy::yield();
    }
  }, std::ref(others));
  for (int i = 0; i < 6400; ++i) {
    char byte = 0;
    const std::size_t count = co_await right.read_some(std::span(&byte, 1));
    if (count != 1) FAIL("nothing read");
  }
  CHECK(others >= 90);
  other.cancel();
  const auto end = co_await end_of(other);
  CHECK(end == "cancelled");
}

EDDY_LOOP_TEST_CASE("a memory stream outlives a loop and can be used in the next one", "[memory]") {
  auto pair = open_memory_stream_pair();
  run_virtual([&]() -> eddy::Task<> { co_await pair.first.write("from before"); });
  run_virtual([&]() -> eddy::Task<> {
    const auto got = co_await read_some_of(pair.second);
    CHECK(got == "from before");
  });
}

EDDY_TEST_CASE("a million reads and writes in lockstep take a flat stack and no memory", "[memory][large]") {
  auto [left, right] = open_memory_stream_pair({.lockstep = true});
  auto writer = eddy::create_task([](MemoryStream to) -> eddy::Task<> {
    for (int i = 0; i < 500'000; ++i) co_await to.write("x");
  }(std::move(left)));
  int count = 0;
  char byte = 0;
  while (auto got = co_await right.read_some(std::span(&byte, 1))) count += static_cast<int>(got);
  CHECK(count == 500'000);
  co_await writer;
}
