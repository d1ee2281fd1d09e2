// A target for libFuzzer: the input is a text, how it is cut into chunks, and what is read of it until its end. What
// read_until, read_line and the other functions give is compared with a model that reads from a string.
//
// SPDX-License-Identifier: MIT
#include "support/stream_model.hpp"

#include <eddy/eddy.hpp>
#include <eddy/io/memory_stream.hpp>
#include <eddy/testing/run_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace {

using test::Result;

// Takes the input apart: numbers from its front, the text from what follows. Zeros once it is used up.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}
  std::size_t below(std::size_t limit) {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return byte % limit;
  }
  std::string text(std::size_t size) {
    std::string taken(rest_.substr(0, size));
    rest_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view rest_;
};

eddy::Task<> feed(eddy::MemoryStream to, std::string text, std::string sizes) {
  std::string_view rest = text;
  for (std::size_t i = 0; !rest.empty(); ++i) {
    const std::size_t byte = sizes.empty() ? 255 : static_cast<unsigned char>(sizes[i % sizes.size()]);
    if (byte % 2 == 0) co_await eddy::yield();
    const std::string_view chunk = rest.substr(0, 1 + byte / 2);
    co_await to.write(chunk);
    rest.remove_prefix(chunk.size());
  }
}

// One read, as the input says. Gives what is wrong.
eddy::Task<std::string> read(eddy::MemoryStream& stream, test::StreamModel& model, Input& input) {
  const std::size_t limit = input.below(64);
  stream.set_limit(limit);
  const std::size_t function = input.below(8);
  const std::size_t size = input.below(32);
  if (function == 0) {
    const Result result = co_await test::result_of(stream.read(size));
    co_return model.some(result, size);
  }
  if (function == 1) {
    const Result result = co_await test::result_of(stream.read_exactly(size));
    co_return model.exactly(result, size);
  }
  if (function < 5) {
    const Result result = co_await test::result_of(stream.read_line());
    co_return model.line(result, limit);
  }
  test::Strings separators;
  for (std::size_t count = 1 + size % 3; count > 0; --count) {
    separators.push_back(input.text(1 + input.below(4)));
    if (separators.back().empty()) separators.back() = "\n";
  }
  const Result result = co_await test::result_of(stream.read_until(separators));
  co_return model.until(result, separators, limit);
}

eddy::Task<> play(Input& input) {
  eddy::MemoryStreamOptions options;
  options.capacity = input.below(16);
  options.evil = input.below(8) == 0;
  std::string sizes = input.text(input.below(8));
  const std::string text = input.text(input.below(256));
  auto [left, right] = eddy::open_memory_stream_pair(options);
  auto feeder = eddy::create_task(feed(std::move(left), text, std::move(sizes)));
  test::StreamModel model{text};
  for (int i = 0; i < 100; ++i) {
    const bool at_end = model.rest.empty();
    const std::string wrong = co_await read(right, model, input);
    if (!wrong.empty()) {
      std::fprintf(stderr, "%s, with %zu bytes left\n", wrong.c_str(), model.rest.size());
      std::abort();
    }
    if (at_end) break;
  }
  right.close();
  try {
    co_await feeder;
  } catch (const std::system_error&) {  // not all was read
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const auto body = [&]() -> eddy::Task<> { co_await play(input); };
  eddy::testing::run_test(body);
  return 0;
}
