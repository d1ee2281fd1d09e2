// run_process and run_shell: a program from its start to its end, and what it wrote.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/combine/finally.hpp>
#include <eddy/io/process.hpp>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// How `run_process` runs a program. The strings and the environment are copied by the call.
struct RunProcessOptions {
  std::string_view input{};                    ///< what it reads from its standard input, and then the end
  Redirect output = Redirect::pipe();          ///< a pipe: it is read, and in the result
  Redirect errors = Redirect::pipe();          ///< the same
  std::string_view cwd{};                      ///< as ProcessOptions::cwd
  const Environment* environment = nullptr;    ///< as ProcessOptions::environment
  ProcessGroup group = ProcessGroup::automatic;  ///< see ProcessGroup
  bool new_session = false;                    ///< as ProcessOptions::new_session
  bool check = false;                          ///< throws CalledProcessError unless it succeeds
  std::size_t limit = kDefaultOutputLimit;     ///< more bytes than this of one stream are LimitOverrunError
  Duration grace = std::chrono::seconds(2);    ///< between SIGTERM and SIGKILL when it is cancelled; `run` itself waits 5 s
};

class CalledProcessError;

/// A program that has ended. Source: subprocess.CompletedProcess.
struct CompletedProcess {
  CompletedProcess(std::string its_program, ExitStatus its_status, ProcessOutput written)
      : program(std::move(its_program)), status(its_status), output(std::move(written.output)), errors(std::move(written.errors)) {}

  /// Throws CalledProcessError unless the program succeeded, and gives this. Source: CompletedProcess.check_returncode.
  const CompletedProcess& check() const&;
  /// The same, to be moved from.
  CompletedProcess&& check() &&;

  std::string program;  ///< as it was given
  ExitStatus status;    ///< how it ended
  std::string output;   ///< what it wrote to its standard output, if that was a pipe
  std::string errors;   ///< what it wrote to its standard error, if that was a pipe
};

/// A program that was to succeed has not: it ended with another exit code than 0, or by a signal. `what()` has the last line of
/// its errors, and all of it is in the error; without `check` the status is given instead. Source:
/// subprocess.CalledProcessError.
class CalledProcessError : public std::runtime_error {
 public:
  explicit CalledProcessError(CompletedProcess process) : std::runtime_error(describe(process)), process_(std::move(process)) {}
  /// What ended, and what it wrote.
  [[nodiscard]] const CompletedProcess& process() const noexcept { return process_; }

 private:
  static std::string describe(const CompletedProcess& process) {
    constexpr std::size_t kLongest = 200;
    std::string text = "eddy: \"" + process.program + "\" " + process.status.to_string();
    std::string_view line = process.errors;
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    if (const std::size_t newline = line.rfind('\n'); newline != std::string_view::npos) line.remove_prefix(newline + 1);
    if (!line.empty()) text.append(": ").append(line.substr(0, kLongest));
    return text;
  }
  CompletedProcess process_;
};

inline const CompletedProcess& CompletedProcess::check() const& {
  if (!status.success()) throw CalledProcessError(*this);
  return *this;
}
inline CompletedProcess&& CompletedProcess::check() && {
  if (!status.success()) throw CalledProcessError(std::move(*this));
  return std::move(*this);
}

namespace detail {

inline Task<> stop_process(Process& process, Duration grace) { (void)co_await process.stop(grace); }

inline Task<CompletedProcess> run_to_its_end(SpawnPlan plan, std::string input, RunProcessOptions options) {
  std::string program = plan.program();
  Process process = Process::Internals::start(std::move(plan));
  auto communicating = process.communicate(std::move(input), options.limit);
  auto stopping = stop_process(process, options.grace);
  ProcessOutput written = co_await try_finally(std::move(communicating), std::move(stopping));
  CompletedProcess completed(std::move(program), *process.status(), std::move(written));
  if (options.check) completed.check();
  co_return completed;
}

inline Task<CompletedProcess> run_planned(Arguments arguments, const RunProcessOptions& options, bool is_shell) {
  const Redirect input = options.input.empty() ? Redirect::null() : Redirect::pipe();
  const ProcessOptions started{input, options.output, options.errors, options.cwd,
                               options.environment, options.group, options.new_session};
  return run_to_its_end(SpawnPlan(std::move(arguments), started, is_shell), std::string(options.input), options);
}

}  // namespace detail

/// Runs a program to its end, and completes with how it ended and what it wrote. It is started when the task is.
///
/// Cancellation: the program is asked to end (SIGTERM), is killed after a grace (SIGKILL), and is reaped, before this ends;
/// no other cancel cuts that short. So a timeout around it leaves nothing running. The same is done when an error ends it.
/// Errors: std::system_error with the program's name if it cannot be started; LimitOverrunError; CalledProcessError if
/// `check` is set; std::invalid_argument for wrong options. Source: subprocess.run, trio.run_process.
inline Task<CompletedProcess> run_process(Arguments arguments, RunProcessOptions options = {}) {
  return detail::run_planned(std::move(arguments), options, false);
}
/// The same for a command of /bin/sh, which begins a process group of its own: a cancel ends the shell's children, too.
/// Whatever of the command comes from elsewhere must be quoted for the shell, or better, be given to `run_process`.
/// Source: subprocess.run(shell=True).
inline Task<CompletedProcess> run_shell(std::string_view command, RunProcessOptions options = {}) {
  return detail::run_planned(Arguments("/bin/sh", "-c", command), options, true);
}

}  // namespace eddy::inline EDDY_ABI
