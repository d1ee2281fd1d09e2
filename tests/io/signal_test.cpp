// wait_signal and SignalReceiver: several waiters, bursts, what is restored, what is raised again, and conflicts.
//
// The signals are those that do nothing by default, since a test may be stopped before it takes what it has raised.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include "support/child.hpp"
#include "support/work.hpp"

#include <eddy/io/signal.hpp>

#include <algorithm>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

using namespace test;

static_assert(std::is_trivially_copyable_v<eddy::SignalSet>);

namespace {

using Signals = std::vector<int>;

bool is_default(int signal) {
  struct sigaction now_set {};
  ::sigaction(signal, nullptr, &now_set);
  return now_set.sa_handler == SIG_DFL;
}

// Takes what comes until the receiver is closed.
eddy::Task<> collect(eddy::SignalReceiver& receiver, Signals& seen) {
  while (auto signal = co_await receiver.next()) seen.push_back(*signal);
}

// Until the loop has seen what was raised.
eddy::Task<> some_turns() {
  for (int i = 0; i < 3; ++i) co_await eddy::sleep(1ms);
}

// Counts what is left to a program's own handlers.
int own_calls = 0;
void own_handler(int) { ++own_calls; }
struct OwnHandler {
  explicit OwnHandler(int number) : signal(number), before(std::signal(number, own_handler)) { own_calls = 0; }
  OwnHandler(const OwnHandler&) = delete;
  OwnHandler& operator=(const OwnHandler&) = delete;
  ~OwnHandler() { std::signal(signal, before); }
  int signal;
  void (*before)(int);
};

}  // namespace

TEST_CASE("a set of signals is made of one or several, and refuses what is none") {
  constexpr eddy::SignalSet both{SIGINT, SIGTERM};
  static_assert(both.contains(SIGINT) && both.contains(SIGTERM) && !both.contains(SIGCONT) && both.size() == 2);
  const eddy::SignalSet one = SIGCONT;
  CHECK(one.contains(SIGCONT));
  CHECK_FALSE(one.contains(0));
  CHECK_FALSE(one.contains(-1));
  CHECK_FALSE(one.contains(1000));
  CHECK(eddy::SignalSet(SIGCONT, SIGCONT).size() == 1);
  CHECK(eddy::SignalSet(SIGRTMAX).contains(SIGRTMAX));
  for (const int wrong : {0, -1, 65, 1000}) CHECK_THROWS_AS(eddy::SignalSet(wrong), std::system_error);
}

EDDY_TEST_CASE("wait_signal completes with the signal that came, and restores what was before", "[real][c400]") {
  auto waiter = eddy::create_task(eddy::wait_signal(SIGURG));
  CHECK(is_default(SIGURG));  // not before it is awaited
  co_await test::settle();
  CHECK_FALSE(is_default(SIGURG));
  std::raise(SIGURG);
  CHECK_FALSE(waiter.done());
  const int signal = co_await waiter;
  CHECK(signal == SIGURG);
  CHECK(is_default(SIGURG));
}

EDDY_TEST_CASE("wait_signal waits for one of several", "[real]") {
  eddy::get_running_loop().call_soon([] { std::raise(SIGWINCH); });
  const int signal = co_await eddy::wait_signal({SIGURG, SIGWINCH});
  CHECK(signal == SIGWINCH);
  CHECK(is_default(SIGURG));
  CHECK(is_default(SIGWINCH));
}

EDDY_TEST_CASE("a signal from another thread ends the loop's sleep", "[real][c400]") {
  std::thread sender([] {
    std::this_thread::sleep_for(20ms);
    ::kill(::getpid(), SIGURG);
  });
  struct Join {
    std::thread& thread;
    explicit Join(std::thread& joined) : thread(joined) {}
    Join(const Join&) = delete;
    Join& operator=(const Join&) = delete;
    ~Join() { thread.join(); }
  };
  const eddy::SignalReceiver ignores_it_if_this_is_stopped(SIGURG);
  const Join join(sender);
  const int signal = co_await eddy::wait_signal(SIGURG);
  CHECK(signal == SIGURG);
}

EDDY_TEST_CASE("every receiver and every waiter of a loop gets the signal", "[real]") {
  eddy::SignalReceiver receiver = eddy::open_signal_receiver(SIGURG);
  const std::vector<eddy::TaskHandle<int>> waiters{eddy::create_task(eddy::wait_signal(SIGURG)),
                                                   eddy::create_task(eddy::wait_signal({SIGURG, SIGWINCH}))};
  co_await test::settle();
  std::raise(SIGURG);
  const std::vector<int> got = co_await eddy::gather(waiters);
  const std::vector<int> expected{SIGURG, SIGURG};
  CHECK(got == expected);
  CHECK_FALSE(is_default(SIGURG));  // the receiver is still there
  CHECK(is_default(SIGWINCH));
  CHECK(receiver.try_next() == SIGURG);
  CHECK_FALSE(receiver.try_next());
}

EDDY_TEST_CASE("a burst of a signal counts once, and none of its kinds is lost", "[real][c401]") {
  eddy::SignalReceiver receiver = eddy::open_signal_receiver({SIGURG, SIGWINCH, SIGCONT});
  for (int i = 0; i < 100; ++i) {
    std::raise(SIGURG);
    std::raise(SIGCONT);
    std::raise(SIGWINCH);
  }
  co_await some_turns();
  for (int i = 0; i < 100; ++i) std::raise(SIGCONT);  // it has been seen, and not taken
  co_await some_turns();
  Signals seen;
  while (const auto signal = receiver.try_next()) seen.push_back(*signal);
  std::sort(seen.begin(), seen.end());
  const Signals expected{SIGCONT, SIGURG, SIGWINCH};
  CHECK(seen == expected);
}

EDDY_TEST_CASE("signals are taken in the order in which the loop saw them", "[real]") {
  eddy::SignalReceiver receiver = eddy::open_signal_receiver({SIGCONT, SIGURG, SIGWINCH});
  const Signals order{SIGWINCH, SIGCONT, SIGURG};
  for (const int signal : order) {
    std::raise(signal);
    co_await some_turns();
  }
  std::raise(SIGWINCH);  // again, which moves nothing
  co_await some_turns();
  Signals seen;
  for (int i = 0; i < 3; ++i) {
    const auto signal = co_await receiver.next();
    seen.push_back(signal.value_or(0));
  }
  CHECK(seen == order);
}

EDDY_TEST_CASE("a stream of one signal does not starve another", "[real][c401]") {
  eddy::SignalReceiver receiver = eddy::open_signal_receiver({SIGURG, SIGWINCH});
  std::raise(SIGWINCH);
  bool came = false;
  for (int i = 0; i < 100 && !came; ++i) {
    std::raise(SIGURG);
    const auto signal = co_await receiver.next();
    came = signal == SIGWINCH;
  }
  CHECK(came);
}

EDDY_TEST_CASE("a receiver is read as a generator is, until it is closed", "[real]") {
  eddy::SignalReceiver receiver = eddy::open_signal_receiver(SIGURG);
  Signals seen;
  auto collector = eddy::create_task(collect(receiver, seen));
  for (int i = 0; i < 3; ++i) {
    std::raise(SIGURG);
    co_await some_turns();
  }
  CHECK_FALSE(receiver.is_closed());
  receiver.close();
  receiver.close();
  CHECK(receiver.is_closed());
  CHECK(is_default(SIGURG));
  co_await collector;
  CHECK(seen.size() == 3);
  const auto late = co_await receiver.next();
  CHECK_FALSE(late);
  CHECK_FALSE(receiver.try_next());
}

EDDY_TEST_CASE("of several tasks that wait at one receiver each gets a signal", "[real]") {
  eddy::SignalReceiver receiver = eddy::open_signal_receiver({SIGURG, SIGWINCH});
  Signals seen;
  const auto one = [&]() -> eddy::Task<> {
    const auto signal = co_await receiver.next();
    seen.push_back(signal.value_or(0));
  };
  auto first = eddy::create_task(one);
  auto second = eddy::create_task(one);
  auto leaves = eddy::create_task(one);
  co_await test::settle();
  leaves.cancel();
  std::raise(SIGURG);
  co_await some_turns();
  std::raise(SIGWINCH);
  co_await eddy::gather(first, second);
  const Signals expected{SIGURG, SIGWINCH};
  CHECK(seen == expected);
}

EDDY_TEST_CASE("a waiter that is cancelled when the signal was handed over gets it", "[real]") {
  eddy::SignalReceiver receiver = eddy::open_signal_receiver(SIGURG);
  eddy::SignalReceiver witness = eddy::open_signal_receiver(SIGURG);
  int got = 0;
  const auto body = [&]() -> eddy::Task<> {
    const auto signal = co_await receiver.next();
    got = signal.value_or(-1);
    co_await eddy::sleep(1h);
  };
  auto waiter = eddy::create_task(body);
  co_await test::settle();
  std::raise(SIGURG);
  while (!witness.try_next()) co_await eddy::yield();
  waiter.cancel();
  co_await some_turns();
  CHECK(got == SIGURG);
  CHECK(waiter.cancelled());
}

EDDY_TEST_CASE("a program's own handler is back when the last receiver has gone", "[real][c400]") {
  const OwnHandler own(SIGURG);
  {
    const eddy::SignalReceiver first(SIGURG);
    {
      eddy::SignalReceiver second(SIGURG);
      std::raise(SIGURG);
      co_await some_turns();
      CHECK(second.try_next() == SIGURG);
    }
    CHECK(own_calls == 0);
    std::raise(SIGURG);
    CHECK(own_calls == 0);
  }
  CHECK(own_calls == 0);  // one of its kind was taken
  std::raise(SIGURG);
  CHECK(own_calls == 1);
}

EDDY_TEST_CASE("a signal that came and that nobody took is raised again for whoever handled it before", "[real][c401]") {
  const OwnHandler own(SIGURG);
  {
    const eddy::SignalReceiver receiver(SIGURG);
    std::raise(SIGURG);  // the loop has not seen it when the receiver goes
  }
  CHECK(own_calls == 1);
  {
    const eddy::SignalReceiver one(SIGURG);
    const eddy::SignalReceiver other(SIGURG);
    std::raise(SIGURG);
    std::raise(SIGURG);
    co_await some_turns();  // here it has
    CHECK(own_calls == 1);
  }
  CHECK(own_calls == 2);
  co_await some_turns();
  CHECK(own_calls == 2);
}

EDDY_TEST_CASE("a signal whose call was queued when the last receiver went is raised again, too", "[real][c401]") {
  const OwnHandler own(SIGURG);
  std::optional<eddy::SignalReceiver> receiver;
  receiver.emplace(SIGURG);
  std::raise(SIGURG);
  for (int i = 0; i < 10 && receiver; ++i) {  // whichever turn it is in
    co_await eddy::yield();
    receiver.reset();
  }
  co_await some_turns();
  CHECK(own_calls == 1);
}

EDDY_TEST_CASE("a wait that is cancelled restores the signal", "[real]") {
  auto waiter = eddy::create_task(eddy::wait_signal({SIGURG, SIGWINCH}));
  co_await test::settle();
  CHECK_FALSE(is_default(SIGWINCH));
  waiter.cancel();
  co_await some_turns();
  CHECK(is_default(SIGURG));
  CHECK(is_default(SIGWINCH));
  const auto got = co_await eddy::move_on_after(1ms, eddy::wait_signal(SIGURG));
  CHECK_FALSE(got);
  CHECK(is_default(SIGURG));
}

EDDY_TEST_CASE("a signal has either a handler or receivers", "[real][c402]") {
  auto& loop = eddy::get_running_loop();
  loop.add_signal_handler(SIGURG, [] {});
  CHECK_THROWS_AS(eddy::open_signal_receiver({SIGURG, SIGWINCH}), eddy::RuntimeError);
  CHECK(is_default(SIGWINCH));  // nothing is left of the attempt
  CHECK(loop.remove_signal_handler(SIGURG));
  {
    const eddy::SignalReceiver receiver(SIGURG);
    CHECK_THROWS_AS(loop.add_signal_handler(SIGURG, [] {}), eddy::RuntimeError);
    CHECK_FALSE(loop.remove_signal_handler(SIGURG));
    CHECK_FALSE(is_default(SIGURG));
  }
  loop.add_signal_handler(SIGURG, [] {});
  CHECK(loop.remove_signal_handler(SIGURG));
  co_return;
}

TEST_CASE("a signal that another loop handles is refused, also in another thread", "[c402]") {
  eddy::EventLoop first;
  eddy::EventLoop second;
  const eddy::SignalReceiver receiver(SIGURG, first);
  CHECK_THROWS_AS(eddy::SignalReceiver(SIGURG, second), eddy::RuntimeError);
  std::string told;
  std::thread([&] {
    try {
      eddy::run(eddy::wait_signal(SIGURG));
    } catch (const eddy::RuntimeError& error) {
      told = error.what();
    }
  }).join();
  CHECK(told == "eddy: another event loop handles this signal");
}

TEST_CASE("what cannot be received is refused") {
  eddy::EventLoop loop;
  CHECK_THROWS_AS(eddy::SignalReceiver(eddy::SignalSet(), loop), std::invalid_argument);
  CHECK_THROWS_AS(eddy::SignalReceiver({SIGURG, SIGKILL}, loop), std::system_error);
  CHECK(is_default(SIGURG));
  loop.close();
  CHECK_THROWS_AS(eddy::SignalReceiver(SIGURG, loop), eddy::LoopClosed);
  CHECK_THROWS_AS(eddy::open_signal_receiver(SIGURG), eddy::NoRunningLoop);
}

TEST_CASE("a receiver may outlive its loop, whose end restores the signal", "[c400]") {
  std::optional<eddy::EventLoop> loop;
  loop.emplace();
  eddy::SignalReceiver receiver(SIGURG, *loop);
  loop.reset();
  CHECK(is_default(SIGURG));
  CHECK_FALSE(receiver.try_next());
  eddy::EventLoop next;
  const eddy::SignalReceiver another(SIGURG, next);
  receiver.close();
  CHECK_FALSE(is_default(SIGURG));  // it is the other's
}

EDDY_LOOP_TEST_CASE("waiters of a receiver that is destroyed get BrokenResourceError", "[real]") {
  const std::string got = run_real([]() -> eddy::Task<std::string> {
    eddy::get_running_loop().set_debug(false);
    std::optional<eddy::SignalReceiver> receiver;
    receiver.emplace(SIGURG);
    const auto waiter = eddy::create_task(ending(receiver->next()));
    co_await test::settle();
    receiver.reset();
    co_return co_await waiter;
  });
  CHECK(got == "eddy: a signal was destroyed while tasks waited for it");
}

TEST_CASE("SIGINT does not cancel run while there is a receiver for it, and does again afterwards", "[real][c337][c400]") {
  const Ended ended = in_child([] {
    try {
      eddy::run([]() -> eddy::Task<> {
        eddy::get_running_loop().call_soon([] { std::raise(SIGINT); });
        const int signal = co_await eddy::wait_signal({SIGINT, SIGTERM});
        say(signal == SIGINT ? "received" : "something else");
        co_await eddy::sleep(10ms);
        say("still here");
        std::raise(SIGINT);
        co_await eddy::sleep(20s);
        say("not cancelled");
      });
    } catch (const eddy::KeyboardInterrupt&) {
      say("KeyboardInterrupt");
    }
    say(is_default(SIGINT) ? "restored" : "not restored");
  });
  CHECK(ended.exited());
  CHECK(ended.output == "received\nstill here\nKeyboardInterrupt\nrestored\n");
}

TEST_CASE("a SIGINT that a receiver did not take cancels run when it goes", "[real][c401]") {
  const Ended ended = in_child([] {
    try {
      eddy::run([]() -> eddy::Task<> {
        {
          const eddy::SignalReceiver receiver(SIGINT);
          std::raise(SIGINT);
          co_await eddy::sleep(10ms);
          say("still here");
        }
        co_await eddy::sleep(20s);
      });
    } catch (const eddy::KeyboardInterrupt&) {
      say("KeyboardInterrupt");
    }
  });
  CHECK(ended.exited());
  CHECK(ended.output == "still here\nKeyboardInterrupt\n");
}

TEST_CASE("a SIGTERM that nobody took ends the process when its receiver goes", "[real]") {
  const Ended ended = in_child([] {
    eddy::run([]() -> eddy::Task<> {
      const eddy::SignalReceiver receiver(SIGTERM);
      std::raise(SIGTERM);
      co_await eddy::sleep(10ms);
    });
    say("alive");
  });
  CHECK(ended.killed_by(SIGTERM));
}
