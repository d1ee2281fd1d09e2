// Tests of eddy/task/run.hpp and eddy/loop/signal_wakeup.hpp that signal, terminate or leak their process: each runs
// in a child process of its own.
// SPDX-License-Identifier: MIT
#include <eddy/task/run.hpp>

#include "support/child.hpp"
#include "support/run.hpp"
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using test::Ended;
using test::in_child;
using test::say;

namespace {

// Says what running `body()` gives or throws.
template <class F>
void run_and_say(F body, eddy::RunOptions options = {}) {
  try {
    say("returned " + std::to_string(eddy::run(body(), options)));
  } catch (const eddy::KeyboardInterrupt&) {
    say("KeyboardInterrupt");
  } catch (const eddy::CancelledError& e) {
    say(std::string("CancelledError ") + e.what());
  } catch (const std::exception& e) {
    say(std::string("error: ") + e.what());
    try {
      std::rethrow_if_nested(e);
      say("nested: none");
    } catch (const std::exception& nested) {
      say(std::string("nested: ") + nested.what());
    }
  }
}

bool has_default_action() {
  struct sigaction now {};
  ::sigaction(SIGINT, nullptr, &now);
  return now.sa_handler == SIG_DFL;
}

void on_sigint(int) {
  static constexpr char kText[] = "the program's own handler\n";
  (void)!::write(STDERR_FILENO, kText, sizeof kText - 1);  // a handler may not allocate
}

// Cannot be cancelled, and nobody resumes it.
struct Stuck {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  void await_resume() const noexcept {}
};
eddy::Task<> be_stuck() {
  Stuck stuck;
  co_await stuck;
}
constexpr int kStuckLine = __LINE__ - 2;

eddy::Task<> sleep_long() { co_await eddy::sleep(20s); }

struct SaysWhenDestroyed {
  explicit SaysWhenDestroyed(std::string t) : text(std::move(t)) {}
  SaysWhenDestroyed(const SaysWhenDestroyed&) = delete;
  SaysWhenDestroyed& operator=(const SaysWhenDestroyed&) = delete;
  ~SaysWhenDestroyed() { say(text); }
  std::string text;
};

}  // namespace

TEST_CASE("the first SIGINT cancels main, and run throws KeyboardInterrupt and restores the signal",
          "[task][real][c337]") {
  const Ended ended = in_child([] {
    run_and_say([]() -> eddy::Task<int> {
      const SaysWhenDestroyed local("main unwound");
      CHECK_FALSE(has_default_action());
      eddy::get_running_loop().call_soon([] { std::raise(SIGINT); });
      co_await eddy::sleep(20s);
      co_return 1;
    });
    say(has_default_action() ? "restored" : "not restored");
  });
  CHECK(ended.exited());
  CHECK(ended.output == "main unwound\nKeyboardInterrupt\nrestored\n");
}

TEST_CASE("a SIGINT from outside wakes a loop that sleeps", "[task][real][c337][c400]") {
  const Ended ended = in_child([] {
    std::thread sender;
    run_and_say([&]() -> eddy::Task<int> {
      sender = std::thread([] {
        std::this_thread::sleep_for(20ms);
        ::kill(::getpid(), SIGINT);
      });
      co_await eddy::sleep(20s);
      co_return 1;
    });
    sender.join();
  });
  CHECK(ended.exited());
  CHECK(ended.output == "KeyboardInterrupt\n");
}

TEST_CASE("leftovers are ended after a SIGINT, too, and main's cleanup may wait", "[task][real][c337]") {
  const Ended ended = in_child([] {
    run_and_say([]() -> eddy::Task<int> {
      const auto waits = []() -> eddy::Task<> {
        const SaysWhenDestroyed local("leftover unwound");
        co_await eddy::sleep(20s);
      };
      (void)eddy::create_task(waits());
      const auto body = []() -> eddy::Task<> {
        std::raise(SIGINT);
        co_await eddy::sleep(20s);
      };
      const auto cleanup = []() -> eddy::Task<> {
        co_await eddy::sleep(5ms);
        say("cleaned up");
      };
      co_await eddy::try_finally(body(), cleanup());
      co_return 1;
    });
  });
  CHECK(ended.exited());
  CHECK(ended.output == "cleaned up\nleftover unwound\nKeyboardInterrupt\n");
}

TEST_CASE("main that completes anyway after a SIGINT has its value returned", "[task][real][c337]") {
  const Ended ended = in_child([] {
    run_and_say([]() -> eddy::Task<int> {
      const auto work = []() -> eddy::Task<int> {
        std::raise(SIGINT);
        co_await eddy::sleep(5ms);
        co_return 42;
      };
      co_return co_await eddy::uncancellable(work());
    });
  });
  CHECK(ended.exited());
  CHECK(ended.output == "returned 42\n");
}

TEST_CASE("main that fails after a SIGINT has its own exception thrown", "[task][real][c337]") {
  const Ended ended = in_child([] {
    run_and_say([]() -> eddy::Task<int> {
      const auto work = []() -> eddy::Task<int> {
        std::raise(SIGINT);
        co_await eddy::sleep(5ms);
        throw std::runtime_error("main failed");
      };
      co_return co_await eddy::uncancellable(work());
    });
    say(has_default_action() ? "restored" : "not restored");
  });
  CHECK(ended.exited());
  CHECK(ended.output == "error: main failed\nnested: none\nrestored\n");
}

TEST_CASE("the second SIGINT ends the process", "[task][real][c337]") {
  const Ended ended = in_child([] {
    run_and_say([]() -> eddy::Task<int> {
      const auto stubborn = []() -> eddy::Task<> {
        std::raise(SIGINT);
        co_await eddy::sleep(5ms);
        say("still here");
        std::raise(SIGINT);
        say("never");
      };
      co_await eddy::uncancellable(stubborn());
      co_return 1;
    });
  });
  CHECK(ended.killed_by(SIGINT));
  CHECK(ended.output == "still here\n");
}

TEST_CASE("a second SIGINT ends a process that never returns to its loop", "[task][real][c337]") {
  const Ended ended = in_child([] {
    run_and_say([]() -> eddy::Task<int> {
      std::raise(SIGINT);
      std::raise(SIGINT);
      for (;;) {
      }
      co_return 1;
    });
  });
  CHECK(ended.killed_by(SIGINT));
}

TEST_CASE("after a KeyboardInterrupt another run counts anew", "[task][real][c337]") {
  const Ended ended = in_child([] {
    for (int i = 0; i < 2; ++i) {
      run_and_say([]() -> eddy::Task<int> {
        std::raise(SIGINT);
        co_await eddy::sleep(20s);
        co_return 1;
      });
    }
    run_and_say([]() -> eddy::Task<int> { co_return 2; });
  });
  CHECK(ended.exited());
  CHECK(ended.output == "KeyboardInterrupt\nKeyboardInterrupt\nreturned 2\n");
}

TEST_CASE("a program's own SIGINT handler is left in place", "[task][real][c337][c400]") {
  const Ended ended = in_child([] {
    std::signal(SIGINT, on_sigint);
    run_and_say([]() -> eddy::Task<int> {
      std::raise(SIGINT);
      co_await eddy::sleep(1ms);
      co_return 3;
    });
    std::raise(SIGINT);
  });
  CHECK(ended.exited());
  CHECK(ended.output == "the program's own handler\nreturned 3\nthe program's own handler\n");
}

TEST_CASE("an ignored SIGINT stays ignored", "[task][real][c337]") {
  const Ended ended = in_child([] {
    std::signal(SIGINT, SIG_IGN);
    run_and_say([]() -> eddy::Task<int> {
      std::raise(SIGINT);
      co_await eddy::sleep(1ms);
      co_return 4;
    });
    std::raise(SIGINT);
  });
  CHECK(ended.exited());
  CHECK(ended.output == "returned 4\n");
}

TEST_CASE("a handler that the program installs while run runs is not replaced at its end", "[task][real][c337][c400]") {
  const Ended ended = in_child([] {
    run_and_say([]() -> eddy::Task<int> {
      std::signal(SIGINT, on_sigint);
      co_return 5;
    });
    std::raise(SIGINT);
  });
  CHECK(ended.exited());
  CHECK(ended.output == "returned 5\nthe program's own handler\n");
}

TEST_CASE("run on another thread than the main one leaves SIGINT alone", "[task][real][c337]") {
  const Ended ended = in_child([] {
    std::thread([] {
      run_and_say([]() -> eddy::Task<int> {
        say(has_default_action() ? "untouched" : "replaced");
        co_return 6;
      });
    }).join();
  });
  CHECK(ended.exited());
  CHECK(ended.output == "untouched\nreturned 6\n");
}

TEST_CASE("a task that does not stop is reported with the line where it waits, and run throws", "[task][real]") {
  const Ended ended = in_child([] {
    run_and_say(
        []() -> eddy::Task<int> {
          (void)eddy::create_task(be_stuck(), {.name = "the stuck one"});
          co_await eddy::yield();
          co_return 1;
        },
        {.grace = 20ms});
  });
  CHECK(ended.exited());
  CHECK(ended.wrote("error: "));
  CHECK(ended.wrote("the stuck one"));
  CHECK(ended.wrote("run_in_child_process_test.cpp:" + std::to_string(kStuckLine)));
  CHECK(ended.wrote("nested: none"));
}

TEST_CASE("main's error is nested into the report of tasks that do not stop", "[task][real]") {
  const Ended ended = in_child([] {
    run_and_say(
        []() -> eddy::Task<int> {
          (void)eddy::create_task(be_stuck());
          co_await eddy::yield();
          throw std::runtime_error("main failed");
        },
        {.grace = 20ms});
  });
  CHECK(ended.exited());
  CHECK(ended.wrote("error: "));
  CHECK(ended.wrote("nested: main failed"));
}

TEST_CASE("that main was cancelled is nested into the report of tasks that do not stop", "[task][real]") {
  const Ended ended = in_child([] {
    run_and_say(
        []() -> eddy::Task<int> {
          (void)eddy::create_task(be_stuck());
          co_await eddy::yield();
          (void)eddy::current_task().cancel("had enough");
          co_await eddy::yield();
          co_return 1;
        },
        {.grace = 20ms});
  });
  CHECK(ended.exited());
  CHECK(ended.wrote("error: "));
  CHECK(ended.wrote("nested: had enough"));
}

TEST_CASE("a stuck task is reported on a virtual clock, too, while the others are ended", "[task][real]") {
  const Ended ended = in_child([] {
    eddy::testing::VirtualClock clock;
    run_and_say(
        []() -> eddy::Task<int> {
          const auto waits = []() -> eddy::Task<> {
            const SaysWhenDestroyed local("other unwound");
            co_await sleep_long();
          };
          (void)eddy::create_task(be_stuck());
          (void)eddy::create_task(waits());
          co_await eddy::yield();
          co_return 1;
        },
        {.clock = &clock, .grace = 20ms});
  });
  CHECK(ended.exited());
  CHECK(ended.wrote("other unwound\n"));
  CHECK(ended.wrote("run_in_child_process_test.cpp:" + std::to_string(kStuckLine)));
}

TEST_CASE("frames of stuck tasks are left alone, never destroyed", "[task][real]") {
  const Ended ended = in_child([] {
    run_and_say(
        []() -> eddy::Task<int> {
          const auto waits = []() -> eddy::Task<> {
            const SaysWhenDestroyed local("destroyed");
            co_await be_stuck();
          };
          (void)eddy::create_task(waits());
          co_await eddy::yield();
          co_return 1;
        },
        {.grace = 20ms});
  });
  CHECK(ended.exited());
  CHECK_FALSE(ended.wrote("destroyed"));
}

TEST_CASE("a leftover that takes longer than the grace to clean up is reported as stuck", "[task][real]") {
  const Ended ended = in_child([] {
    const auto start = std::chrono::steady_clock::now();
    run_and_say(
        []() -> eddy::Task<int> {
          const auto slow = []() -> eddy::Task<> { co_await eddy::try_finally(sleep_long(), sleep_long()); };
          (void)eddy::create_task(slow());
          co_await eddy::yield();
          co_return 1;
        },
        {.grace = 30ms});
    const auto took = std::chrono::steady_clock::now() - start;
    say(took >= 30ms && took < 10s ? "in time" : "too early or too late");
  });
  CHECK(ended.exited());
  CHECK(ended.wrote("waits for "));
  CHECK(ended.wrote("in time"));
}

TEST_CASE("a destructor that throws while its task is stopped terminates with a sentence", "[task][real]") {
  const Ended ended = in_child([] {
    run_and_say([]() -> eddy::Task<int> {
      struct Throws {
        ~Throws() noexcept(false) { throw std::runtime_error("from a destructor"); }
      };
      const auto body = []() -> eddy::Task<> {
        const Throws guard;
        co_await eddy::sleep(20s);
      };
      auto task = eddy::create_task(body());
      co_await eddy::yield();
      task.cancel();
      co_await eddy::sleep(1ms);
      say("never");
      co_return 1;
    });
  });
  CHECK(ended.killed_by(SIGABRT));
  CHECK(ended.wrote("eddy: a destructor threw while its task was being stopped"));
  CHECK_FALSE(ended.wrote("never"));
}

TEST_CASE("a destructor that throws in an awaited frame that is stopped terminates with the same sentence",
          "[task][real]") {
  const Ended ended = in_child([] {
    run_and_say([]() -> eddy::Task<int> {
      struct Throws {
        ~Throws() noexcept(false) { throw std::runtime_error("from a destructor"); }
      };
      const auto leaf = []() -> eddy::Task<> {
        const Throws guard;
        co_await eddy::sleep(20s);
      };
      const auto root = [&]() -> eddy::Task<> {
        try {
          co_await leaf();
        } catch (...) {
          say("handled by the root");
        }
      };
      auto task = eddy::create_task(root());
      co_await eddy::yield();
      task.cancel();
      co_await eddy::sleep(1ms);
      say("never");
      co_return 1;
    });
  });
  CHECK(ended.killed_by(SIGABRT));
  CHECK(ended.wrote("eddy: a destructor threw while its task was being stopped"));
  CHECK_FALSE(ended.wrote("handled by the root"));
  CHECK_FALSE(ended.wrote("never"));
}

TEST_CASE("the default exception handler writes a line to standard error", "[task][real][c326]") {
  const Ended ended = in_child([] {
    run_and_say([]() -> eddy::Task<int> {
      const auto fails = []() -> eddy::Task<> {
        co_await eddy::yield();
        throw std::runtime_error("lost");
      };
      (void)eddy::create_task(fails(), {.name = "loser"});
      co_await eddy::sleep(1ms);
      co_return 1;
    });
  });
  CHECK(ended.exited());
  CHECK(ended.output == "eddy: an exception of a task was never retrieved (loser): lost\nreturned 1\n");
}

TEST_CASE("an exception handler that throws is reported together with what it was told", "[task][real][c327]") {
  const Ended ended = in_child([] {
    run_and_say([]() -> eddy::Task<int> {
      eddy::get_running_loop().set_exception_handler(
          [](const eddy::ExceptionContext&) { throw std::runtime_error("bad handler"); });
      eddy::get_running_loop().call_soon([] { throw std::runtime_error("bad callback"); });
      co_await eddy::yield();
      co_return 1;
    });
  });
  CHECK(ended.exited());
  CHECK(ended.wrote("the exception handler itself threw: bad handler\n"));
  CHECK(ended.wrote("a callback threw an exception: bad callback\n"));
}

TEST_CASE("an exception that is dropped after the loop has ended is still reported, once", "[task][real][c45]") {
  const Ended ended = in_child([] {
    eddy::TaskHandle<> handle;
    run_and_say([&]() -> eddy::Task<int> {
      const auto fails = []() -> eddy::Task<> {
        co_await eddy::yield();
        throw std::runtime_error("lost");
      };
      handle = eddy::create_task(fails(), {.name = "loser"});
      co_await eddy::sleep(1ms);
      co_return 1;
    });
    handle = {};
    say("end");
  });
  CHECK(ended.exited());
  CHECK(ended.output == "returned 1\neddy: an exception of a task was never retrieved (loser): lost\nend\n");
}

TEST_CASE("run inside a running loop throws, and reports nothing besides", "[task][real][c329][c336]") {
  const Ended ended = in_child([] {
    run_and_say([]() -> eddy::Task<int> {
      const auto inner = []() -> eddy::Task<> { co_return; };
      try {
        eddy::run(inner());
      } catch (const eddy::RuntimeError&) {
        say("refused");
      }
      co_return 1;
    });
  });
  CHECK(ended.exited());
  CHECK(ended.output == "refused\nreturned 1\n");
}

TEST_CASE("a callback that schedules itself for ever does not keep a loop from closing", "[task][real][c334]") {
  const Ended ended = in_child([] {
    struct Again {
      void operator()() const { loop->call_soon(Again{loop}); }
      eddy::EventLoop* loop;
    };
    eddy::EventLoop loop;
    loop.call_soon(Again{&loop});
    loop.close();
    say("closed");
  });
  CHECK(ended.exited());
  CHECK(ended.wrote("closed\n"));
}

TEST_CASE("in debug mode the program stops when another thread wakes a task, and says what the task waited for",
          "[task][real][misuse]") {
  struct Wrong {
    const char* waited_for;
    void (*wake)(eddy::Event&, eddy::Semaphore&, eddy::Queue<int>&);
  };
  const Wrong wrongs[] = {
      {"an event", [](eddy::Event& event, eddy::Semaphore&, eddy::Queue<int>&) { event.set(); }},
      {"a semaphore", [](eddy::Event&, eddy::Semaphore& semaphore, eddy::Queue<int>&) { semaphore.release(); }},
      {"an item", [](eddy::Event&, eddy::Semaphore&, eddy::Queue<int>& queue) { queue.put_nowait(1); }},
  };
  for (const Wrong& wrong : wrongs) {
    const Ended ended = in_child([&] {
      eddy::RunOptions options;
      options.debug = true;
      run_and_say(
          [&]() -> eddy::Task<int> {
            eddy::Event event;
            eddy::Semaphore semaphore(0);
            eddy::Queue<int> queue;
            const auto wait_for_event = [&]() -> eddy::Task<> { co_await event.wait(); };
            const auto wait_for_permit = [&]() -> eddy::Task<> { co_await semaphore.acquire(); };
            const auto wait_for_item = [&]() -> eddy::Task<> { (void)co_await queue.get(); };
            const auto first = eddy::create_task(wait_for_event());
            const auto second = eddy::create_task(wait_for_permit());
            const auto third = eddy::create_task(wait_for_item());
            co_await eddy::sleep(1ms);
            std::thread([&] { wrong.wake(event, semaphore, queue); }).join();
            say("went on");
            co_return 0;
          },
          options);
    });
    INFO(ended.output);
    CHECK(ended.killed_by(SIGABRT));
    CHECK(ended.wrote(std::string("eddy: a task that waits for ") + wrong.waited_for));
    CHECK(ended.wrote("was woken from another thread; use call_soon_threadsafe"));
    CHECK_FALSE(ended.wrote("went on"));
  }
}

TEST_CASE("in debug mode the program stops when another thread resumes a foreign awaiter's handle",
          "[task][real][misuse]") {
  struct ResumesElsewhere {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const {
      std::thread([handle] { handle.resume(); }).join();
    }
    void await_resume() const noexcept {}
  };
  const Ended ended = in_child([] {
    eddy::RunOptions options;
    options.debug = true;
    run_and_say(
        []() -> eddy::Task<int> {
          ResumesElsewhere awaiter;
          co_await awaiter;
          co_return 0;
        },
        options);
  });
  INFO(ended.output);
  CHECK(ended.killed_by(SIGABRT));
  CHECK(ended.wrote("eddy: a task that waits for a foreign awaiter was woken from another thread"));
}

TEST_CASE("in debug mode the loop's own thread wakes tasks as ever, also for other threads' calls and jobs",
          "[task][real][misuse]") {
  const Ended ended = in_child([] {
    eddy::RunOptions options;
    options.debug = true;
    run_and_say(
        []() -> eddy::Task<int> {
          eddy::EventLoop& loop = eddy::get_running_loop();
          eddy::Event event;
          std::thread caller([&] { loop.call_soon_threadsafe([&] { event.set(); }); });
          co_await event.wait();
          caller.join();
          loop.set_debug(false);
          loop.set_debug(true);
          co_return 7;
        },
        options);
  });
  INFO(ended.output);
  CHECK(ended.exited());
  CHECK(ended.wrote("returned 7"));
}

TEST_CASE("a deadlock in a cleanup, which cannot be cancelled, is reported as well, and says what waits there",
          "[task][real]") {
  const Ended ended = in_child([] {
    eddy::testing::VirtualClock clock;
    run_and_say(
        []() -> eddy::Task<int> {
          const auto never = eddy::get_running_loop().create_future<>();
          const auto cleanup = [&]() -> eddy::Task<> { co_await never; };
          const auto body = []() -> eddy::Task<> { co_await eddy::sleep(1s); };
          co_await eddy::try_finally(body(), cleanup());
          co_return 0;
        },
        {.clock = &clock});
  });
  INFO(ended.output);
  CHECK(ended.exited());
  CHECK(ended.wrote("error: eddy: deadlock: nothing can ever run again"));
  CHECK(ended.wrote("main waits for a cleanup at "));
  CHECK_FALSE(ended.wrote("is running"));  // the body has ended
}

TEST_CASE("a deadlock in the body of try_finally says that it has a cleanup, which is run", "[task][real]") {
  const Ended ended = in_child([] {
    eddy::testing::VirtualClock clock;
    run_and_say(
        []() -> eddy::Task<int> {
          const auto never = eddy::get_running_loop().create_future<>();
          const auto cleanup = []() -> eddy::Task<> {
            co_await eddy::sleep(1s);
            say("cleaned up");
          };
          const auto body = [&]() -> eddy::Task<> { co_await never; };
          co_await eddy::try_finally(body(), cleanup());
          co_return 0;
        },
        {.clock = &clock});
  });
  INFO(ended.output);
  CHECK(ended.exited());
  CHECK(ended.wrote("main waits for work with a cleanup at "));
  CHECK(ended.wrote("cleaned up"));
}

TEST_CASE("a deadlock in uncancellable work is reported instead of hanging", "[task][real]") {
  const Ended ended = in_child([] {
    eddy::testing::VirtualClock clock;
    run_and_say(
        []() -> eddy::Task<int> {
          const auto never = eddy::get_running_loop().create_future<>();
          co_await eddy::uncancellable(never);
          co_return 0;
        },
        {.clock = &clock});
  });
  INFO(ended.output);
  CHECK(ended.exited());
  CHECK(ended.wrote("error: eddy: deadlock: nothing can ever run again"));
  CHECK(ended.wrote("main waits for uncancellable work at "));
}
