// ForeignDriver: drives a C library that has a state machine of its own: libcurl's multi interface, libpq, hiredis.
//
// Such a library never waits. It says which of its descriptors it wants to read from or write to, and when it wants to
// be called at the latest; and it is called then. docs/foreign-libraries.md has the glue for the three, and more to
// follow: it is a dozen lines each.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callback.hpp>
#include <eddy/base/error.hpp>
#include <eddy/base/scope_exit.hpp>
#include <eddy/base/time.hpp>
#include <eddy/io/adopted_descriptors.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/handle.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>
#include <sys/stat.h>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

// What a descriptor stands for, to notice that its number has come to stand for something else.
struct FileIdentity {
  dev_t device = 0;
  ino_t file = 0;
  // False if it stands for nothing.
  [[nodiscard]] bool read(int fd) noexcept {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return false;
    device = status.st_dev;
    file = status.st_ino;
    return true;
  }
  bool operator==(const FileIdentity&) const = default;
};

// Shared by a driver and the callbacks that the loop has, one for each descriptor and direction.
class ForeignState final : AdoptedDescriptors::Owner {
 public:
  using OnReady = Callback<void(int, bool, bool)>;

  ForeignState(OnReady on_ready, Callback<void()> on_timer, EventLoop& loop) noexcept
      : loop_(loop), on_ready_(std::move(on_ready)), on_timer_(std::move(on_timer)), adopted_(loop, *this) {}
  ForeignState(const ForeignState&) = delete;
  ForeignState& operator=(const ForeignState&) = delete;

  [[nodiscard]] std::size_t watched() const noexcept { return entries_.size() + adopted_.watched(); }
  void watch(int fd, bool read, bool write) {
    FileIdentity identity;
    check_open();
    if (adopted_.has(fd)) return adopted_.watch(fd, read, write);
    if (!identity.read(fd)) throw std::system_error(errno, std::generic_category());
    const auto found = entries_.find(fd);
    if (found != entries_.end() && found->second.identity != identity) unwatch(fd);  // closed and opened again
    entries_[fd].identity = identity;
    try {
      change(fd, Interest::read, read);
      change(fd, Interest::write, write);
    } catch (...) {
      unwatch(fd);
      throw;
    }
  }
  void adopt(int fd) {
    check_open();
    adopted_.adopt(fd);
  }
  void release(int fd) noexcept { adopted_.release(fd); }
  void unwatch(int fd) noexcept {
    if (adopted_.has(fd)) return adopted_.unwatch(fd);
    const auto found = entries_.find(fd);
    if (found == entries_.end()) return;
    // In this order, since what the loop destroys asks for the entry.
    if (std::exchange(found->second.reader, 0U) != 0) loop_.remove_reader(fd);
    if (std::exchange(found->second.writer, 0U) != 0) loop_.remove_writer(fd);
    entries_.erase(found);
  }
  void set_timer(TimeLimit delay) {
    timer_.cancel();
    if (closed_ || !delay.limited()) return;
    timer_ = loop_.call_later(delay.duration(), [self = LocalPointer<ForeignState>(this)] {
      if (self->on_timer_) self->on_timer_();
    });
  }
  void close() noexcept {
    closed_ = true;
    timer_.cancel();
    while (!entries_.empty()) unwatch(entries_.begin()->first);
    adopted_.close();
  }

  std::uint32_t references = 0;

 private:
  // What the loop was told for a descriptor. The number is its callback's, zero if there is none.
  struct Entry {
    FileIdentity identity;
    std::uint32_t reader = 0;
    std::uint32_t writer = 0;
    std::uint32_t& number(Interest interest) noexcept { return interest == Interest::read ? reader : writer; }
  };

  // The loop's callback. It may be destroyed by others: by the end of the loop, and by another driver that watches a
  // descriptor of the same number, which this one's library has closed without a word.
  class Watch {
   public:
    Watch(ForeignState* state, int fd, Interest interest, std::uint32_t number) noexcept
        : state_(state), fd_(fd), number_(number), interest_(interest) {}
    Watch(Watch&&) noexcept = default;
    Watch& operator=(Watch&&) = delete;
    ~Watch() {
      if (state_) state_->lose(fd_, interest_, number_);
    }
    void operator()() const { LocalPointer<ForeignState>(state_)->call(fd_, interest_, number_); }

   private:
    LocalPointer<ForeignState> state_;
    int fd_;
    std::uint32_t number_;
    Interest interest_;
  };

  void run() noexcept override {
    const LocalPointer<ForeignState> self(this);
    adopted_.tell_all();
  }
  void tell(int fd, bool readable, bool writable) override {
    if (readable) on_ready_(fd, true, false);
    if (writable && adopted_.wants_write(fd)) on_ready_(fd, false, true);
  }
  void check_open() const {
    if (closed_) throw std::system_error(ECANCELED, std::generic_category());
  }
  void change(int fd, Interest interest, bool wanted) {
    std::uint32_t& number = entries_[fd].number(interest);
    if (wanted == (number != 0)) return;
    const bool reads = interest == Interest::read;
    if (!wanted) {
      number = 0;
      reads ? loop_.remove_reader(fd) : loop_.remove_writer(fd);
      return;
    }
    if (++last_number_ == 0) ++last_number_;
    Callback<void()> callback(Watch(this, fd, interest, last_number_));
    number = last_number_;
    reads ? loop_.add_reader(fd, std::move(callback)) : loop_.add_writer(fd, std::move(callback));
  }
  // The entry of this callback, unless it is not its own any more; then null.
  [[nodiscard]] Entry* find(int fd, Interest interest, std::uint32_t number) noexcept {
    const auto found = entries_.find(fd);
    return found != entries_.end() && found->second.number(interest) == number ? &found->second : nullptr;
  }
  void lose(int fd, Interest interest, std::uint32_t number) noexcept {
    if (Entry* entry = find(fd, interest, number)) entry->number(interest) = 0;
  }
  void call(int fd, Interest interest, std::uint32_t number) {
    if (!is_what_it_was(fd, interest, number)) return;
    // The loop is about to watch it again; what was closed meanwhile would be an error, or somebody else's.
    const ScopeExit check([&]() noexcept { static_cast<void>(is_what_it_was(fd, interest, number)); });
    on_ready_(fd, interest == Interest::read, interest == Interest::write);
  }
  // False, and it is not watched any more, if the descriptor has been closed, or closed and opened again.
  [[nodiscard]] bool is_what_it_was(int fd, Interest interest, std::uint32_t number) noexcept {
    const Entry* const entry = find(fd, interest, number);
    if (entry == nullptr) return false;
    FileIdentity present;
    // An error of looking at it does not mean that it is closed.
    if (present.read(fd) ? present == entry->identity : errno != EBADF) return true;
    unwatch(fd);
    return false;
  }

  EventLoop& loop_;
  OnReady on_ready_;
  Callback<void()> on_timer_;
  std::unordered_map<int, Entry> entries_;
  AdoptedDescriptors adopted_;
  TimerHandle timer_;
  std::uint32_t last_number_ = 0;
  bool closed_ = false;
};

// The result of `call()` as a C function would give it.
template <class F>
std::error_code error_of(F call) noexcept {
  try {
    call();
  } catch (const std::system_error& error) {
    return error.code();
  } catch (const std::bad_alloc&) {
    return std::make_error_code(std::errc::not_enough_memory);
  } catch (const BusyResourceError&) {
    return std::make_error_code(std::errc::device_or_resource_busy);
  } catch (...) {  // LoopClosed, or another thread than the loop's
    return std::make_error_code(std::errc::operation_canceled);
  }
  return {};
}

}  // namespace detail

/// Calls a library when its descriptors are ready and when its time has come.
///
///     eddy::ForeignDriver driver([&](int fd, bool readable, bool writable) { … }, [&] { … });
///
/// The library, or its glue, says what it wants by `watch` and `set_timer`, at any time, also inside of the two
/// functions. They are called by the loop, outside of every task; whoever waits for a result waits for an Event or a Future
/// that they set. What they throw goes to the exception handler, and they are called again.
///
/// Readiness is level-triggered: `on_ready` is called again as long as the descriptor is ready. It is called for one
/// direction at a time. An error or a hang-up counts as ready in each direction that is watched.
///
/// A descriptor should be unwatched before it is closed; one that the library closes first is forgotten without an
/// error, and whatever gets its number next never causes a call (only kinds of files without an identity of their own,
/// such as an eventfd, cannot be told apart). There may be several drivers in a loop. If two watch the same
/// descriptor, the last one has it.
///
/// The functions of this class throw nothing once it is made, since C code calls them. A driver may be destroyed inside
/// of its own functions, and after its loop. Threads: the loop's. Complexity: constant; each call costs four system
/// calls, for a descriptor that was adopted none. Source: asyncio's add_reader and add_writer,
/// curl_multi_socket_action's two callbacks.
class ForeignDriver {
 public:
  /// Called as `on_ready(fd, readable, writable)`.
  using OnReady = Callback<void(int, bool, bool)>;

  /// A driver on `loop` that watches nothing yet. A library without timers needs no `on_timer`: nullptr.
  ForeignDriver(OnReady on_ready, Callback<void()> on_timer, EventLoop& loop = get_running_loop())
      : state_(new detail::ForeignState(std::move(on_ready), std::move(on_timer), loop)) {}
  ForeignDriver(const ForeignDriver&) = delete;
  ForeignDriver& operator=(const ForeignDriver&) = delete;
  ~ForeignDriver() { close(); }

  /// Calls `on_ready` whenever `fd` is ready for what is asked, from now on; replaces what was asked for it before. Both
  /// false: as `unwatch`. Errors, given and not thrown: EBADF, EPERM for a regular file, EBUSY while a task waits for the
  /// same, ENOMEM, ECANCELED once the driver or the loop is closed; it is not watched at all then.
  [[nodiscard]] std::error_code watch(int fd, bool read, bool write) noexcept {
    if (read || write) return detail::error_of([&] { state_->watch(fd, read, write); });
    unwatch(fd);
    return {};
  }
  /// Does not watch it any more; a call that is due is not made. Nothing happens if it was not watched, or is closed.
  void unwatch(int fd) noexcept { state_->unwatch(fd); }
  /// For a descriptor whose end the library announces: whoever calls this calls `release` before the descriptor is
  /// closed. To watch it, and to stop and watch it again for the same, then costs no system call, as connections that
  /// are kept want it. Errors, given and not thrown: EBADF, ENOMEM, ECANCELED.
  [[nodiscard]] std::error_code adopt(int fd) noexcept {
    return detail::error_of([&] { state_->adopt(fd); });
  }
  /// Ends `adopt`, and does not watch it any more. Nothing happens if it was not adopted.
  void release(int fd) noexcept { state_->release(fd); }
  /// Calls `on_timer` once, when `delay` has passed, by the loop's clock; zero and less: in the next pass. Replaces the
  /// time that was set before; `std::nullopt` only takes that back. Errors, given and not thrown: ENOMEM, ECANCELED.
  std::error_code set_timer(TimeLimit delay) noexcept {
    return detail::error_of([&] { state_->set_timer(delay); });
  }
  /// How many descriptors are watched.
  [[nodiscard]] std::size_t watched() const noexcept { return state_->watched(); }
  /// Ends it: nothing is watched and nothing called any more. The destructor does the same.
  void close() noexcept { state_->close(); }

 private:
  detail::LocalPointer<detail::ForeignState> state_;
};

}  // namespace eddy::inline EDDY_ABI
