// Tests of eddy/task/readiness.hpp, and of the loop's order when descriptors are ready.
// SPDX-License-Identifier: MIT
#include <eddy/task/readiness.hpp>

#include "support/run.hpp"
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

using namespace std::chrono_literals;

namespace {

using Log = std::vector<std::string>;

struct SocketPair {
  SocketPair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0); }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;
  ~SocketPair() {
    for (const int end : fd) ::close(end);
  }
  void send() const { REQUIRE(::write(fd[1], "x", 1) == 1); }
  void receive() const {
    char byte = 0;
    REQUIRE(::read(fd[0], &byte, 1) == 1);
  }
  // Fills the buffer of the first end, so that it is not writable.
  void fill() const {
    const std::vector<char> zeros(4096);
    while (::write(fd[0], zeros.data(), zeros.size()) > 0) {
    }
  }
  void empty() const {
    std::vector<char> bytes(65536);
    while (::read(fd[1], bytes.data(), bytes.size()) > 0) {
    }
  }
  int fd[2] = {-1, -1};
};

eddy::Task<> await_readable(int fd, Log& log, std::string text) {
  co_await eddy::readable(fd);
  log.push_back(text);
}
eddy::Task<> await_writable(int fd, Log& log, std::string text) {
  co_await eddy::writable(fd);
  log.push_back(text);
}

std::size_t watched() { return eddy::EventLoop::Internals::descriptors(eddy::get_running_loop()).waiting(); }

}  // namespace

EDDY_LOOP_TEST_CASE("readable completes when data has come, and leaves it to the caller", "[task][socket]") {
  Log log;
  test::run_real([&]() -> eddy::Task<> {
    const SocketPair pair;
    auto waiter = eddy::create_task(await_readable(pair.fd[0], log, "readable"));
    co_await eddy::sleep(1ms);
    CHECK_FALSE(waiter.done());
    pair.send();
    co_await waiter;
    co_await eddy::readable(pair.fd[0]);  // it still is
    pair.receive();
    CHECK(watched() == 0);
  });
  CHECK(log == Log{"readable"});
}

EDDY_LOOP_TEST_CASE("writable completes when there is room again", "[task][socket]") {
  Log log;
  test::run_real([&]() -> eddy::Task<> {
    const SocketPair pair;
    co_await eddy::writable(pair.fd[0]);
    pair.fill();
    auto waiter = eddy::create_task(await_writable(pair.fd[0], log, "writable"));
    co_await eddy::sleep(1ms);
    CHECK_FALSE(waiter.done());
    pair.empty();
    co_await waiter;
  });
  CHECK(log == Log{"writable"});
}

EDDY_LOOP_TEST_CASE("one task may wait to read from a descriptor and another to write to it", "[task][socket][c345]") {
  Log log;
  test::run_real([&]() -> eddy::Task<> {
    const SocketPair pair;
    pair.fill();
    auto reader = eddy::create_task(await_readable(pair.fd[0], log, "read"));
    auto writer = eddy::create_task(await_writable(pair.fd[0], log, "write"));
    co_await eddy::sleep(1ms);
    CHECK(watched() == 2);
    pair.empty();
    co_await writer;
    CHECK_FALSE(reader.done());
    pair.send();
    co_await reader;
    auto second_writer = eddy::create_task(await_writable(pair.fd[0], log, "write again"));
    auto second_reader = eddy::create_task(await_readable(pair.fd[1], log, "never"));
    co_await second_writer;
    second_reader.cancel();
  });
  CHECK(log == Log{"write", "read", "write again"});
}

EDDY_LOOP_TEST_CASE("cancelling the reader of a descriptor leaves its writer waiting", "[task][socket][c345][order]") {
  Log log;
  test::run_real([&]() -> eddy::Task<> {
    const SocketPair pair;
    pair.fill();
    auto reader = eddy::create_task(await_readable(pair.fd[0], log, "never"));
    auto writer = eddy::create_task(await_writable(pair.fd[0], log, "write"));
    co_await eddy::sleep(1ms);
    reader.cancel();
    CHECK(watched() == 1);
    pair.send();
    pair.empty();
    co_await writer;
    CHECK(reader.cancelled());
  });
  CHECK(log == Log{"write"});
}

EDDY_LOOP_TEST_CASE("two tasks that wait to read from one descriptor: the second gets BusyResourceError",
                    "[task][socket][order]") {
  Log log;
  test::run_real([&]() -> eddy::Task<> {
    const SocketPair pair;
    auto first = eddy::create_task(await_readable(pair.fd[0], log, "first"));
    co_await eddy::yield();
    auto second = eddy::create_task(await_readable(pair.fd[0], log, "second"));
    co_await eddy::sleep(1ms);
    CHECK_THROWS_AS(second.result(), eddy::BusyResourceError);
    CHECK_FALSE(first.done());
    pair.send();
    co_await first;
    co_await await_readable(pair.fd[0], log, "third");
  });
  CHECK(log == Log{"first", "third"});
}

EDDY_LOOP_TEST_CASE("a task that is cancelled before the poll does not see what has become ready",
                    "[task][socket][c346]") {
  Log log;
  test::run_real([&]() -> eddy::Task<> {
    const SocketPair pair;
    auto waiter = eddy::create_task(await_readable(pair.fd[0], log, "never"));
    co_await eddy::yield();
    pair.send();
    waiter.cancel();
    co_await eddy::sleep(1ms);
    CHECK(waiter.cancelled());
    CHECK(watched() == 0);
  });
  CHECK(log.empty());
}

EDDY_LOOP_TEST_CASE(
    "of two descriptors ready in one batch, the first one's task may cancel the second, which keeps its readiness",
    "[task][socket][c346][order]") {
  Log log;
  test::run_real([&]() -> eddy::Task<> {
    const SocketPair one, other;
    eddy::TaskHandle<> first, second;
    const auto reader = [&](int fd, eddy::TaskHandle<>& victim, std::string name) -> eddy::Task<> {
      co_await eddy::readable(fd);
      log.push_back(name + " is served");
      victim.cancel();
      co_await eddy::sleep(1ms);
      log.push_back(name + " goes on");
    };
    first = eddy::create_task(reader(one.fd[0], second, "first"));
    second = eddy::create_task(reader(other.fd[0], first, "second"));
    co_await eddy::yield();
    one.send();
    other.send();
    co_await eddy::sleep(10ms);
    // Each was given its event in the same batch; what is ready is resumed, and stopped at its next block.
    CHECK(log == Log{"first is served", "second is served"});
    CHECK(first.cancelled());
    CHECK(second.cancelled());
  });
}

EDDY_LOOP_TEST_CASE("a descriptor that is closed and whose number is used again gives no stale event",
                    "[task][socket][c347]") {
  Log log;
  test::run_real([&]() -> eddy::Task<> {
    const SocketPair old_pair, new_pair;
    const int fd = ::dup(old_pair.fd[0]);
    REQUIRE(fd >= 0);
    auto first = eddy::create_task(await_readable(fd, log, "never"));
    co_await eddy::sleep(1ms);
    first.cancel();
    ::close(fd);
    old_pair.send();
    REQUIRE(::dup2(new_pair.fd[0], fd) == fd);
    auto second = eddy::create_task(await_readable(fd, log, "new"));
    co_await eddy::sleep(2ms);
    CHECK(first.cancelled());
    CHECK_FALSE(second.done());
    new_pair.send();
    co_await second;
    ::close(fd);
  });
  CHECK(log == Log{"new"});
}

EDDY_LOOP_TEST_CASE("a task that waits for a descriptor which somebody closes can still be cancelled",
                    "[task][socket][c347]") {
  Log log;
  test::run_real([&]() -> eddy::Task<> {
    const SocketPair pair;
    const int fd = ::dup(pair.fd[0]);
    REQUIRE(fd >= 0);
    auto waiter = eddy::create_task(await_readable(fd, log, "never"));
    co_await eddy::sleep(1ms);
    ::close(fd);
    waiter.cancel();
    co_await eddy::sleep(1ms);
    CHECK(waiter.cancelled());
    CHECK(watched() == 0);
  });
  CHECK(log.empty());
}

EDDY_LOOP_TEST_CASE("waiting for a regular file or for no descriptor is an error, and the task goes on",
                    "[task][c350]") {
  test::run_real([]() -> eddy::Task<> {
    const auto error_of = [](int fd) -> eddy::Task<int> {
      try {
        co_await eddy::readable(fd);
      } catch (const std::system_error& e) {
        co_return e.code().value();
      }
      co_return 0;
    };
    char path[] = "/tmp/eddy-readiness-XXXXXX";
    const int file = ::mkstemp(path);
    REQUIRE(file >= 0);
    ::unlink(path);
    {
      const eddy::detail::ScopeExit close_it([file] { ::close(file); });
      const int of_file = co_await error_of(file);
      CHECK(of_file == EPERM);
    }
    const int of_closed = co_await error_of(file);
    CHECK(of_closed == EBADF);
    const int of_none = co_await error_of(-1);
    CHECK(of_none == EBADF);
    CHECK(watched() == 0);
    co_await eddy::sleep(1ms);
  });
}

EDDY_TEST_CASE("the end of the other side and an error make a descriptor ready", "[task][socket][c354]") {
  const SocketPair pair;
  ::shutdown(pair.fd[1], SHUT_WR);
  co_await eddy::readable(pair.fd[0]);
  char byte = 0;
  CHECK(::read(pair.fd[0], &byte, 1) == 0);

  int ends[2];
  REQUIRE(::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
  const std::vector<char> zeros(4096);
  while (::write(ends[1], zeros.data(), zeros.size()) > 0) {
  }
  ::close(ends[0]);
  co_await eddy::writable(ends[1]);  // there is no room, but an error to be seen
  ::close(ends[1]);
}

EDDY_LOOP_TEST_CASE("tasks that still wait for descriptors when main ends are stopped, and nothing leaks",
                    "[task][socket][c334][c355]") {
  const SocketPair one, other;
  Log log;
  const auto reader = [&](int fd) -> eddy::Task<> {
    const test::OnExit at_exit(log, "stopped");
    const test::Tracked tracked;
    co_await eddy::readable(fd);
    log.push_back("never");
  };
  test::run_real([&]() -> eddy::Task<> {
    auto first = eddy::create_task(reader(one.fd[0]));
    auto second = eddy::create_task(reader(other.fd[0]));
    co_await eddy::sleep(1ms);
    CHECK(watched() == 2);
  });
  CHECK(log == Log{"stopped", "stopped"});
  CHECK(test::Tracked::alive == 0);
}

EDDY_LOOP_TEST_CASE("many waits for descriptors that are given up leave nothing behind", "[task][socket][c356]") {
  Log log;
  test::run_real([&]() -> eddy::Task<> {
    const SocketPair pair;
    for (int i = 0; i < 10'000; ++i) {
      auto waiter = eddy::create_task(await_readable(pair.fd[0], log, "never"));
      co_await eddy::yield();
      waiter.cancel();
      co_await eddy::yield();
    }
    CHECK(watched() == 0);
  });
  CHECK(log.empty());
}

EDDY_TEST_CASE("tasks that are always ready do not starve descriptors", "[task][socket][c339]") {
  const SocketPair pair;
  Log log;
  auto waiter = eddy::create_task(await_readable(pair.fd[0], log, "served"));
  co_await eddy::yield();
  pair.send();
  int turns = 0;
  while (!waiter.done() && turns < 100'000) {
    ++turns;
    co_await eddy::yield();
  }
  CHECK(waiter.done());
  CHECK(turns < 10'000);
}

EDDY_TEST_CASE("a descriptor that is always ready does not starve tasks and timers", "[task][socket][c340][order]") {
  const SocketPair pair;
  pair.send();
  int reads = 0;
  const auto keeps_reading = [&]() -> eddy::Task<> {
    for (;;) {
      co_await eddy::readable(pair.fd[0]);
      ++reads;
    }
  };
  auto busy = eddy::create_task(keeps_reading());
  for (int i = 0; i < 100; ++i) co_await eddy::yield();
  co_await eddy::sleep(1ms);
  busy.cancel();
  CHECK(reads > 0);
}

EDDY_LOOP_TEST_CASE("I/O that is ready comes before timers that are due", "[task][socket][order]") {
  Log log;
  eddy::testing::VirtualClock clock;
  test::run_virtual(
      [&]() -> eddy::Task<> {
        const SocketPair pair;
        auto waiter = eddy::create_task(await_readable(pair.fd[0], log, "io"));
        co_await eddy::yield();
        const auto sleeper = [&]() -> eddy::Task<> {
          co_await eddy::sleep(1s);
          log.push_back("timer");
        };
        auto other = eddy::create_task(sleeper());
        co_await eddy::yield();
        pair.send();
        clock.advance(1s);
        co_await waiter;
        co_await other;
      },
      clock);
  CHECK(log == Log{"io", "timer"});
}

EDDY_LOOP_TEST_CASE("a descriptor does not keep a virtual clock from jumping", "[task][socket]") {
  eddy::testing::VirtualClock clock;
  Log log;
  test::run_virtual(
      [&]() -> eddy::Task<> {
        const SocketPair pair;
        auto waiter = eddy::create_task(await_readable(pair.fd[0], log, "never"));
        co_await eddy::sleep(1h);
        waiter.cancel();
      },
      clock);
  CHECK(clock.elapsed() == 1h);
  CHECK(log.empty());
}
