// ChildProcess: a process that was started here, from its start until it is reaped.
//
// It is known by a pidfd, which the loop watches: when the child ends, it is reaped, also if nobody waits for it, and
// whoever does is told. SIGCHLD is left alone. Until then it holds the loop, as a pool's job does. Nothing is sent to a
// number that has been reaped. A Process that goes while its child runs leaves the ChildProcess to the loop, which ends
// the child and frees both; and so does a loop that ends.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/descriptor.hpp>
#include <eddy/io/exit_status.hpp>
#include <eddy/loop/close_hooks.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/fork_guard.hpp>
#include <eddy/sync/sync_waiter.hpp>

#include <cerrno>
#include <coroutine>
#include <csignal>
#include <optional>
#include <string>
#include <system_error>

namespace eddy::inline EDDY_ABI::detail {

class ChildProcess;

class [[nodiscard("nothing waits until this is awaited: co_await it")]] ExitAwaiter final : public WaiterOf<ChildProcess> {
 public:
  explicit ExitAwaiter(ChildProcess* child) noexcept : WaiterOf(child) {}
  [[nodiscard]] bool await_ready() noexcept;
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    wait(frame_of(handle));
  }
  ExitStatus await_resume() const {
    check_alive();
    if (!status_) throw_lost();
    return *status_;
  }
  // It has ended. The Process may go before the waiter's turn comes.
  void deliver(const std::optional<ExitStatus>& status) noexcept { status_ = status; }
  [[noreturn]] EDDY_COLD static void throw_lost() {
    throw std::system_error(ECHILD, std::generic_category(),
                            "eddy: how a child process has ended is not known, since another part of this program has reaped "
                            "it, or ignores SIGCHLD");
  }

 private:
  void wait(Frame* frame);
  void leave() noexcept override;
  [[nodiscard]] const char* waits_for() const noexcept override { return "a child process"; }
  std::optional<ExitStatus> status_;
};

class ChildProcess final : ReactorSink, CloseHook, CallbackNode {
 public:
  explicit ChildProcess(EventLoop& loop) noexcept : CallbackNode(&ChildProcess::run_it), loop_(&loop) {}

  // Takes over a child that has just been started. Errors: std::system_error; then it has been killed and reaped. One that is
  // reaped already, since this process ignores SIGCHLD or another part of it was quicker, is over, and nobody knows how it ended.
  void adopt(pid_t pid, bool leads_group) {
    pid_ = pid;
    leads_group_ = leads_group;
    try {
      const int fd = sys::open_pidfd(pid);
      if (fd == -ESRCH) return;
      if (fd < 0) throw_system_error(-fd, "eddy: a child process cannot be waited for, and was killed (pidfd_open)");
      pidfd_.reset(fd);
      const bool edges = table().attach(fd, this, false);
      if (!edges) watch_by_level(fd);
    } catch (...) {
      siginfo_t about{};
      const auto id = static_cast<id_t>(pid);
      if (sys::wait_process(P_PID, id, about, WEXITED | WNOHANG | WNOWAIT) != -ECHILD) {  // the number is still the child's
        (void)sys::kill(leads_group ? -pid : pid, SIGKILL);
        (void)sys::wait_process(P_PID, id, about, WEXITED);
      }
      throw;
    }
    over_ = false;
    table().begin_wait();
    hold_.emplace(loop_->hold());
    EventLoop::Internals::close_hooks(*loop_).push_back(this);
  }
  // What a Process does at its end: the child is killed, and reaped by the loop. Does not wait.
  static void give_up(ChildProcess* child) noexcept {
    break_waiters(child->waiters_);
    if (child->over_ || child->fork_guard_.in_child()) {
      delete child;
    } else if (child->loop_ == nullptr) {
      child->reap_late();
      delete child;
    } else {
      child->orphaned_ = true;
      child->kill_all();
    }
  }

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool over() const noexcept { return over_; }
  // Once it is over. Errors: std::system_error if nobody knows.
  [[nodiscard]] ExitStatus status() const {
    if (!status_) ExitAwaiter::throw_lost();
    return *status_;
  }
  // False if it has ended already: then nothing is sent. Errors: std::system_error.
  bool send_signal(int signal) {
    if (over_ || fork_guard_.in_child()) return false;
    int error = leads_group_ && number_is_ours() ? sys::kill(-pid_, signal) : -ESRCH;
    if (error == -ESRCH) error = sys::send_signal(pidfd_.get(), signal);
    if (error == -ESRCH) return false;
    if (error < 0) throw_system_error(-error, "eddy: sending a signal to a child process failed");
    return true;
  }
  // What is left of its group is killed when it ends.
  void end_group_with_it() noexcept { ends_group_ = leads_group_; }
  // Time passes on a virtual clock, from now on, while it runs.
  void let_time_pass() noexcept { hold_.reset(); }

 private:
  friend ExitAwaiter;
  ~ChildProcess() {
    if (loop_ != nullptr && !over_) EventLoop::Internals::close_hooks(*loop_).remove(this);
  }
  DescriptorTable& table() noexcept { return EventLoop::Internals::descriptors(*loop_); }
  void watch_by_level(int fd) {
    try {
      table().watch(fd, true, false);
    } catch (...) {
      table().detach(fd);
      throw;
    }
  }
  // True while the child, or what is left of it, keeps its number from being given to another.
  [[nodiscard]] bool number_is_ours() const noexcept {
    siginfo_t about{};
    return sys::wait_process(sys::kPidfd, static_cast<id_t>(pidfd_.get()), about, WEXITED | WNOHANG | WNOWAIT) == 0;
  }
  void kill_all() noexcept {
    (void)sys::send_signal(pidfd_.get(), SIGKILL);
    if (leads_group_ && number_is_ours()) (void)sys::kill(-pid_, SIGKILL);
  }
  // True if it has ended.
  bool reap() noexcept {
    siginfo_t about{};
    const auto id = static_cast<id_t>(pidfd_.get());
    if (ends_group_ && sys::wait_process(sys::kPidfd, id, about, WEXITED | WNOHANG | WNOWAIT) == 0 && about.si_pid != 0)
      (void)sys::kill(-pid_, SIGKILL);
    about = siginfo_t{};
    const int result = sys::wait_process(sys::kPidfd, id, about, WEXITED | WNOHANG);
    if (result == 0 && about.si_pid == 0) return false;
    if (result == 0) status_ = exit_status_of(about);
    over_ = true;
    return true;
  }
  // There is no loop any more that could.
  void reap_late() noexcept {
    kill_all();
    (void)reap();
  }

  void ready(int, Interest, bool) noexcept override {
    if (over_ || !reap()) return;
    table().detach(pidfd_.get());
    table().end_wait();
    hold_.reset();
    while (WaitNode* node = waiters_.front()) {
      static_cast<ExitAwaiter*>(static_cast<SyncWaiter*>(node))->deliver(status_);
      waiters_.wake_front();
    }
    if (orphaned_) {  // it is not freed here: no descriptor is closed while the reactor tells
      EventLoop::Internals::scheduler(*loop_).wake(static_cast<CallbackNode*>(this));
    } else {
      EventLoop::Internals::close_hooks(*loop_).remove(this);
    }
  }
  static void run_it(CallbackNode* node) {
    auto* self = static_cast<ChildProcess*>(node);
    EventLoop::Internals::close_hooks(*self->loop_).remove(self);
    delete self;
  }

  void begin_close() noexcept override { kill_all(); }
  [[nodiscard]] bool closed() noexcept override { return over_; }
  void detach() noexcept override {
    hold_.reset();
    if (!over_) {
      table().detach(pidfd_.get());
      table().end_wait();
      reap_late();
    }
    loop_ = nullptr;
    if (orphaned_) delete this;
  }

  EventLoop* loop_;  // null once it is gone
  Descriptor pidfd_;
  std::optional<ExitStatus> status_;
  std::optional<LoopHold> hold_;
  WaitQueue waiters_;
  ForkGuard fork_guard_;
  pid_t pid_ = -1;
  bool leads_group_ = false;
  bool ends_group_ = false;
  bool over_ = true;
  bool orphaned_ = false;
};

inline bool ExitAwaiter::await_ready() noexcept {
  if (!source_->over_) return false;
  status_ = source_->status_;
  return true;
}
inline void ExitAwaiter::wait(Frame* frame) {
  if (source_->loop_ == nullptr || frame->root->loop != &EventLoop::Internals::scheduler(*source_->loop_))
    throw RuntimeError("eddy: a process belongs to the loop in which it was started, and this is another one");
  wait_in(source_->waiters_, frame);
}
inline void ExitAwaiter::leave() noexcept { source_->waiters_.remove(this); }

}  // namespace eddy::inline EDDY_ABI::detail
