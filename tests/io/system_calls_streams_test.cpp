// Every system call for connections, servers, datagrams, lookups and standard streams fails, in each way that it can: what
// failed can be done again, and no descriptor and no socket's file is left.
//
// SPDX-License-Identifier: MIT
#include "support/fault_scenario.hpp"
#include "support/run.hpp"
#include "support/temporary_folder.hpp"

#include <eddy/io.hpp>

#include <fcntl.h>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

using namespace test;
using eddy::ReactorKind;
using eddy::SocketAddress;
using namespace test::faults;

namespace {

// Both ends share a Told.
eddy::Task<> echo(eddy::SocketStream stream, Told* told) {
  while (true) {
    const auto reading = [&] { return stream.read_line(); };
    const std::string line = co_await again(*told, reading);
    if (line.empty()) co_return;
    const auto writing = [&] { return stream.write(line); };
    co_await again(*told, writing);
  }
}
eddy::Task<> talk(eddy::SocketStream& stream, Told& told) {
  const auto writing = [&] { return stream.write("hello\n"); };
  co_await again(told, writing);
  const auto reading = [&] { return stream.read_line(); };
  const std::string line = co_await again(told, reading);
  expect(line == "hello\n", "the answer is wrong");
}
eddy::Task<> end(eddy::Server& server) {
  server.close();
  server.close_clients();
  co_await server.wait_closed();
}

Expected connections() {
  Expected expected;
  expected.reactors = {ReactorKind::epoll, ReactorKind::poll};
  expected.left_out = {"accept4"};     // tests/io/server_faults_test.cpp
  expected.tolerated = {"epoll_ctl"};  // of what is closed
  return expected;
}

}  // namespace

EDDY_LOOP_TEST_CASE("whichever call of a TCP server or its client fails, both can be made and used again", "[large][order][faults]") {
  const auto scenario = [](Told& told) -> eddy::Task<> {
    eddy::ServerOptions options;
    options.reuse_port = true;
    const auto starting = [&] { return eddy::start_server(echo, "127.0.0.1", 0, options, &told); };
    auto server = co_await again(told, starting);
    const SocketAddress address = server.addresses().front();
    eddy::ConnectOptions from;
    from.local_address = SocketAddress::ipv4("127.0.0.1", 0);
    const auto connecting = [&] { return eddy::connect(address, from); };
    eddy::SocketStream stream = co_await again(told, connecting);
    co_await talk(stream, told);
    const SocketAddress peer = again_now(told, [&] { return stream.peer_address(); });
    expect(peer == address, "the peer is wrong");
    const SocketAddress own = again_now(told, [&] { return stream.local_address(); });
    expect(own.port() != 0, "there is no address");
    again_now(told, [&] { stream.set_keep_alive(true); });
    stream.abort();
    co_await end(server);
  };
  Expected expected = connections();
  expected.left_out.merge(std::set<std::string>{"epoll_ctl", "fstat"});  // a server that cannot watch pauses for a second
  // Without TCP_NODELAY a connection is slower, and nobody needs to know that a reset was not to be had. That a connection is
  // there is seen by getpeername, too, but by ENOTCONN alone that it is not.
  expected.tolerated.merge(std::set<std::string>{"setsockopt", "getpeername"});
  expected.impossible = {{"read/socket", EHOSTUNREACH}};
  const auto failed = fail_each_call(scenario, expected);
  check_covered(failed, {"system_calls.hpp: socket, connect, bind, listen, setsockopt, getsockopt, getsockname, getpeername",
                         "socket_stream.hpp: setsockopt, sys::set_option", "socket_names.hpp: sys::local_name, sys::peer_name",
                         "listener.hpp: sys::socket, sys::bind, sys::listen, sys::set_option",
                         "tcp.hpp: sys::socket, sys::bind, sys::connect, sys::get_option, sys::peer_name, sys::set_option"});
}

EDDY_LOOP_TEST_CASE("whichever call of a Unix server fails, a file that was left over is replaced, and none is left",
                    "[large][order][faults]") {
  const TemporaryFolder folder;
  const fs::path path = folder / "socket";
  const auto scenario = [&](Told& told) -> eddy::Task<> {
    plainly([&] {  // somebody who is gone has left it
      fs::remove(path);
      const eddy::Descriptor old(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const auto address = SocketAddress::unix_path(path.native());
      expect(::bind(old.get(), address.data(), address.size()) == 0, "bind");
    });
    const auto starting = [&] { return eddy::start_unix_server(echo, path.native(), {}, &told); };
    auto server = co_await again(told, starting);
    const auto connecting = [&] { return eddy::open_unix_connection(path.native()); };
    eddy::SocketStream stream = co_await again(told, connecting);
    co_await talk(stream, told);
    stream.close();
    co_await end(server);
  };
  Expected expected = connections();
  expected.left_out.merge(std::set<std::string>{"epoll_ctl", "fstat"});
  expected.tolerated.insert("getpeername");
  expected.untold = {{"connect", ECONNREFUSED}};
  expected.impossible = {{"connect", EINTR}, {"lstat", ENOENT}, {"unlink", ENOENT}};  // it does not wait; the file is there
  expected.instead = {EADDRINUSE};             // whether anybody listens there was not to be learnt
  expected.tolerated.insert("lstat");          // the last one is by who removes his file, and has nobody to tell it to
  // One that fails at the end leaves the file.
  std::size_t files = 0;
  expected.left = [&] {
    files += fs::exists(path) ? 1U : 0U;
    fs::remove(path);
    return std::string();
  };
  expected.tolerated.insert("unlink");
  const auto failed = fail_each_call(scenario, expected);
  CHECK(files <= 2 * (6 + 6));  // over both reactors: the last lstat and the last unlink, with each of their errors
  check_covered(failed, {"listener.hpp: sys::stat_link, sys::unlink, sys::connect, sys::socket, sys::bind", "system_calls.hpp: lstat, unlink, socket, connect, bind"});
}

EDDY_LOOP_TEST_CASE("whichever call of a UDP socket fails, it is told, and the socket goes on", "[large][order][faults]") {
  const auto scenario = [](Told& told) -> eddy::Task<> {
    const auto binding = [] { return eddy::UdpSocket::bind(SocketAddress::ipv4("127.0.0.1", 0), {.reuse_address = true}); };
    auto right = again_now(told, binding);
    const SocketAddress to = again_now(told, [&] { return right.local_address(); });
    auto left = again_now(told, [&] { return eddy::UdpSocket::connect(to); });
    const auto sending = [&] { return left.send("text"); };
    co_await again(told, sending);
    char space[10];
    const auto receiving = [&] { return right.receive_from(space); };
    const eddy::Datagram got = co_await again(told, receiving);
    expect(got.data == "text", "it did not come");
  };
  Expected expected = connections();
  expected.impossible = {{"connect", EINTR}};  // it does not wait
  const auto failed = fail_each_call(scenario, expected);
  check_covered(failed, {"system_calls.hpp: sendto, recvfrom", "udp.hpp: sys::socket, sys::set_option, sys::bind, sys::connect",
                         "udp.hpp: sys::send_to, sys::receive_from"});
}

EDDY_LOOP_TEST_CASE("whichever way a lookup fails, its code is told, and the next one is right", "[large][order][faults]") {
  const auto looking_up = [](Told& told, bool once_more) -> eddy::Task<bool> {
    try {
      const auto found = co_await eddy::resolve("localhost", 80);
      co_return !found.empty();
    } catch (const eddy::ResolveError& failure) {
      expect(once_more, "it failed twice");
      told.note(failure.code() == EAI_SYSTEM ? 0 : failure.code(), failure.what());
    }
    co_return false;
  };
  const auto scenario = [&](Told& told) -> eddy::Task<> {
    const bool found = co_await looking_up(told, true);
    if (found) co_return;
    const bool found_then = co_await looking_up(told, false);
    expect(found_then, "it was not found");
  };
  Expected expected;
  expected.impossible = {{"getaddrinfo", EMFILE}, {"getaddrinfo", ENOMEM}};
  const auto failed = fail_each_call(scenario, expected);
  check_covered(failed, {"resolver.hpp: getaddrinfo"});
  if (!faults::kAvailable) return;
  faults::Injection injection("getaddrinfo", 1, EMFILE);
  std::string what;
  try {
    (void)eddy::system_lookup("localhost", "80", AF_UNSPEC);
  } catch (const eddy::ResolveError& failure) {
    what = failure.what();
  }
  CHECK(what == "eddy: cannot look up \"localhost\": Too many open files");
}

EDDY_LOOP_TEST_CASE("whichever call of a standard stream fails, it can be made again, and no byte is lost", "[large][order][faults]") {
  const TemporaryFolder folder;
  const auto scenario = [&](Told& told) -> eddy::Task<> {
    eddy::Descriptor reading;
    eddy::Descriptor writing;
    eddy::Descriptor file;
    plainly([&] {
      int ends[2];
      expect(::pipe2(ends, O_CLOEXEC) == 0, "pipe2");
      reading.reset(ends[0]);
      writing.reset(ends[1]);
      file.reset(::open((folder / "file").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    });
    const auto make_input = [&] { return std::make_unique<eddy::StandardInput>(reading.get()); };
    const auto make_output = [&](int fd) { return std::make_unique<eddy::StandardOutput>(fd); };
    auto input = again_now(told, make_input);
    auto output = again_now(told, [&] { return make_output(writing.get()); });
    auto to_file = again_now(told, [&] { return make_output(file.get()); });
    const auto to_pipe = [&] { return output->write("text\n"); };
    co_await again(told, to_pipe);
    const auto line = [&] { return input->read_line(); };
    const std::string got = co_await again(told, line);
    expect(got == "text\n", "what came is not what was written");
    const auto logging = [&] { return to_file->write("line\n"); };
    co_await again(told, logging);
    expect(plainly([&] { return content_of(folder / "file"); }) == "line\n", "it is not in the file");
    plainly([&] {
      reading.reset();
      writing.reset();
      file.reset();
    });
  };
  Expected expected = connections();
  const auto failed = fail_each_call(scenario, expected);
  check_covered(failed, {"system_calls.hpp: fstat, read, write", "standard_streams.hpp: sys::status, sys::read, sys::write"});
}

EDDY_LOOP_TEST_CASE("whichever call of a named pipe fails, it can be opened and used again", "[large][order][faults]") {
  const TemporaryFolder folder;
  const fs::path path = folder / "fifo";
  expect(::mkfifo(path.c_str(), 0600) == 0, "mkfifo");
  const auto scenario = [&](Told& told) -> eddy::Task<> {
    auto reader = again_now(told, [&] { return eddy::open_fifo_reader(path); });
    auto writer = again_now(told, [&] { return eddy::open_fifo_writer(path); });
    const auto writing = [&] { return writer.write("text\n"); };
    co_await again(told, writing);
    const auto reading = [&] { return reader.read_line(); };
    const std::string line = co_await again(told, reading);
    expect(line == "text\n", "it did not come");
  };
  Expected expected = connections();
  expected.impossible = {{"open", EEXIST}};
  const auto failed = fail_each_call(scenario, expected);
  check_covered(failed, {"named_pipe.hpp: sys::status"});
}

EDDY_LOOP_TEST_CASE("whichever call for a foreign descriptor fails, it is told, and it can be watched again", "[large][order][faults]") {
  const auto scenario = [](Told& told) -> eddy::Task<> {
    int ends[2] = {-1, -1};
    plainly([&] { expect(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0, "pipe2"); });
    const eddy::Descriptor reading(ends[0]);
    const eddy::Descriptor writing(ends[1]);
    {
      bool ready = false;
      const auto take = [&](int fd, bool, bool) {
        const faults::Pause pause;
        char byte = 0;
        ready = ::read(fd, &byte, 1) == 1 || ready;
      };
      eddy::ForeignDriver driver(take, [] {});
      const auto watching = [&] {
        if (const std::error_code error = driver.watch(reading.get(), true, false)) throw std::system_error(error, "eddy: watch");
      };
      again_now(told, watching);
      plainly([&] { expect(::write(writing.get(), "x", 1) == 1, "write"); });
      while (!ready) {
        co_await eddy::sleep(1ms);
        if (take_reports().empty()) continue;  // it cannot be watched any more
        (void)driver.watch(reading.get(), false, false);
        again_now(told, watching);
      }
    }
    const auto waiting = [&] { return eddy::writable(writing.get()); };
    co_await again(told, waiting);
    (void)take_reports();  // of what cannot be watched any more
  };
  Expected expected = connections();
  expected.tolerated.insert("fstat");
  const auto failed = fail_each_call(scenario, expected);
  check_covered(failed, {"foreign.hpp: fstat", "reactor_poll.hpp: fstat"});
}
