// open_unix_connection and start_unix_server: streams and servers on Unix sockets.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/server.hpp>
#include <eddy/io/socket_address.hpp>
#include <eddy/io/tcp.hpp>
#include <eddy/task/task.hpp>

#include <string_view>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

// "@name" is an abstract one, as ss(8) and systemd write it; a path that begins so is written "./@name".
[[nodiscard]] inline SocketAddress local_socket(std::string_view path) {
  return path.starts_with('@') ? SocketAddress::abstract(path.substr(1)) : SocketAddress::unix_path(path);
}

}  // namespace detail

/// Completes with a stream to the Unix socket at `path`; "@name" is one in Linux's abstract namespace.
///
/// Cancellation and errors: as `connect`'s: ENOENT if there is no such path, ECONNREFUSED if nobody listens behind it, EAGAIN
/// if too many wait there; AddressError, at once, for a path that is empty or longer than 107 bytes.
/// Source: asyncio.open_unix_connection.
inline Task<SocketStream> open_unix_connection(std::string_view path, ConnectOptions options = {}) {
  return connect(detail::local_socket(path), options);
}

/// Completes with a server at `path`, or in the abstract namespace at "@name", as `start_server` does for TCP. A file that a
/// server has left behind is replaced; one behind which somebody listens is EADDRINUSE, and so is one that is no socket. To see
/// that, it connects: a server that lives there gets a connection that ends at once. When
/// the server closes, it removes its file, unless another one stands there by now.
///
/// Errors: as start_server's; AddressError, at once, for a path that is empty or longer than 107 bytes. Access is as the file's
/// permissions say, which are those of the process's umask. Source: asyncio.start_unix_server.
template <class F, class... Args>
Task<Server> start_unix_server(F&& handler, std::string_view path, ServerOptions options = {}, Args&&... args) {
  return start_server(std::forward<F>(handler), detail::local_socket(path), options, std::forward<Args>(args)...);
}

}  // namespace eddy::inline EDDY_ABI
