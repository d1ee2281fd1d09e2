// Process: a child process: its streams, its end, and signals to it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/combine/gather.hpp>
#include <eddy/combine/timeout.hpp>
#include <eddy/io/child_process.hpp>
#include <eddy/io/pipe.hpp>
#include <eddy/io/process_options.hpp>
#include <eddy/io/process_spawn.hpp>
#include <eddy/task/task.hpp>

#include <csignal>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// How much of each of a child's streams is kept, unless another limit is given: 64 MiB.
inline constexpr std::size_t kDefaultOutputLimit = std::size_t{64 * 1024 * 1024};

/// What a child has written.
struct ProcessOutput {
  ProcessOutput() = default;
  ProcessOutput(std::string to_output, std::string to_errors) : output(std::move(to_output)), errors(std::move(to_errors)) {}
  std::string output;  ///< to its standard output, if that was a pipe
  std::string errors;  ///< to its standard error, if that was a pipe
};

/// A child process. It is reaped by the loop as soon as it ends, whether or not anybody waits for it. It counts as work that
/// is under way: while it runs, a virtual clock does not jump.
///
/// A Process that is destroyed while its child runs kills it (SIGKILL) without waiting; the loop reaps it, and `run` does not
/// return before that. So does a loop that ends. Threads: the loop's in which it was started. Source: asyncio's Process.
class Process {
 public:
  /// None: to be assigned to.
  Process() = default;
  Process(Process&&) noexcept = default;
  Process& operator=(Process&&) noexcept = default;
  ~Process() = default;

  /// The child's number. It may mean another process once the child has ended, so send signals by the functions below.
  [[nodiscard]] pid_t pid() const { return child().pid(); }
  /// How it has ended; nothing while it runs. Errors: std::system_error (ECHILD) if that is not known, because another part of
  /// the program has reaped it or ignores SIGCHLD. Source: Process.returncode.
  [[nodiscard]] std::optional<ExitStatus> status() const {
    return child().over() ? std::optional<ExitStatus>(child().status()) : std::nullopt;
  }
  /// Completes with how the child ended, once it has; many tasks may wait, and again later. A child that fills a pipe which
  /// nobody reads never ends: see `communicate`.
  /// Cancellation: the child runs on. Errors: as `status`; BrokenResourceError if the Process is destroyed meanwhile.
  /// Source: Process.wait.
  [[nodiscard("nothing waits until this is awaited: co_await it")]] detail::ExitAwaiter wait() {
    return detail::ExitAwaiter(&child());
  }

  /// Sends a signal, and gives true; false if the child has ended already: its number, which may be another's by now, is
  /// never used then. A child that has a group of its own gets it with its group. Errors: std::system_error (EINVAL: no
  /// such signal; EPERM: it has changed its user). Source: Process.send_signal, which throws if it has ended.
  bool send_signal(int signal) { return child().send_signal(signal); }
  /// Asks the child to end: SIGTERM, as `send_signal`. Source: Process.terminate.
  bool terminate() { return send_signal(SIGTERM); }
  /// Ends the child: SIGKILL, as `send_signal`. Source: Process.kill.
  bool kill() { return send_signal(SIGKILL); }
  /// Completes with how the child ended, once it has: it is asked to (SIGTERM), and if it still runs after `grace`, killed. Of
  /// a group of its own nothing is left. For a child that has ended it is as `wait`. The grace passes on a virtual clock.
  /// Cancellation: the child may run on. Source: trio's deliver_cancel.
  Task<ExitStatus> stop(Duration grace) {
    detail::ChildProcess& child_to_end = child();
    if (!child_to_end.over()) {
      child_to_end.let_time_pass();
      child_to_end.end_group_with_it();
      (void)terminate();
      const auto ended = co_await move_on_after(grace, wait());
      if (!ended) (void)kill();
    }
    co_return co_await wait();
  }

  /// The child's input, to be written; `close` or `write_eof` ends it. Errors: RuntimeError if it is not a pipe.
  [[nodiscard]] PipeWriter& input() { return piped(0), input_; }
  /// The child's output, to be read. Errors: RuntimeError if it is not a pipe.
  [[nodiscard]] PipeReader& output() { return piped(1), output_; }
  /// The child's errors, to be read. Errors: RuntimeError if it is not a pipe.
  [[nodiscard]] PipeReader& errors() { return piped(2), errors_; }

  /// Writes `data` to the child's input and closes it, reads all that it writes, waits until it has ended, and completes with
  /// what was read of the streams that are pipes. It does all at once, so nothing stops up, however much it is. A child that
  /// does not read all of `data` is no error.
  /// Cancellation: the child runs on; nothing that was read is lost, another `communicate` gives it; what is left of `data` is
  /// dropped. Errors:
  /// std::invalid_argument for data if the input is no pipe; LimitOverrunError if a stream brings more than `limit` bytes;
  /// std::system_error. Source: Process.communicate.
  Task<ProcessOutput> communicate(std::string data = {}, std::size_t limit = kDefaultOutputLimit) {
    if (!data.empty() && (pipes_ & 1) == 0)
      throw std::invalid_argument("eddy: there is data for a child whose input is no pipe: start it with {.input = Redirect::pipe()}");
    auto feeding = feed(std::move(data));
    auto of_output = drain(output_, read_.output, limit);
    auto of_errors = drain(errors_, read_.errors, limit);
    co_await gather(std::move(feeding), std::move(of_output), std::move(of_errors));
    (void)co_await wait();
    co_return std::exchange(read_, ProcessOutput());
  }

  // What the rest of the library uses; not for programs.
  struct Internals;

 private:
  struct GiveUp {
    void operator()(detail::ChildProcess* child) const noexcept { detail::ChildProcess::give_up(child); }
  };

  [[nodiscard]] detail::ChildProcess& child() const {
    if (child_ == nullptr) detail::throw_misuse("this Process is none: it was moved from, or nothing was started yet");
    return *child_;
  }
  void piped(int stream) const {
    if ((pipes_ >> stream & 1) == 0)
      throw RuntimeError("eddy: this stream of the child is no pipe: start it with Redirect::pipe() for its input, output or errors");
  }
  Task<> feed(std::string data) {
    if (input_.is_closed()) co_return;
    try {
      if (!data.empty()) co_await input_.write(data);
    } catch (const std::system_error& error) {
      if (error.code().value() != EPIPE) throw;
    } catch (const BrokenResourceError&) {
      // An earlier one was cancelled: there is nothing more to be said to it.
    }
    input_.close();
  }
  static Task<> drain(PipeReader& stream, std::string& into, std::size_t limit) {
    if (stream.is_closed()) co_return;
    into = co_await stream.read_all(limit);
    stream.close();
  }

  std::unique_ptr<detail::ChildProcess, GiveUp> child_;
  PipeWriter input_;
  PipeReader output_;
  PipeReader errors_;
  ProcessOutput read_;   // by a `communicate` that has not completed yet, of streams that have ended
  unsigned pipes_ = 0;  // a bit for each of the streams 0 to 2
};

struct Process::Internals {
  static Process start(detail::SpawnPlan plan) {
    EventLoop& loop = get_running_loop();
    Process process;
    Descriptor ends[3];
    plan.open_streams(ends);
    if (ends[0].valid()) process.input_ = PipeWriter(std::move(ends[0]));
    if (ends[1].valid()) process.output_ = PipeReader(std::move(ends[1]));
    if (ends[2].valid()) process.errors_ = PipeReader(std::move(ends[2]));
    for (const int stream : {0, 1, 2}) process.pipes_ |= plan.pipes(stream) ? 1U << stream : 0U;
    process.child_.reset(new detail::ChildProcess(loop));
    const pid_t pid = plan.start();
    process.child_->adopt(pid, plan.own_group());
    return process;
  }
};

/// Starts a program and gives its Process. It waits for nothing but the start itself, which takes about as long as a fork.
/// The child gets its three streams and no other descriptor; signals are reset as far as it needs.
///
/// Errors: std::system_error with the program's name if it cannot be started, such as ENOENT (there is no such program, or no
/// such folder) and EACCES: then there is no child, and no descriptor is left; std::invalid_argument for wrong options;
/// NoRunningLoop. Source: asyncio.create_subprocess_exec.
[[nodiscard]] inline Process create_subprocess_exec(Arguments arguments, ProcessOptions options = {}) {
  return Process::Internals::start(detail::SpawnPlan(std::move(arguments), options, false));
}
/// The same for a command of /bin/sh, which begins a process group of its own, so that what ends the shell ends its
/// children. Whatever of the command comes from elsewhere must be quoted for the shell, or better, be given to
/// `create_subprocess_exec`. Source: asyncio.create_subprocess_shell.
[[nodiscard]] inline Process create_subprocess_shell(std::string_view command, ProcessOptions options = {}) {
  return Process::Internals::start(detail::SpawnPlan(Arguments("/bin/sh", "-c", command), options, true));
}

}  // namespace eddy::inline EDDY_ABI
