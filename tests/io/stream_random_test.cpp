// BufferedReading against a model: random texts in random chunks, read by random functions; the model reads from a string.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
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

using Strings = std::vector<std::string>;

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

// What a read gives: bytes, or what it threw.
struct Result {
  enum class Kind { bytes, incomplete, over } kind = Kind::bytes;
  std::string bytes;
  std::size_t number = 0;  // expected, or consumed
};

template <class A>
eddy::Task<Result> result_of(A read) {
  try {
    Result result;
    result.bytes = co_await std::move(read);
    co_return result;
  } catch (const eddy::IncompleteReadError& e) {
    co_return Result{Result::Kind::incomplete, e.partial(), e.expected()};
  } catch (const eddy::LimitOverrunError& e) {
    co_return Result{Result::Kind::over, {}, e.consumed()};
  }
}

eddy::Task<std::string> read_some_of(MemoryStream& stream, std::size_t size) {
  std::string data(size, '\0');
  data.resize(co_await stream.read_some(data));
  co_return data;
}

// The text that is not read yet, and what the functions have to make of it.
struct Model {
  std::string_view rest;

  // Some bytes: which ones is clear, how many is not.
  std::string some(const Result& result, std::size_t size) {
    if (result.kind != Result::Kind::bytes) return "an error";
    const bool none = size == 0 || rest.empty();
    if (none != result.bytes.empty() || result.bytes.size() > size) return "a wrong number of bytes";
    return take(result.bytes);
  }
  std::string exactly(const Result& result, std::size_t size) {
    if (size <= rest.size()) return result.bytes.size() == size ? bytes(result) : "a wrong number of bytes";
    return incomplete(result, size);
  }
  std::string all(const Result& result, std::size_t cap) {
    if (rest.size() <= cap) return result.bytes.size() == rest.size() ? bytes(result) : "a wrong number of bytes";
    return over(result, rest.size());
  }
  std::string line(const Result& result, std::size_t limit) {
    const std::size_t newline = rest.find('\n');
    if (newline == std::string_view::npos && rest.size() > limit) return over(result, rest.size());
    if (newline != std::string_view::npos && newline + 1 > limit) return over(result, newline);
    const std::size_t size = newline == std::string_view::npos ? rest.size() : newline + 1;
    return result.bytes.size() == size ? bytes(result) : "a wrong line";
  }
  std::string until(const Result& result, const Strings& separators, std::size_t limit) {
    std::size_t end = 0;
    std::size_t start = 0;
    std::size_t longest = 0;
    for (const std::string& separator : separators) {
      longest = std::max(longest, separator.size());
      const std::size_t at = rest.find(separator);
      if (at == std::string_view::npos) continue;
      const std::size_t its_end = at + separator.size();
      if (end == 0 || its_end < end || (its_end == end && at < start)) {
        end = its_end;
        start = at;
      }
    }
    if (end > limit) return over(result, start);
    if (end != 0) return result.bytes.size() == end ? bytes(result) : "a wrong end";
    if (rest.size() + 1 > longest + limit) return over(result, rest.size() + 1 - longest);
    return incomplete(result, 0);
  }

 private:
  std::string take(const std::string& bytes) {
    if (rest.substr(0, bytes.size()) != bytes) return "wrong bytes";
    rest.remove_prefix(bytes.size());
    return {};
  }
  std::string bytes(const Result& result) {
    return result.kind == Result::Kind::bytes ? take(result.bytes) : "an error";
  }
  std::string incomplete(const Result& result, std::size_t expected) {
    if (result.kind != Result::Kind::incomplete || result.number != expected) return "not incomplete";
    return result.bytes.size() == rest.size() ? take(result.bytes) : "a wrong part";
  }
  static std::string over(const Result& result, std::size_t most) {
    return result.kind == Result::Kind::over && result.number <= most ? std::string() : "not over the limit";
  }
};

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
  Model model{text};
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
      const Result result = co_await result_of(right.read(size));
      wrong = model.some(result, size);
    } else if (function == 1) {
      const Result result = co_await result_of(read_some_of(right, size));
      wrong = model.some(result, size);
    } else if (function == 2) {
      const Result result = co_await result_of(right.read_exactly(size));
      wrong = model.exactly(result, size);
    } else if (function == 3) {
      const Result result = co_await result_of(right.read_line());
      wrong = model.line(result, limit);
    } else if (function == 4) {
      Strings separators;
      for (std::size_t count = 1 + random.below(3); count > 0; --count) separators.push_back(random.text(1 + random.below(4)));
      const Result result = co_await result_of(right.read_until(separators));
      wrong = model.until(result, separators, limit);
      if (wrong.empty() && result.kind == Result::Kind::over && result.number > 0) {
        const Result skipped = co_await result_of(right.read_exactly(result.number));
        wrong = model.exactly(skipped, result.number);
      }
    } else {
      const Result result = co_await result_of(right.read_all(limit));
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
