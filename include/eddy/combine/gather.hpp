// gather: runs several awaitables at the same time and gives their results in the order of the arguments.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/outcome.hpp>
#include <eddy/base/reference.hpp>
#include <eddy/combine/slot_group.hpp>

#include <concepts>
#include <cstddef>
#include <iterator>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace eddy::inline EDDY_ABI {

/// As the first argument of `gather`: failures become values, so each element is an Outcome.
struct ReturnExceptions {
  explicit ReturnExceptions() = default;
};
/// `gather(return_exceptions, …)`. Source: `return_exceptions=True`.
inline constexpr ReturnExceptions return_exceptions{};

namespace detail {

// What a slot gives: its value, or how it ended.
template <bool AsOutcome, class Slot>
struct GatherResult {
  using Value = typename Slot::value_type;
  using InTuple = std::conditional_t<std::is_void_v<Value>, std::monostate, Value>;
  using InVector = std::conditional_t<std::is_reference_v<Value>, std::reference_wrapper<std::remove_reference_t<Value>>, Value>;
  using InVariant = std::conditional_t<std::is_void_v<Value>, std::monostate, InVector>;

  static InTuple take(Slot& slot) {
    if constexpr (std::is_void_v<Value>) {
      slot.take();
      return {};
    } else {
      return slot.take();
    }
  }
};
template <class Slot>
struct GatherResult<true, Slot> {
  using Value = typename Slot::value_type;
  using InTuple = Outcome<Value>;
  using InVector = Outcome<Value>;

  static InTuple take(Slot& slot) {
    if (slot.cancelled()) return InTuple::from_cancelled(slot.take_error());
    if (!slot.has_value()) return InTuple::from_exception(slot.take_error());
    if constexpr (std::is_void_v<Value>) {
      slot.take();
      return InTuple::from_value();
    } else if constexpr (std::is_reference_v<Value>) {
      return InTuple::from_value(std::addressof(slot.take()));
    } else {
      return InTuple::from_value(slot.take());
    }
  }
};

// The first error decides, unless failures are values.
class GatherGroup : public SlotGroup {
 protected:
  explicit GatherGroup(bool return_exceptions) noexcept : SlotGroup(false), return_exceptions_(return_exceptions) {}
  ~GatherGroup() = default;
  void throw_first_error() {
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }
  // Debug mode, once a loop: so many at a time is rarely meant.
  void warn_if_huge(std::size_t count) const {
    if (count <= kHuge) return;
    EventLoop& event_loop = EventLoop::Internals::loop(loop());
    if (!event_loop.get_debug() || std::exchange(loop().warned_of_huge_gather, true)) return;
    event_loop.call_exception_handler({"a gather starts " + std::to_string(count) + " tasks at once; concurrent_map(range, fn, {.limit = n}) "
                                       "keeps fewer alive", nullptr, {}});
  }

 private:
  static constexpr std::size_t kHuge = 10'000;
  void slot_ended(const void*, std::exception_ptr error) noexcept override {
    if (return_exceptions_ || decided()) return;
    error_ = std::move(error);
    decide();
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "gather"; }

  bool return_exceptions_;
  std::exception_ptr error_;
};

template <bool AsOutcome, class... Slots>
class [[nodiscard("gather starts nothing until it is awaited: co_await it")]] GatherAwaiter final : public GatherGroup {
 public:
  template <class... As>
  explicit GatherAwaiter(std::in_place_t, As&&... awaitables)
      : GatherGroup(AsOutcome), slots_(make_slot(std::forward<As>(awaitables))...) {}
  GatherAwaiter(GatherAwaiter&& other) noexcept : GatherGroup(AsOutcome), slots_(std::move(other.slots_)) {}

  [[nodiscard]] bool await_ready() const { return over([](const auto&... slots) { return (is_done(slots) && ...); }); }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    Frame* frame = frame_of(handle);
    over([frame](const auto&... slots) { (check_slot(frame, slots), ...); });
    if (!begin(frame)) return;
    over([this](auto&... slots) { (this->begin_slot(slots), ...); });
    settle();
  }
  auto await_resume() {
    if constexpr (!AsOutcome) leave_watched();  // one error is thrown, all are seen
    throw_first_error();
    return over([](auto&... slots) {
      if constexpr (!AsOutcome && (std::is_void_v<typename Slots::value_type> && ...)) {
        (slots.take(), ...);
      } else {
        return std::tuple<typename GatherResult<AsOutcome, Slots>::InTuple...>{GatherResult<AsOutcome, Slots>::take(slots)...};
      }
    });
  }

 private:
  template <class F>
  decltype(auto) over(F fn) {
    return std::apply(fn, slots_);
  }
  template <class F>
  decltype(auto) over(F fn) const {
    return std::apply(fn, slots_);
  }
  template <class Slot>
  static bool is_done(const Slot& slot) {
    if constexpr (is_watched<Slot>) {
      return slot.done();
    } else {
      return false;
    }
  }
  void leave_watched() noexcept override {
    over([](auto&... slots) { (leave(slots), ...); });
  }
  bool cancel_watched() noexcept override {
    return over([this](auto&... slots) { return (int{this->cancel(slots)} + ... + 0) > 0; });
  }

  std::tuple<Slots...> slots_;
};

template <bool AsOutcome, class Slots>
class [[nodiscard("gather starts nothing until it is awaited: co_await it")]] GatherRangeAwaiter final : public GatherGroup {
  using Slot = typename Slots::value_type;

 public:
  using Result = GatherResult<AsOutcome, Slot>;
  explicit GatherRangeAwaiter(Slots slots) noexcept : GatherGroup(AsOutcome), slots_(std::move(slots)) {}
  GatherRangeAwaiter(GatherRangeAwaiter&& other) noexcept : GatherGroup(AsOutcome), slots_(std::move(other.slots_)) {}

  [[nodiscard]] bool await_ready() const {
    if constexpr (is_watched<Slot>) {
      for (const auto& slot : slots_) {
        if (!slot.done()) return false;
      }
      return true;
    } else {
      return slots_.empty();
    }
  }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    Frame* frame = frame_of(handle);
    for (const auto& slot : slots_) check_slot(frame, slot);
    if (!begin(frame)) return;
    warn_if_huge(slots_.size());
    for (auto&& slot : slots_) begin_slot(slot);
    settle();
  }
  auto await_resume() {
    if constexpr (!AsOutcome && is_watched<Slot>) leave_watched();
    throw_first_error();
    if constexpr (!AsOutcome && std::is_void_v<typename Slot::value_type>) {
      for (auto&& slot : slots_) slot.take();
    } else {
      std::vector<typename Result::InVector> results;
      results.reserve(slots_.size());
      for (auto&& slot : slots_) results.emplace_back(Result::take(slot));
      return results;
    }
  }

 private:
  void leave_watched() noexcept override {
    for (auto&& slot : slots_) leave(slot);
  }
  bool cancel_watched() noexcept override {
    bool any = false;
    for (auto&& slot : slots_) any |= cancel(slot);
    return any;
  }

  Slots slots_;
};

template <class R>
concept GatherRange = !Awaitable<R> && requires(R& range) {
  std::begin(range);
  std::end(range);
  requires Awaitable<decltype(*std::begin(range))>;
};

// The elements of a range as slots. A range of Task is used up.
template <class R>
auto make_slots(R&& range) {
  using Element = std::remove_cvref_t<decltype(*std::begin(range))>;
  constexpr bool kUsable = !is_task<Element> || !std::is_lvalue_reference_v<R>;
  static_assert(kUsable, "eddy: a range of Task is used up, so it is taken as an rvalue: write std::move(tasks)");
  if constexpr (is_task<Element> && std::is_same_v<R, std::vector<Element>>) {
    return ChildSlots<typename Element::value_type>(std::move(range));
  } else {
    std::vector<SlotOf<Element>> slots;
    if constexpr (kUsable) {
      if constexpr (requires { range.size(); }) slots.reserve(range.size());
      for (auto& element : range) {
        if constexpr (std::is_lvalue_reference_v<R>) {
          slots.push_back(make_slot(element));
        } else if constexpr (is_task<Element>) {
          slots.emplace_back(std::move(element));
        } else {
          slots.push_back(make_slot(std::move(element)));
        }
      }
    }
    return slots;
  }
}

template <bool AsOutcome, class R>
auto gather_range(R&& range) {
  auto slots = make_slots(std::forward<R>(range));
  return GatherRangeAwaiter<AsOutcome, decltype(slots)>(std::move(slots));
}

template <bool AsOutcome, class... As>
auto gather(As&&... awaitables) {
  static_assert((Awaitable<As> && ...),
                "eddy: gather takes tasks, handles and other awaitables, or one range of them; one of these arguments cannot be awaited");
  if constexpr ((Awaitable<As> && ...)) {
    return GatherAwaiter<AsOutcome, SlotOf<As>...>(std::in_place, std::forward<As>(awaitables)...);
  }
}

}  // namespace detail

/// Runs all arguments at the same time. Completes when every one has ended, with a tuple of their results in the order of
/// the arguments: std::monostate for a void one, T& for a reference; nothing if all are void. An empty gather completes at
/// once.
///
/// Tasks are children: each is a task of its own, started in order in the caller's turn. The first exception cancels the
/// other children, waits for them, and is thrown; a child that fails before its first suspension prevents the later ones
/// from starting; second and later errors are dropped. Handles and futures are only waited for and run on after an error.
/// The same handle given twice is awaited once.
///
/// Cancellation: goes to all, also to what the handles refer to; all children have ended before the caller is unwound. If
/// all have given their values nevertheless, they are delivered. Entering it with a cancel in force starts nothing.
/// Complexity: no allocation beyond the tasks' own. Source: asyncio.gather, which leaves the siblings running.
template <class... As>
  requires(!(sizeof...(As) == 1 && (detail::GatherRange<As> && ...)))
auto gather(As&&... awaitables) {
  return detail::gather<false>(std::forward<As>(awaitables)...);
}
/// The same for a range, for instance a `std::vector<Task<T>>` (as an rvalue) or a range of handles. Completes with a
/// `std::vector<T>`, of std::reference_wrapper for references; with nothing for void.
template <class R>
  requires detail::GatherRange<R>
auto gather(R&& range) {
  return detail::gather_range<false>(std::forward<R>(range));
}
/// The same with failures as values: each element is an Outcome, a failure stops nobody. A cancelled child is a cancelled
/// Outcome; a cancel of the caller still stops it.
template <class... As>
  requires(!(sizeof...(As) == 1 && (detail::GatherRange<As> && ...)))
auto gather(ReturnExceptions, As&&... awaitables) {
  return detail::gather<true>(std::forward<As>(awaitables)...);
}
template <class R>
  requires detail::GatherRange<R>
auto gather(ReturnExceptions, R&& range) {
  return detail::gather_range<true>(std::forward<R>(range));
}
template <class Called = void>
auto gather(detail::BracedList) {
  static_assert(!std::is_void_v<Called>, "eddy: gather takes its tasks without braces: write gather(f(), g())");
}
template <class Called = void>
auto gather(ReturnExceptions, detail::BracedList) {
  static_assert(!std::is_void_v<Called>, "eddy: gather takes its tasks without braces: write gather(return_exceptions, f(), g())");
}

}  // namespace eddy::inline EDDY_ABI
