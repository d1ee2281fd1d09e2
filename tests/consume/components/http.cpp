// All headers of the component http, and a session that refuses a request.
//
// SPDX-License-Identifier: MIT
#include <eddy/http.hpp>
#include <eddy/task/run.hpp>

#include <cstdio>

namespace {

eddy::Task<> ask() {
  eddy::http::ClientSession session;
  try {
    auto response = co_await session.get("no URL");
    std::printf("status %d\n", response.status());
  } catch (const eddy::http::InvalidUrl&) {
    std::puts("refused: an invalid URL");
  }
}

}  // namespace

int main() { eddy::run(ask()); }
