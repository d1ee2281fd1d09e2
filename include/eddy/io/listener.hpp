// Listener: a socket that listens, and for a Unix socket the file that it stands for; servers accept from it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/attached_descriptor.hpp>
#include <eddy/io/resolver.hpp>
#include <eddy/io/socket_address.hpp>
#include <eddy/io/socket_stream.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

/// How `start_server` listens and accepts.
struct ServerOptions {
  std::size_t max_connections = SIZE_MAX;  ///< open at once; beyond it others wait in the backlog
  int backlog = SOMAXCONN;                 ///< how many the system keeps until they are accepted; it has a limit of its own
  bool reuse_address = true;               ///< binds also while old connections of that port linger (SO_REUSEADDR)
  bool reuse_port = false;                 ///< several sockets share the port, and the system spreads connections (SO_REUSEPORT)
  bool ipv6_only = true;                   ///< an IPv6 address takes no IPv4 connections, so that both can be bound
  bool nodelay = true;                     ///< small writes are sent at once (TCP_NODELAY)
  int family = AF_UNSPEC;                  ///< AF_INET or AF_INET6 for that family's addresses only
  decltype(ResolveOptions::lookup) lookup = ResolveOptions().lookup;  ///< what looks names up, see ResolveOptions
};

namespace detail {

static_assert(std::is_trivially_copyable_v<ServerOptions>);

[[noreturn]] EDDY_COLD inline void throw_cannot_listen(int error, const SocketAddress& address) {
  throw_system_error(error, ("eddy: cannot listen on " + address.to_string()).c_str());
}

// The file of a Unix socket that was bound here. It is removed unless another one has taken its place.
class BoundPath {
 public:
  explicit BoundPath(const SocketAddress& address) : path_(address.path()) {
    struct stat found {};
    const int error = sys::stat_link(path_.c_str(), found);
    if (error == -ENOENT) path_.clear();
    if (error < 0 && error != -ENOENT) {  // it could not be told from another one later
      (void)sys::unlink(path_.c_str());
      throw_cannot_listen(-error, address);
    }
    device_ = found.st_dev;
    inode_ = found.st_ino;
  }
  BoundPath(const BoundPath&) = delete;
  BoundPath& operator=(const BoundPath&) = delete;
  ~BoundPath() { remove(); }

  void remove() noexcept {
    struct stat found {};
    const bool ours = !path_.empty() && sys::stat_link(path_.c_str(), found) == 0 && found.st_dev == device_ &&
                      found.st_ino == inode_;
    if (ours) (void)sys::unlink(path_.c_str());
    path_.clear();
  }

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// Removes a socket's file that is left over: nobody listens behind it, as a connection shows. False if it is not.
inline bool remove_stale(const SocketAddress& address) {
  const std::string path = address.path();
  struct stat found {};
  int error = sys::stat_link(path.c_str(), found);
  if (error == 0) {
    if (!S_ISSOCK(found.st_mode)) return false;
    const int fd = sys::socket(AF_UNIX, SOCK_STREAM, 0);
    const Descriptor probe(fd);
    if (fd >= 0 && sys::connect(fd, address.data(), address.size()) != -ECONNREFUSED) return false;
    error = fd < 0 ? fd : sys::unlink(path.c_str());
  }
  if (error < 0 && error != -ENOENT) throw_cannot_listen(-error, address);
  return true;
}

// A socket that is bound, and listens once it is told to.
class BoundSocket {
 public:
  BoundSocket(const SocketAddress& address, const ServerOptions& options) : address_(address) {
    const int fd = sys::socket(address.family(), SOCK_STREAM, 0);
    if (fd < 0) throw_cannot_listen(-fd, address);
    socket_.reset(fd);
    if (address.is_ip()) {
      set(SOL_SOCKET, SO_REUSEADDR, options.reuse_address);
      set(SOL_SOCKET, SO_REUSEPORT, options.reuse_port);
      set(IPPROTO_TCP, TCP_NODELAY, options.nodelay);  // what is accepted inherits it
    }
    if (address.family() == AF_INET6) set(IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only);
    int error = sys::bind(fd, address.data(), address.size());
    if (error == -EADDRINUSE && address.is_path() && remove_stale(address)) error = sys::bind(fd, address.data(), address.size());
    if (error < 0) throw_cannot_listen(-error, address);
    if (address.is_path()) file_ = std::make_unique<BoundPath>(address);
    address_ = local_address_of(fd);
  }
  [[nodiscard]] const SocketAddress& address() const noexcept { return address_; }
  void listen(int backlog) const {
    if (const int error = sys::listen(socket_.get(), backlog); error < 0) throw_cannot_listen(-error, address_);
  }

 private:
  friend class Listener;
  void set(int level, int name, bool on) const {
    if (const int error = sys::set_option(socket_.get(), level, name, on ? 1 : 0); error < 0 && on)
      throw_cannot_listen(-error, address_);
  }

  Descriptor socket_;
  SocketAddress address_;
  std::unique_ptr<BoundPath> file_;
};

// Registered with the loop.
class Listener {
 public:
  explicit Listener(BoundSocket bound)
      : address_(bound.address_),
        file_(std::move(bound.file_)),
        socket_(std::make_unique<AttachedDescriptor>(std::move(bound.socket_), DescriptorKind::socket, true)) {}

  [[nodiscard]] AttachedDescriptor* socket() const noexcept { return socket_.get(); }
  [[nodiscard]] const SocketAddress& address() const noexcept { return address_; }
  void close() noexcept {
    if (file_ != nullptr) file_->remove();
    socket_->close();
  }

 private:
  SocketAddress address_;
  std::unique_ptr<BoundPath> file_;
  std::unique_ptr<AttachedDescriptor> socket_;
};

// Binds all addresses; of one with port zero the system chooses a port, and the others get the same. What this machine has
// not got, such as IPv6, is left out unless nothing else is there.
inline std::vector<BoundSocket> bind_all(const std::vector<SocketAddress>& addresses, const ServerOptions& options) {
  std::vector<BoundSocket> bound;
  std::exception_ptr missing;
  std::uint16_t chosen = 0;
  for (const SocketAddress& address : addresses) {
    const bool any_port = address.is_ip() && address.port() == 0;
    try {
      bound.emplace_back(any_port ? address.with_port(chosen) : address, options);
    } catch (const std::system_error& error) {
      if (error.code().value() != EAFNOSUPPORT && error.code().value() != EADDRNOTAVAIL) throw;
      missing = std::current_exception();
      continue;
    }
    if (any_port && chosen == 0) chosen = bound.back().address().port();
  }
  if (bound.empty()) std::rethrow_exception(missing);
  return bound;
}

inline std::vector<Listener> open_listeners(const std::vector<SocketAddress>& addresses, const ServerOptions& options) {
  constexpr int kTries = 16;
  const bool chooses = addresses.size() > 1 && addresses.front().is_ip() && addresses.front().port() == 0;
  std::vector<Listener> listeners;
  for (int tries = 1;; ++tries) {
    try {
      std::vector<BoundSocket> bound = bind_all(addresses, options);
      for (const BoundSocket& socket : bound) socket.listen(options.backlog);
      for (BoundSocket& socket : bound) listeners.emplace_back(std::move(socket));
      return listeners;
    } catch (const std::system_error& error) {
      // The port that the system chose for one family may be taken in the other.
      if (!chooses || error.code().value() != EADDRINUSE || tries == kTries) throw;
    }
  }
}

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
