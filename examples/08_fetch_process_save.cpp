// A pipeline of three stages: fetch, process, save.
//
// Each stage works on all its items at the same time (one `eddy::gather` a stage, as `asyncio.gather(*tasks)`), and
// ends before the next one begins. Ten items take 0.17 s.
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
  int status = 0;
  bool processed = false;
};

using Items = std::vector<Item>;

eddy::Task<Item> fetch_one(std::string url) {
  co_await eddy::sleep(100ms);  // stands for the network
  co_return Item{std::move(url), 200};
}

eddy::Task<Item> process_one(Item item) {
  co_await eddy::sleep(50ms);  // stands for the work
  item.processed = true;
  co_return item;
}

eddy::Task<> save_one(Item item) {
  co_await eddy::sleep(20ms);  // stands for the storage
  fmt::print("Saved: {}\n", item.url);
}

eddy::Task<Items> fetch(std::vector<std::string> urls) {
  std::vector<eddy::Task<Item>> tasks;
  for (std::string& url : urls) {
    tasks.push_back(fetch_one(std::move(url)));
  }
  co_return co_await eddy::gather(std::move(tasks));
}

eddy::Task<Items> process(Items items) {
  std::vector<eddy::Task<Item>> tasks;
  for (Item& item : items) {
    tasks.push_back(process_one(std::move(item)));
  }
  co_return co_await eddy::gather(std::move(tasks));
}

eddy::Task<> save(Items items) {
  std::vector<eddy::Task<>> tasks;
  for (Item& item : items) {
    tasks.push_back(save_one(std::move(item)));
  }
  co_await eddy::gather(std::move(tasks));
}

eddy::Task<> pipeline(std::vector<std::string> urls) {
  Items fetched = co_await fetch(std::move(urls));
  fmt::print("Fetched {} items\n", fetched.size());

  Items processed = co_await process(std::move(fetched));
  fmt::print("Processed {} items\n", processed.size());

  co_await save(std::move(processed));
  fmt::print("Pipeline complete\n");
}

int main() {
  std::vector<std::string> urls;
  for (int i = 0; i < 10; ++i) {
    urls.push_back(fmt::format("https://api.example.com/data/{}", i));
  }
  eddy::run(pipeline(std::move(urls)));
}
