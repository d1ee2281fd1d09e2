// StandardInput and StandardOutput: the three streams that a program is started with, and any descriptor that it shares
// with others.
//
// They may be a terminal, a pipe, a socket or a file, and whoever has started the program goes on to use them: so they are
// never made non-blocking, which would make them so for everybody. A read or write is made when the system says that it
// will not block; where the system cannot say that, as of files, it is made in a thread of the loop's pool.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/stream.hpp>
#include <eddy/io/stream_error.hpp>
#include <eddy/io/system_calls.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/frame.hpp>
#include <eddy/sync/lock.hpp>
#include <eddy/threads/to_thread.hpp>

#include <cerrno>
#include <climits>
#include <coroutine>
#include <cstddef>
#include <span>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace eddy::inline EDDY_ABI {

namespace detail {

// A descriptor that is shared with others: it is not closed here, and what it is set to is left alone.
class SharedDescriptor {
 public:
  SharedDescriptor(int fd, Interest interest) : fd_(fd), interest_(interest) {
    struct stat about {};
    if (const int error = sys::status(fd, about); error < 0) throw_system_error(-error, "eddy: a standard stream");
    in_pool_ = S_ISREG(about.st_mode) || S_ISBLK(about.st_mode) || S_ISDIR(about.st_mode);
    kind_ = S_ISSOCK(about.st_mode) ? DescriptorKind::socket : DescriptorKind::pipe;
  }
  SharedDescriptor(const SharedDescriptor&) = delete;
  SharedDescriptor& operator=(const SharedDescriptor&) = delete;
  ~SharedDescriptor() { close(); }

  // Completes with how much was read into `data`, or written from it, in one call that is made when it does not block.
  // Errors: BusyResourceError for a second call at a time.
  Task<std::size_t> transfer(char* data, std::size_t size) {
    if (closed_) throw_stream_closed();
    const StreamReaderMark mark(user_);
    while (true) {
      if (closed_) throw_stream_closed();
      ssize_t result = -EAGAIN;
      if (in_pool_) {
        result = co_await to_thread(&call, fd_, kind_, interest_, data, size);
      } else {
        try {
          co_await Ready(*this);
        } catch (const std::system_error& error) {
          if (error.code().value() != EPERM) throw;
          in_pool_ = true;  // a device that is always ready, such as /dev/null
        }
        if (!in_pool_ && !closed_) result = call(fd_, kind_, interest_, data, size);
      }
      if (result >= 0) co_return static_cast<std::size_t>(result);
      if (result != -EAGAIN)
        throw_system_error(static_cast<int>(-result), interest_ == Interest::read ? "eddy: reading failed" : "eddy: writing failed");
    }
  }
  void close() noexcept {
    closed_ = true;
    if (waiting_ != nullptr) waiting_->end();
  }
  [[nodiscard]] bool is_closed() const noexcept { return closed_; }
  // The strand that is in `transfer`, or null.
  [[nodiscard]] Frame* user() const noexcept { return user_; }
  [[nodiscard]] int fd() const noexcept { return fd_; }
  // How much is written at once: a pipe that is ready takes so much.
  [[nodiscard]] std::size_t at_once(std::size_t size) const noexcept {
    return in_pool_ || size < PIPE_BUF ? size : std::size_t{PIPE_BUF};
  }

 private:
  // As `readable` and `writable`, but `close` ends it, too.
  class Ready final : public Suspension {
   public:
    explicit Ready(SharedDescriptor& on) noexcept : on_(on) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class P>
    EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
      wait(frame_of(handle));
    }
    void await_resume() noexcept {
      if (on_.waiting_ == this) on_.waiting_ = nullptr;
    }
    void end() noexcept {
      on_.waiting_ = nullptr;
      if (root_->state != State::suspended && root_->state != State::listed) return;  // it was woken already
      table().cancel(on_.fd_, on_.interest_);
      root_->loop->wake(root_);
    }

   private:
    void wait(Frame* frame) {
      if (!park(frame, this)) return;
      root_ = frame->root;
      try {
        table().wait(on_.fd_, on_.interest_, root_);
        on_.waiting_ = this;
      } catch (...) {
        root_->state = State::running;
        throw;
      }
    }
    CancelResult try_cancel(bool) noexcept override {
      on_.waiting_ = nullptr;
      table().cancel(on_.fd_, on_.interest_);
      return CancelResult::stopped;
    }
    [[nodiscard]] const char* waits_for() const noexcept override {
      return on_.interest_ == Interest::read ? "data to read" : "room to write";
    }
    DescriptorTable& table() noexcept { return EventLoop::Internals::descriptors(EventLoop::Internals::loop(*root_->loop)); }

    SharedDescriptor& on_;
    Frame* root_ = nullptr;
  };

  static ssize_t call(int fd, DescriptorKind kind, Interest interest, char* data, std::size_t size) noexcept {
    return interest == Interest::read ? sys::read(fd, data, size) : sys::write(fd, kind, data, size);
  }

  int fd_;
  Interest interest_;
  DescriptorKind kind_ = DescriptorKind::pipe;
  bool in_pool_ = false;
  bool closed_ = false;
  Ready* waiting_ = nullptr;
  Frame* user_ = nullptr;
};

}  // namespace detail

/// What a program reads from its standard input, or from another descriptor that it shares: a terminal, a pipe, a socket or a
/// file. It reads ahead, so make one and keep it: what it has read, another one does not get.
///
/// Cancellation: a cancelled read loses no byte; one of a file is waited for. Errors: BusyResourceError while another task
/// reads; ClosedResourceError; std::system_error. Threads: the loop's. Source: asyncio's loop.connect_read_pipe(…, sys.stdin),
/// which makes it non-blocking and takes no files.
class StandardInput : public BufferedReading<StandardInput> {
 public:
  /// Reads from `fd`, which stays open, and is left in its blocking mode. If others read from it at the same time, a read may
  /// find nothing left and block the loop. Errors: std::system_error (EBADF).
  explicit StandardInput(int fd) : shared_(fd, detail::Interest::read) {}
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput() = default;

  /// Completes with how many bytes were put into `space`, at least one; with zero at the end, and for no space. `space` must
  /// stay until then. A terminal's end (Ctrl-D) is one for this read only.
  Task<std::size_t> read_some(std::span<char> space) {
    check_not_reading();
    const std::size_t count = buffer().copy_to(space);
    if (count > 0 || space.empty()) co_return count;
    co_return co_await receive(space);
  }
  /// The same past the buffer, for BufferedReading.
  Task<std::size_t> receive(std::span<char> space) { return shared_.transfer(space.data(), space.size()); }
  /// Ends the use of it here: a task that waits in it gets ClosedResourceError, and so does whoever uses it later. The
  /// descriptor stays open.
  void close() noexcept { shared_.close(); }
  /// True once it is closed.
  [[nodiscard]] bool is_closed() const noexcept { return shared_.is_closed(); }
  /// The descriptor's number, also once this is closed.
  [[nodiscard]] int fd() const noexcept { return shared_.fd(); }

 private:
  friend BufferedReading<StandardInput>;
  [[nodiscard]] detail::Frame* reader() const noexcept { return shared_.user(); }

  detail::SharedDescriptor shared_;
};

/// What a program writes to its standard output or error, or to another descriptor that it shares. Nothing is kept back:
/// what was written is there. What the program writes by printf stands in a buffer of its own, so flush that first.
///
/// Threads: the loop's. Source: asyncio's loop.connect_write_pipe(…, sys.stdout).
class StandardOutput {
 public:
  /// Writes to `fd`, which stays open, and is left in its blocking mode. Errors: std::system_error (EBADF).
  explicit StandardOutput(int fd) : shared_(fd, detail::Interest::write) {}
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;
  ~StandardOutput() = default;

  /// Completes when all of `data` is written, which must stay until then; waits while nobody reads it. Tasks that write at the
  /// same time are served in the order of their calls, each one whole.
  /// Cancellation: what has been written stays written; it may be a part. Errors: std::system_error (EPIPE), never SIGPIPE;
  /// ClosedResourceError.
  Task<> write(std::string_view data) {
    const auto turn = co_await lock_.scoped();
    while (!data.empty()) {
      const std::size_t count = co_await shared_.transfer(const_cast<char*>(data.data()), shared_.at_once(data.size()));
      data.remove_prefix(count);
    }
  }
  /// Ends the use of it here, as StandardInput::close does. The descriptor stays open.
  void close() noexcept { shared_.close(); }
  /// True once it is closed.
  [[nodiscard]] bool is_closed() const noexcept { return shared_.is_closed(); }
  /// The descriptor's number, also once this is closed.
  [[nodiscard]] int fd() const noexcept { return shared_.fd(); }

 private:
  detail::SharedDescriptor shared_;
  Lock lock_;
};

/// The standard input. Make it once: it reads ahead. Errors: std::system_error if there is none (EBADF). Source: sys.stdin.
[[nodiscard]] inline StandardInput standard_input() { return StandardInput(STDIN_FILENO); }
/// The standard output. Errors: std::system_error if there is none (EBADF). Source: sys.stdout.
[[nodiscard]] inline StandardOutput standard_output() { return StandardOutput(STDOUT_FILENO); }
/// The standard error. Errors: std::system_error if there is none (EBADF). Source: sys.stderr.
[[nodiscard]] inline StandardOutput standard_error() { return StandardOutput(STDERR_FILENO); }

static_assert(ReadStream<StandardInput>);

}  // namespace eddy::inline EDDY_ABI
