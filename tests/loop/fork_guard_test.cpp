// Tests of eddy/loop/fork_guard.hpp: what a child may do that is forked while there is a loop, and that its parent notices
// nothing of it. Each runs in a process of its own, whose child is the one that is meant.
//
// SPDX-License-Identifier: MIT
#include <eddy/loop/fork_guard.hpp>

#include "support/child.hpp"
#include "support/run.hpp"

#include <array>
#include <fcntl.h>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace {

const std::string kCannotGoOn =
    "eddy: an event loop cannot go on in a forked child, which shares its descriptors with the parent: call exec or _exit "
    "there, or fork before the loop is made";

// Forks. The parent goes on when the child has ended, and sees to it that it ended well; gives true in the child.
bool fork_and_wait() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);
    return true;
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) say("the child did not end well");
  return false;
}

// Runs `body()`, a coroutine function that forks, in a process of its own: both it and its child say how that ends.
template <class F>
Ended run_that_forks(F body, eddy::RunOptions options = {}) {
  return in_child([&] {
    const pid_t parent = ::getpid();
    std::string how;
    try {
      how = std::to_string(eddy::run(body(), options));
    } catch (const std::exception& error) {
      how = error.what();
    }
    say((::getpid() == parent ? "parent: " : "child: ") + how);
  });
}

eddy::Task<int> answer() {
  co_await eddy::sleep(1ms);
  co_return 42;
}

}  // namespace

TEST_CASE("a forked child that waits on its parent's loop gets an error, and the parent goes on", "[loop][real][c341]") {
  struct Wait {
    const char* name;
    std::function<eddy::Task<>()> wait;
  };
  const std::vector<Wait> waits{
      {"yield", []() -> eddy::Task<> { co_await eddy::yield(); }},
      {"sleep", []() -> eddy::Task<> { co_await eddy::sleep(1ms); }},
      {"event",
       []() -> eddy::Task<> {
         eddy::Event event;
         eddy::get_running_loop().call_later(1ms, [&] { event.set(); });
         co_await event.wait();
       }},
      {"gather", []() -> eddy::Task<> { co_await eddy::gather(answer(), answer()); }},
      {"timeout", []() -> eddy::Task<> { (void)co_await eddy::timeout(1h, answer()); }},
      {"readable",
       []() -> eddy::Task<> {
         int ends[2];
         if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
         eddy::get_running_loop().call_later(1ms, [&] { (void)!::write(ends[1], "x", 1); });
         co_await eddy::readable(ends[0]);
       }},
  };
  for (const auto reactor : {eddy::ReactorKind::epoll, eddy::ReactorKind::poll}) {
    for (const bool is_virtual : {false, true}) {
      for (const bool debug : {false, true}) {
        for (const Wait& each : waits) {
          eddy::testing::VirtualClock clock;
          eddy::RunOptions options;
          options.reactor = reactor;
          options.debug = debug;
          if (is_virtual) options.clock = &clock;
          const auto body = [&]() -> eddy::Task<int> {
            eddy::get_running_loop().set_slow_callback_duration(1h);  // a fork of a large process is slow
            const bool child = fork_and_wait();
            co_await each.wait();
            co_return child ? 1 : 2;
          };
          const Ended ended = run_that_forks(body, options);
          INFO(each.name);
          CHECK(ended.exited());
          CHECK(ended.output == "child: " + kCannotGoOn + "\nparent: 2\n");
        }
      }
    }
  }
}

TEST_CASE("a forked child may leave by _exit or exec, and its parent's loop goes on", "[loop][real][c341]") {
  const auto body = []() -> eddy::Task<int> {
    if (fork_and_wait()) ::_exit(0);
    co_await eddy::sleep(1ms);
    if (fork_and_wait()) {
      ::execl("/bin/sh", "sh", "-c", "echo exec >&2", nullptr);
      ::_exit(1);
    }
    co_await eddy::sleep(1ms);
    co_return 7;
  };
  const Ended ended = run_that_forks(body);
  CHECK(ended.exited());
  CHECK(ended.output == "exec\nparent: 7\n");
}

TEST_CASE("what else is ready when a task forks runs in the parent alone", "[loop][real][c341]") {
  for (const bool debug : {false, true}) {
    eddy::RunOptions options;
    options.debug = debug;
    const auto says = [](std::string text) -> eddy::Task<> {
      say(text);
      co_return;
    };
    const auto forks = []() -> eddy::Task<> {
      if (fork_and_wait()) say("the child goes on");
      co_return;
    };
    const auto body = [&]() -> eddy::Task<int> {
      auto before = eddy::create_task(says("before"));
      auto task = eddy::create_task(forks());
      auto after = eddy::create_task(says("after"));
      eddy::get_running_loop().call_soon([] { say("callback"); });
      co_await eddy::sleep(5ms);
      co_await eddy::gather(forks(), says("sibling"));
      co_return 7;
    };
    const Ended ended = run_that_forks(body, options);
    CHECK(ended.exited());
    const std::string child = "the child goes on\nchild: " + kCannotGoOn + "\n";
    CHECK(ended.output == "before\n" + child + "after\ncallback\n" + child + "sibling\nparent: 7\n");
  }
}

TEST_CASE("what a forked child leaves behind is not destroyed there, and its handles are safe", "[loop][real][c341]") {
  struct Says {
    ~Says() { say(std::string(text) + " is gone"); }
    const char* text;
  };
  const auto waits = [](const char* text) -> eddy::Task<> {
    const Says guard{text};
    co_await eddy::sleep(20ms);
  };
  const Ended ended = in_child([&] {
    const pid_t parent = ::getpid();
    eddy::TaskHandle<> task;
    eddy::TimerHandle timer;
    std::optional<eddy::Future<int>> future;
    int ran = 0;
    const auto body = [&]() -> eddy::Task<int> {
      task = eddy::create_task(waits("a task"));
      timer = eddy::get_running_loop().call_later(10ms, [&] { ++ran; });
      future.emplace(eddy::get_running_loop().create_future<int>());
      co_await eddy::yield();
      const Says main{"main"};
      if (fork_and_wait()) co_await eddy::yield();
      co_await task;
      co_return 7;
    };
    try {
      eddy::run(body());
      say("parent");
    } catch (const eddy::RuntimeError&) {
      say("child");
    }
    const bool child = ::getpid() != parent;
    if (task.done() == child || task.cancel() || timer.cancelled() || (ran == 1) == child) say("wrong");
    timer.cancel();
    if (child) task.set_name("left");
    if (!future->set_result_unless_done(1)) say("wrong");
  });
  CHECK(ended.exited());
  CHECK(ended.output == "child\na task is gone\nmain is gone\nparent\n");
}

TEST_CASE("a forked child changes nothing of what its parent waits for", "[loop][real][c341]") {
  for (const auto reactor : {eddy::ReactorKind::epoll, eddy::ReactorKind::poll}) {
    const auto body = []() -> eddy::Task<int> {
      eddy::EventLoop& loop = eddy::get_running_loop();
      std::array<int, 2> one{};
      std::array<int, 2> other{};
      if (::pipe2(one.data(), O_NONBLOCK | O_CLOEXEC) != 0 || ::pipe2(other.data(), O_NONBLOCK | O_CLOEXEC) != 0) co_return 0;
      int called = 0;
      loop.add_reader(other[0], [&] {
        ++called;
        loop.remove_reader(other[0]);
      });
      const auto reads = [](int fd) -> eddy::Task<> { co_await eddy::readable(fd); };
      auto reader = eddy::create_task(reads(one[0]));
      co_await eddy::sleep(1ms);
      if (fork_and_wait()) {
        reader.cancel();
        loop.remove_reader(other[0]);
        loop.add_writer(other[1], [] { say("never"); });
        co_await eddy::readable(one[1]);
      }
      (void)!::write(one[1], "x", 1);
      (void)!::write(other[1], "x", 1);
      co_await eddy::timeout(5s, reader);
      while (called == 0) co_await eddy::sleep(1ms);
      eddy::Event posted;  // it sleeps now for longer than the test may take: the eventfd has to wake it
      std::thread poster([&] {
        std::this_thread::sleep_for(5ms);
        loop.call_soon_threadsafe([&] { posted.set(); });
      });
      co_await posted.wait();
      poster.join();
      co_return 7;
    };
    eddy::RunOptions options;
    options.reactor = reactor;
    const Ended ended = run_that_forks(body, options);
    CHECK(ended.exited());
    CHECK(ended.output == "child: " + kCannotGoOn + "\nparent: 7\n");
  }
}

TEST_CASE("run inside of a forked child says that the process was forked", "[loop][real][c341][c329]") {
  const auto body = []() -> eddy::Task<int> {
    const bool child = fork_and_wait();
    if (child) {
      try {
        eddy::run(answer());
      } catch (const eddy::RuntimeError& error) {
        say(error.what());
      }
      ::_exit(0);
    }
    co_return 7;
  };
  const Ended ended = run_that_forks(body);
  CHECK(ended.exited());
  CHECK(ended.output ==
        "eddy: run() cannot be called in a child that was forked while an event loop ran in this thread: call exec or _exit "
        "there, or fork before the loop runs\nparent: 7\n");
}

TEST_CASE("a forked child whose parent's loop is given up makes one of its own, and may fork again", "[loop][real][c341]") {
  const Ended ended = in_child([] {
    const pid_t parent = ::getpid();
    const auto forks = []() -> eddy::Task<int> {
      if (fork_and_wait()) co_await eddy::yield();
      co_return co_await answer();
    };
    const auto say_how = [&](const char* who) {
      try {
        say(std::string(who) + std::to_string(eddy::run(forks())));
      } catch (const eddy::RuntimeError&) {
        say("given up");
      }
    };
    say_how("parent: ");
    if (::getpid() == parent) return;
    const pid_t child = ::getpid();
    say_how("child: ");
    if (::getpid() == child) return;
    say("grandchild: " + std::to_string(eddy::run(answer())));
  });
  CHECK(ended.exited());
  CHECK(ended.output == "given up\ngiven up\ngrandchild: 42\nchild: 42\nparent: 42\n");
}

TEST_CASE("a loop that stands still while its process forks is refused to the child and goes on in the parent",
          "[loop][real][c341]") {
  const Ended ended = in_child([] {
    struct Says {
      ~Says() { say("a task is gone"); }
    };
    const auto waits = []() -> eddy::Task<> {
      const Says guard;
      co_await eddy::sleep(1h);
    };
    const auto starts = [&]() -> eddy::Task<> {
      (void)eddy::create_task(waits());
      co_await eddy::yield();
    };
    eddy::Runner runner;
    eddy::EventLoop loop;
    runner.run(starts());
    const bool child = fork_and_wait();
    const auto attempt = [](auto call) {
      try {
        call();
        say("done");
      } catch (const eddy::RuntimeError& error) {
        say(error.what() == kCannotGoOn ? "refused" : error.what());
      }
    };
    attempt([&] { say(std::to_string(runner.run(answer()))); });
    attempt([&] { (void)loop.run_until_complete(answer()); });
    attempt([&] {
      loop.stop();
      loop.run_forever();
    });
    attempt([&] { say(std::to_string(eddy::run(answer()))); });
    attempt([&] { runner.close(); });
    attempt([&] { loop.close(); });
    say(child ? "end of the child" : "end of the parent");
  });
  CHECK(ended.exited());
  CHECK(ended.output ==
        "refused\nrefused\nrefused\n42\ndone\ndone\ndone\nend of the child\n"
        "42\ndone\ndone\ndone\n42\ndone\na task is gone\ndone\ndone\nend of the parent\n");
}

TEST_CASE("a child that another thread forks while a loop runs makes a loop of its own", "[loop][real][c341]") {
  const auto body = []() -> eddy::Task<int> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    eddy::Event forked;
    std::thread thread([&] {
      if (fork_and_wait()) {
        say("child: " + std::to_string(eddy::run(answer())));
        ::_exit(0);
      }
      loop.call_soon_threadsafe([&] { forked.set(); });
    });
    co_await forked.wait();
    thread.join();
    co_return 7;
  };
  const Ended ended = run_that_forks(body);
  CHECK(ended.exited());
  CHECK(ended.output == "child: 42\nparent: 7\n");
}

TEST_CASE("a main task that returns in a forked child without waiting gives its value there, and what it left stays",
          "[loop][real][c341]") {
  struct Says {
    ~Says() { say("a task is gone"); }
  };
  const auto waits = []() -> eddy::Task<> {
    const Says guard;
    co_await eddy::sleep(1h);
  };
  const auto body = [&]() -> eddy::Task<int> {
    (void)eddy::create_task(waits());
    co_await eddy::yield();
    auto ready = eddy::create_task(waits());
    if (fork_and_wait()) co_return 1;
    co_return 2;
  };
  const Ended ended = run_that_forks(body);
  CHECK(ended.exited());
  CHECK(ended.output == "child: 1\na task is gone\na task is gone\nparent: 2\n");
}
