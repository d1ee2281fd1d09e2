// PipeReader and PipeWriter: the two ends of a pipe, as streams.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/descriptor_stream.hpp>

#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

class [[nodiscard("nothing happens until this is awaited: co_await it")]] PipeEofOperation final : public WriteOperationBase {
 public:
  explicit PipeEofOperation(AttachedDescriptor* on) noexcept : WriteOperationBase(on) {}
  void await_resume() const {
    WriteOperationBase::await_resume();
    descriptor->close();
  }

 private:
  // It waits for its turn only. Who stands behind it is not tried any more, and told of the close.
  int attempt_rest(AttachedDescriptor& on) noexcept override {
    on.exhausted(Interest::write);
    return 0;
  }
  [[nodiscard]] bool begun() const noexcept override { return false; }
};

}  // namespace detail

/// The end of a pipe that is read. `open_pipe` and `create_subprocess_exec` make it; a non-blocking descriptor from
/// elsewhere is taken over by the constructor.
///
/// Cancellation: of a read: no byte is lost. Errors: as DescriptorReading's. Threads: the loop's in which it was made; another
/// one throws RuntimeError. Source: asyncio's loop.connect_read_pipe.
class PipeReader : public DescriptorReading<PipeReader> {
 public:
  /// Closed: to be assigned to.
  PipeReader() = default;
  /// Takes over the reading end of a pipe, which must be non-blocking. Errors: NoRunningLoop; std::system_error (EPERM: it is
  /// a regular file).
  explicit PipeReader(Descriptor pipe) : DescriptorReading(std::move(pipe), detail::DescriptorKind::pipe, false) {}
};

/// The end of a pipe that is written. It can be moved while no task waits in it.
///
/// Cancellation: of a write that has not begun: nothing is written. Of a write that was half done: the pipe cannot be written
/// any more, and later writes throw BrokenResourceError. Threads: the loop's in which it was made; another one throws
/// RuntimeError. Source: asyncio's loop.connect_write_pipe.
class PipeWriter {
 public:
  /// Closed: to be assigned to.
  PipeWriter() = default;
  /// Takes over the writing end of a pipe, which must be non-blocking. Errors: NoRunningLoop; std::system_error (EPERM: it is
  /// a regular file).
  explicit PipeWriter(Descriptor pipe)
      : descriptor_(std::make_unique<detail::AttachedDescriptor>(std::move(pipe), detail::DescriptorKind::pipe, true)) {}

  /// Completes when the pipe has taken all of `data`, which must stay until then; waits while it is full (back-pressure). Tasks
  /// that write at the same time are served in the order of their calls, each one whole.
  /// Errors: std::system_error (EPIPE: nobody can read it any more), never SIGPIPE; BrokenResourceError after a write that
  /// was cut short; ClosedResourceError. Source: StreamWriter.write and drain.
  [[nodiscard("nothing is written until this is awaited: co_await it")]] detail::WriteOperation write(std::string_view data) noexcept {
    return {descriptor_.get(), data};
  }
  /// The same for several pieces, one after the other, without joining them. The array and the pieces must stay until then.
  /// Source: StreamWriter.writelines.
  [[nodiscard("nothing is written until this is awaited: co_await it")]]
  detail::WritePartsOperation write(std::span<const std::string_view> parts) noexcept {
    return {descriptor_.get(), parts};
  }
  /// Completes when all that was written before is in the pipe, and closes it, by which the other end will see its end.
  /// Source: StreamWriter.write_eof.
  [[nodiscard("nothing happens until this is awaited: co_await it")]] detail::PipeEofOperation write_eof() noexcept {
    return detail::PipeEofOperation(descriptor_.get());
  }
  /// Closes it; tasks that wait in it get ClosedResourceError, and so does whoever uses it later. What was written is still
  /// there to be read. A second call does nothing.
  void close() noexcept {
    if (descriptor_ != nullptr) descriptor_->close();
  }
  /// True once it is closed, released or moved from.
  [[nodiscard]] bool is_closed() const noexcept { return descriptor_ == nullptr || descriptor_->is_closed(); }
  /// The descriptor's number, which stays the stream's; -1 once it is closed.
  [[nodiscard]] int fd() const noexcept { return descriptor_ == nullptr ? -1 : descriptor_->fd(); }
  /// Takes the descriptor out of the stream, which is closed by it.
  [[nodiscard]] Descriptor release() noexcept { return descriptor_ == nullptr ? Descriptor() : descriptor_->release(); }

 private:
  std::unique_ptr<detail::AttachedDescriptor> descriptor_;
};

/// A new pipe: what is written to the second is read from the first. Errors: NoRunningLoop; std::system_error.
/// Source: os.pipe.
[[nodiscard]] inline std::pair<PipeReader, PipeWriter> open_pipe() {
  int ends[2];
  if (const int error = detail::sys::pipe(ends); error < 0) detail::throw_system_error(-error, "eddy: cannot make a pipe");
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  PipeReader reader(std::move(reading));
  return {std::move(reader), PipeWriter(std::move(writing))};
}

static_assert(ReadStream<PipeReader>);
static_assert(WriteStream<PipeWriter>);

}  // namespace eddy::inline EDDY_ABI
