// What a wrong use gets at run time: the type of the error, the sentence in it, and that nothing else is harmed.
//
// What the compiler refuses is in tests/compile_fail.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include "support/thrown_text.hpp"
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <optional>
#include <system_error>
#include <thread>

using namespace test;

namespace {

// The text of the E that awaiting `fn()` throws, or that the call throws itself.
template <class E, class F>
eddy::Task<std::string> awaited_text_of(F fn) {
  const auto call = [&fn]() -> eddy::Task<> {
    auto task = fn();
    (void)co_await task;
  };
  co_return co_await awaited_thrown_text_of<E>(call());
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

eddy::Task<int> answer() { co_return 42; }

eddy::Task<> nap() { co_await eddy::sleep(1h); }

eddy::Task<> mark(bool& ran, Tracked) {
  ran = true;
  co_return;
}

struct Descriptors {
  Descriptors() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0); }
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;
  ~Descriptors() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  int ends[2]{};
};

}  // namespace

// ------------------------------------------------------------------------------------------------- tasks and handles

EDDY_LOOP_TEST_CASE("an empty Task says the same wherever it is used, and why it may be empty", "[misuse]") {
  const char* const sentence = "this Task is empty: it was awaited, started or moved from before; a Task runs once";
  run_virtual([sentence]() -> eddy::Task<> {
    using E = eddy::InvalidStateError;
    std::vector<std::string> texts;
    texts.push_back(co_await awaited_text_of<E>([]() -> eddy::Task<> {
      auto task = answer();
      co_await task;
      co_await task;
    }));
    texts.push_back(co_await awaited_text_of<E>([]() -> eddy::Task<> {
      auto task = answer();
      const auto owner = std::move(task);
      co_await task;
    }));
    texts.push_back(co_await awaited_text_of<E>([] { return eddy::Task<int>(); }));
    texts.push_back(co_await awaited_text_of<E>([]() -> eddy::Task<> {
      auto task = answer();
      const auto handle = eddy::create_task(std::move(task));
      co_await handle;
      co_await task;
    }));
    texts.push_back(thrown_text_of<E>([] { (void)eddy::create_task(eddy::Task<int>()); }));
    texts.push_back(
        co_await awaited_text_of<E>([]() -> eddy::Task<> { co_await eddy::gather(answer(), eddy::Task<int>()); }));
    texts.push_back(co_await awaited_text_of<E>([]() -> eddy::Task<> {
      std::vector<eddy::Task<int>> tasks;
      tasks.push_back(answer());
      tasks.emplace_back();
      co_await eddy::gather(std::move(tasks));
    }));
    texts.push_back(
        co_await awaited_text_of<E>([]() -> eddy::Task<> { co_await eddy::timeout(1s, eddy::Task<int>()); }));
    texts.push_back(
        co_await awaited_text_of<E>([]() -> eddy::Task<> { co_await eddy::move_on_after(1s, eddy::Task<int>()); }));
    texts.push_back(
        co_await awaited_text_of<E>([]() -> eddy::Task<> { co_await eddy::wait_for(eddy::Task<int>(), 1s); }));
    texts.push_back(
        co_await awaited_text_of<E>([]() -> eddy::Task<> { co_await eddy::uncancellable(eddy::Task<int>()); }));
    texts.push_back(
        co_await awaited_text_of<E>([]() -> eddy::Task<> { co_await eddy::try_finally(eddy::Task<int>(), nap()); }));
    texts.push_back(
        co_await awaited_text_of<E>([]() -> eddy::Task<> { co_await eddy::try_finally(answer(), eddy::Task<>()); }));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      INFO("use " << i << ": " << texts[i]);
      CHECK(has(texts[i], sentence));
    }
    co_await eddy::sleep(1s);  // the loop and this task go on
  });
  const std::string of_run = thrown_text_of<eddy::InvalidStateError>([] { (void)eddy::run(eddy::Task<int>()); });
  CHECK(has(of_run, sentence));
}

EDDY_LOOP_TEST_CASE("a failed attempt to use an empty Task leaves its siblings unrun and destroyed", "[misuse]") {
  bool ran = false;
  run_virtual([&]() -> eddy::Task<> {
    const std::string text = co_await awaited_text_of<eddy::InvalidStateError>(
        [&ran]() -> eddy::Task<> { co_await eddy::gather(mark(ran, Tracked()), eddy::Task<>()); });
    CHECK(has(text, "this Task is empty"));
    CHECK(Tracked::alive == 0);
  });
  CHECK_FALSE(ran);
}

EDDY_LOOP_TEST_CASE("an empty TaskHandle says the same wherever it is used", "[misuse]") {
  const char* const sentence = "this TaskHandle refers to no task: it was moved from";
  run_virtual([sentence]() -> eddy::Task<> {
    using E = eddy::InvalidStateError;
    eddy::TaskHandle<int> handle = eddy::create_task(answer());
    eddy::TaskHandle<int> owner = std::move(handle);
    std::vector<std::string> texts;
    texts.push_back(co_await awaited_text_of<E>([&]() -> eddy::Task<> { co_await handle; }));
    texts.push_back(co_await awaited_text_of<E>([&]() -> eddy::Task<> { co_await std::move(handle); }));
    texts.push_back(co_await awaited_text_of<E>([&]() -> eddy::Task<> { co_await eddy::gather(handle, owner); }));
    texts.push_back(co_await awaited_text_of<E>([&]() -> eddy::Task<> {
      const std::vector<eddy::TaskHandle<int>> handles{owner, handle};
      co_await eddy::gather(handles);
    }));
    texts.push_back(co_await awaited_text_of<E>([&]() -> eddy::Task<> { co_await eddy::shield(handle); }));
    texts.push_back(co_await awaited_text_of<E>([&]() -> eddy::Task<> { co_await eddy::timeout(1s, handle); }));
    texts.push_back(co_await awaited_text_of<E>([&]() -> eddy::Task<> { co_await eddy::wait_for(handle, 1s); }));
    texts.push_back(co_await awaited_text_of<E>([&]() -> eddy::Task<> { co_await eddy::wait_for(handle, 0s); }));
    texts.push_back(thrown_text_of<E>([&] { handle.add_done_callback([] {}); }));
    texts.push_back(thrown_text_of<E>([&] { handle.set_name("nobody"); }));
    texts.push_back(thrown_text_of<E>([&] { (void)eddy::TaskHandle<>().done(); }));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      INFO("use " << i << ": " << texts[i]);
      CHECK(has(texts[i], sentence));
    }
    const eddy::DoneCallbackId id = owner.add_done_callback([] {});
    CHECK_FALSE(handle.remove_done_callback(id));  // noexcept: nothing to take back
    const int kept = co_await owner;
    CHECK(kept == 42);
  });
}

EDDY_TEST_CASE("a task that waits for itself is named in the error, whatever it waits through", "[misuse]") {
  std::optional<eddy::TaskHandle<std::vector<std::string>>> self;
  auto body = [&self]() -> eddy::Task<std::vector<std::string>> {
    using E = eddy::RuntimeError;
    std::vector<std::string> texts;
    texts.push_back(co_await awaited_text_of<E>([&self]() -> eddy::Task<> { co_await *self; }));
    texts.push_back(co_await awaited_text_of<E>([&self]() -> eddy::Task<> { co_await eddy::shield(*self); }));
    texts.push_back(co_await awaited_text_of<E>([&self]() -> eddy::Task<> { co_await eddy::gather(*self, nap()); }));
    texts.push_back(co_await awaited_text_of<E>([&self]() -> eddy::Task<> { co_await eddy::uncancellable(*self); }));
    co_return texts;
  };
  self = eddy::create_task(body());
  self->set_name("narcissus");
  const auto start = now();
  const std::vector<std::string> texts = co_await *self;
  CHECK(now() == start);
  for (const std::string& text : texts) CHECK(has(text, "task narcissus awaits its own handle and would never end"));
  self.reset();
}

EDDY_TEST_CASE("an error of misuse names the task that made it, and the line where that awaited last", "[misuse]") {
  using E = eddy::InvalidStateError;
  int line = 0;
  std::vector<std::string> texts;
  std::string within;
  const auto deeper = []() -> eddy::Task<> {
    co_await eddy::yield();
    eddy::Lock().release();
  };
  auto body = [&]() -> eddy::Task<> {
    auto used = answer();
    const auto future = eddy::get_running_loop().create_future<int>();
    auto [sender, receiver] = eddy::channel<int>(1);
    sender.close();
    eddy::TaskGroup* group = nullptr;
    auto grouped = eddy::task_group([&](eddy::TaskGroup& g) -> eddy::Task<> {
      group = &g;
      co_return;
    });
    co_await std::move(grouped);
    co_await eddy::create_task(std::move(used)), line = __LINE__;
    texts.push_back(thrown_text_of<E>([&] { (void)eddy::create_task(std::move(used)); }));
    texts.push_back(thrown_text_of<E>([&] { (void)eddy::TaskHandle<>().done(); }));
    texts.push_back(thrown_text_of<E>([&] { (void)future.result(); }));
    texts.push_back(thrown_text_of<E>([&] { (void)sender.try_send(1); }));
    texts.push_back(thrown_text_of<eddy::LockNotHeldError>([] { eddy::Lock().release(); }));
    texts.push_back(thrown_text_of<eddy::OverReleaseError>([] { eddy::BoundedSemaphore(1).release(); }));
    texts.push_back(thrown_text_of<eddy::TaskDoneTooOften>([] { eddy::Queue<int>().task_done(); }));
    texts.push_back(thrown_text_of<eddy::RuntimeError>([&] { group->create_task(nap()); }));
    try {
      co_await deeper(), within = "not reached";
    } catch (const eddy::LockNotHeldError& error) {
      within = error.what();  // the line in the task's own function
    }
  };
  co_await eddy::create_task(body(), {.name = "clumsy"});
  REQUIRE(line > 0);
  const auto place = [](int at) { return " (in task clumsy, last at " __FILE__ ":" + std::to_string(at) + ")"; };
  for (const std::string& text : texts) CHECK_THAT(text, Catch::EndsWith(place(line)));
  CHECK_THAT(within, Catch::EndsWith(place(line + 10)));
  const auto in_callback = std::make_shared<std::string>();  // a cancelled test ends before it
  eddy::get_running_loop().call_soon(
      [in_callback] { *in_callback = thrown_text_of<E>([] { (void)eddy::TaskHandle<>().done(); }); });
  co_await eddy::sleep(1ms);
  CHECK(*in_callback == "eddy: this TaskHandle refers to no task: it was moved from");  // no task makes it
}

// ---------------------------------------------------------------------------------------------------- loops and runs

EDDY_LOOP_TEST_CASE(
    "run inside run is refused in tasks and callbacks: the task is destroyed unrun and the loop goes on", "[misuse]") {
  const char* const sentence =
      "run() cannot be called while an event loop runs in this thread; co_await the task instead";
  bool ran = false;
  std::vector<std::string> texts;
  const int value = run_virtual([&]() -> eddy::Task<int> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    texts.push_back(thrown_text_of<eddy::RuntimeError>([&] { eddy::run(mark(ran, Tracked())); }));
    texts.push_back(thrown_text_of<eddy::RuntimeError>([&] { eddy::run(mark, std::ref(ran), Tracked()); }));
    CHECK(Tracked::alive == 0);
    loop.call_soon([&] {
      texts.push_back(thrown_text_of<eddy::RuntimeError>([&] { eddy::run(mark(ran, Tracked())); }));
      CHECK(Tracked::alive == 0);
    });
    co_await eddy::sleep(1s);
    CHECK(&eddy::get_running_loop() == &loop);
    CHECK(loop.is_running());
    co_return co_await eddy::create_task(answer());
  });
  CHECK(value == 42);
  CHECK_FALSE(ran);
  REQUIRE(texts.size() == 3);
  for (const std::string& text : texts) CHECK(has(text, sentence));
  CHECK(eddy::run(answer()) == 42);  // and afterwards one may again
}

EDDY_LOOP_TEST_CASE("run in another thread is not inside this one's", "[misuse][real]") {
  const int value = run_real([]() -> eddy::Task<int> {
    int other = 0;
    std::thread([&] { other = eddy::run(answer()); }).join();
    co_return other + co_await answer();
  });
  CHECK(value == 84);
}

TEST_CASE("what needs a running loop says what it is and how to get one", "[misuse]") {
  static eddy::ContextVar<int> variable("variable", 1);
  using E = eddy::NoRunningLoop;
  bool ran = false;
  const std::string created = thrown_text_of<E>([&] { (void)eddy::create_task(mark(ran, Tracked())); });
  const std::string called = thrown_text_of<E>([&] { (void)eddy::create_task(mark, std::ref(ran), Tracked()); });
  const std::string loop = thrown_text_of<E>([] { (void)eddy::get_running_loop(); });
  const std::string tasks = thrown_text_of<E>([] { (void)eddy::all_tasks(); });
  const std::string set = thrown_text_of<E>([] { variable.set(2); });
  const std::string reset = thrown_text_of<E>([] { variable.reset({}); });
  CHECK(Tracked::alive == 0);
  CHECK_FALSE(ran);
  CHECK(variable.get() == 1);
  for (const std::string& text : {created, called, loop, tasks, set, reset}) {
    INFO(text);
    CHECK(has(text, "no event loop is running in this thread; start one with eddy::run(task)"));
  }
  CHECK(has(created, "create_task()"));
  CHECK(has(called, "create_task()"));
  CHECK(has(loop, "get_running_loop()"));
  CHECK(thrown_text_of<eddy::RuntimeError>([] { (void)eddy::get_running_loop(); }) == loop);  // as asyncio's is one
}

EDDY_TEST_CASE("a running loop refuses to be closed, in words, and goes on", "[misuse]") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  const std::string text = thrown_text_of<eddy::RuntimeError>([&] { loop.close(); });
  CHECK(has(text, "a running event loop cannot be closed"));
  CHECK_FALSE(loop.is_closed());
  co_await eddy::sleep(1s);
}

TEST_CASE("a closed loop says so at every entry, also those that run it or watch something", "[misuse]") {
  eddy::EventLoop loop;
  loop.close();
  const Descriptors pair;
  using E = eddy::LoopClosed;
  std::vector<std::string> texts;
  texts.push_back(thrown_text_of<E>([&] { loop.call_soon([] {}); }));
  texts.push_back(thrown_text_of<E>([&] { loop.call_later(1s, [] {}); }));
  texts.push_back(thrown_text_of<E>([&] { loop.call_at(loop.time(), [] {}); }));
  texts.push_back(thrown_text_of<E>([&] { loop.call_soon_threadsafe([] {}); }));
  texts.push_back(thrown_text_of<E>([&] { (void)loop.create_future<int>(); }));
  texts.push_back(thrown_text_of<E>([&] { loop.add_reader(pair.ends[0], [] {}); }));
  texts.push_back(thrown_text_of<E>([&] { loop.add_writer(pair.ends[0], [] {}); }));
  texts.push_back(thrown_text_of<E>([&] { loop.add_signal_handler(SIGUSR1, [] {}); }));
  texts.push_back(thrown_text_of<E>([&] { loop.run_forever(); }));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    INFO("entry " << i);
    CHECK(texts[i] == "the event loop is closed");
  }
  // What takes something away again is harmless.
  CHECK_FALSE(loop.remove_reader(pair.ends[0]));
  CHECK_FALSE(loop.remove_signal_handler(SIGUSR1));
  loop.stop();
  loop.close();
  CHECK(loop.is_closed());
}

TEST_CASE("in debug mode a task that is cancelled from another thread is not, and says what to use", "[misuse][real]") {
  eddy::RunOptions options;
  options.debug = true;
  options.on_exception = &test::record_report;
  const auto body = []() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    const auto handle = eddy::create_task(answer());
    const eddy::TaskRef reference = eddy::current_task();
    const Descriptors pair;
    std::vector<std::string> texts;
    std::thread([&] {
      using E = eddy::RuntimeError;
      texts.push_back(thrown_text_of<E>([&] {
        auto copy = handle;
        copy.cancel();
      }));
      texts.push_back(thrown_text_of<E>([&] { reference.cancel(); }));
      texts.push_back(thrown_text_of<E>([&] { loop.call_at(loop.time(), [] {}); }));
      texts.push_back(thrown_text_of<E>([&] { loop.add_reader(pair.ends[0], [] {}); }));
      texts.push_back(thrown_text_of<E>([&] { loop.add_signal_handler(SIGUSR1, [] {}); }));
    }).join();
    for (std::size_t i = 0; i < texts.size(); ++i) {
      INFO("touch " << i << ": " << texts[i]);
      CHECK(has(texts[i], "touched from another thread; use call_soon_threadsafe"));
    }
    const int value = co_await handle;
    CHECK(value == 42);
    CHECK(reference.cancelling() == 0);
  };
  eddy::run(body(), options);
  CHECK(test::take_reports().empty());
}

TEST_CASE("in debug mode a future that a task awaits cannot be set from another thread", "[misuse][real]") {
  eddy::RunOptions options;
  options.debug = true;
  const auto body = []() -> eddy::Task<> {
    const auto future = eddy::get_running_loop().create_future<int>();
    const auto waits = [](eddy::Future<int> awaited) -> eddy::Task<int> { co_return co_await awaited; };
    const auto waiter = eddy::create_task(waits(future));
    co_await eddy::yield();
    std::string set, failed, cancelled;
    std::thread([&] {
      using E = eddy::RuntimeError;
      set = thrown_text_of<E>([&] { future.set_result(1); });
      failed = thrown_text_of<E>([&] { future.set_exception(std::make_exception_ptr(std::runtime_error("foreign"))); });
      cancelled = thrown_text_of<E>([&] { future.cancel(); });
    }).join();
    for (const std::string& text : {set, failed, cancelled}) CHECK(has(text, "touched from another thread"));
    CHECK_FALSE(future.done());
    if (!future.done()) future.set_result(2);
    const int value = co_await waiter;
    CHECK(value == 2);
  };
  eddy::run(body(), options);
}

// ---------------------------------------------------------------------------------------------- futures, descriptors

EDDY_TEST_CASE("a future that is set twice, asked too early or broken says so", "[misuse]") {
  const auto future = eddy::get_running_loop().create_future<int>();
  using E = eddy::InvalidStateError;
  CHECK(has(thrown_text_of<E>([&] { (void)future.result(); }), "the future is not done yet: await it"));
  CHECK(
      has(thrown_text_of<std::invalid_argument>([&] { future.set_exception(nullptr); }), "set_exception needs an exception"));
  future.set_result(1);
  CHECK(has(thrown_text_of<E>([&] { future.set_result(2); }), "the future is done already"));
  CHECK(future.result() == 1);
  const auto broken = eddy::get_running_loop().create_future<int>();
  (void)broken.setter();
  const std::string text = co_await awaited_text_of<eddy::BrokenPromise>([&]() -> eddy::Task<> { co_await broken; });
  CHECK(has(text, "the future's setter was dropped before it set a result"));
}

EDDY_TEST_CASE("a task's result that is not there yet or was taken says which", "[misuse]") {
  using E = eddy::InvalidStateError;
  auto boxed = []() -> eddy::Task<std::unique_ptr<int>> { co_return std::make_unique<int>(1); };
  const auto handle = eddy::create_task(boxed());
  const std::string early = thrown_text_of<E>([&] { (void)handle.result(); });
  CHECK(has(early, "eddy: task Task-"));
  CHECK(has(early, ", which has not started at " __FILE__ ":"));
  CHECK(has(early, ", is not done yet: await it"));
  auto copy = handle;
  const std::unique_ptr<int> taken = co_await std::move(copy);
  CHECK(*taken == 1);
  CHECK(has(thrown_text_of<E>([&] { (void)handle.result(); }), " was already moved out (in task "));
}

EDDY_LOOP_TEST_CASE("descriptors that cannot be waited for say why", "[misuse][socket][order]") {
  run_virtual([]() -> eddy::Task<> {
    const Descriptors pair;
    char name[] = "/tmp/eddy_misuse_XXXXXX";
    const int file = ::mkstemp(name);
    REQUIRE(file >= 0);
    ::unlink(name);
    auto wait = [](int fd) -> eddy::Task<> { co_await eddy::readable(fd); };
    const std::string regular = co_await awaited_text_of<std::system_error>([&] { return wait(file); });
    CHECK(has(regular, "this kind of file cannot be waited for (a regular file is always ready)"));
    ::close(file);
    const std::string none = co_await awaited_text_of<std::system_error>([&] { return wait(-1); });
    CHECK(has(none, "not a descriptor"));
    const auto first = eddy::create_task(wait(pair.ends[0]), {.name = "first"});
    co_await eddy::yield();
    const std::string busy = co_await awaited_text_of<eddy::BusyResourceError>([&] { return wait(pair.ends[0]); });
    CHECK(has(busy, "this descriptor is waited for by task first, which waits for a readable descriptor at "));
    CHECK(has(busy, "; one at a time may wait to read from it"));
    eddy::get_running_loop().add_writer(pair.ends[0], [] {});
    auto wait_to_write = [](int fd) -> eddy::Task<> { co_await eddy::writable(fd); };
    const std::string taken = co_await awaited_text_of<eddy::BusyResourceError>([&] { return wait_to_write(pair.ends[0]); });
    CHECK(has(taken, "this descriptor is waited for by a callback of add_writer; one at a time may wait to write to it"));
    eddy::get_running_loop().remove_writer(pair.ends[0]);
    CHECK_FALSE(first.done());
  });
}
