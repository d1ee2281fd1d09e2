// The echo benchmark's client: keeps one message of 64 bytes on its way on each of so many connections, by hand over epoll.
//
// Usage: echo_client PORT CONNECTIONS ROUND_TRIPS. Prints the seconds that the round trips took, all connections being open
// before.
//
// SPDX-License-Identifier: MIT
#include "listen.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <sys/epoll.h>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s PORT CONNECTIONS ROUND_TRIPS\n", argv[0]);
    return 2;
  }
  const int connections = std::atoi(argv[2]);
  long left_to_send = std::atol(argv[3]);
  long left_to_get = left_to_send;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<int> sockets;
  for (int i = 0; i < connections; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) echo::fail("connect");
    echo::send_at_once(fd);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) echo::fail("epoll_ctl");
    sockets.push_back(fd);
  }
  char message[echo::kMessage];
  std::memset(message, 'x', sizeof message);
  const auto send = [&](int fd) {
    if (left_to_send == 0) return;
    --left_to_send;
    if (::send(fd, message, sizeof message, MSG_NOSIGNAL) != echo::kMessage) echo::fail("send");
  };
  const auto start = std::chrono::steady_clock::now();
  for (const int fd : sockets) send(fd);
  epoll_event events[64];
  while (left_to_get > 0) {
    const int count = ::epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      char answer[echo::kMessage];
      if (::recv(events[i].data.fd, answer, sizeof answer, MSG_WAITALL) != echo::kMessage) echo::fail("recv");
      --left_to_get;
      send(events[i].data.fd);
    }
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  std::printf("%.6f\n", taken.count());
}
