// How the body of a response is read: as a whole, in pieces, line by line.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/flow/async_generator.hpp>
#include <eddy/http/error.hpp>
#include <eddy/http/session_core.hpp>
#include <eddy/http/transfer.hpp>
#include <eddy/io/stream_error.hpp>
#include <eddy/task/task.hpp>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::detail {

inline constexpr std::size_t kShownBody = 1'000;  // of a response that is an error
[[noreturn]] EDDY_COLD inline void throw_status(const HttpTransfer& transfer) {
  throw http::StatusError(transfer.method, transfer.shown(), transfer.status, transfer.reason,
                          transfer.buffer.substr(0, kShownBody));
}

inline Task<> shown_body_came(HttpTransfer& transfer) {
  while (!transfer.done() && transfer.buffer.size() < kShownBody) {
    transfer.changed.clear();
    co_await transfer.changed.wait();
  }
}

// Whoever reads; one at a time may.
class HttpReader {
 public:
  explicit HttpReader(HttpTransfer* transfer) : transfer_(transfer) {
    if (transfer->reading)
      throw BusyResourceError("eddy: " +
                              (transfer->reader == nullptr ? "a generator of chunks() or lines(), which is not at its end"
                                                           : describe(transfer->reader)) +
                              ", reads the body of this response; one at a time may");
    if (transfer->read) throw_misuse("the body of this response was read before; it can be read once");
    transfer->reading = true;
  }
  HttpReader(const HttpReader&) = delete;
  HttpReader& operator=(const HttpReader&) = delete;
  ~HttpReader() {
    transfer_->reading = transfer_->collects = false;
    transfer_->reader = nullptr;
  }
  // Completes when more has come, or the end.
  [[nodiscard]] EventAwaiter more() noexcept {
    transfer_->reader = EventLoop::Internals::scheduler(*running_loop_slot()).current;
    transfer_->changed.clear();
    return transfer_->changed.wait();
  }
  // To be called before a generator gives something: whoever asks for the next may be another task.
  void rest() noexcept { transfer_->reader = nullptr; }

 private:
  HttpTransfer* transfer_;
};

// All of it is in the buffer when this completes.
inline Task<std::string> read_text(HttpTransfer* transfer) {
  HttpReader reader(transfer);
  transfer->collect();
  while (!transfer->done()) co_await reader.more();
  transfer->rethrow();
  transfer->read = true;
  co_return transfer->take();
}
inline Task<std::vector<std::byte>> read_bytes(HttpTransfer* transfer) {
  const std::string text = co_await read_text(transfer);
  std::vector<std::byte> bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
  co_return bytes;
}

inline AsyncGenerator<std::string> read_chunks(HttpTransfer* transfer) {
  HttpReader reader(transfer);
  for (;;) {
    while (transfer->buffer.empty() && !transfer->done()) co_await reader.more();
    if (transfer->buffer.empty()) break;
    std::string piece = transfer->take();
    if (std::exchange(transfer->paused, false)) transfer->core->resume(*transfer);
    reader.rest();
    co_yield std::move(piece);
  }
  transfer->rethrow();
  transfer->read = true;
}

inline AsyncGenerator<std::string> read_lines(HttpTransfer* transfer, std::size_t limit) {
  AsyncGenerator<std::string> chunks = read_chunks(transfer);
  std::string text;
  std::size_t begin = 0;  // of the line
  std::size_t seen = 0;   // up to here there is no line end
  while (auto chunk = co_await chunks.next()) {
    text.erase(0, begin);
    seen -= begin;
    begin = 0;
    text += *chunk;
    for (;;) {
      const std::size_t end = text.find('\n', seen);
      const std::size_t length = (end == std::string::npos ? text.size() : end) - begin;
      if (length > limit) throw LimitOverrunError(limit, length);
      if (end == std::string::npos) break;
      std::string line = text.substr(begin, length);
      if (line.ends_with('\r')) line.pop_back();
      begin = seen = end + 1;
      co_yield std::move(line);
    }
    seen = text.size();
  }
  if (begin < text.size()) co_yield text.substr(begin);
}

}  // namespace eddy::inline EDDY_ABI::detail
