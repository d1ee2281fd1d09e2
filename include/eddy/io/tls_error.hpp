// The errors of TLS, with what OpenSSL says of them.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdexcept>
#include <string>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// TLS failed: the other end speaks something else, has refused the connection, or the bytes were tampered with. The stream is
/// of no more use: close it, and do not go on without TLS. Source: ssl.SSLError.
class TlsError : public std::runtime_error {
 public:
  /// `reason` is OpenSSL's, such as "wrong version number" or "tlsv1 alert unknown ca".
  TlsError(const std::string& what, std::string reason)
      : std::runtime_error("eddy: " + what + ": " + reason), reason_(std::move(reason)) {}
  /// OpenSSL's words.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  std::string reason_;
};

/// The other end's certificate is not to be trusted: expired, for another host, or by an issuer that is not known. The other
/// end was told, and nothing was sent to it. An authority of your own is trusted by TlsContext::client_trusting. Source:
/// ssl.SSLCertVerificationError.
class TlsCertificateError : public TlsError {
 public:
  /// `code` is one of OpenSSL's X509_V_ERR_ numbers.
  TlsCertificateError(const std::string& what, int code) : TlsError(what, X509_verify_cert_error_string(code)), code_(code) {}
  /// Which of OpenSSL's X509_V_ERR_ numbers it is; `reason()` has the words, such as "certificate has expired".
  [[nodiscard]] int verify_code() const noexcept { return code_; }

 private:
  int code_;
};

/// The connection ended, and the other end has not said so in TLS (close_notify): somebody may have cut it, so what came is not
/// known to be everything: take it only where its own length or end says that it is whole. Source: ssl.SSLEOFError.
class TlsTruncatedError : public TlsError {
 public:
  using TlsError::TlsError;
};

namespace detail {

// The oldest error of this thread's queue in words, and empties the queue.
inline std::string take_tls_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  if (const char* text = ERR_reason_error_string(code)) return text;
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}
[[noreturn]] EDDY_COLD inline void throw_tls_error(const char* what) { throw TlsError(what, take_tls_reason()); }

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
