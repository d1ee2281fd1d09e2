// How libcurl's easy handles are set up: once for all requests of a session, and for each request.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/http/options_access.hpp>
#include <eddy/http/transfer.hpp>

#include <curl/curl.h>

#include <cstddef>
#include <new>
#include <string>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

inline void check_initialised(CURLcode code) {
  if (code != CURLE_OK)
    throw RuntimeError(std::string("eddy: libcurl cannot be initialised: ") + curl_easy_strerror(code));
}
// Once in a process. Until then libcurl must not run in other threads.
inline void initialise_curl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  check_initialised(code);
}

// What the requests of a session have in common.
struct CurlSetup {
  explicit CurlSetup(const http::SessionOptions& session) { HttpOptionsAccess::fill(*this, session); }

  std::size_t limit = 0;
  std::size_t limit_per_host = 0;
  http::Version version = http::Version::automatic;
  std::string proxy;
  std::string ca_file;
  std::string certificate;
  std::string key;
  bool trust_env = false;
  bool cookies = true;
  bool compression = true;
  CurlList headers;
  CurlList resolve;
};

template <class... Value>
void set_curl_option(CURL* handle, CURLoption option, Value... value) {
  const CURLcode code = curl_easy_setopt(handle, option, value...);
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLE_OK)
    throw RuntimeError(std::string("eddy: libcurl refuses an option of the session: ") + curl_easy_strerror(code));
}

inline std::size_t curl_write(char* data, std::size_t, std::size_t size, void* easy) noexcept {
  return static_cast<HttpEasy*>(easy)->transfer->receive(data, size);
}
inline std::size_t curl_head(char* data, std::size_t, std::size_t size, void* easy) noexcept {
  return static_cast<HttpEasy*>(easy)->transfer->receive_head({data, size});
}
inline std::size_t curl_read(char* to, std::size_t unit, std::size_t room, void* easy) noexcept {
  return static_cast<HttpEasy*>(easy)->transfer->send(to, unit * room);
}
inline int curl_seek(void* easy, curl_off_t offset, int origin) noexcept {
  const bool done = origin == SEEK_SET && static_cast<HttpEasy*>(easy)->transfer->rewind(offset);
  return done ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}
inline int curl_look_up(void*, void*, void* easy) noexcept {
  static_cast<HttpEasy*>(easy)->transfer->looks_up = true;
  return 0;
}
inline int curl_begin(void* easy, char*, char*, int, int) noexcept {
  static_cast<HttpEasy*>(easy)->transfer->request_begins();
  return CURL_PREREQFUNC_OK;
}

inline void set_up_easy(HttpEasy& easy, const CurlSetup& setup, CURLSH* share) {
  CURL* const handle = easy.handle;
  const auto text = [handle](CURLoption option, const std::string& value) {
    if (!value.empty()) set_curl_option(handle, option, value.c_str());
  };
  set_curl_option(handle, CURLOPT_PRIVATE, static_cast<void*>(&easy));
  set_curl_option(handle, CURLOPT_ERRORBUFFER, easy.text);
  set_curl_option(handle, CURLOPT_SHARE, share);
  set_curl_option(handle, CURLOPT_NOSIGNAL, 1L);
  set_curl_option(handle, CURLOPT_QUICK_EXIT, 1L);  // who is cancelled does not wait for the resolver's thread
  set_curl_option(handle, CURLOPT_WRITEFUNCTION, &curl_write);
  set_curl_option(handle, CURLOPT_WRITEDATA, static_cast<void*>(&easy));
  set_curl_option(handle, CURLOPT_HEADERFUNCTION, &curl_head);
  set_curl_option(handle, CURLOPT_HEADERDATA, static_cast<void*>(&easy));
  set_curl_option(handle, CURLOPT_READFUNCTION, &curl_read);
  set_curl_option(handle, CURLOPT_READDATA, static_cast<void*>(&easy));
  set_curl_option(handle, CURLOPT_SEEKFUNCTION, &curl_seek);
  set_curl_option(handle, CURLOPT_SEEKDATA, static_cast<void*>(&easy));
  set_curl_option(handle, CURLOPT_RESOLVER_START_FUNCTION, &curl_look_up);
  set_curl_option(handle, CURLOPT_RESOLVER_START_DATA, static_cast<void*>(&easy));
  set_curl_option(handle, CURLOPT_PREREQFUNCTION, &curl_begin);
  set_curl_option(handle, CURLOPT_PREREQDATA, static_cast<void*>(&easy));
  set_curl_option(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set_curl_option(handle, CURLOPT_CONNECTTIMEOUT_MS, 2'000'000'000L);  // the transfer has a timer of its own
  set_curl_option(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set_curl_option(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set_curl_option(handle, CURLOPT_FOLLOWLOCATION, 0L);  // redirects are followed above
  set_curl_option(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  set_curl_option(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  const long version = setup.version == http::Version::http_1_1           ? CURL_HTTP_VERSION_1_1
                       : setup.version == http::Version::http_2_cleartext ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
                                                                          : CURL_HTTP_VERSION_2TLS;
  set_curl_option(handle, CURLOPT_HTTP_VERSION, version);
  if (setup.cookies) set_curl_option(handle, CURLOPT_COOKIEFILE, "");
  if (setup.compression) set_curl_option(handle, CURLOPT_ACCEPT_ENCODING, "");  // what comes is decoded
  if (!setup.trust_env || !setup.proxy.empty()) set_curl_option(handle, CURLOPT_PROXY, setup.proxy.c_str());
  if (!setup.trust_env) set_curl_option(handle, CURLOPT_NOPROXY, "");
  text(CURLOPT_CAINFO, setup.ca_file);
  if (!setup.ca_file.empty()) set_curl_option(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  text(CURLOPT_SSLCERT, setup.certificate);
  text(CURLOPT_SSLKEY, setup.key);
  if (setup.resolve) set_curl_option(handle, CURLOPT_RESOLVE, setup.resolve.get());
  set_curl_option(handle, CURLOPT_HTTPHEADER, setup.headers.get());
}

// What a transfer asks, on a handle that is set up for a plain GET.
inline void set_up_request(HttpEasy& easy, HttpTransfer& transfer, const CurlSetup& setup) {
  CURL* const handle = easy.handle;
  easy.text[0] = '\0';
  // While it may turn out to speak HTTP/2, a new connection is waited for: TLS tells it at once. Without TLS only a whole
  // response would, and a server that is slow with one request would hold back all others.
  const bool waits = setup.version == http::Version::http_2_cleartext || transfer.url.text.starts_with("https:");
  if (std::exchange(easy.waits, waits) != waits) set_curl_option(handle, CURLOPT_PIPEWAIT, waits ? 1L : 0L);
  set_curl_option(handle, CURLOPT_URL, transfer.url.text.c_str());
  if (transfer.method == "GET" && !transfer.has_list && !transfer.body && transfer.cookies.empty()) return;
  easy.plain = false;
  set_curl_option(handle, CURLOPT_HTTPHEADER, transfer.has_list ? transfer.list.get() : setup.headers.get());
  if (!transfer.cookies.empty()) set_curl_option(handle, CURLOPT_COOKIE, transfer.cookies.c_str());
  if (!transfer.body) {
    if (transfer.method == "HEAD") set_curl_option(handle, CURLOPT_NOBODY, 1L);
    if (transfer.method != "GET" && transfer.method != "HEAD")
      set_curl_option(handle, CURLOPT_CUSTOMREQUEST, transfer.method.c_str());
    if (is_sent_with_body(transfer.method)) {
      set_curl_option(handle, CURLOPT_POSTFIELDS, "");
      set_curl_option(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t{0});
    }
    return;
  }
  if (!transfer.streams && transfer.body->text.size() <= HttpTransfer::kSmallBody) {
    set_curl_option(handle, CURLOPT_POSTFIELDS, transfer.body->text.data());
    set_curl_option(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.body->text.size()));
  } else {
    set_curl_option(handle, CURLOPT_UPLOAD, 1L);
    set_curl_option(handle, CURLOPT_INFILESIZE_LARGE,
                    transfer.body_size ? static_cast<curl_off_t>(*transfer.body_size) : curl_off_t{-1});
  }
  set_curl_option(handle, CURLOPT_CUSTOMREQUEST, transfer.method.c_str());
}

// Back to a plain GET.
inline void set_down_request(HttpEasy& easy, const CurlSetup& setup) noexcept {
  if (std::exchange(easy.plain, true)) return;
  CURL* const handle = easy.handle;
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, nullptr);
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t{-1});
  curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t{-1});
  curl_easy_setopt(handle, CURLOPT_UPLOAD, 0L);
  curl_easy_setopt(handle, CURLOPT_NOBODY, 0L);
  curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, nullptr);
  curl_easy_setopt(handle, CURLOPT_COOKIE, nullptr);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, setup.headers.get());
}

}  // namespace eddy::inline EDDY_ABI::detail
