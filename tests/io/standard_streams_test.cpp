// StandardInput and StandardOutput: terminals, pipes, sockets and files that are shared with others.
//
// SPDX-License-Identifier: MIT
#include "support/blocked_pool.hpp"
#include "support/run.hpp"
#include "support/streams.hpp"
#include <eddy/io.hpp>

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace test;

namespace {

// Two ends that block, as a shell would give them.
struct Ends {
  eddy::Descriptor reading;
  eddy::Descriptor writing;
};
Ends make_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  return {eddy::Descriptor(ends[0]), eddy::Descriptor(ends[1])};
}
Ends make_sockets() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("socketpair");
  return {eddy::Descriptor(ends[0]), eddy::Descriptor(ends[1])};
}
// A file with this text; what is written to it comes behind.
eddy::Descriptor make_file(std::string_view text) {
  std::FILE* file = std::tmpfile();
  eddy::Descriptor own(::fcntl(fileno(file), F_DUPFD_CLOEXEC, 3));
  std::fclose(file);
  if (::pwrite(own.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) throw std::runtime_error("pwrite");
  return own;
}
void put(int fd, std::string_view text) {
  if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) throw std::runtime_error("write");
}
bool is_blocking(int fd) { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0; }

eddy::Task<std::string> line_of(eddy::StandardInput& input) { return input.read_line(); }
eddy::Task<> write(eddy::StandardOutput& output, std::string_view data) { co_await output.write(data); }

template <class T>
eddy::Task<bool> is_closed_for(eddy::TaskHandle<T> task) {
  try {
    co_await task;
  } catch (const eddy::ClosedResourceError&) {
    co_return true;
  }
  co_return false;
}

}  // namespace

EDDY_TEST_CASE("lines come from a pipe and from a socket, which stay blocking", "[socket]") {
  for (const bool socket : {false, true}) {
    Ends ends = socket ? make_sockets() : make_pipe();
    eddy::StandardInput input(ends.reading.get());
    CHECK(input.fd() == ends.reading.get());
    auto reading = eddy::create_task(line_of(input));
    co_await eddy::sleep(1ms);
    CHECK_FALSE(reading.done());
    put(ends.writing.get(), "fir");
    co_await eddy::sleep(1ms);
    CHECK(is_blocking(ends.reading.get()));
    put(ends.writing.get(), "st\nsecond\nthird");
    const auto first = co_await reading;
    CHECK(first == "first\n");
    const auto second = co_await input.read_line();
    CHECK(second == "second\n");
    ends.writing.reset();
    const auto third = co_await input.read_all(100);
    CHECK(third == "third");
    const auto end = co_await input.read(10);
    CHECK(end.empty());
  }
}

EDDY_TEST_CASE("a file is read, too", "[socket]") {
  std::string text;
  for (int i = 0; text.size() < 100'000; ++i) text += "line " + std::to_string(i) + '\n';
  const eddy::Descriptor file = make_file(text);
  eddy::StandardInput input(file.get());
  const auto first = co_await input.read_line();
  CHECK(first == "line 0\n");
  char some[5];
  const auto count = co_await input.read_some(some);
  CHECK(std::string_view(some, count) == "line ");
  const auto rest = co_await input.read_all(200'000);
  CHECK((rest == text.substr(12)));
}

EDDY_TEST_CASE("a device that is always ready is read and written", "[socket]") {
  const eddy::Descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  eddy::StandardInput input(null.get());
  const auto nothing = co_await input.read_all(10);
  CHECK(nothing.empty());
  eddy::StandardOutput output(null.get());
  co_await output.write("gone");
}

EDDY_TEST_CASE("a terminal gives lines as they are typed, and its settings stay", "[socket]") {
  const eddy::Descriptor keyboard(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ::grantpt(keyboard.get());
  ::unlockpt(keyboard.get());
  const eddy::Descriptor terminal(::open(::ptsname(keyboard.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  eddy::StandardInput input(terminal.get());
  eddy::StandardOutput output(terminal.get());
  auto reading = eddy::create_task(line_of(input));
  co_await settle();
  put(keyboard.get(), "typ");
  co_await eddy::sleep(2ms);
  CHECK_FALSE(reading.done());
  put(keyboard.get(), "ed\n");
  const auto line = co_await reading;
  CHECK(line == "typed\n");
  co_await output.write("answer\n");
  put(keyboard.get(), "\x04");  // Ctrl-D
  const auto end = co_await input.read_line();
  CHECK(end.empty());
  put(keyboard.get(), "on\n");
  const auto more = co_await input.read_line();
  CHECK(more == "on\n");
  CHECK(is_blocking(terminal.get()));
  char echoed[200];
  const auto count = ::read(keyboard.get(), echoed, sizeof echoed);
  CHECK(std::string_view(echoed, static_cast<std::size_t>(count)).find("answer") != std::string_view::npos);
}

EDDY_TEST_CASE("the standard input is descriptor 0", "[socket]") {
  Ends ends = make_pipe();
  const eddy::Descriptor kept(::fcntl(0, F_DUPFD_CLOEXEC, 3));
  ::dup2(ends.reading.get(), 0);
  const eddy::detail::ScopeExit restore([&]() noexcept { ::dup2(kept.get(), 0); });
  put(ends.writing.get(), "one\ntwo\n");
  ends.writing.reset();
  auto input = eddy::standard_input();
  std::vector<std::string> lines;
  auto source = input.lines();
  while (auto line = co_await source.next()) lines.push_back(*line);
  CHECK((lines == std::vector<std::string>{"one", "two"}));
  CHECK(eddy::standard_output().fd() == 1);
  CHECK(eddy::standard_error().fd() == 2);
}

EDDY_TEST_CASE("a descriptor that is not open is no stream", "[socket]") {
  CHECK_THROWS_AS(eddy::StandardInput(987), std::system_error);
  CHECK_THROWS_AS(eddy::StandardOutput(-1), std::system_error);
  co_return;
}

EDDY_TEST_CASE("a cancelled read of the standard input loses no byte", "[socket][c362]") {
  Ends ends = make_pipe();
  eddy::StandardInput input(ends.reading.get());
  put(ends.writing.get(), "abc");
  auto reading = eddy::create_task([](eddy::StandardInput& from) { return from.read_exactly(6); }, std::ref(input));
  co_await eddy::sleep(1ms);
  reading.cancel();
  co_await settle(2);
  CHECK(reading.cancelled());
  put(ends.writing.get(), "def");
  const auto whole = co_await input.read_exactly(6);
  CHECK(whole == "abcdef");
}

EDDY_TEST_CASE("one task at a time reads the standard input", "[socket]") {
  Ends ends = make_pipe();
  eddy::StandardInput input(ends.reading.get());
  auto reading = eddy::create_task(line_of(input));
  co_await settle();
  try {
    char byte = 0;
    (void)co_await input.read_some(std::span(&byte, 1));
    FAIL("read");
  } catch (const eddy::BusyResourceError&) {
  }
  put(ends.writing.get(), "x\n");
  const auto line = co_await reading;
  CHECK(line == "x\n");
}

EDDY_TEST_CASE("a second reader of the standard input is told which task reads, and where it waits", "[socket]") {
  Ends ends = make_pipe();
  const eddy::Descriptor file = make_file("x");
  BlockedPool pool;
  co_await pool.block();
  const auto some_of = [](eddy::StandardInput& from) -> eddy::Task<std::size_t> {
    char byte = 0;
    co_return co_await from.read_some(std::span(&byte, 1));
  };
  for (const int fd : {ends.reading.get(), file.get()}) {
    const std::string waits_for = fd == file.get() ? "a thread pool's job" : "data to read";
    eddy::StandardInput input(fd);
    for (const bool buffered : {false, true}) {
      const auto reading = [&]() -> eddy::Task<> {
        if (buffered) {
          (void)co_await input.read_line();
        } else {
          (void)co_await some_of(input);
        }
      };
      auto first = eddy::create_task(reading(), {.name = "first"});
      co_await settle();
      std::string text;
      try {
        (void)co_await some_of(input);
      } catch (const eddy::BusyResourceError& error) {
        text = error.what();
      }
      INFO(text);
      CHECK(text.find("eddy: task first, which waits for " + waits_for + " at ") == 0);
      CHECK(text.find(", reads from this; one at a time may, since nobody could say who gets what") != std::string::npos);
      first.cancel();
      co_await settle(2);
      CHECK(first.done());
    }
  }
  co_await pool.open();
}

EDDY_TEST_CASE("closing the standard input wakes its reader, and leaves the descriptor open", "[socket][c349]") {
  Ends ends = make_pipe();
  eddy::StandardInput input(ends.reading.get());
  auto reading = eddy::create_task(line_of(input));
  co_await settle();
  input.close();
  CHECK(input.is_closed());
  const bool closed = co_await is_closed_for(reading);
  CHECK(closed);
  const bool closed_later = co_await is_closed_for(eddy::create_task(line_of(input)));
  CHECK(closed_later);
  put(ends.writing.get(), "still there\n");
  eddy::StandardInput other(ends.reading.get());
  auto next = eddy::create_task(line_of(other));
  const auto line = co_await next;
  CHECK(line == "still there\n");
  // In the turn in which it has become readable, too.
  auto last = eddy::create_task(line_of(other));
  co_await settle();
  put(ends.writing.get(), "x\n");
  auto closing = eddy::create_task([](eddy::StandardInput& of) -> eddy::Task<> {
    of.close();
    co_return;
  }, std::ref(other));
  (void)co_await is_closed_for(last);
  co_await closing;
}

EDDY_TEST_CASE("a write to the standard output waits while nobody reads it, and blocks nobody", "[socket]") {
  Ends ends = make_pipe();
  eddy::StandardOutput output(ends.writing.get());
  std::string first(200'000, '1');
  std::string second(200'000, '2');
  auto writing = eddy::create_task(write(output, first));
  auto behind = eddy::create_task(write(output, second));
  co_await eddy::sleep(2ms);
  CHECK_FALSE(writing.done());
  eddy::StandardInput input(ends.reading.get());
  const auto all = co_await input.read_exactly(400'000);
  CHECK(is_blocking(ends.writing.get()));
  co_await writing;
  co_await behind;
  if (all[0] == '2') std::swap(first, second);  // in another order of tasks
  CHECK((all == first + second));
}

EDDY_TEST_CASE("the standard output may be a file or a socket", "[socket]") {
  const eddy::Descriptor file = make_file("");
  eddy::StandardOutput output(file.get());
  co_await output.write("one ");
  co_await output.write("two");
  char text[100];
  const auto count = ::pread(file.get(), text, sizeof text, 0);
  CHECK(std::string_view(text, static_cast<std::size_t>(count)) == "one two");
  Ends ends = make_sockets();
  eddy::StandardOutput to_socket(ends.writing.get());
  eddy::StandardInput input(ends.reading.get());
  co_await to_socket.write("through");
  const auto got = co_await input.read_exactly(7);
  CHECK(got == "through");
}

EDDY_TEST_CASE("writing to a standard output that nobody reads is EPIPE, and no signal", "[socket][c365]") {
  for (const bool socket : {false, true}) {
    Ends ends = socket ? make_sockets() : make_pipe();
    ends.reading.reset();
    eddy::StandardOutput output(ends.writing.get());
    const int error = co_await error_of(write(output, "x"));
    CHECK(error == EPIPE);
    output.close();
    CHECK(output.is_closed());
    const bool closed = co_await is_closed_for(eddy::create_task(write(output, "x")));
    CHECK(closed);
  }
}
