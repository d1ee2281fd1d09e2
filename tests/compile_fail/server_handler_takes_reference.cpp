// expect: eddy: this function cannot handle a connection: it is called with a SocketStream, by value
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/server.hpp>

eddy::Task<> handle(eddy::SocketStream& stream) { co_await stream.write("hello"); }

eddy::Task<> wrong() {
  const auto server = co_await eddy::start_server(handle, "127.0.0.1", 0);
}
