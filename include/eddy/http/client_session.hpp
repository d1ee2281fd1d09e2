// ClientSession: an HTTP client with connections that are kept, over libcurl. Most programs need one.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/combine/timeout.hpp>
#include <eddy/http/error.hpp>
#include <eddy/http/request.hpp>
#include <eddy/http/request_options.hpp>
#include <eddy/http/response.hpp>
#include <eddy/http/response_body.hpp>
#include <eddy/http/session_core.hpp>
#include <eddy/http/session_options.hpp>
#include <eddy/http/url.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/task/task.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

inline Task<http::Response> make_request(LocalPointer<HttpSessionCore> core, std::string method, std::string url,
                                         http::RequestOptions options) {
  if (core->is_shut()) throw http::SessionClosed();
  HttpPlan plan = HttpOptionsAccess::plan(core->options(), std::move(method), std::move(url), std::move(options),
                                          get_running_loop().time());
  HttpTransferPointer transfer;
  if (may_repeat(plan)) {
    transfer = co_await retry_transfers(core, plan);
  } else {
    transfer = co_await run_transfers(core, plan);
  }
  if (plan.raise && transfer->status >= 400) {
    co_await move_on_after(HttpTransfer::kPatience, shown_body_came(*transfer));
    throw_status(*transfer);
  }
  co_return http::Response(std::move(transfer));
}

}  // namespace detail

namespace http {

/// What a session does at the moment, and has done so far.
struct SessionStatistics {
  std::size_t active = 0;                ///< transfers that are under way
  std::size_t waiting = 0;               ///< requests that wait for their turn, because of the limits
  std::size_t connections = 0;           ///< connections that are open, those that nobody uses included
  std::uint64_t connections_opened = 0;  ///< connections opened so far
  std::uint64_t requests = 0;            ///< transfers begun so far, each redirect and retry one
};

/// An HTTP client. Connections are kept and used again, so make one session and keep it.
///
///     http::ClientSession session(http::SessionOptions().limit_per_host(8));
///     auto response = co_await session.get("https://example.com/");
///     response.raise_for_status();
///     std::string body = co_await response.text();
///
/// Only http and https are spoken, also after redirects. Certificates and hosts are verified. Authorization, Cookie and
/// credentials in a URL are for the host (scheme, name and port) that they were given for: a redirect elsewhere goes
/// without them.
///
/// A request completes when the head of the response is there. Errors, of requests: ConnectionError, ResolveError,
/// TimeoutError, TlsError, ProtocolError, TooManyRedirects, InvalidUrl; StatusError only if that was asked for;
/// SessionClosed; std::invalid_argument for what HTTP does not allow; what opening and reading a body's file or its
/// generator throws.
/// Cancellation: ends the transfer; its connection is closed and never used again (over HTTP/2, its stream). A session
/// that is closed or destroyed while requests run ends them, and they throw SessionClosed.
///
/// Threads: one loop's. The first session initialises libcurl, once in a process; a program that uses libcurl in other
/// threads calls curl_global_init before it starts them. Source: aiohttp.ClientSession.
class ClientSession {
 public:
  /// A session on the running loop. Errors: NoRunningLoop; InvalidUrl for the base URL or the proxy.
  explicit ClientSession(SessionOptions options = {}) {
    const std::string& base = detail::HttpOptionsAccess::base_url(options);
    if (!base.empty()) (void)detail::parse_url("GET", base, {});
    const std::string& proxy = detail::HttpOptionsAccess::proxy(options);
    if (!proxy.empty()) detail::check_proxy(proxy);
    core_ = detail::LocalPointer<detail::HttpSessionCore>(new detail::HttpSessionCore(options, get_running_loop()));
  }
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;
  /// Closes it.
  ~ClientSession() { close(); }

  /// Completes with the response to a GET.
  [[nodiscard("nothing is sent until this is awaited")]] Task<Response> get(std::string url,
                                                                            RequestOptions options = {}) {
    return request("GET", std::move(url), std::move(options));
  }
  /// Completes with the response to a HEAD, which has no body.
  [[nodiscard("nothing is sent until this is awaited")]] Task<Response> head(std::string url,
                                                                             RequestOptions options = {}) {
    return request("HEAD", std::move(url), std::move(options));
  }
  /// Completes with the response to a POST.
  [[nodiscard("nothing is sent until this is awaited")]] Task<Response> post(std::string url,
                                                                             RequestOptions options = {}) {
    return request("POST", std::move(url), std::move(options));
  }
  /// Completes with the response to a PUT.
  [[nodiscard("nothing is sent until this is awaited")]] Task<Response> put(std::string url,
                                                                            RequestOptions options = {}) {
    return request("PUT", std::move(url), std::move(options));
  }
  /// Completes with the response to a PATCH.
  [[nodiscard("nothing is sent until this is awaited")]] Task<Response> patch(std::string url,
                                                                              RequestOptions options = {}) {
    return request("PATCH", std::move(url), std::move(options));
  }
  /// Completes with the response to a DELETE.
  [[nodiscard("nothing is sent until this is awaited")]] Task<Response> delete_(std::string url,
                                                                                RequestOptions options = {}) {
    return request("DELETE", std::move(url), std::move(options));
  }
  /// Completes with the response to any method, which is sent as it is written. The URL is absolute, or relative to the
  /// session's base URL. Source: aiohttp's request.
  [[nodiscard("nothing is sent until this is awaited")]] Task<Response> request(std::string method, std::string url,
                                                                                RequestOptions options = {}) {
    return detail::make_request(core_, std::move(method), std::move(url), std::move(options));
  }

  /// Closes it: requests and responses that are under way get SessionClosed, connections are closed, and nothing is
  /// sent any more. A second call does nothing. Source: aiohttp's close, which has to be awaited.
  void close() noexcept { core_->shut(); }
  /// True once it was closed.
  [[nodiscard]] bool is_closed() const noexcept { return core_->is_shut(); }
  /// What it does and has done.
  [[nodiscard]] SessionStatistics statistics() const noexcept {
    return {core_->active(), core_->waiting(), core_->multi().connections(), core_->multi().opened(), core_->begun()};
  }

 private:
  detail::LocalPointer<detail::HttpSessionCore> core_;
};

}  // namespace http
}  // namespace eddy::inline EDDY_ABI
