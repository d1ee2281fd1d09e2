// expect: eddy: the handler of a connection is a coroutine that returns eddy::Task<>
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/server.hpp>

void handle(eddy::SocketStream stream) { stream.close(); }

eddy::Task<> wrong() {
  const auto server = co_await eddy::start_server(handle, "127.0.0.1", 0);
}
