// Response: what a server answered: the head, which is there already, and the body, which may still be on its way.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/flow/async_generator.hpp>
#include <eddy/http/headers.hpp>
#include <eddy/http/request.hpp>
#include <eddy/http/response_body.hpp>
#include <eddy/task/task.hpp>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {
namespace http {

/// When the steps of the last transfer of a request were over, counted from its beginning, which is when it had got its
/// turn in the session.
struct Timings {
  Duration lookup{};      ///< the address was known; zero on a connection that was there already
  Duration connect{};     ///< connected; zero on one that was there already. With libcurl 7.88, TLS included
  Duration tls{};         ///< TLS was agreed on; zero without it
  Duration first_byte{};  ///< the response began
  Duration total{};       ///< the body was complete; until then, how long it has taken so far
};

/// What a server answered. The head is complete; the body is received meanwhile, up to some 256 KiB ahead of whoever
/// reads it: then the transfer pauses. While a file, a form or a generator is still being sent, up to 256 MiB are kept
/// instead. The body can be read once, in one of the ways that there are.
///
/// A response that is destroyed before its body has come ends the transfer, and its connection is closed. It may
/// outlive its session; what is left of its body is lost then. Can be moved; only assignment and destruction may follow
/// for the one that was moved from.
///
/// Cancellation: while the body is read, ends the transfer once the response is destroyed; nothing is lost before.
/// Errors: of everything that reads: ConnectionError, TimeoutError, TlsError, ProtocolError, BodyTooLarge;
/// SessionClosed once the session was closed; InvalidStateError if the body was read before; BusyResourceError while
/// another task reads it. Threads: the loop's. Source: aiohttp.ClientResponse.
class [[nodiscard("a response that nobody looks at ends its transfer")]] Response {
 public:
  // For the session.
  explicit Response(detail::HttpTransferPointer transfer) noexcept : transfer_(std::move(transfer)) {}

  /// The status, such as 200.
  [[nodiscard]] int status() const noexcept { return transfer_->status; }
  /// True for a status below 400. Source: aiohttp's ok.
  [[nodiscard]] bool ok() const noexcept { return status() < 400; }
  /// The words behind the status; empty with HTTP/2.
  [[nodiscard]] const std::string& reason() const noexcept { return transfer_->reason; }
  /// The fields of the head.
  [[nodiscard]] const Headers& headers() const noexcept { return transfer_->headers; }
  /// The method of the request that was answered, the last one where there were redirects.
  [[nodiscard]] const std::string& method() const noexcept { return transfer_->method; }
  /// The URL that was asked in the end, after redirects. It has the query in it, and no credentials.
  [[nodiscard]] const std::string& url() const noexcept { return transfer_->url.text; }
  /// How many redirects were followed.
  [[nodiscard]] std::size_t redirects() const noexcept { return transfer_->redirect_count; }
  /// 10, 11 or 20, for HTTP/1.0, 1.1 and 2.
  [[nodiscard]] int version() const noexcept { return transfer_->version; }
  /// True if the connection was there already.
  [[nodiscard]] bool reused() const noexcept { return transfer_->measured().reused; }
  /// How long it took.
  [[nodiscard]] Timings timings() const noexcept {
    const detail::HttpMeasures found = transfer_->measured();
    const auto duration = [](curl_off_t count) { return to_duration(std::chrono::microseconds(count)); };
    Timings timings;
    if (!found.reused) {
      timings.lookup = duration(found.lookup);
      timings.connect = duration(found.connect);
      timings.tls = duration(found.tls);
    }
    timings.first_byte = duration(found.first_byte);
    timings.total = duration(found.total);
    return timings;
  }
  /// The length of the body as the server says it, before decoding; empty if it does not.
  [[nodiscard]] std::optional<std::uint64_t> content_length() const noexcept {
    const std::string_view text = transfer_->headers.get("content-length").value_or(std::string_view());
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return length;
  }

  /// Throws StatusError for a status of 400 and more, with what has come of the body. Source: aiohttp's raise_for_status.
  void raise_for_status() const {
    if (!ok()) detail::throw_status(*transfer_);
  }

  /// Completes with the rest of the body, as it was sent: no character set is converted. The response must outlive it.
  /// Source: aiohttp's text.
  [[nodiscard("nothing is read until this is awaited")]] Task<std::string> text() {
    return detail::read_text(transfer_.get());
  }
  /// The same as bytes. Source: aiohttp's read.
  [[nodiscard("nothing is read until this is awaited")]] Task<std::vector<std::byte>> bytes() {
    return detail::read_bytes(transfer_.get());
  }
  /// Gives the body in pieces as they come, of any size but empty: `while (auto chunk = co_await chunks.next())`. The
  /// response must outlive it. Nobody who reads slowly uses more memory: the transfer pauses. Source: aiohttp's
  /// content.iter_any.
  AsyncGenerator<std::string> chunks() { return detail::read_chunks(transfer_.get()); }
  /// Gives the body line by line, without the line ends ("\n" or "\r\n"); the last one need not have one. As chunks().
  /// Errors: also LimitOverrunError for a line longer than `limit`. Source: aiohttp's `async for line in
  /// response.content`.
  AsyncGenerator<std::string> lines(std::size_t limit = std::size_t{1} << 20) {
    return detail::read_lines(transfer_.get(), limit);
  }
  /// Ends the transfer now, if it still runs; whoever reads gets ConnectionError. Source: aiohttp's close.
  void close() noexcept {
    transfer_->core->abort(*transfer_,
                           detail::make_error<ConnectionError>(transfer_->method, transfer_->shown(),
                                                               "the response was closed by the program", ECONNABORTED));
  }

 private:
  detail::HttpTransferPointer transfer_;
};

}  // namespace http
}  // namespace eddy::inline EDDY_ABI
