// What the tests against real servers have in common: where the servers are, and requests whose errors are expected.
//
// serve.py starts the servers, runs the tests, and says by the environment where they are.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "support/run.hpp"

#include <eddy/http.hpp>

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace live {

namespace http = eddy::http;

// What serve.py says of a server: "FAULTS" gives its port.
inline std::string place(const std::string& name) {
  const char* const value = std::getenv(("EDDY_HTTP_" + name).c_str());
  if (value == nullptr) throw std::runtime_error("these tests are run by serve.py, which says where its servers are: EDDY_HTTP_" + name);
  return value;
}
inline std::uint16_t port(const std::string& name) { return static_cast<std::uint16_t>(std::stoi(place(name))); }
inline std::string url(const std::string& server, const std::string& path) {
  return "http://127.0.0.1:" + place(server) + path;
}
inline std::string tls_url(const std::string& server, const std::string& path) {
  return "https://localhost:" + place(server) + path;
}

inline eddy::Task<std::string> get_text(http::ClientSession& session, std::string url, http::RequestOptions options = {}) {
  auto response = co_await session.get(std::move(url), std::move(options));
  co_return co_await response.text();
}
inline eddy::Task<long> get_number(http::ClientSession& session, std::string url) {
  const std::string text = co_await get_text(session, std::move(url));
  co_return std::stol(text);
}

// The error of this type that a GET, or reading what it gives, ends with; nothing if it succeeds.
template <class Error>
eddy::Task<std::optional<Error>> error_of(http::ClientSession& session, std::string url, http::RequestOptions options = {}) {
  try {
    const std::string text = co_await get_text(session, std::move(url), std::move(options));
    co_return std::nullopt;
  } catch (const Error& error) {
    co_return std::optional<Error>(error);
  }
}

// The phase of the timeout that a GET ends with; nothing if it succeeds.
inline eddy::Task<std::optional<http::TimeoutPhase>> timeout_of(http::ClientSession& session, std::string url,
                                                                http::RequestOptions options = {}) {
  const auto error = co_await error_of<http::TimeoutError>(session, std::move(url), std::move(options));
  co_return error ? std::optional(error->phase()) : std::nullopt;
}

// Completes once the fault server has no connection but the one that asks.
inline eddy::Task<> all_connections_are_closed() {
  for (int i = 0; i < 1000; ++i) {
    http::ClientSession session;
    const long open = co_await get_number(session, url("FAULTS", "/open"));
    if (open == 1) co_return;
    co_await eddy::sleep(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("connections stay open");
}

}  // namespace live
