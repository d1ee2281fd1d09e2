// wait_signal and SignalReceiver: tasks that wait for signals, as many of them as there are.
//
// A loop handles a signal once, by SignalHandlers; all receivers for it share that handler, which comes with the first and
// goes with the last.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/intrusive_list.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/signal_handlers.hpp>
#include <eddy/sync/sync_waiter.hpp>
#include <eddy/task/task.hpp>

#include <cerrno>
#include <concepts>
#include <coroutine>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// Some signals: `SIGTERM`, or `{SIGINT, SIGTERM}`. Errors: std::system_error (EINVAL) for what is no signal.
class SignalSet {
 public:
  template <std::same_as<int>... Signals>
  constexpr SignalSet(Signals... signals) : bits_((std::uint64_t{0} | ... | bit(signals))) {}  // no list: g++ 12 cannot await one

  /// True if `signal` is one of them.
  [[nodiscard]] constexpr bool contains(int signal) const noexcept {
    return signal > 0 && signal <= kLast && (bits_ >> (signal - 1) & 1) != 0;
  }
  /// How many there are.
  [[nodiscard]] constexpr std::size_t size() const noexcept { return static_cast<std::size_t>(__builtin_popcountll(bits_)); }

 private:
  friend class SignalReceiver;
  static constexpr int kLast = detail::HandledSignals::kCount - 1;
  static constexpr std::uint64_t bit(int signal) {
    if (signal <= 0 || signal > kLast) throw std::system_error(EINVAL, std::generic_category(), "eddy: not a signal");
    return std::uint64_t{1} << (signal - 1);
  }
  std::uint64_t bits_;
};

class SignalReceiver;

namespace detail {

struct SignalLink;

// What a loop has for one signal that receivers wait for. The loop's handler and each receiver hold it.
class SignalSource {
 public:
  // That of `loop`, which is made and installed if there is none yet. Errors: as add_signal_handler's.
  static LocalPointer<SignalSource> of(EventLoop& loop, int signal) {
    EventLoop::Internals::check_open(loop);
    SignalHandlers& handlers = EventLoop::Internals::signals(loop);
    if (void* owner = handlers.owner_of(signal)) return LocalPointer<SignalSource>(static_cast<SignalSource*>(owner));
    LocalPointer<SignalSource> made(new SignalSource(signal));
    handlers.add(signal, Handler(made), made.get());
    made->handlers_ = &handlers;
    return made;
  }
  SignalSource(const SignalSource&) = delete;
  SignalSource& operator=(const SignalSource&) = delete;

  void add(SignalLink* link) noexcept { links_.push_back(link); }
  // The last one takes the handler along. What came and nobody took is for whoever handled the signal before.
  void remove(SignalLink* link, bool came) noexcept;
  void set_taken() noexcept { taken_ = true; }
  [[nodiscard]] int signal() const noexcept { return signal_; }

  std::uint32_t references = 0;

 private:
  // The loop's callback. It goes with the loop, too.
  class Handler {
   public:
    explicit Handler(LocalPointer<SignalSource> source) noexcept : source_(std::move(source)) {}
    Handler(Handler&&) noexcept = default;
    Handler& operator=(Handler&&) = delete;
    ~Handler() {
      if (source_) source_->handlers_ = nullptr;
    }
    void operator()() const { source_->arrived(); }

   private:
    LocalPointer<SignalSource> source_;
  };

  explicit SignalSource(int signal) noexcept : signal_(signal) {}
  void arrived() noexcept;

  const int signal_;
  bool taken_ = false;
  SignalHandlers* handlers_ = nullptr;  // while it is installed there
  IntrusiveList<SignalLink> links_;
};

// A receiver's share in a source.
struct SignalLink : ListHook {
  SignalLink() noexcept = default;
  SignalLink(const SignalLink&) = delete;
  SignalLink& operator=(const SignalLink&) = delete;
  ~SignalLink() { cut(); }
  void tie(LocalPointer<SignalSource> to, SignalReceiver* with) noexcept {
    receiver = with;
    source = std::move(to);
    source->add(this);
  }
  void cut() noexcept {
    if (source) LocalPointer<SignalSource>(std::move(source))->remove(this, pending);
  }
  SignalReceiver* receiver = nullptr;
  LocalPointer<SignalSource> source;
  bool pending = false;         // it came and was not taken from this receiver
  std::uint64_t arrived_as = 0;  // the order among those
};

class [[nodiscard("no signal is waited for until this is awaited: co_await it")]] SignalAwaiter final : public WaiterOf<SignalReceiver> {
 public:
  explicit SignalAwaiter(SignalReceiver* receiver) noexcept : WaiterOf(receiver) {}
  [[nodiscard]] bool await_ready() const noexcept;
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    wait(frame_of(handle));
  }
  std::optional<int> await_resume();
  void give(int signal) noexcept { signal_ = signal; }

 private:
  void wait(Frame* frame);
  void leave() noexcept override;
  [[nodiscard]] const char* waits_for() const noexcept override { return "a signal"; }
  int signal_ = 0;
};

}  // namespace detail

/// Receives signals while it lives; made by `open_signal_receiver`. While there is a receiver for a signal, its action is not
/// taken: SIGINT no longer cancels `run`. When the last receiver for it has gone, what was before is restored.
///
///     auto signals = eddy::open_signal_receiver({SIGHUP, SIGTERM});
///     while (auto signal = co_await signals.next()) { … }
///
/// Several receivers of a loop may be for the same signal, and each gets it. A signal that comes several times before it is
/// taken counts once, as for the kernel; different ones do not hide each other and are taken in the order in which the
/// loop saw them.
///
/// A signal that has come and that nobody has taken when the last receiver for it goes is raised again, as what was there
/// before is to see it; not if one of its kind was taken before.
///
/// Threads: for its loop's thread. It must outlive its waiters. It may outlive its loop; there is nothing more to receive
/// then. Source: trio.open_signal_receiver.
class SignalReceiver {
 public:
  /// Receives from now on. Errors: std::invalid_argument for an empty set; LoopClosed; RuntimeError while another loop
  /// handles one of them, or `add_signal_handler` does; std::system_error (EINVAL) for SIGKILL and SIGSTOP.
  explicit SignalReceiver(SignalSet signals, EventLoop& loop = get_running_loop())
      : links_(new detail::SignalLink[signals.size()]), size_(signals.size()) {
    if (size_ == 0) throw std::invalid_argument("eddy: a SignalReceiver needs a signal");
    detail::SignalLink* link = links_.get();
    for (int signal = 1; signal <= SignalSet::kLast; ++signal) {
      if (signals.contains(signal)) link++->tie(detail::SignalSource::of(loop, signal), this);
    }
  }
  SignalReceiver(const SignalReceiver&) = delete;
  SignalReceiver& operator=(const SignalReceiver&) = delete;
  ~SignalReceiver() {
    detail::break_waiters(waiters_);
    cut();
  }

  /// Completes with the next signal, or with nothing once the receiver is closed. If several tasks wait, each signal goes to
  /// one of them, in the order in which they came. Does not suspend if one has come already.
  /// Cancellation: stops waiting; a signal that was handed over is delivered all the same. Errors: BrokenResourceError
  /// if the receiver is destroyed.
  [[nodiscard("no signal is waited for until this is awaited: co_await it")]] detail::SignalAwaiter next() noexcept {
    return detail::SignalAwaiter(this);
  }
  /// The next signal if one has come; nothing otherwise. Does not wait.
  [[nodiscard]] std::optional<int> try_next() noexcept {
    detail::SignalLink* link = oldest();
    if (link == nullptr) return std::nullopt;
    link->pending = false;
    link->source->set_taken();
    return link->source->signal();
  }
  /// Ends it: who waits gets nothing, and so does everybody from now on. A second call does nothing.
  void close() noexcept {
    closed_ = true;
    waiters_.wake_all();
    cut();
  }
  /// True once `close` was called.
  [[nodiscard]] bool is_closed() const noexcept { return closed_; }

 private:
  friend detail::SignalSource;
  friend detail::SignalAwaiter;

  void deliver(detail::SignalLink* link) noexcept {
    if (waiters_.empty()) {
      if (!link->pending) link->arrived_as = ++arrivals_;
      link->pending = true;
      return;
    }
    link->source->set_taken();
    static_cast<detail::SignalAwaiter*>(waiters_.front())->give(link->source->signal());
    waiters_.wake_front();
  }
  [[nodiscard]] detail::SignalLink* oldest() const noexcept {
    detail::SignalLink* found = nullptr;
    for (std::size_t i = 0; i < size_; ++i) {
      detail::SignalLink* link = &links_[i];
      if (link->pending && link->source && (found == nullptr || link->arrived_as < found->arrived_as)) found = link;
    }
    return found;
  }
  void cut() noexcept {
    for (std::size_t i = 0; i < size_; ++i) links_[i].cut();
  }

  std::unique_ptr<detail::SignalLink[]> links_;
  std::size_t size_;
  std::uint64_t arrivals_ = 0;
  detail::WaitQueue waiters_;
  bool closed_ = false;
};

/// A receiver for these signals on the running loop: `auto signals = open_signal_receiver({SIGINT, SIGTERM});`. Errors and
/// all else: see SignalReceiver. Source: trio.open_signal_receiver.
[[nodiscard("the receiver is closed at once: keep it in a variable")]] inline SignalReceiver open_signal_receiver(SignalSet signals) {
  return SignalReceiver(signals);
}

/// Completes with the signal when one of these comes: `co_await wait_signal(SIGTERM)`, `co_await wait_signal({SIGINT,
/// SIGTERM})`. It is received while this is awaited, and not before. Cancellation: stops waiting. Errors: as
/// SignalReceiver's. Source: `async with open_signal_receiver` and its first item.
inline Task<int> wait_signal(SignalSet signals) {
  SignalReceiver receiver(signals);
  const std::optional<int> signal = co_await receiver.next();
  co_return *signal;
}

inline void detail::SignalSource::remove(SignalLink* link, bool came) noexcept {
  links_.remove(link);
  if (!links_.empty() || handlers_ == nullptr) return;
  std::exchange(handlers_, nullptr)->remove(signal_, this);
  const bool unseen = handled_signals.came[signal_].exchange(false);  // by the loop
  if ((came || unseen) && !taken_) std::raise(signal_);
}
inline void detail::SignalSource::arrived() noexcept {
  if (links_.empty()) {  // they have gone since it came
    if (!taken_) std::raise(signal_);
    return;
  }
  for (SignalLink* link = links_.front(); link != nullptr; link = links_.after(link)) link->receiver->deliver(link);
}

inline bool detail::SignalAwaiter::await_ready() const noexcept {
  return source_->closed_ || source_->oldest() != nullptr;
}
inline std::optional<int> detail::SignalAwaiter::await_resume() {
  if (signal_ != 0) return signal_;
  check_alive();
  if (source_->closed_) return std::nullopt;
  return source_->try_next();
}
inline void detail::SignalAwaiter::wait(Frame* frame) { wait_in(source_->waiters_, frame); }
inline void detail::SignalAwaiter::leave() noexcept { source_->waiters_.remove(this); }

}  // namespace eddy::inline EDDY_ABI
