// Exchange: where items pass from putters to getters; the machine inside every queue and channel.
//
// Items are stored, up to a limit. A getter that finds none waits; when an item comes, the oldest waiting getter is woken
// and one item is reserved for it, by count: the item stays stored until the getter runs and takes whichever is next
// then. What is reserved nobody else can take, so a woken getter never finds the exchange empty, and a cancel that
// arrives in the same turn does not lose the item. A putter that finds no room waits with its item in its frame; when a
// slot becomes free the oldest putter's item moves into it at once, and the putter is woken to go on.
//
// So getters wait only while every stored item is reserved, and putters only while there is no room: who comes later
// cannot overtake them. In a queue what is reserved counts for the limit, as what is stored does in asyncio. In a channel
// it does not, since a receiver that waits takes its item out of the sender's hands: there is room for each one that
// waits, and a limit of zero is a rendezvous.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/flow/stored_item.hpp>
#include <eddy/loop/orphans.hpp>
#include <eddy/loop/waiter.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

class ExchangeBase;
class ItemAwaiter;

// Where a getter or a putter stands.
enum class Turn : std::uint8_t {
  none,
  getting,  // it waits among the getters
  putting,  // it waits among the putters
  granted,  // a woken getter: an item is reserved for it
  stored,   // a putter whose item was accepted
  failed,   // a putter whose item could not be stored when there was room
  closed,   // there will be no item, or no room, for it
  orphan,   // its exchange was destroyed
};

// The node of an awaiter that waits in an exchange.
struct ItemWaiter final : Waiter {
  explicit ItemWaiter(ItemAwaiter* from) noexcept : awaiter(from) {}
  CancelResult try_cancel(bool) noexcept override;
  [[nodiscard]] const char* waits_for() const noexcept override;
  [[nodiscard]] const void* waits_at() const noexcept override;
  ItemAwaiter* awaiter;
};

// What getters and putters have in common. The node is made when one has to wait, since most never do.
class ItemAwaiter {
 public:
  using EddyAwaiter = void;
  ItemAwaiter(const ItemAwaiter&) = delete;
  ItemAwaiter& operator=(const ItemAwaiter&) = delete;

 protected:
  friend ExchangeBase;
  friend ItemWaiter;
  explicit ItemAwaiter(ExchangeBase* exchange) noexcept : exchange_(exchange) {}
  // Only before it is awaited, into `wait_for` and the like.
  ItemAwaiter(ItemAwaiter&& other) noexcept : exchange_(other.exchange_) {}
  ~ItemAwaiter() = default;  // the derived ones leave; a frame may be destroyed by force, wherever its awaiter stands
  // Errors: RuntimeError if tasks of another loop wait there.
  void wait_for_item(Frame* frame);
  void wait_for_room(Frame* frame);
  void leave() noexcept;
  [[noreturn]] EDDY_COLD static void throw_orphaned() {
    throw BrokenResourceError("eddy: a queue was destroyed while tasks waited for it");
  }

  ExchangeBase* exchange_;
  Turn turn_ = Turn::none;
  union {
    ItemWaiter waiter_;  // alive from the first wait on
  };

 private:
  void wait(WaitQueue& queue, Frame* frame, Turn turn);
  [[noreturn]] EDDY_COLD static void throw_other_loop() {
    throw RuntimeError("eddy: tasks of two event loops wait at one queue or channel, which is for one loop");
  }
};

inline CancelResult ItemWaiter::try_cancel(bool) noexcept {
  awaiter->leave();
  return CancelResult::stopped;
}
inline const char* ItemWaiter::waits_for() const noexcept {
  if (awaiter->turn_ == Turn::orphan) return "a queue that was destroyed";
  return awaiter->turn_ == Turn::putting ? "room for an item" : "an item";
}
inline const void* ItemWaiter::waits_at() const noexcept { return awaiter->turn_ == Turn::orphan ? nullptr : awaiter->exchange_; }

class ExchangeBase {
 public:
  explicit ExchangeBase(std::size_t limit) noexcept : limit_(limit) {}
  ExchangeBase(const ExchangeBase&) = delete;
  ExchangeBase& operator=(const ExchangeBase&) = delete;
  // Whoever still waits is told, also a woken getter.
  ~ExchangeBase() {
    if (!getters_.empty() || !putters_.empty() || !granted_.empty()) [[unlikely]] leave_orphans();
  }

  [[nodiscard]] bool closed() const noexcept { return closed_; }
  // How many items were ever stored.
  [[nodiscard]] std::size_t accepted() const noexcept { return accepted_; }
  // Accepts no more items and wakes everybody who waits; what is stored can still be taken.
  void close() noexcept {
    closed_ = true;
    limit_ = 0;
    refuse_all(getters_);
    refuse_all(putters_);
  }

 protected:
  friend ItemAwaiter;

  // Reserves an item for the oldest getter and wakes it.
  EDDY_NOINLINE void grant() noexcept {
    turn_of(getters_.front()) = Turn::granted;
    ++reserved_;
    getters_.wake_front_into(granted_);
  }
  // A woken getter gives up its reservation.
  void end_grant(ItemAwaiter* getter) noexcept {
    granted_.remove(&getter->waiter_);
    --reserved_;
    getter->turn_ = Turn::none;
  }
  static ItemAwaiter* awaiter_of(WaitNode* node) noexcept { return static_cast<ItemWaiter&>(*node).awaiter; }
  static Turn& turn_of(WaitNode* node) noexcept { return awaiter_of(node)->turn_; }

  WaitQueue getters_;
  WaitQueue putters_;
  IntrusiveList<WaitNode> granted_;
  std::size_t reserved_ = 0;  // how many are in granted_
  std::size_t limit_;         // zero once closed
  std::size_t accepted_ = 0;
  bool closed_ = false;

 private:
  EDDY_COLD void leave_orphans() noexcept {
    const auto mark = [](WaitNode* node) noexcept { turn_of(node) = Turn::orphan; };
    orphan_all(getters_, mark);
    orphan_all(putters_, mark);
    while (WaitNode* node = granted_.pop_front()) mark(node);
  }
  static void refuse_all(WaitQueue& queue) noexcept {
    while (WaitNode* node = queue.front()) {
      turn_of(node) = Turn::closed;
      queue.wake_front();
    }
  }
};

inline void ItemAwaiter::wait_for_item(Frame* frame) { wait(exchange_->getters_, frame, Turn::getting); }
inline void ItemAwaiter::wait_for_room(Frame* frame) { wait(exchange_->putters_, frame, Turn::putting); }
EDDY_NOINLINE inline void ItemAwaiter::wait(WaitQueue& queue, Frame* frame, Turn turn) {
  Scheduler* const loop = frame->root->loop;
  WaitNode* const first = queue.front();
  if (first != nullptr && first->loop != loop) [[unlikely]] throw_other_loop();
  std::construct_at(&waiter_, this);
  if (waiter_.join(queue, first, frame, loop)) turn_ = turn;
}

EDDY_NOINLINE inline void ItemAwaiter::leave() noexcept {
  if (turn_ == Turn::granted) {
    exchange_->end_grant(this);
    if (!exchange_->getters_.empty()) exchange_->grant();
  } else if (turn_ == Turn::getting) {
    exchange_->getters_.remove(&waiter_);
  } else if (turn_ == Turn::putting) {
    exchange_->putters_.remove(&waiter_);
  } else if (turn_ == Turn::orphan && waiter_.loop != nullptr) {
    waiter_.loop->orphans.remove(&waiter_);
  }
  turn_ = Turn::none;
}

// A putter, with its item.
template <class T>
class Putter : public ItemAwaiter {
 public:
  StoredItem<T> item;
  void fail(std::exception_ptr error) noexcept {
    std::construct_at(&error_, std::move(error));
    this->turn_ = Turn::failed;
  }
  void set_stored() noexcept { this->turn_ = Turn::stored; }

 protected:
  template <class... Args>
  explicit Putter(ExchangeBase* exchange, Args&&... args)
      : ItemAwaiter(exchange), item(std::in_place, std::forward<Args>(args)...) {}
  Putter(Putter&& other) : ItemAwaiter(std::move(other)), item(std::move(other.item)) {}
  EDDY_INLINE ~Putter() {
    if (this->turn_ != Turn::stored) [[unlikely]] clean_up();
  }
  EDDY_NOINLINE void clean_up() noexcept {
    if (this->turn_ == Turn::failed) std::destroy_at(&error_);
    this->leave();
  }
  union {
    std::exception_ptr error_;  // of one that failed
  };
};

enum class Reserved : bool { counts, does_not_count };  // for the limit

// `Storage` is one of queue_storage.hpp.
template <class T, class Storage, Reserved What>
class Exchange : public ExchangeBase {
 public:
  using value_type = T;

  template <class... Args>
  explicit Exchange(std::size_t limit, Args&&... args) : ExchangeBase(limit), storage_(std::forward<Args>(args)...) {}

  [[nodiscard]] std::size_t size() const noexcept { return storage_.size(); }
  // Whether an item is there that is not reserved.
  [[nodiscard]] bool has_item() const noexcept { return storage_.size() > reserved_; }
  // The same, after a putter that waits for a rendezvous has been let in.
  [[nodiscard]] bool find_item() noexcept {
    while (!has_item()) {
      if (limit_ != 0 || putters_.empty()) return false;
      admit();
    }
    return true;
  }
  [[nodiscard]] bool has_room() const noexcept {
    if constexpr (What == Reserved::counts) {
      return storage_.size() < limit_;
    } else {
      return storage_.size() - reserved_ < limit_ || !getters_.empty();
    }
  }

  // Stores an item; there is room. It is moved from only if this succeeds.
  EDDY_INLINE void store(StoredItem<T>&& item) {
    if (!storage_.has_space() || !getters_.empty()) [[unlikely]] return store_and_grant(std::move(item));
    storage_.push(std::move(item));
    ++accepted_;
  }
  // Takes the next item, as a Result; there is one that is not reserved, or that was reserved for the caller.
  template <class Result>
  EDDY_INLINE Result take() {
    if (!putters_.empty()) [[unlikely]] return take_and_admit<Result>();
    return storage_.template take<Result>();
  }
  template <class Result>
  Result take_granted(ItemAwaiter* getter) {
    end_grant(getter);
    try {
      return take<Result>();
    } catch (...) {  // T's move or a comparison threw: the item is still there, for the next one
      if (!getters_.empty()) grant();
      throw;
    }
  }
  // Destroys what is not reserved; says how many items that were.
  std::size_t drop() {
    const std::size_t before = storage_.size();
    storage_.keep(reserved_);
    return before - reserved_;
  }

 private:
  // The long ways, apart, so that whoever goes the short one keeps nothing across calls.
  EDDY_NOINLINE void store_and_grant(StoredItem<T>&& item) {
    storage_.reserve();
    storage_.push(std::move(item));
    ++accepted_;
    if (!getters_.empty()) grant();
  }
  template <class Result>
  EDDY_NOINLINE Result take_and_admit() {
    Result result = storage_.template take<Result>();
    while (!putters_.empty() && has_room()) admit();
    return result;
  }
  // Lets the oldest putter's item in.
  void admit() noexcept {
    WaitNode* node = putters_.front();
    auto* putter = static_cast<Putter<T>*>(awaiter_of(node));
    putters_.wake_front();
    try {
      store(std::move(putter->item));
      putter->set_stored();
    } catch (...) {
      putter->fail(std::current_exception());
    }
  }

  Storage storage_;
};

// Gives an item; throws Closed if there will be none.
template <class From, class Closed>
class [[nodiscard("nothing is taken until this is awaited: co_await it")]] GetAwaiter : public ItemAwaiter {
 public:
  explicit GetAwaiter(From* exchange) noexcept : ItemAwaiter(exchange) {}
  GetAwaiter(GetAwaiter&& other) noexcept : ItemAwaiter(std::move(other)) {}
  EDDY_INLINE ~GetAwaiter() {
    if (turn_ != Turn::none) [[unlikely]] leave();
  }

  [[nodiscard]] EDDY_INLINE bool await_ready() noexcept {
    if (exchange().has_item()) [[likely]] return true;
    if (exchange().find_item()) return true;
    if (!exchange().closed()) return false;
    turn_ = Turn::closed;
    return true;
  }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    wait_for_item(frame_of(handle));
  }
  typename From::value_type await_resume() { return take<typename From::value_type>(); }

 protected:
  [[nodiscard]] bool ended() const noexcept { return turn_ == Turn::closed; }
  template <class Result>
  EDDY_INLINE Result take() {
    if (turn_ != Turn::none) [[unlikely]] return take_granted<Result>();
    return exchange().template take<Result>();
  }

 private:
  template <class Result>
  EDDY_NOINLINE Result take_granted() {
    if (turn_ != Turn::granted) [[unlikely]] refuse();
    return exchange().template take_granted<Result>(this);
  }
  [[noreturn]] EDDY_COLD void refuse() const {
    if (turn_ == Turn::orphan) throw_orphaned();
    throw Closed();
  }
  From& exchange() noexcept { return *static_cast<From*>(exchange_); }
};

// Stores the item that it was made from; throws Closed if that has become impossible.
template <class To, class Closed>
class [[nodiscard("nothing is put until this is awaited: co_await it")]] PutAwaiter : public Putter<typename To::value_type> {
 public:
  template <class... Args>
  explicit PutAwaiter(To* exchange, std::in_place_t, Args&&... args)
      : Putter<typename To::value_type>(exchange, std::forward<Args>(args)...) {}

  [[nodiscard]] EDDY_INLINE bool await_ready() {  // throws what storing throws
    auto* exchange = static_cast<To*>(this->exchange_);
    if (exchange->has_room()) [[likely]] {
      exchange->store(std::move(this->item));
      this->turn_ = Turn::stored;
      return true;
    }
    if (!exchange->closed()) return false;
    this->turn_ = Turn::closed;
    return true;
  }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    this->wait_for_room(frame_of(handle));
  }
  void await_resume() const {
    if (this->turn_ != Turn::stored) [[unlikely]] refuse();
  }

 private:
  [[noreturn]] EDDY_COLD void refuse() const {
    if (this->turn_ == Turn::failed) std::rethrow_exception(this->error_);
    if (this->turn_ == Turn::orphan) this->throw_orphaned();
    throw Closed();
  }
};

}  // namespace eddy::inline EDDY_ABI::detail
