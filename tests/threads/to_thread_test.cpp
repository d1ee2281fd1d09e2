// to_thread: blocking functions in the loop's own pool; the loop's doors for other threads; the end of run with jobs left.
//
// SPDX-License-Identifier: MIT
#include <eddy/threads.hpp>

#include "support/leak_on_purpose.hpp"
#include "support/gate.hpp"
#include "support/work.hpp"
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>

using namespace test;

namespace {

#if defined(EDDY_FRAME_POOL)
constexpr int kMany = 1'000'000;
#else
constexpr int kMany = 100'000;  // a sanitizer or the like is on
#endif

// While it lives, no thread can be made: the default stack is larger than any address space.
class NoThreads {
public:
  NoThreads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    pthread_attr_init(&huge);
    works_ = pthread_attr_setstacksize(&huge, std::size_t{1} << 50) == 0 && pthread_setattr_default_np(&huge) == 0;
    pthread_attr_destroy(&huge);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;
  ~NoThreads() { restore(); }
  void restore() {
    if (restored_) return;
    restored_ = true;
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }
  [[nodiscard]] bool works() const { return works_; }

private:
  pthread_attr_t before_{};
  bool works_ = false;
  bool restored_ = false;
};

}  // namespace

EDDY_LOOP_TEST_CASE("to_thread runs a function in another thread and gives what it returns", "[real][c311]") {
  run_virtual([]() -> eddy::Task<> {
    std::thread::id job_thread;
    auto job = [&](int a, int b) {
      job_thread = std::this_thread::get_id();
      return a * b;
    };
    const int value = co_await eddy::to_thread(job, 6, 7);
    CHECK(value == 42);
    CHECK(job_thread != std::this_thread::get_id());
    int calls = 0;
    auto nothing = [&] { ++calls; };
    co_await eddy::to_thread(nothing);
    CHECK(calls == 1);
  });
}

EDDY_LOOP_TEST_CASE("a function in to_thread reads the ContextVars of its task, one in run_in_executor the defaults",
                    "[real][c55]") {
  static eddy::ContextVar<std::string> user("user", "nobody");
  static eddy::ContextVar<int> number("number");
  run_virtual([]() -> eddy::Task<> {
    const auto read = [] { return user.get() + ' ' + std::to_string(number.get(0)); };
    eddy::ThreadPool pool(1);
    user.set("main");
    const auto child = [&](std::string name) -> eddy::Task<std::string> {
      user.set(name);
      number.set(static_cast<int>(name.size()));
      co_return co_await eddy::to_thread(read);
    };
    const auto inherits = [&]() -> eddy::Task<std::string> { co_return co_await eddy::to_thread(read); };
    const auto [first, second, third] = co_await eddy::gather(child("a"), child("bb"), inherits());
    CHECK(first == "a 1");
    CHECK(second == "bb 2");
    CHECK(third == "main 0");
    const std::string inside = co_await eddy::timeout(1min, eddy::to_thread(read));
    CHECK(inside == "main 0");
    const std::string elsewhere = co_await eddy::run_in_executor(pool, read);
    CHECK(elsewhere == "nobody 0");
  });
  CHECK(user.get() == "nobody");
}

EDDY_LOOP_TEST_CASE("the values that a job in to_thread reads stay though the task that lent them sets new ones",
                    "[real][c55]") {
  static eddy::ContextVar<int> number("number", 0);
  run_real([]() -> eddy::Task<> {
    std::atomic<bool> set_anew = false;
    const auto read = [&] {
      const int& before = number.get();
      const int first = before;
      while (!set_anew) std::this_thread::yield();
      return first == 1 && number.get() == 1 && before == 1;
    };
    number.set(1);
    bool kept = false;
    const auto child = [&]() -> eddy::Task<> { kept = co_await eddy::to_thread(read); };
    co_await eddy::task_group([&](eddy::TaskGroup& group) -> eddy::Task<> {
      (void)group.create_task(child());
      co_await eddy::sleep(20ms);
      number.set(2);
      set_anew = true;
    });
    CHECK(kept);
    CHECK(number.get() == 2);
  });
}

EDDY_LOOP_TEST_CASE("a job in to_thread cannot set a ContextVar", "[real]") {
  static eddy::ContextVar<int> number("number", 0);
  run_virtual([]() -> eddy::Task<> {
    number.set(1);
    const auto set = [] { number.set(2); };
    bool refused = false;
    try {
      co_await eddy::to_thread(set);
    } catch (const eddy::NoRunningLoop&) {
      refused = true;
    }
    CHECK(refused);
    CHECK(number.get() == 1);
  });
}

TEST_CASE("with a grace of zero the end of run still waits for idle threads", "[real]") {
  const auto main = []() -> eddy::Task<int> {
    const auto job = [] { return 3; };
    co_return co_await eddy::to_thread(job);
  };
  for (int i = 0; i < 20; ++i) CHECK(eddy::run(main(), {.grace = 0s}) == 3);
}

EDDY_LOOP_TEST_CASE("to_thread throws what the function throws, with its type", "[real][c311]") {
  run_virtual([]() -> eddy::Task<> {
    struct Odd {
      int code;
    };
    auto odd = [] { throw Odd{7}; };
    int code = 0;
    try {
      co_await eddy::to_thread(odd);
    } catch (const Odd& error) {
      code = error.code;
    }
    CHECK(code == 7);
    auto bad = []() -> int { throw std::out_of_range("bad"); };
    const std::string how = co_await ending_by_kind(eddy::to_thread(bad));
    CHECK(how == "bad");
  });
}

EDDY_LOOP_TEST_CASE("to_thread passes references and move-only values through, both ways", "[real][c311]") {
  run_virtual([]() -> eddy::Task<> {
    int x = 1;
    auto reference = [](int& target) -> int& {
      ++target;
      return target;
    };
    int& same = co_await eddy::to_thread(reference, std::ref(x));
    CHECK(&same == &x);
    CHECK(x == 2);
    auto boxed = [](std::unique_ptr<int> box) {
      *box += 1;
      return box;
    };
    const std::unique_ptr<int> box = co_await eddy::to_thread(boxed, std::make_unique<int>(4));
    REQUIRE(box);
    CHECK(*box == 5);
  });
}

EDDY_LOOP_TEST_CASE("to_thread keeps copies of the arguments until the function has ended", "[real][c311]") {
  run_virtual([]() -> eddy::Task<> {
    auto job = [](const std::string& text, const std::shared_ptr<int>& shared) {
      std::this_thread::sleep_for(5ms);
      return text + std::to_string(shared.use_count());
    };
    auto shared = std::make_shared<int>(1);
    const std::string value =
        co_await eddy::to_thread(job, std::string("a text too long for the small buffer "), shared);
    CHECK(value == "a text too long for the small buffer 2");
    CHECK(shared.use_count() == 1);
  });
}

EDDY_LOOP_TEST_CASE("to_thread takes a function that was moved into it", "[real]") {
  run_virtual([]() -> eddy::Task<> {
    auto box = std::make_unique<int>(9);
    auto job = [box = std::move(box)] { return *box; };
    const int value = co_await eddy::to_thread(eddy::own(std::move(job)));
    CHECK(value == 9);
  });
}

EDDY_LOOP_TEST_CASE("several to_thread run at the same time", "[real]") {
  run_virtual([]() -> eddy::Task<> {
    Gate first;
    Gate second;
    auto one = [&] {
      first.open();
      return second.wait();
    };
    auto two = [&] {
      second.open();
      return first.wait();
    };
    const auto [a, b] = co_await eddy::gather(eddy::to_thread(one), eddy::to_thread(two));
    CHECK(a);
    CHECK(b);
  });
}

EDDY_TEST_CASE("the loop goes on while a function blocks in a thread", "[real]") {
  Gate gate;
  int ticks = 0;
  auto job = [&] { return gate.wait(); };
  auto ticker = [&]() -> eddy::Task<> {
    for (; ticks < 10; ++ticks) co_await eddy::sleep(1ms);
    gate.open();
  };
  const auto [opened, none] = co_await eddy::gather(eddy::to_thread(job), ticker());
  static_cast<void>(none);
  CHECK(opened);
  CHECK(ticks == 10);
}

EDDY_LOOP_TEST_CASE("a function that returns a to_thread can be a task", "[real]") {
  run_virtual([]() -> eddy::Task<> {
    auto work = [] { return eddy::to_thread([](int value) { return value + 1; }, 1); };
    const int value = co_await eddy::create_task(work);
    CHECK(value == 2);
  });
}

EDDY_LOOP_TEST_CASE(
    "a running job is waited for when its task is cancelled; its value is delivered, then the task stops",
    "[real][c312][order]") {
  run_virtual([]() -> eddy::Task<> {
    Gate started;
    Gate gate;
    std::string delivered;
    auto job = [&](const std::string& text) {
      started.open();
      gate.wait();
      return text + " done";
    };
    auto work = [&]() -> eddy::Task<> {
      delivered = co_await eddy::to_thread(job, "job");
      co_await eddy::sleep(1s);
      delivered = "not reached";
    };
    auto handle = eddy::create_task(work());
    co_await eddy::yield();
    REQUIRE(started.wait());
    CHECK(handle.cancel());
    for (int i = 0; i < 10; ++i) co_await eddy::yield();
    CHECK_FALSE(handle.done());
    gate.open();
    const std::string how = co_await ending_by_kind(handle);
    CHECK(how == "CancelledError ");
    CHECK(delivered == "job done");
  });
}

EDDY_LOOP_TEST_CASE("a job that ends in the turn of the cancel delivers its value", "[real][c312][order]") {
  run_virtual([]() -> eddy::Task<> {
    std::atomic<bool> ended{false};
    int delivered = 0;
    auto job = [&] {
      ended = true;
      return 5;
    };
    auto work = [&]() -> eddy::Task<> { delivered = co_await eddy::to_thread(job); };
    auto handle = eddy::create_task(work());
    co_await eddy::yield();
    while (!ended) std::this_thread::yield();
    std::this_thread::sleep_for(2ms);  // its notice is on the way to the loop, or there
    handle.cancel();
    (void)co_await ending_by_kind(handle);
    CHECK(delivered == 5);
  });
}

EDDY_TEST_CASE("an expired timeout waits for a running job and gives its value instead of TimeoutError",
               "[real][c312]") {
  // A thread may take long to begin on a busy machine; a job that has not begun would be taken back.
  auto slow = [] {
    std::this_thread::sleep_for(300ms);
    return 42;
  };
  const auto start = now();
  const int value = co_await eddy::timeout(150ms, eddy::to_thread(slow));
  CHECK(value == 42);
  CHECK(now() - start >= 300ms);
  auto bad = []() -> int {
    std::this_thread::sleep_for(300ms);
    throw std::runtime_error("late");
  };
  const std::string how = co_await ending_by_kind(eddy::timeout(150ms, eddy::to_thread(bad)));
  CHECK(how == "late");
}

EDDY_TEST_CASE("an expired timeout requests a stop from a job that takes a stop_token", "[real][c312]") {
  auto patient = [](std::stop_token stop) {
    for (int i = 0; i < 20'000 && !stop.stop_requested(); ++i) std::this_thread::sleep_for(1ms);
    return stop.stop_requested();
  };
  const bool stopped = co_await eddy::timeout(150ms, eddy::to_thread(patient));
  CHECK(stopped);
}

EDDY_LOOP_TEST_CASE("a stop_callback runs in the loop's thread when the task is cancelled, and can end the job",
                    "[real][c312][order]") {
  run_virtual([]() -> eddy::Task<> {
    Gate started;
    Gate stop_asked;
    auto job = [&](std::stop_token stop) {
      const std::stop_callback on_stop(stop, [&] { stop_asked.open(); });
      started.open();
      return stop_asked.wait();
    };
    bool delivered = false;
    auto work = [&]() -> eddy::Task<> { delivered = co_await eddy::to_thread(job); };
    auto handle = eddy::create_task(work());
    co_await eddy::yield();
    REQUIRE(started.wait());
    handle.cancel();
    (void)co_await ending_by_kind(handle);
    CHECK(delivered);
  });
}

EDDY_LOOP_TEST_CASE("gather waits for a sibling's running job before it throws", "[real][c312]") {
  run_virtual([]() -> eddy::Task<> {
    Gate started;
    std::atomic<bool> ended{false};
    auto job = [&] {
      started.open();
      std::this_thread::sleep_for(30ms);
      ended = true;
    };
    auto bad = [&]() -> eddy::Task<> {
      co_await eddy::yield();
      started.wait();
      throw std::runtime_error("bad");
    };
    const std::string how = co_await ending_by_kind(eddy::gather(eddy::to_thread(job), bad()));
    CHECK(how == "bad");
    CHECK(ended);
  });
}

EDDY_LOOP_TEST_CASE("with a cancel in force to_thread starts nothing", "[real][c312]") {
  run_virtual([]() -> eddy::Task<> {
    std::atomic<bool> ran{false};
    auto job = [&] { ran = true; };
    auto work = [&]() -> eddy::Task<> {
      eddy::current_task().cancel();
      co_await eddy::to_thread(job);
    };
    const std::string how = co_await ending_by_kind(eddy::create_task(work()));
    CHECK(how == "CancelledError ");
    CHECK_FALSE(ran);
  });
}

EDDY_LOOP_TEST_CASE("the virtual clock does not jump while a job runs, and jumps afterwards", "[real]") {
  eddy::testing::VirtualClock clock;
  run_virtual(
      []() -> eddy::Task<> {
        const auto start = now();
        auto job = [] { std::this_thread::sleep_for(30ms); };
        auto work = [&]() -> eddy::Task<eddy::TimePoint> {
          co_await eddy::to_thread(job);
          co_return now();
        };
        const auto [job_ended, none] = co_await eddy::gather(work(), nap(5h));
        static_cast<void>(none);
        CHECK(job_ended == start);
        CHECK(now() - start == 5h);
      },
      clock);
  CHECK(clock.elapsed() == 5h);
}

EDDY_LOOP_TEST_CASE("when no thread can be made to_thread throws std::system_error, and works again later",
                    "[real][c314]") {
  run_virtual([]() -> eddy::Task<> {
    auto job = [] { return 3; };
    bool refused = false;
    NoThreads none;
    REQUIRE(none.works());
    try {
      (void)co_await eddy::to_thread(job);
    } catch (const std::system_error&) {
      refused = true;
    }
    none.restore();
    CHECK(refused);
    const auto start = now();
    co_await eddy::sleep(1h);  // the job that never was does not hold the clock
    CHECK(now() - start == 1h);
    const int value = co_await eddy::to_thread(job);
    CHECK(value == 3);
  });
}

EDDY_LOOP_TEST_CASE("when no further thread can be made, a job waits for one that there is", "[real][c314][order]") {
  eddy::ThreadPool pool(4);
  run_virtual([&]() -> eddy::Task<> {
    Gate gate;
    Gate started;
    auto blocker = [&] {
      started.open();
      return gate.wait();
    };
    auto quick = [] { return 3; };
    auto block = [&]() -> eddy::Task<bool> { co_return co_await eddy::run_in_executor(pool, blocker); };
    auto ask = [&]() -> eddy::Task<int> { co_return co_await eddy::run_in_executor(pool, quick); };
    const auto first = eddy::create_task(block());
    co_await eddy::yield();
    REQUIRE(started.wait());
    NoThreads none;
    REQUIRE(none.works());
    const auto second = eddy::create_task(ask());
    co_await eddy::yield();
    none.restore();
    CHECK_FALSE(second.done());
    gate.open();
    const int value = co_await second;
    CHECK(value == 3);
    const bool opened = co_await first;
    CHECK(opened);
  });
  CHECK(pool.thread_count() == 1);
}

EDDY_LOOP_TEST_CASE("the end of run waits for the job of a leftover task", "[real][c315][order]") {
  std::atomic<bool> ended{false};
  Gate started;
  run_virtual([&]() -> eddy::Task<> {
    auto job = [&] {
      started.open();
      std::this_thread::sleep_for(30ms);
      ended = true;
    };
    auto work = [&]() -> eddy::Task<> { co_await eddy::to_thread(job); };
    const auto leftover = eddy::create_task(work());
    co_await eddy::yield();
    CHECK(started.wait());
    CHECK_FALSE(leftover.done());
  });
  CHECK(ended);
}

EDDY_LOOP_TEST_CASE("a cleanup that runs at the end of run can still use to_thread", "[real][c315]") {
  std::string cleaned;
  auto job = [](const std::string& text) { return text + " in a thread"; };
  auto cleanup = [&]() -> eddy::Task<> { cleaned = co_await eddy::to_thread(job, "cleaned"); };  // outlives main
  auto work = [&]() -> eddy::Task<> { co_await eddy::try_finally(nap(1h), cleanup()); };
  run_virtual([&]() -> eddy::Task<> {
    const auto leftover = eddy::create_task(work());
    const int first = co_await eddy::to_thread([] { return 1; });  // the pool exists before the end
    CHECK(first == 1);
    CHECK_FALSE(leftover.done());
  });
  CHECK(cleaned == "cleaned in a thread");
}

TEST_CASE("a job that outlives the grace deadline is reported, and its frame is left alone", "[real][c315]") {
  static Gate gate;
  static Gate started;
  static std::atomic<int> ended{0};
  std::string message;
  {
    const LeakOnPurpose lost;
    struct Stuck {
      static int job(int& local) {
        started.open();
        gate.wait();
        ++local;
        ++ended;
        return local;
      }
      static eddy::Task<> work() {
        int local = 0;
        local = co_await eddy::to_thread(&Stuck::job, std::ref(local));
      }
      static eddy::Task<> program() {
        (void)eddy::create_task(work());
        co_await eddy::yield();
        CHECK(started.wait());
      }
    };
    eddy::RunOptions options;
    options.grace = 30ms;
    options.on_exception = &test::record_report;
    try {
      eddy::run(Stuck::program(), options);
    } catch (const eddy::RuntimeError& error) {
      message = error.what();
    }
  }
  CHECK(message.find("a thread pool's job") != std::string::npos);
  CHECK(message.find("to_thread_test.cpp") != std::string::npos);
  CHECK(ended == 0);
  gate.open();  // the job writes to its caller's frame now, which must still be there
  for (int i = 0; i < 5000 && ended == 0; ++i) std::this_thread::sleep_for(1ms);
  CHECK(ended == 1);
  std::this_thread::sleep_for(20ms);
  static_cast<void>(take_reports());
}

EDDY_TEST_CASE("call_soon_threadsafe wakes a loop that sleeps", "[real][c317]") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  const auto loop_thread = std::this_thread::get_id();
  const auto future = loop.create_future<bool>();
  std::thread other([&] {
    std::this_thread::sleep_for(20ms);
    loop.call_soon_threadsafe([&] { future.set_result(std::this_thread::get_id() == loop_thread); });
  });
  const auto start = now();
  const bool on_loop = co_await eddy::timeout(20s, future);
  CHECK(on_loop);
  CHECK(now() - start < 10s);
  other.join();
}

EDDY_TEST_CASE("call_soon_threadsafe wakes a loop that has nothing at all to wait for", "[real][c317]") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  const auto future = loop.create_future<int>();
  std::thread other([&] {
    std::this_thread::sleep_for(20ms);
    loop.call_soon_threadsafe([&] { future.set_result(4); });
  });
  const int value = co_await future;
  CHECK(value == 4);
  other.join();
}

EDDY_LOOP_TEST_CASE("a hold keeps a virtual clock waiting for another thread's call", "[real][c317]") {
  run_virtual([]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    const auto future = loop.create_future<int>();
    const auto start = now();
    eddy::LoopHold hold = loop.hold();
    std::thread other([&] {
      std::this_thread::sleep_for(20ms);
      loop.call_soon_threadsafe([&] { future.set_result(4); });
    });
    const int value = co_await eddy::timeout(1h, future);
    CHECK(value == 4);
    CHECK(now() == start);
    other.join();
  });
}

TEST_CASE("a post to a closed loop throws LoopClosed", "[real][c319]") {
  eddy::EventLoop loop;
  loop.close();
  CHECK(loop.is_closed());
  bool ran = false;
  CHECK_THROWS_AS(loop.call_soon_threadsafe([&] { ran = true; }), eddy::LoopClosed);
  bool refused_elsewhere = false;
  std::thread other([&] {
    try {
      loop.call_soon_threadsafe([&] { ran = true; });
    } catch (const eddy::LoopClosed&) {
      refused_elsewhere = true;
    }
  });
  other.join();
  CHECK(refused_elsewhere);
  CHECK_FALSE(ran);
}

EDDY_TEST_CASE(
    "posts of one thread run in their order, a million of them without a sanitizer, and tasks are not starved",
    "[real][c320][order]") {
  constexpr int kPosts = kMany;
  eddy::EventLoop& loop = eddy::get_running_loop();
  int next = 0;
  bool in_order = true;
  std::thread producer([&] {
    for (int i = 0; i < kPosts; ++i) {
      loop.call_soon_threadsafe([&, i] {
        in_order = in_order && next == i;
        ++next;
      });
    }
  });
  int turns = 0;
  int turns_amid = 0;
  while (next < kPosts) {
    co_await eddy::yield();
    ++turns;
    if (next > 0 && next < kPosts) ++turns_amid;
    if (turns > 100'000'000) break;
  }
  producer.join();
  CHECK(next == kPosts);
  CHECK(in_order);
  CHECK(turns_amid > 0);
}

EDDY_TEST_CASE("posts of several threads all run, each thread's in its order", "[real][c320][order]") {
  constexpr int kThreads = 4;
  constexpr int kPosts = 5'000;
  eddy::EventLoop& loop = eddy::get_running_loop();
  std::vector<int> next(kThreads, 0);
  int all = 0;
  bool in_order = true;
  const auto done = loop.create_future<>();
  std::vector<std::thread> producers;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    producers.emplace_back([&, thread] {
      for (int i = 0; i < kPosts; ++i) {
        loop.call_soon_threadsafe([&, thread, i] {
          in_order = in_order && next[thread] == i;
          ++next[thread];
          if (++all == kThreads * kPosts) done.set_result();
        });
      }
    });
  }
  co_await eddy::timeout(30s, done);
  for (std::thread& producer : producers) producer.join();
  CHECK(in_order);
  CHECK(all == kThreads * kPosts);
}

TEST_CASE("posts that race with the close of the loop either run or are refused", "[real][c321]") {
  for (int round = 0; round < 10; ++round) {
    eddy::EventLoop loop;
    std::atomic<bool> go{false};
    std::atomic<int> ran{0};
    std::atomic<int> accepted{0};
    std::atomic<int> refused{0};
    auto alive = std::make_shared<int>(0);
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        while (!go) std::this_thread::yield();
        for (int post = 0; post < 100'000; ++post) {
          try {
            loop.call_soon_threadsafe([&ran, copy = alive] { ran += static_cast<int>(copy.use_count() > 0); });
            ++accepted;
          } catch (const eddy::LoopClosed&) {
            ++refused;
            return;
          }
        }
      });
    }
    go = true;
    std::this_thread::sleep_for(std::chrono::microseconds(50 * round));
    loop.close();
    for (std::thread& thread : threads) thread.join();
    CHECK(ran == accepted);
    CHECK(refused <= 3);
    CHECK(alive.use_count() == 1);  // no post is lost unseen
  }
}

TEST_CASE("posts that race with the end of run either run or are refused", "[real][c321]") {
  for (int round = 0; round < 20; ++round) {
    eddy::Runner runner;
    std::atomic<int> ran{0};
    std::atomic<int> accepted{0};
    std::atomic<bool> refused{false};
    std::thread poster;
    auto program = [&]() -> eddy::Task<> {
      eddy::EventLoop& loop = eddy::get_running_loop();
      poster = std::thread([&ran, &accepted, &refused, &loop] {
        for (int post = 0; post < 1'000'000; ++post) {
          try {
            loop.call_soon_threadsafe([&ran] { ++ran; });
            ++accepted;
          } catch (const eddy::LoopClosed&) {
            refused = true;
            return;
          }
        }
      });
      co_await eddy::sleep(100us);
    };
    runner.run(program());
    runner.close();
    poster.join();
    CHECK(ran == accepted);
    CHECK((refused || accepted == 1'000'000));
  }
}

EDDY_LOOP_TEST_CASE("a job that blocks for an answer from its loop's thread is no deadlock", "[real][c322]") {
  run_virtual([]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    auto job = [&] {
      std::promise<std::thread::id> answer;
      auto future = answer.get_future();
      loop.call_soon_threadsafe([&] { answer.set_value(std::this_thread::get_id()); });
      return future.wait_for(20s) == std::future_status::ready ? future.get() : std::thread::id();
    };
    const std::thread::id answered = co_await eddy::to_thread(job);
    CHECK(answered == std::this_thread::get_id());
  });
}

EDDY_TEST_CASE("a job that blocks for a coroutine on its own loop is no deadlock", "[real][c322]") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  auto question = [](int value) -> eddy::Task<int> {
    co_await eddy::sleep(2ms);
    co_return value * 2;
  };
  auto job = [&] { return eddy::run_coroutine_threadsafe(loop, question, 21).get(); };
  const int answer = co_await eddy::to_thread(job);
  CHECK(answer == 42);
}
