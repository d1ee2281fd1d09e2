// The errors of TLS: what they carry, and what they say.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include <eddy/io/tls_error.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string>
#include <type_traits>

TEST_CASE("TlsError has OpenSSL's reason", "[tls]") {
  const eddy::TlsError error("the handshake failed", "wrong version number");
  CHECK(error.reason() == "wrong version number");
  CHECK(std::string(error.what()) == "eddy: the handshake failed: wrong version number");
}

TEST_CASE("TlsCertificateError has the number and its words", "[tls]") {
  const eddy::TlsCertificateError error("the handshake failed", X509_V_ERR_CERT_HAS_EXPIRED);
  CHECK(error.verify_code() == X509_V_ERR_CERT_HAS_EXPIRED);
  CHECK(error.reason() == "certificate has expired");
  STATIC_REQUIRE(std::is_base_of_v<eddy::TlsError, eddy::TlsCertificateError>);
  STATIC_REQUIRE(std::is_base_of_v<eddy::TlsError, eddy::TlsTruncatedError>);
}

TEST_CASE("the reason is the oldest error of OpenSSL's queue, which is empty then", "[tls]") {
  OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, nullptr);  // for the words
  ERR_clear_error();
  CHECK(eddy::detail::take_tls_reason() == "no reason given");
  ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
  ERR_raise(ERR_LIB_SSL, SSL_R_HTTP_REQUEST);
  CHECK(eddy::detail::take_tls_reason() == "wrong version number");
  CHECK(ERR_peek_error() == 0);
  ERR_raise(ERR_LIB_USER, 77);
  CHECK(eddy::detail::take_tls_reason().find("reason(77)") != std::string::npos);
  CHECK_THROWS_AS(eddy::detail::throw_tls_error("text"), eddy::TlsError);
}
