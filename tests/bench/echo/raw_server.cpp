// The floor of the echo benchmark: a server by hand over epoll, edge-triggered, without a library's bookkeeping.
//
// Ends when the last of its connections has ended.
//
// SPDX-License-Identifier: MIT
#include "listen.hpp"

#include <cerrno>
#include <sys/epoll.h>

int main() {
  const int listener = echo::listen_on_loopback();
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener;
  if (epoll < 0 || ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) echo::fail("epoll");
  epoll_event events[64];
  int open = 0;
  while (true) {
    const int count = ::epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == listener) {
        int accepted;
        while ((accepted = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
          echo::send_at_once(accepted);
          event.events = unsigned{EPOLLIN} | EPOLLRDHUP | EPOLLET;
          event.data.fd = accepted;
          if (::epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &event) != 0) echo::fail("epoll_ctl");
          ++open;
        }
        continue;
      }
      char message[echo::kBuffer];
      const ssize_t size = ::recv(fd, message, sizeof message, 0);
      if (size < 0 && errno == EAGAIN) continue;
      if (size <= 0) {
        ::close(fd);
        if (--open == 0) return 0;
        continue;
      }
      if (::send(fd, message, static_cast<std::size_t>(size), MSG_NOSIGNAL) != size) echo::fail("send");
    }
  }
}
