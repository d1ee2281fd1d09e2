// expect: eddy: this is no stream to read from: .*read_some
// needs: openssl/ssl.h
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/pipe.hpp>
#include <eddy/io/tls.hpp>

#include <utility>

eddy::Task<> wrong(eddy::PipeWriter pipe, eddy::TlsContext context) {
  co_await eddy::tls_accept(std::move(pipe), context);
}
