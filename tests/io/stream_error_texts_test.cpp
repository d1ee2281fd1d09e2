// What the errors of io/ say that the tests of their headers look at by type or by number only: a table of calls and sentences.
//
// SPDX-License-Identifier: MIT
#include <eddy/io.hpp>

#include "support/run.hpp"
#include "support/thrown_text.hpp"

#include <cerrno>
#include <chrono>
#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using test::awaited_thrown_text_of;
using test::thrown_text_of;

namespace {

struct Row {
  const char* sentence;
  std::function<void()> call;
};

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const std::string text = thrown_text_of(row.call);
    INFO(text);
    CHECK(text.find(row.sentence) == 0);
  }
}
std::string system_text(const std::string& what, int error) {
  return what + ": " + std::generic_category().message(error);
}

eddy::Task<int> member() { co_return 1; }
eddy::Task<> serve(eddy::SocketStream) { co_return; }
template <class Stream>
eddy::Task<std::size_t> read(Stream& stream) {
  char space[8];
  co_return co_await stream.read_some(std::span<char>(space));
}

}  // namespace

EDDY_TEST_CASE("what io/ refuses at the call says what is wrong", "") {
  using eddy::Arguments;
  using eddy::SocketAddress;
  check({
      {"eddy: a process needs a program to run", [] { (void)Arguments(""); }},
      {"eddy: an argument of a program cannot have a zero byte in it",
       [] { (void)Arguments("ls", std::string("a\0b", 3)); }},
      {"eddy: a pool must be allowed at least one member", [] { const eddy::Pool<int> pool({.max_size = 0}, member); }},
      {"eddy: a SignalReceiver needs a signal", [] { const eddy::SignalReceiver receiver{eddy::SignalSet()}; }},
      {"eddy: not a signal: Invalid argument", [] { (void)eddy::SignalSet(-1); }},
      {"eddy: \"\" is no address: a Unix socket's path is empty", [] { (void)SocketAddress::unix_path(""); }},
      {"eddy: \"\" is no address: an abstract Unix socket's name is empty", [] { (void)SocketAddress::abstract(""); }},
      {"eddy: \"1.2.3\" is no address: an IPv4 address has four numbers up to 255, as in \"127.0.0.1\"",
       [] { (void)SocketAddress::ipv4("1.2.3", 1); }},
      {"eddy: \"unix:a%1\" is no address: two hexadecimal digits follow a %, which itself is written as \"%25\"",
       [] { (void)SocketAddress::parse("unix:a%1"); }},
      {"eddy: \"1.2.3.4:080\" is no address: the port begins with a zero", [] { (void)SocketAddress::parse("1.2.3.4:080"); }},
      {"eddy: a UDP socket needs an address of IPv4 or IPv6, not \"unix:/x\"",
       [] { (void)eddy::UdpSocket::bind(SocketAddress::unix_path("/x")); }},
      {"eddy: this cannot be a variable of an environment: its name is empty or has \"=\" in it, or there is a zero byte",
       [] { (void)eddy::Environment().set("a=b", "c"); }},
      {"eddy: Redirect::to_output() is for a child's errors only",
       [] {
         eddy::ProcessOptions options;
         options.output = eddy::Redirect::to_output();
         (void)eddy::create_subprocess_exec("true", options);
       }},
      {"eddy: this Process is none: it was moved from, or nothing was started yet", [] { (void)eddy::Process().pid(); }},
      {"eddy: this File was moved from or never opened", [] { (void)eddy::File().path(); }},
      {"eddy: cannot connect to host at any of its 2 addresses: one: Permission denied; two: Connection refused",
       [] {
         std::vector<std::system_error> errors;
         errors.emplace_back(EACCES, std::generic_category(), "eddy: one");
         errors.emplace_back(ECONNREFUSED, std::generic_category(), "two");
         throw eddy::ConnectError("host", std::move(errors));
       }},
      {"eddy: \"::x\" is no address: an IPv6 address looks like \"::1\" or \"fe80::1%eth0\"",
       [] { (void)SocketAddress::ipv6("::x", 1); }},
  });
  const std::string path(200, 'p');
  check({
      {"eddy: \"ppp", [&] { (void)SocketAddress::unix_path(path); }},
      {"eddy: \"ppp", [&] { (void)SocketAddress::abstract(path); }},
  });
  const std::string too_long = " has at most 107 bytes, and this one 200";
  CHECK(thrown_text_of([&] { (void)SocketAddress::unix_path(path); }).find("is no address: a Unix socket's path" + too_long) !=
        std::string::npos);
  CHECK(thrown_text_of([&] { (void)SocketAddress::abstract(path); }).find("is no address: an abstract Unix socket's name" + too_long) !=
        std::string::npos);
  co_return;
}

EDDY_TEST_CASE("what io/ refuses when it is awaited says what is wrong", "") {
  auto [left, right] = eddy::open_memory_stream_pair();
  const std::string no_separators = co_await awaited_thrown_text_of(left.read_until(std::vector<std::string>()));
  CHECK(no_separators == "eddy: read_until needs a separator");
  const std::string empty = co_await awaited_thrown_text_of(left.read_until(""));
  CHECK(empty == "eddy: read_until needs a separator that is not empty");
  left.close();
  const std::string closed = co_await awaited_thrown_text_of(read(left));
  CHECK(closed == "eddy: this stream is closed");
  const std::string broken = co_await awaited_thrown_text_of(right.write("x"));
  CHECK(broken == system_text("eddy: writing failed", EPIPE));
  auto [one, other] = eddy::open_memory_stream_pair();
  other.abort();
  const std::string reset = co_await awaited_thrown_text_of(read(one));
  CHECK(reset == system_text("eddy: reading failed", ECONNRESET));
}

EDDY_TEST_CASE("a second reader of a stream is told who reads, and where", "[socket]") {
  const auto line = [](auto& stream) -> eddy::Task<std::string> { co_return co_await stream.read_line(); };
  auto memory = eddy::open_memory_stream_pair();
  auto sockets = eddy::open_socket_pair();
  const auto check_both = [&](auto& stream) -> eddy::Task<> {
    for (const bool buffered : {false, true}) {
      auto first = eddy::create_task(line(stream), {.name = "first"});
      co_await test::settle();
      std::string text;
      if (buffered) {
        text = co_await awaited_thrown_text_of(line(stream));
      } else {
        text = co_await awaited_thrown_text_of(read(stream));
      }
      INFO(text);
      CHECK(text.find("eddy: task first, which waits for data to read at ") == 0);
      CHECK(text.find(", reads from this; one at a time may, since nobody could say who gets what") !=
            std::string::npos);
      first.cancel();
      co_await test::settle();
    }
  };
  co_await check_both(memory.first);
  co_await check_both(sockets.first);
}

EDDY_TEST_CASE("a write after one that was cancelled half-way says why nothing can follow", "[socket]") {
  auto [left, right] = eddy::open_socket_pair();
  const std::string much(8 << 20, 'x');
  const auto send = [&]() -> eddy::Task<> { co_await left.write(much); };
  auto sending = eddy::create_task(send());
  co_await test::settle(2);
  sending.cancel();
  co_await test::settle(2);
  const std::string text = co_await awaited_thrown_text_of(left.write("x"));
  CHECK(text == "eddy: an earlier write to this stream failed or was cancelled half-way, so nothing can follow it");
}

EDDY_LOOP_TEST_CASE("a memory stream to which tasks of two loops write at a time says so", "[real]") {
  auto pair = eddy::open_memory_stream_pair({.capacity = 1});
  std::string text;
  const auto inner = [&]() -> eddy::Task<> {
    const auto write = [&]() -> eddy::Task<> { text = co_await awaited_thrown_text_of(pair.first.write("xx")); };
    (void)co_await eddy::move_on_after(50ms, write());  // where a sweep has stopped the other one nobody refuses it
  };
  const auto outer = [&]() -> eddy::Task<> {
    auto writing = eddy::create_task([](eddy::MemoryStream& to) -> eddy::Task<> { co_await to.write("xx"); }, std::ref(pair.first));
    co_await test::settle();
    std::thread([&] { eddy::run(inner()); }).join();
    writing.cancel();
    co_await test::settle(2);
  };
  test::run_virtual(outer);
  CHECK(text == "eddy: tasks of two event loops use one memory stream, which is for one at a time");
}

EDDY_TEST_CASE("the errors of sockets say what was tried", "[socket]") {
  auto [left, right] = eddy::open_socket_pair();
  right.close();
  const std::string broken = co_await awaited_thrown_text_of(left.write("x"));
  CHECK(broken == system_text("eddy: writing failed", EPIPE));
  left.close();
  const std::string closed = co_await awaited_thrown_text_of(read(left));
  CHECK(closed == "eddy: this stream is closed");
  eddy::Server server = co_await eddy::start_server(serve, "127.0.0.1", 0);
  const eddy::Server moved = std::move(server);
  CHECK_THAT(thrown_text_of([&] { (void)server.addresses(); }),
             Catch::StartsWith("eddy: this Server was moved from (in task "));
  CHECK(thrown_text_of([] { (void)eddy::start_server(serve, "127.0.0.1", 0, {.max_connections = 0}); }) ==
        "eddy: a server with max_connections = 0 would serve nobody");
  const auto nowhere = eddy::SocketAddress::abstract("eddy-nobody-listens");
  const std::string local = co_await awaited_thrown_text_of(eddy::connect(nowhere));
  CHECK(local == system_text("eddy: cannot connect to " + nowhere.to_string(), ECONNREFUSED));
}

EDDY_TEST_CASE(
    "a stream of a child that is no pipe, and a folder that has a zero byte in it, are refused with a sentence",
    "[real]") {
  eddy::Process child = eddy::create_subprocess_exec("true");
  CHECK(thrown_text_of([&] { (void)child.output(); }) ==
        "eddy: this stream of the child is no pipe: start it with Redirect::pipe() for its input, output or errors");
  const std::string no_input = co_await awaited_thrown_text_of(child.communicate("data"));
  CHECK(no_input == "eddy: there is data for a child whose input is no pipe: start it with {.input = Redirect::pipe()}");
  (void)co_await child.wait();
  eddy::ProcessOptions options;
  const std::string folder("a\0b", 3);
  options.cwd = folder;
  CHECK(thrown_text_of([&] { (void)eddy::create_subprocess_exec("true", options); }) ==
        "eddy: a folder's name cannot have a zero byte in it");
}
