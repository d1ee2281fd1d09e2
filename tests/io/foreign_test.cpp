// ForeignDriver: a library in the style of C is driven over a socket pair; interest, timers, closed descriptors, the end.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include <eddy/io/foreign.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <vector>

using namespace test;

namespace {

// Two sockets that are connected. Each is closed at the end, unless it was before.
struct Pair {
  Pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    for (int& end : ends) close(end);
  }
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  void send(std::string text = "x") const { REQUIRE(::send(ends[1], text.data(), text.size(), MSG_NOSIGNAL) > 0); }
  int ends[2];
};

std::string receive(int fd) {
  char text[64];
  const auto size = ::read(fd, text, sizeof text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

// A library as C knows them: it sends a line, and again if no line comes back within a while; it never waits.
extern "C" {
struct toy_session {
  int fd;
  void (*want)(void* user, int fd, int read, int write);
  void (*want_time)(void* user, long milliseconds);  // negative: none
  void (*done)(void* user, const char* reply);
  void* user;
  char line[64];
  std::size_t sent;
  char reply[64];
  std::size_t received;
  int attempts;
};
static void toy_ask(toy_session* toy, const char* line) {
  std::strncpy(toy->line, line, sizeof toy->line - 1);
  toy->sent = toy->received = 0;
  toy->attempts = 1;
  toy->want(toy->user, toy->fd, 0, 1);
}
static void toy_ready(toy_session* toy, int readable, int writable) {
  if (writable) {  // a byte at a time, so that there is something to do
    toy->sent += static_cast<std::size_t>(::send(toy->fd, toy->line + toy->sent, 1, MSG_NOSIGNAL) == 1);
    if (toy->line[toy->sent] != '\0') return;
    toy->want(toy->user, toy->fd, 1, 0);
    toy->want_time(toy->user, 50);
  }
  if (readable) {
    if (::read(toy->fd, toy->reply + toy->received, 1) != 1 || toy->reply[toy->received++] != '\n') return;
    toy->reply[toy->received - 1] = '\0';
    toy->want_time(toy->user, -1);
    toy->want(toy->user, toy->fd, 0, 0);
    toy->done(toy->user, toy->reply);
  }
}
static void toy_time_is_up(toy_session* toy) {
  ++toy->attempts;
  toy->sent = 0;
  toy->want(toy->user, toy->fd, 1, 1);
}
}  // extern "C"

// What a program writes around it: an object with awaitable functions.
class Toy {
 public:
  explicit Toy(int fd)
      : driver_([this](int, bool readable, bool writable) { toy_ready(&session_, readable, writable); },
                [this] { toy_time_is_up(&session_); }) {
    session_.fd = fd;
    session_.user = this;
    session_.want = [](void* user, int wanted, int read, int write) {
      if (of(user).driver_.watch(wanted, read != 0, write != 0)) of(user).done_.set();
    };
    session_.want_time = [](void* user, long milliseconds) {
      if (milliseconds < 0) {
        of(user).driver_.set_timer(std::nullopt);
      } else {
        of(user).driver_.set_timer(std::chrono::milliseconds(milliseconds));
      }
    };
    session_.done = [](void* user, const char*) { of(user).done_.set(); };
  }
  eddy::Task<std::string> ask(std::string line) {
    done_.clear();
    toy_ask(&session_, line.c_str());
    co_await done_.wait();
    co_return session_.reply;
  }
  [[nodiscard]] int attempts() const { return session_.attempts; }
  [[nodiscard]] std::size_t watched() const { return driver_.watched(); }

 private:
  static Toy& of(void* user) { return *static_cast<Toy*>(user); }
  toy_session session_{};
  eddy::Event done_;
  eddy::ForeignDriver driver_;
};

// Answers each line, after having overheard some.
eddy::Task<> answer(int fd, int overheard) {
  std::string line;
  for (;;) {
    co_await eddy::readable(fd);
    line += receive(fd);
    if (line.empty()) co_return;
    if (line.back() != '\n') continue;
    if (--overheard < 0) REQUIRE(::send(fd, line.data(), line.size(), MSG_NOSIGNAL) > 0);
    line.clear();
  }
}

// Counts what a driver is called for.
struct Counts {
  int readable = 0;
  int writable = 0;
  int timer = 0;
};
eddy::ForeignDriver::OnReady count_ready(Counts& counts) {
  return [&counts](int, bool readable, bool writable) {
    counts.readable += readable ? 1 : 0;
    counts.writable += writable ? 1 : 0;
  };
}

eddy::Task<> some_turns() {
  for (int i = 0; i < 5; ++i) co_await eddy::sleep(1ms);
}

}  // namespace

EDDY_TEST_CASE("a library in the style of C is driven, and answers a task", "[socket]") {
  Pair pair;
  Toy toy(pair.ends[0]);
  auto peer = eddy::create_task(answer(pair.ends[1], 0));
  const std::string first = co_await toy.ask("hello\n");
  CHECK(first == "hello");
  const std::string second = co_await toy.ask("and again\n");
  CHECK(second == "and again");
  CHECK(toy.attempts() == 1);
  CHECK(toy.watched() == 0);
  peer.cancel();
}

EDDY_TEST_CASE("a library's timer makes it try again", "[socket]") {
  Pair pair;
  Toy toy(pair.ends[0]);
  auto peer = eddy::create_task(answer(pair.ends[1], 2));
  const std::string reply = co_await toy.ask("hello\n");
  CHECK(reply == "hello");
  CHECK(toy.attempts() == 3);
  peer.cancel();
}

EDDY_TEST_CASE("several drivers work in one loop", "[socket]") {
  Pair pairs[3];
  std::vector<std::unique_ptr<Toy>> toys;
  std::vector<eddy::TaskHandle<>> peers;
  std::vector<eddy::Task<std::string>> questions;
  for (int i = 0; i < 3; ++i) {
    toys.push_back(std::make_unique<Toy>(pairs[i].ends[0]));
    peers.push_back(eddy::create_task(answer(pairs[i].ends[1], i)));
    questions.push_back(toys.back()->ask("question " + std::to_string(i) + '\n'));
  }
  const std::vector<std::string> replies = co_await eddy::gather(std::move(questions));
  const std::vector<std::string> expected{"question 0", "question 1", "question 2"};
  CHECK(replies == expected);
  for (auto& peer : peers) peer.cancel();
}

EDDY_TEST_CASE("readiness is told as long as it lasts, one direction at a time", "[socket]") {
  Pair pair;
  std::string seen;
  int calls = 0;
  eddy::ForeignDriver driver(
      [&](int fd, bool readable, bool writable) {
        CHECK(fd == pair.ends[0]);
        CHECK(readable);
        CHECK_FALSE(writable);
        if (++calls % 2 == 0) seen += receive(fd);
      },
      nullptr);
  pair.send("ab");
  CHECK_FALSE(driver.watch(pair.ends[0], true, false));
  CHECK_FALSE(driver.watch(pair.ends[0], true, false));  // the same again
  co_await some_turns();
  CHECK(calls == 2);
  CHECK(seen == "ab");
}

EDDY_TEST_CASE("interest may be changed in the callback, also for other descriptors", "[socket]") {
  Pair one;
  Pair other;
  std::vector<std::string> log;
  std::optional<eddy::ForeignDriver> driver;
  driver.emplace(
      [&](int fd, bool, bool writable) {
        log.push_back(std::string(fd == one.ends[0] ? "one" : "other") + (writable ? " write" : " read"));
        if (log.size() == 1) {
          CHECK_FALSE(driver->watch(one.ends[0], true, false));
          CHECK_FALSE(driver->watch(other.ends[0], true, false));
        } else {
          driver->unwatch(one.ends[0]);
          CHECK_FALSE(driver->watch(other.ends[0], false, false));  // ready as well, and not called for it any more
        }
      },
      nullptr);
  one.send();
  other.send();
  CHECK_FALSE(driver->watch(one.ends[0], false, true));
  co_await some_turns();
  REQUIRE(log.size() == 2);
  CHECK(log[0] == "one write");
  CHECK(log[1].substr(log[1].size() - 5) == " read");
  CHECK(driver->watched() == 0);
}

EDDY_TEST_CASE("an error or a hang-up is readiness in each direction that is watched", "[socket]") {
  Pair pair;
  Counts counts;
  eddy::ForeignDriver driver(count_ready(counts), nullptr);
  Pair::close(pair.ends[1]);
  CHECK_FALSE(driver.watch(pair.ends[0], true, true));
  co_await some_turns();
  CHECK(counts.readable > 0);
  CHECK(counts.writable > 0);
}

EDDY_TEST_CASE("what on_ready throws goes to the exception handler, and it is called again", "[socket]") {
  for (const bool adopts : {false, true}) {
    Pair pair;
    int calls = 0;
    eddy::ForeignDriver driver(
        [&](int fd, bool, bool) {
          if (++calls == 1) throw std::runtime_error("library trouble");
          receive(fd);
        },
        nullptr);
    if (adopts) CHECK_FALSE(driver.adopt(pair.ends[0]));
    pair.send();
    CHECK_FALSE(driver.watch(pair.ends[0], true, false));
    co_await some_turns();
    if (adopts) pair.send();  // over epoll only what is new is told of what is adopted
    co_await some_turns();
    CHECK(calls >= 2);
    const auto reports = take_reports();
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].find("library trouble") != std::string::npos);
    if (adopts) CHECK(reports[0].find("a foreign library's function threw an exception") != std::string::npos);
    if (adopts) driver.release(pair.ends[0]);
  }
}

EDDY_TEST_CASE("a descriptor that the library closed first can be unwatched", "[socket][c345]") {
  Pair pair;
  Counts counts;
  eddy::ForeignDriver driver(count_ready(counts), nullptr);
  CHECK_FALSE(driver.watch(pair.ends[0], true, true));
  const int number = pair.ends[0];
  Pair::close(pair.ends[0]);
  driver.unwatch(number);
  driver.unwatch(number);
  CHECK(driver.watched() == 0);
  co_await some_turns();
  CHECK(counts.writable == 0);
}

EDDY_TEST_CASE("a descriptor that is closed in the callback without a word is forgotten", "[socket]") {
  Pair pair;
  int calls = 0;
  eddy::ForeignDriver driver(
      [&](int, bool, bool) {
        ++calls;
        Pair::close(pair.ends[0]);
      },
      nullptr);
  pair.send();
  CHECK_FALSE(driver.watch(pair.ends[0], true, true));
  co_await some_turns();
  CHECK(calls == 1);
  CHECK(driver.watched() == 0);
}

EDDY_TEST_CASE("whatever gets a closed descriptor's number causes no call", "[socket]") {
  Pair other;
  other.send();
  for (const bool in_callback : {false, true}) {
    Pair pair;
    Counts counts;
    const auto reopen = [&] { REQUIRE(::dup3(other.ends[0], pair.ends[0], O_CLOEXEC) == pair.ends[0]); };
    eddy::ForeignDriver driver(
        [&](int, bool readable, bool) {
          counts.readable += readable ? 1 : 0;
          if (in_callback) reopen();
        },
        nullptr);
    CHECK_FALSE(driver.watch(pair.ends[0], true, false));
    if (in_callback) {
      pair.send();
    } else {
      reopen();
    }
    co_await some_turns();
    CHECK(counts.readable == (in_callback ? 1 : 0));
  }
}

EDDY_TEST_CASE("a driver that watches a number again watches what it stands for now", "[socket]") {
  Pair other;
  Pair pair;
  Counts counts;
  eddy::ForeignDriver driver(
      [&](int fd, bool readable, bool) {
        counts.readable += readable ? 1 : 0;
        receive(fd);
      },
      nullptr);
  CHECK_FALSE(driver.watch(pair.ends[0], true, false));
  REQUIRE(::dup3(other.ends[0], pair.ends[0], O_CLOEXEC) == pair.ends[0]);
  CHECK_FALSE(driver.watch(pair.ends[0], true, false));
  other.send();
  co_await some_turns();
  CHECK(counts.readable == 1);
}

EDDY_TEST_CASE("a driver whose library closed a descriptor does not disturb the next driver that has the number", "[socket]") {
  Pair other;
  Pair pair;
  Counts counts;
  std::string seen;
  eddy::ForeignDriver first(count_ready(counts), nullptr);
  eddy::ForeignDriver second([&](int fd, bool, bool) { seen += receive(fd); }, nullptr);
  CHECK_FALSE(first.watch(pair.ends[0], true, true));
  REQUIRE(::dup3(other.ends[0], pair.ends[0], O_CLOEXEC) == pair.ends[0]);
  CHECK_FALSE(second.watch(pair.ends[0], true, false));
  other.send("a");
  co_await some_turns();
  first.unwatch(pair.ends[0]);
  other.send("b");
  co_await some_turns();
  first.close();
  other.send("c");
  co_await some_turns();
  CHECK(seen == "abc");
  CHECK(counts.readable == 0);
}

EDDY_TEST_CASE("what cannot be watched is told as an error code", "[socket]") {
  Pair pair;
  Counts counts;
  eddy::ForeignDriver driver(count_ready(counts), nullptr);
  CHECK(driver.watch(-1, true, false) == std::errc::bad_file_descriptor);
  const int regular = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  REQUIRE(regular >= 0);
  CHECK(driver.watch(regular, true, false) == std::errc::operation_not_permitted);
  ::close(regular);
  const auto waiter = [&]() -> eddy::Task<> { co_await eddy::readable(pair.ends[0]); };
  const auto task = eddy::create_task(waiter);
  co_await test::settle();
  CHECK(driver.watch(pair.ends[0], true, true) == std::errc::device_or_resource_busy);
  CHECK(driver.watched() == 0);
  pair.send();
  co_await task;
  CHECK_FALSE(driver.watch(pair.ends[0], true, false));
  driver.close();
  driver.close();
  CHECK(driver.watch(pair.ends[0], true, false) == std::errc::operation_canceled);
  CHECK_FALSE(driver.watch(pair.ends[0], false, false));
  CHECK_FALSE(driver.set_timer(1ms));
  co_await some_turns();
  CHECK(counts.readable == 0);
}

EDDY_TEST_CASE("the timer calls once, at its time, by the loop's clock") {
  Counts counts;
  eddy::TimePoint fired;
  eddy::ForeignDriver driver(count_ready(counts), [&] {
    ++counts.timer;
    fired = now();
  });
  const auto start = now();
  driver.set_timer(10s);
  driver.set_timer(20s);  // in place of the first
  co_await eddy::sleep(1h);
  CHECK(counts.timer == 1);
  CHECK(fired - start == 20s);
  driver.set_timer(10s);
  driver.set_timer(std::nullopt);
  co_await eddy::sleep(1h);
  CHECK(counts.timer == 1);
  const auto zero = now();
  driver.set_timer(0s);
  CHECK(counts.timer == 1);  // not inside of the call
  co_await eddy::sleep(1s);
  CHECK(counts.timer == 2);
  CHECK(fired == zero);
}

EDDY_TEST_CASE("the timer may be set in its own callback, which may throw") {
  int calls = 0;
  std::optional<eddy::ForeignDriver> driver;
  driver.emplace(nullptr, [&] {
    if (++calls < 3) driver->set_timer(1s);
    throw std::runtime_error("late trouble");
  });
  driver->set_timer(1s);
  co_await eddy::sleep(10s);
  CHECK(calls == 3);
  CHECK(take_reports().size() == 3);
}

EDDY_TEST_CASE("a driver that is destroyed calls nothing any more", "[socket]") {
  Pair pair;
  Counts counts;
  {
    eddy::ForeignDriver driver(count_ready(counts), [&] { ++counts.timer; });
    pair.send();
    CHECK_FALSE(driver.watch(pair.ends[0], true, true));
    driver.set_timer(0s);
  }
  co_await some_turns();
  CHECK(counts.readable == 0);
  CHECK(counts.writable == 0);
  CHECK(counts.timer == 0);
  co_await eddy::readable(pair.ends[0]);  // and the descriptor is free
}

EDDY_TEST_CASE("a driver may be destroyed inside of its own callbacks", "[socket]") {
  Pair pair;
  for (const bool by_timer : {false, true}) {
    std::optional<eddy::ForeignDriver> driver;
    int calls = 0;
    const auto keep_alive = std::make_shared<int>(0);
    driver.emplace(
        [&, keep_alive](int, bool, bool) {
          driver.reset();
          calls += keep_alive.use_count() > 0 ? 1 : 0;  // its captures still live
        },
        [&, keep_alive] {
          driver.reset();
          calls += keep_alive.use_count() > 0 ? 1 : 0;
        });
    if (by_timer) {
      driver->set_timer(0s);
    } else {
      CHECK_FALSE(driver->watch(pair.ends[0], true, true));
    }
    co_await some_turns();
    CHECK(calls == 1);
    CHECK(keep_alive.use_count() == 1);
  }
}

EDDY_LOOP_TEST_CASE("a driver may outlive its loop", "[socket]") {
  Pair pair;
  std::optional<eddy::ForeignDriver> driver;
  Counts counts;
  run_real([&]() -> eddy::Task<> {
    driver.emplace(count_ready(counts), [&] { ++counts.timer; });
    CHECK_FALSE(driver->watch(pair.ends[0], true, false));
    driver->set_timer(1h);
    co_return;
  });
  driver->unwatch(pair.ends[0]);
  driver.reset();
  CHECK(counts.timer == 0);
}

EDDY_TEST_CASE("an adopted descriptor is told of as often as it is ready and wanted, and not after it was released", "[socket]") {
  Pair pair;
  Counts counts;
  eddy::ForeignDriver driver(count_ready(counts), nullptr);
  CHECK_FALSE(driver.adopt(pair.ends[0]));
  CHECK_FALSE(driver.adopt(pair.ends[0]));
  CHECK(driver.watched() == 0);
  CHECK(driver.adopt(-1) == std::errc::bad_file_descriptor);
  pair.send();
  co_await eddy::sleep(5ms);
  CHECK(counts.readable == 0);  // nobody wanted it
  CHECK_FALSE(driver.watch(pair.ends[0], true, false));
  CHECK(driver.watched() == 1);
  co_await eddy::sleep(5ms);
  CHECK(counts.readable > 1);  // as long as it is ready
  CHECK(counts.writable == 0);
  const int before = counts.readable;
  driver.unwatch(pair.ends[0]);
  co_await eddy::sleep(5ms);
  CHECK(counts.readable == before);
  CHECK_FALSE(driver.watch(pair.ends[0], true, true));
  co_await eddy::sleep(5ms);
  CHECK(counts.readable > before);
  CHECK(counts.writable > 1);
  CHECK_FALSE(driver.watch(pair.ends[0], false, true));
  const int read_before = counts.readable;
  co_await eddy::sleep(5ms);
  CHECK(counts.readable == read_before);
  driver.release(pair.ends[0]);
  const int written_before = counts.writable;
  co_await eddy::sleep(5ms);
  CHECK(counts.writable == written_before);
  CHECK(driver.watched() == 0);
  driver.release(pair.ends[0]);
  co_await eddy::readable(pair.ends[0]);  // it is nobody's now
  CHECK_FALSE(driver.watch(pair.ends[0], true, false));
  driver.close();
  CHECK(driver.adopt(pair.ends[0]) == std::errc::operation_canceled);
}

EDDY_TEST_CASE("a driver with adopted descriptors may be destroyed inside of its own function, or after its loop", "[socket]") {
  Pair pair;
  Pair other;
  int calls = 0;
  std::optional<eddy::ForeignDriver> driver;
  driver.emplace(
      [&](int, bool, bool) {
        ++calls;
        driver.reset();
      },
      nullptr);
  for (const Pair* each : {&pair, &other}) {
    CHECK_FALSE(driver->adopt(each->ends[0]));
    CHECK_FALSE(driver->watch(each->ends[0], true, false));
    each->send();
  }
  while (driver) co_await eddy::sleep(1ms);
  co_await eddy::sleep(5ms);
  CHECK(calls == 1);
}

EDDY_LOOP_TEST_CASE("a driver with adopted descriptors may outlive its loop", "[socket]") {
  const Pair pair;
  std::optional<eddy::ForeignDriver> driver;
  const auto body = [&]() -> eddy::Task<> {
    driver.emplace([](int, bool, bool) {}, nullptr);
    CHECK_FALSE(driver->adopt(pair.ends[0]));
    CHECK_FALSE(driver->watch(pair.ends[0], true, false));
    co_await eddy::yield();
  };
  eddy::run(body());
  CHECK(driver->watched() == 1);
  driver.reset();
}
