// BufferedReading against a model: random texts in random chunks, read by random functions; the model reads from a string.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include "support/stream_model.hpp"
#include <eddy/io/memory_stream.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace test;
using eddy::MemoryStream;

namespace {

using test::Result;
using test::Strings;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15U + 1) {}
  std::size_t below(std::size_t limit) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::size_t>(state_ >> 33) % limit;
  }
  // Of few letters, so that separators occur, whole and in part.
  std::string text(std::size_t size) {
    std::string made(size, '\0');
    for (char& c : made) c = "ab\r\n"[below(4)];
    return made;
  }

 private:
  std::uint64_t state_;
};

eddy::Task<std::string> read_some_of(MemoryStream& stream, std::size_t size) {
  std::string data(size, '\0');
  data.resize(co_await stream.read_some(data));
  co_return data;
}

eddy::Task<> feed(MemoryStream to, std::string text, std::uint64_t seed) {
  Random random(seed);
  const std::size_t largest = 1 + random.below(20);
  for (std::string_view rest = text; !rest.empty();) {
    if (random.below(3) == 0) co_await eddy::yield();
    const std::size_t size = std::min(rest.size(), random.below(largest) + 1);
    co_await to.write(rest.substr(0, size));
    rest.remove_prefix(size);
  }
}

// One text, read by functions at random until its end. Gives what is wrong.
eddy::Task<std::string> play(std::uint64_t seed) {
  Random random(seed);
  eddy::MemoryStreamOptions options;
  options.capacity = random.below(2) == 0 ? 1 + random.below(10) : 1000;
  options.lockstep = random.below(8) == 0;
  options.evil = random.below(8) == 0;
  auto [left, right] = eddy::open_memory_stream_pair(options);
  const std::string text = random.text(random.below(60));
  auto feeder = eddy::create_task(feed(std::move(left), text, seed));
  test::StreamModel model{text};
  std::string wrong;
  bool limited = true;
  while (wrong.empty() && (limited || !model.rest.empty())) {
    const std::size_t size = random.below(12);
    limited = model.rest.size() > 0;
    const std::size_t limit = limited ? random.below(40) : 100;
    right.set_limit(limit);
    const std::size_t function = random.below(6);
    const std::string before(model.rest.substr(0, 80));
    if (function == 0) {
      const Result result = co_await test::result_of(right.read(size));
      wrong = model.some(result, size);
    } else if (function == 1) {
      const Result result = co_await test::result_of(read_some_of(right, size));
      wrong = model.some(result, size);
    } else if (function == 2) {
      const Result result = co_await test::result_of(right.read_exactly(size));
      wrong = model.exactly(result, size);
    } else if (function == 3) {
      const Result result = co_await test::result_of(right.read_line());
      wrong = model.line(result, limit);
    } else if (function == 4) {
      Strings separators;
      for (std::size_t count = 1 + random.below(3); count > 0; --count) separators.push_back(random.text(1 + random.below(4)));
      const Result result = co_await test::result_of(right.read_until(separators));
      wrong = model.until(result, separators, limit);
      if (wrong.empty() && result.kind == Result::Kind::over && result.number > 0) {
        const Result skipped = co_await test::result_of(right.read_exactly(result.number));
        wrong = model.exactly(skipped, result.number);
      }
    } else {
      const Result result = co_await test::result_of(right.read_all(limit));
      wrong = model.all(result, limit);
    }
    if (!wrong.empty()) wrong += " from function " + std::to_string(function) + " at '" + before + "', seed " + std::to_string(seed);
  }
  right.close();
  try {
    co_await feeder;
  } catch (const std::system_error&) {  // not all was read
  }
  co_return wrong;
}

}  // namespace

EDDY_TEST_CASE("random reads of random chunks give what a string would have given", "[stream][large]") {
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  static constexpr std::uint64_t kRounds = 20'000;
#else
  static constexpr std::uint64_t kRounds = 2'000;
#endif
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    const std::string wrong = co_await play(round);
    if (!wrong.empty()) FAIL(wrong);
  }
}
