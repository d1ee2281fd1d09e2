// UdpSocket when system calls fail: each error is told with its number, no datagram and no descriptor is lost.
//
// SPDX-License-Identifier: MIT
#include <eddy/io.hpp>

#include "support/run.hpp"
#include "support/system_faults.hpp"
#include "support/work.hpp"

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace test;
using eddy::Datagram;
using eddy::SocketAddress;
using eddy::UdpSocket;
using test::faults::Injection;

namespace {

UdpSocket local_socket() { return UdpSocket::bind(SocketAddress::ipv4("127.0.0.1", 0)); }

eddy::Task<std::string> receive(UdpSocket& socket) {
  std::array<char, 100> space{};
  const Datagram got = co_await socket.receive_from(space);
  co_return std::string(got.data);
}
eddy::Task<int> error_of_send(UdpSocket& socket, std::string_view data, const SocketAddress& to) {
  try {
    co_await socket.send_to(data, to);
  } catch (const std::system_error& error) {
    co_return error.code().value();
  }
  co_return 0;
}
eddy::Task<int> error_of_receive(UdpSocket& socket) {
  try {
    const std::string got = co_await receive(socket);
    (void)got;
  } catch (const std::system_error& error) {
    co_return error.code().value();
  }
  co_return 0;
}

}  // namespace

EDDY_TEST_CASE("an interrupted call for a datagram is made again", "[socket][faults]") {
  if (!faults::kAvailable) co_return;
  UdpSocket left = local_socket();
  UdpSocket right = local_socket();
  {
    Injection injection("sendto", 1, EINTR);
    co_await left.send_to("x", right.local_address());
    CHECK(injection.injected() == 1);
  }
  Injection injection("recvfrom", 1, EINTR);
  const std::string got = co_await receive(right);
  CHECK(injection.injected() == 1);
  CHECK(got == "x");
}

EDDY_TEST_CASE("a datagram for which there is no room waits, and others wait behind it", "[socket][faults]") {
  if (!faults::kAvailable) co_return;
  UdpSocket left = local_socket();
  UdpSocket right = local_socket();
  const SocketAddress to = right.local_address();
  Injection injection("sendto", 1, EAGAIN);
  auto first = eddy::create_task(error_of_send(left, "first", to));
  co_await settle();
  auto second = eddy::create_task(error_of_send(left, "second", to));
  const std::string one = co_await receive(right);
  const std::string two = co_await receive(right);
  CHECK(one == "first");
  CHECK(two == "second");
  CHECK(injection.injected() == 1);
  co_await first;
  co_await second;
}

EDDY_TEST_CASE("a report of a datagram that is not there does no harm", "[socket][faults]") {
  if (!faults::kAvailable) co_return;
  UdpSocket left = local_socket();
  UdpSocket right = local_socket();
  Injection injection("recvfrom", 1, EAGAIN);
  auto receiver = eddy::create_task(receive(right));
  co_await left.send_to("first", right.local_address());
  while (injection.injected() == 0) co_await eddy::sleep(1us);
  co_await left.send_to("second", right.local_address());
  const std::string one = co_await receiver;
  const std::string two = co_await receive(right);
  CHECK(one == "first");
  CHECK(two == "second");
}

EDDY_TEST_CASE("any other error of a datagram is told with its number, and the socket goes on", "[socket][faults]") {
  if (!faults::kAvailable) co_return;
  UdpSocket left = local_socket();
  UdpSocket right = local_socket();
  const SocketAddress to = right.local_address();
  for (const int error : {ENOBUFS, ENOMEM, EPERM, ENETUNREACH, EHOSTUNREACH, ECONNREFUSED, EMSGSIZE, EPIPE, EIO}) {
    {
      Injection injection("sendto", 1, error);
      const int told = co_await error_of_send(left, "not sent", to);
      CHECK(told == error);
    }
    co_await left.send_to("sent", to);
    {
      Injection injection("recvfrom", 1, error);
      const int told = co_await error_of_receive(right);
      CHECK(told == error);
    }
    const std::string got = co_await receive(right);
    CHECK(got == "sent");
  }
}

EDDY_TEST_CASE("a UDP socket that cannot be made leaves no descriptor behind", "[socket][faults]") {
  if (!faults::kAvailable) co_return;
  const SocketAddress peer = local_socket().local_address();
  for (const char* call : {"socket", "setsockopt", "bind", "connect"}) {
    for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES, EADDRINUSE}) {
      INFO(call << " fails with " << error);
      int told = 0;
      Injection injection(call, 1, error);
      try {
        UdpSocket socket = UdpSocket::bind(SocketAddress::ipv4("127.0.0.1", 0), {.reuse_address = true});
        socket.connect_to(peer);
      } catch (const std::system_error& failure) {
        told = failure.code().value();
      }
      CHECK(injection.injected() == 1);
      CHECK(told == error);
    }
  }
  co_return;
}
