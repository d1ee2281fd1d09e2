// HttpPlan: a request with the session's options and its own put together, checked before anything is sent.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/http/request_options.hpp>
#include <eddy/http/session_options.hpp>
#include <eddy/http/url.hpp>

#include <curl/curl.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

struct FreeCurlList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, FreeCurlList>;

inline void append_to(CurlList& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  (void)list.release();
  list.reset(longer);
}

// What is asked, and changes with each redirect.
struct HttpPlan {
  HttpPlan() = default;
  std::string method;
  HttpUrl url;
  HttpBodyPointer body;
  std::string cookies;
  std::optional<http::Headers> headers;  // none: the session's, as they are
  bool drop_credentials = false;         // it was redirected to somebody else
  std::size_t max_redirects = 0;
  std::size_t redirects = 0;  // so far
  std::optional<std::size_t> max_body;
  http::Timeouts timeouts;
  TimePoint end = TimePoint::max();  // of all of it
  std::optional<http::Retry> retry;
  bool raise = false;
};

// A request with this method has a body, if an empty one.
inline bool is_sent_with_body(std::string_view method) noexcept {
  return method == "POST" || method == "PUT" || method == "PATCH";
}
inline bool is_credential(std::string_view name) noexcept {
  return same_without_case(name, "authorization") || same_without_case(name, "cookie") ||
         same_without_case(name, "proxy-authorization") || same_without_case(name, "host");
}

// The members of the two kinds of options.
struct HttpOptionsAccess {
  static const http::Headers& headers(const http::SessionOptions& options) noexcept { return options.headers_; }
  static const std::string& base_url(const http::SessionOptions& options) noexcept { return options.base_url_; }
  static const std::string& proxy(const http::SessionOptions& options) noexcept { return options.proxy_; }
  // `setup` is a CurlSetup, in curl_setup.hpp.
  template <class Setup>
  static void fill(Setup& setup, const http::SessionOptions& session) {
    check(session.headers_);
    setup.limit = session.limit_;
    setup.limit_per_host = std::min(session.limit_per_host_, std::size_t{1'000'000});
    setup.version = session.version_;
    setup.proxy = session.proxy_;
    setup.ca_file = session.ca_file_;
    setup.certificate = session.certificate_;
    setup.key = session.key_;
    setup.trust_env = session.trust_env_;
    setup.cookies = session.cookies_;
    setup.compression = session.compression_;
    setup.headers = list(session, session.headers_, true, false);
    for (const std::string& entry : session.resolve_) append_to(setup.resolve, entry);
    for (const std::string* text : {&setup.proxy, &setup.ca_file, &setup.certificate, &setup.key}) {
      if (text->find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
        throw std::invalid_argument("eddy: an option of an http::ClientSession has a CR, LF or NUL in it");
    }
  }

  static HttpPlan plan(const http::SessionOptions& session, std::string method, std::string url,
                       http::RequestOptions options, TimePoint present) {
    if (!is_http_token(method))
      throw std::invalid_argument(
          "eddy: the method of a request has letters, digits and some signs in it, no blanks or line ends");
    HttpPlan plan;
    add_query(url, options.query_);
    plan.url = parse_url(method, url, session.base_url_);
    plan.method = std::move(method);
    plan.body = std::move(options.body_);
    plan.cookies = std::move(options.cookies_);
    if (plan.body && plan.method == "HEAD")
      throw std::invalid_argument(
          "eddy: a HEAD has no body: its response has none either, and could not be told from it");
    const bool has_type = plan.body && !plan.body->content_type.empty();
    const bool joins_cookies = !plan.cookies.empty() && session.headers_.contains("cookie");
    if (!options.headers_.empty() || has_type || joins_cookies || !plan.url.credentials.empty()) {
      http::Headers& merged = plan.headers.emplace(session.headers_);
      for (const http::HeaderField& field : options.headers_) merged.remove(field.name);
      if (has_type && !options.headers_.contains("content-type")) merged.set("Content-Type", plan.body->content_type);
      if (!plan.url.credentials.empty() && !options.headers_.contains("authorization"))
        merged.set("Authorization", "Basic " + base64(plan.url.credentials));
      for (const http::HeaderField& field : options.headers_) merged.add(field.name, field.value);
      // libcurl sends either the field or its option.
      if (!plan.cookies.empty()) {
        std::string fields;
        for (const std::string_view field : merged.get_all("cookie")) {
          if (!field.empty()) (fields += field) += "; ";
        }
        merged.remove("cookie");
        if (!fields.empty()) merged.add("Cookie", fields + std::exchange(plan.cookies, {}));
      }
      check(merged);
    }
    plan.max_redirects = options.max_redirects_.value_or(session.max_redirects_);
    plan.max_body = options.max_body_size_ ? options.max_body_size_ : session.max_body_size_;
    plan.timeouts = options.timeouts_.value_or(session.timeouts_);
    if (options.total_) plan.timeouts.total = *options.total_;
    if (plan.timeouts.total.limited()) plan.end = saturating_add(present, plan.timeouts.total.duration());
    plan.retry = options.retry_ ? options.retry_ : session.retry_;
    plan.raise = options.raise_for_status_.value_or(session.raise_for_status_);
    return plan;
  }

  // What the library makes itself, and must not be contradicted: whoever could set it could hide a second request in
  // the first.
  static void check(const http::Headers& headers) {
    if (headers.contains("content-length") || headers.contains("transfer-encoding"))
      throw std::invalid_argument(
          "eddy: Content-Length and Transfer-Encoding follow from the body: give body_stream its size instead");
  }

  // For libcurl. With `credentials` false, what is for one host only is left out.
  static CurlList list(const http::SessionOptions& session, const http::Headers& headers, bool credentials, bool body) {
    CurlList list;
    // libcurl knows them as options, too, and makes them anew for each request, a character at a time.
    if (!session.user_agent_.empty() && !headers.contains("user-agent"))
      append_to(list, "User-Agent: " + session.user_agent_);
    if (session.compression_ && !headers.contains("accept-encoding"))
      append_to(list, "Accept-Encoding: " + encodings());
    for (const http::HeaderField& field : headers) {
      if (!credentials && is_credential(field.name)) continue;
      std::string line(field.name);
      line += field.value.empty() ? ":" : ": ";
      line += field.value;
      append_to(list, line);
    }
    // libcurl would wait for a second to be told to go on; and it would name a type.
    if (body) append_to(list, "Expect:");
    if (body && !headers.contains("content-type")) append_to(list, "Content-Type:");
    return list;
  }

 private:
  // What this libcurl decodes.
  static std::string encodings() {
    const int features = curl_version_info(CURLVERSION_NOW)->features;
    std::string names = (features & CURL_VERSION_LIBZ) != 0 ? "deflate, gzip" : "identity";
    if ((features & CURL_VERSION_BROTLI) != 0) names += ", br";
    if ((features & CURL_VERSION_ZSTD) != 0) names += ", zstd";
    return names;
  }
};

}  // namespace eddy::inline EDDY_ABI::detail
