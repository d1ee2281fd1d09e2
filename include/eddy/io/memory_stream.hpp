// MemoryStream: streams without a descriptor: two ends in one process, for tests of protocols and for work in memory.
//
// They are what a connection is, with back-pressure, half-closing and resets, but live on any clock, the virtual one
// included, and can be made to behave as badly as a network may.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/memory_pipe.hpp>
#include <eddy/io/stream.hpp>
#include <eddy/loop/context.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// How two memory streams are connected.
struct MemoryStreamOptions {
  std::size_t capacity = 64 * 1024;  ///< bytes under way in each direction; zero is the same as lockstep
  bool lockstep = false;  ///< a write completes only when the other end has read it. Source: trio's lockstep_stream_pair
  bool evil = false;      ///< a read gets one byte, never more
};

namespace detail {

struct MemoryConnection {
  explicit MemoryConnection(MemoryStreamOptions options)
      : pipes{{options.lockstep ? 0 : options.capacity, options.evil ? std::size_t{1} : ~std::size_t{}},
              {options.lockstep ? 0 : options.capacity, options.evil ? std::size_t{1} : ~std::size_t{}}} {}
  MemoryPipe pipes[2];  // by who reads from them
  std::uint32_t references = 0;
};

}  // namespace detail

/// One end of a pair from `open_memory_stream_pair`. It behaves as SocketStream does.
///
/// Cancellation: of a read: no byte is lost. Of a write that has not begun: nothing is sent. Of a write that was half done: the
/// stream cannot be written any more, and later writes throw BrokenResourceError. Errors: std::system_error: EPIPE for
/// writes once the other end is closed or after `write_eof`; ECONNRESET once it was aborted, and after what it sent if it
/// was closed with something unread. ClosedResourceError once it is closed here. RuntimeError where tasks of two loops
/// use it. Threads: both ends are for one loop's thread. Complexity: no allocation. The ends may go in any order; each
/// can be moved while no task waits in it. Source: trio.testing.memory_stream_pair.
class MemoryStream : public BufferedReading<MemoryStream> {
 public:
  /// Closed: to be assigned to.
  MemoryStream() = default;
  MemoryStream(MemoryStream&& other) noexcept = default;
  MemoryStream& operator=(MemoryStream&& other) noexcept {
    if (this != &other) {
      close();
      BufferedReading::operator=(std::move(other));
      connection_ = std::move(other.connection_);
      side_ = other.side_;
    }
    return *this;
  }
  ~MemoryStream() { close(); }

  /// Completes with how many bytes were put into `space`, at least one; with zero at the end, and for no space. It does not
  /// suspend if the bytes are there. `space` must stay until then. Errors: BusyResourceError while another task reads.
  [[nodiscard("nothing is read until this is awaited: co_await it")]] detail::MemoryRead read_some(std::span<char> space) {
    check_not_reading();
    return {incoming(), space, &buffer()};
  }
  /// The same past the buffer, for BufferedReading.
  [[nodiscard("nothing is read until this is awaited: co_await it")]] detail::MemoryRead receive(std::span<char> space) noexcept {
    return {incoming(), space, nullptr};
  }
  /// Completes when all of `data` is on its way or, in lockstep, was read; `data` must stay until then. Tasks that write at the
  /// same time are served in the order of their calls, each one whole.
  [[nodiscard("nothing is written until this is awaited: co_await it")]] detail::MemoryWrite write(std::string_view data) noexcept {
    return {outgoing(), data};
  }
  /// The same for several pieces, one after the other. The array and the pieces must stay until then.
  [[nodiscard("nothing is written until this is awaited: co_await it")]]
  detail::MemoryWrite write(std::span<const std::string_view> parts) noexcept {
    return {outgoing(), parts};
  }
  /// Completes when all that was written before is on its way and the other end will see the end after it. Reading goes on.
  [[nodiscard("nothing happens until this is awaited: co_await it")]] detail::MemoryWrite write_eof() noexcept {
    return {outgoing(), detail::MemoryWrite::Eof()};
  }

  /// Closes it; tasks that wait in it get ClosedResourceError, and so does whoever uses it later. What was written can still
  /// be read. A second call does nothing.
  void close() noexcept {
    if (!is_closed()) close(EPIPE, incoming()->has_unread() ? ECONNRESET : 0);
  }
  /// The same, but what was written and is not yet read is dropped, and the other end gets ECONNRESET.
  void abort() noexcept {
    if (is_closed()) return;
    outgoing()->drop();
    close(ECONNRESET, ECONNRESET);
  }
  /// True once it is closed or moved from.
  [[nodiscard]] bool is_closed() const noexcept { return !connection_ || incoming()->reader_closed(); }

 private:
  friend std::pair<MemoryStream, MemoryStream> open_memory_stream_pair(MemoryStreamOptions options);
  friend BufferedReading<MemoryStream>;
  using Connection = detail::LocalPointer<detail::MemoryConnection>;
  MemoryStream(Connection connection, int side) noexcept : connection_(std::move(connection)), side_(side) {}

  [[nodiscard]] detail::MemoryPipe* incoming() const noexcept { return connection_ ? &connection_->pipes[side_] : nullptr; }
  [[nodiscard]] detail::Frame* reader() const noexcept { return connection_ ? incoming()->reader() : nullptr; }
  [[nodiscard]] detail::MemoryPipe* outgoing() const noexcept { return connection_ ? &connection_->pipes[1 - side_] : nullptr; }
  // With what the other end's writes and reads give from now on.
  void close(int writes, int reads) noexcept {
    outgoing()->close_writer(reads);
    incoming()->close_reader(writes);
  }

  Connection connection_;
  int side_ = 0;
};

/// Two memory streams that are connected with each other: what is written to one is read from the other. Errors:
/// std::bad_alloc. Source: trio.testing.memory_stream_pair.
[[nodiscard]] inline std::pair<MemoryStream, MemoryStream> open_memory_stream_pair(MemoryStreamOptions options = {}) {
  const MemoryStream::Connection connection(new detail::MemoryConnection(options));
  return {MemoryStream(connection, 0), MemoryStream(connection, 1)};
}

static_assert(Stream<MemoryStream>);

}  // namespace eddy::inline EDDY_ABI
