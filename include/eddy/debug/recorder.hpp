// Recorder: remembers through which awaits exceptions came.
//
// "How did this error get here" cannot be answered afterwards: the frames that an exception has left are gone. So a program that
// wants to ask keeps a Recorder. Without one nothing is remembered.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/outcome.hpp>
#include <eddy/debug/loop_watch.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/task/cancellation.hpp>

#include <cstddef>
#include <deque>
#include <exception>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::debug {

/// Remembers, while it lives, the last 16 exceptions that left a coroutine of the running loop, with the way of each. Keep one in
/// the main task.
///
/// It needs no debug mode. The exceptions stay alive until others push them out or the Recorder ends. One that outlives its loop
/// can still be asked. Errors: NoRunningLoop. Threads: for the loop's thread.
class Recorder final : detail::LoopWatch {
 public:
  template <class = void>
  Recorder() : LoopWatch(get_running_loop()) {}

  /// The coroutines that the exception has left so far, as "task at file:line", the first where it was thrown: the line is
  /// that of the last await before. Empty if it left none, or so long ago that it is forgotten. An exception keeps its way
  /// when it is thrown again (`throw;`, std::rethrow_exception); another one that is thrown in its place has its own.
  [[nodiscard]] std::vector<std::string> await_chain(const std::exception_ptr& error) const {
    for (const Way& way : ways_) {
      if (way.error == error) return way.places;
    }
    return {};
  }
  /// What there is to tell of the exception: its text, and a line for each coroutine that it has left.
  [[nodiscard]] std::string describe(const std::exception_ptr& error) const {
    std::string text = eddy::detail::describe_exception(error);
    for (const std::string& place : await_chain(error)) text += "\n  in " + place;
    return text;
  }

 private:
  static constexpr std::size_t kWays = 16;
  static constexpr std::size_t kPlaces = 64;  // of one exception; deeper recursion is cut
  struct Way {
    std::exception_ptr error;
    std::vector<std::string> places;
  };

  void exception_leaves(Frame* frame, const std::exception_ptr& error) noexcept override {
    LoopWatch::exception_leaves(frame, error);
    try {
      Way& way = way_of(error);
      if (way.places.size() == kPlaces) return;
      Frame* const task = eddy::detail::task_of(frame->root);
      std::string place = task == nullptr ? std::string("a cleanup") : eddy::detail::name_of(task);
      way.places.push_back(std::move(place) + " at " + eddy::detail::place_of(frame->location));
    } catch (const std::bad_alloc&) {
    }
  }
  Way& way_of(const std::exception_ptr& error) {
    for (Way& way : ways_) {
      if (way.error == error) return way;
    }
    ways_.push_back({error, {}});
    if (ways_.size() > kWays) ways_.pop_front();
    return ways_.back();
  }

  std::deque<Way> ways_;
};

}  // namespace eddy::inline EDDY_ABI::debug
