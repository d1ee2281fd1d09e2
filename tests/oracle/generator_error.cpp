// An error in a generator comes out of the request for the next value; after it the generator is at its end.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::AsyncGenerator<int> parse(std::vector<std::string> words) {
  const Finally finally("left parse");
  for (const std::string& word : words) {
    co_await eddy::sleep(1s);
    trace("parse", word);
    if (word.find_first_not_of("0123456789") != std::string::npos) throw std::invalid_argument(word + " is no number");
    co_yield std::stoi(word);
  }
}

eddy::AsyncGenerator<int> doubled(eddy::AsyncGenerator<int> source) {
  const Finally finally("left doubled");
  while (auto number = co_await source.next()) co_yield 2 * *number;
}

eddy::Task<> async_main() {
  const std::vector<std::string> words{"1", "2", "x", "4"};
  auto source = doubled(parse(words));
  while (true) {
    std::optional<int> number;
    try {
      number = co_await source.next();
    } catch (const std::invalid_argument& error) {
      trace("main caught:", error.what());
      continue;
    }
    if (!number) break;
    trace("got", *number);
  }
  trace("the end");
}

}  // namespace

ORACLE_MAIN(async_main)
