// expect: nothing is received until this is awaited: co_await it
// flags: -Werror=unused-result -Werror=unused-value
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/udp.hpp>

eddy::Task<> wrong(eddy::UdpSocket& socket) {
  char space[10];
  socket.receive_from(space);
  co_await eddy::yield();
}
