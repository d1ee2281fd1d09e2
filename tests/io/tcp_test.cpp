// Connecting: to one address, to the addresses of a name, and what is left when it fails or is given up.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include "support/sockets.hpp"

#include <eddy/io.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>
#include <vector>

using namespace test;
using eddy::SocketAddress;

namespace {

// What the names of a test stand for; a lookup cannot have captures.
std::vector<SocketAddress> known_addresses;
std::vector<SocketAddress> look_up(const std::string&, const std::string&, int) { return known_addresses; }
template <class... Addresses>
eddy::ConnectOptions with_known(const Addresses&... addresses) {
  known_addresses.clear();
  (known_addresses.push_back(addresses), ...);
  eddy::ConnectOptions options;
  options.lookup = &look_up;
  return options;
}

eddy::Task<> accept_and_close(eddy::SocketStream stream) {
  stream.close();
  co_return;
}

}  // namespace

EDDY_TEST_CASE("a connection to one address reads and writes, and knows both of its addresses", "[socket]") {
  const RawListener listener;
  auto stream = co_await eddy::connect(listener.address());
  CHECK(stream.peer_address() == listener.address());
  CHECK(stream.local_address().host() == "127.0.0.1");
  CHECK(stream.local_address() != listener.address());
  eddy::SocketStream other(listener.accept());
  CHECK(other.peer_address() == stream.local_address());
  co_await stream.write("ping");
  const auto got = co_await other.read_exactly(4);
  CHECK(got == "ping");
}

EDDY_TEST_CASE("a connection sends small writes at once, unless it is told not to", "[socket][c384]") {
  const RawListener listener;
  const auto stream = co_await eddy::connect(listener.address());
  CHECK(option_of(stream.fd(), IPPROTO_TCP, TCP_NODELAY) != 0);
  eddy::ConnectOptions options;
  options.nodelay = false;
  const auto slow = co_await eddy::connect(listener.address(), options);
  CHECK(option_of(slow.fd(), IPPROTO_TCP, TCP_NODELAY) == 0);
}

EDDY_TEST_CASE("a connection that is refused says so with the address", "[socket]") {
  const SocketAddress nobody = closed_port();
  try {
    const auto stream = co_await eddy::connect(nobody);
    FAIL("connected");
  } catch (const std::system_error& error) {
    CHECK(error.code().value() == ECONNREFUSED);
    CHECK(std::string(error.what()).find("cannot connect to " + nobody.to_string()) != std::string::npos);
  }
  try {
    const auto stream = co_await eddy::open_connection("127.0.0.1", nobody.port());
    FAIL("connected");
  } catch (const eddy::ConnectError&) {
    FAIL("one address needs no group of errors");
  } catch (const std::system_error& error) {
    CHECK(error.code().value() == ECONNREFUSED);
  }
}

EDDY_TEST_CASE("a connection to no address, or where the system has no such family, fails", "[socket]") {
  try {
    const auto stream = co_await eddy::connect(SocketAddress());
    FAIL("connected");
  } catch (const std::system_error& error) {
    CHECK(error.code().value() == EAFNOSUPPORT);
  }
}

EDDY_TEST_CASE("a connection that takes too long is given up, and its socket closed", "[socket][c374]") {
  const RawListener full = RawListener::full();
  const std::size_t before = open_descriptors();
  try {
    const auto stream = co_await eddy::timeout(10ms, eddy::connect(full.address()));
    FAIL("connected");
  } catch (const eddy::TimeoutError&) {
  }
  CHECK(open_descriptors() == before);
}

EDDY_TEST_CASE("a connection that is cancelled closes its socket", "[socket][c374]") {
  const RawListener full = RawListener::full();
  const std::size_t before = open_descriptors();
  auto task = eddy::create_task(eddy::open_connection("127.0.0.1", full.address().port()));
  co_await eddy::sleep(1ms);
  CHECK_FALSE(task.done());
  CHECK(open_descriptors() == before + 1);
  task.cancel();
  while (!task.done()) co_await eddy::sleep(1ms);
  CHECK(task.cancelled());
  CHECK(open_descriptors() == before);
}

EDDY_TEST_CASE("a connection that succeeds in the turn of a cancel is delivered or closed", "[socket][c374]") {
  const RawListener listener(100);
  const std::size_t before = open_descriptors();
  for (int turns = 0; turns < 6; ++turns) {
    auto task = eddy::create_task(eddy::connect(listener.address()));
    for (int i = 0; i < turns; ++i) co_await eddy::yield();
    task.cancel();
    const std::vector<eddy::TaskHandle<eddy::SocketStream>> one(1, task);
    co_await eddy::wait(one);
    if (!task.cancelled()) {
      const auto stream = co_await std::move(task);
      CHECK_FALSE(stream.is_closed());
    }
  }
  CHECK(open_descriptors() == before);
}

EDDY_TEST_CASE("a connection begins where it is told to", "[socket]") {
  const RawListener listener;
  eddy::ConnectOptions options;
  options.local_address = SocketAddress::ipv4("127.0.0.3", 0);
  const auto stream = co_await eddy::open_connection("127.0.0.1", listener.address().port(), options);
  CHECK(stream.local_address().host() == "127.0.0.3");
  options.local_address = SocketAddress::ipv4("192.0.2.1", 0);
  try {
    const auto other = co_await eddy::connect(listener.address(), options);
    FAIL("connected");
  } catch (const std::system_error& error) {
    CHECK(error.code().value() == EADDRNOTAVAIL);
    CHECK(std::string(error.what()).find("192.0.2.1") != std::string::npos);
  }
}

EDDY_TEST_CASE("the addresses of a closed stream are an error", "[socket]") {
  const RawListener listener;
  auto stream = co_await eddy::connect(listener.address());
  stream.close();
  CHECK_THROWS_AS(stream.local_address(), eddy::ClosedResourceError);
  CHECK_THROWS_AS(stream.peer_address(), eddy::ClosedResourceError);
}

EDDY_TEST_CASE("a name's addresses are tried by turns, and when all fail each error is told", "[socket][c375]") {
  const std::uint16_t port = closed_port().port();
  auto options = with_known(SocketAddress::ipv6("::1", port), SocketAddress::ipv6("::1", port == 1 ? 2 : 1),
                            SocketAddress::ipv4("127.0.0.1", port), SocketAddress::ipv4("127.0.0.2", port));
  options.attempt_delay = 1h;  // nobody waits for his turn where the one before has failed
  try {
    const auto stream = co_await eddy::open_connection("name.test", port, options);
    FAIL("connected");
  } catch (const eddy::ConnectError& error) {
    CHECK(error.code().value() == ECONNREFUSED);
    REQUIRE(error.errors().size() == 4);
    const char* hosts[] = {"[::1]", "127.0.0.1", "[::1]", "127.0.0.2"};
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(std::string(error.errors()[i].what()).find(hosts[i]) != std::string::npos);
      CHECK(error.errors()[i].code().value() == ECONNREFUSED);
    }
    const std::string text = error.what();
    CHECK(text.find("cannot connect to name.test:" + std::to_string(port)) != std::string::npos);
    CHECK(text.find("127.0.0.2:" + std::to_string(port) + ": Connection refused") != std::string::npos);
  }
}

EDDY_TEST_CASE("an address that does not answer gives way to the next after a quarter of a second", "[socket][c375]") {
  const RawListener full = RawListener::full();
  const RawListener listener;
  const std::size_t before = open_descriptors();
  {
    const auto options = with_known(full.address(), listener.address());
    const auto start = now();
    const auto stream = co_await eddy::open_connection("name.test", 1, options);
    CHECK(now() - start >= 250ms);
    CHECK(stream.peer_address() == listener.address());
    CHECK(open_descriptors() == before + 1);  // the loser's is closed
  }
  auto options = with_known(full.address(), listener.address());
  options.attempt_delay = 10ms;
  const auto start = now();
  const auto stream = co_await eddy::open_connection("name.test", 1, options);
  CHECK(now() - start >= 10ms);
}

EDDY_TEST_CASE("an address that refuses gives way to the next at once", "[socket][c375]") {
  const RawListener listener;
  auto options = with_known(closed_port(), listener.address());
  options.attempt_delay = 1h;
  const auto stream = co_await eddy::open_connection("name.test", 1, options);
  CHECK(stream.peer_address() == listener.address());
}

EDDY_TEST_CASE("without a stagger the next address waits until the last one has failed", "[socket][c375]") {
  const RawListener full = RawListener::full();
  const RawListener listener;
  auto options = with_known(full.address(), listener.address());
  options.attempt_delay = std::nullopt;
  try {
    const auto stream = co_await eddy::timeout(20ms, eddy::open_connection("name.test", 1, options));
    FAIL("connected");
  } catch (const eddy::TimeoutError&) {
  }
}

EDDY_TEST_CASE("a cancel gives up all attempts and closes their sockets", "[socket][c375]") {
  const RawListener first = RawListener::full();
  const RawListener second = RawListener::full();
  auto options = with_known(first.address(), second.address());
  options.attempt_delay = 1ms;
  // The thread pool of the lookup has descriptors, too.
  const auto looked_up = co_await eddy::resolve("name.test", 1, {.lookup = &look_up});
  CHECK(looked_up.size() == 2);
  const std::size_t before = open_descriptors();
  auto task = eddy::create_task(eddy::open_connection("name.test", 1, options));
  while (open_descriptors() < before + 2) co_await eddy::sleep(1ms);
  task.cancel();
  while (!task.done()) co_await eddy::sleep(1ms);
  CHECK(task.cancelled());
  CHECK(open_descriptors() == before);
}

EDDY_TEST_CASE("one family can be asked for", "[socket]") {
  auto server = co_await eddy::start_server(accept_and_close, "::1", 0);
  const std::uint16_t port = server.port();
  {
    const auto stream = co_await eddy::open_connection("::1", port);
    CHECK(stream.peer_address() == SocketAddress::ipv6("::1", port));
  }
  eddy::ConnectOptions options;
  options.family = AF_INET;
  try {
    const auto stream = co_await eddy::open_connection("::1", port, options);
    FAIL("connected");
  } catch (const eddy::ResolveError&) {
  }
  server.close();
  co_await server.wait_closed();
}

EDDY_TEST_CASE("a peer that resets the connection leaves no address to be asked for", "[socket]") {
  const RawListener listener;
  auto stream = co_await eddy::connect(listener.address());
  {
    eddy::SocketStream other(listener.accept());
    other.abort();
  }
  try {
    char byte = 0;
    const std::size_t count = co_await stream.read_some(std::span(&byte, 1));
    FAIL("read " << count);
  } catch (const std::system_error& error) {
    CHECK(error.code().value() == ECONNRESET);
  }
  try {
    const auto peer = stream.peer_address();
    FAIL("peer " << peer.to_string());
  } catch (const std::system_error& error) {
    CHECK(error.code().value() == ENOTCONN);
  }
}
