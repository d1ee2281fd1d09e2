// Makes system calls fail on purpose: `read`, `send` and their like, of the whole test program.
//
// tests/support/system_faults.cpp defines functions of these names, which the linker prefers to the C library's. They
// count, ask the injection that is in force, and then do what the real ones do. `read`, `write` and `close` are counted by
// what they are called for: "read/file", "read/folder", "read/pipe", "read/socket", "read/device" and "read/event", which is what
// wakes a loop.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace test::faults {

// ThreadSanitizer has to see the calls themselves, to know what happens before what.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool kAvailable = false;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr bool kAvailable = false;
#else
inline constexpr bool kAvailable = true;
#endif
#else
inline constexpr bool kAvailable = true;
#endif

// Instead of an error's number: the call moves one byte at most.
inline constexpr int kOneByte = -1;

// While it lives no call of this thread is counted or fails: it is the test's own. Not across a co_await.
class Pause {
 public:
  Pause() noexcept { ++depth(); }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;
  ~Pause() { --depth(); }
  static bool in_force() noexcept { return depth() > 0; }

 private:
  static int& depth() noexcept {
    static thread_local int all = 0;
    return all;
  }
};

// In force from its making to its end; one at a time.
class Injection {
 public:
  // Only counts.
  Injection() { current() = this; }
  // The `nth` call of `name` from now on, from 1, fails with `error`; once, or that one and all later ones.
  Injection(std::string name, std::size_t nth, int error, bool all_later = false)
      : name_(std::move(name)), nth_(nth), error_(error), all_later_(all_later) {
    current() = this;
  }
  // Each call of those that move bytes fails with one of `errors`, or moves one byte, with a probability of one in `rarity`.
  Injection(std::uint64_t seed, std::uint64_t rarity, const int* errors, std::size_t count)
      : random_(seed * 0x9E3779B97F4A7C15U + 1), rarity_(rarity), errors_(errors), count_(count) {
    current() = this;
  }
  Injection(const Injection&) = delete;
  Injection& operator=(const Injection&) = delete;
  ~Injection() { current() = nullptr; }

  // How often each was called.
  [[nodiscard]] std::map<std::string, std::size_t> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  // How many calls were made to fail.
  [[nodiscard]] std::size_t injected() {
    const std::lock_guard lock(mutex_);
    return injected_;
  }

  // For the functions that stand before the C library's.
  static bool in_force() { return current().load() != nullptr && !Pause::in_force(); }
  // The error that this call is to fail with, if any.
  static std::optional<int> ask(const char* name, bool moves_bytes) {
    return in_force() ? current().load()->decide(name, moves_bytes) : std::nullopt;
  }

 private:
  static std::atomic<Injection*>& current() {
    static std::atomic<Injection*> injection{nullptr};
    return injection;
  }
  std::optional<int> decide(const char* name, bool moves_bytes) {
    const std::lock_guard lock(mutex_);
    const std::size_t nth = ++calls_[name];
    std::optional<int> error;
    if (count_ > 0) {
      if (moves_bytes && next() % rarity_ == 0) error = errors_[next() % count_];
    } else if (name_ == name && (nth == nth_ || (all_later_ && nth > nth_)) && (error_ != kOneByte || moves_bytes)) {
      error = error_;
    }
    if (error) ++injected_;
    return error;
  }
  std::uint64_t next() {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return random_ >> 16;
  }

  std::mutex mutex_;
  std::map<std::string, std::size_t> calls_;
  std::size_t injected_ = 0;
  std::string name_;
  std::size_t nth_ = 0;
  int error_ = 0;
  bool all_later_ = false;
  std::uint64_t random_ = 0;
  std::uint64_t rarity_ = 1;
  const int* errors_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace test::faults
