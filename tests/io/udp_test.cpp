// UdpSocket: datagrams stay what they are; truncation, errors that come later, cancels, closing.
//
// SPDX-License-Identifier: MIT
#include <eddy/io.hpp>

#include "support/allocations.hpp"
#include "support/streams.hpp"
#include "support/work.hpp"

#include <array>
#include <cerrno>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace test;
using eddy::Datagram;
using eddy::SocketAddress;
using eddy::UdpSocket;

namespace {

UdpSocket local_socket() { return UdpSocket::bind(SocketAddress::ipv4("127.0.0.1", 0)); }

struct Received {
  std::string data;
  SocketAddress from;
  bool truncated = false;
};
eddy::Task<Received> receive(UdpSocket& socket, std::size_t size = 2000) {
  std::string space(size, '\0');
  const Datagram got = co_await socket.receive_from(space);
  Received received;
  received.data = std::string(got.data);
  received.from = got.from;
  received.truncated = got.truncated();
  CHECK(got.full_size >= got.data.size());
  co_return received;
}
eddy::Task<std::string> receive_text(UdpSocket& socket) {
  const Received got = co_await receive(socket);
  co_return got.data;
}
eddy::Task<> send(UdpSocket& socket, std::string data) { co_await socket.send(data); }
eddy::Task<> send_to(UdpSocket& socket, std::string data, SocketAddress to) { co_await socket.send_to(data, to); }
eddy::Task<> receive_and_drop(UdpSocket& socket) {
  const Received got = co_await receive(socket);
  (void)got;
}

template <class F>
int error_number(F fn) {
  try {
    fn();
  } catch (const std::system_error& error) {
    return error.code().value();
  }
  return 0;
}

// A port at which nobody receives; another program might take it, but not at once.
SocketAddress nobody() { return local_socket().local_address(); }

}  // namespace

EDDY_TEST_CASE("a datagram arrives whole, with its sender's address", "[socket]") {
  UdpSocket left = local_socket();
  UdpSocket right = local_socket();
  CHECK(left.local_address().host() == "127.0.0.1");
  CHECK(left.local_address().port() != 0);
  CHECK(left.local_address() != right.local_address());
  co_await left.send_to("hello", right.local_address());
  const Received got = co_await receive(right);
  CHECK(got.data == "hello");
  CHECK(got.from == left.local_address());
  CHECK_FALSE(got.truncated);
  co_await right.send_to("back", got.from);
  const std::string back = co_await receive_text(left);
  CHECK(back == "back");
}

EDDY_TEST_CASE("datagrams are not joined and not split, and an empty one is one, too", "[socket][c379]") {
  UdpSocket left = local_socket();
  UdpSocket right = local_socket();
  const std::string large(60'000, 'x');
  const std::vector<std::string> sent{"one", "", "two", large, "", "three"};
  for (const std::string& data : sent) co_await left.send_to(data, right.local_address());
  for (const std::string& data : sent) {
    const Received got = co_await receive(right, 65'535);
    CHECK((got.data == data));
    CHECK(got.from == left.local_address());
    CHECK_FALSE(got.truncated);
  }
}

EDDY_TEST_CASE("a datagram that does not fit is cut off and says so, and the next one is whole", "[socket]") {
  UdpSocket left = local_socket();
  UdpSocket right = local_socket();
  for (const char* data : {"hello", "exact", "no space", "next"}) co_await left.send_to(data, right.local_address());
  std::array<char, 3> small{};
  const Datagram cut = co_await right.receive_from(small);
  CHECK(cut.data == "hel");
  CHECK(cut.full_size == 5);
  CHECK(cut.truncated());
  CHECK(cut.from == left.local_address());
  const Received exact = co_await receive(right, 5);
  CHECK(exact.data == "exact");
  CHECK_FALSE(exact.truncated);
  const Datagram dropped = co_await right.receive_from(std::span<char>());
  CHECK(dropped.data.empty());
  CHECK(dropped.full_size == 8);
  CHECK(dropped.truncated());
  const std::string next = co_await receive_text(right);
  CHECK(next == "next");
}

EDDY_TEST_CASE("a receive waits for a datagram, and only one task may", "[socket]") {
  UdpSocket left = local_socket();
  UdpSocket right = local_socket();
  auto receiver = eddy::create_task(receive_text(right), {.name = "receiver"});
  co_await eddy::sleep(1ms);
  CHECK_FALSE(receiver.done());
  const std::string second = co_await ending(receive_text(right));
  CHECK(second.find("eddy: task receiver, which waits for a datagram at ") == 0);
  CHECK(second.find(", reads from this; one at a time may, since nobody could say who gets what") != std::string::npos);
  co_await left.send_to("for the first", right.local_address());
  const std::string got = co_await receiver;
  CHECK(got == "for the first");
}

EDDY_TEST_CASE("a cancelled receive loses no datagram", "[socket]") {
  UdpSocket left = local_socket();
  UdpSocket right = local_socket();
  for (int i = 0; i < 20; ++i) {
    const std::string data = std::to_string(i);
    std::string got;
    const auto take = [](UdpSocket& socket, std::string& to) -> eddy::Task<> { to = co_await receive_text(socket); };
    auto receiver = eddy::create_task(take, std::ref(right), std::ref(got));
    co_await settle();
    co_await left.send_to(data, right.local_address());
    if (i % 2 == 0) co_await eddy::sleep(1us);
    receiver.cancel();
    const std::string how = co_await ending_by_kind(receiver);
    if (how != "value") got = co_await receive_text(right);
    CHECK(got == data);
  }
}

EDDY_TEST_CASE("a receive with a deadline can be tried again and again", "[socket]") {
  UdpSocket left = local_socket();
  UdpSocket right = local_socket();
  for (int i = 0; i < 3; ++i) {
    const auto nothing = co_await eddy::move_on_after(1ms, receive_text(right));
    CHECK_FALSE(nothing.has_value());
  }
  co_await left.send_to("at last", right.local_address());
  const std::string got = co_await receive_text(right);
  CHECK(got == "at last");
}

EDDY_TEST_CASE("a connected socket sends to its peer and receives from it alone", "[socket]") {
  UdpSocket server = local_socket();
  UdpSocket stranger = local_socket();
  UdpSocket client = UdpSocket::connect(server.local_address());
  CHECK(client.peer_address() == server.local_address());
  CHECK(client.local_address().host() == "127.0.0.1");
  co_await client.send("question");
  const Received question = co_await receive(server);
  CHECK(question.data == "question");
  CHECK(question.from == client.local_address());
  co_await stranger.send_to("not for you", client.local_address());
  co_await server.send_to("answer", question.from);
  const Received answer = co_await receive(client);
  CHECK(answer.data == "answer");
  CHECK(answer.from == server.local_address());
  client.connect_to(stranger.local_address());
  CHECK(client.peer_address() == stranger.local_address());
  co_await client.send("hello, stranger");
  const std::string greeting = co_await receive_text(stranger);
  CHECK(greeting == "hello, stranger");
}

EDDY_TEST_CASE("a socket without a peer says so", "[socket]") {
  UdpSocket socket = local_socket();
  CHECK(error_number([&] { (void)socket.peer_address(); }) == ENOTCONN);
  const int no_peer = co_await error_of(send(socket, "x"));
  CHECK(no_peer == EDESTADDRREQ);
  UdpSocket connected = UdpSocket::connect(socket.local_address());
  const int nowhere = co_await error_of(send_to(connected, "x", SocketAddress()));
  CHECK(nowhere == EDESTADDRREQ);
}

EDDY_TEST_CASE("that nobody receives is told by the next operation, and the one after it works", "[socket]") {
  const SocketAddress closed = nobody();
  UdpSocket client = UdpSocket::connect(closed);
  co_await client.send("lost");
  const int refused = co_await error_of(receive_and_drop(client));
  CHECK(refused == ECONNREFUSED);
  const auto nothing = co_await eddy::move_on_after(1ms, receive_text(client));
  CHECK_FALSE(nothing.has_value());

  std::string told = "value";
  while (told == "value") {
    told = co_await ending(send(client, "never sent"));
    co_await eddy::sleep(1us);
  }
  CHECK(told.starts_with("eddy: a datagram of 10 bytes was not sent: "));

  UdpSocket server = UdpSocket::bind(closed);
  co_await client.send("found");
  const std::string got = co_await receive_text(server);
  CHECK(got == "found");
}

EDDY_TEST_CASE("a refusal wakes whoever waits for an answer", "[socket]") {
  UdpSocket client = UdpSocket::connect(nobody());
  auto receiver = eddy::create_task(error_of(receive_and_drop(client)));
  co_await eddy::sleep(1ms);
  co_await client.send("lost");
  const int refused = co_await receiver;
  CHECK(refused == ECONNREFUSED);
}

EDDY_TEST_CASE("a datagram that is too large is not sent", "[socket]") {
  UdpSocket left = local_socket();
  UdpSocket right = local_socket();
  const std::string text = co_await ending(send_to(left, std::string(65'508, 'x'), right.local_address()));
  CHECK(
      text.starts_with("eddy: a datagram of 65508 bytes to " + right.local_address().to_string() + " was not sent: "));
  const int number = co_await error_of(send_to(left, std::string(100'000, 'x'), right.local_address()));
  CHECK(number == EMSGSIZE);
  co_await left.send_to("small", right.local_address());
  const std::string got = co_await receive_text(right);
  CHECK(got == "small");
}

EDDY_TEST_CASE("closing wakes whoever waits, and later operations say that it is closed", "[socket][c349]") {
  UdpSocket socket = local_socket();
  const SocketAddress address = socket.local_address();
  auto receiver = eddy::create_task(receive_text(socket));
  co_await eddy::sleep(1ms);
  CHECK(socket.fd() >= 0);
  socket.close();
  socket.close();
  CHECK(socket.is_closed());
  CHECK(socket.fd() == -1);
  const std::string closed = "eddy: this UDP socket is closed";
  const std::string woken = co_await ending(std::move(receiver));
  CHECK(woken == closed);
  const std::string receiving = co_await ending(receive_text(socket));
  CHECK(receiving == closed);
  const std::string sending = co_await ending(send_to(socket, "x", address));
  CHECK(sending == closed);
  CHECK_THROWS_AS(socket.local_address(), eddy::ClosedResourceError);
  CHECK_THROWS_AS(socket.peer_address(), eddy::ClosedResourceError);
  CHECK_THROWS_AS(socket.connect_to(address), eddy::ClosedResourceError);
  CHECK_THROWS_AS(socket.set_broadcast(true), eddy::ClosedResourceError);
}

EDDY_TEST_CASE("a socket that is destroyed wakes its receiver as closing does", "[socket]") {
  auto socket = std::make_unique<UdpSocket>(local_socket());
  auto receiver = eddy::create_task(receive_text(*socket));
  co_await settle();
  socket.reset();
  const std::string woken = co_await ending(std::move(receiver));
  CHECK(woken == "eddy: this UDP socket is closed");
}

EDDY_TEST_CASE("a socket that was made empty or moved from is closed; its descriptor can be taken out and put back",
               "[socket]") {
  UdpSocket empty;
  CHECK(empty.is_closed());
  CHECK_FALSE(empty.release().valid());
  const std::string refused = co_await ending(receive_text(empty));
  CHECK(refused == "eddy: this UDP socket is closed");

  UdpSocket first = local_socket();
  const SocketAddress address = first.local_address();
  UdpSocket second = std::move(first);
  CHECK(first.is_closed());  // NOLINT(bugprone-use-after-move)
  CHECK(second.local_address() == address);
  eddy::Descriptor descriptor = second.release();
  CHECK(second.is_closed());
  CHECK(descriptor.valid());
  empty = UdpSocket(std::move(descriptor));
  CHECK(empty.local_address() == address);
  co_await empty.send_to("to itself", address);
  const std::string got = co_await receive_text(empty);
  CHECK(got == "to itself");
}

EDDY_TEST_CASE("datagrams go over IPv6, too", "[socket]") {
  UdpSocket left;
  try {
    left = UdpSocket::bind(SocketAddress::ipv6("::1", 0));
  } catch (const std::system_error&) {
    co_return;  // this machine has no IPv6
  }
  UdpSocket right = UdpSocket::connect(left.local_address());
  CHECK(right.peer_address().host() == "::1");
  co_await right.send("six");
  const Received got = co_await receive(left);
  CHECK(got.data == "six");
  CHECK(got.from == right.local_address());

  UdpSocket both = UdpSocket::bind(SocketAddress::ipv6("::", 0), {.ipv6_only = false});
  UdpSocket four = local_socket();
  co_await four.send_to("four", SocketAddress::ipv4("127.0.0.1", both.local_address().port()));
  const Received mapped = co_await receive(both);
  CHECK(mapped.data == "four");
  CHECK(mapped.from.host() == "::ffff:127.0.0.1");
  UdpSocket same_port = UdpSocket::bind(SocketAddress::ipv6("::", 0));
  UdpSocket beside = UdpSocket::bind(SocketAddress::ipv4("0.0.0.0", same_port.local_address().port()));
  CHECK(beside.local_address().port() == same_port.local_address().port());
}

EDDY_TEST_CASE("sending to everybody needs the option for it", "[socket]") {
  UdpSocket receiver = UdpSocket::bind(SocketAddress::ipv4("0.0.0.0", 0));
  const SocketAddress everybody = SocketAddress::ipv4("127.255.255.255", receiver.local_address().port());
  UdpSocket sender = local_socket();
  const int forbidden = co_await error_of(send_to(sender, "x", everybody));
  CHECK(forbidden == EACCES);
  sender.set_broadcast(true);
  const int allowed = co_await error_of(send_to(sender, "x", everybody));
  CHECK(allowed == 0);
  const std::string got = co_await receive_text(receiver);
  CHECK(got == "x");
  sender.set_broadcast(false);
  const int again = co_await error_of(send_to(sender, "x", everybody));
  CHECK(again == EACCES);
  constexpr eddy::UdpOptions kForAll{.broadcast = true};
  UdpSocket made_for_it = UdpSocket::bind(SocketAddress::ipv4("127.0.0.1", 0), kForAll);
  const int made = co_await error_of(send_to(made_for_it, "x", everybody));
  CHECK(made == 0);
}

EDDY_TEST_CASE("an address that is taken or is not this machine's cannot be bound", "[socket]") {
  const UdpSocket first = local_socket();
  const SocketAddress address = first.local_address();
  CHECK(error_number([&] { (void)UdpSocket::bind(address); }) == EADDRINUSE);
  try {
    (void)UdpSocket::bind(SocketAddress::ipv4("192.0.2.77", 0));
    FAIL("bound");
  } catch (const std::system_error& error) {
    CHECK(error.code().value() == EADDRNOTAVAIL);
    CHECK(std::string(error.what()).starts_with("eddy: cannot bind a UDP socket to 192.0.2.77:0: "));
  }
  UdpSocket shared = UdpSocket::bind(SocketAddress::ipv4("127.0.0.1", 0), {.reuse_port = true});
  UdpSocket sharing = UdpSocket::bind(shared.local_address(), {.reuse_port = true});
  CHECK(sharing.local_address() == shared.local_address());
  UdpSocket reused = UdpSocket::bind(SocketAddress::ipv4("127.0.0.1", 0), {.reuse_address = true});
  UdpSocket reusing = UdpSocket::bind(reused.local_address(), {.reuse_address = true});
  CHECK(reusing.local_address() == reused.local_address());
  for (const SocketAddress& wrong : {SocketAddress(), SocketAddress::abstract("a")}) {
    CHECK_THROWS_AS(UdpSocket::bind(wrong), std::invalid_argument);
    CHECK_THROWS_AS(UdpSocket::connect(wrong), std::invalid_argument);
    CHECK_THROWS_AS(shared.connect_to(wrong), std::invalid_argument);
  }
  co_return;
}

EDDY_TEST_CASE("a task that receives what is always there lets the others have their turn", "[socket][order]") {
  UdpSocket socket = local_socket();
  int others = 0;
  auto other = eddy::create_task(
      [](int& count) -> eddy::Task<> {
        while (true) {
          ++count;
          co_await eddy::yield();
        }
      },
      std::ref(others));
  const SocketAddress address = socket.local_address();
  std::array<char, 10> space{};
  for (int i = 0; i < 1000; ++i) {
    co_await socket.send_to("x", address);
    const Datagram got = co_await socket.receive_from(space);
    if (got.data != "x") FAIL("another datagram");
  }
  CHECK(others >= 10);
  other.cancel();
  const std::string how = co_await ending_by_kind(other);
  CHECK(how.starts_with("CancelledError"));
}

EDDY_TEST_CASE("sending and receiving allocates nothing", "[socket]") {
  UdpSocket left = local_socket();
  UdpSocket right = local_socket();
  std::array<char, 10> space{};
  std::size_t before = 0;
  for (int i = 0; i < 10; ++i) {
    if (i == 2) before = allocations();
    co_await left.send_to("x", right.local_address());
    const Datagram got = co_await right.receive_from(space);
    if (got.data != "x") FAIL("another datagram");
  }
  CHECK(allocations() - before == 0);
}
