// The echo benchmark's server on eddy: as one would write it.
//
// Ends when the last of its connections has ended.
//
// SPDX-License-Identifier: MIT
#include "listen.hpp"

#include <eddy/eddy.hpp>
#include <eddy/io.hpp>

namespace {

struct Connections {
  int open = 0;
  eddy::Event none_left;
};

eddy::Task<> serve(eddy::SocketStream stream, Connections& connections) {
  char message[echo::kBuffer];
  while (true) {
    const std::size_t size = co_await stream.read_some(message);
    if (size == 0) break;
    co_await stream.write(std::string_view(message, size));
  }
  if (--connections.open == 0) connections.none_left.set();
}

eddy::Task<> accept_all(int listener, Connections& connections) {
  while (true) {
    co_await eddy::readable(listener);
    int accepted;
    while ((accepted = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
      echo::send_at_once(accepted);
      ++connections.open;
      eddy::create_task(serve(eddy::SocketStream(eddy::Descriptor(accepted)), connections));
    }
  }
}

eddy::Task<> main_task(int listener) {
  Connections connections;
  auto accepting = eddy::create_task(accept_all(listener, connections));
  co_await connections.none_left.wait();
  accepting.cancel();
}

}  // namespace

int main() { eddy::run(main_task(echo::listen_on_loopback())); }
