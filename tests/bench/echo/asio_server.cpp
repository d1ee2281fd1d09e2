// The echo benchmark's server on Boost.Asio's coroutines.
//
// Ends when the last of its connections has ended.
//
// SPDX-License-Identifier: MIT
#include "listen.hpp"

#include <boost/asio.hpp>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

int open_connections = 0;

asio::awaitable<void> serve(tcp::socket socket) {
  char message[echo::kBuffer];
  while (true) {
    const auto [read_error, size] =
        co_await socket.async_read_some(asio::buffer(message), asio::as_tuple(asio::use_awaitable));
    if (read_error) break;
    const auto [write_error, written] =
        co_await asio::async_write(socket, asio::buffer(message, size), asio::as_tuple(asio::use_awaitable));
    if (write_error) break;
  }
  if (--open_connections == 0) std::exit(0);
}

asio::awaitable<void> accept_all(tcp::acceptor& acceptor) {
  while (true) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    socket.set_option(tcp::no_delay(true));
    ++open_connections;
    asio::co_spawn(acceptor.get_executor(), serve(std::move(socket)), asio::detached);
  }
}

}  // namespace

int main() {
  asio::io_context context(1);
  tcp::acceptor acceptor(context);
  acceptor.assign(tcp::v4(), echo::listen_on_loopback());
  asio::co_spawn(context, accept_all(acceptor), asio::detached);
  context.run();
}
