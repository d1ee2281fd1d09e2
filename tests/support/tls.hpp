// TLS over memory streams, for tests.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "support/streams.hpp"
#include "support/certificates.hpp"

#include <eddy/eddy.hpp>
#include <eddy/io/memory_stream.hpp>
#include <eddy/io/tls.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace test {

using Tls = eddy::TlsStream<eddy::MemoryStream>;

inline constexpr eddy::MemoryStreamOptions kAllPairs[] = {
    {}, {.capacity = 100}, {.lockstep = true}, {.evil = true}, {.lockstep = true, .evil = true}};

struct TlsPair {
  Tls client;
  Tls server;
};
// Two ends that trust each other.
inline eddy::Task<TlsPair> open_tls_pair(eddy::MemoryStreamOptions options = {}, eddy::TlsContext client = client_context(),
                                         eddy::TlsContext server = server_context(), eddy::TlsOptions tls = {}) {
  auto pair = eddy::open_memory_stream_pair(options);
  auto connecting = eddy::tls_connect(std::move(pair.first), std::move(client), "localhost", tls);
  auto accepting = eddy::tls_accept(std::move(pair.second), std::move(server), tls);
  auto both = co_await eddy::gather(std::move(connecting), std::move(accepting));
  TlsPair made{std::move(std::get<0>(both)), std::move(std::get<1>(both))};
  co_return std::move(made);
}

// What something ends with, in words. What it gives goes into `to`.
template <class T>
eddy::Task<std::string> end_of(eddy::Task<T> task, std::optional<T>* to = nullptr) {
  try {
    T value = co_await std::move(task);
    if (to != nullptr) to->emplace(std::move(value));
    co_return "done";
  } catch (const eddy::TlsCertificateError& e) {
    co_return "certificate: " + e.reason();
  } catch (const eddy::TlsTruncatedError&) {
    co_return "truncated";
  } catch (const eddy::TlsError& e) {
    co_return "TLS: " + e.reason();
  } catch (const eddy::ClosedResourceError&) {
    co_return "closed";
  } catch (const eddy::BrokenResourceError&) {
    co_return "broken";
  } catch (const eddy::BusyResourceError&) {
    co_return "busy";
  } catch (const eddy::TimeoutError&) {
    co_return "timed out";
  } catch (const eddy::CancelledError&) {
    co_return "cancelled";
  } catch (const std::system_error& e) {
    co_return std::to_string(e.code().value());
  }
}
inline eddy::Task<std::string> end_of(eddy::Task<> task) {
  const auto with_value = [](eddy::Task<> inner) -> eddy::Task<int> {
    co_await std::move(inner);
    co_return 0;
  };
  return end_of<int>(with_value(std::move(task)));
}
template <class T>
eddy::Task<T> result_of(eddy::TaskHandle<T> handle) {
  co_return co_await handle;
}
template <class T>
eddy::Task<std::string> end_of(eddy::TaskHandle<T> handle) {
  return end_of(result_of(std::move(handle)));
}

// How a handshake ends on both sides; what they give is closed.
struct Ends {
  std::string client;
  std::string server;
};
inline eddy::Task<Ends> shake_hands(eddy::TlsContext client, eddy::TlsContext server, std::string host,
                                    eddy::MemoryStreamOptions options = {}) {
  auto pair = eddy::open_memory_stream_pair(options);
  auto connecting = end_of(eddy::tls_connect(std::move(pair.first), std::move(client), std::move(host)));
  auto accepting = end_of(eddy::tls_accept(std::move(pair.second), std::move(server)));
  auto both = co_await eddy::gather(std::move(connecting), std::move(accepting));
  Ends ends{std::move(std::get<0>(both)), std::move(std::get<1>(both))};
  co_return std::move(ends);
}

}  // namespace test
