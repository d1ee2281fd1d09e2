// The parts of a pool that its users and its tasks hold: members, leases without their type, and the two awaiters.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/intrusive_list.hpp>
#include <eddy/base/time.hpp>
#include <eddy/sync/sync_waiter.hpp>
#include <eddy/task/current_task.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// The pool was closed: it gives no more members, so end what needs one, or close the pool later. Source: asyncpg's
/// InterfaceError "pool is closed".
class PoolClosed : public RuntimeError {
 public:
  PoolClosed() : RuntimeError("eddy: the pool was closed") {}
};

/// How many members a Pool has, and for how long. Times are the loop's clock's.
struct PoolOptions {
  std::size_t max_size = 10;  ///< members at once, those being made and closed included; zero is refused
  std::size_t max_idle = std::numeric_limits<std::size_t>::max();  ///< members kept while nobody uses them; zero keeps none
  TimeLimit idle_timeout = std::nullopt;  ///< how long a member may be idle
  TimeLimit max_lifetime = std::nullopt;  ///< how old a member may become; one that is in use is closed when it is given back
};

/// What a Pool holds at the moment, and what it has done so far.
struct PoolStatistics {
  std::size_t size = 0;         ///< members, those being made, checked and closed included
  std::size_t idle = 0;         ///< members that nobody uses
  std::size_t in_use = 0;       ///< members that are leased
  std::size_t waiting = 0;      ///< tasks that wait for a member
  std::uint64_t created = 0;    ///< members made so far
  std::uint64_t discarded = 0;  ///< members thrown away so far: broken, unhealthy, expired, too many, or closed with the pool
  std::uint64_t failed = 0;     ///< calls of the factory that failed
};

namespace detail {

class PoolCore;

// Counts for the core, which is complete in pool_core.hpp only.
class PoolPointer {
 public:
  PoolPointer() noexcept = default;
  explicit PoolPointer(PoolCore* core) noexcept;
  PoolPointer(PoolPointer&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
  PoolPointer& operator=(PoolPointer other) noexcept {
    std::swap(core_, other.core_);
    return *this;
  }
  ~PoolPointer();
  PoolCore* operator->() const noexcept { return core_; }
  [[nodiscard]] explicit operator bool() const noexcept { return core_ != nullptr; }

 private:
  PoolCore* core_ = nullptr;
};

struct PoolMember : ListHook {
  PoolMember() = default;
  PoolMember(const PoolMember&) = delete;
  PoolMember& operator=(const PoolMember&) = delete;
  virtual ~PoolMember() = default;
  TimePoint dies = TimePoint::max();     // by its age
  TimePoint expires = TimePoint::max();  // while it is idle
  std::uint32_t generation = 0;          // of loops that the pool has seen
};

// A member that is leased. It goes back when this ends, or is discarded if it was used and its task is being stopped.
class PoolHolder {
 public:
  PoolHolder() noexcept = default;
  PoolHolder(PoolCore* core, PoolMember* member) noexcept : core_(core), member_(member) {}
  PoolHolder(PoolHolder&& other) noexcept
      : core_(std::move(other.core_)), member_(std::exchange(other.member_, nullptr)), used_(other.used_) {}
  PoolHolder& operator=(PoolHolder other) noexcept {
    std::swap(core_, other.core_);
    std::swap(member_, other.member_);
    std::swap(used_, other.used_);
    return *this;
  }
  ~PoolHolder();
  void end(bool discard) noexcept;
  [[nodiscard]] bool empty() const noexcept { return member_ == nullptr; }
  // The member, which its holder is going to use.
  [[nodiscard]] PoolMember* use() noexcept {
    used_ = true;
    return member_;
  }

 private:
  PoolPointer core_;
  PoolMember* member_ = nullptr;
  bool used_ = false;
};

// A slot, with a member that is to be checked or without, in the hands of a task that is to fill it.
class PoolSupply : public ListHook {
 public:
  PoolSupply(PoolCore* core, PoolMember* member) noexcept : core_(core), member_(member) {}
  PoolSupply(PoolSupply&& other) noexcept
      : ListHook(), core_(std::move(other.core_)), member_(std::exchange(other.member_, nullptr)) {}
  PoolSupply& operator=(PoolSupply&&) = delete;
  ~PoolSupply();  // nothing came of it: the task was stopped
  [[nodiscard]] PoolMember* member() const noexcept { return member_; }
  // The task runs: from now on closing the pool stops it. False if the pool is closed already.
  [[nodiscard]] bool begin();
  void deliver(PoolMember* member) noexcept;
  void unhealthy() noexcept;
  void fail(std::exception_ptr error) noexcept;

 private:
  friend PoolCore;
  PoolPointer take() noexcept;  // ends the supply

  PoolPointer core_;
  PoolMember* member_;
  TaskRef task_;
};

// A member that is being closed.
class PoolClosing {
 public:
  PoolClosing(PoolCore* core, PoolMember* member) noexcept : core_(core), member_(member) {}
  PoolClosing(PoolClosing&& other) noexcept
      : core_(std::move(other.core_)), member_(std::exchange(other.member_, nullptr)) {}
  PoolClosing& operator=(PoolClosing&&) = delete;
  ~PoolClosing();
  [[nodiscard]] PoolMember* member() const noexcept { return member_; }

 private:
  PoolPointer core_;
  PoolMember* member_;
};

class PoolWaiter : public WaiterOf<PoolCore> {
 public:
  explicit PoolWaiter(PoolCore* core) noexcept : WaiterOf(core) {}
  PoolWaiter(PoolWaiter&&) noexcept = default;
  void give(PoolHolder holder) noexcept { holder_ = std::move(holder); }
  void refuse(std::exception_ptr error) noexcept { error_ = std::move(error); }
  [[nodiscard]] bool await_ready();
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    wait(frame_of(handle));
  }

 protected:
  ~PoolWaiter() = default;
  [[nodiscard]] PoolHolder take() {
    if (holder_.empty()) throw_refused();
    return std::move(holder_);
  }

 private:
  void wait(Frame* frame);
  void leave() noexcept override;
  [[nodiscard]] const char* waits_for() const noexcept override { return "a pool's member"; }
  [[noreturn]] EDDY_COLD void throw_refused() {
    if (error_) std::rethrow_exception(std::move(error_));
    check_alive();
    throw PoolClosed();
  }
  PoolHolder holder_;
  std::exception_ptr error_;
};

class [[nodiscard("nothing is closed until this is awaited: co_await it")]] PoolCloseAwaiter final : public WaiterOf<PoolCore> {
 public:
  explicit PoolCloseAwaiter(PoolCore* core) noexcept : WaiterOf(core) {}
  [[nodiscard]] bool await_ready() noexcept;
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    wait(frame_of(handle));
  }
  void await_resume() const { check_alive(); }

 private:
  void wait(Frame* frame);
  void leave() noexcept override;
  [[nodiscard]] const char* waits_for() const noexcept override { return "a pool's members to come back"; }
};

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
