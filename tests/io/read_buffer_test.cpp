// ReadBuffer: bytes in, bytes out, what is kept and what is given back.
//
// SPDX-License-Identifier: MIT
#include "support/allocations.hpp"
#include "support/run.hpp"
#include <eddy/io/read_buffer.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>

using eddy::detail::ReadBuffer;

TEST_CASE("a read buffer gives its bytes in their order", "[stream]") {
  ReadBuffer buffer;
  CHECK(buffer.empty());
  CHECK(buffer.view().empty());
  buffer.append("");
  CHECK(buffer.empty());
  buffer.append("abc");
  buffer.append("defg");
  CHECK(buffer.size() == 7);
  CHECK(buffer.view() == "abcdefg");
  CHECK(buffer.take(2) == "ab");
  CHECK(buffer.take(0).empty());
  buffer.consume(1);
  char space[10];
  CHECK(buffer.copy_to(std::span<char>()) == 0);
  CHECK(buffer.copy_to(std::span(space, 3)) == 3);
  CHECK(std::string(space, 3) == "def");
  CHECK(buffer.copy_to(space) == 1);
  CHECK(space[0] == 'g');
  CHECK(buffer.empty());
  CHECK(buffer.copy_to(space) == 0);
}

TEST_CASE("room in a read buffer is what was asked for at least, and counts only after commit", "[stream]") {
  ReadBuffer buffer;
  const auto first = buffer.space(10);
  REQUIRE(first.size() >= 10);
  std::memcpy(first.data(), "0123456789", 10);
  CHECK(buffer.empty());
  buffer.commit(4);
  CHECK(buffer.view() == "0123");
  buffer.consume(3);
  const auto second = buffer.space(1000);
  REQUIRE(second.size() >= 1000);
  CHECK(buffer.view() == "3");
  second[0] = '4';
  buffer.commit(1);
  CHECK(buffer.take(2) == "34");
}

TEST_CASE("a read buffer does not grow while what is read keeps up with what comes", "[stream]") {
  ReadBuffer buffer;
  buffer.append("x");
  std::size_t largest = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto space = buffer.space(100);
    largest = std::max(largest, space.size());
    buffer.commit(100);
    buffer.consume(100);
  }
  CHECK(buffer.size() == 1);
  CHECK(largest < 500);
}

TEST_CASE("a large read buffer gives its memory back once it is empty", "[stream]") {
  ReadBuffer buffer;
  const std::string large(1 << 20, 'x');
  buffer.append(large);
  buffer.consume(1 << 20);
  CHECK(buffer.space(1).size() < 1000);
  const auto before = test::allocations();
  buffer.append(large);
  CHECK(test::allocations() > before);
  buffer.consume(buffer.size());
  buffer.append(std::string(1000, 'x'));
  buffer.consume(1000);
  CHECK(buffer.space(1).size() >= 1000);
}

TEST_CASE("a read buffer that is moved from is empty", "[stream]") {
  ReadBuffer buffer;
  buffer.append("some text that is too long for a string's own memory");
  buffer.consume(5);
  ReadBuffer other(std::move(buffer));
  CHECK(buffer.empty());
  CHECK(other.view().substr(0, 4) == "text");
  buffer.append("new");
  CHECK(buffer.view() == "new");
  buffer = std::move(other);
  CHECK(other.empty());
  CHECK(buffer.view().substr(0, 4) == "text");
}

TEST_CASE("a read buffer agrees with a string, whatever is done", "[stream]") {
  std::uint64_t random = 7;
  const auto below = [&](std::size_t limit) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::size_t>(random >> 33) % limit;
  };
  ReadBuffer buffer;
  std::string model;
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t size = below(below(20) == 0 ? 5000 : 30);
    switch (below(3)) {
      case 0: {
        const std::string bytes(size, static_cast<char>('a' + i % 26));
        buffer.append(bytes);
        model += bytes;
        break;
      }
      case 1: {
        const std::string taken = buffer.take(std::min(size, model.size()));
        if (taken != model.substr(0, taken.size())) FAIL("taken: " << taken);
        model.erase(0, taken.size());
        break;
      }
      default: {
        std::string space(size, '\0');
        space.resize(buffer.copy_to(space));
        if (space != model.substr(0, size)) FAIL("copied: " << space);
        model.erase(0, space.size());
      }
    }
    if (buffer.size() != model.size()) FAIL("size");
  }
  CHECK(buffer.view() == model);
}
