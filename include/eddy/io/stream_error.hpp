// The errors of streams, beside std::system_error, which carries what the system says.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>
#include <eddy/base/error.hpp>
#include <eddy/sync/sync_waiter.hpp>
#include <eddy/task/current_task.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// The stream ended before what was asked for had come: `partial` has what there was; nothing more will come. Source:
/// asyncio.IncompleteReadError.
class IncompleteReadError : public std::runtime_error {
 public:
  /// `expected` is how many bytes were asked for; zero if that was not a number.
  explicit IncompleteReadError(std::string partial, std::size_t expected = 0)
      : std::runtime_error("the stream ended after " + std::to_string(partial.size()) + " bytes" +
                           (expected == 0 ? std::string() : " of " + std::to_string(expected))),
        partial_(std::move(partial)),
        expected_(expected) {}
  /// What had come; it is no longer in the stream.
  [[nodiscard]] const std::string& partial() const noexcept { return partial_; }
  /// How many bytes were asked for; zero if that was not a number.
  [[nodiscard]] std::size_t expected() const noexcept { return expected_; }

 private:
  std::string partial_;
  std::size_t expected_;
};

/// What was looked for is not within the limit. Nothing is lost: the bytes stay in the stream, to be read otherwise; or close
/// it, as one would on somebody who sends nonsense; or allow more (`set_limit`). Source: asyncio.LimitOverrunError.
class LimitOverrunError : public std::runtime_error {
 public:
  LimitOverrunError(std::size_t limit, std::size_t consumed)
      : std::runtime_error("more than the limit of " + std::to_string(limit) + " bytes"), limit_(limit), consumed_(consumed) {}
  /// The limit.
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  /// How many bytes may be skipped without skipping what was looked for.
  [[nodiscard]] std::size_t consumed() const noexcept { return consumed_; }

 private:
  std::size_t limit_;
  std::size_t consumed_;
};

/// The stream, file or server was closed on this side: before the call, or by another task during it, to end this one: so end.
/// Source: trio.ClosedResourceError.
class ClosedResourceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

// What every kind of stream says in the same words.
[[noreturn]] EDDY_COLD inline void throw_stream_closed() { throw ClosedResourceError("eddy: this stream is closed"); }
// `reader` is the strand that reads, or null where that is not known.
[[noreturn]] EDDY_COLD inline void throw_stream_busy(Frame* reader) {
  throw BusyResourceError("eddy: " + (reader == nullptr ? "another task" : describe(reader) + ",") +
                          " reads from this; one at a time may, since nobody could say who gets what");
}
// One strand at a time: `reader`, null so far, is the one that runs now until this is gone.
class StreamReaderMark {
 public:
  explicit StreamReaderMark(Frame*& reader) : reader_(reader) {
    if (reader != nullptr) throw_stream_busy(reader);
    reader = EventLoop::Internals::scheduler(*running_loop_slot()).current;
  }
  StreamReaderMark(const StreamReaderMark&) = delete;
  StreamReaderMark& operator=(const StreamReaderMark&) = delete;
  ~StreamReaderMark() { reader_ = nullptr; }

 private:
  Frame*& reader_;
};
[[noreturn]] EDDY_COLD inline void throw_stream_broken() {
  throw BrokenResourceError("eddy: an earlier write to this stream failed or was cancelled half-way, so nothing can follow it");
}

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
