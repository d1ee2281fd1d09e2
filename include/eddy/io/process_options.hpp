// Arguments, Environment, Redirect and ProcessOptions: what a program is started with.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

/// A program and its arguments, each of which reaches it as it is: no shell looks at them. Made from strings in braces,
/// `{"sort", "-n"}`, or from a vector. A program without a slash is looked for along PATH.
class Arguments {
 public:
  /// `program` and what it is given. Errors: std::invalid_argument for an empty program and for a zero byte.
  template <class... Rest>
    requires(std::convertible_to<const Rest&, std::string_view> && ...)
  Arguments(std::string_view program, const Rest&... rest) {
    all_.reserve(1 + sizeof...(rest));
    all_.emplace_back(program);
    (all_.emplace_back(std::string_view(rest)), ...);
    check();
  }
  template <class... Rest>
    requires(std::convertible_to<const Rest&, std::string_view> && ...)
  Arguments(const char* program, const Rest&... rest) : Arguments(std::string_view(program), rest...) {}
  template <class... Rest>
    requires(std::convertible_to<const Rest&, std::string_view> && ...)
  Arguments(const std::string& program, const Rest&... rest) : Arguments(std::string_view(program), rest...) {}
  /// The same; the first is the program. Errors: std::invalid_argument also if it is empty.
  Arguments(std::vector<std::string> all) : all_(std::move(all)) { check(); }

  /// The program, as it was given.
  [[nodiscard]] const std::string& program() const noexcept { return all_.front(); }
  /// The program and its arguments.
  [[nodiscard]] const std::vector<std::string>& all() const noexcept { return all_; }

 private:
  void check() const {
    if (all_.empty() || all_.front().empty()) throw std::invalid_argument("eddy: a process needs a program to run");
    for (const std::string& one : all_) {
      if (one.find('\0') != std::string::npos)
        throw std::invalid_argument("eddy: an argument of a program cannot have a zero byte in it");
    }
  }

  std::vector<std::string> all_;
};

/// The environment of a process: names and values.
class Environment {
 public:
  /// Empty.
  Environment() = default;
  /// A copy of this process's own. Threads: nothing else may change it meanwhile. Source: dict(os.environ).
  [[nodiscard]] static Environment current() {
    Environment own;
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) own.entries_.emplace_back(*entry);
    return own;
  }
  /// Sets a variable, in place of what it had before. Errors: std::invalid_argument for an empty name, one with "=", and a
  /// zero byte.
  Environment& set(std::string_view name, std::string_view value) {
    if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string_view::npos ||
        value.find('\0') != std::string_view::npos)
      throw std::invalid_argument("eddy: this cannot be a variable of an environment: its name is empty or has \"=\" in it, or "
                                  "there is a zero byte");
    unset(name);
    std::string entry(name);
    entry += '=';
    entry += value;
    entries_.push_back(std::move(entry));
    return *this;
  }
  /// Takes a variable out; one that is not there is no error.
  Environment& unset(std::string_view name) {
    std::erase_if(entries_, [name](const std::string& entry) {
      return entry.size() > name.size() && entry[name.size()] == '=' && entry.compare(0, name.size(), name) == 0;
    });
    return *this;
  }
  /// All of it, as "NAME=value".
  [[nodiscard]] const std::vector<std::string>& entries() const noexcept { return entries_; }

 private:
  std::vector<std::string> entries_;
};

/// Where a stream of a child process leads.
class Redirect {
 public:
  /// To the same place as this process's own.
  constexpr Redirect() = default;
  /// To the same place as this process's own.
  static constexpr Redirect inherit() noexcept { return {}; }
  /// Nowhere: reads see the end, writes vanish. Source: subprocess.DEVNULL.
  static constexpr Redirect null() noexcept { return Redirect(Kind::null, -1); }
  /// To a pipe, whose other end is `Process::input`, `output` or `errors`. Source: subprocess.PIPE.
  static constexpr Redirect pipe() noexcept { return Redirect(Kind::pipe, -1); }
  /// To an open descriptor, which stays the caller's and may be closed after the start. Few programs cope with one that is
  /// non-blocking, as those of eddy's streams are.
  static constexpr Redirect descriptor(int fd) noexcept { return Redirect(Kind::descriptor, fd); }
  /// For `errors`: to wherever the output goes. Source: subprocess.STDOUT.
  static constexpr Redirect to_output() noexcept { return Redirect(Kind::to_output, -1); }

  /// Which of these it is.
  enum class Kind : unsigned char {
    inherit,     ///< `Redirect::inherit`
    null,        ///< `Redirect::null`
    pipe,        ///< `Redirect::pipe`
    descriptor,  ///< `Redirect::descriptor`
    to_output,   ///< `Redirect::to_output`
  };
  /// Which of these it is.
  [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
  /// The descriptor's number; -1 if it is of another kind.
  [[nodiscard]] constexpr int fd() const noexcept { return fd_; }

 private:
  constexpr Redirect(Kind kind, int fd) noexcept : fd_(fd), kind_(kind) {}
  int fd_ = -1;
  Kind kind_ = Kind::inherit;
};

/// Whether a child begins a process group of its own. If it does, then `terminate`, `kill` and whatever else ends it reach
/// all processes of the group, its own children too, and a terminal's Ctrl-C does not.
enum class ProcessGroup : unsigned char {
  automatic,  ///< a shell does, another program does not
  own,        ///< it does
  shared,     ///< it does not: it stays in this process's group
};

/// How a program is started. The strings and the environment are copied by whoever takes these options.
struct ProcessOptions {
  Redirect input{};                           ///< its standard input
  Redirect output{};                          ///< its standard output
  Redirect errors{};                          ///< its standard error
  std::string_view cwd{};                     ///< the folder it starts in; empty: this process's. A relative program is looked for there
  const Environment* environment = nullptr;   ///< null: this process's. PATH is looked up in this process's in any case
  ProcessGroup group = ProcessGroup::automatic;  ///< see ProcessGroup
  bool new_session = false;                   ///< it begins a session, without a terminal, and with it a group of its own
};

}  // namespace eddy::inline EDDY_ABI
