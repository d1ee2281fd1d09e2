// expect: compiles
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

using Size = eddy::Task<std::size_t>;

struct Resource {
  eddy::Task<> aenter() { co_return; }
  eddy::Task<> aexit() { co_return; }
};

eddy::AsyncGenerator<int> numbers(std::string name) {
  const auto close = [name]() -> eddy::Task<> { co_return; };
  co_await eddy::on_close(close);
  co_yield 1;
}

Size named_first(std::string text, Resource& resource, eddy::Condition& condition, eddy::Once<std::size_t>& once) {
  const auto size = [text]() -> Size { co_return text.size(); };
  const auto body = [text](eddy::TaskGroup& group) -> eddy::Task<> {
    const auto start = [text](eddy::FutureSetter<std::size_t> started) -> eddy::Task<> {
      started(text.size());
      co_return;
    };
    (void)co_await group.start<std::size_t>(start);
  };
  const auto ready = [text] { return !text.empty(); };
  const auto size_of = [text](int) -> Size { co_return text.size(); };
  const auto accepts = [text](int) { return !text.empty(); };
  auto wait = [text](const eddy::RetryAttempt&) {};
  const auto attempts = std::vector(2, size);
  const std::vector<int> elements{1, 2};
  co_await eddy::task_group(body);
  co_await condition.wait_for(ready);
  std::size_t sum = co_await eddy::retry({.max_attempts = 2}, eddy::RetryHooks(eddy::own(std::move(wait))), size);
  sum += co_await eddy::async_with(resource, size);
  sum += co_await once.call(size);
  auto sizes = numbers(text) | eddy::filter(accepts) | eddy::transform(size_of);
  while (auto next = co_await sizes.next()) sum += *next;
  sum += (co_await eddy::concurrent_map(elements, size_of)).size();
  const auto winner = co_await eddy::staggered_race(attempts, std::chrono::seconds(1));
  co_return sum + winner.errors.size();
}
