// add_reader, add_writer and add_signal_handler: callbacks that stay until they are removed.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

using namespace test;

namespace {

struct SocketPair {
  SocketPair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0); }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;
  ~SocketPair() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  int ends[2];
};

void send_byte(int fd, char byte) { REQUIRE(::write(fd, &byte, 1) == 1); }
char take_byte(int fd) {
  char byte = 0;
  REQUIRE(::read(fd, &byte, 1) == 1);
  return byte;
}

}  // namespace

EDDY_TEST_CASE("a reader is called for as long as there is something to read, until it is removed", "[socket]") {
  SocketPair pair;
  auto& loop = eddy::get_running_loop();
  std::string seen;
  loop.add_reader(pair.ends[0], [&] {
    seen += take_byte(pair.ends[0]);
    if (seen.size() == 3) loop.remove_reader(pair.ends[0]);
  });
  for (char byte : {'a', 'b', 'c', 'd'}) send_byte(pair.ends[1], byte);
  for (int i = 0; i < 10; ++i) co_await eddy::sleep(1ms);
  CHECK(seen == "abc");
  CHECK_FALSE(loop.remove_reader(pair.ends[0]));
}

EDDY_TEST_CASE("a second add_reader for a descriptor replaces the first, and a writer beside it is independent",
               "[socket][c345]") {
  SocketPair pair;
  auto& loop = eddy::get_running_loop();
  int first = 0;
  int second = 0;
  int writable = 0;
  loop.add_reader(pair.ends[0], [&] { ++first; });
  loop.add_reader(pair.ends[0], [&] {
    ++second;
    (void)take_byte(pair.ends[0]);
  });
  loop.add_writer(pair.ends[0], [&] {
    ++writable;
    loop.remove_writer(pair.ends[0]);
  });
  send_byte(pair.ends[1], 'x');
  for (int i = 0; i < 5; ++i) co_await eddy::sleep(1ms);
  CHECK(first == 0);
  CHECK(second == 1);
  CHECK(writable == 1);
  CHECK(loop.remove_reader(pair.ends[0]));
}

EDDY_TEST_CASE("a reader that is removed while its call is queued is not called", "[socket][c346]") {
  SocketPair left;
  SocketPair right;
  auto& loop = eddy::get_running_loop();
  int calls = 0;
  const auto either = [&] {
    ++calls;
    loop.remove_reader(left.ends[0]);
    loop.remove_reader(right.ends[0]);
  };
  loop.add_reader(left.ends[0], either);
  loop.add_reader(right.ends[0], either);
  send_byte(left.ends[1], 'x');
  send_byte(right.ends[1], 'x');
  for (int i = 0; i < 5; ++i) co_await eddy::sleep(1ms);
  CHECK(calls == 1);
}

EDDY_TEST_CASE("a reader of a descriptor that a task waits for is refused", "[socket][order]") {
  SocketPair pair;
  const auto wait = [&pair]() -> eddy::Task<> { co_await eddy::readable(pair.ends[0]); };
  auto waiting = eddy::create_task(wait());
  co_await eddy::yield();
  CHECK_THROWS_AS(eddy::get_running_loop().add_reader(pair.ends[0], [] {}), eddy::BusyResourceError);
  send_byte(pair.ends[1], 'x');
  co_await waiting;
}

EDDY_TEST_CASE("what a reader's callback throws goes to the exception handler, and the reader stays", "[socket]") {
  SocketPair pair;
  auto& loop = eddy::get_running_loop();
  std::string seen;
  loop.add_reader(pair.ends[0], [&] {
    seen += take_byte(pair.ends[0]);
    if (seen.back() == '!') throw std::runtime_error("no exclamations");
  });
  for (char byte : {'a', '!', 'b', '!', 'c'}) send_byte(pair.ends[1], byte);
  for (int i = 0; i < 10; ++i) co_await eddy::sleep(1ms);
  CHECK(seen == "a!b!c");
  const std::string report = "the callback of add_reader or add_writer threw an exception: no exclamations";
  CHECK(test::take_reports() == std::vector<std::string>{report, report});
  CHECK(loop.remove_reader(pair.ends[0]));
}

EDDY_TEST_CASE("a callback that removes its reader and then throws is reported and not called again", "[socket]") {
  SocketPair pair;
  auto& loop = eddy::get_running_loop();
  int calls = 0;
  loop.add_writer(pair.ends[0], [&] {
    ++calls;
    loop.remove_writer(pair.ends[0]);
    throw std::runtime_error("enough");
  });
  for (int i = 0; i < 5; ++i) co_await eddy::sleep(1ms);
  CHECK(calls == 1);
  CHECK(test::take_reports().size() == 1);
}

EDDY_TEST_CASE("a reader that lost its descriptor to a task is told of, and a second add_reader watches again",
               "[socket][order]") {
  SocketPair pair;
  auto& loop = eddy::get_running_loop();
  std::string seen;
  const auto read = [&] { seen += take_byte(pair.ends[0]); };
  auto waiting = eddy::TaskHandle<>();
  loop.add_reader(pair.ends[0], [&] {
    read();
    const auto wait = [&pair]() -> eddy::Task<> { co_await eddy::readable(pair.ends[0]); };
    waiting = eddy::create_task(eddy::TaskOptions{.eager_start = true}, wait);
  });
  send_byte(pair.ends[1], 'a');
  for (int i = 0; i < 3; ++i) co_await eddy::sleep(1ms);
  CHECK(seen == "a");
  const auto reports = test::take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].find("cannot be watched any more") != std::string::npos);
  CHECK_THROWS_AS(loop.add_reader(pair.ends[0], read), eddy::BusyResourceError);
  send_byte(pair.ends[1], 'b');
  co_await waiting;
  CHECK(seen == "a");
  loop.add_reader(pair.ends[0], read);
  for (int i = 0; i < 3; ++i) co_await eddy::sleep(1ms);
  CHECK(seen == "ab");
  CHECK(loop.remove_reader(pair.ends[0]));
}

EDDY_TEST_CASE("add_reader for a descriptor that was closed and opened again under its reader watches the new one",
               "[socket]") {
  SocketPair pair;
  auto& loop = eddy::get_running_loop();
  int first = 0;
  std::string seen;
  loop.add_reader(pair.ends[0], [&] { ++first; });
  const int number = pair.ends[0];
  ::close(number);
  SocketPair other;
  REQUIRE(::dup2(other.ends[0], number) == number);
  loop.add_reader(number, [&] { seen += take_byte(number); });
  send_byte(other.ends[1], 'x');
  for (int i = 0; i < 3; ++i) co_await eddy::sleep(1ms);
  CHECK(first == 0);
  CHECK(seen == "x");
  CHECK(loop.remove_reader(number));
}

EDDY_TEST_CASE("a reader that is replaced while its call is queued calls the new function only", "[socket]") {
  SocketPair left;
  SocketPair right;
  auto& loop = eddy::get_running_loop();
  std::string seen;
  const auto once = [&](int fd) {
    seen += take_byte(fd);
    loop.remove_reader(fd);
  };
  const auto replace_other = [&](int own, int other) {
    once(own);
    loop.add_reader(other, [&, other] { once(other); });
  };
  loop.add_reader(left.ends[0], [&] { replace_other(left.ends[0], right.ends[0]); });
  loop.add_reader(right.ends[0], [&] { replace_other(right.ends[0], left.ends[0]); });
  send_byte(left.ends[1], 'x');
  send_byte(right.ends[1], 'x');
  for (int i = 0; i < 5; ++i) co_await eddy::sleep(1ms);
  CHECK(seen == "xx");
  CHECK_FALSE(loop.remove_reader(left.ends[0]));
  CHECK_FALSE(loop.remove_reader(right.ends[0]));
}

EDDY_TEST_CASE("a signal handler runs once for a burst, from the loop, and what was before is restored",
               "[real][c400][c401]") {
  auto& loop = eddy::get_running_loop();
  int usr1 = 0;
  int usr2 = 0;
  loop.add_signal_handler(SIGUSR1, [&] { ++usr1; });
  loop.add_signal_handler(SIGUSR2, [&] { ++usr2; });
  for (int i = 0; i < 5; ++i) std::raise(SIGUSR1);
  std::raise(SIGUSR2);
  CHECK(usr1 == 0);
  for (int i = 0; i < 3; ++i) co_await eddy::sleep(1ms);
  CHECK(usr1 == 1);
  CHECK(usr2 == 1);
  CHECK(loop.remove_signal_handler(SIGUSR1));
  CHECK_FALSE(loop.remove_signal_handler(SIGUSR1));
  struct sigaction now_set {};
  ::sigaction(SIGUSR1, nullptr, &now_set);
  CHECK(now_set.sa_handler == SIG_DFL);
  loop.remove_signal_handler(SIGUSR2);
}

TEST_CASE("a signal that another loop handles, and one that cannot be handled, are refused", "[c402]") {
  eddy::EventLoop first;
  eddy::EventLoop second;
  first.add_signal_handler(SIGUSR1, [] {});
  CHECK_THROWS_AS(second.add_signal_handler(SIGUSR1, [] {}), eddy::RuntimeError);
  CHECK_THROWS_AS(first.add_signal_handler(SIGKILL, [] {}), std::system_error);
  CHECK_THROWS_AS(first.add_signal_handler(0, [] {}), std::system_error);
  first.close();
  second.add_signal_handler(SIGUSR1, [] {});
  second.close();
}
