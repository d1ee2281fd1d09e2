// Coroutines and plain functions.
//
// A function that returns `eddy::Task<T>` and uses `co_await` or `co_return` is what Python calls an `async def`:
// calling it only makes the task, awaiting the task runs it and gives the `T`. Only a coroutine can await; a plain
// function, such as `main`, gives its coroutine to `eddy::run`.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

using namespace std::chrono_literals;

struct Response {
  std::string url;
  std::string data;
};

/// A coroutine. It takes its argument by value: the task keeps it for as long as it runs.
eddy::Task<Response> fetch_data(std::string url) {
  co_await eddy::sleep(100ms);  // stands for the network
  co_return Response{std::move(url), "response"};
}

/// A plain function. It cannot await: with a `co_await` in it, it would be a coroutine too, and would have to return
/// a `Task`.
void print_response(const Response& response) {
  fmt::print("{{'url': '{}', 'data': '{}'}}\n", response.url, response.data);
}

/// A coroutine that awaits another one.
eddy::Task<> async_function() {
  const Response response = co_await fetch_data("https://api.example.com");
  print_response(response);
}

int main() { eddy::run(async_function()); }
