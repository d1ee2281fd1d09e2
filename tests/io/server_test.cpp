// Servers: what their handlers get, how they close, and who is let in.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include "support/sockets.hpp"

#include <eddy/io.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace test;
using eddy::SocketAddress;

namespace {

eddy::Task<> echo(eddy::SocketStream stream) {
  std::string space(64 << 10, '\0');
  while (true) {
    const std::size_t count = co_await stream.read_some(space);
    if (count == 0) break;
    co_await stream.write(std::string_view(space).substr(0, count));
  }
}

eddy::Task<std::string> ask(std::uint16_t port, std::string text) {
  auto stream = co_await eddy::open_connection("127.0.0.1", port);
  co_await stream.write(text);
  co_await stream.write_eof();
  auto answer = co_await stream.read_all(1 << 20);
  co_return answer;
}

// Stays open until the client goes.
eddy::Task<> hold(eddy::SocketStream stream) {
  const auto rest = co_await stream.read_all(1000);
  (void)rest;
}

eddy::Task<> until(const eddy::Server& server, std::size_t connections) {
  while (server.connections() != connections) co_await eddy::sleep(1ms);
}
eddy::Task<> close_and_wait(eddy::Server& server) {
  server.close();
  server.close_clients();
  co_await server.wait_closed();
}

// What the other side sees of a stream: the end, or an error.
eddy::Task<bool> is_over(eddy::SocketStream& stream) {
  char byte = 0;
  try {
    const std::size_t count = co_await stream.read_some(std::span(&byte, 1));
    co_return count == 0;
  } catch (const std::system_error& error) {
    co_return error.code().value() == ECONNRESET;
  }
}
eddy::Task<int> connect_error(SocketAddress address) {
  try {
    const auto stream = co_await eddy::connect(address);
  } catch (const std::system_error& error) {
    co_return error.code().value();
  }
  co_return 0;
}

}  // namespace

EDDY_TEST_CASE("a server runs a handler for each connection", "[socket]") {
  auto server = co_await eddy::start_server(echo, "127.0.0.1", 0);
  CHECK(server.is_serving());
  CHECK(server.port() != 0);
  std::vector<eddy::Task<std::string>> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(ask(server.port(), "client " + std::to_string(i)));
  const auto answers = co_await eddy::gather(std::move(clients));
  for (std::size_t i = 0; i < 50; ++i) CHECK(answers[i] == "client " + std::to_string(i));
  co_await close_and_wait(server);
  CHECK(server.connections() == 0);
}

EDDY_TEST_CASE("a handler gets its further arguments, which all connections share", "[socket]") {
  int served = 0;
  const auto greet = [](eddy::SocketStream stream, const std::string& greeting, int& counter) -> eddy::Task<> {
    ++counter;
    co_await stream.write(greeting);
  };
  auto server = co_await eddy::start_server(greet, "127.0.0.1", 0, {.backlog = 5}, std::string("hello"), std::ref(served));
  for (int i = 1; i <= 3; ++i) {
    const auto answer = co_await ask(server.port(), "");
    CHECK(answer == "hello");
    CHECK(served == i);
  }
  co_await close_and_wait(server);
}

EDDY_TEST_CASE("a handler with captures lives as long as its connections", "[socket]") {
  auto text = std::make_shared<std::string>("shared");
  {
    eddy::Event go;
    const auto send = [text, &go](eddy::SocketStream stream) -> eddy::Task<> {
      co_await go.wait();
      co_await stream.write(*text);
    };
    std::optional<eddy::Server> server = co_await eddy::start_server(send, "127.0.0.1", 0);
    auto client = eddy::create_task(ask(server->port(), ""));
    co_await until(*server, 1);
    server.reset();
    go.set();
    const auto answer = co_await client;
    CHECK(answer == "shared");
    co_await eddy::sleep(1ms);
  }
  CHECK(text.use_count() == 1);
}

EDDY_TEST_CASE("what is accepted is non-blocking, close-on-exec, and sends small writes at once", "[socket][c384]") {
  std::vector<int> flags;
  const auto look = [](eddy::SocketStream stream, std::vector<int>& seen) -> eddy::Task<> {
    seen = {option_of(stream.fd(), IPPROTO_TCP, TCP_NODELAY), ::fcntl(stream.fd(), F_GETFL) & O_NONBLOCK,
            ::fcntl(stream.fd(), F_GETFD) & FD_CLOEXEC};
    co_return;
  };
  auto server = co_await eddy::start_server(look, "127.0.0.1", 0, {}, std::ref(flags));
  const auto answer = co_await ask(server.port(), "");
  CHECK(answer.empty());
  REQUIRE(flags.size() == 3);
  for (const int flag : flags) CHECK(flag != 0);
  co_await close_and_wait(server);
  const eddy::ServerOptions options{.nodelay = false};
  auto slow = co_await eddy::start_server(look, "127.0.0.1", 0, options, std::ref(flags));
  const auto again = co_await ask(slow.port(), "");
  CHECK(again.empty());
  CHECK(flags[0] == 0);
  co_await close_and_wait(slow);
}

EDDY_TEST_CASE("an empty host listens on both families, at the same port", "[socket]") {
  auto server = co_await eddy::start_server(echo, "", 0);
  const auto addresses = server.addresses();
  REQUIRE(addresses.size() == 2);
  CHECK(addresses[0] == SocketAddress::ipv6("::", server.port()));
  CHECK(addresses[1] == SocketAddress::ipv4("0.0.0.0", server.port()));
  for (const auto& address : {SocketAddress::ipv4("127.0.0.1", server.port()), SocketAddress::ipv6("::1", server.port())}) {
    auto stream = co_await eddy::connect(address);
    co_await stream.write("x");
    const auto answer = co_await stream.read(1);
    CHECK(answer == "x");
    CHECK(stream.peer_address() == address);
  }
  co_await close_and_wait(server);
}

EDDY_TEST_CASE("an IPv6 address takes IPv4 connections, too, if it is told to", "[socket]") {
  const eddy::ServerOptions options{.ipv6_only = false, .family = AF_INET6};
  auto server = co_await eddy::start_server(echo, "", 0, options);
  CHECK(server.addresses().size() == 1);
  const auto answer = co_await ask(server.port(), "over IPv4");
  CHECK(answer == "over IPv4");
  co_await close_and_wait(server);
}

EDDY_TEST_CASE("a closed server accepts nobody and leaves its connections", "[socket][c376]") {
  auto server = co_await eddy::start_server(echo, "127.0.0.1", 0);
  const SocketAddress address = server.addresses().front();
  auto stream = co_await eddy::connect(address);
  co_await until(server, 1);
  auto closed = eddy::create_task(server.wait_closed());
  server.close();
  server.close();
  CHECK_FALSE(server.is_serving());
  const int refused = co_await connect_error(address);
  CHECK(refused == ECONNREFUSED);
  co_await stream.write("still served");
  const auto answer = co_await stream.read_exactly(12);
  CHECK(answer == "still served");
  CHECK_FALSE(closed.done());
  stream.close();
  co_await closed;
  CHECK(server.connections() == 0);
  CHECK(server.addresses().front() == address);
}

EDDY_TEST_CASE("wait_closed waits for the close, too", "[socket][c376]") {
  auto server = co_await eddy::start_server(echo, "127.0.0.1", 0);
  auto closed = eddy::create_task(server.wait_closed());
  co_await eddy::sleep(2ms);
  CHECK_FALSE(closed.done());
  server.close();
  co_await closed;
  co_await server.wait_closed();
}

EDDY_TEST_CASE("closing the clients cancels their handlers, and closes their streams", "[socket][c376]") {
  std::vector<std::string> log;
  const auto wait = [](eddy::SocketStream stream, std::vector<std::string>& into) -> eddy::Task<> {
    const OnExit exit(into, "ended");
    const auto rest = co_await stream.read_all(1000);
    into.push_back(rest);
  };
  auto server = co_await eddy::start_server(wait, "127.0.0.1", 0, {}, std::ref(log));
  auto first = co_await eddy::connect(server.addresses().front());
  auto second = co_await eddy::connect(server.addresses().front());
  co_await until(server, 2);
  co_await eddy::sleep(1ms);
  server.close_clients();
  const bool first_over = co_await is_over(first);
  const bool second_over = co_await is_over(second);
  CHECK(first_over);
  CHECK(second_over);
  CHECK(log == std::vector<std::string>(2, "ended"));
  CHECK(server.is_serving());
  auto third = co_await eddy::connect(server.addresses().front());
  co_await until(server, 1);
  co_await close_and_wait(server);
  const bool third_over = co_await is_over(third);
  CHECK(third_over);
}

EDDY_TEST_CASE("a connection whose handler is cancelled before it began is closed", "[socket][c376][order]") {
  auto server = co_await eddy::start_server(echo, "127.0.0.1", 0);
  auto stream = co_await eddy::connect(server.addresses().front());
  while (server.connections() == 0) co_await eddy::yield();
  server.close_clients();
  const bool over = co_await is_over(stream);
  CHECK(over);
  CHECK(server.connections() == 0);
  co_await close_and_wait(server);
}

EDDY_TEST_CASE("serve_forever ends by a cancel, which closes the server and leaves its connections", "[socket]") {
  auto server = co_await eddy::start_server(echo, "127.0.0.1", 0);
  auto forever = eddy::create_task(server.serve_forever());
  co_await settle();
  auto stream = co_await eddy::connect(server.addresses().front());
  co_await until(server, 1);
  CHECK_FALSE(forever.done());
  forever.cancel();
  while (!forever.done()) co_await eddy::sleep(1ms);
  CHECK(forever.cancelled());
  CHECK_FALSE(server.is_serving());
  co_await stream.write("x");
  const auto answer = co_await stream.read_exactly(1);
  CHECK(answer == "x");
  stream.close();
  co_await server.wait_closed();
}

EDDY_TEST_CASE("serve_forever ends when the server is closed", "[socket]") {
  auto server = co_await eddy::start_server(echo, "127.0.0.1", 0);
  auto forever = eddy::create_task(server.serve_forever());
  co_await eddy::sleep(1ms);
  server.close();
  co_await forever;
  co_await server.wait_closed();
}

EDDY_TEST_CASE("a server as a resource is closed at the end, and its connections are waited for", "[socket]") {
  auto server = co_await eddy::start_server(echo, "127.0.0.1", 0);
  std::string answer;
  const auto body = [&](eddy::Server& own) -> eddy::Task<> { answer = co_await ask(own.port(), "within"); };
  co_await eddy::async_with(server, body);
  CHECK(answer == "within");
  CHECK_FALSE(server.is_serving());
  CHECK(server.connections() == 0);
}

EDDY_TEST_CASE("no more than max_connections are open at once, and others wait", "[socket]") {
  int served = 0;
  const auto count = [](eddy::SocketStream stream, int& counter) -> eddy::Task<> {
    ++counter;
    co_await hold(std::move(stream));
  };
  auto server = co_await eddy::start_server(count, "", 0, {.max_connections = 2}, std::ref(served));
  const auto over_ipv4 = SocketAddress::ipv4("127.0.0.1", server.port());
  const auto over_ipv6 = SocketAddress::ipv6("::1", server.port());
  std::vector<eddy::SocketStream> streams;
  for (int i = 0; i < 4; ++i) {
    streams.push_back(co_await eddy::connect(i % 2 == 0 ? over_ipv4 : over_ipv6));
  }
  co_await until(server, 2);
  co_await eddy::sleep(2ms);
  CHECK(server.connections() == 2);
  CHECK(served == 2);
  streams[0].close();
  streams[1].close();
  while (served < 4) co_await eddy::sleep(1ms);
  CHECK(server.connections() == 2);
  streams.clear();
  co_await until(server, 0);
  auto one = co_await eddy::connect(over_ipv6);
  co_await until(server, 1);
  co_await close_and_wait(server);
}

EDDY_TEST_CASE("a full server can be closed", "[socket]") {
  auto server = co_await eddy::start_server(hold, "127.0.0.1", 0, {.max_connections = 1});
  auto first = co_await eddy::connect(server.addresses().front());
  auto second = co_await eddy::connect(server.addresses().front());
  co_await until(server, 1);
  co_await eddy::sleep(1ms);
  server.close();
  const bool over = co_await is_over(second);
  CHECK(over);
  first.close();
  co_await server.wait_closed();
}

EDDY_TEST_CASE("a handler that throws is reported, and the server goes on", "[socket]") {
  const auto fail = [](eddy::SocketStream stream) -> eddy::Task<> {
    const auto text = co_await stream.read_all(100);
    if (text == "cancelled") throw eddy::CancelledError();
    if (text != "fine") throw std::runtime_error("does not like " + text);
    co_await stream.write(text);
  };
  auto server = co_await eddy::start_server(fail, "127.0.0.1", 0);
  const auto first = co_await ask(server.port(), "this");
  CHECK(first.empty());
  const auto reports = take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].find("the handler of a server's connection threw an exception") != std::string::npos);
  CHECK(reports[0].find("does not like this") != std::string::npos);
  const auto second = co_await ask(server.port(), "cancelled");
  CHECK(second.empty());
  const auto third = co_await ask(server.port(), "fine");
  CHECK(third == "fine");
  co_await close_and_wait(server);
}

EDDY_TEST_CASE("a handler that is no coroutine may throw, too", "[socket]") {
  const auto fail = [](eddy::SocketStream) -> eddy::Task<> { throw std::runtime_error("at once"); };
  auto server = co_await eddy::start_server(fail, "127.0.0.1", 0);
  const auto answer = co_await ask(server.port(), "");
  CHECK(answer.empty());
  CHECK(take_reports().size() == 1);
  co_await close_and_wait(server);
}

EDDY_TEST_CASE("the end of a Server closes it, and its connections run on", "[socket]") {
  std::optional<eddy::Server> server = co_await eddy::start_server(echo, "127.0.0.1", 0);
  const SocketAddress address = server->addresses().front();
  auto stream = co_await eddy::connect(address);
  co_await until(*server, 1);
  server.reset();
  const int refused = co_await connect_error(address);
  CHECK(refused == ECONNREFUSED);
  co_await stream.write("x");
  const auto answer = co_await stream.read_exactly(1);
  CHECK(answer == "x");
  stream.close();
  co_await eddy::sleep(2ms);
}

EDDY_TEST_CASE("a Server can be moved and assigned", "[socket]") {
  auto first = co_await eddy::start_server(echo, "127.0.0.1", 0);
  auto second = co_await eddy::start_server(echo, "127.0.0.1", 0);
  const SocketAddress closed = first.addresses().front();
  const SocketAddress kept = second.addresses().front();
  first = std::move(second);
  CHECK(first.addresses().front() == kept);
  CHECK_FALSE(second.is_serving());
  CHECK(second.connections() == 0);
  CHECK_THROWS_AS(second.wait_closed(), eddy::InvalidStateError);
  second.close();
  const int refused = co_await connect_error(closed);
  CHECK(refused == ECONNREFUSED);
  const auto answer = co_await ask(first.port(), "x");
  CHECK(answer == "x");
  co_await close_and_wait(first);
}

EDDY_TEST_CASE("a port that is taken is an error with the address, unless both servers share it", "[socket]") {
  auto first = co_await eddy::start_server(echo, "127.0.0.1", 0);
  try {
    auto second = co_await eddy::start_server(echo, "127.0.0.1", first.port());
    FAIL("bound twice");
  } catch (const std::system_error& error) {
    CHECK(error.code().value() == EADDRINUSE);
    CHECK(std::string(error.what()).find("cannot listen on 127.0.0.1:") != std::string::npos);
  }
  const std::uint16_t port = first.port();
  first.close();
  auto again = co_await eddy::start_server(echo, "127.0.0.1", port);
  co_await close_and_wait(first);
  co_await close_and_wait(again);

  auto third = co_await eddy::start_server(echo, "127.0.0.1", 0, {.reuse_port = true});
  auto fourth = co_await eddy::start_server(echo, "127.0.0.1", third.port(), {.reuse_port = true});
  co_await close_and_wait(third);
  const auto answer = co_await ask(fourth.port(), "x");
  CHECK(answer == "x");
  co_await close_and_wait(fourth);
}

EDDY_TEST_CASE("a server does not start where it cannot", "[socket]") {
  CHECK_THROWS_AS(eddy::start_server(echo, "127.0.0.1", 0, {.max_connections = 0, .reuse_address = false}), std::invalid_argument);
  try {
    auto server = co_await eddy::start_server(echo, "192.0.2.1", 0);
    FAIL("started");
  } catch (const std::system_error& error) {
    CHECK(error.code().value() == EADDRNOTAVAIL);
  }
  const std::size_t before = open_descriptors();
  auto server = co_await eddy::start_server(echo, "127.0.0.1", 0);
  for (int i = 0; i < 3; ++i) {
    try {
      auto other = co_await eddy::start_server(echo, "", server.port());
      FAIL("started");
    } catch (const std::system_error& error) {
      CHECK(error.code().value() == EADDRINUSE);
    }
  }
  co_await close_and_wait(server);
  CHECK(open_descriptors() == before);
}

EDDY_TEST_CASE("an address that this machine has not got is left out", "[socket]") {
  const auto look_up = [](const std::string&, const std::string&, int) {
    return std::vector<SocketAddress>{SocketAddress::ipv4("192.0.2.1", 0), SocketAddress::ipv4("127.0.0.1", 0)};
  };
  auto server = co_await eddy::start_server(echo, "name.test", 0, {.lookup = look_up});
  REQUIRE(server.addresses().size() == 1);
  const auto answer = co_await ask(server.port(), "x");
  CHECK(answer == "x");
  co_await close_and_wait(server);
}

EDDY_LOOP_TEST_CASE("the end of run ends a server and its connections", "[socket]") {
  std::vector<std::string> log;
  std::optional<eddy::Server> kept;
  run_real([&]() -> eddy::Task<> {
    const auto wait = [](eddy::SocketStream stream, std::vector<std::string>& into) -> eddy::Task<> {
      const OnExit exit(into, "ended");
      const auto rest = co_await stream.read_all(1000);
      into.push_back(rest);
    };
    kept = co_await eddy::start_server(wait, "127.0.0.1", 0, {}, std::ref(log));
    const auto stream = co_await eddy::connect(kept->addresses().front());
    co_await until(*kept, 1);
    co_await eddy::sleep(1ms);
  });
  CHECK((log == std::vector<std::string>{"ended"} || log == std::vector<std::string>{"", "ended"}));
  CHECK_FALSE(kept->is_serving());
  CHECK(kept->connections() == 0);
  CHECK(kept->addresses().size() == 1);
  kept.reset();
}

EDDY_TEST_CASE("connections that come all at once do not keep others from their turns", "[socket][order]") {
  auto server = co_await eddy::start_server(hold, "127.0.0.1", 0);
  std::vector<eddy::Descriptor> clients;
  const SocketAddress address = server.addresses().front();
  for (int i = 0; i < 300; ++i) {
    clients.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    (void)::connect(clients.back().get(), address.data(), address.size());
  }
  std::size_t most_in_one_turn = 0;
  for (std::size_t before = 0; before < 300;) {
    co_await eddy::yield();
    const std::size_t present = server.connections();
    if (present - before > most_in_one_turn) most_in_one_turn = present - before;
    before = present;
  }
  CHECK(most_in_one_turn <= 64);
  co_await close_and_wait(server);
}

EDDY_TEST_CASE("a hundred megabytes go there and back", "[socket][large][c380]") {
  auto server = co_await eddy::start_server(echo, "127.0.0.1", 0);
  auto stream = co_await eddy::connect(server.addresses().front());
  constexpr std::size_t kSize = 100 << 20;
  std::string sent(kSize, '\0');
  for (std::size_t i = 0; i < kSize; ++i) sent[i] = static_cast<char>(i * 2654435761U >> 24);
  const auto send = [](eddy::SocketStream& to, const std::string& what) -> eddy::Task<> {
    co_await to.write(what);
    co_await to.write_eof();
  };
  auto writer = eddy::create_task(send, std::ref(stream), std::ref(sent));
  std::string got(kSize + 1, '\0');
  std::size_t size = 0;
  while (true) {
    const std::size_t count = co_await stream.read_some(std::span(got).subspan(size));
    if (count == 0) break;
    size += count;
  }
  CHECK(size == kSize);
  got.resize(size);
  CHECK((got == sent));
  co_await writer;
  co_await close_and_wait(server);
}
