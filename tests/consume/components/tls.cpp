// All headers of the component tls, and a handshake with somebody who is gone.
//
// SPDX-License-Identifier: MIT
#include <eddy/io/memory_stream.hpp>
#include <eddy/io/tls.hpp>
#include <eddy/task/run.hpp>

#include <cstdio>
#include <system_error>
#include <utility>

namespace {

eddy::Task<> greet() {
  auto [stream, other] = eddy::open_memory_stream_pair();
  other.close();
  try {
    auto encrypted = co_await eddy::tls_connect(std::move(stream), eddy::TlsContext::client(), "example.org");
    co_await encrypted.write("hello");
  } catch (const std::system_error&) {
    std::puts("refused: nobody is there");
  }
}

}  // namespace

int main() { eddy::run(greet()); }
