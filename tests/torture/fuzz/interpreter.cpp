// The coroutines that play the operations, one for each kind, and the run around them.
//
// An operation swallows what the library itself throws where the documentation says that it may; errors with a number, which
// programs throw, pass on to an `attempt` or out of the task. What an operation knows about its own outcome it checks itself.
//
// SPDX-License-Identifier: MIT
#include "interpreter.hpp"

#include "world.hpp"

#include <eddy/testing/disturbance.hpp>
#include <eddy/testing/leak_check.hpp>
#include <eddy/testing/order.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fuzz {
namespace {

using eddy::Task;
using std::chrono::milliseconds;

// Where an operation stands.
struct Context {
  bool bounded = false;  // it must end without the help of others: nothing may stop it
  bool masked = false;   // a cancel of its task does not reach it
  eddy::TaskGroup* group = nullptr;
};

// How many children an operation has that have not ended. None may outlive it.
class Children {
 public:
  explicit Children(World& world) : world_(world) {}
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;
  ~Children() {
    if (live != 0) world_.fail("a child outlives its combinator");
  }
  int live = 0;

 private:
  World& world_;
};

// A parameter of a child.
class Counted {
 public:
  explicit Counted(Children& children) : children_(&children) { ++children_->live; }
  Counted(Counted&& other) noexcept : children_(std::exchange(other.children_, nullptr)) {}
  Counted& operator=(Counted&&) = delete;
  ~Counted() {
    if (children_ != nullptr) --children_->live;
  }

 private:
  Children* children_;
};

// A parameter of a task: it dies when the task ends, whether it has run or not.
class Life {
 public:
  Life(World& world, TaskRecord* record) : tracked_(world), record_(record) {}
  Life(Life&& other) noexcept : tracked_(std::move(other.tracked_)), record_(std::exchange(other.record_, nullptr)) {}
  Life& operator=(Life&&) = delete;
  ~Life() {
    if (record_ != nullptr) ++record_->ended;
  }

 private:
  Tracked tracked_;
  TaskRecord* record_;
};

milliseconds duration_of(int number) {
  constexpr std::array<int, 8> kDurations = {0, 1, 1, 2, 3, 5, 8, 1000};
  return milliseconds(kDurations[static_cast<std::size_t>(number) % kDurations.size()]);
}

eddy::TimePoint now() { return eddy::get_running_loop().time(); }

bool holds_text(const std::exception_ptr& error, const char* text) {
  return eddy::detail::describe_exception(error).find(text) != std::string::npos;
}

template <class E>
bool is(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const E&) {
    return true;
  } catch (...) {
    return false;
  }
}

// Whether a wait that blocks must not be survived here.
bool stop_in_force(const Context& context) { return !context.masked && eddy::current_task().cancelling() > 0; }

void check_number(World& world, const Number& got, int expected) {
  if (got.value() != expected) world.fail("a result is not the one that was given");
}

// The end of what had a limit: an expiry comes in time only.
void check_expiry(World& world, const std::exception_ptr& error, eddy::TimePoint deadline) {
  if (error && holds_text(error, "timed out") && now() < deadline) world.fail("a timeout expired before its time");
}

// What came of awaiting the task of a slot.
void delivered(World& world, const HandleSlot& slot, const std::exception_ptr& error, bool may_expire) {
  if (!error) return;
  if (is<eddy::CancelledError>(error)) {
    if (slot.handle.valid() && !slot.handle.cancelled()) world.fail("a CancelledError came out of a task that was not cancelled");
    return;
  }
  if (holds_text(error, "own handle")) return;
  const std::vector<int> numbers = world.numbers_of(error);
  if (numbers.empty() && may_expire && is<eddy::TimeoutError>(error)) return;
  if (!slot.record->failed || numbers != slot.record->errors) world.fail("an awaited error is not the one that was thrown");
  slot.record->looked_at = true;
}

Task<> play_one(World& world, const Node& node, Context context);
void play_plain(World& world, const Node& node, Context context);

Task<> play_body(World& world, const Body& body, Context context) {
  const Tracked local(world);
  for (const Node& node : body) {
    if (!world.spend()) co_return;
    if (node.info().plain) {
      play_plain(world, node, context);
    } else {
      co_await play_one(world, node, context);
    }
    world.check();
  }
}

// A task that the loop or a group owns.
Task<Number> play_task(World& world, const Body& body, Context context, TaskRecord* record, Life life) {
  (void)life;
  if (record->must_not_run) world.fail("a task ran although it was cancelled before its first step");
  if (std::exchange(record->started, true)) world.fail("a task started twice");
  std::exception_ptr error;
  try {
    co_await play_body(world, body, context);
  } catch (...) {
    error = std::current_exception();
  }
  if (error) {
    record->errors = world.numbers_of(error);
    record->failed = !is<eddy::CancelledError>(error);
    if (record->maybe) world.excuse(error);
    std::rethrow_exception(error);
  }
  co_return Number(world, record->id);
}

// A child of a combinator. One that `excuses` may be the second to fail, whose error is dropped.
Task<Number> child(World& world, const Body& body, Context context, int number, bool excuses, Counted counted) {
  (void)counted;
  std::exception_ptr error;
  try {
    co_await play_body(world, body, context);
  } catch (...) {
    error = std::current_exception();
  }
  if (error) {
    if (excuses) world.excuse(error);
    std::rethrow_exception(error);
  }
  co_return Number(world, number);
}

Context of_child_task(Context context) {
  context.masked = false;
  return context;
}

// ---------------------------------------------------------------------------------------------------------- tasks
constexpr std::size_t kMostTasks = 150;

HandleSlot spawn(World& world, const Body& body, bool eager) {
  HandleSlot slot;
  slot.record = world.new_record();
  const std::string name = World::name_of(*slot.record);
  slot.handle = eddy::create_task(play_task(world, body, Context{}, slot.record, Life(world, slot.record)),
                                  {.name = name, .eager_start = eager});
  return slot;
}

void add_to_group(World& world, eddy::TaskGroup& group, const Body& body, Context context, HandleSlot& into) {
  context = of_child_task(context);
  TaskRecord* record = world.new_record();
  record->grouped = record->maybe = true;
  const bool closing = group.closing();
  try {
    HandleSlot slot{group.create_task(play_task(world, body, context, record, Life(world, record)),
                                      {.name = World::name_of(*record)}),
                    record};
    if (!world.ending) into = std::move(slot);
    if (closing) world.fail("a group that is closing took a task");
  } catch (const eddy::RuntimeError&) {
    if (!closing) world.fail("a group that is open refused a task");
  }
}

Task<> await_handle(World& world, const Node& node, Context context) {
  HandleSlot& place = world.handles[node.a % world.handles.size()];
  if (place.record == nullptr) co_return;
  const int mode = node.b % 5;
  HandleSlot slot = place;
  if (mode == 1) place = HandleSlot();
  const milliseconds limit = duration_of(node.c);
  std::exception_ptr error;
  try {
    if (mode <= 1) {
      const bool doomed = stop_in_force(context) && !slot.handle.done();
      if (mode == 0) {
        const Number& got = co_await slot.handle;
        check_number(world, got, slot.record->id);
      } else {
        const Number got = co_await std::move(slot.handle);
        check_number(world, got, slot.record->id);
      }
      if (doomed) world.fail("an await of a handle went on though a cancel was in force");
    } else if (mode == 2) {
      const Number& got = co_await eddy::shield(slot.handle);
      check_number(world, got, slot.record->id);
    } else if (mode == 3) {
      const Number got = co_await eddy::wait_for(slot.handle, limit);
      check_number(world, got, slot.record->id);
    } else {
      const Number got = co_await eddy::timeout(limit, slot.handle);
      check_number(world, got, slot.record->id);
    }
    if (slot.record->ended != 1) world.fail("a task gave its result before it had ended");
  } catch (...) {
    error = std::current_exception();
  }
  delivered(world, slot, error, mode >= 3);
  if (error && node.flag() && is<eddy::CancelledError>(error)) std::rethrow_exception(error);
  world.settle(error);
}

void look_at_handle(World& world, const Node& node) {
  const HandleSlot slot = world.handles[node.a % world.handles.size()];
  if (slot.record == nullptr) return;
  try {
    if (node.flag()) {
      const std::exception_ptr error = slot.handle.exception();
      if (!slot.handle.done()) world.fail("exception() of a task that is not done did not throw");
      delivered(world, slot, error, false);
      if (error) world.see(error);
    } else {
      const Number& got = slot.handle.result();
      check_number(world, got, slot.record->id);
    }
  } catch (const eddy::InvalidStateError&) {
    if (slot.handle.done()) world.fail("a task that is done says that it is not");
  } catch (...) {
    delivered(world, slot, std::current_exception(), false);
    world.see(std::current_exception());
  }
}

void cancel(World& world, const Node& node) {
  const auto note = [](const HandleSlot& slot) {
    if (!slot.record->started && !slot.handle.done()) slot.record->must_not_run = true;
  };
  if (node.b % 4 == 3) {
    const eddy::TaskRef self = eddy::current_task();
    if (self && !(self == world.main)) (void)self.cancel("by itself");
    return;
  }
  if (node.b % 4 == 2) {
    const std::vector<eddy::TaskRef> tasks = eddy::all_tasks();
    if (tasks.empty()) return;  // at the end of the run, in the cleanup of a dropped generator
    const eddy::TaskRef& task = tasks[node.a % tasks.size()];
    if (!(task == world.main) && !task.cancel()) world.fail("cancel() of a task that has not ended gave false");
    return;
  }
  HandleSlot slot = world.handles[node.a % world.handles.size()];
  if (slot.record == nullptr) return;
  const bool done = slot.handle.done();
  note(slot);
  if (slot.handle.cancel() == done) world.fail("cancel() gave the wrong answer");
  if (slot.handle.done() != done) world.fail("a task ended inside cancel()");
}

Task<> wait_for_handles(World& world, const Node& node, Context) {
  std::vector<eddy::TaskHandle<Number>> handles;
  for (const HandleSlot& slot : world.handles) {
    if (slot.record != nullptr) handles.push_back(slot.handle);
  }
  if (handles.empty()) co_return;
  constexpr std::array<eddy::ReturnWhen, 3> kWhen = {eddy::ReturnWhen::first_completed, eddy::ReturnWhen::first_exception,
                                                     eddy::ReturnWhen::all_completed};
  const eddy::TimeLimit limit = node.flag() ? eddy::TimeLimit(duration_of(node.b)) : eddy::TimeLimit(std::nullopt);
  const eddy::ReturnWhen when = kWhen[node.a % kWhen.size()];
  std::exception_ptr error;
  try {
    const eddy::WaitResult<Number> result = co_await eddy::wait(handles, when, limit);
    for (const auto& handle : result.done) {
      if (!handle.done()) world.fail("wait gave a task as done that is not");
    }
    for (const auto& handle : result.pending) {
      if (handle.done()) world.fail("wait gave a task as pending that is done");
    }
    if (!node.flag() && result.done.empty()) world.fail("wait without a limit came back with nothing");
    if (!node.flag() && when == eddy::ReturnWhen::all_completed && !result.pending.empty()) world.fail("wait did not wait for all");
  } catch (...) {
    error = std::current_exception();
  }
  if (error && !holds_text(error, "own handle")) world.fail("wait threw");
}

Task<> as_completed(World& world, const Node& node, Context) {
  std::vector<HandleSlot> slots;
  std::vector<eddy::TaskHandle<Number>> handles;
  for (const HandleSlot& slot : world.handles) {
    if (slot.record == nullptr) continue;
    slots.push_back(slot);
    handles.push_back(slot.handle);
  }
  if (handles.empty()) co_return;
  const eddy::TimeLimit limit = node.flag() ? eddy::TimeLimit(duration_of(node.b)) : eddy::TimeLimit(std::nullopt);
  const eddy::TimePoint deadline = now() + duration_of(node.b);
  std::exception_ptr error;
  auto order = eddy::as_completed(handles, limit);
  std::vector<eddy::TaskHandle<Number>> given;
  try {
    for (int i = 0; i <= node.a % 4; ++i) {
      std::optional<eddy::TaskHandle<Number>> handle = co_await order.next();
      if (!handle) {
        for (const HandleSlot& slot : slots) {
          if (!slot.handle.done()) world.fail("as_completed ended before all tasks had");
        }
        break;
      }
      if (!handle->done()) world.fail("as_completed gave a task that is not done");
      for (const auto& before : given) {
        if (before == *handle) world.fail("as_completed gave a task twice");
      }
      given.push_back(*handle);
    }
  } catch (...) {
    error = std::current_exception();
  }
  if (error && !holds_text(error, "own handle")) {
    check_expiry(world, error, deadline);
    if (!node.flag() || !is<eddy::TimeoutError>(error)) world.fail("as_completed threw");
  }
}

// A callback that keeps its books. It may throw, which the loop reports.
class Call {
 public:
  Call(World& world, CallbackRecord* record, bool throws, eddy::TimePoint not_before)
      : tracked_(world), record_(record), throws_(throws), not_before_(not_before) {}
  Call(Call&& other) noexcept
      : tracked_(std::move(other.tracked_)),
        record_(std::exchange(other.record_, nullptr)),
        throws_(other.throws_),
        not_before_(other.not_before_) {}
  Call& operator=(Call&&) = delete;
  ~Call() {
    if (record_ != nullptr) record_->destroyed = true;
  }
  void operator()() {
    World& world = tracked_.world();
    ++record_->called;
    if (now() < not_before_) world.fail("a callback ran before its time");
    if (throws_) std::rethrow_exception(World::make_error(world.new_error(), 0));
  }

 private:
  Tracked tracked_;
  CallbackRecord* record_;
  bool throws_;
  eddy::TimePoint not_before_;
};

void add_callback(World& world, const Node& node) {
  CallbackRecord& record = world.callbacks.emplace_back();
  Call call(world, &record, node.flag(), now());
  CallbackSlot& place = world.callback_slots[node.b % world.callback_slots.size()];
  if (node.other_flag()) {
    FutureSlot& slot = world.futures[node.a % world.futures.size()];
    if (slot.future) slot.future->add_done_callback(std::move(call));
    return;
  }
  HandleSlot slot = world.handles[node.a % world.handles.size()];
  if (slot.record == nullptr) return;
  record.of_task = true;
  const bool keeps = !world.ending;
  const eddy::DoneCallbackId id = slot.handle.add_done_callback(std::move(call));
  if (keeps) place = CallbackSlot{id, &record, slot};
}

void remove_callback(World& world, const Node& node) {
  CallbackSlot& slot = world.callback_slots[node.b % world.callback_slots.size()];
  if (slot.record == nullptr) return;
  const bool removed = slot.task.handle.remove_done_callback(slot.id);
  if (removed && slot.record->called > 0) world.fail("a done callback was removed after it had been called");
  if (removed && slot.record->removed) world.fail("a done callback was removed twice");
  slot.record->removed = slot.record->removed || removed;
}

// ---------------------------------------------------------------------------------------------------- combinators
Task<> attempt(World& world, const Node& node, Context context) {
  std::exception_ptr error;
  try {
    co_await play_body(world, node.parts[0], context);
  } catch (...) {
    error = std::current_exception();
  }
  if (error) world.see(error);
}

Task<Number> timeout_body(eddy::Timeout& timeout, World* world, const Node* node, Context context, Children* children,
                          eddy::TimePoint* deadline) {
  const Counted counted(*children);
  if (!timeout.expired()) {
    *deadline = now() + duration_of(node->a / 8);
    timeout.reschedule(*deadline);
  }
  co_await play_body(*world, node->parts[0], context);
  co_return Number(*world, 5);
}

Task<> timeout(World& world, const Node& node, Context context) {
  Children children(world);
  const milliseconds limit = duration_of(node.b);
  eddy::TimePoint deadline = now() + limit;
  std::exception_ptr error;
  try {
    switch (node.a % 5) {
      case 0: {
        const Number got = co_await eddy::timeout(limit, child(world, node.parts[0], context, 5, false, Counted(children)));
        check_number(world, got, 5);
        break;
      }
      case 1: {
        const std::optional<Number> got =
            co_await eddy::move_on_after(limit, child(world, node.parts[0], context, 5, false, Counted(children)));
        if (got) check_number(world, *got, 5);
        if (!got && now() < deadline) world.fail("move_on_after expired before its time");
        break;
      }
      case 2: {
        const Number got = co_await eddy::wait_for(child(world, node.parts[0], context, 5, false, Counted(children)), limit);
        check_number(world, got, 5);
        break;
      }
      case 3: {
        const Number got =
            co_await eddy::timeout_at(deadline, child(world, node.parts[0], context, 5, false, Counted(children)));
        check_number(world, got, 5);
        break;
      }
      default: {
        const Number got = co_await eddy::timeout(limit, &timeout_body, &world, &node, context, &children, &deadline);
        check_number(world, got, 5);
        break;
      }
    }
  } catch (...) {
    error = std::current_exception();
  }
  check_expiry(world, error, deadline);
  world.settle(error);
}

Task<> gather(World& world, const Node& node, Context context) {
  Children children(world);
  const Context inside = of_child_task(context);
  std::exception_ptr error;
  int mode = node.a % 5;
  HandleSlot slot = world.handles[node.b % world.handles.size()];
  if ((mode == 3 || mode == 4) && (slot.record == nullptr || context.bounded)) mode = 0;
  if (mode >= 3) world.loses_sight_of(slot.record);
  try {
    if (mode == 0) {
      const auto [x, y] = co_await eddy::gather(child(world, node.parts[0], inside, 1, true, Counted(children)),
                                                child(world, node.parts[1], inside, 2, true, Counted(children)));
      check_number(world, x, 1);
      check_number(world, y, 2);
    } else if (mode == 1) {
      std::vector<Task<Number>> tasks;
      for (int i = 0; i < 3; ++i)
        tasks.push_back(child(world, node.parts[static_cast<std::size_t>(i % 2)], inside, i, true, Counted(children)));
      const std::vector<Number> got = co_await eddy::gather(std::move(tasks));
      for (int i = 0; i < 3; ++i) check_number(world, got[static_cast<std::size_t>(i)], i);
    } else if (mode == 2) {
      const auto [x, y] =
          co_await eddy::gather(eddy::return_exceptions, child(world, node.parts[0], inside, 1, true, Counted(children)),
                                child(world, node.parts[1], inside, 2, true, Counted(children)));
      for (const eddy::Outcome<Number>* outcome : {&x, &y}) {
        if (outcome->has_value()) {
          check_number(world, outcome->value(), outcome == &x ? 1 : 2);
        } else {
          world.see(outcome->exception());
        }
      }
    } else if (mode == 3) {
      const auto [x, y] =
          co_await eddy::gather(child(world, node.parts[0], inside, 1, true, Counted(children)), slot.handle);
      check_number(world, x, 1);
      check_number(world, y, slot.record->id);
    } else {
      const auto [x, y, z] = co_await eddy::gather(eddy::return_exceptions, slot.handle, slot.handle,
                                                   child(world, node.parts[0], inside, 1, true, Counted(children)));
      if (x.has_value() != y.has_value()) world.fail("the same handle twice gave two outcomes");
      if (x.has_value()) check_number(world, x.value(), slot.record->id);
      if (!z.has_value()) world.see(z.exception());
    }
    if (children.live != 0) world.fail("a gather ended before its children");
  } catch (...) {
    error = std::current_exception();
  }
  world.settle(error);
}

Task<> race(World& world, const Node& node, Context context) {
  Children children(world);
  const Context inside = of_child_task(context);
  std::exception_ptr error;
  HandleSlot slot = world.handles[node.b % world.handles.size()];
  int mode = node.a % 3;
  if (mode == 2 && (slot.record == nullptr || context.bounded)) mode = 0;
  if (mode == 2) world.loses_sight_of(slot.record);
  try {
    if (mode == 0) {
      const Number got = co_await eddy::race(child(world, node.parts[0], inside, 1, true, Counted(children)),
                                             child(world, node.parts[1], inside, 2, true, Counted(children)));
      if (got.value() != 1 && got.value() != 2) world.fail("a race was won by nobody");
    } else if (mode == 1) {
      const auto got = co_await eddy::race(eddy::sleep(duration_of(node.b)),
                                           child(world, node.parts[0], inside, 1, true, Counted(children)));
      if (got.index() == 1) check_number(world, std::get<1>(got.value()), 1);
    } else {
      const Number got =
          co_await eddy::race(slot.handle, child(world, node.parts[0], inside, -2, true, Counted(children)));
      if (got.value() != -2) check_number(world, got, slot.record->id);
    }
    if (children.live != 0) world.fail("a race ended before its children");
  } catch (...) {
    error = std::current_exception();
  }
  world.settle(error);
}

Task<Number> group_body(eddy::TaskGroup& group, World* world, const Node* node, Context context, Children* children) {
  const Counted counted(*children);
  context.group = &group;
  for (std::size_t i = 0; i < 2; ++i)
    add_to_group(*world, group, node->parts[i], context, world->handles[(node->a + i) % world->handles.size()]);
  co_await play_body(*world, node->parts[2], context);
  if (node->flag()) group.cancel();
  co_return Number(*world, 6);
}

Task<> group(World& world, const Node& node, Context context) {
  Children children(world);
  std::exception_ptr error;
  try {
    const Number got = co_await eddy::task_group(&group_body, &world, &node, context, &children);
    check_number(world, got, 6);
    if (children.live != 0) world.fail("a task group ended before its body");
  } catch (...) {
    error = std::current_exception();
  }
  world.settle(error);
}

// What a try_finally must have done when its operation ends, however that does.
struct Finally {
  explicit Finally(World& owner) : world(owner) {}
  Finally(const Finally&) = delete;
  Finally& operator=(const Finally&) = delete;
  ~Finally() {
    if (cleanups_ended != 1) world.fail("a cleanup did not run exactly once to its end");
  }
  World& world;
  int cleanups_ended = 0;
};

Task<> clean_up(World& world, const Body& body, Context context, Finally& state, Children& children) {
  if (children.live != 0) world.fail("a cleanup began before its body had ended");
  std::exception_ptr error;
  try {
    co_await play_body(world, body, context);
  } catch (...) {
    error = std::current_exception();
  }
  ++state.cleanups_ended;
  if (error) std::rethrow_exception(error);
}

Task<> finally(World& world, const Node& node, Context context) {
  Children children(world);
  Finally state(world);
  const Context cleaning{.bounded = true, .masked = true, .group = nullptr};
  std::exception_ptr error;
  try {
    const Number got = co_await eddy::try_finally(child(world, node.parts[0], context, 7, false, Counted(children)),
                                                  clean_up(world, node.parts[1], cleaning, state, children));
    check_number(world, got, 7);
  } catch (...) {
    error = std::current_exception();
  }
  world.settle(error);
}

struct Finished {
  Finished(World& owner, bool expected) : world(owner), must(expected) {}
  Finished(const Finished&) = delete;
  Finished& operator=(const Finished&) = delete;
  ~Finished() {
    if (must && !finished) world.fail("uncancellable work was cut short");
  }
  World& world;
  bool must;
  bool finished = false;
};

Task<Number> masked_work(World& world, const Body& body, Context context, Finished& state, Counted counted) {
  (void)counted;
  std::exception_ptr error;
  try {
    co_await play_body(world, body, context);
  } catch (...) {
    error = std::current_exception();
  }
  state.finished = true;
  if (error) std::rethrow_exception(error);
  co_return Number(world, 8);
}

Task<> uncancellable(World& world, const Node& node, Context) {
  Children children(world);
  const bool limited = node.flag();
  Finished state(world, !limited);
  const Context inside{.bounded = true, .masked = true, .group = nullptr};
  const milliseconds limit = duration_of(node.b);
  const eddy::TimePoint deadline = now() + limit;
  std::exception_ptr error;
  try {
    if (limited) {
      const Number got =
          co_await eddy::uncancellable(limit, masked_work(world, node.parts[0], inside, state, Counted(children)));
      check_number(world, got, 8);
    } else {
      const Number got = co_await eddy::uncancellable(masked_work(world, node.parts[0], inside, state, Counted(children)));
      check_number(world, got, 8);
    }
  } catch (...) {
    error = std::current_exception();
  }
  check_expiry(world, error, deadline);
  world.settle(error);
}

Task<Number> retried(World* world, const Node* node, Context context, Children* children) {
  return child(*world, node->parts[0], context, 9, true, Counted(*children));
}

Task<> retry(World& world, const Node& node, Context context) {
  Children children(world);
  eddy::RetryPolicy policy;
  policy.max_attempts = 1 + node.a % 3;
  policy.delay = duration_of(node.b);
  if (node.flag()) policy.budget = duration_of(node.b / 8);
  std::exception_ptr error;
  try {
    const Number got = co_await eddy::retry(policy, &retried, &world, &node, context, &children);
    check_number(world, got, 9);
  } catch (...) {
    error = std::current_exception();
  }
  world.settle(error);
}

struct Job {
  World* world;
  const Node* node;
  Context context;
  Children* children;
  int number;
};

Task<Number> do_job(Job& job) {
  return child(*job.world, job.node->parts[0], job.context, job.number, true, Counted(*job.children));
}

Task<> map(World& world, const Node& node, Context context) {
  Children children(world);
  std::vector<Job> jobs;
  for (int i = 0; i < 1 + node.b % 4; ++i) jobs.push_back(Job{&world, &node, of_child_task(context), &children, i});
  const eddy::MapOptions options{.limit = static_cast<std::size_t>(1 + node.a % 3)};
  std::exception_ptr error;
  try {
    const std::vector<Number> got = co_await eddy::concurrent_map(jobs, &do_job, options);
    if (got.size() != jobs.size()) world.fail("concurrent_map gave another number of results");
    for (std::size_t i = 0; i < got.size(); ++i) check_number(world, got[i], static_cast<int>(i));
  } catch (...) {
    error = std::current_exception();
  }
  world.settle(error);
}

struct Contestant {
  World* world;
  const Node* node;
  Context context;
  Children* children;
  int number;
  Task<Number> operator()() const {
    return child(*world, node->parts[static_cast<std::size_t>(number)], context, number, true, Counted(*children));
  }
};

Task<> stagger(World& world, const Node& node, Context context) {
  Children children(world);
  std::vector<Contestant> contestants;
  for (int i = 0; i < 2; ++i) contestants.push_back(Contestant{&world, &node, of_child_task(context), &children, i});
  const eddy::TimeLimit delay = node.flag() ? eddy::TimeLimit(std::nullopt) : eddy::TimeLimit(duration_of(node.a));
  std::exception_ptr error;
  try {
    const eddy::StaggeredResult<Number> got = co_await eddy::staggered_race(contestants, delay);
    if (got.value) check_number(world, *got.value, static_cast<int>(*got.index));
    for (const std::exception_ptr& failure : got.errors) {
      if (failure) world.see(failure);
    }
    if (children.live != 0) world.fail("a staggered race ended before its attempts");
  } catch (...) {
    error = std::current_exception();
  }
  world.settle(error);
}

// ------------------------------------------------------------------------------------------------ queues, channels
// A put in progress. Whoever does not complete it has not put.
struct Put {
  Put(World& owner, int item) : world(owner), number(item) {}
  Put(const Put&) = delete;
  Put& operator=(const Put&) = delete;
  ~Put() {
    if (completed) return;
    ItemRecord& item = world.items[static_cast<std::size_t>(number)];
    if (item.alive || item.got) world.fail("an item went on though its put did not complete");
    item.abandoned = true;
  }
  void complete() {
    completed = true;
    world.accept(number);
  }
  World& world;
  int number;
  bool completed = false;
};

// Somebody who may wait at a queue.
class QueueUser {
 public:
  explicit QueueUser(std::shared_ptr<ExchangeBooks> books) : books_(std::move(books)) { ++books_->users; }
  QueueUser(const QueueUser&) = delete;
  QueueUser& operator=(const QueueUser&) = delete;
  ~QueueUser() { --books_->users; }

 private:
  std::shared_ptr<ExchangeBooks> books_;
};

// An item that may have been got before its putter goes on is accepted all the same.
template <class I, class Q>
Task<> put_into(World& world, QueueSlot<Q>& slot) {
  const std::shared_ptr<ExchangeBooks> books = slot.books;
  std::exception_ptr error;
  {
    const QueueUser user(books);
    std::optional<I> item(std::in_place, world);
    Put put(world, item->number());
    try {
      co_await slot.queue->put(std::move(*item));
      put.complete();
    } catch (const eddy::QueueShutDown&) {
      if (!books->closed) world.fail("an open queue refused an item");
    } catch (...) {
      error = std::current_exception();
    }
    item.reset();
  }
  world.settle(error);
}

// A get under a limit begins in a later step than the call.
struct Pin {
  Pin(ExchangeBooks& of, bool pins) : books(of), count(pins ? 1 : 0) { books.pinned += count; }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  ~Pin() { books.pinned -= count; }
  ExchangeBooks& books;
  int count;
};

template <class I, class Q>
Task<> get_from(World& world, QueueSlot<Q>& slot, Node node) {
  const std::shared_ptr<ExchangeBooks> books = slot.books;
  std::exception_ptr error;
  const eddy::TimePoint deadline = now() + duration_of(node.c);
  bool got_one = false;
  try {
    const QueueUser user(books);
    const Pin pin(*books, node.b % 3 != 0);
    if (node.b % 3 == 0) {
      const I got = co_await slot.queue->get();
      world.take(got.number(), *books);
    } else if (node.b % 3 == 1) {
      const I got = co_await eddy::wait_for(slot.queue->get(), duration_of(node.c));
      world.take(got.number(), *books);
    } else {
      const I got = co_await eddy::timeout(duration_of(node.c), slot.queue->get());
      world.take(got.number(), *books);
    }
    got_one = true;
  } catch (const eddy::QueueShutDown&) {
    if (!books->closed) world.fail("an open queue gave no item");
  } catch (...) {
    error = std::current_exception();
  }
  if (got_one && books == slot.books) slot.queue->task_done();
  check_expiry(world, error, deadline);
  world.settle(error);
}

template <class I, class Q>
void put_nowait_into(World& world, QueueSlot<Q>& slot) {
  I item(world);
  const int number = item.number();
  try {
    slot.queue->put_nowait(std::move(item));
    world.accept(number);
  } catch (const eddy::QueueFull&) {
    if (slot.queue->maxsize() == 0) world.fail("an unbounded queue is full");
  } catch (const eddy::QueueShutDown&) {
    if (!slot.books->closed) world.fail("an open queue refused an item");
  }
}

template <class Q>
void get_nowait_from(World& world, QueueSlot<Q>& slot) {
  try {
    const auto got = slot.queue->get_nowait();
    world.take(got.number(), *slot.books);
    slot.queue->task_done();
  } catch (const eddy::QueueEmpty&) {
  } catch (const eddy::QueueShutDown&) {
    if (!slot.books->closed) world.fail("an open queue gave no item");
  }
}

template <class Q>
void shut_down(World& world, QueueSlot<Q>& slot, bool immediate) {
  const World::Dropping dropping(world, immediate);
  slot.books->closed = true;
  slot.queue->shutdown(immediate);
}

template <class Q>
Task<> join(QueueSlot<Q>& slot) {
  const QueueUser user(slot.books);
  co_await slot.queue->join();
}

Task<> put(World& world, const Node& node, Context) {
  switch (node.a % 4) {
    case 0: return put_into<Item>(world, std::get<0>(world.queues));
    case 1: return put_into<LooseItem>(world, std::get<1>(world.queues));
    case 2: return put_into<Item>(world, std::get<2>(world.queues));
    default: return put_into<Item>(world, std::get<3>(world.queues));
  }
}
Task<> get(World& world, const Node& node, Context) {
  Node plain;
  plain.b = node.b;
  plain.c = node.c;
  switch (node.a % 4) {
    case 0: return get_from<Item>(world, std::get<0>(world.queues), plain);
    case 1: return get_from<LooseItem>(world, std::get<1>(world.queues), plain);
    case 2: return get_from<Item>(world, std::get<2>(world.queues), plain);
    default: return get_from<Item>(world, std::get<3>(world.queues), plain);
  }
}
Task<> join(World& world, const Node& node, Context) {
  switch (node.a % 4) {
    case 0: return join(std::get<0>(world.queues));
    case 1: return join(std::get<1>(world.queues));
    case 2: return join(std::get<2>(world.queues));
    default: return join(std::get<3>(world.queues));
  }
}
void put_nowait(World& world, const Node& node) {
  switch (node.a % 4) {
    case 0: return put_nowait_into<Item>(world, std::get<0>(world.queues));
    case 1: return put_nowait_into<LooseItem>(world, std::get<1>(world.queues));
    case 2: return put_nowait_into<Item>(world, std::get<2>(world.queues));
    default: return put_nowait_into<Item>(world, std::get<3>(world.queues));
  }
}
void get_nowait(World& world, const Node& node) {
  switch (node.a % 4) {
    case 0: return get_nowait_from(world, std::get<0>(world.queues));
    case 1: return get_nowait_from(world, std::get<1>(world.queues));
    case 2: return get_nowait_from(world, std::get<2>(world.queues));
    default: return get_nowait_from(world, std::get<3>(world.queues));
  }
}
void shut_down(World& world, const Node& node) {
  switch (node.a % 4) {
    case 0: return shut_down(world, std::get<0>(world.queues), node.flag());
    case 1: return shut_down(world, std::get<1>(world.queues), node.flag());
    case 2: return shut_down(world, std::get<2>(world.queues), node.flag());
    default: return shut_down(world, std::get<3>(world.queues), node.flag());
  }
}

// Ends of a channel that a task holds for itself.
struct OwnSender {
  OwnSender(eddy::Sender<Item> end, std::shared_ptr<ExchangeBooks> its_books) : sender(std::move(end)), books(std::move(its_books)) {
    ++books->senders;
  }
  OwnSender(const OwnSender&) = delete;
  OwnSender& operator=(const OwnSender&) = delete;
  ~OwnSender() { --books->senders; }
  eddy::Sender<Item> sender;
  std::shared_ptr<ExchangeBooks> books;
};
struct OwnReceiver {
  OwnReceiver(World& owner, const eddy::Receiver<Item>& end, std::shared_ptr<ExchangeBooks> its_books)
      : world(owner), receiver(end), books(std::move(its_books)) {
    ++books->receivers;
  }
  OwnReceiver(const OwnReceiver&) = delete;
  OwnReceiver& operator=(const OwnReceiver&) = delete;
  ~OwnReceiver() {
    const World::Dropping dropping(world, --books->receivers == 0);
    receiver.close();
  }
  World& world;
  eddy::Receiver<Item> receiver;
  std::shared_ptr<ExchangeBooks> books;
};

Task<> send(World& world, const Node& node, Context) {
  ChannelSlot& slot = world.channels[node.a % world.channels.size()];
  if (!slot.sender) co_return;
  const std::shared_ptr<ExchangeBooks> books = slot.books;
  std::optional<OwnSender> own;
  if (!node.flag()) own.emplace(*slot.sender, books);
  std::exception_ptr error;
  {
    std::optional<Item> item(std::in_place, world);
    Put put(world, item->number());
    try {
      if (node.b % 4 == 0) {
        const eddy::Sender<Item>& end = own ? own->sender : *slot.sender;
        if (end.try_send(std::move(*item))) put.complete();
      } else if (own) {
        co_await own->sender.send(std::move(*item));
        put.complete();
      } else {
        co_await slot.sender->send(std::move(*item));
        put.complete();
      }
    } catch (const eddy::ChannelClosed&) {
      if (books->receivers > 0 && books->senders > 0) world.fail("an open channel refused an item");
    } catch (...) {
      error = std::current_exception();
    }
    item.reset();
  }
  world.settle(error);
}

Task<> receive(World& world, const Node& node, Context) {
  ChannelSlot& slot = world.channels[node.a % world.channels.size()];
  if (!slot.receiver) co_return;
  const std::shared_ptr<ExchangeBooks> books = slot.books;
  std::optional<OwnReceiver> own;
  if (!node.flag()) own.emplace(world, *slot.receiver, books);
  const eddy::Receiver<Item>* end = own ? &own->receiver : &*slot.receiver;
  const eddy::TimePoint deadline = now() + duration_of(node.c);
  bool nothing = false;
  std::exception_ptr error;
  try {
    if (node.b % 4 == 0) {
      const std::optional<Item> got = end->try_receive();
      if (got) world.take(got->number(), *books);
    } else if (node.b % 4 == 1) {
      const Item got = co_await end->receive();
      world.take(got.number(), *books);
    } else if (node.b % 4 == 2) {
      const std::optional<Item> got = co_await end->next();
      nothing = !got;
      if (got) world.take(got->number(), *books);
    } else {
      const std::optional<Item> got = co_await eddy::wait_for(end->next(), duration_of(node.c));
      nothing = !got;
      if (got) world.take(got->number(), *books);
    }
  } catch (const eddy::ChannelClosed&) {
    nothing = true;
  } catch (...) {
    error = std::current_exception();
  }
  if (nothing && books->senders > 0 && books->receivers > 0) world.fail("an open channel came to its end");
  check_expiry(world, error, deadline);
  world.settle(error);
}

// ----------------------------------------------------------------------------------------------- locks and the like
// Permits that are held, and are given back by hand or by the guard.
struct Permits {
  explicit Permits(SemaphoreBooks& of) : books(of) {}
  Permits(const Permits&) = delete;
  Permits& operator=(const Permits&) = delete;
  ~Permits() {
    books.held -= count;
    permit.release();
    if (count > 0 && plain != nullptr) plain->release(count);
    if (count > 0 && bounded != nullptr) bounded->release(count);
  }
  SemaphoreBooks& books;
  std::size_t count = 0;
  eddy::SemaphorePermit permit;
  eddy::Semaphore* plain = nullptr;
  eddy::BoundedSemaphore* bounded = nullptr;
};

template <class S>
Task<> hold_permits(World& world, const Node& node, Context context, S& semaphore, SemaphoreBooks& books) {
  const std::size_t count = 1 + node.a / 4 % 2;
  const milliseconds limit = duration_of(node.b / 4);
  const eddy::TimePoint deadline = now() + limit;
  std::exception_ptr error;
  try {
    Permits permits(books);
    bool by_hand = true;
    switch (node.b % 4) {
      case 0:
        permits.permit = co_await semaphore.scoped(count);
        by_hand = false;
        break;
      case 1: co_await semaphore.acquire(count); break;
      case 2: co_await eddy::wait_for(semaphore.acquire(count), limit); break;
      default:
        if (!semaphore.try_acquire(count)) co_return;
        break;
    }
    permits.count = count;
    books.held += count;
    if constexpr (std::is_same_v<S, eddy::Semaphore>) {
      permits.plain = by_hand ? &semaphore : nullptr;
    } else {
      permits.bounded = by_hand ? &semaphore : nullptr;
    }
    world.check();
    co_await play_body(world, node.parts[0], context);
  } catch (...) {
    error = std::current_exception();
  }
  check_expiry(world, error, deadline);
  world.settle(error);
}

Task<> semaphore(World& world, const Node& node, Context context) {
  const std::size_t which = node.a % 2;
  return hold_permits(world, node, context, world.semaphores[which], world.semaphore_books[which]);
}
Task<> bounded_semaphore(World& world, const Node& node, Context context) {
  return hold_permits(world, node, context, world.bounded, world.bounded_books);
}

void add_permits(World& world, const Node& node) {
  if (node.flag()) {
    const bool full = world.bounded.value() == world.bounded_books.total;
    if (!full) return;
    try {
      world.bounded.release();
      world.fail("a bounded semaphore took a permit too many");
    } catch (const eddy::OverReleaseError&) {
    }
    return;
  }
  const std::size_t which = node.a % 2;
  const std::size_t count = node.b % 3;
  world.semaphore_books[which].total += count;
  world.semaphores[which].release(count);
}

// A lock that is held. The books go first, then the lock.
struct Held {
  Held(World& owner, int& books) : world(owner), holders(books) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    if (!held) return;
    if (--holders != 0) world.fail("a lock was released that another task held, too");
    if (plain != nullptr) plain->release();
    guard.release();
  }
  void begin() {
    held = true;
    if (++holders != 1) world.fail("a lock was given to two tasks");
  }
  World& world;
  int& holders;
  bool held = false;
  eddy::LockGuard guard;
  eddy::Lock* plain = nullptr;
};

Task<> lock(World& world, const Node& node, Context context) {
  eddy::Lock& its = world.locks[node.a % world.locks.size()];
  const milliseconds limit = duration_of(node.b / 4);
  const eddy::TimePoint deadline = now() + limit;
  std::exception_ptr error;
  try {
    Held held(world, world.lock_holders[node.a % world.locks.size()]);
    bool by_hand = true;
    switch (node.b % 4) {
      case 0:
        held.guard = co_await its.scoped();
        by_hand = false;
        break;
      case 1: co_await its.acquire(); break;
      case 2: co_await eddy::wait_for(its.acquire(), limit); break;
      default:
        if (!its.try_acquire()) co_return;
        break;
    }
    held.begin();
    held.plain = by_hand ? &its : nullptr;
    co_await play_body(world, node.parts[0], context);
  } catch (...) {
    error = std::current_exception();
  }
  check_expiry(world, error, deadline);
  world.settle(error);
}

// Whether a wait for the condition ended or was unwound, its task holds the lock again.
struct Released {
  Released(World& owner, int& books) : world(owner), holders(books) { --holders; }
  Released(const Released&) = delete;
  Released& operator=(const Released&) = delete;
  ~Released() {
    if (!world.condition.locked()) world.fail("a wait for a condition ended without the lock");
    if (++holders != 1) world.fail("a wait for a condition ended while another task held the lock");
  }
  World& world;
  int& holders;
};

struct HasToken {
  World* world;
  bool operator()() const { return world->tokens > 0; }
};

// The same for a predicate, which is asked under the lock.
Task<> wait_for_token(World& world) {
  while (world.tokens == 0) {
    const Released released(world, world.condition_holders);
    co_await world.condition.wait();
  }
}

Task<> condition_wait(World& world, const Node& node, Context) {
  const eddy::TimePoint deadline = now() + duration_of(node.b);
  std::exception_ptr error;
  try {
    Held held(world, world.condition_holders);
    held.guard = co_await world.condition.scoped();
    held.begin();
    switch (node.a % 4) {
      case 0: co_await wait_for_token(world); break;
      case 1: {
        const Released released(world, world.condition_holders);
        co_await world.condition.wait_for(HasToken{&world});
        break;
      }
      case 2: {
        const Released released(world, world.condition_holders);
        co_await eddy::wait_for(world.condition.wait(), duration_of(node.b));
        break;
      }
      default: {
        const Released released(world, world.condition_holders);
        co_await world.condition.wait();
        break;
      }
    }
    if (world.tokens > 0) --world.tokens;
  } catch (...) {
    error = std::current_exception();
  }
  check_expiry(world, error, deadline);
  world.settle(error);
}

Task<> notify(World& world, const Node& node, Context) {
  Held held(world, world.condition_holders);
  if (node.flag() && !world.condition.locked()) {
    try {
      world.condition.notify();
      world.fail("a condition was notified without its lock");
    } catch (const eddy::LockNotHeldError&) {
    }
  }
  held.guard = co_await world.condition.scoped();
  held.begin();
  world.tokens += node.a % 3;
  if (node.b % 4 == 3) {
    world.condition.notify_all();
  } else {
    world.condition.notify(node.b % 4);
  }
}

Task<> event_wait(World& world, const Node& node, Context) {
  eddy::Event& event = world.events[node.a % world.events.size()];
  const eddy::TimePoint deadline = now() + duration_of(node.b);
  std::exception_ptr error;
  try {
    if (node.flag()) {
      co_await eddy::wait_for(event.wait(), duration_of(node.b));
    } else {
      co_await event.wait();
    }
  } catch (...) {
    error = std::current_exception();
  }
  check_expiry(world, error, deadline);
  world.settle(error);
}

Task<> barrier_wait(World& world, const Node& node, Context) {
  const std::size_t which = node.a % world.barriers.size();
  try {
    const std::size_t index = co_await world.barriers[which].wait();
    if (index >= world.barriers[which].parties()) {
      world.fail("a barrier gave a number that is too large");
    } else {
      ++world.barrier_indices[which][index];
    }
  } catch (const eddy::BrokenBarrierError&) {
  }
}

Task<Number> make_once(World* world, const Node* node, Context context) {
  co_await play_body(*world, node->parts[0], context);
  co_return Number(*world, ++world->made);
}

Task<> once(World& world, const Node& node, Context context) {
  auto& its = world.onces[node.a % world.onces.size()];
  if (!its) its.emplace();
  std::exception_ptr error;
  try {
    const Number* before = its->get();
    const int known = before == nullptr ? 0 : before->value();
    const Number& got = co_await its->call(&make_once, &world, &node, context);
    if (&got != its->get() || (known != 0 && got.value() != known)) world.fail("a Once was made twice");
  } catch (...) {
    error = std::current_exception();
  }
  world.settle(error);
}

// --------------------------------------------------------------------------------------------- futures, generators
void make_future(World& world, const Node& node) {
  if (world.ending) return;
  FutureSlot& slot = world.futures[node.a % world.futures.size()];
  slot.future.reset();
  slot.future.emplace(eddy::get_running_loop().create_future<Number>());
  slot.books = std::make_shared<FutureBooks>();
}

Task<> await_future(World& world, const Node& node, Context) {
  FutureSlot& slot = world.futures[node.a % world.futures.size()];
  if (!slot.future) co_return;
  const eddy::Future<Number> future = *slot.future;
  const std::shared_ptr<FutureBooks> books = slot.books;
  const eddy::TimePoint deadline = now() + duration_of(node.c);
  std::exception_ptr error;
  try {
    if (node.b % 3 == 0) {
      const Number& got = co_await future;
      check_number(world, got, books->value);
    } else if (node.b % 3 == 1) {
      const Number& got = co_await eddy::shield(future);
      check_number(world, got, books->value);
    } else {
      const Number got = co_await eddy::wait_for(future, duration_of(node.c));
      check_number(world, got, books->value);
    }
    if (books->value < 0) world.fail("a future gave a value that nobody set");
  } catch (...) {
    error = std::current_exception();
  }
  if (error && world.numbers_of(error) != books->errors) world.fail("a future gave an error that nobody set");
  check_expiry(world, error, deadline);
  world.settle(error);
}

void set_future(World& world, const Node& node) {
  FutureSlot& slot = world.futures[node.a % world.futures.size()];
  if (!slot.future) return;
  const bool done = slot.future->done();
  switch (node.b % 6) {
    case 0:
      if (slot.future->cancel() == done) world.fail("cancel() of a future gave the wrong answer");
      return;
    case 1:
      if (!done) slot.books->value = node.c;
      slot.future->setter()(world, node.c);
      return;
    case 2:
      (void)slot.future->setter();
      return;
    case 3: slot.future.reset(); return;
    default: break;
  }
  try {
    if (node.b % 6 == 4) {
      if (!done) slot.books->value = node.c;
      slot.future->set_result(world, node.c);
    } else if (!done) {
      const int number = world.new_error();
      slot.books->errors.push_back(number);
      slot.future->set_exception(World::make_error(number, node.c));
    } else {
      slot.future->set_exception(std::make_exception_ptr(eddy::TimeoutError()));
    }
    if (done) world.fail("a future was set twice");
  } catch (const eddy::InvalidStateError&) {
    if (!done) world.fail("a pending future could not be set");
  }
}

Task<> clean_generator_up(World* world, const Body* body) {
  const Context cleaning{.bounded = true, .masked = true, .group = nullptr};
  ++world->cleanups_run;
  co_await play_body(*world, *body, cleaning);
}

struct GeneratorCleanup {
  World* world;
  const Body* body;
  Task<> operator()() const { return clean_generator_up(world, body); }
};

eddy::AsyncGenerator<Number> generate(World& world, const Node& node, Tracked tracked) {
  (void)tracked;
  const Tracked local(world);
  const Context inside{.bounded = false, .masked = true, .group = nullptr};
  if (node.flag()) {
    const GeneratorCleanup cleanup{&world, &node.parts[1]};
    co_await eddy::on_close(cleanup);
    ++world.cleanups_registered;
  }
  for (int i = 0; i < 1 + node.b % 3; ++i) {
    if (i == 1) co_await play_body(world, node.parts[0], inside);
    Number number(world, i);
    co_yield std::move(number);
  }
}

void make_generator(World& world, const Node& node) {
  if (world.ending) return;
  auto slot = std::make_shared<GeneratorSlot>();
  slot->generator = generate(world, node, Tracked(world));
  world.generators[node.a % world.generators.size()] = std::move(slot);
}

struct InNext {
  explicit InNext(GeneratorSlot& its) : slot(its) { slot.busy = true; }
  InNext(const InNext&) = delete;
  InNext& operator=(const InNext&) = delete;
  ~InNext() {
    slot.busy = false;
    if (!completed) slot.cut = true;
  }
  GeneratorSlot& slot;
  bool completed = false;
};

Task<> next_value(World& world, const Node& node, Context) {
  const std::shared_ptr<GeneratorSlot> slot = world.generators[node.a % world.generators.size()];
  if (!slot) co_return;
  if (slot->busy) {
    try {
      (void)co_await slot->generator.next();
      world.fail("a generator let two tasks in");
    } catch (const eddy::BusyResourceError&) {
    }
    co_return;
  }
  const bool cut = slot->cut;
  std::exception_ptr error;
  {
    InNext inside(*slot);
    try {
      const std::optional<Number> got = co_await slot->generator.next();
      if (got) check_number(world, *got, slot->next++);
      if (cut) world.fail("a generator that was cut short went on");
    } catch (...) {
      error = std::current_exception();
    }
    inside.completed = true;
  }
  world.settle(error);
}

Task<> close_generator(World& world, const Node& node, Context) {
  std::shared_ptr<GeneratorSlot>& place = world.generators[node.a % world.generators.size()];
  if (!place) co_return;
  if (node.flag()) {
    place.reset();
    co_return;
  }
  const std::shared_ptr<GeneratorSlot> slot = place;
  std::exception_ptr error;
  const bool busy = slot->busy;
  try {
    co_await slot->generator.aclose();
    if (busy) world.fail("a generator was closed while a task was in it");
  } catch (const eddy::BusyResourceError&) {
    if (!busy) world.fail("a generator that nobody is in could not be closed");
  } catch (...) {
    error = std::current_exception();
  }
  if (!busy) slot->cut = false;  // after it, next() gives the end
  world.settle(error);
}

void call_later(World& world, const Node& node) {
  eddy::TimerHandle& handle = world.timers[node.a % world.timers.size()];
  handle.cancel();
  if (node.other_flag() || world.ending) return;
  CallbackRecord& record = world.callbacks.emplace_back();
  const milliseconds delay = duration_of(node.b);
  Call call(world, &record, node.flag(), now() + delay);
  handle = eddy::get_running_loop().call_later(delay, std::move(call));
}

// -------------------------------------------------------------------------------------------------------- the rest
Task<> yield_turns(World& world, const Node& node, Context context) {
  for (int i = 0; i <= node.a % 3; ++i) {
    const bool doomed = stop_in_force(context);
    co_await eddy::yield();
    if (doomed) world.fail("a yield went on though a cancel was in force");
  }
}

Task<> sleep(World& world, const Node& node, Context context) {
  const bool doomed = stop_in_force(context);
  const eddy::TimePoint due = now() + duration_of(node.a);
  if (node.b % 2 == 0) {
    co_await eddy::sleep(duration_of(node.a));
  } else {
    co_await eddy::sleep_until(due);
  }
  if (doomed) world.fail("a sleep went on though a cancel was in force");
  if (now() < due) world.fail("a sleep ended too early");
  if (now() > due && !world.hand_moved) world.fail("a sleep ended too late");
}

void play_plain(World& world, const Node& node, Context context) {
  switch (node.kind) {
    case Kind::spawn: {
      if (world.records.size() >= kMostTasks) return;
      HandleSlot slot = spawn(world, node.parts[0], node.flag());
      if (!node.other_flag() && !world.ending) world.handles[node.a % world.handles.size()] = std::move(slot);
      return;
    }
    case Kind::cancel: return cancel(world, node);
    case Kind::drop_handle: world.handles[node.a % world.handles.size()] = HandleSlot(); return;
    case Kind::copy_handle: {
      if (world.ending) return;
      const HandleSlot slot = world.handles[node.a % world.handles.size()];
      world.handles[node.b % world.handles.size()] = slot;
      return;
    }
    case Kind::look_at_handle: return look_at_handle(world, node);
    case Kind::add_callback: return add_callback(world, node);
    case Kind::remove_callback: return remove_callback(world, node);
    case Kind::throw_error: std::rethrow_exception(World::make_error(world.new_error(), node.a));
    case Kind::group_add:
      if (context.group != nullptr && world.records.size() < kMostTasks)
        add_to_group(world, *context.group, node.parts[0], context, world.handles[node.a % world.handles.size()]);
      return;
    case Kind::put_nowait: return put_nowait(world, node);
    case Kind::get_nowait: return get_nowait(world, node);
    case Kind::shutdown: return shut_down(world, node);
    case Kind::renew_queue: return world.renew_queue(node.a % 4);
    case Kind::close_end: {
      ChannelSlot& slot = world.channels[node.a % world.channels.size()];
      if (node.flag()) {
        world.close_sender(slot);
      } else {
        world.close_receiver(slot);
      }
      return;
    }
    case Kind::renew_channel: return world.renew_channel(node.a % world.channels.size());
    case Kind::add_permits: return add_permits(world, node);
    case Kind::event_set: {
      eddy::Event& event = world.events[node.a % world.events.size()];
      if (node.b % 4 != 0) event.set();
      if (node.b % 2 == 0) event.clear();
      return;
    }
    case Kind::barrier_reset: {
      eddy::Barrier& barrier = world.barriers[node.a % world.barriers.size()];
      if (node.b % 3 == 0) barrier.abort();
      if (node.b % 3 != 1) barrier.reset();
      return;
    }
    case Kind::make_future: return make_future(world, node);
    case Kind::set_future: return set_future(world, node);
    case Kind::make_generator: return make_generator(world, node);
    case Kind::call_later: return call_later(world, node);
    case Kind::advance_clock:
      world.hand_moved = true;
      world.clock.advance(duration_of(node.a));
      return;
    default: return world.fail("an operation that nobody plays");
  }
}

Task<> play_one(World& world, const Node& node, Context context) {
  if (context.bounded && !node.info().bounded) return sleep(world, node, context);
  switch (node.kind) {
    case Kind::yield: return yield_turns(world, node, context);
    case Kind::sleep: return sleep(world, node, context);
    case Kind::await_handle: return await_handle(world, node, context);
    case Kind::attempt: return attempt(world, node, context);
    case Kind::timeout: return timeout(world, node, context);
    case Kind::gather: return gather(world, node, context);
    case Kind::race: return race(world, node, context);
    case Kind::group: return group(world, node, context);
    case Kind::try_finally: return finally(world, node, context);
    case Kind::uncancellable: return uncancellable(world, node, context);
    case Kind::retry: return retry(world, node, context);
    case Kind::map: return map(world, node, context);
    case Kind::stagger: return stagger(world, node, context);
    case Kind::wait: return wait_for_handles(world, node, context);
    case Kind::as_completed: return as_completed(world, node, context);
    case Kind::put: return put(world, node, context);
    case Kind::get: return get(world, node, context);
    case Kind::join: return join(world, node, context);
    case Kind::send: return send(world, node, context);
    case Kind::receive: return receive(world, node, context);
    case Kind::semaphore: return semaphore(world, node, context);
    case Kind::bounded_semaphore: return bounded_semaphore(world, node, context);
    case Kind::lock: return lock(world, node, context);
    case Kind::condition_wait: return condition_wait(world, node, context);
    case Kind::notify: return notify(world, node, context);
    case Kind::event_wait: return event_wait(world, node, context);
    case Kind::barrier_wait: return barrier_wait(world, node, context);
    case Kind::await_future: return await_future(world, node, context);
    case Kind::next_value: return next_value(world, node, context);
    case Kind::close_generator: return close_generator(world, node, context);
    case Kind::once: return once(world, node, context);
    default: world.fail("an operation that nobody plays"); return yield_turns(world, node, context);
  }
}

enum Options : unsigned {
  kDebug = 1,
  kLetItRun = 2,      // for ten seconds, before the end
  kLeaveToClose = 4,  // what is left is cancelled by the end of the run, not by the main task
  kOtherOrder = 8,
};

Task<> play_program(World& world, const Program& program) {
  world.main = eddy::current_task();
  for (const Body& step : program.steps) {
    const Node& node = step.front();
    if (node.info().plain && node.kind != Kind::spawn) {
      if (!world.spend()) break;
      try {
        play_plain(world, node, Context{});
      } catch (...) {
        world.see(std::current_exception());
      }
    } else if (node.kind == Kind::sleep || node.kind == Kind::yield) {
      co_await play_body(world, step, Context{});
    } else if (world.records.size() < kMostTasks) {
      HandleSlot slot = spawn(world, node.kind == Kind::spawn ? node.parts[0] : step, node.flag());
      world.handles[node.a % world.handles.size()] = std::move(slot);
    }
    world.check();
    for (int turns = node.b >> 6; turns > 0; --turns) co_await eddy::yield();
  }
  if (program.options & kLetItRun) co_await eddy::sleep(std::chrono::seconds(10));
  if (!(program.options & kLeaveToClose)) {
    for (const eddy::TaskRef& task : eddy::all_tasks()) {
      if (!(task == world.main) && !task.cancel()) world.fail("cancel() of a task that has not ended gave false");
    }
  }
  // While the loop still runs, since errors that nobody retrieved are reported to it.
  world.ending = true;
  for (HandleSlot& slot : world.handles) slot = HandleSlot();
  for (CallbackSlot& slot : world.callback_slots) slot = CallbackSlot();
  for (FutureSlot& slot : world.futures) slot = FutureSlot();
  for (auto& slot : world.generators) slot.reset();
  for (eddy::TimerHandle& handle : world.timers) handle.cancel();
  for (int i = 0; i < 10; ++i) co_await eddy::yield();
}

void run(World& world, const Program& program) {
  eddy::RunOptions options;
  options.clock = &world.clock;
  options.debug = (program.options & kDebug) != 0;
  eddy::testing::detail::TestHook hook(program.seed);
  eddy::Runner runner(options);
  runner.get_loop().set_exception_handler([&world](const eddy::ExceptionContext& context) { world.on_report(context); });
  if (program.options & kOtherOrder) eddy::EventLoop::Internals::scheduler(runner.get_loop()).batch_hook = &hook;
  runner.run(play_program(world, program));
  eddy::detail::Scheduler& scheduler = eddy::EventLoop::Internals::scheduler(runner.get_loop());
  runner.close();
  if (!scheduler.tasks.empty()) world.fail("a task is left after the end of the run");
  if (runner.get_loop().statistics().timers != 0) world.fail("a timer is left after the end of the run");
  if (runner.get_loop().statistics().descriptors != 0) world.fail("a descriptor is left after the end of the run");
}

}  // namespace

Result play(std::span<const std::uint8_t> bytes) {
  const Program program = read_program(bytes);
  const eddy::testing::LeakCheck leaks;
  World world;
  try {
    run(world, program);
  } catch (const std::exception& e) {
    world.fail(std::string("the run threw: ") + e.what());
  }
  world.check_end();
  world.dropping = true;
  for (auto& once : world.onces) once.reset();
  std::apply([](auto&... slots) { ((slots.queue = nullptr), ...); }, world.queues);
  for (ChannelSlot& slot : world.channels) slot = ChannelSlot();
  world.check_nothing_is_left();
  try {
    leaks.check();
  } catch (const std::exception& e) {
    world.fail(e.what());
  }
  return Result{world.operations, world.violation};
}

}  // namespace fuzz
