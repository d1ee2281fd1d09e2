// SessionOptions: what the requests of a ClientSession have in common.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/http/headers.hpp>
#include <eddy/http/text.hpp>
#include <eddy/http/timeouts.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {
namespace http {

/// Which versions of HTTP are spoken.
enum class Version : unsigned char {
  automatic,        ///< HTTP/2 where https agrees on it, else HTTP/1.1
  http_1_1,         ///< HTTP/1.1 only
  http_2_cleartext  ///< HTTP/2 also without TLS, without asking first; the server must know it
};

/// What the requests of a session have in common. Each function changes it and gives it back, so they can be chained:
///
///     http::SessionOptions().limit_per_host(8).timeout(30s).header("Accept", "application/json")
///
/// Errors: std::invalid_argument for what HTTP does not allow.
class SessionOptions {
 public:
  SessionOptions() = default;

  /// Sets how many requests are under way at once, to all hosts; the others wait their turn. At first 100; zero: no limit.
  /// Over HTTP/1.1 that is the number of connections. Source: aiohttp's TCPConnector(limit=100).
  SessionOptions& limit(std::size_t count) {
    limit_ = count;
    return *this;
  }
  /// Sets how many connections there are to one host (scheme, name and port). At first zero: no limit. Over HTTP/2
  /// there are up to 100 requests on each of them at once. Source: aiohttp's TCPConnector(limit_per_host=0).
  SessionOptions& limit_per_host(std::size_t count) {
    limit_per_host_ = count;
    return *this;
  }
  /// Sets all timeouts.
  SessionOptions& timeouts(const Timeouts& limits) {
    timeouts_ = limits;
    return *this;
  }
  /// Sets how long a request may take in all; the other timeouts stay. `std::nullopt` for no limit.
  SessionOptions& timeout(TimeLimit total) {
    timeouts_.total = total;
    return *this;
  }
  /// Sets a header field of every request. Authorization and Cookie are not sent to another host after a redirect.
  SessionOptions& header(std::string_view name, std::string_view value) {
    headers_.set(name, value);
    return *this;
  }
  /// Sets what relative URLs are relative to. Source: aiohttp's base_url.
  SessionOptions& base_url(std::string url) {
    base_url_ = std::move(url);
    return *this;
  }
  /// Sets a proxy: "http://host:port", "socks5h://host:port", also with "user:password@". At first none: what the
  /// environment says (https_proxy, no_proxy and the like) counts only after `trust_env`. Another scheme is an InvalidUrl
  /// of the session.
  SessionOptions& proxy(std::string url) {
    proxy_ = std::move(url);
    return *this;
  }
  /// Sets whether the environment may name a proxy, and what is to be asked without one. Source: aiohttp's trust_env.
  SessionOptions& trust_env(bool on = true) {
    trust_env_ = on;
    return *this;
  }
  /// Trusts the authorities in this file (PEM) instead of the system's.
  SessionOptions& ca_file(std::string path) {
    ca_file_ = std::move(path);
    return *this;
  }
  /// Shows this certificate, with its key, to servers that ask for one; both files are PEM.
  SessionOptions& client_certificate(std::string certificate_path, std::string key_path) {
    certificate_ = std::move(certificate_path);
    key_ = std::move(key_path);
    return *this;
  }
  /// Sets the versions of HTTP.
  SessionOptions& version(Version which) {
    version_ = which;
    return *this;
  }
  /// Sets how many redirects are followed. At first 10; zero: none, and the response that redirects is what a request
  /// gives.
  SessionOptions& max_redirects(std::size_t count) {
    max_redirects_ = count;
    return *this;
  }
  /// Sets the field User-Agent. Empty: none is sent.
  SessionOptions& user_agent(std::string_view text) {
    if (!text.empty()) Headers().add("User-Agent", text);  // throws if it cannot be sent
    user_agent_ = text;
    return *this;
  }
  /// Sets whether cookies that servers set are kept and sent back to them. At first true, as long as the session lives.
  SessionOptions& cookies(bool on) {
    cookies_ = on;
    return *this;
  }
  /// Sets whether servers may compress bodies, which are decoded as they come. At first true.
  SessionOptions& compression(bool on) {
    compression_ = on;
    return *this;
  }
  /// Sets how long a body may be, decoded. At first `text()` and `bytes()` take 256 MiB, and the generators any length;
  /// a limit that is set counts for all of them.
  SessionOptions& max_body_size(std::size_t bytes) {
    max_body_size_ = bytes;
    return *this;
  }
  /// Sets whether, and how, requests are made again. At first they are not.
  SessionOptions& retry(const Retry& policy) {
    retry_ = policy;
    return *this;
  }
  /// Sets whether requests throw StatusError for a status of 400 and more, with what comes of the body within a second.
  /// Source: aiohttp's raise_for_status.
  SessionOptions& raise_for_status(bool on = true) {
    raise_for_status_ = on;
    return *this;
  }
  /// Says at which address a host's port is to be found, in the place of DNS. Errors: std::invalid_argument unless
  /// `address` is one of IPv4 or IPv6. Source: curl --resolve.
  SessionOptions& resolve(const std::string& host, std::uint16_t port, const std::string& address) {
    if (host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") !=
            std::string::npos ||
        host.empty() || host.starts_with('-') || !detail::is_ip_address(address))
      throw std::invalid_argument("eddy: resolve takes a host's name, a port and an address in numbers");
    resolve_.push_back(host + ":" + std::to_string(port) + ":" + address);
    return *this;
  }

 private:
  friend struct detail::HttpOptionsAccess;
  std::size_t limit_ = 100;
  std::size_t limit_per_host_ = 0;
  Timeouts timeouts_;
  Headers headers_;
  std::string base_url_;
  std::string proxy_;
  std::string ca_file_;
  std::string certificate_;
  std::string key_;
  std::string user_agent_ = "eddy";
  std::vector<std::string> resolve_;
  std::optional<std::size_t> max_body_size_;
  std::optional<Retry> retry_;
  std::size_t max_redirects_ = 10;
  Version version_ = Version::automatic;
  bool trust_env_ = false;
  bool cookies_ = true;
  bool compression_ = true;
  bool raise_for_status_ = false;
};

}  // namespace http
}  // namespace eddy::inline EDDY_ABI
