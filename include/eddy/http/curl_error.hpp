// What libcurl's numbers mean, as exceptions.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/http/error.hpp>

#include <curl/curl.h>

#include <cerrno>
#include <exception>
#include <new>
#include <string>
#include <system_error>

namespace eddy::inline EDDY_ABI::detail {

// Of a transfer that ended with `code`. `text` is libcurl's own, if it has one; `error` is the system's number or zero.
inline std::exception_ptr error_of_curl(CURLcode code, const std::string& method, const std::string& url,
                                        std::string text, int error) {
  if (text.empty()) text = curl_easy_strerror(code);
  if (text.starts_with("Unsupported proxy"))  // libcurl goes on with its URL, credentials included
    text = "the URL of the proxy, which the environment names, cannot be used";
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  const auto connection = [&](int number) {
    return std::make_exception_ptr(http::ConnectionError(method, url, text, number));
  };
  // libcurl's number may be that of an earlier transfer. It counts if the text says the same.
  const bool is_told = error != 0 && text.find(std::generic_category().message(error)) != std::string::npos;
  // What TLS or HTTP/2 could not go on with was an end of the connection, if the text says so.
  const auto ended = [&] {
    for (const char* const end : {"SSL_ERROR_SYSCALL", "Connection reset", "unexpected eof", "getpeername",
                                  "Send failure", "Recv failure", "end of the underlying stream"}) {
      if (text.find(end) != std::string::npos) return true;
    }
    return false;
  };
  switch (code) {
    case CURLE_OUT_OF_MEMORY:
      return std::make_exception_ptr(std::bad_alloc());
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return std::make_exception_ptr(http::ResolveError(method, url, text, EHOSTUNREACH));
    case CURLE_COULDNT_CONNECT:
      return connection(error != 0 ? error : ECONNREFUSED);
    case CURLE_OPERATION_TIMEDOUT:
      return std::make_exception_ptr(http::TimeoutError(method, url, text, http::TimeoutPhase::connect));
    case CURLE_URL_MALFORMAT:
      return std::make_exception_ptr(http::InvalidUrl(method, url, text));
    case CURLE_SSL_CONNECT_ERROR:
      return ended() ? connection(ECONNRESET) : std::make_exception_ptr(http::TlsError(method, url, text));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
      return std::make_exception_ptr(http::TlsError(method, url, text));
    case CURLE_UNSUPPORTED_PROTOCOL:  // the response's: URLs were looked at before
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_RANGE_ERROR:
    case CURLE_TOO_MANY_REDIRECTS:
      return std::make_exception_ptr(http::ProtocolError(method, url, text));
    case CURLE_HTTP2:
      return ended() ? connection(ECONNRESET) : std::make_exception_ptr(http::ProtocolError(method, url, text));
    case CURLE_RECV_ERROR:
      if (text.find("chunked-encoding") == std::string::npos) return connection(is_told ? error : ECONNRESET);
      return std::make_exception_ptr(http::ProtocolError(method, url, text));  // it has no number of its own
    case CURLE_SEND_ERROR:
      return connection(is_told ? error : ECONNRESET);
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2_STREAM:  // the server has given up the stream
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_FAIL_REWIND:
      return connection(ECONNRESET);
    default:
      return connection(is_told ? error : EIO);
  }
}

}  // namespace eddy::inline EDDY_ABI::detail
