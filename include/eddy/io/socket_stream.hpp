// SocketStream: a connected stream socket, TCP or Unix, as a Stream.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/descriptor_stream.hpp>
#include <eddy/io/socket_address.hpp>
#include <eddy/io/socket_names.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <span>
#include <string_view>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

struct SocketAccess;

}  // namespace detail

/// A connected stream socket. `open_connection` and servers make it; a connected, non-blocking descriptor from elsewhere is
/// taken over by the constructor.
///
/// Cancellation: of a read: no byte is lost. Of a write that has not begun: nothing is sent. Of a write that was half done: the
/// stream cannot be written any more, and later writes throw BrokenResourceError. Errors: std::system_error with the
/// system's number, ClosedResourceError once it is closed here. Threads: the loop's in which it was made; another one
/// throws RuntimeError. Source: asyncio.StreamReader and StreamWriter.
class SocketStream : public DescriptorReading<SocketStream> {
 public:
  /// Closed: to be assigned to.
  SocketStream() = default;
  /// Takes over a connected, non-blocking stream socket. Errors: NoRunningLoop; std::system_error.
  explicit SocketStream(Descriptor socket)
      : DescriptorReading(std::move(socket), detail::DescriptorKind::socket, true) {}

  /// Completes when the system has taken all of `data`, which must stay until then; waits while the other end does not
  /// read (back-pressure). Tasks that write at the same time are served in the order of their calls, each one whole.
  /// Errors: std::system_error (EPIPE, ECONNRESET), never SIGPIPE; BrokenResourceError after a write that was cut short.
  /// Source: StreamWriter.write and drain.
  [[nodiscard("nothing is written until this is awaited: co_await it")]] detail::WriteOperation write(std::string_view data) noexcept {
    return {attached(), data};
  }
  /// The same for several pieces, one after the other, without joining them. The array and the pieces must stay until then.
  /// Source: StreamWriter.writelines.
  [[nodiscard("nothing is written until this is awaited: co_await it")]]
  detail::WritePartsOperation write(std::span<const std::string_view> parts) noexcept {
    return {attached(), parts};
  }
  /// Completes when all that was written before is on its way and the other end will see the end after it. Reading goes on.
  /// Source: StreamWriter.write_eof.
  [[nodiscard("nothing happens until this is awaited: co_await it")]] detail::WriteEofOperation write_eof() noexcept {
    return detail::WriteEofOperation(attached());
  }
  /// Closes it at once and resets the connection: what was written and not yet sent is dropped, and the other end gets
  /// ECONNRESET. Source: transport.abort.
  void abort() noexcept {
    if (is_closed()) return;
    const linger at_once{1, 0};
    (void)::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

  /// The address of this end. Errors: ClosedResourceError; std::system_error. Source: get_extra_info("sockname").
  [[nodiscard]] SocketAddress local_address() const {
    check_open();
    return detail::local_address_of(fd());
  }
  /// The address of the other end; unnamed for most clients of Unix sockets. Errors: ClosedResourceError; std::system_error,
  /// also once the other end has reset the connection (ENOTCONN). Source: get_extra_info("peername").
  [[nodiscard]] SocketAddress peer_address() const {
    check_open();
    return detail::peer_address_of(fd());
  }

  /// Whether small writes are sent at once (TCP_NODELAY). On for what eddy opens and accepts. Errors: std::system_error, also
  /// for a socket that is not TCP.
  void set_nodelay(bool on) { set(IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0); }
  /// Whether the system probes a silent peer (SO_KEEPALIVE).
  void set_keep_alive(bool on) { set(SOL_SOCKET, SO_KEEPALIVE, on ? 1 : 0); }

 private:
  friend struct detail::SocketAccess;
  SocketStream(Descriptor socket, bool connected)
      : DescriptorReading(std::move(socket), detail::DescriptorKind::socket, connected) {}

  void check_open() const {
    if (is_closed()) detail::throw_stream_closed();
  }
  void set(int level, int name, int value) {
    check_open();
    if (const int error = detail::sys::set_option(fd(), level, name, value); error < 0)
      detail::throw_system_error(-error, "eddy: cannot set an option of a socket");
  }
};

/// Two sockets that are connected with each other. Errors: std::system_error. Source: socket.socketpair.
[[nodiscard]] inline std::pair<SocketStream, SocketStream> open_socket_pair() {
  int ends[2];
  if (const int error = detail::sys::socket_pair(AF_UNIX, SOCK_STREAM, ends); error < 0)
    detail::throw_system_error(-error, "eddy: cannot make a pair of sockets");
  Descriptor first(ends[0]);
  Descriptor second(ends[1]);
  return {SocketStream(std::move(first)), SocketStream(std::move(second))};
}

namespace detail {

// For what makes a stream before its socket is connected.
struct SocketAccess {
  static SocketStream make(Descriptor socket, bool connected) { return {std::move(socket), connected}; }
  static AttachedDescriptor* attached(SocketStream& stream) noexcept { return stream.attached(); }
};

}  // namespace detail

static_assert(Stream<SocketStream>);

}  // namespace eddy::inline EDDY_ABI
