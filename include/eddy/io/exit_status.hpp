// ExitStatus: how a process has ended.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <cstring>
#include <optional>
#include <string>
#include <sys/wait.h>

namespace eddy::inline EDDY_ABI {

/// How a process has ended: with an exit code, or by a signal.
class ExitStatus {
 public:
  /// Ended with `code`.
  static constexpr ExitStatus exited(int code) noexcept { return ExitStatus(code, 0, false); }
  /// Ended by `signal`.
  static constexpr ExitStatus killed(int signal, bool dumped = false) noexcept { return ExitStatus(0, signal, dumped); }

  /// True for the exit code 0.
  [[nodiscard]] constexpr bool success() const noexcept { return code_ == 0 && signal_ == 0; }
  /// The exit code, 0 to 255; nothing if a signal has ended it.
  [[nodiscard]] constexpr std::optional<int> code() const noexcept {
    return signal_ == 0 ? std::optional<int>(code_) : std::nullopt;
  }
  /// The number of the signal that has ended it; nothing if it has ended with an exit code.
  [[nodiscard]] constexpr std::optional<int> signal() const noexcept {
    return signal_ != 0 ? std::optional<int>(signal_) : std::nullopt;
  }
  /// True if it has left a core dump.
  [[nodiscard]] constexpr bool core_dumped() const noexcept { return core_dumped_; }
  /// Both in one number: the exit code, or the signal's number negated. Source: asyncio's Process.returncode.
  [[nodiscard]] constexpr int returncode() const noexcept { return signal_ == 0 ? code_ : -signal_; }
  /// "exited with code 3", "killed by SIGKILL", "killed by signal 40", with ", core dumped" behind it if that is so.
  [[nodiscard]] std::string to_string() const {
    if (signal_ == 0) return "exited with code " + std::to_string(code_);
    std::string text = "killed by signal " + std::to_string(signal_);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
    if (const char* name = ::sigabbrev_np(signal_)) text = std::string("killed by SIG") + name;
#endif
    return core_dumped_ ? text + ", core dumped" : text;
  }
  friend constexpr bool operator==(const ExitStatus&, const ExitStatus&) = default;

 private:
  constexpr ExitStatus(int code, int signal, bool core_dumped) noexcept
      : code_(code), signal_(signal), core_dumped_(core_dumped) {}

  int code_;
  int signal_;
  bool core_dumped_;
};

namespace detail {

// What waitid has said of a process that has ended.
inline ExitStatus exit_status_of(const siginfo_t& about) noexcept {
  if (about.si_code == CLD_EXITED) return ExitStatus::exited(about.si_status);
  return ExitStatus::killed(about.si_status, about.si_code == CLD_DUMPED);
}

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
