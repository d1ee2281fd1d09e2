// Sockets without eddy, for tests of what eddy does with the other end.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/descriptor.hpp>
#include <eddy/io/socket_address.hpp>
#include <eddy/io/socket_stream.hpp>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <utility>
#include <vector>

namespace test {

inline int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  if (::getsockopt(fd, level, name, &value, &size) < 0) throw std::runtime_error("getsockopt");
  return value;
}

// How many descriptors this process has.
inline std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {})) - 1;
}

// A TCP socket that listens on a free port of 127.0.0.1.
class RawListener {
 public:
  explicit RawListener(int backlog = 16) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto any = eddy::SocketAddress::ipv4("127.0.0.1", 0);
    if (::bind(socket_.get(), any.data(), any.size()) < 0 || ::listen(socket_.get(), backlog) < 0)
      throw std::runtime_error("cannot listen");
    address_ = eddy::detail::local_address_of(socket_.get());
  }
  // One whose backlog is full, so that nobody gets an answer.
  static RawListener full() {
    RawListener listener(0);
    for (int i = 0; i < 4; ++i) {
      eddy::Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      (void)::connect(client.get(), listener.address_.data(), listener.address_.size());
      pollfd waiting{client.get(), POLLOUT, 0};
      const bool answered = ::poll(&waiting, 1, 20) == 1;
      listener.clients_.push_back(std::move(client));
      if (!answered) return listener;
    }
    throw std::runtime_error("the backlog does not get full");
  }

  [[nodiscard]] const eddy::SocketAddress& address() const { return address_; }
  // The next connection; waits for it.
  [[nodiscard]] eddy::Descriptor accept() const {
    const int fd = ::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) throw std::runtime_error("cannot accept");
    return eddy::Descriptor(fd);
  }

 private:
  eddy::Descriptor socket_;
  eddy::SocketAddress address_;
  std::vector<eddy::Descriptor> clients_;
};

// A port at which nobody listens.
inline eddy::SocketAddress closed_port() { return RawListener().address(); }

}  // namespace test
