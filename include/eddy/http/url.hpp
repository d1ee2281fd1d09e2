// HttpUrl: an absolute http or https URL, taken apart as far as it is needed.
//
// libcurl's own parser decides, so that what is checked here is what is asked later. Only URLs in which nothing can be
// read in two ways are taken as they are.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/http/error.hpp>
#include <eddy/http/text.hpp>

#include <curl/curl.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

struct HttpUrl {
  std::string text;         // without credentials and fragment
  std::string origin;       // scheme, host and port
  std::string credentials;  // of the URL itself, "user:password", decoded; empty if there are none
};

// A URL as errors may show it: without credentials, query and fragment, and in one line.
inline std::string shown_url(std::string_view url) {
  // Without slashes there is no scheme: "user:password@host".
  const std::size_t delimiter = url.find_first_of(":/\\?#");
  const bool has_scheme = delimiter != std::string_view::npos && url[delimiter] == ':';
  std::size_t begin = has_scheme ? delimiter + 1 : 0;
  const std::size_t slashes = std::min(url.find_first_not_of("/\\", begin), url.size()) - begin;
  begin = slashes > (has_scheme ? 0 : 1) ? begin + slashes : 0;
  const std::string_view authority = url.substr(begin, url.find_first_of("/\\?#", begin) - begin);
  std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    at += begin + 1;
  } else {
    // "user:pass/word@host" is no URL, but somebody may have meant it.
    const std::size_t colon = authority.starts_with('[') ? std::string_view::npos : authority.find(':');
    const bool is_port = colon == std::string_view::npos ||
                         authority.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
    at = is_port ? begin : std::max(begin, url.rfind('@') + 1);
  }
  const std::string_view rest = url.substr(at);
  std::string text(url.substr(0, begin));
  text += rest.substr(0, rest.find_first_of("?#"));
  if (text.size() > 300) text.replace(300, std::string::npos, "…");
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return text;
}

// A URL in which nothing can be read in two ways. False if it has to be looked at closely.
inline bool parse_plain_url(std::string_view url, HttpUrl& parsed) {
  const std::size_t begin = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : 0;
  std::size_t at = begin;
  const auto is_plain = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); };
  while (at < url.size() && (is_plain(url[at]) || url[at] == '-' || url[at] == '.')) ++at;
  if (begin == 0 || at == begin) return false;
  const bool has_port = at < url.size() && url[at] == ':';
  std::size_t end = at;
  if (has_port) {
    ++end;
    std::size_t port = 0;
    for (; end < url.size() && url[end] >= '0' && url[end] <= '9' && port <= 0xffff; ++end)
      port = 10 * port + static_cast<std::size_t>(url[end] - '0');
    if (port == 0 || port > 0xffff || url[at + 1] == '0') return false;
  }
  if (end == url.size() || url[end] != '/') return false;
  for (std::size_t i = end; i < url.size(); ++i) {
    const char c = url[i];
    if (!is_plain(lower_of(c)) &&
        (c == '\0' || std::string_view("/-_~?&=%+,;:@!$'()*.").find(c) == std::string_view::npos))
      return false;
    if (c == '.' && url[i - 1] == '/') return false;  // it may have to be resolved
  }
  parsed.text = url;
  parsed.origin = url.substr(0, end);
  if (!has_port) parsed.origin += begin == 7 ? ":80" : ":443";
  return true;
}

struct FreeCurlUrl {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
struct FreeCurlText {
  void operator()(char* text) const noexcept { curl_free(text); }
};

// A part of a URL; empty if it has none, or none that can be decoded.
inline std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  const CURLUcode code = curl_url_get(url, part, &text, flags);
  if (code == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLUE_OK) return {};
  const std::unique_ptr<char, FreeCurlText> owner(text);
  return text;
}

// `url`, which may be relative to `base` if that is not empty. Errors: InvalidUrl.
inline HttpUrl parse_url(const std::string& method, std::string_view url, std::string_view base) {
  HttpUrl parsed;
  if (parse_plain_url(url, parsed)) return parsed;
  const auto refuse = [&](std::string_view why) {
    throw http::InvalidUrl(method, shown_url(url), "this is no URL to be asked: " + std::string(why));
  };
  if (url.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    refuse("it has a CR, LF or NUL in it");
  const std::unique_ptr<CURLU, FreeCurlUrl> handle(curl_url());
  if (!handle) throw std::bad_alloc();
  CURLUcode code = base.empty() ? CURLUE_OK : curl_url_set(handle.get(), CURLUPART_URL, std::string(base).c_str(), 0);
  if (code == CURLUE_OK)
    code =
        curl_url_set(handle.get(), CURLUPART_URL, std::string(url).c_str(), CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME);
  if (code == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLUE_OK) refuse(curl_url_strerror(code));
  const std::string scheme = part_of(handle.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") refuse("only http and https are spoken");
  const std::string host = part_of(handle.get(), CURLUPART_HOST);  // libcurl takes no URL of http without one
  const std::string user = part_of(handle.get(), CURLUPART_USER, CURLU_URLDECODE);
  const std::string password = part_of(handle.get(), CURLUPART_PASSWORD, CURLU_URLDECODE);
  if (user.empty() != part_of(handle.get(), CURLUPART_USER).empty() ||
      password.empty() != part_of(handle.get(), CURLUPART_PASSWORD).empty())
    refuse("its credentials have control characters in them");
  if (!user.empty() || !password.empty()) parsed.credentials = user + ":" + password;
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_FRAGMENT})
    curl_url_set(handle.get(), part, nullptr, 0);
  parsed.text = part_of(handle.get(), CURLUPART_URL);
  parsed.origin = scheme + "://";
  for (const char c : host) parsed.origin += lower_of(c);
  parsed.origin += ":" + part_of(handle.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  return parsed;
}

// Errors: InvalidUrl.
inline void check_proxy(const std::string& proxy) {
  const auto refuse = [&](std::string_view why) {
    throw http::InvalidUrl("CONNECT", shown_url(proxy), "this is no proxy: " + std::string(why));
  };
  if (proxy.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) refuse("it has a CR, LF or NUL in it");
  const std::unique_ptr<CURLU, FreeCurlUrl> handle(curl_url());
  if (!handle) throw std::bad_alloc();
  const CURLUcode code =
      curl_url_set(handle.get(), CURLUPART_URL, proxy.c_str(), CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME);
  if (code == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLUE_OK) refuse(curl_url_strerror(code));
  const std::string scheme = part_of(handle.get(), CURLUPART_SCHEME);
  const std::string_view known[] = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
  if (std::find(std::begin(known), std::end(known), scheme) == std::end(known))
    refuse("its scheme is none of http, https, socks4, socks4a, socks5 and socks5h");
}

// Puts parameters into the query of a URL, before its fragment.
inline void add_query(std::string& url, std::string_view parameters) {
  if (parameters.empty()) return;
  std::size_t end = url.find('#');
  if (end == std::string::npos) end = url.size();
  const std::size_t query = url.find('?');
  std::string text(1, query < end ? '&' : '?');
  if (query < end && (query + 1 == end || url[end - 1] == '&')) text.clear();
  text += parameters;
  url.insert(end, text);
}

}  // namespace eddy::inline EDDY_ABI::detail
