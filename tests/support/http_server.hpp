// A small HTTP/1.1 server in the test's own loop, which does what a test tells it and remembers what it was asked.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/eddy.hpp>
#include <eddy/http/headers.hpp>
#include <eddy/io/server.hpp>
#include <eddy/io/socket_stream.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test {

// A request, and the connection on which it is to be answered.
struct HttpExchange {
  explicit HttpExchange(eddy::SocketStream& connection, int which) : stream(connection), number(which) {}
  [[nodiscard]] std::string header(std::string_view name) const { return std::string(headers.get(name).value_or("")); }
  // A response with a body. `fields` are lines, each with its end.
  eddy::Task<> reply(int status, std::string text, std::string fields = {}) {
    std::string answer = "HTTP/1.1 " + std::to_string(status) + " Words\r\n" + fields;
    answer += "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n";
    if (method != "HEAD") answer += text;
    co_await stream.write(answer);
  }
  eddy::SocketStream& stream;
  int number;  // of the connection, from 1
  std::string method;
  std::string target;
  eddy::http::Headers headers;
  std::string body;
};

class HttpServer {
 public:
  // Answers a request. The connection is closed when it throws or gives false.
  using Answer = std::function<eddy::Task<bool>(HttpExchange&)>;

  static eddy::Task<HttpServer> start(Answer answer) {
    HttpServer made;
    made.state_ = std::make_shared<State>();
    made.state_->answer = std::move(answer);
    made.server_ = co_await eddy::start_server(&HttpServer::serve, "127.0.0.1", 0, {}, made.state_);
    co_return made;
  }

  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] std::string url(std::string path = "/", std::string host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(port()) + path;
  }
  [[nodiscard]] int connections() const { return state_->connections; }  // so far
  [[nodiscard]] std::size_t open() const { return server_->connections(); }
  // "METHOD target", in the order in which they came.
  [[nodiscard]] const std::vector<std::string>& asked() const { return state_->asked; }
  eddy::Task<> close() {
    server_->close();
    server_->close_clients();
    co_await server_->wait_closed();
  }

 private:
  struct State {
    Answer answer;
    int connections = 0;
    std::vector<std::string> asked;
  };
  using Shared = std::shared_ptr<State>;

  static eddy::Task<> serve(eddy::SocketStream stream, const Shared& state) {
    const Shared kept = state;
    const int number = ++kept->connections;
    for (;;) {
      HttpExchange exchange(stream, number);
      std::string head;
      try {
        head = co_await stream.read_until("\r\n\r\n");
      } catch (const eddy::IncompleteReadError&) {
        co_return;
      } catch (const std::system_error&) {
        co_return;
      }
      parse(exchange, head);
      kept->asked.push_back(exchange.method + " " + exchange.target);
      try {
        co_await receive_body(exchange);
        const bool goes_on = co_await kept->answer(exchange);
        if (!goes_on) co_return;
      } catch (const eddy::IncompleteReadError&) {
        co_return;
      } catch (const std::system_error&) {
        co_return;
      }
    }
  }
  static void parse(HttpExchange& exchange, std::string_view head) {
    for (std::size_t line = 0; !head.empty(); ++line) {
      const std::size_t end = head.find("\r\n");
      const std::string_view text = head.substr(0, end);
      head.remove_prefix(end + 2);
      if (line == 0) {
        exchange.method = text.substr(0, text.find(' '));
        const std::size_t begin = text.find(' ') + 1;
        exchange.target = text.substr(begin, text.rfind(' ') - begin);
      } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
        exchange.headers.append(text.substr(0, colon), text.substr(colon + 1));
      }
    }
  }
  static eddy::Task<> receive_body(HttpExchange& exchange) {
    if (exchange.header("transfer-encoding") == "chunked") {
      for (;;) {
        const std::string line = co_await exchange.stream.read_line();
        if (line.empty()) throw eddy::IncompleteReadError({});
        const std::size_t size = std::stoul(line, nullptr, 16);
        const std::string chunk = co_await exchange.stream.read_exactly(size + 2);
        if (size == 0) co_return;
        exchange.body += chunk.substr(0, size);
      }
    }
    const std::string length = exchange.header("content-length");
    if (!length.empty()) exchange.body = co_await exchange.stream.read_exactly(std::stoul(length));
  }

  std::shared_ptr<State> state_;
  std::optional<eddy::Server> server_;
};

}  // namespace test
