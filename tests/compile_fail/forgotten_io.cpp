// The same for what waits for threads, descriptors, processes and signals.
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/file.hpp>
#include <eddy/io/memory_stream.hpp>
#include <eddy/io/pipe.hpp>
#include <eddy/io/pool.hpp>
#include <eddy/io/process.hpp>
#include <eddy/io/server.hpp>
#include <eddy/io/signal.hpp>
#include <eddy/io/tcp.hpp>
#include <eddy/io/udp.hpp>
#include <eddy/threads.hpp>

#include <csignal>
#include <span>

eddy::Task<> files(eddy::File& file) {
  eddy::open_file("a");  // error: a Task does nothing until it is awaited: co_await it
  file.read(10);  // error: a Task does nothing until it is awaited: co_await it
  file.write("x");  // error: a Task does nothing until it is awaited: co_await it
  file.close();  // error: a Task does nothing until it is awaited: co_await it
  co_await eddy::yield();
}

eddy::Task<> streams(eddy::SocketStream& socket, eddy::UdpSocket& datagrams, eddy::PipeWriter& pipe,
                     eddy::MemoryStream& memory, std::span<char> space) {
  eddy::open_connection("localhost", 80);  // error: a Task does nothing until it is awaited: co_await it
  socket.read_some(space);  // error: nothing is read until this is awaited: co_await it
  socket.write("x");  // error: nothing is written until this is awaited: co_await it
  socket.write_eof();  // error: nothing happens until this is awaited: co_await it
  datagrams.receive_from(space);  // error: nothing is received until this is awaited: co_await it
  pipe.write("x");  // error: nothing is written until this is awaited: co_await it
  memory.read_some(space);  // error: nothing is read until this is awaited: co_await it
  memory.write("x");  // error: nothing is written until this is awaited: co_await it
  co_await eddy::yield();
}

eddy::Task<> others(eddy::Process& process, eddy::SignalReceiver& signals, eddy::Pool<int>& pool, eddy::Server& server) {
  eddy::to_thread([] { return 42; });  // error: nothing runs until this is awaited: co_await it
  process.wait();  // error: nothing waits until this is awaited: co_await it
  signals.next();  // error: no signal is waited for until this is awaited: co_await it
  eddy::open_signal_receiver({SIGINT, SIGTERM});  // error: the receiver is closed at once: keep it in a variable
  pool.acquire();  // error: nothing is acquired until this is awaited: co_await it
  pool.try_acquire();  // error: the member is given back at once: keep the lease in a variable
  server.serve_forever();  // error: a Task does nothing until it is awaited: co_await it
  co_await eddy::yield();
}
