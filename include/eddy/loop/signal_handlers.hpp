// SignalHandlers: what add_signal_handler keeps: functions that the loop calls when a signal has come.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callback.hpp>
#include <eddy/base/error.hpp>
#include <eddy/base/intrusive_list.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/loop/signal_wakeup.hpp>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>
#include <utility>

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
    Handler* handler = find(signal);
    if (handler == nullptr) return false;
    forget(handler);
    return true;
  }
  void clear() noexcept {
    while (Handler* handler = handlers_.front()) forget(handler);
  }
  // Queues the functions of the signals that have come.
  void dispatch();  // in event_loop.hpp

 private:
  struct Function {  // kept by a call that is queued, too
    explicit Function(Callback<void()> function) noexcept : call(std::move(function)) {}
    std::uint32_t references = 0;
    Callback<void()> call;
  };
  struct Handler : ListHook {
    Handler(int number, LocalPointer<Function> function) noexcept : signal(number), fn(std::move(function)) {}
    int signal;
    LocalPointer<Function> fn;
    struct sigaction before {};
  };
  [[nodiscard]] Handler* find(int signal) noexcept {
    Handler* handler = handlers_.front();
    while (handler != nullptr && handler->signal != signal) handler = handlers_.after(handler);
    return handler;
  }
  void install(Handler& handler);
  void forget(Handler* handler) noexcept {
    ::sigaction(handler->signal, &handler->before, nullptr);
    handled_signals.wakers[handler->signal] = nullptr;
    handled_signals.came[handler->signal] = false;
    handlers_.remove(handler);
    delete handler;
  }

  EventLoop& loop_;
  Waker& waker_;
  IntrusiveList<Handler> handlers_;
};

inline void SignalHandlers::add(int signal, Callback<void()> fn) {
  if (signal <= 0 || signal >= HandledSignals::kCount)
    throw std::system_error(EINVAL, std::generic_category(), "eddy: not a signal");
  LocalPointer<Function> function(new Function(std::move(fn)));
  if (Handler* handler = find(signal)) {
    handler->fn = std::move(function);
    return;
  }
  auto* handler = new Handler(signal, std::move(function));
  try {
    install(*handler);
  } catch (...) {
    delete handler;
    throw;
  }
  handlers_.push_back(handler);
}

inline void SignalHandlers::install(Handler& handler) {
  Waker* none = nullptr;
  if (!handled_signals.wakers[handler.signal].compare_exchange_strong(none, &waker_))
    throw RuntimeError("eddy: another event loop handles this signal");
  handled_signals.came[handler.signal] = false;
  struct sigaction ours {};
  ours.sa_handler = on_handled_signal;
  ours.sa_flags = SA_RESTART;
  sigemptyset(&ours.sa_mask);
  if (::sigaction(handler.signal, &ours, &handler.before) != 0) {
    const int error = errno;
    handled_signals.wakers[handler.signal] = nullptr;
    throw std::system_error(error, std::generic_category(), "eddy: this signal cannot be handled");
  }
}

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
