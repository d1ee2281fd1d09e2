// open_connection and connect: streams to a host and port, or to one address.
//
// A host has several addresses as a rule, and some of them may lead nowhere: they are tried one after the other with a small
// stagger, and the first that answers is taken (happy eyeballs, RFC 8305).
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/combine/staggered_race.hpp>
#include <eddy/io/resolver.hpp>
#include <eddy/io/socket_address.hpp>
#include <eddy/io/socket_stream.hpp>
#include <eddy/task/task.hpp>

#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

/// None of a host's addresses could be connected to. `code()` is the first one's, `what()` names all of them.
/// Source: the OSError "Multiple exceptions" of loop.create_connection.
class ConnectError : public std::system_error {
 public:
  /// `errors` has the error of each address, one at least; `host` is what they belong to.
  ConnectError(const std::string& host, std::vector<std::system_error> errors)
      : std::system_error(errors.front().code()), errors_(std::move(errors)) {
    text_ = "eddy: cannot connect to " + host + " at any of its " + std::to_string(errors_.size()) + " addresses";
    for (std::size_t i = 0; i < errors_.size(); ++i) {
      std::string_view one = errors_[i].what();
      if (one.starts_with("eddy: ")) one.remove_prefix(6);
      text_.append(i == 0 ? ": " : "; ").append(one);
    }
  }
  /// What went wrong with each address, in the order in which they were tried.
  [[nodiscard]] const std::vector<std::system_error>& errors() const noexcept { return errors_; }
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::vector<std::system_error> errors_;
  std::string text_;
};

/// How `open_connection` and `connect` connect.
struct ConnectOptions {
  SocketAddress local_address = {};  ///< what this end is bound to; empty: the system chooses
  int family = AF_UNSPEC;            ///< AF_INET or AF_INET6 for that family's addresses only
  TimeLimit attempt_delay = std::chrono::milliseconds(250);  ///< from one address to the next; `nullopt`: once the last has failed
  bool nodelay = true;               ///< small writes are sent at once (TCP_NODELAY)
  decltype(ResolveOptions::lookup) lookup = ResolveOptions().lookup;  ///< what looks names up, see ResolveOptions
};

namespace detail {

static_assert(std::is_trivially_copyable_v<ConnectOptions>);

// Waits until a socket that is being connected is, or is not; gives the error's number or zero.
class [[nodiscard("nothing waits until this is awaited: co_await it")]] ConnectOperation final : public DescriptorOperation {
 public:
  explicit ConnectOperation(AttachedDescriptor* on) noexcept : DescriptorOperation(on, Interest::write) {}
  int await_resume() const {
    if (progress == Progress::failed) return error;
    check();
    return 0;
  }

 private:
  int attempt(AttachedDescriptor& on) noexcept override {
    if (const int failed = sys::get_option(on.fd(), SOL_SOCKET, SO_ERROR); failed != 0) return failed < 0 ? failed : -failed;
    SocketAddress peer;
    socklen_t size = SocketAddress::capacity();
    return sys::peer_name(on.fd(), peer.data(), &size) == -ENOTCONN ? -EAGAIN : 0;  // woken for nothing
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "a connection"; }
};

[[noreturn]] EDDY_COLD inline void throw_address_failed(int error, const char* what, const SocketAddress& address) {
  throw_system_error(error, (what + address.to_string()).c_str());
}

// A socket for a connection to `to`, bound to where it is to begin.
inline Descriptor open_client_socket(const SocketAddress& to, const ConnectOptions& options) {
  const int fd = sys::socket(to.family(), SOCK_STREAM, 0);
  if (fd < 0) throw_address_failed(-fd, "eddy: no socket for ", to);
  Descriptor socket(fd);
  if (to.is_ip() && options.nodelay) (void)sys::set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  const SocketAddress& from = options.local_address;
  if (from.size() == 0) return socket;
  if (const int error = sys::bind(fd, from.data(), from.size()); error < 0)
    throw_address_failed(-error, "eddy: cannot begin a connection at ", from);
  return socket;
}

}  // namespace detail

/// Completes with a stream to one address, TCP or Unix.
///
/// Cancellation: gives the attempt up and closes its socket. There is no time limit but the system's, which takes minutes:
/// `timeout(5s, connect(…))`. Errors: std::system_error whose text names the address: ECONNREFUSED, ETIMEDOUT, ENETUNREACH,
/// ENOENT for the path of a Unix socket, EAGAIN for a Unix socket whose backlog is full. Complexity: nothing but the system
/// calls, and no thread. Source: loop.sock_connect.
inline Task<SocketStream> connect(SocketAddress address, ConnectOptions options = {}) {
  Descriptor socket = detail::open_client_socket(address, options);
  int error = -detail::sys::connect(socket.get(), address.data(), address.size());
  const bool under_way = error == EINPROGRESS;
  SocketStream stream;
  if (error == 0 || under_way) stream = detail::SocketAccess::make(std::move(socket), !under_way);
  if (under_way) error = co_await detail::ConnectOperation(detail::SocketAccess::attached(stream));
  if (error != 0) detail::throw_address_failed(error, "eddy: cannot connect to ", address);
  co_return stream;
}

namespace detail {

// One address of several, as staggered_race wants it.
class ConnectAttempt {
 public:
  ConnectAttempt(const SocketAddress& address, const ConnectOptions& options) noexcept : address_(address), options_(options) {}
  Task<SocketStream> operator()() const { return connect(address_, options_); }

 private:
  SocketAddress address_;
  ConnectOptions options_;
};

// An error that is not about an address (no memory, say) is told as it is.
[[noreturn]] EDDY_COLD inline void throw_connect_error(const std::string& host, const std::vector<std::exception_ptr>& failures) {
  std::vector<std::system_error> errors;
  for (const std::exception_ptr& failure : failures) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::system_error& error) {
      errors.push_back(error);
    }
  }
  throw ConnectError(host, std::move(errors));
}

}  // namespace detail

/// Completes with a stream to `host`, a name or a numeric address, at `port`. All addresses of a name are tried, families by
/// turns, each one 250 ms after the one before it or as soon as that has failed; the first that answers is taken, the other
/// attempts are given up and their sockets closed.
///
/// Cancellation: gives up whatever it is at. `timeout(5s, open_connection(…))` limits the lookup and all attempts together.
/// Errors: ResolveError; std::system_error for a single address, as `connect`'s; ConnectError if there were several and all
/// failed. Source: asyncio.open_connection.
inline Task<SocketStream> open_connection(std::string host, std::uint16_t port, ConnectOptions options = {}) {
  ResolveOptions resolve_options;
  resolve_options.family = options.family;
  resolve_options.lookup = options.lookup;
  if (options.family == AF_UNSPEC && options.local_address.is_ip()) resolve_options.family = options.local_address.family();
  auto addresses = co_await resolve(host, port, resolve_options);
  if (addresses.size() == 1) co_return co_await connect(addresses.front(), options);
  std::vector<detail::ConnectAttempt> attempts;
  for (const SocketAddress& address : interleave_families(std::move(addresses))) attempts.emplace_back(address, options);
  auto result = co_await staggered_race(std::move(attempts), options.attempt_delay);
  if (!result.value) detail::throw_connect_error(host + ':' + std::to_string(port), result.errors);
  co_return *std::move(result.value);
}
template <class Port, class... Options>
  requires(!std::is_convertible_v<Port, std::uint16_t>)
auto open_connection(const std::string&, Port&&, Options&&...) {
  static_assert(detail::always_false<Port>, "eddy: a port is a number: write open_connection(\"localhost\", 80)");
}

}  // namespace eddy::inline EDDY_ABI
