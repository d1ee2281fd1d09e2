// Channel: a queue with two ends that can be copied, and that ends when nobody is left at the other one.
//
// Where a Queue is an object that producers and consumers share, a channel belongs to those who hold its ends: the
// receivers' loop is over when the last sender is gone, and senders learn that nobody listens any more.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/flow/exchange.hpp>
#include <eddy/flow/queue_storage.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/task/misuse.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// Thrown by `send` when no receiver is left, and by `receive` when no sender is and all was received. A sender stops
/// making items; a receiver ends its loop, or awaits `next()`, which gives nothing then.
/// Source: trio.BrokenResourceError and EndOfChannel.
class ChannelClosed : public RuntimeError {
 public:
  ChannelClosed() : RuntimeError("eddy: the other end of the channel is closed") {}
};

template <class T>
class Sender;
template <class T>
class Receiver;
template <class T>
struct Channel;

namespace detail {

template <class T>
struct ChannelState final : Exchange<T, RingBuffer<T>, Reserved::does_not_count> {
  explicit ChannelState(std::size_t capacity) noexcept
      : Exchange<T, RingBuffer<T>, Reserved::does_not_count>(capacity) {}
  std::uint32_t references = 0;
  std::size_t senders = 1;
  std::size_t receivers = 1;
};

template <class T>
using ChannelPointer = LocalPointer<ChannelState<T>>;

template <class T>
class [[nodiscard("nothing is sent until this is awaited: co_await it")]] SendAwaiter final
    : public PutAwaiter<ChannelState<T>, ChannelClosed> {
 public:
  using Base = PutAwaiter<ChannelState<T>, ChannelClosed>;
  using Base::Base;
  SendAwaiter(SendAwaiter&& other) : Base(std::move(other)), kept_(static_cast<ChannelState<T>*>(this->exchange_)) {}
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    kept_ = ChannelPointer<T>(static_cast<ChannelState<T>*>(this->exchange_));
    Base::await_suspend(handle);
  }

 private:
  ChannelPointer<T> kept_;  // while it waits, or is kept to be awaited later, the ends may be closed
};

template <class T, class Result>
class [[nodiscard("nothing is received until this is awaited: co_await it")]] ReceiveAwaiter final
    : public GetAwaiter<ChannelState<T>, ChannelClosed> {
 public:
  using Base = GetAwaiter<ChannelState<T>, ChannelClosed>;
  using Base::Base;
  ReceiveAwaiter(ReceiveAwaiter&& other) noexcept
      : Base(std::move(other)), kept_(static_cast<ChannelState<T>*>(this->exchange_)) {}
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    kept_ = ChannelPointer<T>(static_cast<ChannelState<T>*>(this->exchange_));
    Base::await_suspend(handle);
  }
  Result await_resume() {
    if constexpr (!std::is_same_v<Result, T>) {
      if (this->ended()) [[unlikely]] return std::nullopt;
    }
    return this->template take<Result>();
  }

 private:
  ChannelPointer<T> kept_;
};

template <class T>
EDDY_INLINE ChannelState<T>& open_end(const ChannelPointer<T>& state) {
  if (!state) [[unlikely]] throw_misuse("this end of the channel was closed or moved from");
  return *state;
}

}  // namespace detail

/// The end of a channel into which items are sent. A copy is another sender of the same channel, and counts.
/// Threads: for one loop's thread. Source: trio.MemorySendChannel.
template <class T>
class Sender {
 public:
  using value_type = T;

  Sender(const Sender& other) noexcept : state_(other.state_) {
    if (state_) ++state_->senders;
  }
  Sender(Sender&&) noexcept = default;
  Sender& operator=(Sender other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  /// Closes it.
  ~Sender() {
    if (state_) close();
  }

  /// Completes once the channel has taken `value`: it is stored, or promised to a receiver; waits while the channel is
  /// full. With capacity zero: once a receiver has taken it or was woken for it. Does not suspend if there is room.
  ///
  /// Cancellation: an item that the channel has taken stays there and `send` completes; before that the sender leaves
  /// and its item is destroyed with its frame.
  /// Errors: ChannelClosed if every receiver is gone, also while it waits; InvalidStateError if this end is closed; what
  /// T's move throws.
  /// Threads: for one loop's thread. Complexity: constant; waiting allocates nothing.
  /// Source: trio's `send` of a memory channel, tokio's `mpsc::Sender::send`.
  template <class U = T>
    requires std::is_constructible_v<T, U&&>
  [[nodiscard("nothing is sent until this is awaited: co_await it")]] detail::SendAwaiter<T> send(U&& value) const {
    detail::check_awaited_item<U>();
    return detail::SendAwaiter<T>(&detail::open_end(state_), std::in_place, std::forward<U>(value));
  }
  /// The same for a T that is made from `args`.
  template <class... Args>
  [[nodiscard("nothing is sent until this is awaited: co_await it")]] detail::SendAwaiter<T> send(std::in_place_t,
                                                                                              Args&&... args) const {
    return detail::SendAwaiter<T>(&detail::open_end(state_), std::in_place, std::forward<Args>(args)...);
  }
  /// Sends without waiting; false, and `value` is not moved from, if there is no room. Errors: as for `send`.
  template <class U = T>
    requires std::is_constructible_v<T, U&&>
  [[nodiscard("the item was not sent if this is false")]] bool try_send(U&& value) const {
    auto& state = detail::open_end(state_);
    if (state.closed()) throw ChannelClosed();
    if (!state.has_room()) return false;
    state.store(detail::StoredItem<T>(std::in_place, std::forward<U>(value)));
    return true;
  }
  /// True if every receiver is gone, or this end is closed.
  [[nodiscard]] bool closed() const noexcept { return !state_ || state_->receivers == 0; }
  /// Gives up this end. After the last sender's, receivers get what is left in the channel, then its end. A second call
  /// does nothing.
  EDDY_NOINLINE void close() noexcept {
    if (!state_) return;
    const auto state = std::move(state_);
    if (--state->senders == 0) state->close();
  }

 private:
  friend Channel<T>;
  explicit Sender(detail::ChannelPointer<T> state) noexcept : state_(std::move(state)) {}
  detail::ChannelPointer<T> state_;
};

/// The end of a channel from which items are received: `while (auto item = co_await receiver.next()) …`. A copy is
/// another receiver of the same channel; each item goes to one of them. Threads: for one loop's thread.
/// Source: trio.MemoryReceiveChannel.
template <class T>
class Receiver {
 public:
  using value_type = T;

  Receiver(const Receiver& other) noexcept : state_(other.state_) {
    if (state_) ++state_->receivers;
  }
  Receiver(Receiver&&) noexcept = default;
  Receiver& operator=(Receiver other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  /// Closes it.
  ~Receiver() {
    if (state_) close();
  }

  /// Completes with the next item, or with nothing once every sender is gone and all items are received, again and again
  /// then. Does not suspend if there is an item that no earlier receiver was promised. So a loop over all items is
  /// `while (auto item = co_await receiver.next()) …`.
  ///
  /// Cancellation: a receiver that was promised an item still gets it.
  /// Errors: InvalidStateError if this end is closed; what T's move throws, the item then stays in the channel.
  /// Threads: for one loop's thread. Complexity: constant; waiting allocates nothing.
  /// Source: trio's `async for` over a memory channel, tokio's `mpsc::Receiver::recv`.
  [[nodiscard("nothing is received until this is awaited: co_await it")]] detail::ReceiveAwaiter<T, std::optional<T>> next()
      const {
    return detail::ReceiveAwaiter<T, std::optional<T>>(&detail::open_end(state_));
  }
  /// As `next`, for one item that must come: at the channel's end it throws ChannelClosed.
  [[nodiscard("nothing is received until this is awaited: co_await it")]] detail::ReceiveAwaiter<T, T> receive() const {
    return detail::ReceiveAwaiter<T, T>(&detail::open_end(state_));
  }
  /// Receives without waiting: nothing if there is no item now; `closed` tells whether one may still come.
  /// Errors: InvalidStateError if this end is closed.
  [[nodiscard]] std::optional<T> try_receive() const {
    auto& state = detail::open_end(state_);
    if (!state.find_item()) return std::nullopt;
    return state.template take<std::optional<T>>();
  }
  /// True if no item will ever come here: every sender is gone and everything was received, or this end is closed.
  [[nodiscard]] bool closed() const noexcept { return !state_ || (state_->closed() && !state_->has_item()); }
  /// Gives up this end. After the last receiver's, the items that nobody was promised are destroyed, and whoever sends
  /// gets ChannelClosed. A second call does nothing.
  EDDY_NOINLINE void close() noexcept {
    if (!state_) return;
    const auto state = std::move(state_);
    if (--state->receivers > 0) return;
    state->close();
    state->drop();
  }

 private:
  friend Channel<T>;
  explicit Receiver(detail::ChannelPointer<T> state) noexcept : state_(std::move(state)) {}
  detail::ChannelPointer<T> state_;
};

/// Both ends of a new channel: `auto [sender, receiver] = eddy::channel<int>(8);`. It holds `capacity` items, in the
/// order of sending. Zero makes each `send` wait for a receiver: a rendezvous. `Channel<T>::unbounded` never waits.
///
/// Waiting senders and receivers are served in the order of arrival, nobody overtakes; items and slots are handed over
/// as in Queue, except that an item that was promised to a receiver needs no capacity any more. The ends may outlive this
/// object and one another. If the last end of a side is closed while it waits in `send` or `next`, the wait ends with
/// ChannelClosed, or with nothing.
/// Complexity: constant; one allocation, and as for Queue. Source: trio.open_memory_channel.
template <class T>
struct Channel {
  /// The capacity of a channel that is never full.
  static constexpr std::size_t unbounded = SIZE_MAX;

  explicit Channel(std::size_t capacity) : Channel(detail::ChannelPointer<T>(new detail::ChannelState<T>(capacity))) {}

  Sender<T> sender;      ///< where items go in
  Receiver<T> receiver;  ///< where they come out

 private:
  explicit Channel(const detail::ChannelPointer<T>& state) noexcept : sender(state), receiver(state) {}
};

/// Makes a channel; see Channel.
template <class T>
[[nodiscard]] Channel<T> channel(std::size_t capacity) {
  return Channel<T>(capacity);
}

}  // namespace eddy::inline EDDY_ABI
