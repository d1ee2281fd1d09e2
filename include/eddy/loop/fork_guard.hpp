// ForkGuard: tells a loop or a pool that it was made in another process, of which this one is a forked child.
//
// The child shares the epoll instance and the eventfd, so a loop that went on there would take its parent's events; it throws
// in its next pass. A guard costs a load and a comparison: a handler that fork runs in the child counts.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>
#include <eddy/base/error.hpp>

#include <pthread.h>

namespace eddy::inline EDDY_ABI::detail {

// The forks between the process that made the first loop and this one. Written in a new child only, which has one thread.
inline constinit unsigned forks = 0;
// What else was to run in the pass in which a task forks is the parent's to run. Defined in event_loop.hpp.
void leave_batch_to_parent() noexcept;
// From the first loop on; without memory for the handler no fork is noticed.
inline void count_forks() noexcept {
  [[maybe_unused]] static const int registered = ::pthread_atfork(nullptr, nullptr, [] {
    ++forks;
    leave_batch_to_parent();
  });
}

class ForkGuard {
 public:
  // True in a child that was forked after this was made.
  [[nodiscard]] bool in_child() const noexcept { return forks != made_after_; }

 private:
  unsigned made_after_ = forks;
};

[[noreturn]] EDDY_COLD inline void throw_in_child() {
  throw RuntimeError("eddy: an event loop cannot go on in a forked child, which shares its descriptors with the parent: "
                     "call exec or _exit there, or fork before the loop is made");
}
[[noreturn]] EDDY_COLD inline void throw_nested_run(bool in_child) {
  if (!in_child)
    throw RuntimeError("eddy: run() cannot be called while an event loop runs in this thread; co_await the task instead");
  throw RuntimeError("eddy: run() cannot be called in a child that was forked while an event loop ran in this thread: call "
                     "exec or _exit there, or fork before the loop runs");
}

}  // namespace eddy::inline EDDY_ABI::detail
