// Asynchronous generators, each of which takes its items from the one before.
//
// A function that returns `eddy::AsyncGenerator<T>` and uses `co_yield` is what Python calls an asynchronous generator.
// `while (auto item = co_await source.next())` is `async for item in source`: the generator runs until its next
// `co_yield`, and `next` gives nothing once it has ended.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

using namespace std::chrono_literals;

eddy::AsyncGenerator<int> data_source(int count) {
  for (int i = 0; i < count; ++i) {
    co_await eddy::sleep(50ms);
    co_yield i;
  }
}

eddy::AsyncGenerator<std::string> transform(eddy::AsyncGenerator<int> source) {
  while (const auto item = co_await source.next()) {
    co_await eddy::sleep(20ms);
    co_yield fmt::format("processed-{}", *item);
  }
}

eddy::Task<> sink(eddy::AsyncGenerator<std::string> source) {
  while (const auto item = co_await source.next()) {
    fmt::print("Received: {}\n", *item);
  }
}

eddy::Task<> async_main() {
  auto data = data_source(5);
  auto transformed = transform(std::move(data));
  co_await sink(std::move(transformed));
}

int main() { eddy::run(async_main()); }
