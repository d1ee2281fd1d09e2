// race: the first of several awaitables to end gives the result; the others are cancelled.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/combine/gather.hpp>
#include <eddy/combine/slot_group.hpp>

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace eddy::inline EDDY_ABI {

/// What `race` gives when its contestants give different types: who won, and with what.
template <class... Ts>
class [[nodiscard]] RaceResult {
 public:
  /// One alternative for each contestant.
  using Variant = std::variant<Ts...>;
  explicit RaceResult(Variant value) : value_(std::move(value)) {}
  /// The position of the winner among the arguments.
  [[nodiscard]] std::size_t index() const noexcept { return value_.index(); }
  /// What the winner gave, as the alternative with that index: std::monostate for void, std::reference_wrapper for a
  /// reference.
  [[nodiscard]] const Variant& value() const& noexcept { return value_; }
  [[nodiscard]] Variant&& value() && noexcept { return std::move(value_); }

 private:
  Variant value_;
};

namespace detail {

// The first end decides.
class RaceGroup : public SlotGroup {
 protected:
  RaceGroup() noexcept : SlotGroup(true) {}
  ~RaceGroup() = default;
  template <class T>
  bool won(const ChildOutcome<T>& slot) const noexcept {
    return winner_ == slot.frame();
  }
  template <class Slot>
    requires is_watched<Slot>
  bool won(const Slot& slot) const {
    return winner_ == nullptr ? slot.done() : winner_ == static_cast<const Watcher*>(&slot);
  }
  template <class Slot>
  static bool is_done(const Slot& slot) {
    if constexpr (is_watched<Slot>) {
      return slot.done();
    } else {
      return false;
    }
  }

 private:
  // A loser that fails while it is stopped cannot change the result; its error is reported instead of being lost.
  void slot_ended(const void* slot, std::exception_ptr error) noexcept override {
    if (!decided()) {
      winner_ = slot;
      decide();
    } else if (error) {
      report(&EventLoop::Internals::loop(loop()), "a loser of a race failed after the race was decided", std::move(error));
    }
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "race"; }
  const void* winner_ = nullptr;  // none: a handle that was done from the start
};

template <class... Slots>
class [[nodiscard("race starts nothing until it is awaited: co_await it")]] RaceAwaiter final : public RaceGroup {
  template <class Slot>
  using Given = typename Slot::value_type;
  using First = Given<std::tuple_element_t<0, std::tuple<Slots...>>>;
  static constexpr bool kAgree = (std::is_same_v<First, Given<Slots>> && ...);
  template <class Slot>
  using Alternative = typename GatherResult<false, Slot>::InVariant;
  using Different = RaceResult<Alternative<Slots>...>;

 public:
  using Result = std::conditional_t<kAgree, First, Different>;

  template <class... As>
  explicit RaceAwaiter(std::in_place_t, As&&... awaitables) : slots_(make_slot(std::forward<As>(awaitables))...) {}
  RaceAwaiter(RaceAwaiter&& other) noexcept : slots_(std::move(other.slots_)) {}

  [[nodiscard]] bool await_ready() const {
    return std::apply([](const auto&... slots) { return (is_done(slots) || ...) && (pass_over(slots), ..., true); }, slots_);
  }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    Frame* frame = frame_of(handle);
    std::apply([frame](const auto&... slots) { (check_slot(frame, slots), ...); }, slots_);
    if (!begin(frame)) return;
    std::apply([this](auto&... slots) { (this->begin_slot(slots), ...); }, slots_);
  }
  Result await_resume() { return take<0>(); }

 private:
  template <std::size_t I>
  Result take() {
    if constexpr (I == sizeof...(Slots)) {
      throw CancelledError();
    } else {
      auto& slot = std::get<I>(slots_);
      if (!won(slot)) return take<I + 1>();
      if (!slot.has_value()) std::rethrow_exception(slot.take_error());
      if constexpr (kAgree) {
        return slot.take();
      } else {
        return Different(typename Different::Variant(
            std::in_place_index<I>, GatherResult<false, std::tuple_element_t<I, std::tuple<Slots...>>>::take(slot)));
      }
    }
  }
  void leave_watched() noexcept override {
    std::apply([](auto&... slots) { (leave(slots), ...); }, slots_);
  }
  bool cancel_watched() noexcept override {
    return std::apply([this](auto&... slots) { return (int{this->cancel(slots)} + ... + 0) > 0; }, slots_);
  }

  std::tuple<Slots...> slots_;
};

template <class Slots>
class [[nodiscard("race starts nothing until it is awaited: co_await it")]] RaceRangeAwaiter final : public RaceGroup {
  using Slot = typename Slots::value_type;

 public:
  explicit RaceRangeAwaiter(Slots slots) : slots_(std::move(slots)) {
    if (slots_.empty()) throw std::invalid_argument("eddy: race needs at least one awaitable");
  }
  RaceRangeAwaiter(RaceRangeAwaiter&& other) noexcept : slots_(std::move(other.slots_)) {}

  [[nodiscard]] bool await_ready() const {
    for (const auto& slot : slots_) {
      if (is_done(slot)) return true;
    }
    return false;
  }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    Frame* frame = frame_of(handle);
    for (const auto& slot : slots_) check_slot(frame, slot);
    if (!begin(frame)) return;
    for (auto&& slot : slots_) begin_slot(slot);
  }
  typename Slot::value_type await_resume() {
    for (auto&& slot : slots_) {
      if (!won(slot)) continue;
      if (!slot.has_value()) std::rethrow_exception(slot.take_error());
      return slot.take();
    }
    throw CancelledError();
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

}  // namespace detail

/// Runs all arguments at the same time and completes with what the first to end gave, value or exception. If all give the
/// same type it completes with that, else with a RaceResult that says who won.
///
/// Tasks that lose are cancelled and waited for; handles and futures that lose run on. A loser that fails while it is
/// being stopped is reported to the loop's exception handler. If the first argument ends before its first suspension,
/// the others never start.
///
/// Cancellation: goes to all, also to what the handles refer to. Errors: std::invalid_argument for an empty range.
/// Complexity: no allocation beyond the tasks' own. Source: JavaScript's Promise.race, tokio::select!.
template <class... As>
  requires(sizeof...(As) > 0 && !(sizeof...(As) == 1 && (detail::GatherRange<As> && ...)))
auto race(As&&... awaitables) {
  static_assert((Awaitable<As> && ...),
                "eddy: race takes tasks, handles and other awaitables, or one range of them; one of these arguments cannot be awaited");
  if constexpr ((Awaitable<As> && ...)) {
    return detail::RaceAwaiter<detail::SlotOf<As>...>(std::in_place, std::forward<As>(awaitables)...);
  }
}
/// The same for a range of tasks (as an rvalue) or of handles.
template <class R>
  requires detail::GatherRange<R>
auto race(R&& range) {
  auto slots = detail::make_slots(std::forward<R>(range));
  return detail::RaceRangeAwaiter<decltype(slots)>(std::move(slots));
}
template <class Called = void>
auto race(detail::BracedList) {
  static_assert(!std::is_void_v<Called>, "eddy: race takes its tasks without braces: write race(f(), g())");
}

}  // namespace eddy::inline EDDY_ABI
