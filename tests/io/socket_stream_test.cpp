// SocketStream: reading, writing, back-pressure, cancels, closing.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include "support/streams.hpp"
#include <eddy/io.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

using namespace test;

namespace {

eddy::Task<std::size_t> drain(eddy::SocketStream& stream, std::size_t at_once = 64 << 10) {
  std::string space(at_once, '\0');
  std::size_t total = 0;
  while (true) {
    const std::size_t count = co_await stream.read_some(space);
    if (count == 0) co_return total;
    total += count;
  }
}

std::span<char> space() {
  static char bytes[100];
  return bytes;
}
eddy::Task<std::size_t> receive(eddy::SocketStream& stream) {
  const std::size_t count = co_await stream.receive(space());
  co_return count;
}
eddy::Task<> read_and_drop(eddy::SocketStream& stream) {
  const auto data = co_await read_some_of(stream);
  (void)data;
}
eddy::Task<> write_all(eddy::SocketStream& stream, std::string_view data) { co_await stream.write(data); }

template <class T>
eddy::Task<> end_of(eddy::TaskHandle<T> task) {
  try {
    co_await task;
  } catch (const eddy::CancelledError&) {
  }
}

template <class T>
eddy::Task<> expect_closed(eddy::TaskHandle<T> task) {
  try {
    co_await task;
    FAIL("completed");
  } catch (const eddy::ClosedResourceError&) {
  }
}

template <class F>
int error_number(F&& fn) {
  try {
    fn();
  } catch (const std::system_error& e) {
    return e.code().value();
  }
  return 0;
}

}  // namespace

EDDY_TEST_CASE("what is written at one end is read at the other, and then the end", "[socket][c357]") {
  auto [left, right] = eddy::open_socket_pair();
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
}

EDDY_TEST_CASE("a read waits until there is something", "[socket]") {
  auto [left, right] = eddy::open_socket_pair();
  auto reader = eddy::create_task(read_some_of(right));
  co_await eddy::sleep(1ms);
  CHECK_FALSE(reader.done());
  co_await left.write("x");
  const auto got = co_await reader;
  CHECK(got == "x");
}

EDDY_TEST_CASE("reading into no space gives zero at once, and takes nothing", "[socket][c357]") {
  auto [left, right] = eddy::open_socket_pair();
  const auto none = co_await read_some_of(right, 0);
  CHECK(none.empty());
  co_await left.write("x");
  const auto got = co_await read_some_of(right);
  CHECK(got == "x");
}

EDDY_TEST_CASE("a second task that reads is told so, and the first goes on", "[socket]") {
  auto [left, right] = eddy::open_socket_pair();
  auto reader = eddy::create_task(read_some_of(right));
  co_await settle();
  try {
    const auto stolen = co_await read_some_of(right);
    FAIL("read " << stolen);
  } catch (const eddy::BusyResourceError&) {
  }
  co_await left.write("for the first");
  const auto got = co_await reader;
  CHECK(got == "for the first");
}

EDDY_TEST_CASE("a write waits while the other end does not read, and completes when all is taken", "[socket]") {
  auto [left, right] = eddy::open_socket_pair();
  const std::string data(4 << 20, 'x');
  auto writer = eddy::create_task([](eddy::SocketStream& to, const std::string& what) -> eddy::Task<> {
    co_await to.write(what);
    co_await to.write_eof();
  }, std::ref(left), std::ref(data));
  co_await eddy::sleep(2ms);
  CHECK_FALSE(writer.done());
  const std::size_t total = co_await drain(right);
  CHECK(total == data.size());
  co_await writer;
}

EDDY_TEST_CASE("writes of several tasks come whole, in the order of their calls", "[socket][order][c364]") {
  auto [left, right] = eddy::open_socket_pair();
  std::vector<std::string> pieces;
  for (const char letter : {'a', 'b', 'c', 'd'}) pieces.push_back(std::string(300'000, letter));
  std::vector<eddy::TaskHandle<>> writers;
  const auto write = [](eddy::SocketStream& to, const std::string& what) -> eddy::Task<> { co_await to.write(what); };
  for (const std::string& piece : pieces) writers.push_back(eddy::create_task(write, std::ref(left), std::ref(piece)));
  const auto all = co_await right.read_exactly(1'200'000);
  CHECK((all == pieces[0] + pieces[1] + pieces[2] + pieces[3]));
  co_await eddy::gather(writers);
}

EDDY_TEST_CASE("parts are written one after the other, empty ones included", "[socket]") {
  auto [left, right] = eddy::open_socket_pair();
  std::vector<std::string> texts;
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    texts.push_back(std::string(static_cast<std::size_t>(i % 7 == 0 ? 0 : i * 3), static_cast<char>('a' + i % 26)));
    expected += texts.back();
  }
  const std::vector<std::string_view> parts(texts.begin(), texts.end());
  const auto write = [](eddy::SocketStream& to, const std::vector<std::string_view>& what) -> eddy::Task<> {
    co_await to.write(what);
    co_await to.write_eof();
  };
  auto writer = eddy::create_task(write, std::ref(left), std::ref(parts));
  const auto got = co_await right.read_all(1 << 20);
  CHECK(got == expected);
  co_await writer;
}

EDDY_TEST_CASE("a deadline can be put around each read and each write, and costs no byte", "[socket]") {
  auto [left, right] = eddy::open_socket_pair();
  std::string data(10, '\0');
  try {
    co_await eddy::timeout(1ms, right.read_some(data));
    FAIL("read");
  } catch (const eddy::TimeoutError&) {
  }
  co_await eddy::timeout(1s, left.write("abc"));
  const std::size_t count = co_await eddy::timeout(1s, right.read_some(data));
  CHECK(data.substr(0, count) == "abc");
  co_await eddy::timeout(1s, left.write_eof());
  const std::size_t end = co_await eddy::timeout(1s, right.read_some(data));
  CHECK(end == 0);
}

EDDY_TEST_CASE("a cancelled read loses no byte", "[socket][c362]") {
  auto [left, right] = eddy::open_socket_pair();
  for (int i = 0; i < 20; ++i) {
    auto reader = eddy::create_task([](eddy::SocketStream& from) { return from.read_exactly(6); }, std::ref(right));
    co_await settle();
    co_await left.write("abc");
    if (i % 2 == 0) co_await eddy::sleep(1us);
    reader.cancel();
    co_await end_of(reader);
    CHECK(reader.cancelled());
    co_await left.write("def");
    const auto whole = co_await right.read_exactly(6);
    CHECK(whole == "abcdef");
  }
}

EDDY_TEST_CASE("a read that is done in the turn of a cancel delivers", "[socket]") {
  auto [left, right] = eddy::open_socket_pair();
  std::string got;
  const auto read = [](eddy::SocketStream& from, std::string& to) -> eddy::Task<> {
    to = co_await read_some_of(from);
    co_await eddy::sleep(1h);
  };
  auto reader = eddy::create_task(read, std::ref(right), std::ref(got));
  co_await settle();
  co_await left.write("x");
  // The reactor is asked before the next callback runs, and the reader's turn comes after it.
  eddy::get_running_loop().call_later(0s, [reader]() mutable { reader.cancel(); });
  co_await end_of(reader);
  CHECK(reader.cancelled());
  if (got.empty()) got = co_await read_some_of(right);
  CHECK(got == "x");
}

EDDY_TEST_CASE("after a write that was cancelled half-way nothing more is written", "[socket][order]") {
  auto [left, right] = eddy::open_socket_pair();
  const std::string data(4 << 20, 'x');
  const auto write = [](eddy::SocketStream& to, const std::string& what) -> eddy::Task<> { co_await to.write(what); };
  auto writer = eddy::create_task(write, std::ref(left), std::ref(data));
  auto behind = eddy::create_task(write, std::ref(left), std::ref(data));
  co_await eddy::sleep(1ms);
  writer.cancel();
  co_await eddy::sleep(1ms);
  CHECK(writer.cancelled());
  auto reader = eddy::create_task(drain(right));
  try {
    co_await behind;
    FAIL("written");
  } catch (const eddy::BrokenResourceError& e) {
    CHECK(std::string(e.what()).find("cancelled half-way") != std::string::npos);
  }
  CHECK_FALSE(reader.done());
  left.close();
  const std::size_t total = co_await reader;
  CHECK(total > 0);
  CHECK(total < data.size());
}

EDDY_TEST_CASE("who writes after a write that was cancelled half-way is told at once, though nobody ever reads", "[socket][order]") {
  auto [left, right] = eddy::open_socket_pair();
  const std::string data(4 << 20, 'x');
  auto writer = eddy::create_task(write_all(left, data));
  auto behind = eddy::create_task(write_all(left, "behind"));
  co_await eddy::sleep(1ms);
  writer.cancel();
  co_await end_of(writer);
  CHECK(writer.cancelled());
  int broken = 0;
  std::vector<eddy::TaskHandle<>> others(1, behind);
  others.push_back(eddy::create_task(write_all(left, "later")));
  for (const auto& task : others) {
    try {
      co_await task;
    } catch (const eddy::BrokenResourceError&) {
      ++broken;
    }
  }
  CHECK(broken == 2);
}

EDDY_TEST_CASE("a write that is cancelled before it began leaves the stream as it was", "[socket][order]") {
  auto [left, right] = eddy::open_socket_pair();
  const std::string data(2 << 20, 'x');
  const auto write = [](eddy::SocketStream& to, const std::string& what) -> eddy::Task<> { co_await to.write(what); };
  auto first = eddy::create_task(write, std::ref(left), std::ref(data));
  auto second = eddy::create_task(write, std::ref(left), std::ref(data));
  co_await eddy::sleep(1ms);
  second.cancel();
  const auto all = co_await right.read_exactly(data.size());
  CHECK((all == data));
  co_await first;
  co_await left.write("y");
  const auto next = co_await read_some_of(right);
  CHECK(next == "y");
}

EDDY_TEST_CASE("a write that a cancel in force cuts short breaks a socket, too", "[socket]") {
  auto [left, right] = eddy::open_socket_pair();
  const std::string data(4 << 20, 'x');
  auto writer = eddy::create_task([](eddy::SocketStream& to, const std::string& what) -> eddy::Task<> {
    eddy::current_task().cancel();
    co_await to.write(what);
  }, std::ref(left), std::ref(data));
  co_await end_of(writer);
  CHECK(writer.cancelled());
  auto reader = eddy::create_task(drain(right));
  try {
    co_await left.write("behind");
    FAIL("written");
  } catch (const eddy::BrokenResourceError&) {
  }
  left.close();
  const std::size_t total = co_await reader;
  CHECK(total > 0);
}

EDDY_TEST_CASE("a read of a socket that is never awaited takes nothing out of the buffer", "[socket]") {
  auto [left, right] = eddy::open_socket_pair();
  co_await left.write("ab\ncdef");
  const auto first = co_await right.read_line();
  CHECK(first == "ab\n");
  { [[maybe_unused]] const auto dropped = right.read_some(space()); }
  const auto rest = co_await read_some_of(right);
  CHECK(rest == "cdef");
}

EDDY_TEST_CASE("closing wakes whoever waits, with ClosedResourceError", "[socket][c349]") {
  auto [left, right] = eddy::open_socket_pair();
  const std::string data(4 << 20, 'x');
  const auto write = [](eddy::SocketStream& to, const std::string& what) -> eddy::Task<> { co_await to.write(what); };
  auto writer = eddy::create_task(write, std::ref(left), std::ref(data));
  auto reader = eddy::create_task(read_some_of(left));
  co_await eddy::sleep(1ms);
  left.close();
  CHECK(left.is_closed());
  CHECK(left.fd() == -1);
  co_await expect_closed(std::move(writer));
  co_await expect_closed(std::move(reader));
  co_await expect_closed(eddy::create_task(read_some_of(left)));
  const std::size_t total = co_await drain(right);
  CHECK(total < data.size());
}

EDDY_TEST_CASE("a stream that is destroyed wakes its readers as closing does", "[socket]") {
  auto [left, right] = eddy::open_socket_pair();
  auto stream = std::make_unique<eddy::SocketStream>(std::move(left));
  auto reader = eddy::create_task(receive(*stream));
  co_await settle();
  stream.reset();
  co_await expect_closed(std::move(reader));
}

EDDY_TEST_CASE("writing to a peer that is gone is EPIPE or ECONNRESET, and no signal", "[socket][c365][c367]") {
  auto [left, right] = eddy::open_socket_pair();
  right.close();
  const int error = co_await error_of(write_all(left, "x"));
  CHECK(error == EPIPE);
  const int again = co_await error_of(write_all(left, "x"));
  CHECK(again == EPIPE);
}

EDDY_TEST_CASE("a peer that closes with unread data resets the connection", "[socket][c367][c371]") {
  auto [left, right] = eddy::open_socket_pair();
  co_await left.write("never read");
  co_await right.write("sent before");
  right.close();
  const auto data = co_await read_some_of(left);
  CHECK(data == "sent before");
  const int error = co_await error_of(read_and_drop(left));
  CHECK(error == ECONNRESET);
}

EDDY_TEST_CASE("a task that reads what is always there lets the others have their turn", "[socket][order]") {
  auto [left, right] = eddy::open_socket_pair();
  const std::string data(8000, 'x');
  co_await left.write(data);
  int others = 0;
  auto other = eddy::create_task([](int& count) -> eddy::Task<> {
    while (true) {
      ++count;
      co_await eddy::yield();
    }
  }, std::ref(others));
  for (int i = 0; i < 8000; ++i) {
    char byte = 0;
    const std::size_t count = co_await right.read_some(std::span(&byte, 1));
    if (count != 1) FAIL("nothing read");
  }
  CHECK(others >= 100);
  other.cancel();
  co_await end_of(other);
}

EDDY_TEST_CASE("a cancel in force takes effect at the first read that would wait, not at one that need not", "[socket]") {
  auto [left, right] = eddy::open_socket_pair();
  std::string log;
  auto task = eddy::create_task([](eddy::SocketStream& to, eddy::SocketStream& from, std::string& into) -> eddy::Task<> {
    eddy::current_task().cancel();
    co_await to.write("x");
    into += "written;";
    const auto nothing = co_await read_some_of(from, 0);
    into += "nothing;" + nothing;
    const auto never = co_await read_some_of(to);
    into += "never" + never;
  }, std::ref(left), std::ref(right), std::ref(log));
  co_await end_of(task);
  CHECK(task.cancelled());
  CHECK(log == "written;nothing;");
}

EDDY_TEST_CASE("a stream can be moved and assigned", "[socket]") {
  auto [left, right] = eddy::open_socket_pair();
  co_await left.write("one two");
  const auto one = co_await right.read_exactly(4);
  CHECK(one == "one ");
  eddy::SocketStream other;
  CHECK(other.is_closed());
  other = std::move(right);
  const auto two = co_await other.read_exactly(3);
  CHECK(two == "two");
  CHECK(right.is_closed());
  co_await expect_closed(eddy::create_task(read_some_of(right)));
}

EDDY_TEST_CASE("a descriptor that is taken out of a stream stays open, and its number's next owner gets its own events",
               "[socket][c347]") {
  auto [left, right] = eddy::open_socket_pair();
  const int number = left.fd();
  eddy::Descriptor raw = left.release();
  CHECK(raw.get() == number);
  CHECK(left.is_closed());
  co_await right.write("x");
  co_await eddy::readable(number);
  raw.reset();
  auto [third, fourth] = eddy::open_socket_pair();
  CHECK((third.fd() == number || fourth.fd() == number));
  auto reader = eddy::create_task(read_some_of(third));
  co_await eddy::sleep(1ms);
  CHECK_FALSE(reader.done());
  co_await fourth.write("y");
  const auto got = co_await reader;
  CHECK(got == "y");
}

EDDY_TEST_CASE("a descriptor that belongs to a stream cannot be waited for beside it", "[socket][c351]") {
  auto [left, right] = eddy::open_socket_pair();
  try {
    co_await eddy::readable(left.fd());
    FAIL("readable");
  } catch (const eddy::BusyResourceError& e) {
    CHECK(std::string(e.what()).find("belongs to a stream") != std::string::npos);
  }
  CHECK_THROWS_AS(eddy::get_running_loop().add_reader(left.fd(), [] {}), eddy::BusyResourceError);
}

EDDY_TEST_CASE("options of TCP are refused on another socket, with the system's number", "[socket][c384]") {
  auto pair = eddy::open_socket_pair();
  eddy::SocketStream& stream = pair.first;
  CHECK(error_number([&] { stream.set_nodelay(true); }) == EOPNOTSUPP);
  CHECK(error_number([&] { stream.set_keep_alive(true); }) == 0);
  stream.close();
  CHECK_THROWS_AS(stream.set_keep_alive(true), eddy::ClosedResourceError);
  co_return;
}

EDDY_LOOP_TEST_CASE("a stream that outlives its loop can be asked and destroyed, and not be used in another", "[socket][c355]") {
  eddy::SocketStream kept;
  eddy::SocketStream peer;
  run_real([&]() -> eddy::Task<> {
    auto [left, right] = eddy::open_socket_pair();
    kept = std::move(left);
    peer = std::move(right);
    co_return;
  });
  CHECK_FALSE(kept.is_closed());
  CHECK(kept.fd() >= 0);
  run_real([&]() -> eddy::Task<> {
    try {
      co_await read_and_drop(kept);
      FAIL("read");
    } catch (const eddy::RuntimeError& e) {
      CHECK(std::string(e.what()) == "eddy: a stream belongs to the loop in which it was made, and this is another one");
    }
  });
  peer.close();
}

EDDY_TEST_CASE("a million reads and writes take a flat stack and no memory", "[socket][large]") {
  auto [left, right] = eddy::open_socket_pair();
  char byte = 'x';
  for (int i = 0; i < 300'000; ++i) {
    co_await left.write(std::string_view(&byte, 1));
    const std::size_t count = co_await right.read_some(std::span(&byte, 1));
    if (count != 1) FAIL("nothing read");
  }
}
