// A server that sends back what it gets. Try it with `nc 127.0.0.1 PORT`; Ctrl-C ends it.
//
// `start_server` runs the handler as a task of its own for each connection: it owns the stream, and the connection is
// closed when it ends, however it ends. Nothing here is shared, so nothing needs a lock.
//
// Usage: 30_echo_server [PORT]; port 0, the default, lets the system choose one.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>
#include <eddy/io.hpp>

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <system_error>

using namespace std::chrono_literals;

/// Until the other end closes, or is silent for a minute.
eddy::Task<> echo(eddy::SocketStream stream) {
  std::array<char, 4096> chunk{};
  try {
    while (true) {
      const std::size_t size = co_await eddy::timeout(1min, stream.read_some(chunk));
      if (size == 0) co_return;
      co_await stream.write({chunk.data(), size});  // waits while the other end does not read
    }
  } catch (const eddy::TimeoutError&) {
    fmt::print(stderr, "a client was silent for too long\n");
  } catch (const std::system_error& error) {
    fmt::print(stderr, "a client is gone: {}\n", error.code().message());
  }
}

eddy::Task<> async_main(std::uint16_t port) {
  eddy::ServerOptions options;
  options.max_connections = 1000;  // others wait until one of these has ended
  const eddy::Server server = co_await eddy::start_server(echo, "127.0.0.1", port, options);
  fmt::print("Serving on {}\n", server.addresses().front().to_string());
  std::fflush(stdout);
  co_await server.serve_forever();
}

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 0;
  try {
    eddy::run(async_main(static_cast<std::uint16_t>(port)));
  } catch (const eddy::KeyboardInterrupt&) {
    fmt::print("Bye\n");
  } catch (const std::system_error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
