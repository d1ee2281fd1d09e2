// TlsConnection: a TLS engine over a stream: who reads, who writes, and in which order bytes reach the stream.
//
// A connection is shared by the stream that owns it and by every operation that is under way, so that the stream may go
// at any time. The lock is held by whoever writes to the transport: what the engine has made has to get there in its
// order. A read does not wait for writing, since the other end may be waiting to be read: what it has to answer, as to a change
// of keys, goes along with the next write, as RFC 8446 allows (4.6.3), unless that has become much.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/combine/race.hpp>
#include <eddy/combine/timeout.hpp>
#include <eddy/io/read_buffer.hpp>
#include <eddy/io/stream_error.hpp>
#include <eddy/io/tls_engine.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/sync/lock.hpp>
#include <eddy/task/task.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

template <class S>
struct TlsConnection {
  TlsConnection(S stream, TlsEngine tls) : transport(std::move(stream)), engine(std::move(tls)) {}

  S transport;
  TlsEngine engine;
  Lock lock;
  std::string output;  // what is being written to the transport, for the holder of the lock
  std::unique_ptr<char[]> input = std::make_unique<char[]>(kInput);
  std::uint32_t references = 0;
  Frame* reader = nullptr;  // the strand that reads
  bool write_broken = false;
  bool write_ended = false;
  bool closed = false;

  static constexpr std::size_t kInput = 16 * 1024;
  static constexpr std::size_t kRecord = 16 * 1024;  // the most that TLS encrypts at once

  void close() noexcept {
    closed = true;
    transport.close();
  }
  void check_open() const {
    if (closed) throw_stream_closed();
  }
};

template <class S>
using TlsPointer = LocalPointer<TlsConnection<S>>;

// Writes what the engine has made. The caller holds the lock, and has set `write_broken` until this is done. Nothing follows
// the end: nobody would read it.
template <class S>
Task<> send_tls_output(TlsPointer<S> c) {
  while (c->engine.take_output(c->output)) {
    co_await c->transport.write(std::string_view(c->output));
    if (c->write_ended) break;
  }
}
// The same for whoever does not hold it.
template <class S>
Task<> flush_tls_output(TlsPointer<S> c) {
  const auto guard = co_await c->lock.scoped();
  if (c->write_broken || c->write_ended) {
    (void)c->engine.take_output(c->output);
    co_return;
  }
  c->write_broken = true;
  co_await send_tls_output<S>(c);
  c->write_broken = false;
}
// Reads from the network until its end, so that the other end need not wait with what it writes.
template <class S>
Task<> drop_tls_input(TlsPointer<S> c) {
  const std::span<char> space(c->input.get(), c->kInput);
  for (std::size_t count = 1; count > 0;) count = co_await c->transport.read_some(space);
}
// Sends what the other end should know of a failure, if that is possible, and throws it.
template <class S>
Task<> fail_tls(TlsPointer<S> c, std::exception_ptr error) {
  try {
    co_await move_on_after(std::chrono::seconds(1), race(flush_tls_output<S>(c), drop_tls_input<S>(c)));
  } catch (const std::exception&) {  // it will not be told, then
  }
  std::rethrow_exception(error);
}
// Waits for more from the network.
template <class S>
Task<> receive_tls_input(TlsPointer<S> c) {
  const std::size_t count = co_await c->transport.read_some(std::span<char>(c->input.get(), c->kInput));
  if (count == 0) {
    c->engine.feed_end();
  } else {
    c->engine.feed({c->input.get(), count});
  }
}

template <class S>
Task<> do_tls_handshake(TlsPointer<S> c) {
  while (true) {
    std::exception_ptr error;
    auto status = TlsEngine::Status::done;
    try {
      status = c->engine.handshake();
    } catch (const TlsError&) {
      error = std::current_exception();
    }
    if (error) co_await fail_tls<S>(c, error);
    co_await flush_tls_output<S>(c);
    if (status == TlsEngine::Status::done) co_return;
    co_await receive_tls_input<S>(c);
  }
}

template <class S>
Task<std::size_t> read_tls(TlsPointer<S> c, std::span<char> space, ReadBuffer* buffered) {
  if (buffered != nullptr) {
    if (const std::size_t count = buffered->copy_to(space); count > 0) co_return count;
  }
  if (space.empty()) co_return std::size_t{};
  if (!c) throw_stream_closed();
  c->check_open();
  const StreamReaderMark mark(c->reader);
  while (true) {
    std::exception_ptr error;
    auto status = TlsEngine::Status::done;
    std::size_t count = 0;
    try {
      status = c->engine.read(space, count);
    } catch (const TlsError&) {
      error = std::current_exception();
    }
    if (error) co_await fail_tls<S>(c, error);
    if (status == TlsEngine::Status::done) co_return count;  // with no wait before it: nothing is lost to a cancel
    if (status == TlsEngine::Status::ended) co_return std::size_t{};
    if (c->engine.output_size() >= c->kRecord) co_await flush_tls_output<S>(c);
    co_await receive_tls_input<S>(c);
    c->check_open();
  }
}

template <class S>
Task<> write_tls(TlsPointer<S> c, std::string_view data, std::span<const std::string_view> more, bool end) {
  if (!c) throw_stream_closed();
  const auto guard = co_await c->lock.scoped();
  c->check_open();
  if (c->write_broken) throw_stream_broken();
  while (true) {
    if (!data.empty() && c->write_ended) throw_system_error(EPIPE, "eddy: writing failed");
    for (; !data.empty(); data.remove_prefix(data.size() < c->kRecord ? data.size() : c->kRecord)) {
      c->write_broken = true;
      c->engine.write(data.substr(0, c->kRecord));
      if (c->engine.output_size() >= c->kRecord) co_await send_tls_output<S>(c);
    }
    if (more.empty()) break;
    data = more.front();
    more = more.subspan(1);
  }
  if (c->write_ended) co_return;
  if (end) {
    c->write_broken = c->write_ended = true;
    c->engine.write_end();
  }
  co_await send_tls_output<S>(c);
  c->write_broken = false;
}

// Says that this is all, and waits for the other end to say so, too; what comes before that is dropped.
template <class S>
Task<> shut_tls_down(TlsPointer<S> c) {
  try {
    co_await write_tls<S>(c, {}, {}, true);
    char space[256];
    for (std::size_t count = 1; count > 0;) count = co_await read_tls<S>(c, space, nullptr);
  } catch (const TlsTruncatedError&) {  // it is gone without a word, and nobody minds any more
  } catch (const std::system_error&) {
  }
}

}  // namespace eddy::inline EDDY_ABI::detail
