// Stream: what TCP, Unix sockets, pipes, TLS and memory have in common; and BufferedReading, the functions that every one
// of them gets by it: exact reads, lines, everything.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/awaitable.hpp>
#include <eddy/base/error.hpp>
#include <eddy/flow/async_generator.hpp>
#include <eddy/io/read_buffer.hpp>
#include <eddy/io/stream_error.hpp>
#include <eddy/task/task.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

/// What can be read from: `co_await s.read_some(space)` gives how many bytes were put there, at least one, and zero at the end
/// only (and for no space).
template <class S>
concept ReadStream = requires(S& stream, std::span<char> space) {
  { stream.read_some(space) } -> Awaitable;
  requires std::same_as<AwaitResult<decltype(stream.read_some(space))>, std::size_t>;
  stream.close();
};
/// What can be written to: `co_await s.write(data)` completes when all of it is on its way, `co_await s.write_eof()` when
/// the other end will see the end.
template <class S>
concept WriteStream = requires(S& stream, std::string_view data) {
  { stream.write(data) } -> Awaitable;
  { stream.write_eof() } -> Awaitable;
  stream.close();
};
/// Both.
template <class S>
concept Stream = ReadStream<S> && WriteStream<S>;

/// The part of reading that is the same for every stream. A stream S derives from BufferedReading<S> and has a function
/// `receive(std::span<char>)`, which reads past the buffer; its `read_some` empties the buffer first.
///
/// Cancellation: of all functions here: a cancelled read loses no byte; what has come stays in the stream for the next
/// one. Errors: BusyResourceError while another task reads; ClosedResourceError; std::system_error. Threads: the loop's.
/// Source: asyncio.StreamReader.
template <class Derived>
class BufferedReading {
 public:
  /// How long a line or what ends at a separator may be: 64 KiB, unless `set_limit` says otherwise.
  static constexpr std::size_t kDefaultLimit = 64 * 1024;

  /// Completes with one to `size` bytes, whatever is there first; with an empty string at the end, and for a size of zero.
  /// Source: StreamReader.read(n).
  Task<std::string> read(std::size_t size) {
    const ReadGuard guard(*this);
    if (size == 0) co_return std::string();
    if (buffer_.empty()) {
      const std::size_t count = co_await derived().receive(buffer_.space());
      buffer_.commit(count);
    }
    co_return buffer_.take(size < buffer_.size() ? size : buffer_.size());
  }
  /// Completes with exactly `size` bytes. Errors: IncompleteReadError, with what there was, if the stream ends before.
  /// Source: StreamReader.readexactly.
  Task<std::string> read_exactly(std::size_t size) {
    const ReadGuard guard(*this);
    while (buffer_.size() < size) {
      const std::size_t count = co_await derived().receive(buffer_.space());
      if (count == 0) throw IncompleteReadError(buffer_.take(buffer_.size()), size);
      buffer_.commit(count);
    }
    co_return buffer_.take(size);
  }
  /// Completes with everything up to `separator`, which is included. Errors: IncompleteReadError, with what there was, if
  /// the stream ends before; LimitOverrunError if it is not within the limit, and nothing is taken then;
  /// std::invalid_argument for an empty separator. Source: StreamReader.readuntil.
  Task<std::string> read_until(std::string separator) {
    std::vector<std::string> separators;
    separators.push_back(std::move(separator));
    return read_until(std::move(separators));
  }
  /// The same for whichever of the separators ends first; of those that end together the longest.
  Task<std::string> read_until(std::vector<std::string> separators) {
    const ReadGuard guard(*this);
    Search search(std::move(separators));
    while (true) {
      if (const std::size_t end = search.end_in(buffer_.view()); end != 0) {
        if (end > limit_) throw LimitOverrunError(limit_, end - search.found());
        co_return buffer_.take(end);
      }
      if (search.passed(buffer_.size()) > limit_) throw LimitOverrunError(limit_, search.passed(buffer_.size()));
      const std::size_t count = co_await derived().receive(buffer_.space());
      if (count == 0) throw IncompleteReadError(buffer_.take(buffer_.size()));
      buffer_.commit(count);
    }
  }
  /// Completes with the next line and its newline; the last one may have none; with an empty string at the end. Errors:
  /// LimitOverrunError if the line is longer than the limit, and nothing is taken then. Source: StreamReader.readline.
  Task<std::string> read_line() {
    const ReadGuard guard(*this);
    std::size_t searched = 0;
    while (true) {
      const std::size_t newline = buffer_.view().find('\n', searched);
      if (newline != std::string_view::npos) {
        if (newline + 1 > limit_) throw LimitOverrunError(limit_, newline);
        co_return buffer_.take(newline + 1);
      }
      searched = buffer_.size();
      if (searched > limit_) throw LimitOverrunError(limit_, searched);
      const std::size_t count = co_await derived().receive(buffer_.space());
      if (count == 0) co_return buffer_.take(searched);
      buffer_.commit(count);
    }
  }
  /// The lines until the end, without their newlines (a "\r" before it stays). Errors: as read_line's. The stream must
  /// outlive it. Source: `async for line in reader`.
  AsyncGenerator<std::string> lines() {
    while (true) {
      std::string line = co_await read_line();
      if (line.empty()) co_return;
      if (line.back() == '\n') line.pop_back();
      co_yield std::move(line);
    }
  }
  /// Completes with all that comes until the end. Errors: LimitOverrunError if that is more than `cap` bytes; what has come
  /// stays in the stream. Source: StreamReader.read(-1).
  Task<std::string> read_all(std::size_t cap) {
    const ReadGuard guard(*this);
    while (true) {
      if (buffer_.size() > cap) throw LimitOverrunError(cap, buffer_.size());
      const std::size_t count = co_await derived().receive(buffer_.space());
      if (count == 0) co_return buffer_.take(buffer_.size());
      buffer_.commit(count);
    }
  }
  /// Sets how long a line or what ends at a separator may be, in bytes.
  void set_limit(std::size_t limit) noexcept { limit_ = limit; }
  /// The same, to be read.
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

 protected:
  BufferedReading() = default;
  BufferedReading(BufferedReading&&) noexcept = default;
  BufferedReading& operator=(BufferedReading&&) noexcept = default;
  ~BufferedReading() = default;

  // What was read ahead; `read_some` empties it first.
  [[nodiscard]] detail::ReadBuffer& buffer() noexcept { return buffer_; }
  // For `read_some`: throws while another task is in one of the functions here.
  void check_not_reading() const {
    if (reading_) throw_busy();
  }

 private:
  class ReadGuard {
   public:
    explicit ReadGuard(BufferedReading& stream) : stream_(stream) {
      stream.check_not_reading();
      stream.reading_ = true;
    }
    ReadGuard(const ReadGuard&) = delete;
    ReadGuard& operator=(const ReadGuard&) = delete;
    ~ReadGuard() { stream_.reading_ = false; }

   private:
    BufferedReading& stream_;
  };

  // Looks for separators in what grows.
  class Search {
   public:
    explicit Search(std::vector<std::string> separators) : separators_(std::move(separators)) {
      if (separators_.empty()) throw std::invalid_argument("eddy: read_until needs a separator");
      for (const std::string& separator : separators_) {
        if (separator.empty()) throw std::invalid_argument("eddy: read_until needs a separator that is not empty");
        if (separator.size() > longest_) longest_ = separator.size();
      }
    }
    // Where the first separator ends; zero if there is none. What was searched before is not searched again.
    [[nodiscard]] std::size_t end_in(std::string_view bytes) noexcept {
      std::size_t end = 0;
      for (const std::string& separator : separators_) {
        const std::size_t from = passed(searched_) > 0 ? passed(searched_) : 0;
        const std::size_t at = bytes.find(separator, from);
        if (at == std::string_view::npos) continue;
        const std::size_t its_end = at + separator.size();
        if (end != 0 && (its_end > end || (its_end == end && separator.size() < found_))) continue;
        end = its_end;
        found_ = separator.size();
      }
      searched_ = bytes.size();
      return end;
    }
    // The length of the separator that was found.
    [[nodiscard]] std::size_t found() const noexcept { return found_; }
    // How much of `size` bytes cannot belong to a separator that is still to come.
    [[nodiscard]] std::size_t passed(std::size_t size) const noexcept { return size < longest_ ? 0 : size + 1 - longest_; }

   private:
    std::vector<std::string> separators_;
    std::size_t longest_ = 0;
    std::size_t searched_ = 0;
    std::size_t found_ = 0;
  };

  [[noreturn]] EDDY_COLD void throw_busy() const {
    detail::Frame* reader = nullptr;
    if constexpr (requires(const Derived& stream) {
                    { stream.reader() } -> std::same_as<detail::Frame*>;
                  }) {
      reader = static_cast<const Derived*>(this)->reader();
    }
    detail::throw_stream_busy(reader);
  }
  Derived& derived() noexcept { return static_cast<Derived&>(*this); }

  detail::ReadBuffer buffer_;
  std::size_t limit_ = kDefaultLimit;
  bool reading_ = false;
};

}  // namespace eddy::inline EDDY_ABI
