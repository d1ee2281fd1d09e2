// The HTTP benchmark's client over eddy: so many tasks share a session and take one request after the other.
//
// Usage: eddy_http_client URL AT_ONCE REQUESTS. Prints the seconds that they took, the connections being opened in them.
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/http.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

eddy::Task<> work(eddy::http::ClientSession& session, std::string url, long& left) {
  while (left > 0) {
    --left;
    auto response = co_await session.get(url);
    const std::string body = co_await response.text();
    if (response.status() != 200 || body.empty()) throw std::runtime_error("a request has failed");
  }
}

eddy::Task<double> async_main(std::string url, std::size_t at_once, long requests) {
  eddy::http::SessionOptions options;
  options.limit(at_once);
  eddy::http::ClientSession session(std::move(options));
  const auto start = std::chrono::steady_clock::now();
  std::vector<eddy::Task<>> workers;
  for (std::size_t i = 0; i < at_once; ++i) workers.push_back(work(session, url, requests));
  co_await eddy::gather(std::move(workers));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  co_return taken.count();
}

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s URL AT_ONCE REQUESTS\n", argv[0]);
    return 2;
  }
  std::printf("%.6f\n", eddy::run(async_main(argv[1], static_cast<std::size_t>(std::atol(argv[2])), std::atol(argv[3]))));
}
