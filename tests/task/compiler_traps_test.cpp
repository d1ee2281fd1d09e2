// Guards against what compilers do wrongly with coroutines: each test is code that some compiler miscompiles, or would if
// the library were written in another way. The frame's layout is in promise_frame_layout_test.cpp, the stack in
// task_depth_test.cpp.
//
// SPDX-License-Identifier: MIT
#include <eddy/threads.hpp>

#include "support/run.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <type_traits>

using namespace test;

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
#define GXX_BEFORE_13 1  // leaves out what it miscompiles in any coroutine type
#else
#define GXX_BEFORE_13 0
#endif

namespace {

// Knows every object of it by its address: one that was moved bit by bit, destroyed twice or never is found out.
class Registered {
public:
  Registered() { enter(); }
  Registered(const Registered& other) : text_(other.text_) { enter(); }
  Registered(Registered&& other) noexcept : text_(std::move(other.text_)) {
    const eddy::testing::AllocationsSucceed pause;
    other.text_ = text_;
    enter();
  }
  Registered& operator=(const Registered&) = default;
  ~Registered() {
    if (objects().erase(this) != 1) ++wrong();
  }
  // 1 if this object exists and its string, too long to be stored inside it, is unharmed.
  [[nodiscard]] int ok() const { return objects().count(this) == 1 && text_ == std::string(40, 'x') ? 1 : 0; }

  static std::set<const Registered*>& objects() {
    static std::set<const Registered*> all;
    return all;
  }
  static int& wrong() {
    static int count = 0;
    return count;
  }

private:
  void enter() {
    if (!objects().insert(this).second) ++wrong();
  }
  std::string text_ = std::string(40, 'x');
};

// At the end of the scope every Registered is gone, each of them once.
struct CheckRegistered {
  CheckRegistered() { Registered::wrong() = 0; }
  CheckRegistered(const CheckRegistered&) = delete;
  CheckRegistered& operator=(const CheckRegistered&) = delete;
  ~CheckRegistered() {
    CHECK(Registered::wrong() == 0);
    CHECK(Registered::objects().empty());
    Registered::objects().clear();
  }
};

}  // namespace

// ------------------------------------------------------------------- closures and options in an awaited expression
// g++ before 13 relocates closure and aggregate prvalues bit by bit in a full expression with co_await, or destroys them twice.

namespace {

using Answer = eddy::Task<int>;

Answer ok_of(Registered object) {
  co_await eddy::yield();
  co_return object.ok();
}
int plain_ok_of(const Registered& object) { return object.ok(); }

struct Resource {
  Answer aenter() const { return ok_of(held); }
  eddy::Task<> aexit() const { co_await eddy::yield(); }
  Registered held;
};

}  // namespace

EDDY_LOOP_TEST_CASE("closures given as lvalues are copied once, and each copy is destroyed once", "[traps][real]") {
  const CheckRegistered check;
  run_real([]() -> eddy::Task<> {
    const Registered object;
    auto coroutine = [object]() -> Answer {
      co_await eddy::yield();
      co_return object.ok();
    };
    auto with_argument = [object](int more) -> Answer {
      co_await eddy::yield();
      co_return object.ok() * more;
    };
    auto cleanup = [object]() -> eddy::Task<> { co_await eddy::yield(); };
    auto job = [object] { return object.ok(); };
    Resource resource;
    int sum = 0;
    sum += co_await eddy::create_task(coroutine);
    sum += co_await eddy::create_task(with_argument, 1);
    sum += co_await eddy::timeout(1h, coroutine);
    sum += co_await eddy::timeout_at(now() + 1h, with_argument, 1);
    sum += (co_await eddy::move_on_after(1h, coroutine)).value_or(0);
    sum += co_await eddy::try_finally(coroutine, cleanup);
    sum += co_await eddy::async_with(resource, with_argument);
    sum += co_await eddy::to_thread(job);
    CHECK(sum == 8);
    CHECK(object.ok() == 1);
  });
}

EDDY_LOOP_TEST_CASE("closures given through own are moved, and each is destroyed once", "[traps][real]") {
  const CheckRegistered check;
  run_real([]() -> eddy::Task<> {
    const Registered object;
    auto coroutine = [object]() -> Answer {
      co_await eddy::yield();
      co_return object.ok();
    };
    auto first = coroutine, second = coroutine, third = coroutine, fourth = coroutine;
    auto cleanup = [object]() -> eddy::Task<> { co_await eddy::yield(); };
    auto job = [object] { return object.ok(); };
    int sum = 0;
    sum += co_await eddy::create_task(eddy::own(std::move(first)));
    sum += co_await eddy::timeout(1h, eddy::own(std::move(second)));
    sum += (co_await eddy::move_on_after(1h, eddy::own(std::move(third)))).value_or(0);
    sum += co_await eddy::try_finally(eddy::own(std::move(fourth)), eddy::own(std::move(cleanup)));
    sum += co_await eddy::to_thread(eddy::own(std::move(job)));
    CHECK(sum == 5);
  });
}

EDDY_LOOP_TEST_CASE("what a closure would capture can be given as arguments, temporaries too", "[traps][real]") {
  const CheckRegistered check;
  run_real([]() -> eddy::Task<> {
    const Registered object;
    int sum = 0;
    sum += co_await eddy::create_task(ok_of, object);
    sum += co_await eddy::create_task(ok_of, Registered());
    sum += co_await eddy::timeout(1h, ok_of, Registered());
    sum += (co_await eddy::move_on_after(1h, ok_of, Registered())).value_or(0);
    sum += co_await eddy::to_thread(plain_ok_of, Registered());
    sum += co_await eddy::create_task(ok_of, Registered()) + co_await eddy::timeout(1h, ok_of, Registered());
    CHECK(sum == 7);
  });
}

EDDY_LOOP_TEST_CASE("closures that are trivially copyable may stand in the awaited expression", "[traps][real]") {
  const CheckRegistered check;
  run_real([]() -> eddy::Task<> {
    const Registered object;
    int one = 1;
    int sum = 0;
    sum += co_await eddy::create_task([&object, one]() -> Answer {
      co_await eddy::yield();
      co_return object.ok() * one;
    });
    sum += co_await eddy::timeout(1h, [&]() -> Answer {
      co_await eddy::yield();
      co_return object.ok();
    });
    sum += co_await eddy::try_finally([&]() -> Answer { co_return object.ok(); },
                                      [&]() -> eddy::Task<> {
                                        co_await eddy::yield();
                                        one = 2;
                                      });
    sum += co_await eddy::to_thread([&object] { return object.ok(); });
    CHECK(sum == 4);
    CHECK(one == 2);
  });
}

EDDY_LOOP_TEST_CASE("a closure's frame keeps what it captured when its task is stopped, and destroys it once",
                    "[traps][order]") {
  const CheckRegistered check;
  run_virtual([]() -> eddy::Task<> {
    const Registered object;
    const std::size_t before = Registered::objects().size();
    auto waits = [object]() -> Answer {
      co_await eddy::sleep(1h);
      co_return object.ok();
    };
    const std::size_t with_closure = Registered::objects().size();
    const std::optional<int> nothing = co_await eddy::move_on_after(1s, waits);
    CHECK_FALSE(nothing.has_value());
    CHECK(Registered::objects().size() == with_closure);
    auto task = eddy::create_task(waits);
    co_await eddy::sleep(1s);
    CHECK(Registered::objects().size() > with_closure);
    task.cancel();
    co_await eddy::yield();
    CHECK(Registered::objects().size() == with_closure);
    CHECK(with_closure == before + 1);
  });
}

EDDY_LOOP_TEST_CASE("option structs are written with their members' names inside an awaited expression", "[traps]") {
  STATIC_REQUIRE(std::is_trivially_copyable_v<eddy::TaskOptions>);
  STATIC_REQUIRE(std::is_trivially_copyable_v<eddy::RunOptions>);
  STATIC_REQUIRE(std::is_trivially_copyable_v<eddy::RetryPolicy>);
  STATIC_REQUIRE(std::is_trivially_copyable_v<eddy::MapOptions>);
  const CheckRegistered check;
  run_virtual([]() -> eddy::Task<> {
    auto name = [](Registered) -> eddy::Task<std::string> {
      co_await eddy::yield();
      co_return eddy::current_task().name();
    };
    const std::string long_name(40, 'n');
    const std::string of_task = co_await eddy::create_task(name(Registered()), {.name = long_name});
    const std::string of_function = co_await eddy::create_task({.name = long_name}, name, Registered());
    CHECK(of_task == long_name);
    CHECK(of_function == long_name);
    const int tried = co_await eddy::retry({.max_attempts = 2, .delay = 1s, .jitter = 0.0}, ok_of, Registered());
    CHECK(tried == 1);
    const std::vector<Registered> objects(5);
    const auto mapped = co_await eddy::concurrent_map(objects, ok_of, {.limit = 2});
    CHECK(mapped == std::vector<int>(5, 1));
  });
}

// --------------------------------------------------------------------------------------- lifetimes in a frame
// What an expression, a block or a call made is destroyed once: when the coroutine goes on, throws, or is stopped there.

namespace {

enum class Ends { value, error, stopped };

struct Failure : std::runtime_error {
  Failure() : std::runtime_error("failure") {}
};

eddy::Task<int> wait(Ends how) {
  co_await eddy::yield();
  if (how == Ends::error) throw Failure();
  if (how == Ends::stopped) co_await eddy::sleep(24h);
  co_return 1;
}
eddy::Task<int> wait_with(Registered parameter, const Registered& reference, Ends how) {
  const Registered local;
  const int one = co_await wait(how);
  co_return one* parameter.ok() * reference.ok() * local.ok();
}
eddy::Task<> clean_up(Registered) { co_await eddy::yield(); }
int use(const Registered& object, int number) { return object.ok() * number; }
Registered pass(Registered object, int) { return object; }
std::vector<Registered> several() { return std::vector<Registered>(3); }

struct Aggregate {
  Registered first;
  int number;
  Registered second;
};

struct Guarded {
  Registered member;
  eddy::Task<int> method(Ends how, Registered parameter = Registered()) {
    const int one = co_await wait(how);
    co_return one* member.ok() * parameter.ok();
  }
};

using Shape = eddy::Task<int> (*)(Ends);

// Each gives 1 if all that it used was in order.
constexpr Shape kShapes[] = {
    // locals, before and after an await
    [](Ends how) -> eddy::Task<int> {
      const Registered before;
      const int one = co_await wait(how);
      const Registered after;
      co_return one* before.ok() * after.ok();
    },
    // a temporary beside the await
    [](Ends how) -> eddy::Task<int> { co_return use(Registered(), co_await wait(how)); },
    // temporaries as arguments of what is awaited
    [](Ends how) -> eddy::Task<int> { co_return co_await wait_with(Registered(), Registered(), how); },
    // two awaits in one expression, the second one ends it
    [](Ends how) -> eddy::Task<int> {
      const int sum = use(Registered(), co_await wait(Ends::value)) + use(Registered(), co_await wait(how));
      co_return sum == 2 ? 1 : 0;
    },
    // the first one ends it
    [](Ends how) -> eddy::Task<int> {
      const int sum = use(Registered(), co_await wait(how)) + use(Registered(), co_await wait(Ends::value));
      co_return sum == 2 ? 1 : 0;
    },
    // nested calls
    [](Ends how) -> eddy::Task<int> {
      const Registered passed = pass(pass(Registered(), co_await wait(Ends::value)), co_await wait(how));
      co_return passed.ok();
    },
    // a conditional expression, either branch
    [](Ends how) -> eddy::Task<int> {
      const bool yes = how != Ends::error;
      const int result = yes ? use(Registered(), co_await wait(how)) : use(Registered(), co_await wait(how));
      co_return result;
    },
    // a conditional expression that does not await in the branch that it takes
    [](Ends how) -> eddy::Task<int> {
      const Registered object;
      const bool never = object.ok() == 2;
      const int result = never ? use(Registered(), co_await wait(how)) : use(Registered(), 1);
      const int one = co_await wait(how);
      co_return result* one;
    },
#if !GXX_BEFORE_13
    // a conditional expression that gives an object (g++ 12 destroys it twice)
    [](Ends how) -> eddy::Task<int> {
      const bool yes = how != Ends::error;
      const Registered one = yes ? pass(Registered(), co_await wait(how)) : pass(Registered(), co_await wait(how));
      co_return one.ok();
    },
#endif
    // && and ||, one operand awaited, one not reached (class temporaries beside them end g++ 12 with an internal error)
    [](Ends how) -> eddy::Task<int> {
      const Registered object;
      const bool both = object.ok() == 1 && co_await wait_with(object, object, how) == 1;
      const bool either = both || co_await wait(Ends::error) == 1;
      co_return either ? 1 : 0;
    },
    // a range-for over objects
    [](Ends how) -> eddy::Task<int> {
      int all = 1;
      const auto objects = several();
      for (const Registered& one : objects) all *= use(one, co_await wait(how));
      co_return all;
    },
    // a range-for over a temporary, with a copy of each
    [](Ends how) -> eddy::Task<int> {
      int all = 1;
      for (Registered one : several()) all *= one.ok() * co_await wait(how);
      co_return all;
    },
    // a for and a while whose condition declares
    [](Ends how) -> eddy::Task<int> {
      int left = 2;
      for (Registered counter; left > 0; left -= counter.ok()) {
        if (const int one = co_await wait(how); one != counter.ok()) co_return 0;
      }
      while (const int more = use(Registered(), 1 - left)) {
        left += co_await wait(how);
        if (more != 1) co_return 0;
      }
      co_return 1;
    },
    // a switch
    [](Ends how) -> eddy::Task<int> {
      const Registered outside;
      switch (const Registered inside; inside.ok()) {
        case 1: {
          const Registered in_case;
          const int one = co_await wait(how);
          co_return one* inside.ok() * in_case.ok() * outside.ok();
        }
        default:
          co_return 0;
      }
    },
    // a try block that is left in all three ways, and a handler that hands on
    [](Ends how) -> eddy::Task<int> {
      const Registered outside;
      try {
        const Registered inside;
        const int one = co_await wait_with(inside, Registered(), how);
        co_return one;
      } catch (const Failure&) {
        const Registered in_handler;
        if (in_handler.ok() == 1) throw;
      }
      co_return 0;
    },
    // nested try blocks; the outer handler leads to another await
    [](Ends how) -> eddy::Task<int> {
      const Registered outside;
      bool failed = false;
      try {
        try {
          const Registered inside;
          (void)co_await wait(Ends::error);
        } catch (const std::logic_error&) {
          co_return 0;
        }
      } catch (const Failure&) {
        failed = true;
      }
      const int one = co_await wait(how);
      co_return failed ? one* outside.ok() : 0;
    },
    // a lambda that is called at once, with parameters
    [](Ends how) -> eddy::Task<int> {
      const Registered object;
      co_return co_await [](Registered copy, const Registered& reference, Ends ends) -> eddy::Task<int> {
        const int one = co_await wait(ends);
        co_return one* copy.ok() * reference.ok();
      }(object, Registered(), how);
    },
    // a lambda with captures that outlives its calls
    [](Ends how) -> eddy::Task<int> {
      const Registered object;
      const auto nested = [object](Ends ends) -> eddy::Task<int> {
        const auto innermost = [&object](Ends e) -> eddy::Task<int> {
          const int one = co_await wait(e);
          co_return one* object.ok();
        };
        co_return co_await innermost(ends);
      };
      const int first = co_await nested(Ends::value);
      const int second = co_await nested(how);
      co_return first* second;
    },
    // aggregates and arrays as locals
    [](Ends how) -> eddy::Task<int> {
      const Aggregate aggregate{Registered(), 1, Registered()};
      const Registered array[3];
      const int one = co_await wait(how);
      co_return one* aggregate.first.ok() * aggregate.number* aggregate.second.ok() * array[0].ok() * array[2].ok();
    },
    // structured bindings of what was awaited
    [](Ends how) -> eddy::Task<int> {
      const auto make = []() -> eddy::Task<std::tuple<Registered, int, Registered>> {
        co_await eddy::yield();
        co_return std::tuple(Registered(), 1, Registered());
      };
      const auto [first, number, second] = co_await make();
      const int one = co_await wait(how);
      co_return one* first.ok() * number* second.ok();
    },
    // an optional, a unique_ptr and a vector that was built first
    [](Ends how) -> eddy::Task<int> {
      std::optional<Registered> maybe;
      auto boxed = std::make_unique<Registered>();
      std::vector<Registered> objects;
      objects.push_back(pass(Registered(), co_await wait(Ends::value)));
      maybe.emplace(pass(*boxed, co_await wait(how)));
      co_return maybe->ok() * boxed->ok() * objects[0].ok();
    },
    // a method of an object in the frame, with a default argument
    [](Ends how) -> eddy::Task<int> {
      Guarded object;
      co_return co_await object.method(how);
    },
    // a method of a temporary
    [](Ends how) -> eddy::Task<int> { co_return co_await Guarded().method(how, Registered()); },
    // a comma, an assignment and a compound assignment
    [](Ends how) -> eddy::Task<int> {
      int sum = 0;
      sum += (use(Registered(), 1), use(Registered(), co_await wait(how)));
      Registered target;
      target = pass(Registered(), co_await wait(how));
      co_return sum* target.ok();
    },
    // what is awaited is named, and is left behind unawaited
    [](Ends how) -> eddy::Task<int> {
      auto unstarted = wait_with(Registered(), Registered(), how);
      auto task = wait(how);
      auto moved = std::move(task);
      co_return co_await std::move(moved);
    },
    // the children of a gather
    [](Ends how) -> eddy::Task<int> {
      const Registered object;
      const auto [a, b] =
          co_await eddy::gather(wait_with(Registered(), object, Ends::value), wait_with(object, object, how));
      co_return a* b;
    },
    // a gather beside a temporary
    [](Ends how) -> eddy::Task<int> {
      const Registered object;
      co_return use(Registered(), std::get<1>(co_await eddy::gather(wait_with(object, object, how), wait(how))));
    },
    // the bodies of timeout and try_finally
    [](Ends how) -> eddy::Task<int> {
      const Registered object;
      const int one = co_await eddy::timeout(48h, wait_with(Registered(), object, how));
      const int two = co_await eddy::try_finally(wait_with(Registered(), object, how), clean_up(Registered()));
      co_return one* two;
    },
};

}  // namespace

EDDY_LOOP_TEST_CASE("whatever a coroutine made is destroyed once, however it ends and wherever it stands", "[traps]") {
  for (const Ends how : {Ends::value, Ends::error, Ends::stopped}) {
    int number = 0;
    for (const Shape shape : kShapes) {
      INFO("shape " << number++ << ", " << (how == Ends::value ? "value" : how == Ends::error ? "error" : "stopped"));
      const CheckRegistered check;
      run_virtual([=]() -> eddy::Task<> {
        const auto task = eddy::create_task(shape(how));
        co_await eddy::sleep(1h);
        if (how == Ends::stopped) {
          CHECK_FALSE(task.done());
          eddy::TaskHandle<int>(task).cancel();
          co_await eddy::sleep(1s);
          CHECK(task.cancelled());
        } else if (how == Ends::error) {
          CHECK_THROWS_AS(task.result(), Failure);
        } else {
          CHECK(task.result() == 1);
        }
        CHECK(Registered::objects().empty());
      });
    }
  }
}

EDDY_LOOP_TEST_CASE("a stop at any await of a coroutine destroys what there is by then", "[traps][order]") {
  const auto walk = []() -> eddy::Task<int> {
    const Registered first;
    int sum = use(Registered(), co_await wait(Ends::value));
    for (const Registered& one : several()) sum += use(one, co_await wait(Ends::value));
    try {
      const Registered second;
      sum += co_await wait_with(Registered(), second, Ends::value);
      sum += co_await wait(Ends::error);
    } catch (const Failure&) {
      sum += 1;
    }
    const auto [a, b] = co_await eddy::gather(wait_with(first, first, Ends::value), wait(Ends::value));
    co_return sum + a + b;
  };
  bool completed = false;
  for (int passes = 0; !completed; ++passes) {
    INFO("stopped after " << passes << " passes");
    REQUIRE(passes < 100);
    const CheckRegistered check;
    run_virtual([&]() -> eddy::Task<> {
      auto task = eddy::create_task(walk());
      for (int i = 0; i < passes; ++i) co_await eddy::yield();
      completed = !task.cancel();
      if (completed) {
        CHECK(task.result() == 8);
      } else {
        while (!task.done()) co_await eddy::yield();
        const bool had_its_results = !task.cancelled() && task.result() == 8;  // nothing blocked after the cancel
        CHECK((task.cancelled() || had_its_results));
      }
      CHECK(Registered::objects().empty());
    });
  }
}

// g++ before 13 makes all awaiters of an expression first, and asks each for its result only when the last one has ended.
EDDY_TEST_CASE("a permit that was taken in an expression that is then stopped is given back", "[traps]") {
  eddy::Semaphore semaphore(1);
  const auto held = [](const eddy::SemaphorePermit& permit, int number) { return permit ? number : 0; };
  const auto body = [&]() -> eddy::Task<int> {
    co_return held(co_await semaphore.scoped(), co_await wait(Ends::stopped));
  };
  auto task = eddy::create_task(body());
  co_await eddy::sleep(1h);
  task.cancel();
  co_await eddy::sleep(1s);
  CHECK(task.cancelled());
  CHECK(semaphore.value() == 1);
  co_await semaphore.acquire();  // now the permit comes from somebody else, after a wait
  task = eddy::create_task(body());
  co_await eddy::sleep(1s);
  semaphore.release();
  co_await eddy::sleep(1h);
  task.cancel();
  co_await eddy::sleep(1s);
  CHECK(task.cancelled());
  CHECK(semaphore.value() == 1);
}

// ------------------------------------------------------------------------------------------- thread_local variables
// clang 14 keeps the address of a thread_local across a suspension, so a coroutine must find its loop in another way than by
// an address that was taken where it was made.

TEST_CASE("a Task that was made in one thread and runs in another finds that one's loop", "[traps][real]") {
  const auto body = []() -> eddy::Task<eddy::EventLoop*> {
    eddy::EventLoop* const before = &eddy::get_running_loop();
    const bool named = !eddy::current_task().name().empty();
    co_await eddy::yield();
    const int one = co_await eddy::create_task(wait(Ends::value));
    eddy::EventLoop* const after = &eddy::get_running_loop();
    co_return before == after&& named&& one == 1 ? after : nullptr;
  };
  run_real([&]() -> eddy::Task<> {
    eddy::EventLoop* const here = &eddy::get_running_loop();
    auto task = body();
    eddy::EventLoop* there = nullptr;
    std::thread([&] { there = eddy::run(std::move(task)); }).join();
    CHECK(there != nullptr);
    CHECK(there != here);
    CHECK(&eddy::get_running_loop() == here);
    eddy::EventLoop* const own = co_await body();
    CHECK(own == here);
    CHECK(&eddy::get_running_loop() == here);
  });
}

TEST_CASE("frames that are made in one thread may be destroyed in another", "[traps][real]") {
  std::vector<eddy::Task<int>> tasks;
  for (int i = 0; i < 1000; ++i) tasks.push_back(wait(Ends::value));
  int sum = 0;
  std::thread([&] {
    sum = eddy::run([](std::vector<eddy::Task<int>> given) -> eddy::Task<int> {
      int total = 0;
      const std::vector<int> results = co_await eddy::gather(std::move(given));
      for (const int result : results) total += result;
      co_return total;
    }(std::move(tasks)));
  }).join();
  CHECK(sum == 1000);
  std::optional<eddy::Task<int>> unrun = wait(Ends::value);
  std::thread([&] { unrun.reset(); }).join();
}

// -------------------------------------------------------------------------------------------------------- awaiters
// g++ copies an awaiter that await_transform hands on by reference, and the copy is not the one that somebody will resume.

namespace {

struct CountingAwaiter {
  CountingAwaiter(int& made_copies, bool& same_place) : copies(&made_copies), same(&same_place) {}
  CountingAwaiter(const CountingAwaiter& other) : copies(other.copies), same(other.same) { ++*copies; }
  CountingAwaiter(CountingAwaiter&& other) noexcept : copies(other.copies), same(other.same) { ++*copies; }
  CountingAwaiter& operator=(const CountingAwaiter&) = delete;
  ~CountingAwaiter() = default;
  bool await_ready() {
    asked = this;
    return false;
  }
  void await_suspend(std::coroutine_handle<> handle) {
    suspended = this;
    eddy::get_running_loop().call_soon([handle] { handle.resume(); });
  }
  int await_resume() {
    *same = asked == this && suspended == this;
    return 1;
  }
  int* copies;
  bool* same;
  CountingAwaiter* asked = nullptr;
  CountingAwaiter* suspended = nullptr;
};

struct MakesAwaiter {
  int* copies;
  bool* same;
  CountingAwaiter operator co_await() const { return {*copies, *same}; }
};

}  // namespace

EDDY_TEST_CASE("an awaiter is not copied, whether it is named, a temporary or made by operator co_await", "[traps]") {
  int copies = 0;
  bool same = false;
  CountingAwaiter named(copies, same);
  co_await named;
  CHECK(std::exchange(same, false));
  co_await std::move(named);
  CHECK(std::exchange(same, false));
  co_await CountingAwaiter(copies, same);
  CHECK(std::exchange(same, false));
  const int sum = co_await CountingAwaiter(copies, same) + co_await CountingAwaiter(copies, same);
  CHECK(sum == 2);
  CHECK(std::exchange(same, false));
  CHECK(copies == 0);
  const MakesAwaiter makes{&copies, &same};
  co_await makes;
  CHECK(same);
  CHECK(copies <= 1);  // it may be moved to where it is kept, before it is asked anything
}

EDDY_TEST_CASE("awaiters of the library may be named and awaited later", "[traps]") {
  const auto start = now();
  eddy::Semaphore semaphore(1);
  auto nap = eddy::sleep(1s);
  auto limited = eddy::timeout(1h, wait(Ends::value));
  auto both = eddy::gather(wait(Ends::value), wait(Ends::value));
  auto acquired = semaphore.acquire();
  co_await nap;
  const int one = co_await limited;
  const auto [a, b] = co_await std::move(both);
  co_await acquired;
  CHECK(one + a + b == 3);
  CHECK(semaphore.locked());
  CHECK(now() - start == 1s);
}

EDDY_LOOP_TEST_CASE("the last handle of a task may go inside an await_suspend of that task", "[traps]") {
  const CheckRegistered check;
  using Kept = std::optional<eddy::TaskHandle<int>>;
  Kept handle;
  struct DropsHandle {
    Kept& kept;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) const {
      kept.reset();
      waiting.resume();
    }
    void await_resume() const noexcept {}
  };
  run_virtual([&]() -> eddy::Task<> {
    int result = 0;
    auto body = [&result, &handle]() -> eddy::Task<int> {
      const Registered object;
      co_await DropsHandle{handle};
      result = object.ok();
      co_return result;
    };
    handle = eddy::create_task(body());
    co_await eddy::sleep(1s);
    CHECK_FALSE(handle.has_value());
    CHECK(result == 1);
    CHECK(Registered::objects().empty());
  });
}

// -------------------------------------------------------------------------------------- locations, and alignment

TEST_CASE("each await is reported with its own file and line, without std::source_location", "[traps]") {
  static int leaf_line = 0, middle_line = 0, gather_line = 0, task_line = 0;
  const auto leaf = [](eddy::Future<> future) -> eddy::Task<> {
    co_await eddy::yield();
    leaf_line = __LINE__ + 1;
    co_await future;
  };
  const auto middle = [&leaf](const eddy::Future<>& future) -> eddy::Task<> {
    co_await eddy::sleep(1s);
    middle_line = __LINE__ + 1;
    co_await leaf(future);
  };
  std::string text;
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  const auto body = [&]() -> eddy::Task<> {
    const auto future = eddy::get_running_loop().create_future<>();
    const auto other = [&middle](const eddy::Future<>& f) -> eddy::Task<> {
      task_line = __LINE__ + 1;
      co_await middle(f);
    };
    const auto handle = eddy::create_task(other(future), {.name = "other"});
    gather_line = __LINE__ + 1;
    co_await eddy::gather(middle(future), middle(future));
  };
  try {
    eddy::run(body(), options);
  } catch (const eddy::DeadlockError& e) {
    text = e.what();
  }
  INFO(text);
  const auto at = [](int line) { return std::string("compiler_traps_test.cpp:") + std::to_string(line); };
  const auto has = [&text](const std::string& part) { return text.find(part) != std::string::npos; };
  CHECK(has(" at " __FILE__ ":" + std::to_string(gather_line)));
  for (const int line : {leaf_line, middle_line, task_line}) CHECK(has(at(line)));
  CHECK(text.find(at(leaf_line)) < text.find(at(middle_line)));
}

EDDY_LOOP_TEST_CASE("locals, parameters and results of 16 bytes' alignment are aligned in a frame", "[traps]") {
  struct alignas(16) Wide {
    unsigned char bytes[32]{};
  };
  const auto aligned = [](const auto& object) { return reinterpret_cast<std::uintptr_t>(&object) % 16 == 0; };
  const auto body = [aligned](Wide parameter, char, Wide second) -> eddy::Task<Wide> {
    const char odd = 1;
    Wide local;
    long double number = 1;
    co_await eddy::yield();
    CHECK(aligned(parameter));
    CHECK(aligned(second));
    CHECK(aligned(local));
    CHECK(aligned(number));
    local.bytes[31] = static_cast<unsigned char>(odd);
    co_return local;
  };
  run_virtual([&]() -> eddy::Task<> {
    const auto handle = eddy::create_task(body(Wide(), 'c', Wide()));
    const Wide& result = co_await handle;
    CHECK(aligned(result));
    CHECK(result.bytes[31] == 1);
  });
}
