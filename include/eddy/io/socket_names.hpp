// The addresses of a socket's two ends, as the system knows them.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/socket_address.hpp>
#include <eddy/io/system_calls.hpp>

#include <sys/socket.h>

namespace eddy::inline EDDY_ABI::detail {

inline SocketAddress name_of_socket(int fd, int (*ask)(int, sockaddr*, socklen_t*) noexcept, const char* what) {
  SocketAddress address;
  socklen_t size = SocketAddress::capacity();
  if (const int error = ask(fd, address.data(), &size); error < 0) throw_system_error(-error, what);
  address.resize(size);
  return address;
}
inline SocketAddress local_address_of(int fd) {
  return name_of_socket(fd, sys::local_name, "eddy: the system does not tell a socket's own address");
}
inline SocketAddress peer_address_of(int fd) {
  return name_of_socket(fd, sys::peer_name, "eddy: the system does not tell the address of a socket's other end");
}

}  // namespace eddy::inline EDDY_ABI::detail
