// UdpSocket: datagrams over IPv4 and IPv6.
//
// A datagram is sent and received whole, or not at all: there is no stream, no back-pressure by the other end, and no order.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/attached_descriptor.hpp>
#include <eddy/io/socket_address.hpp>
#include <eddy/io/socket_names.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// A datagram that was received.
struct Datagram {
  std::string_view data;      ///< what came, in the receiver's space; empty for an empty datagram, which is no end
  SocketAddress from;         ///< who sent it
  std::size_t full_size = 0;  ///< its size, which is more than that of `data` if the space was too small

  /// True if the space was too small. The rest is lost.
  [[nodiscard]] bool truncated() const noexcept { return full_size > data.size(); }
};

namespace detail {

// What sending and receiving have in common: errors that speak of datagrams.
class DatagramOperation : public DescriptorOperation {
 protected:
  using DescriptorOperation::DescriptorOperation;
  DatagramOperation(DatagramOperation&&) noexcept = default;
  ~DatagramOperation() = default;
  void check_open() const {
    if (progress == Progress::closed) throw ClosedResourceError("eddy: this UDP socket is closed");
  }
};

class [[nodiscard("nothing is sent until this is awaited: co_await it")]] SendDatagram final
    : public DatagramOperation {
 public:
  SendDatagram(AttachedDescriptor* on, std::string_view data, const SocketAddress& to) noexcept
      : DatagramOperation(on, Interest::write), data_(data), to_(to), to_peer_(false) {}
  // To where the socket is connected.
  SendDatagram(AttachedDescriptor* on, std::string_view data) noexcept
      : DatagramOperation(on, Interest::write), data_(data), to_peer_(true) {}
  void await_resume() const {
    check_open();
    if (progress == Progress::failed) [[unlikely]]
      throw_failed();
  }

 private:
  int attempt(AttachedDescriptor& on) noexcept override {
    if (!to_peer_ && to_.size() == 0) return -EDESTADDRREQ;
    const sockaddr* to = to_peer_ ? nullptr : std::as_const(to_).data();
    const ssize_t count = sys::send_to(on.fd(), data_.data(), data_.size(), to, to_.size());
    return count < 0 ? static_cast<int>(count) : 0;
  }
  [[noreturn]] EDDY_COLD void throw_failed() const {
    const std::string to = to_peer_ ? std::string() : " to " + to_.to_string();
    throw_system_error(
        error, ("eddy: a datagram of " + std::to_string(data_.size()) + " bytes" + to + " was not sent").c_str());
  }

  std::string_view data_;
  SocketAddress to_;
  bool to_peer_;
};

class [[nodiscard("nothing is received until this is awaited: co_await it")]] ReceiveDatagram final
    : public DatagramOperation {
 public:
  ReceiveDatagram(AttachedDescriptor* on, std::span<char> space) noexcept
      : DatagramOperation(on, Interest::read), space_(space) {}
  Datagram await_resume() const {
    check_open();
    if (progress == Progress::failed) [[unlikely]]
      throw_system_error(error, "eddy: no datagram was received");
    return {std::string_view(space_.data(), full_size_ < space_.size() ? full_size_ : space_.size()), from_,
            full_size_};
  }

 private:
  int attempt(AttachedDescriptor& on) noexcept override {
    socklen_t size = SocketAddress::capacity();
    const ssize_t count = sys::receive_from(on.fd(), space_.data(), space_.size(), from_.data(), &size);
    if (count < 0) return static_cast<int>(count);
    from_.resize(size);
    full_size_ = static_cast<std::size_t>(count);
    return 0;
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "a datagram"; }

  std::span<char> space_;
  SocketAddress from_;
  std::size_t full_size_ = 0;
};

}  // namespace detail

/// How a UdpSocket is made.
struct UdpOptions {
  bool reuse_address = false;  ///< binds also where another socket is bound that has the same option (SO_REUSEADDR)
  bool reuse_port = false;     ///< several sockets share the port, and the system spreads what comes (SO_REUSEPORT)
  bool broadcast = false;      ///< allows sending to broadcast addresses (SO_BROADCAST)
  bool ipv6_only = true;       ///< what is bound to an IPv6 address takes no datagrams over IPv4
};

/// A UDP socket, made by `bind` or `connect`. It can be moved while no task waits in it.
///
/// Cancellation: a receive that is cancelled takes no datagram, a send that is cancelled sends none. Errors: std::system_error
/// with the system's number; ClosedResourceError once it is closed here. Where a datagram could not be delivered, a
/// connected socket may be told so later: then the next operation throws ECONNREFUSED or the like *in place of* what it
/// was to do, and the one after it works again. Threads: the loop's in which it was made; another one throws RuntimeError.
/// Source: asyncio.DatagramTransport and DatagramProtocol.
class UdpSocket {
 public:
  /// Closed: to be assigned to.
  UdpSocket() = default;
  /// Takes over a non-blocking UDP socket. Errors: NoRunningLoop; std::system_error.
  explicit UdpSocket(Descriptor socket)
      : socket_(std::make_unique<detail::AttachedDescriptor>(std::move(socket), detail::DescriptorKind::socket, true)) {
  }

  /// A socket that receives at `local`; of port zero the system chooses one, see `local_address`. Errors: NoRunningLoop;
  /// std::system_error (EADDRINUSE, EADDRNOTAVAIL); std::invalid_argument unless `local.is_ip()`.
  /// Source: loop.create_datagram_endpoint(local_addr=…).
  [[nodiscard]] static UdpSocket bind(const SocketAddress& local, UdpOptions options = {}) {
    Descriptor socket = make(local, options);
    if (local.family() == AF_INET6) set(socket, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only);
    if (const int error = detail::sys::bind(socket.get(), std::as_const(local).data(), local.size()); error < 0)
      detail::throw_system_error(-error, ("eddy: cannot bind a UDP socket to " + local.to_string()).c_str());
    return UdpSocket(std::move(socket));
  }
  /// A socket that sends to `peer`, and receives from it alone. The system chooses its own address. Errors: as those of `bind`.
  /// Source: loop.create_datagram_endpoint(remote_addr=…).
  [[nodiscard]] static UdpSocket connect(const SocketAddress& peer, UdpOptions options = {}) {
    UdpSocket made(make(peer, options));
    made.connect_to(peer);
    return made;
  }
  /// Connects a socket that is bound, or connected to somebody else; nothing is sent for it. Errors: std::system_error;
  /// ClosedResourceError; std::invalid_argument unless `peer.is_ip()`.
  void connect_to(const SocketAddress& peer) {
    check_open();
    check_ip(peer);
    if (const int error = detail::sys::connect(fd(), peer.data(), peer.size()); error < 0)
      detail::throw_system_error(-error, ("eddy: cannot connect a UDP socket to " + peer.to_string()).c_str());
  }

  /// Completes when the system has taken `data` as one datagram; it may be empty. `data` must stay until then. Nobody knows
  /// whether it arrives. Errors: std::system_error: EMSGSIZE for more than 65,507 bytes over IPv4 (or 65,527 over IPv6),
  /// EACCES for a broadcast address without `broadcast`. Source: DatagramTransport.sendto.
  [[nodiscard("nothing is sent until this is awaited: co_await it")]] detail::SendDatagram send_to(
      std::string_view data, const SocketAddress& to) noexcept {
    return {socket_.get(), data, to};
  }
  /// The same to the peer of a connected socket. Errors: also EDESTADDRREQ if it is not connected.
  [[nodiscard("nothing is sent until this is awaited: co_await it")]] detail::SendDatagram send(
      std::string_view data) noexcept {
    return {socket_.get(), data};
  }
  /// Completes with one datagram, put into `space`, which must stay while it is looked at. What does not fit is lost, and
  /// `truncated()` tells. A space of 65,535 bytes is always enough; one of none still takes a datagram.
  /// Errors: BusyResourceError while another task receives. Complexity: one system call and no allocation.
  /// Source: loop.sock_recvfrom_into.
  [[nodiscard("nothing is received until this is awaited: co_await it")]] detail::ReceiveDatagram receive_from(
      std::span<char> space) noexcept {
    return {socket_.get(), space};
  }

  /// Where it receives. Errors: ClosedResourceError; std::system_error.
  [[nodiscard]] SocketAddress local_address() const {
    check_open();
    return detail::local_address_of(fd());
  }
  /// To whom it is connected. Errors: the same; ENOTCONN if it is not.
  [[nodiscard]] SocketAddress peer_address() const {
    check_open();
    return detail::peer_address_of(fd());
  }
  /// Whether it may send to broadcast addresses. Errors: ClosedResourceError; std::system_error.
  void set_broadcast(bool on) {
    check_open();
    if (const int error = detail::sys::set_option(fd(), SOL_SOCKET, SO_BROADCAST, on ? 1 : 0); error < 0)
      detail::throw_system_error(-error, "eddy: cannot set an option of a UDP socket");
  }

  /// Closes it; tasks that wait in it get ClosedResourceError, and so does whoever uses it later. What the system has taken
  /// is still sent. A second call does nothing.
  void close() noexcept {
    if (socket_ != nullptr) socket_->close();
  }
  /// True once it is closed, released or moved from.
  [[nodiscard]] bool is_closed() const noexcept { return socket_ == nullptr || socket_->is_closed(); }
  /// The descriptor's number, which stays the socket's; -1 once it is closed.
  [[nodiscard]] int fd() const noexcept { return socket_ == nullptr ? -1 : socket_->fd(); }
  /// Takes the descriptor out of the socket, which is closed by it.
  [[nodiscard]] Descriptor release() noexcept { return socket_ == nullptr ? Descriptor() : socket_->release(); }

 private:
  static void check_ip(const SocketAddress& address) {
    if (!address.is_ip())
      throw std::invalid_argument("eddy: a UDP socket needs an address of IPv4 or IPv6, not \"" + address.to_string() +
                                  '"');
  }
  static Descriptor make(const SocketAddress& address, const UdpOptions& options) {
    check_ip(address);
    const int fd = detail::sys::socket(address.family(), SOCK_DGRAM, 0);
    if (fd < 0) detail::throw_system_error(-fd, "eddy: cannot make a UDP socket");
    Descriptor socket(fd);
    if (options.reuse_address) set(socket, SOL_SOCKET, SO_REUSEADDR, true);
    if (options.reuse_port) set(socket, SOL_SOCKET, SO_REUSEPORT, true);
    if (options.broadcast) set(socket, SOL_SOCKET, SO_BROADCAST, true);
    return socket;
  }
  static void set(const Descriptor& socket, int level, int name, bool on) {
    if (const int error = detail::sys::set_option(socket.get(), level, name, on ? 1 : 0); error < 0)
      detail::throw_system_error(-error, "eddy: cannot set an option of a UDP socket");
  }
  void check_open() const {
    if (is_closed()) throw ClosedResourceError("eddy: this UDP socket is closed");
  }

  std::unique_ptr<detail::AttachedDescriptor> socket_;
};

}  // namespace eddy::inline EDDY_ABI
