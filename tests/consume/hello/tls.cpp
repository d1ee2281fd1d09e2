// Needs the headers of OpenSSL and its library: what eddy::tls has to bring along.
//
// SPDX-License-Identifier: MIT
#include <eddy/io/tls_error.hpp>

#include <cstdio>

int main() { std::puts(eddy::TlsCertificateError("hello", X509_V_ERR_CERT_HAS_EXPIRED).what()); }
