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
  // With an `owner` it is a SignalReceiver's, and nobody else replaces or removes it.
  void add(int signal, Callback<void()> fn, void* owner = nullptr);
  bool remove(int signal, void* owner = nullptr) noexcept {
    Handler* handler = find(signal);
    if (handler == nullptr || handler->owner != owner) return false;
    forget(handler);
    return true;
  }
  [[nodiscard]] void* owner_of(int signal) noexcept {
    Handler* handler = find(signal);
    return handler == nullptr ? nullptr : handler->owner;
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
    Handler(int number, LocalPointer<Function> function, void* whose, Waker& waker)
        : signal(number), fn(std::move(function)), owner(whose), before(install(number, waker)) {}
    int signal;
    LocalPointer<Function> fn;
    void* owner;
    struct sigaction before;
  };
  [[nodiscard]] Handler* find(int signal) noexcept {
    Handler* handler = handlers_.front();
    while (handler != nullptr && handler->signal != signal) handler = handlers_.after(handler);
    return handler;
  }
  static struct sigaction install(int signal, Waker& waker);  // gives what was before
  void forget(Handler* handler) noexcept {
    ::sigaction(handler->signal, &handler->before, nullptr);
    handled_signals.wakers[handler->signal] = nullptr;
    handlers_.remove(handler);
    delete handler;
  }

  EventLoop& loop_;
  Waker& waker_;
  IntrusiveList<Handler> handlers_;
};

inline void SignalHandlers::add(int signal, Callback<void()> fn, void* owner) {
  if (signal <= 0 || signal >= HandledSignals::kCount)
    throw std::system_error(EINVAL, std::generic_category(), "eddy: not a signal");
  LocalPointer<Function> function(new Function(std::move(fn)));
  Handler* handler = find(signal);
  if (handler == nullptr) return handlers_.push_back(new Handler(signal, std::move(function), owner, waker_));
  if (handler->owner != owner) throw RuntimeError("eddy: a signal has either a handler or SignalReceivers, not both");
  handler->fn = std::move(function);
}

inline struct sigaction SignalHandlers::install(int signal, Waker& waker) {
  Waker* none = nullptr;
  if (!handled_signals.wakers[signal].compare_exchange_strong(none, &waker))
    throw RuntimeError("eddy: another event loop handles this signal");
  handled_signals.came[signal] = false;
  struct sigaction before {};
  struct sigaction ours {};
  ours.sa_handler = on_handled_signal;
  ours.sa_flags = SA_RESTART;
  sigemptyset(&ours.sa_mask);
  if (::sigaction(signal, &ours, &before) == 0) return before;
  const int error = errno;
  handled_signals.wakers[signal] = nullptr;
  throw std::system_error(error, std::generic_category(), "eddy: this signal cannot be handled");
}

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
