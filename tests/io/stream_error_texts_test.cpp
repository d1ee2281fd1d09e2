// What the errors of io/ say that the tests of their headers look at by type or by number only: a table of calls and sentences.
//
// SPDX-License-Identifier: MIT
#include <eddy/io.hpp>

#include "support/run.hpp"

#include <cerrno>
#include <functional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

struct Row {
  const char* sentence;
  std::function<void()> call;
};

// What `call` throws says.
std::string text_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}
template <class A>
eddy::Task<std::string> awaited_text_of(A work) {
  try {
    (void)co_await std::move(work);
  } catch (const std::exception& error) {
    co_return error.what();
  }
  co_return "nothing was thrown";
}
void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const std::string text = text_of(row.call);
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
      {"eddy: \"::x\" is no address: an IPv6 address looks like \"::1\" or \"fe80::1%eth0\"",
       [] { (void)SocketAddress::ipv6("::x", 1); }},
  });
  const std::string path(200, 'p');
  check({
      {"eddy: \"ppp", [&] { (void)SocketAddress::unix_path(path); }},
      {"eddy: \"ppp", [&] { (void)SocketAddress::abstract(path); }},
  });
  CHECK(text_of([&] { (void)SocketAddress::unix_path(path); }).find("is no address: a Unix socket's path") !=
        std::string::npos);
  CHECK(text_of([&] { (void)SocketAddress::abstract(path); }).find("is no address: an abstract Unix socket's name") !=
        std::string::npos);
  co_return;
}

EDDY_TEST_CASE("what io/ refuses when it is awaited says what is wrong", "") {
  auto [left, right] = eddy::open_memory_stream_pair();
  const std::string no_separators = co_await awaited_text_of(left.read_until(std::vector<std::string>()));
  CHECK(no_separators == "eddy: read_until needs a separator");
  const std::string empty = co_await awaited_text_of(left.read_until(""));
  CHECK(empty == "eddy: read_until needs a separator that is not empty");
  left.close();
  const std::string closed = co_await awaited_text_of(read(left));
  CHECK(closed == "eddy: this stream is closed");
  const std::string broken = co_await awaited_text_of(right.write("x"));
  CHECK(broken == system_text("eddy: writing failed", EPIPE));
  auto [one, other] = eddy::open_memory_stream_pair();
  other.abort();
  const std::string reset = co_await awaited_text_of(read(one));
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
        text = co_await awaited_text_of(line(stream));
      } else {
        text = co_await awaited_text_of(read(stream));
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

EDDY_TEST_CASE("the errors of sockets say what was tried", "[socket]") {
  auto [left, right] = eddy::open_socket_pair();
  right.close();
  const std::string broken = co_await awaited_text_of(left.write("x"));
  CHECK(broken == system_text("eddy: writing failed", EPIPE));
  left.close();
  const std::string closed = co_await awaited_text_of(read(left));
  CHECK(closed == "eddy: this stream is closed");
  eddy::Server server = co_await eddy::start_server(serve, "127.0.0.1", 0);
  const eddy::Server moved = std::move(server);
  CHECK(text_of([&] { (void)server.addresses(); }) == "eddy: this Server was moved from");
  const auto nowhere = eddy::SocketAddress::abstract("eddy-nobody-listens");
  const std::string local = co_await awaited_text_of(eddy::connect(nowhere));
  CHECK(local == system_text("eddy: cannot connect to " + nowhere.to_string(), ECONNREFUSED));
}

EDDY_TEST_CASE(
    "a stream of a child that is no pipe, and a folder that has a zero byte in it, are refused with a sentence",
    "[real]") {
  eddy::Process child = eddy::create_subprocess_exec("true");
  CHECK(text_of([&] { (void)child.output(); }) ==
        "eddy: this stream of the child is no pipe: start it with Redirect::pipe() for its input, output or errors");
  (void)co_await child.wait();
  eddy::ProcessOptions options;
  const std::string folder("a\0b", 3);
  options.cwd = folder;
  CHECK(text_of([&] { (void)eddy::create_subprocess_exec("true", options); }) ==
        "eddy: a folder's name cannot have a zero byte in it");
}
