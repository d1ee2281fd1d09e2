// A pipeline for more data than fits into memory: one item at a time goes through all stages.
//
// The stages are those of 08_fetch_process_save, as generators. Each makes its next item when the stage after it asks
// for one, so none is ever ahead of the others (back-pressure), and there is one item in memory. Ten items take 1.7 s.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

struct Item {
  std::string url;
  std::string data;
  bool processed = false;
};

eddy::Task<Item> fetch_one(std::string url) {
  co_await eddy::sleep(100ms);  // stands for the network
  co_return Item{std::move(url), "response"};
}

eddy::AsyncGenerator<Item> fetch_stream(std::vector<std::string> urls) {
  for (const std::string& url : urls) {
    co_yield co_await fetch_one(url);
  }
}

eddy::AsyncGenerator<Item> process_stream(eddy::AsyncGenerator<Item> source) {
  while (auto item = co_await source.next()) {
    co_await eddy::sleep(50ms);  // stands for the work
    item->processed = true;
    co_yield *std::move(item);
  }
}

eddy::Task<> save_stream(eddy::AsyncGenerator<Item> source) {
  while (const auto item = co_await source.next()) {
    co_await eddy::sleep(20ms);  // stands for the storage
    fmt::print("Saved: {}\n", item->url);
  }
}

eddy::Task<> streaming_pipeline(std::vector<std::string> urls) {
  auto data = fetch_stream(std::move(urls));
  auto processed = process_stream(std::move(data));
  co_await save_stream(std::move(processed));
}

int main() {
  std::vector<std::string> urls;
  for (int i = 0; i < 10; ++i) {
    urls.push_back(fmt::format("https://api.example.com/data/{}", i));
  }
  eddy::run(streaming_pipeline(std::move(urls)));
}
