// Sends lines to an echo server and prints what comes back: many connections at once, each with a deadline.
//
// `open_connection` takes a name or an address, and tries all addresses of a name. The timeout is for everything together:
// to look the name up, to connect, to send and to get the answer. If it passes, the connection is closed by the destructor of
// its stream.
//
// Usage: 31_echo_client HOST PORT [TEXT]...
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>
#include <eddy/io.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

eddy::Task<std::string> echo(std::string host, std::uint16_t port, std::string text) {
  eddy::SocketStream stream = co_await eddy::open_connection(std::move(host), port);
  co_await stream.write(text + "\n");
  co_await stream.write_eof();
  std::string answer = co_await stream.read_line();
  if (!answer.empty() && answer.back() == '\n') answer.pop_back();
  co_return answer;
}

eddy::Task<> async_main(std::string host, std::uint16_t port, std::vector<std::string> texts) {
  std::vector<eddy::Task<std::string>> echoes;
  for (const std::string& text : texts) echoes.push_back(echo(host, port, text));
  const auto answers = co_await eddy::timeout(5s, eddy::gather(std::move(echoes)));
  for (const std::string& answer : answers) fmt::print("{}\n", answer);
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: {} HOST PORT [TEXT]...\n", argv[0]);
    return 2;
  }
  std::vector<std::string> texts(argv + 3, argv + argc);
  if (texts.empty()) texts.emplace_back("Hello World!");
  try {
    eddy::run(async_main(argv[1], static_cast<std::uint16_t>(std::atoi(argv[2])), std::move(texts)));
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
