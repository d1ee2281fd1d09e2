// Transfers under pressure: bodies that unpack to huge ones, answers that come before they are expected, a loop that is late.
//
// SPDX-License-Identifier: MIT
#include <eddy/http.hpp>
#include <eddy/io/file_contents.hpp>
#include <eddy/threads/to_thread.hpp>

#include "support/http_server.hpp"
#include "support/run.hpp"
#include "support/temporary_folder.hpp"
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace test;
namespace http = eddy::http;

namespace {

// What a request ends with, in words; the size of its body otherwise, read in pieces.
eddy::Task<std::string> end_in_pieces(http::ClientSession& session, std::string url,
                                      http::RequestOptions options = {}) {
  try {
    auto response = co_await session.get(std::move(url), std::move(options));
    std::size_t size = 0;
    auto chunks = response.chunks();
    while (auto chunk = co_await chunks.next()) size += chunk->size();
    co_return std::to_string(size);
  } catch (const http::TimeoutError& error) {
    co_return "timeout " + std::to_string(static_cast<int>(error.phase()));
  } catch (const http::BodyTooLarge&) {
    co_return "too large";
  } catch (const http::ProtocolError& error) {
    co_return error.what();
  } catch (const std::bad_alloc&) {
    co_return "bad_alloc";
  }
}

// So many times 128 KiB of the letter "x", compressed with Zstandard: blocks that say a byte and how often it comes.
std::string packed(std::size_t blocks) {
  std::string text("\x28\xb5\x2f\xfd\x00\x38", 6);
  for (std::size_t i = 0; i < blocks; ++i) {
    const std::uint32_t head = (i + 1 == blocks ? 1U : 0U) | 2U | ((128U << 10) << 3);
    for (const unsigned shift : {0U, 8U, 16U}) text += static_cast<char>((head >> shift) & 0xff);
    text += 'x';
  }
  return text;
}
bool unpacks() { return (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ZSTD) != 0; }

// Sends a packed body of which some never comes.
HttpServer::Answer sends_packed(std::size_t blocks, bool whole) {
  return [blocks, whole](HttpExchange& exchange) -> eddy::Task<bool> {
    const std::string body = packed(blocks);
    std::string text = "HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: ";
    text += std::to_string(body.size() + (whole ? 0 : 10)) + "\r\n\r\n" + body;
    co_await exchange.stream.write(text);
    co_return true;
  };
}

eddy::AsyncGenerator<std::string> pieces(int count, std::size_t size) {
  for (int i = 0; i < count; ++i) {
    std::string piece(size, 'x');
    co_yield std::move(piece);
  }
}
// Gives a piece, then waits.
eddy::AsyncGenerator<std::string> stuck() {
  std::string piece(1000, 'x');
  co_yield std::move(piece);
  co_await eddy::sleep(1h);
}

}  // namespace

EDDY_TEST_CASE("a body that unpacks to more than it may is ended at once, though more was to come", "[socket][real]") {
  if (!unpacks()) co_return;
  auto server = co_await HttpServer::start(sends_packed(10, false));
  http::ClientSession session(http::SessionOptions().timeout(5s));
  const auto in_pieces = co_await end_in_pieces(session, server.url(), http::RequestOptions().max_body_size(1'000'000));
  CHECK(in_pieces == "too large");
  CHECK(session.statistics().active == 0);
  CHECK(session.statistics().connections == 0);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a body that unpacks to a huge one comes whole, as far as libcurl keeps it", "[socket]") {
  if (!unpacks()) co_return;
  auto server = co_await HttpServer::start(sends_packed(64, true));
  auto bomb = co_await HttpServer::start(sends_packed(1'000, true));
  http::ClientSession session;
  const auto whole = co_await end_in_pieces(session, server.url());
  CHECK(whole == std::to_string(64 * (128U << 10)));
  const auto too_much = co_await end_in_pieces(session, bomb.url());
  CHECK(too_much.find("the body unpacks to too much at once, or there is no memory for it") != std::string::npos);
  CHECK(session.statistics().active == 0);
  session.close();
  co_await server.close();
  co_await bomb.close();
}

EDDY_TEST_CASE("who gives up reading the whole does not leave it running", "[socket][real]") {
  std::size_t sent = 0;
  const auto pour = [&](HttpExchange& exchange) -> eddy::Task<bool> {
    co_await exchange.stream.write("HTTP/1.1 200 OK\r\n\r\n");
    const std::string piece(64 << 10, 'x');
    for (; sent < (64U << 20); sent += piece.size()) {
      co_await exchange.stream.write(piece);
      co_await eddy::sleep(1ms);
    }
    co_return false;
  };
  auto server = co_await HttpServer::start(pour);
  http::ClientSession session;
  auto response = co_await session.get(server.url());
  const auto text = co_await eddy::move_on_after(30ms, response.text());
  CHECK_FALSE(text);
  std::size_t before = 1;
  for (int i = 0; i < 50 && before != sent; ++i) {
    before = sent;
    co_await eddy::sleep(50ms);
  }
  CHECK(sent < (32U << 20));
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a long answer before the end of the body that is sent comes all the same", "[socket][real]") {
  // Sends back what it gets, as it comes.
  const auto mirror = [](eddy::SocketStream stream) -> eddy::Task<> {
    const auto head = co_await stream.read_until("\r\n\r\n");
    co_await stream.write("HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n");
    for (std::size_t done = 0; done < 20'000'000;) {
      const std::string piece = co_await stream.read(100'000);
      if (piece.empty()) co_return;
      done += piece.size();
      co_await stream.write(piece);
    }
  };
  auto server = co_await eddy::start_server(mirror, "127.0.0.1", 0);
  http::ClientSession session(http::SessionOptions().timeout(30s));
  auto response = co_await session.post("http://127.0.0.1:" + std::to_string(server.port()) + "/",
                                        http::RequestOptions().body_stream(pieces(200, 100'000), 20'000'000));
  std::size_t size = 0;
  auto chunks = response.chunks();
  while (auto chunk = co_await chunks.next()) size += chunk->size();
  CHECK(size == 20'000'000);
  server.close();
  server.close_clients();
  co_await server.wait_closed();
}

EDDY_TEST_CASE("an answer that is none of 2xx ends the sending, however long it is", "[socket][real]") {
  const auto choices = [](eddy::SocketStream stream) -> eddy::Task<> {
    const auto head = co_await stream.read_until("\r\n\r\n");
    const std::string body(2 << 20, 'c');
    const std::string answer = "HTTP/1.1 300 Choices\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    co_await stream.write(answer + body);
    co_await eddy::sleep(1h);
  };
  auto server = co_await eddy::start_server(choices, "127.0.0.1", 0);
  http::ClientSession session(http::SessionOptions().timeout(5s));
  auto response = co_await session.post("http://127.0.0.1:" + std::to_string(server.port()) + "/",
                                        http::RequestOptions().body_stream(stuck()));
  CHECK(response.status() == 300);
  const auto text = co_await response.text();
  CHECK(text.size() == (2U << 20));
  server.close();
  server.close_clients();
  co_await server.wait_closed();
}

EDDY_TEST_CASE("a loop that is late tells the timeout of a second attempt", "[socket][real]") {
  int count = 0;
  const auto busy = [&](HttpExchange& exchange) -> eddy::Task<bool> {
    if (++count > 1) co_await eddy::sleep(1h);
    co_await exchange.reply(503, "not yet");
    co_return true;
  };
  auto server = co_await HttpServer::start(busy);
  http::ClientSession session(http::SessionOptions().timeout(150ms).retry({.max_attempts = 3, .delay = 1ms}));
  const auto block = []() -> eddy::Task<> {
    co_await eddy::sleep(100ms);
    ::usleep(300'000);
  };
  auto blocking = eddy::create_task(block);
  const auto end = co_await end_in_pieces(session, server.url());
  CHECK(end == "timeout " + std::to_string(static_cast<int>(http::TimeoutPhase::total)));
  CHECK(count == 2);
  co_await blocking;
  const auto at_once = co_await end_in_pieces(session, server.url(), http::RequestOptions().timeout(-1s));
  CHECK(at_once == "timeout " + std::to_string(static_cast<int>(http::TimeoutPhase::total)));
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("the total time counts over all redirects", "[socket][real]") {
  const auto circle = [](HttpExchange& exchange) -> eddy::Task<bool> {
    co_await eddy::sleep(40ms);
    co_await exchange.reply(302, "", "Location: " + exchange.target + "x\r\n");
    co_return true;
  };
  auto server = co_await HttpServer::start(circle);
  http::ClientSession session(http::SessionOptions().timeout(150ms).max_redirects(1'000));
  const auto end = co_await end_in_pieces(session, server.url());
  CHECK(end == "timeout " + std::to_string(static_cast<int>(http::TimeoutPhase::total)));
  CHECK(server.asked().size() < 10);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a connection that has to be made again has its time for it", "[socket][real]") {
  // A listener that takes one connection, and whose queue is full then.
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const place = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  REQUIRE(::bind(listener, place, length) == 0);
  REQUIRE(::listen(listener, 0) == 0);
  REQUIRE(::getsockname(listener, place, &length) == 0);
  std::array<int, 4> fillers{};
  const auto serve = [&] {
    const int connection = ::accept(listener, nullptr, nullptr);
    for (int& filler : fillers) {
      filler = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      (void)::connect(filler, place, length);
    }
    ::usleep(50'000);
    char request[4096];
    bool good = ::recv(connection, request, sizeof request, 0) > 0;
    constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    good = good && ::send(connection, kAnswer.data(), kAnswer.size(), 0) > 0;
    good = good && ::recv(connection, request, sizeof request, 0) > 0;
    ::close(connection);
    return good;
  };
  const auto in_thread = [&]() -> eddy::Task<bool> { co_return co_await eddy::to_thread(serve); };
  auto server = eddy::create_task(in_thread);
  http::ClientSession session;
  const std::string url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  const auto first = co_await end_in_pieces(session, url);
  CHECK(first == "1");
  const http::Timeouts limits{.total = 4s, .connect = 200ms};
  const auto second = co_await end_in_pieces(session, url, http::RequestOptions().timeouts(limits));
  CHECK(second == "timeout " + std::to_string(static_cast<int>(http::TimeoutPhase::connect)));
  const bool good = co_await server;
  CHECK(good);
  for (const int filler : fillers) ::close(filler);
  ::close(listener);
}

EDDY_TEST_CASE("a file is sent again when the connection that was kept has ended", "[socket]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file";
  co_await eddy::write_file(path, std::string(200'000, 'f'));
  // The second request on a connection is not answered.
  const auto answer = [](eddy::SocketStream stream) -> eddy::Task<> {
    for (int i = 0; i < 2; ++i) {
      const std::string first = co_await stream.read(1);
      if (first.empty()) co_return;
      const std::string head = first + co_await stream.read_until("\r\n\r\n");
      const std::size_t length = head.starts_with("PUT") ? 200'000 : 0;
      const auto body = co_await stream.read_exactly(length);
      if (i == 1) co_return;
      co_await stream.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + body.substr(0, 1) +
                            (length == 0 ? "x" : ""));
    }
  };
  auto server = co_await eddy::start_server(answer, "127.0.0.1", 0);
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
  http::ClientSession session;
  const auto first = co_await end_in_pieces(session, url);
  CHECK(first == "1");
  auto file = co_await session.put(url, http::RequestOptions().body_file(path.string()));
  const auto text = co_await file.text();
  CHECK(text == "f");
  // What a generator gave is gone.
  bool lost = false;
  try {
    auto response = co_await session.put(url, http::RequestOptions().body_stream(pieces(2, 100'000), 200'000));
  } catch (const http::ConnectionError&) {
    lost = true;
  }
  CHECK(lost);
  server.close();
  server.close_clients();
  co_await server.wait_closed();
}

EDDY_TEST_CASE("a connection that ends while TLS is agreed on is a lost one", "[socket]") {
  int count = 0;
  const auto hang_up = [&](eddy::SocketStream stream) -> eddy::Task<> {
    if (++count % 2 == 0) (void)co_await stream.read(5);
  };
  auto server = co_await eddy::start_server(hang_up, "127.0.0.1", 0);
  http::ClientSession session;
  int lost = 0;
  for (int i = 0; i < 4; ++i) {
    try {
      auto response = co_await session.get("https://127.0.0.1:" + std::to_string(server.port()) + "/");
    } catch (const http::ConnectionError& error) {
      lost += error.code() == std::errc::connection_reset ? 1 : 0;
    }
  }
  CHECK(lost == 4);
  server.close();
  co_await server.wait_closed();
}

EDDY_TEST_CASE("a request without a descriptor left says so", "[socket]") {
  http::ClientSession session;
  const int next = ::dup(0);
  ::close(next);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  int reason = 0;
  try {
    auto response = co_await session.get("http://127.0.0.1:1/");
  } catch (const http::ConnectionError& error) {
    reason = error.code().value();
  }
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(reason == EMFILE);
  CHECK(session.statistics().connections == 0);
}
