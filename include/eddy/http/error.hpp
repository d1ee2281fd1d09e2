// The errors of HTTP requests. Each says what was asked, without what must not be logged.
//
// A text has the method and the URL in it; credentials, the query and the fragment are left out of that URL, since they
// often are secrets, and logs are read by many.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/time.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace eddy::inline EDDY_ABI {
namespace http {

/// What all errors of HTTP requests have in common, to catch them together: `catch (const http::ClientError& error)`. Each
/// of them is a std::exception, too. Source: aiohttp.ClientError.
class ClientError {
 public:
  ClientError(const ClientError&) = default;
  ClientError& operator=(const ClientError&) = default;
  virtual ~ClientError() = default;
  /// The method of the request, such as "GET".
  [[nodiscard]] const std::string& method() const noexcept { return method_; }
  /// The URL of the request that failed, the last one where there were redirects; without credentials, query and fragment.
  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  /// The whole sentence.
  [[nodiscard]] virtual const char* what() const noexcept = 0;

 protected:
  ClientError(std::string method, std::string url) : method_(std::move(method)), url_(std::move(url)) {}
  static std::string sentence(const std::string& method, const std::string& url, const std::string& what) {
    return "eddy: " + method + " " + url + ": " + what;
  }

 private:
  std::string method_;
  std::string url_;
};

/// The server could not be reached, or the connection ended before the response was complete. The code is the system's where it
/// said one, such as ECONNREFUSED; ECONNRESET where the other end just closed. It may pass: try again if the request may be
/// repeated, by `retry` of the session's options. Source: aiohttp.ClientConnectionError.
class ConnectionError : public std::system_error, public ClientError {
 public:
  ConnectionError(const std::string& method, const std::string& url, const std::string& what, int error)
      : std::system_error(error, std::generic_category(), sentence(method, url, what)), ClientError(method, url) {}
  [[nodiscard]] const char* what() const noexcept override { return std::system_error::what(); }
};

/// The host's name, or that of the proxy, has no address, or nobody could say: look at the name, or try again later. Its code
/// is EHOSTUNREACH. Source: aiohttp.ClientConnectorDNSError.
class ResolveError : public ConnectionError {
 public:
  using ConnectionError::ConnectionError;
};

/// What took too long.
enum class TimeoutPhase : unsigned char {
  connect,     ///< finding the address, connecting, and TLS
  first_byte,  ///< waiting for the response, once the request was sent
  idle,        ///< nothing came and nothing went
  total,       ///< all of it, the wait for a connection, redirects and retries included
};

/// One of the timeouts of the session or of the request has passed; the transfer was ended. `phase` says which, and the text
/// what the request was at: waiting for its turn, finding the host's address, connecting, and so on. Try again, or allow more.
/// Source: aiohttp.ServerTimeoutError.
class TimeoutError : public eddy::TimeoutError, public ClientError {
 public:
  TimeoutError(const std::string& method, const std::string& url, const std::string& what, TimeoutPhase phase)
      : eddy::TimeoutError(sentence(method, url, what)), ClientError(method, url), phase_(phase) {}
  /// Which of them.
  [[nodiscard]] TimeoutPhase phase() const noexcept { return phase_; }
  [[nodiscard]] const char* what() const noexcept override { return eddy::TimeoutError::what(); }

 private:
  TimeoutPhase phase_;
};

/// TLS failed, or the server's certificate is not to be trusted: expired, for another host, by an unknown issuer. Nothing was
/// sent; do not go on without TLS. An authority of your own is named by `ca_file`. Source: aiohttp.ClientSSLError.
class TlsError : public std::runtime_error, public ClientError {
 public:
  TlsError(const std::string& method, const std::string& url, const std::string& what)
      : std::runtime_error(sentence(method, url, what)), ClientError(method, url) {}
  [[nodiscard]] const char* what() const noexcept override { return std::runtime_error::what(); }
};

/// What the server sent is not HTTP, or cannot be decoded: it is the server that has to be mended, or the URL. Source:
/// aiohttp.ClientPayloadError.
class ProtocolError : public std::runtime_error, public ClientError {
 public:
  ProtocolError(const std::string& method, const std::string& url, const std::string& what)
      : std::runtime_error(sentence(method, url, what)), ClientError(method, url) {}
  [[nodiscard]] const char* what() const noexcept override { return std::runtime_error::what(); }
};

/// The server went on redirecting, mostly in a circle; `max_redirects` allows more, or none. Source: aiohttp.TooManyRedirects.
class TooManyRedirects : public std::runtime_error, public ClientError {
 public:
  TooManyRedirects(const std::string& method, const std::string& url, std::size_t limit)
      : std::runtime_error(sentence(method, url, "redirected more than " + std::to_string(limit) + " times")),
        ClientError(method, url) {}
  [[nodiscard]] const char* what() const noexcept override { return std::runtime_error::what(); }
};

/// The URL is none, or is neither http nor https, and nothing was sent; also of a redirect. The text says what is wrong with
/// it. Source: aiohttp.InvalidURL.
class InvalidUrl : public std::invalid_argument, public ClientError {
 public:
  InvalidUrl(const std::string& method, const std::string& url, const std::string& what)
      : std::invalid_argument(sentence(method, url, what)), ClientError(method, url) {}
  [[nodiscard]] const char* what() const noexcept override { return std::invalid_argument::what(); }
};

/// `raise_for_status`: the server answered with 400 or more. `status` and the beginning of the body say what it did not like;
/// without `raise_for_status` the response is given. Source: aiohttp.ClientResponseError.
class StatusError : public std::runtime_error, public ClientError {
 public:
  /// `body` is the beginning of the response's.
  StatusError(const std::string& method, const std::string& url, int status, const std::string& reason,
              std::string body)
      : std::runtime_error(sentence(method, url, text(status, reason, body))),
        ClientError(method, url),
        status_(status),
        body_(std::move(body)) {}
  /// The response's status.
  [[nodiscard]] int status() const noexcept { return status_; }
  /// The beginning of the response's body, at most 1,000 bytes, as far as it had come.
  [[nodiscard]] const std::string& body() const noexcept { return body_; }
  [[nodiscard]] const char* what() const noexcept override { return std::runtime_error::what(); }

 private:
  // Only what can be shown in a line.
  static std::string text(int status, const std::string& reason, const std::string& body) {
    std::string line = "status " + std::to_string(status);
    if (!reason.empty()) line += " " + reason;
    if (!body.empty()) line += ": " + body;
    if (line.size() > 300) line.resize(300);
    for (char& c : line) {
      if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
    }
    return line;
  }

  int status_;
  std::string body_;
};

/// The body is longer than `max_body_size` allows, 256 MiB for `text` and `bytes` if nothing was set; the transfer was ended.
/// Read it in `chunks`, or allow more.
class BodyTooLarge : public std::length_error, public ClientError {
 public:
  BodyTooLarge(const std::string& method, const std::string& url, std::size_t limit)
      : std::length_error(sentence(
            method, url,
            "the body is longer than " + std::to_string(limit) + " bytes: read it in chunks(), or set max_body_size")),
        ClientError(method, url),
        limit_(limit) {}
  /// How many bytes were allowed.
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  [[nodiscard]] const char* what() const noexcept override { return std::length_error::what(); }

 private:
  std::size_t limit_;
};

/// The session was closed: before the request, or while it ran. Keep it open for as long as there are requests. Source:
/// aiohttp's RuntimeError "Session is closed".
class SessionClosed : public RuntimeError {
 public:
  SessionClosed() : RuntimeError("eddy: this http::ClientSession was closed") {}
};

}  // namespace http
}  // namespace eddy::inline EDDY_ABI
