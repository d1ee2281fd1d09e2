// A server that ends gracefully: at SIGTERM or Ctrl-C it takes no more connections, lets those that are open finish, and
// cuts what has not finished within a deadline.
//
// The signal is awaited like anything else. Closing the server frees the port at once; `wait_closed` waits for the handlers;
// those that are left at the deadline are cancelled, and their destructors run.
//
// Usage: 34_graceful_shutdown [PORT [MILLISECONDS]]
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>
#include <eddy/io.hpp>

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

/// Answers each line after as many milliseconds as it says.
eddy::Task<> work(eddy::SocketStream stream) {
  auto lines = stream.lines();
  while (auto line = co_await lines.next()) {
    co_await eddy::sleep(std::chrono::milliseconds(std::atoi(line->c_str())));
    co_await stream.write("done " + *line + "\n");
  }
}

eddy::Task<> async_main(std::uint16_t port, std::chrono::milliseconds deadline) {
  auto signals = eddy::open_signal_receiver({SIGTERM, SIGINT});
  eddy::Server server = co_await eddy::start_server(work, "127.0.0.1", port);
  fmt::print("Serving on {}\n", server.addresses().front().to_string());
  std::fflush(stdout);

  co_await signals.next();
  server.close();
  fmt::print("Draining {} connections\n", server.connections());
  std::fflush(stdout);

  const bool drained = co_await eddy::move_on_after(deadline, server.wait_closed());
  if (!drained) {
    fmt::print("Cutting {} connections\n", server.connections());
    server.close_clients();
    co_await server.wait_closed();
  }
  fmt::print("Bye\n");
}

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 0;
  const std::chrono::milliseconds deadline(argc > 2 ? std::atoi(argv[2]) : 10'000);
  eddy::run(async_main(static_cast<std::uint16_t>(port), deadline));
}
