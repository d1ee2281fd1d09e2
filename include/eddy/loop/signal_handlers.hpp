// SignalHandlers: what add_signal_handler keeps: functions that the loop calls when a signal has come.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callback.hpp>
#include <eddy/base/error.hpp>
#include <eddy/loop/signal_wakeup.hpp>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

class EventLoop;

namespace detail {

// The process-wide part: for each signal the waker of the loop that handles it, and whether it has come.
struct HandledSignals {
  static constexpr int kCount = 65;
  std::atomic<Waker*> wakers[kCount];
  std::atomic<bool> came[kCount];
};
inline constinit HandledSignals handled_signals{};

inline void on_handled_signal(int signal) noexcept {
  handled_signals.came[signal].store(true);
  if (Waker* waker = handled_signals.wakers[signal].load()) waker->signal();
}

class SignalHandlers {
 public:
  SignalHandlers(EventLoop& loop, Waker& waker) noexcept : loop_(loop), waker_(waker) {}
  SignalHandlers(const SignalHandlers&) = delete;
  SignalHandlers& operator=(const SignalHandlers&) = delete;

  [[nodiscard]] bool empty() const noexcept { return handlers_.empty(); }
  void add(int signal, Callback<void()> fn);
  bool remove(int signal) noexcept {
    for (std::size_t i = 0; i < handlers_.size(); ++i) {
      if (handlers_[i]->signal != signal) continue;
      restore(*handlers_[i]);
      handlers_.erase(handlers_.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
    return false;
  }
  void clear() noexcept {
    for (const auto& handler : handlers_) restore(*handler);
    handlers_.clear();
  }
  // Queues the functions of the signals that have come.
  void dispatch();  // in event_loop.hpp

 private:
  struct Handler {
    Handler(int number, Callback<void()> function) : signal(number), fn(std::make_shared<Callback<void()>>(std::move(function))) {}
    int signal;
    std::shared_ptr<Callback<void()>> fn;
    struct sigaction before {};
  };
  static void restore(const Handler& handler) noexcept {
    ::sigaction(handler.signal, &handler.before, nullptr);
    handled_signals.wakers[handler.signal] = nullptr;
    handled_signals.came[handler.signal] = false;
  }

  EventLoop& loop_;
  Waker& waker_;
  std::vector<std::unique_ptr<Handler>> handlers_;
};

inline void SignalHandlers::add(int signal, Callback<void()> fn) {
  if (signal <= 0 || signal >= HandledSignals::kCount)
    throw std::system_error(EINVAL, std::generic_category(), "eddy: not a signal");
  for (auto& handler : handlers_) {
    if (handler->signal != signal) continue;
    handler->fn = std::make_shared<Callback<void()>>(std::move(fn));
    return;
  }
  auto handler = std::make_unique<Handler>(signal, std::move(fn));
  handlers_.reserve(handlers_.size() + 1);
  Waker* none = nullptr;
  if (!handled_signals.wakers[signal].compare_exchange_strong(none, &waker_))
    throw RuntimeError("eddy: another event loop handles this signal");
  handled_signals.came[signal] = false;
  struct sigaction ours {};
  ours.sa_handler = on_handled_signal;
  ours.sa_flags = SA_RESTART;
  sigemptyset(&ours.sa_mask);
  if (::sigaction(signal, &ours, &handler->before) != 0) {
    const int error = errno;
    handled_signals.wakers[signal] = nullptr;
    throw std::system_error(error, std::generic_category(), "eddy: this signal cannot be handled");
  }
  handlers_.push_back(std::move(handler));
}

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
