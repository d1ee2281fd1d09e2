// Bodies of requests: long ones, files, generators and forms, and what ends them early.
//
// SPDX-License-Identifier: MIT
#include <eddy/http.hpp>
#include <eddy/io/file_contents.hpp>

#include "support/http_server.hpp"
#include "support/run.hpp"
#include "support/temporary_folder.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace test;
namespace http = eddy::http;

namespace {

eddy::AsyncGenerator<std::string> pieces(int count, std::string piece, int* made = nullptr) {
  for (int i = 0; i < count; ++i) {
    if (i % 2 == 1) co_await eddy::sleep(1ms);
    if (made != nullptr) *made = i + 1;
    std::string copy = piece;
    co_yield std::move(copy);
  }
}
eddy::AsyncGenerator<std::string> failing() {
  std::string first = "first";
  co_yield std::move(first);
  throw std::runtime_error("the source failed");
}

// What came, and how.
struct Came {
  std::string body;
  std::string type;
  std::string length;
  std::string encoding;
};
HttpServer::Answer into(Came& came) {
  return [&came](HttpExchange& exchange) -> eddy::Task<bool> {
    came.body = exchange.body;
    came.type = exchange.header("content-type");
    came.length = exchange.header("content-length");
    came.encoding = exchange.header("transfer-encoding");
    if (exchange.target == "/moved") {
      co_await exchange.reply(307, "", "Location: /there\r\n");
    } else {
      co_await exchange.reply(200, "thanks");
    }
    co_return true;
  };
}
eddy::Task<std::string> end_of_upload(eddy::Task<http::Response> request) {
  try {
    auto response = co_await std::move(request);
    co_return std::to_string(response.status());
  } catch (const std::exception& error) {
    co_return error.what();
  }
}
// Waits for a task that was cancelled.
template <class T>
eddy::Task<> ended(eddy::TaskHandle<T> task) {
  while (!task.done()) co_await eddy::sleep(1ms);
}

}  // namespace

EDDY_TEST_CASE("a generator's body is sent in chunks, or with its size if that is known", "[socket]") {
  Came came;
  auto server = co_await HttpServer::start(into(came));
  http::ClientSession session;
  auto chunked = co_await session.post(server.url(), http::RequestOptions().body_stream(pieces(10, "0123456789")));
  CHECK(chunked.status() == 200);
  CHECK(came.body.size() == 100);
  CHECK(came.encoding == "chunked");
  CHECK(came.type == "application/octet-stream");
  auto sized =
      co_await session.put(server.url(), http::RequestOptions().body_stream(pieces(10, "0123456789"), 100, "text/x"));
  CHECK(sized.status() == 200);
  CHECK(came.body.size() == 100);
  CHECK(came.length == "100");
  CHECK(came.encoding.empty());
  CHECK(came.type == "text/x");
  auto empty = co_await session.post(server.url(), http::RequestOptions().body_stream({}));
  CHECK(empty.status() == 200);
  CHECK(came.body.empty());
  const auto text = co_await empty.text();
  CHECK(text == "thanks");
  CHECK(server.connections() == 1);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a generator is not asked for more than the server takes", "[socket]") {
  const auto slow = [](eddy::SocketStream stream) -> eddy::Task<> {
    (void)stream;
    co_await eddy::sleep(1h);
  };
  auto server = co_await eddy::start_server(slow, "127.0.0.1", 0);
  http::ClientSession session;
  int made = 0;
  auto options = http::RequestOptions().body_stream(pieces(100'000, std::string(64 << 10, 'x'), &made));
  auto task = eddy::create_task(
      end_of_upload(session.post("http://127.0.0.1:" + std::to_string(server.port()) + "/", options)));
  int before = -1;
  while (before != made) {
    before = made;
    co_await eddy::sleep(30ms);
  }
  CHECK(made > 0);
  CHECK(made < 1'000);
  task.cancel();
  co_await ended(task);
  CHECK(session.statistics().connections == 0);
  server.close();
  server.close_clients();
  co_await server.wait_closed();
}

EDDY_TEST_CASE("a generator that fails, or is not as long as it was said to be, fails the request", "[socket]") {
  Came came;
  auto server = co_await HttpServer::start(into(came));
  http::ClientSession session;
  const auto failed = co_await end_of_upload(session.post(server.url(), http::RequestOptions().body_stream(failing())));
  CHECK(failed == "the source failed");
  const auto too_long =
      co_await end_of_upload(session.post(server.url(), http::RequestOptions().body_stream(pieces(3, "xx"), 5)));
  CHECK(too_long == "eddy: the body of a request is longer than its size was said to be");
  const auto too_short =
      co_await end_of_upload(session.post(server.url(), http::RequestOptions().body_stream(pieces(2, "xx"), 5)));
  CHECK(too_short == "eddy: the body of a request is shorter than its size was said to be");
  CHECK(session.statistics().connections == 0);
  const auto options = http::RequestOptions().body_stream(pieces(2, "xx"));
  const auto once = co_await end_of_upload(session.post(server.url(), options));
  CHECK(once == "200");
  const auto twice = co_await end_of_upload(session.post(server.url(), options));
  CHECK_THAT(twice, Catch::StartsWith(
                        "eddy: the body of a request, a generator's, was sent already; it can be sent once (in task "));
  const auto moved =
      co_await end_of_upload(session.post(server.url("/moved"), http::RequestOptions().body_stream(pieces(2, "xx"))));
  CHECK_THAT(moved, Catch::StartsWith("eddy: the server redirects a request whose body, a generator's, was sent already; "
                                      "it can be sent once (in task "));
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a server that refuses a body need not take all of it", "[socket]") {
  const auto refuse = [](eddy::SocketStream stream) -> eddy::Task<> {
    const auto head = co_await stream.read_until("\r\n\r\n");
    co_await stream.write("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    co_await eddy::sleep(50ms);
  };
  auto server = co_await eddy::start_server(refuse, "127.0.0.1", 0);
  http::ClientSession session;
  const auto end = co_await end_of_upload(
      session.post("http://127.0.0.1:" + std::to_string(server.port()) + "/",
                   http::RequestOptions().body_stream(pieces(100'000, std::string(64 << 10, 'x')))));
  CHECK(end == "413");
  server.close();
  server.close_clients();
  co_await server.wait_closed();
}

EDDY_TEST_CASE("long texts and files are sent as they are, again after a redirect", "[socket]") {
  const TemporaryFolder folder;
  std::string text(300'000, 'a');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  const auto path = folder.path() / "file";
  co_await eddy::write_file(path, text);
  Came came;
  auto server = co_await HttpServer::start(into(came));
  http::ClientSession session;
  for (const char* target : {"/", "/moved"}) {
    const auto as_text = co_await end_of_upload(session.put(server.url(target), http::RequestOptions().body(text)));
    CHECK(as_text == "200");
    CHECK(came.body == text);
    CHECK(came.length == "300000");
    came.body.clear();
    const auto as_file =
        co_await end_of_upload(session.put(server.url(target), http::RequestOptions().body_file(path.string(), "a/b")));
    CHECK(as_file == "200");
    CHECK(came.body == text);
    CHECK(came.length == "300000");
    CHECK(came.type == "a/b");
  }
  CHECK(server.connections() == 1);
  const auto none =
      co_await end_of_upload(session.put(server.url(), http::RequestOptions().body_file(path.string() + "none")));
  CHECK(none.find("No such file") != std::string::npos);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a multipart form has fields, data and files", "[socket]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "notes.txt";
  co_await eddy::write_file(path, std::string("in the file"));
  Came came;
  auto server = co_await HttpServer::start(into(came));
  http::ClientSession session;
  const auto options = http::RequestOptions().multipart(http::FormData()
                                                            .field("a\"b", "1")
                                                            .data("d", "x.bin", std::string("\0\1", 2))
                                                            .file("f", path.string(), "text/plain")
                                                            .field("z", ""));
  const auto end = co_await end_of_upload(session.post(server.url(), options));
  CHECK(end == "200");
  REQUIRE(came.type.starts_with("multipart/form-data; boundary=eddy-"));
  const std::string line = "--" + came.type.substr(came.type.find('=') + 1);
  const std::string head = "\r\nContent-Disposition: form-data; name=";
  CHECK(came.body == line + head + "\"a%22b\"\r\n\r\n1\r\n" + line + head +
                         "\"d\"; filename=\"x.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n" +
                         std::string("\0\1", 2) + "\r\n" + line + head +
                         "\"f\"; filename=\"notes.txt\"\r\nContent-Type: text/plain\r\n\r\nin the file\r\n" + line +
                         head + "\"z\"\r\n\r\n\r\n" + line + "--\r\n");
  CHECK(came.length == std::to_string(came.body.size()));
  CHECK_THROWS_AS(http::FormData().data("a", "b", "c", "x\r\ny"), std::invalid_argument);
  CHECK_THROWS_AS(http::FormData().field(std::string_view("\0", 1), ""), std::invalid_argument);
  session.close();
  co_await server.close();
}
