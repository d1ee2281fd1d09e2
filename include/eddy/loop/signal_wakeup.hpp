// SignalWakeup: turns SIGINT into a wake-up of one loop, and gives the signal back afterwards.
//
// It is installed by `run` on the main thread only, and only over SIG_DFL: a program that handles SIGINT itself keeps its
// handler. The handler touches two atomics and an eventfd. A second SIGINT restores SIG_DFL and raises it again, so
// a program that does not react can always be ended.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/waker.hpp>

#include <atomic>
#include <csignal>
#include <sys/syscall.h>
#include <unistd.h>

namespace eddy::inline EDDY_ABI::detail {

// The process-wide part: signals belong to the process.
struct SignalRegistry {
  std::atomic<Waker*> waker{nullptr};
  std::atomic<int> interrupts{0};
};
inline constinit SignalRegistry signal_registry{};

inline void on_interrupt(int) noexcept {
  if (signal_registry.interrupts.fetch_add(1) > 0) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
    return;
  }
  if (Waker* waker = signal_registry.waker.load()) waker->signal();
}

class SignalWakeup {
 public:
  // Installs itself if this is the main thread, SIGINT has its default action and no other loop has it.
  explicit SignalWakeup(Waker& waker) noexcept {
    if (::getpid() != static_cast<pid_t>(::syscall(SYS_gettid))) return;
    struct sigaction old {};
    if (::sigaction(SIGINT, nullptr, &old) != 0 || (old.sa_flags & SA_SIGINFO) || old.sa_handler != SIG_DFL) return;
    Waker* none = nullptr;
    if (!signal_registry.waker.compare_exchange_strong(none, &waker)) return;
    signal_registry.interrupts = 0;
    struct sigaction ours {};
    ours.sa_handler = on_interrupt;
    ours.sa_flags = SA_RESTART;
    sigemptyset(&ours.sa_mask);
    installed_ = ::sigaction(SIGINT, &ours, nullptr) == 0;
    if (!installed_) signal_registry.waker = nullptr;
  }
  SignalWakeup(const SignalWakeup&) = delete;
  SignalWakeup& operator=(const SignalWakeup&) = delete;
  ~SignalWakeup() {
    if (!installed_) return;
    struct sigaction now {};
    if (::sigaction(SIGINT, nullptr, &now) == 0 && now.sa_handler == on_interrupt) std::signal(SIGINT, SIG_DFL);
    signal_registry.waker = nullptr;
  }

  // True if SIGINT has come since this was installed.
  [[nodiscard]] bool interrupted() const noexcept { return installed_ && signal_registry.interrupts.load() > 0; }

 private:
  bool installed_ = false;
};

}  // namespace eddy::inline EDDY_ABI::detail
