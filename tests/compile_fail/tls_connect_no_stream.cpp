// expect: eddy: this is no stream to read from: .*read_some
// needs: openssl/ssl.h
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/tls.hpp>

eddy::Task<> wrong(eddy::TlsContext context) { co_await eddy::tls_connect(5, context, "localhost"); }
