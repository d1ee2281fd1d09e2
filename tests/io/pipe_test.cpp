// PipeReader and PipeWriter: bytes, back-pressure, the end, errors.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include "support/streams.hpp"
#include <eddy/io.hpp>

#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

using namespace test;

namespace {

eddy::Task<> write(eddy::PipeWriter& pipe, std::string_view data) { co_await pipe.write(data); }
eddy::Task<> write_and_end(eddy::PipeWriter& pipe, std::string_view data) {
  co_await pipe.write(data);
  co_await pipe.write_eof();
}
eddy::Task<> end(eddy::PipeWriter& pipe) { co_await pipe.write_eof(); }

template <class E, class T>
eddy::Task<bool> throws(eddy::TaskHandle<T> task) {
  try {
    co_await task;
  } catch (const E&) {
    co_return true;
  }
  co_return false;
}

}  // namespace

EDDY_TEST_CASE("what is written into a pipe is read from it, and then its end", "[socket][c357]") {
  auto [reader, writer] = eddy::open_pipe();
  co_await writer.write("hello");
  const auto first = co_await read_some_of(reader);
  CHECK(first == "hello");
  co_await writer.write_eof();
  CHECK(writer.is_closed());
  const auto last = co_await read_some_of(reader);
  CHECK(last.empty());
  const auto again = co_await read_some_of(reader);
  CHECK(again.empty());
}

EDDY_TEST_CASE("a pipe's ends are close-on-exec and non-blocking", "[socket]") {
  auto [reader, writer] = eddy::open_pipe();
  for (const int fd : {reader.fd(), writer.fd()}) {
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  }
  co_return;
}

EDDY_TEST_CASE("a read of a pipe waits until there is something", "[socket]") {
  auto [reader, writer] = eddy::open_pipe();
  auto reading = eddy::create_task(read_some_of(reader));
  co_await eddy::sleep(1ms);
  CHECK_FALSE(reading.done());
  co_await writer.write("x");
  const auto got = co_await reading;
  CHECK(got == "x");
}

EDDY_TEST_CASE("a write waits while a pipe is full, and is taken in parts of any size", "[socket][c367]") {
  auto [reader, writer] = eddy::open_pipe();
  std::string data;
  for (int i = 0; data.size() < 300'000; ++i) data += std::to_string(i) + ',';
  auto writing = eddy::create_task(write_and_end(writer, data));
  co_await eddy::sleep(1ms);
  CHECK_FALSE(writing.done());
  std::string got;
  std::string space(70'000, '\0');
  for (std::size_t size = 1;; size = (size * 7 + 1) % space.size()) {
    const std::size_t count = co_await reader.read_some(std::span(space.data(), size == 0 ? 1 : size));
    if (count == 0) break;
    got.append(space, 0, count);
  }
  CHECK((got == data));
  co_await writing;
}

EDDY_TEST_CASE("parts are written into a pipe one after the other", "[socket]") {
  auto [reader, writer] = eddy::open_pipe();
  const std::string large(200'000, 'l');
  const std::vector<std::string_view> parts{"one ", "", "two ", large, " three"};
  const auto write_parts = [](eddy::PipeWriter& to, const std::vector<std::string_view>& what) -> eddy::Task<> {
    co_await to.write(what);
    co_await to.write_eof();
  };
  auto writing = eddy::create_task(write_parts, std::ref(writer), std::ref(parts));
  const auto got = co_await reader.read_all(1 << 20);
  CHECK((got == "one two " + large + " three"));
  co_await writing;
}

EDDY_TEST_CASE("a pipe's lines are read one by one", "[socket][c361]") {
  auto [reader, writer] = eddy::open_pipe();
  co_await write_and_end(writer, "first\n\nthird without an end");
  std::vector<std::string> lines;
  auto source = reader.lines();
  while (auto line = co_await source.next()) lines.push_back(*line);
  CHECK((lines == std::vector<std::string>{"first", "", "third without an end"}));
}

EDDY_TEST_CASE("writing to a pipe that nobody reads is EPIPE, and no signal", "[socket][c365]") {
  auto [reader, writer] = eddy::open_pipe();
  reader.close();
  for (int i = 0; i < 3; ++i) {
    const int error = co_await error_of(write(writer, "x"));
    CHECK(error == EPIPE);
  }
  sigset_t pending;
  sigpending(&pending);
  CHECK(sigismember(&pending, SIGPIPE) == 0);
}

EDDY_TEST_CASE("a write that waits gets EPIPE when the reader closes", "[socket][c365]") {
  auto [reader, writer] = eddy::open_pipe();
  const std::string data(1 << 20, 'x');
  auto writing = eddy::create_task(error_of(write(writer, data)));
  co_await eddy::sleep(1ms);
  CHECK_FALSE(writing.done());
  reader.close();
  const int error = co_await writing;
  CHECK(error == EPIPE);
}

EDDY_TEST_CASE("the end of a pipe comes after what is being written, and nothing after the end", "[socket][order][c366][c369]") {
  auto [reader, writer] = eddy::open_pipe();
  const std::string data(300'000, 'x');
  auto first = eddy::create_task(write(writer, data));
  auto ending = eddy::create_task(end(writer));
  auto behind = eddy::create_task(write(writer, "never"));
  co_await eddy::sleep(1ms);
  CHECK_FALSE(ending.done());
  const auto got = co_await reader.read_all(1 << 20);
  CHECK((got == data));
  co_await first;
  co_await ending;
  const bool closed = co_await throws<eddy::ClosedResourceError>(behind);
  CHECK(closed);
  const bool closed_later = co_await throws<eddy::ClosedResourceError>(eddy::create_task(write(writer, "x")));
  CHECK(closed_later);
  const bool ended_twice = co_await throws<eddy::ClosedResourceError>(eddy::create_task(end(writer)));
  CHECK(ended_twice);
}

EDDY_TEST_CASE("after a write into a pipe that was cancelled half-way nothing more is written", "[socket][order]") {
  auto [reader, writer] = eddy::open_pipe();
  const std::string data(1 << 20, 'x');
  auto writing = eddy::create_task(write(writer, data));
  co_await eddy::sleep(1ms);
  writing.cancel();
  co_await settle(2);
  CHECK(writing.cancelled());
  auto behind = eddy::create_task(write(writer, "y"));
  std::string space(1 << 20, '\0');
  const std::size_t count = co_await reader.read_some(space);
  CHECK(count > 0);
  const bool broken = co_await throws<eddy::BrokenResourceError>(behind);
  CHECK(broken);
}

EDDY_TEST_CASE("a cancelled read of a pipe loses no byte", "[socket][c362]") {
  auto [reader, writer] = eddy::open_pipe();
  auto reading = eddy::create_task([](eddy::PipeReader& from) { return from.read_exactly(6); }, std::ref(reader));
  co_await settle();
  co_await writer.write("abc");
  co_await eddy::sleep(1ms);
  reading.cancel();
  co_await settle(2);
  co_await writer.write("def");
  const auto whole = co_await reader.read_exactly(6);
  CHECK(whole == "abcdef");
}

EDDY_TEST_CASE("closing a pipe's end wakes who waits in it", "[socket][c349]") {
  auto [reader, writer] = eddy::open_pipe();
  const std::string data(1 << 20, 'x');
  auto writing = eddy::create_task(write(writer, data));
  co_await eddy::sleep(1ms);
  writer.close();
  const bool closed = co_await throws<eddy::ClosedResourceError>(writing);
  CHECK(closed);
  auto [second, keeps_it_open] = eddy::open_pipe();
  auto reading = eddy::create_task(read_some_of(second));
  co_await settle();
  second.close();
  const bool reading_closed = co_await throws<eddy::ClosedResourceError>(reading);
  CHECK(reading_closed);
  CHECK(second.fd() == -1);
}

EDDY_TEST_CASE("an end of a pipe is taken out and put into another stream", "[socket]") {
  auto [reader, writer] = eddy::open_pipe();
  eddy::Descriptor raw = writer.release();
  CHECK(writer.is_closed());
  CHECK(writer.fd() == -1);
  eddy::PipeWriter again;
  again = eddy::PipeWriter(std::move(raw));
  eddy::PipeReader other = std::move(reader);
  co_await again.write("x");
  const auto got = co_await read_some_of(other);
  CHECK(got == "x");
}

EDDY_TEST_CASE("a regular file is no pipe", "[socket]") {
  std::FILE* file = std::tmpfile();
  const int error = co_await error_of([](int fd) -> eddy::Task<> {
    eddy::PipeReader reader{eddy::Descriptor(fd)};
    (void)co_await read_some_of(reader);  // over poll(2) it is noticed here
  }(::dup(fileno(file))));
  CHECK(error == EPERM);
  std::fclose(file);
}
