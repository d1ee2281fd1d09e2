// expect: eddy: this is no stream to write to: .*write_eof
// needs: openssl/ssl.h
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/pipe.hpp>
#include <eddy/io/tls.hpp>

#include <utility>

eddy::Task<> wrong(eddy::PipeReader pipe, eddy::TlsContext context) {
  co_await eddy::tls_connect(std::move(pipe), context, "localhost");
}
