// concurrent_map: applies a coroutine function to each element of a range, at most so many at a time.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callable.hpp>
#include <eddy/combine/gather.hpp>
#include <eddy/task/as_task.hpp>
#include <eddy/task/child_group.hpp>
#include <eddy/task/create_task.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

/// How `concurrent_map` runs.
struct MapOptions {
  std::size_t limit = SIZE_MAX;  ///< how many calls run at a time; zero is refused
};

namespace detail {

template <class R>
concept PlainRange = requires(R& range) {
  std::begin(range);
  std::end(range);
};

// What the function gets. `R` is a reference for a range that the caller keeps, a value for one that was moved in.
template <class R, class Element = decltype(*std::begin(std::declval<std::remove_reference_t<R>&>()))>
using MapItem = std::conditional_t<std::is_lvalue_reference_v<R>, Element, std::remove_reference_t<Element>&&>;

template <class R, class F>
class [[nodiscard("concurrent_map starts nothing until it is awaited: co_await it")]] ConcurrentMapAwaiter final : public ChildGroup {
  using Iterator = decltype(std::begin(std::declval<std::remove_reference_t<R>&>()));
  using Item = MapItem<R>;
  using Made = std::invoke_result_t<F&, Item>;
  static_assert(Awaitable<Made>, "eddy: the function of concurrent_map must return something that can be awaited, such as a Task");
  using T = AwaitResult<Made>;
  using Result = GatherResult<false, ChildSlot<T>>;

 public:
  ConcurrentMapAwaiter(R&& range, F fn, MapOptions options)
      : range_(std::forward<R>(range)), fn_(std::move(fn)), limit_(options.limit) {
    if (limit_ == 0) throw std::invalid_argument("eddy: concurrent_map needs a limit of at least one");
  }
  ConcurrentMapAwaiter(ConcurrentMapAwaiter&& other) noexcept
      : range_(std::forward<R>(other.range_)), fn_(std::move(other.fn_)), limit_(other.limit_) {}

  [[nodiscard]] bool await_ready() { return std::begin(range_) == std::end(range_); }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    parent = frame_of(handle);
    if (!park(parent, this)) return;
    next_.emplace(std::begin(range_));
    fill();
    if (!has_children()) resume_parent();
  }
  auto await_resume() {
    if (error_) std::rethrow_exception(error_);
    if constexpr (!std::is_void_v<T>) {
      std::vector<typename Result::InVector> results;
      results.reserve(results_.size());
      for (auto& result : results_) results.push_back(*std::move(result));
      return results;
    }
  }

 private:
  // Starts calls until the limit or the end of the range is reached.
  void fill() noexcept {
    Scheduler& scheduler = loop();
    Frame* const runs = std::exchange(scheduler.current, parent->root);  // what the function asks belongs to the caller
    try {
      while (!stopping_ && running_ < limit_ && *next_ != std::end(range_)) {
        auto task = make_task(fn_(static_cast<Item>(**next_)));
        ++*next_;
        if (free_.empty()) add_place();
        if constexpr (!std::is_void_v<T>) results_.emplace_back();
        Place* place = free_.back();
        free_.pop_back();
        place->index = started_++;
        Frame* child = TaskAccess::release(task);
        start_child(child, true);
        child->owner = place;
        ++running_;
      }
    } catch (...) {
      fail(std::current_exception());
    }
    scheduler.current = runs;
  }
  // Where one call at a time runs; it knows which element that is.
  struct Place final : Boundary {
    explicit Place(ConcurrentMapAwaiter* owner) noexcept : map(owner) { this->parent = owner->parent; }
    void child_done(Frame* child) noexcept override { map->call_done(child, this); }
    [[nodiscard]] const IntrusiveList<Frame>* children() const noexcept override { return map->children(); }
    [[nodiscard]] const char* waits_for() const noexcept override { return "concurrent_map"; }
    ConcurrentMapAwaiter* map;
    std::size_t index = 0;
  };
  void add_place() {
    places_.push_back(std::make_unique<Place>(this));
    free_.reserve(places_.size());
    free_.push_back(places_.back().get());
  }
  void fail(std::exception_ptr error) noexcept {
    if (!error_) error_ = std::move(error);
    stopping_ = true;
    stop_children();
    loop().deliver_stops();
  }
  void child_done(Frame*) noexcept override {}
  void call_done(Frame* child, Place* place) noexcept {
    child_ended(child);
    --running_;
    free_.push_back(place);
    if (child->ended == Ended::value) {
      keep(child, place->index);
    } else if (child->ended == Ended::cancelled && stopping_) {
      stopped_ = true;
    } else {
      fail(child->ended == Ended::cancelled ? cancelled_error(child) : child->error());
    }
    child->set(kRetrieved);
    release_result<T>(child);
    fill();
    if (has_children()) return;
    if (!error_ && (stopped_ || *next_ != std::end(range_)) && parent_stops()) {
      unwind_parent();
    } else {
      resume_parent();
    }
  }
  void keep([[maybe_unused]] Frame* child, [[maybe_unused]] std::size_t index) noexcept {
    if constexpr (!std::is_void_v<T>) {
      try {
        results_[index].emplace(ResultSlot<T>::take(child));
      } catch (...) {
        fail(std::current_exception());
      }
    }
  }
  CancelResult try_cancel(bool) noexcept override {
    stopping_ = true;
    stop_children();
    return CancelResult::later;
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "concurrent_map"; }

  R range_;
  F fn_;
  std::size_t limit_;
  std::optional<Iterator> next_;
  std::size_t running_ = 0;
  bool stopping_ = false;
  bool stopped_ = false;
  std::exception_ptr error_;
  std::size_t started_ = 0;
  std::vector<std::unique_ptr<Place>> places_;  // as many as calls ran at a time
  std::vector<Place*> free_;
  std::vector<std::optional<std::conditional_t<std::is_void_v<T>, Unit, typename Result::InVector>>> results_;
};

}  // namespace detail

/// Calls `fn(element)`, a coroutine function, for each element of the range, with at most `options.limit` running at a
/// time, and completes with a std::vector of the results in the order of the range (nothing for void). Calls start in
/// order; the next one is made when a running one ends. An empty range completes at once. The elements of an lvalue range are
/// passed by reference, the range must stay; those of an rvalue are moved.
///
/// The first exception, of a call or of the making of one, cancels those that run, waits for them, and is thrown; later
/// elements are never called. Cancellation: as for gather. Errors: std::invalid_argument for a limit of zero.
/// Complexity: a task for each element. Source: asyncio's gather with a Semaphore; folly::coro::collectAllWindowed.
template <class R, class F>
  requires detail::PlainRange<R>
auto concurrent_map(R&& range, F&& fn, MapOptions options = {}) {
  constexpr bool kCallable = std::is_invocable_v<std::decay_t<F>&, detail::MapItem<R>>;
  static_assert(kCallable, "eddy: the function of concurrent_map cannot be called with an element of this range");
  detail::check_callable<F>();
  if constexpr (kCallable)
    return detail::ConcurrentMapAwaiter<R, std::decay_t<F>>(std::forward<R>(range), std::forward<F>(fn), options);
}
template <class R, class F, class Options = MapOptions>
  requires(!detail::PlainRange<R> || std::is_arithmetic_v<Options>)
auto concurrent_map(R&&, F&&, Options = {}) {
  static_assert(detail::always_false<R>,
                "eddy: options have names, and the range comes first: write concurrent_map(range, fn) or (range, fn, {.limit = 4})");
}

}  // namespace eddy::inline EDDY_ABI
