// expect: eddy: g\+\+ before 13 miscompiles a lambda with such captures.*eddy::own\(std::move\(f\)\)
// compiler: g++<13
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/server.hpp>

#include <string>

eddy::Task<> wrong(std::string text) {
  const auto server = co_await eddy::start_server(
      [text](eddy::SocketStream stream) -> eddy::Task<> { co_await stream.write(text); }, "127.0.0.1", 0);
}
