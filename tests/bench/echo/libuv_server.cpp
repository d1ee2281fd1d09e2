// The echo benchmark's server on libuv's callbacks.
//
// Ends when the last of its connections has ended.
//
// SPDX-License-Identifier: MIT
#include "listen.hpp"

#include <uv.h>

namespace {

int open_connections = 0;

struct Connection {
  uv_tcp_t socket;
  uv_write_t request;
  char message[echo::kBuffer];
};

void on_written(uv_write_t*, int) {}
void on_closed(uv_handle_t* handle) {
  delete static_cast<Connection*>(handle->data);
  if (--open_connections == 0) std::exit(0);
}
void on_buffer(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
  auto* connection = static_cast<Connection*>(handle->data);
  *buffer = uv_buf_init(connection->message, sizeof connection->message);
}
void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t*) {
  auto* connection = static_cast<Connection*>(stream->data);
  if (size < 0) {
    uv_close(reinterpret_cast<uv_handle_t*>(stream), on_closed);
    return;
  }
  if (size == 0) return;
  const uv_buf_t buffer = uv_buf_init(connection->message, static_cast<unsigned>(size));
  uv_write(&connection->request, stream, &buffer, 1, on_written);
}
void on_connection(uv_stream_t* server, int) {
  auto* connection = new Connection;
  uv_tcp_init(server->loop, &connection->socket);
  connection->socket.data = connection;
  if (uv_accept(server, reinterpret_cast<uv_stream_t*>(&connection->socket)) != 0) echo::fail("accept");
  uv_tcp_nodelay(&connection->socket, 1);
  ++open_connections;
  uv_read_start(reinterpret_cast<uv_stream_t*>(&connection->socket), on_buffer, on_read);
}

}  // namespace

int main() {
  uv_loop_t* loop = uv_default_loop();
  uv_tcp_t server;
  uv_tcp_init(loop, &server);
  uv_tcp_open(&server, echo::listen_on_loopback());
  if (uv_listen(reinterpret_cast<uv_stream_t*>(&server), 1024, on_connection) != 0) echo::fail("listen");
  uv_run(loop, UV_RUN_DEFAULT);
}
