// The world that a program plays in: what its tasks share, and the books that are kept on it.
//
// The books are simple: who holds what, which item was put and got, which error was thrown and seen. They follow the sentences
// of the documentation, not the code. What does not fit is noted by `fail`; the first note counts.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "operations.hpp"

#include <eddy/eddy.hpp>
#include <eddy/testing/virtual_clock.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace fuzz {

class World;

// A local whose construction and destruction are counted. It notices when it was moved bit by bit or is destroyed twice.
class Tracked {
 public:
  explicit Tracked(World& world);
  Tracked(const Tracked& other);
  Tracked(Tracked&& other) noexcept;
  Tracked& operator=(const Tracked&) = delete;
  ~Tracked();
  [[nodiscard]] World& world() const { return *world_; }

 private:
  World* world_;
  const Tracked* self_;
};

// What tasks and generators give. The one it was moved from gives -1.
class Number {
 public:
  Number(World& world, int value) : tracked_(world), value_(value) {}
  Number(const Number&) = default;
  Number(Number&& other) noexcept : tracked_(std::move(other.tracked_)), value_(std::exchange(other.value_, -1)) {}
  ~Number() = default;
  [[nodiscard]] int value() const { return value_; }

 private:
  Tracked tracked_;
  int value_;
};

struct TaskRecord {
  int id = 0;
  bool started = false;
  bool must_not_run = false;  // it was cancelled before its first step
  bool failed = false;        // with an exception that is no CancelledError
  bool looked_at = false;     // its error was delivered to somebody
  bool maybe = false;         // a combinator may have taken or dropped its error
  bool grouped = false;       // its errors belong to a task group
  int ended = 0;
  int reports = 0;
  std::vector<int> errors;
};

struct ErrorRecord {
  int seen = 0;
  int reported = 0;
  bool excused = false;  // passed through something that drops all but one error
};

struct ItemRecord {
  bool alive = true;
  bool accepted = false;
  bool got = false;
  bool abandoned = false;  // its put did not complete
  bool dropped = false;    // by a shutdown, or with its queue
};

// Something that is put into queues and channels. A Loose one may throw when it is moved, as far as anybody knows.
template <bool Loose>
class BasicItem {
 public:
  explicit BasicItem(World& world);
  BasicItem(BasicItem&& other) noexcept(!Loose)
      : tracked_(std::move(other.tracked_)), number_(std::exchange(other.number_, -1)) {}
  BasicItem& operator=(BasicItem&& other) noexcept(!Loose) {
    if (this != &other) {
      die();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~BasicItem() { die(); }
  [[nodiscard]] int number() const { return number_; }
  friend bool operator<(const BasicItem& x, const BasicItem& y) { return x.number_ % 5 < y.number_ % 5; }

 private:
  void die() noexcept;
  Tracked tracked_;
  int number_;
};
using Item = BasicItem<false>;
using LooseItem = BasicItem<true>;

// The books of one queue or channel. A new one begins when it is renewed.
struct ExchangeBooks {
  bool in_order = false;  // first in, first out
  bool closed = false;    // shut down or renewed
  int last_got = -1;
  int pinned = 0;  // by those who may not have begun to wait: the queue must outlive that
  int users = 0;   // who may wait at the queue: in debug mode the program ends if it is destroyed under them
  int senders = 1;
  int receivers = 1;
};

struct SemaphoreBooks {
  std::size_t total = 0;
  std::size_t held = 0;
};

struct CallbackRecord {
  int called = 0;
  bool destroyed = false;
  bool removed = false;
  bool of_task = false;
};

struct FutureBooks {
  int value = -1;
  std::vector<int> errors;
};

// An error with a number, of a type that nobody knows.
class Thrown : public std::exception {
 public:
  explicit Thrown(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

struct HandleSlot {
  eddy::TaskHandle<Number> handle;
  TaskRecord* record = nullptr;
};
struct CallbackSlot {
  eddy::DoneCallbackId id{};
  CallbackRecord* record = nullptr;
  HandleSlot task;
};
struct FutureSlot {
  std::optional<eddy::Future<Number>> future;
  std::shared_ptr<FutureBooks> books;
};
struct GeneratorSlot {
  eddy::AsyncGenerator<Number> generator;
  int next = 0;
  bool busy = false;
  bool cut = false;
};
struct ChannelSlot {
  std::optional<eddy::Sender<Item>> sender;
  std::optional<eddy::Receiver<Item>> receiver;
  std::shared_ptr<ExchangeBooks> books;
};
template <class Q>
struct QueueSlot {
  std::unique_ptr<Q> queue;
  std::shared_ptr<ExchangeBooks> books;
};

class World {
 public:
  World() {
    for (int i = 0; i < 4; ++i) renew_queue(i);
    for (std::size_t i = 0; i < channels.size(); ++i) renew_channel(i);
    semaphore_books[0].total = 1;
    semaphore_books[1].total = 3;
    bounded_books.total = 2;
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void fail(std::string_view text) noexcept {
    if (violation.empty()) violation = text;
  }

  // ---- errors
  int new_error() {
    errors.emplace_back();
    return static_cast<int>(errors.size()) - 1;
  }
  [[nodiscard]] static std::exception_ptr make_error(int number, int type) {
    const std::string text = '#' + std::to_string(number);
    switch (type % 3) {
      case 0: return std::make_exception_ptr(Thrown(text));
      case 1: return std::make_exception_ptr(std::runtime_error(text));
      default: return std::make_exception_ptr(eddy::TimeoutError(text));
    }
  }
  // The numbers of an error, of those nested in it and of those in a group.
  void numbers_of(const std::exception_ptr& error, std::vector<int>& numbers) {
    try {
      std::rethrow_exception(error);
    } catch (const eddy::ExceptionGroup& group) {
      for (const std::exception_ptr& element : group.exceptions()) numbers_of(element, numbers);
    } catch (const std::exception& e) {
      if (e.what()[0] == '#') {
        numbers.push_back(std::atoi(e.what() + 1));
      } else if (!is_known(e)) {
        fail(std::string("an unexpected exception: ") + e.what());
      }
      if (const auto* nested = dynamic_cast<const std::nested_exception*>(&e)) {
        if (nested->nested_ptr()) numbers_of(nested->nested_ptr(), numbers);
      }
    } catch (...) {
      fail("an exception of an unexpected type");
    }
  }
  [[nodiscard]] std::vector<int> numbers_of(const std::exception_ptr& error) {
    std::vector<int> numbers;
    if (error) numbers_of(error, numbers);
    return numbers;
  }
  void see(const std::exception_ptr& error) {
    for (int number : numbers_of(error)) ++errors[static_cast<std::size_t>(number)].seen;
  }
  void excuse(const std::exception_ptr& error) {
    for (int number : numbers_of(error)) errors[static_cast<std::size_t>(number)].excused = true;
  }
  // At the end of an operation: what has a number goes on, what the library threw by itself ends here.
  void settle(const std::exception_ptr& error) {
    if (!error) return;
    if (!numbers_of(error).empty()) std::rethrow_exception(error);
  }
  void on_report(const eddy::ExceptionContext& context) {
    if (!context.exception) return;
    for (int number : numbers_of(context.exception)) ++errors[static_cast<std::size_t>(number)].reported;
    if (context.message != "an exception of a task was never retrieved") return;
    for (TaskRecord& record : records) {
      if (context.task == name_of(record)) ++record.reports;
    }
  }

  // ---- tasks
  [[nodiscard]] static std::string name_of(const TaskRecord& record) { return 't' + std::to_string(record.id); }
  TaskRecord* new_record() {
    TaskRecord& record = records.emplace_back();
    record.id = static_cast<int>(records.size()) - 1;
    return &record;
  }
  // A combinator is given the handle: what becomes of the error is not followed any more.
  void loses_sight_of(TaskRecord* record) {
    record->maybe = true;
    for (int number : record->errors) errors[static_cast<std::size_t>(number)].excused = true;
  }

  // ---- items
  void accept(int number) {
    ItemRecord& item = items[static_cast<std::size_t>(number)];
    item.accepted = true;
    if (!item.alive && !item.got && !item.dropped) fail("an item was lost before its put completed");
  }
  void take(int number, ExchangeBooks& books) {
    if (number < 0) return fail("an item that was moved from was got");
    ItemRecord& item = items[static_cast<std::size_t>(number)];
    if (item.got) fail("an item was got twice");
    if (item.abandoned) fail("an item was got whose put did not complete");
    item.got = true;
    // What a get under a limit has taken is delivered in a later step, and others may get theirs in between.
    if (books.in_order && books.pinned == 0 && number < books.last_got) fail("items were got in another order than they were put");
    books.last_got = std::max(books.last_got, number);
  }
  void renew_queue(int which) {
    const Dropping allowed(*this);
    switch (which) {
      case 0: renew(std::get<0>(queues), 0U, true); break;
      case 1: renew(std::get<1>(queues), 2U, true); break;
      case 2: renew(std::get<2>(queues), 1U, false); break;
      default: renew(std::get<3>(queues), 2U, false); break;
    }
  }
  void renew_channel(std::size_t which) {
    ChannelSlot& slot = channels[which];
    close_receiver(slot);
    close_sender(slot);
    constexpr std::array<std::size_t, 3> kCapacities = {0, 1, 3};
    auto channel = eddy::channel<Item>(kCapacities[which]);
    slot.sender.emplace(std::move(channel.sender));
    slot.receiver.emplace(std::move(channel.receiver));
    slot.books = std::make_shared<ExchangeBooks>();
    slot.books->in_order = true;
  }
  void close_sender(ChannelSlot& slot) {
    if (!slot.sender) return;
    --slot.books->senders;
    slot.sender.reset();
  }
  void close_receiver(ChannelSlot& slot) {
    if (!slot.receiver) return;
    const bool last = --slot.books->receivers == 0;
    const Dropping allowed(*this, last);
    slot.receiver->close();
    slot.receiver.reset();
  }

  // While this lives items may be dropped.
  class Dropping {
   public:
    explicit Dropping(World& world, bool allowed = true) : world_(world), outer_(world.dropping) {
      world_.dropping = allowed;
    }
    Dropping(const Dropping&) = delete;
    Dropping& operator=(const Dropping&) = delete;
    ~Dropping() { world_.dropping = outer_; }

   private:
    World& world_;
    bool outer_;
  };

  // ---- checks
  bool spend() {
    if (budget == 0) return false;
    --budget;
    ++operations;
    return true;
  }
  void check() {
    const eddy::TimePoint now = clock.now();
    if (now < last_time) fail("the clock went back");
    last_time = now;
    for (std::size_t i = 0; i < semaphores.size(); ++i) {
      if (semaphores[i].value() + semaphore_books[i].held > semaphore_books[i].total) fail("a semaphore has too many permits");
    }
    if (bounded.value() + bounded_books.held > bounded_books.total) fail("a bounded semaphore has too many permits");
    for (std::size_t i = 0; i < locks.size(); ++i) {
      if (lock_holders[i] > 1) fail("a lock has two holders");
      if (lock_holders[i] == 1 && !locks[i].locked()) fail("a lock that is held is not locked");
    }
    if (condition_holders > 1) fail("a condition's lock has two holders");
    if (condition_holders == 1 && !condition.locked()) fail("a condition's lock that is held is not locked");
  }
  // When the loop is closed.
  void check_end() {
    check();
    for (const TaskRecord& record : records) {
      const std::string name = name_of(record);
      if (record.ended != 1) fail("task " + name + " did not end exactly once but " + std::to_string(record.ended) + " times");
      const int least = record.failed && !record.looked_at && !record.maybe && !record.grouped ? 1 : 0;
      const int most = record.failed && !record.looked_at && !record.grouped ? 1 : 0;
      if (record.reports < least) fail("the error of task " + name + " was neither retrieved nor reported");
      if (record.reports > most) fail("the error of task " + name + " was reported although it was retrieved, or twice");
    }
    for (std::size_t i = 0; i < errors.size(); ++i) {
      const ErrorRecord& error = errors[i];
      if (error.seen + error.reported == 0 && !error.excused) fail("error #" + std::to_string(i) + " was lost");
    }
    for (const CallbackRecord& callback : callbacks) {
      if (callback.called > 1) fail("a done callback was called twice");
      if (callback.removed && callback.called > 0) fail("a done callback was called although it was removed");
      if (!callback.destroyed) fail("a callback was not destroyed");
      if (callback.of_task && !callback.removed && callback.called == 0) fail("a done callback of a task was not called");
    }
    for (std::size_t i = 0; i < semaphores.size(); ++i) {
      if (semaphore_books[i].held != 0 || semaphores[i].value() != semaphore_books[i].total) fail("a semaphore has lost permits");
    }
    if (bounded_books.held != 0 || bounded.value() != bounded_books.total) fail("a bounded semaphore has lost permits");
    for (std::size_t i = 0; i < locks.size(); ++i) {
      if (lock_holders[i] != 0 || locks[i].locked()) fail("a lock is still held");
    }
    if (condition_holders != 0 || condition.locked()) fail("a condition's lock is still held");
    for (const auto& indices : barrier_indices) {
      for (const int count : indices) {
        if (count != indices.front()) fail("a barrier gave a number more often than another");
      }
    }
    if (cleanups_registered != cleanups_run) fail("the cleanup of a generator did not run exactly once");
  }
  // When everything is gone.
  void check_nothing_is_left() {
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].alive) fail("item " + std::to_string(i) + " is still alive");
    }
    if (tracked != 0) fail(std::to_string(tracked) + " tracked objects are left or were destroyed twice");
  }

  std::string violation;
  eddy::testing::VirtualClock clock;
  bool hand_moved = false;  // the clock, so that a sleep may end late
  std::ptrdiff_t tracked = 0;
  std::size_t operations = 0;
  std::size_t budget = 4000;
  eddy::TimePoint last_time{};
  eddy::TaskRef main;
  bool dropping = false;
  bool ending = false;  // nothing is kept any more
  std::deque<TaskRecord> records;
  std::deque<ErrorRecord> errors;
  std::deque<ItemRecord> items;
  std::deque<CallbackRecord> callbacks;
  int cleanups_registered = 0;
  int cleanups_run = 0;
  int tokens = 0;  // what waiters of the condition wait for
  int made = 0;    // values of a Once

  std::array<HandleSlot, 6> handles;
  std::array<CallbackSlot, 4> callback_slots;
  std::array<FutureSlot, 3> futures;
  std::array<std::shared_ptr<GeneratorSlot>, 3> generators;
  std::array<eddy::TimerHandle, 4> timers;

  std::tuple<QueueSlot<eddy::Queue<Item>>, QueueSlot<eddy::Queue<LooseItem>>, QueueSlot<eddy::LifoQueue<Item>>,
             QueueSlot<eddy::PriorityQueue<Item>>>
      queues;
  std::array<ChannelSlot, 3> channels;
  std::array<eddy::Semaphore, 2> semaphores{eddy::Semaphore(1), eddy::Semaphore(3)};
  std::array<SemaphoreBooks, 2> semaphore_books;
  eddy::BoundedSemaphore bounded{2};
  SemaphoreBooks bounded_books;
  std::array<eddy::Lock, 2> locks;
  std::array<int, 2> lock_holders{};
  eddy::Condition condition;
  int condition_holders = 0;
  std::array<eddy::Event, 2> events;
  std::array<eddy::Barrier, 2> barriers{eddy::Barrier(2), eddy::Barrier(3)};
  std::array<std::vector<int>, 2> barrier_indices{std::vector<int>(2), std::vector<int>(3)};
  std::array<std::optional<eddy::Once<Number>>, 2> onces;

 private:
  [[nodiscard]] static bool is_known(const std::exception& e) {
    if (dynamic_cast<const eddy::DeadlockError*>(&e) != nullptr) return false;
    return dynamic_cast<const eddy::CancelledError*>(&e) != nullptr || dynamic_cast<const eddy::TimeoutError*>(&e) != nullptr ||
           dynamic_cast<const eddy::RuntimeError*>(&e) != nullptr ||
           dynamic_cast<const eddy::BusyResourceError*>(&e) != nullptr ||
           dynamic_cast<const eddy::InvalidStateError*>(&e) != nullptr;
  }
  template <class Q>
  static void renew(QueueSlot<Q>& slot, std::size_t maxsize, bool in_order) {
    if (slot.books && slot.books->pinned > 0) return;
    if (slot.books && slot.books->users > 0 && eddy::get_running_loop().get_debug()) return;
    if (slot.books) slot.books->closed = true;
    slot.queue = nullptr;
    slot.queue = std::make_unique<Q>(maxsize);
    slot.books = std::make_shared<ExchangeBooks>();
    slot.books->in_order = in_order;
  }
};

inline Tracked::Tracked(World& world) : world_(&world), self_(this) { ++world_->tracked; }
inline Tracked::Tracked(const Tracked& other) : world_(other.world_), self_(this) { ++world_->tracked; }
inline Tracked::Tracked(Tracked&& other) noexcept : world_(other.world_), self_(this) { ++world_->tracked; }
inline Tracked::~Tracked() {
  if (self_ != this) world_->fail("an object is destroyed twice, or was moved bit by bit");
  self_ = nullptr;
  --world_->tracked;
}

template <bool Loose>
BasicItem<Loose>::BasicItem(World& world) : tracked_(world), number_(static_cast<int>(world.items.size())) {
  world.items.emplace_back();
}
template <bool Loose>
void BasicItem<Loose>::die() noexcept {
  if (number_ < 0) return;
  World& world = tracked_.world();
  ItemRecord& item = world.items[static_cast<std::size_t>(number_)];
  if (!item.alive) world.fail("an item died twice");
  item.alive = false;
  item.dropped = world.dropping;
  if (item.accepted && !item.got && !world.dropping) world.fail("item " + std::to_string(number_) + " was lost");
}

}  // namespace fuzz
