// Ten URLs through one session, which keeps its connections and uses them again.
//
// A session is made once. At most three connections to a host are opened here; a request that finds none free waits its turn.
// Without arguments a server is started for it, a few lines of Python. How many connections were opened is said on standard
// error.
//
// Usage: 13_connection_pooling [URL...]
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>
#include <eddy/http.hpp>
#include <eddy/io.hpp>

#include <fmt/format.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace http = eddy::http;

constexpr const char* kServer = R"(
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # which keeps connections

    def do_GET(self):
        body = f"the data of {self.path}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
)";

eddy::Task<std::string> fetch_with_session(http::ClientSession& session, std::string url) {
  auto response = co_await session.get(std::move(url));
  response.raise_for_status();
  co_return co_await response.text();
}

eddy::Task<> fetch_all(std::vector<std::string> urls) {
  // Reuse the session across requests (connection pooling).
  http::ClientSession session(http::SessionOptions().limit_per_host(3));

  std::vector<eddy::Task<std::string>> tasks;
  for (std::string& url : urls) {
    tasks.push_back(fetch_with_session(session, std::move(url)));
  }
  const std::vector<std::string> results = co_await eddy::gather(std::move(tasks));

  fmt::print("Fetched {} URLs\n", results.size());
  fmt::print(stderr, "{} connections were opened\n", session.statistics().connections_opened);
}

eddy::Task<> fetch_from_own_server() {
  constexpr eddy::ProcessOptions options{.output = eddy::Redirect::pipe()};
  auto server = eddy::create_subprocess_exec({"python3", "-c", kServer}, options);  // killed where this scope ends
  const std::string line = co_await server.output().read_line();
  if (line.empty()) throw std::runtime_error("the server has not started");
  const std::string port = line.substr(0, line.find('\n'));
  std::vector<std::string> urls;
  for (int i = 0; i < 10; ++i) {
    urls.push_back(fmt::format("http://127.0.0.1:{}/data/{}", port, i));
  }
  co_await fetch_all(std::move(urls));
}

int main(int argc, char** argv) {
  try {
    std::vector<std::string> urls(argv + 1, argv + argc);
    eddy::run(urls.empty() ? fetch_from_own_server() : fetch_all(std::move(urls)));
  } catch (const std::exception& error) {
    fmt::print(stderr, "13_connection_pooling: {}\n", error.what());
    return 1;
  }
}
