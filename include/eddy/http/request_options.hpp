// RequestOptions: what a request has beside its method and its URL.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/flow/async_generator.hpp>
#include <eddy/http/body.hpp>
#include <eddy/http/form.hpp>
#include <eddy/http/headers.hpp>
#include <eddy/http/text.hpp>
#include <eddy/http/timeouts.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace eddy::inline EDDY_ABI {
namespace http {

/// What a request has beside its method and its URL. Each function changes it and gives it back, so they can be chained:
///
///     http::RequestOptions().query("page", "2").header("Accept", "application/json").timeout(5s)
///
/// Copies share the body, which is not copied. What is not said here is as the session's options say. Errors:
/// std::invalid_argument for names and values that HTTP does not allow, CR, LF and NUL among them.
class RequestOptions {
 public:
  RequestOptions() = default;

  /// Adds a parameter to the URL's query; name and value are percent-encoded. Source: aiohttp's params.
  RequestOptions& query(std::string_view name, std::string_view value) {
    detail::append_parameter(query_, name, value);
    return *this;
  }
  /// Sets a header field, in the place of the session's of this name. An empty value takes out what the session, or
  /// libcurl, would send.
  RequestOptions& header(std::string_view name, std::string_view value) {
    headers_.set(name, value);
    return *this;
  }
  /// Adds a header field, also if there is one of this name. One with an empty value is not sent.
  RequestOptions& add_header(std::string_view name, std::string_view value) {
    headers_.add(name, value);
    return *this;
  }
  /// Sends a cookie, beside those that servers have set and those of a field Cookie. Not to another host after a
  /// redirect.
  RequestOptions& cookie(std::string_view name, std::string_view value) {
    detail::append_cookie(cookies_, name, value);
    return *this;
  }
  /// Sends a user's name and password (Basic). Not to another host after a redirect. Source: aiohttp.BasicAuth.
  RequestOptions& basic_auth(std::string_view user, std::string_view password) {
    return header("Authorization", detail::basic_credentials(user, password));
  }
  /// Sends a token (Bearer). Not to another host after a redirect.
  RequestOptions& bearer_auth(std::string_view token) {
    return header("Authorization", "Bearer " + std::string(token));
  }

  /// Sends these bytes. Source: aiohttp's data.
  RequestOptions& body(std::string data, std::string_view content_type = "application/octet-stream") {
    return set_body(detail::HttpBody::Kind::text, std::move(data), content_type);
  }
  /// Sends text that is JSON already, with its content type. Source: aiohttp's json, which makes it from objects.
  RequestOptions& json(std::string text) { return body(std::move(text), "application/json"); }
  /// Sends a file, which is read meanwhile. It is opened when the request is made. Errors: of the request:
  /// std::system_error.
  RequestOptions& body_file(std::string path, std::string_view content_type = "application/octet-stream") {
    detail::check_body_path(path);
    return set_body(detail::HttpBody::Kind::file, std::move(path), content_type);
  }
  /// Sends what a generator yields, each item when there is room for it; with its size known by Content-Length, else in
  /// chunks. It runs in the task of the request, and can be sent once: neither again by a retry, nor by a redirect that
  /// keeps the method. The response is given when all is sent, or at once if its status is 300 or more: nothing more is
  /// sent then. Errors: of the request: what the generator throws; std::length_error if it is longer or shorter than
  /// `size`; InvalidStateError if it was sent before.
  RequestOptions& body_stream(AsyncGenerator<std::string> source, std::optional<std::uint64_t> size = std::nullopt,
                              std::string_view content_type = "application/octet-stream") {
    set_body(detail::HttpBody::Kind::generator, {}, content_type);
    body_->generator = std::move(source);
    body_->size = size;
    return *this;
  }
  /// Adds a field of a form, sent as application/x-www-form-urlencoded. Takes the place of every other body.
  RequestOptions& form(std::string_view name, std::string_view value) {
    constexpr std::string_view kType = "application/x-www-form-urlencoded";
    std::string text = body_ && body_->content_type == kType ? body_->text : std::string();
    detail::append_parameter(text, name, value);
    return set_body(detail::HttpBody::Kind::text, std::move(text), kType);
  }
  /// Sends a form with files, as multipart/form-data.
  RequestOptions& multipart(FormData data) {
    set_body(detail::HttpBody::Kind::form, {}, "multipart/form-data; boundary=" + detail::make_boundary());
    body_->form = std::move(data);
    return *this;
  }

  /// Sets all timeouts; those that are not named are as Timeouts says, not as the session does.
  RequestOptions& timeouts(const Timeouts& limits) {
    timeouts_ = limits;
    total_.reset();
    return *this;
  }
  /// Sets how long all of it may take; the other timeouts are the session's. `std::nullopt` for no limit.
  RequestOptions& timeout(TimeLimit total) {
    total_ = total;
    return *this;
  }
  /// Sets whether, and how, the request is made again.
  RequestOptions& retry(const Retry& policy) {
    retry_ = policy;
    return *this;
  }
  /// Sets how many redirects are followed; zero: none, and the response that redirects is what the request gives.
  RequestOptions& max_redirects(std::size_t count) {
    max_redirects_ = count;
    return *this;
  }
  /// Sets how long the body may be, decoded; see SessionOptions::max_body_size.
  RequestOptions& max_body_size(std::size_t bytes) {
    max_body_size_ = bytes;
    return *this;
  }
  /// Sets whether the request throws StatusError for a status of 400 and more, with what comes of the body within a
  /// second.
  RequestOptions& raise_for_status(bool on = true) {
    raise_for_status_ = on;
    return *this;
  }

 private:
  friend struct detail::HttpOptionsAccess;
  RequestOptions& set_body(detail::HttpBody::Kind kind, std::string text, std::string_view content_type) {
    auto made = std::make_shared<detail::HttpBody>();
    made->kind = kind;
    made->text = std::move(text);
    made->content_type = content_type;
    if (!content_type.empty()) Headers().add("Content-Type", content_type);  // throws if it cannot be sent
    body_ = std::move(made);
    return *this;
  }

  std::string query_;
  std::string cookies_;
  Headers headers_;
  detail::HttpBodyPointer body_;
  std::optional<Timeouts> timeouts_;
  std::optional<TimeLimit> total_;
  std::optional<Retry> retry_;
  std::optional<std::size_t> max_redirects_;
  std::optional<std::size_t> max_body_size_;
  std::optional<bool> raise_for_status_;
};

}  // namespace http
}  // namespace eddy::inline EDDY_ABI
