// expect: what it takes by non-const reference must be given as std::ref
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/server.hpp>

eddy::Task<> count(eddy::SocketStream stream, int& counter) {
  ++counter;
  co_await stream.write("hello");
}

eddy::Task<> wrong(int& counter) {
  const auto server = co_await eddy::start_server(count, "127.0.0.1", 0, {}, counter);
}
