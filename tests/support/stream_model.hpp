// What the functions of BufferedReading make of a text: a model of them that reads from a string.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/stream.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test {

using Strings = std::vector<std::string>;

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

// The text that is not read yet, and what the functions have to make of it.
struct StreamModel {
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

}  // namespace test
