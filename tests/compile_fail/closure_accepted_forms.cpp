// expect: compiles
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/threads.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

using Size = eddy::Task<std::size_t>;

Size size_of(std::string text) { co_return text.size(); }
std::size_t plain_size_of(const std::string& text) { return text.size(); }

Size lvalues(std::string text) {
  auto size = [text]() -> Size { co_return text.size(); };
  auto plain = [text] { return text.size(); };
  std::size_t sum = co_await eddy::create_task(size);
  sum += co_await eddy::timeout(std::chrono::seconds(1), size);
  sum += co_await eddy::to_thread(plain);
  co_return sum;
}

Size owned(std::string text) {
  auto first = [text]() -> Size { co_return text.size(); };
  auto second = first;
  auto plain = [text] { return text.size(); };
  std::size_t sum = co_await eddy::create_task(eddy::own(std::move(first)));
  sum += co_await eddy::timeout(std::chrono::seconds(1), eddy::own(std::move(second)));
  sum += co_await eddy::to_thread(eddy::own(std::move(plain)));
  co_return sum;
}

Size arguments(std::string text) {
  std::size_t sum = co_await eddy::create_task(size_of, text);
  sum += co_await eddy::timeout(std::chrono::seconds(1), size_of, text);
  sum += co_await eddy::to_thread(plain_size_of, text);
  co_return sum;
}

Size by_reference(std::string text) {
  std::size_t sum = co_await eddy::create_task([&text]() -> Size { co_return text.size(); });
  sum += co_await eddy::timeout(std::chrono::seconds(1), [&]() -> Size { co_return text.size(); });
  sum += co_await eddy::to_thread([&text, sum] { return text.size() + sum; });
  co_return sum;
}
