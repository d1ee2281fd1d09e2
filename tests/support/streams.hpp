// What the tests of streams and sockets of every kind have in common.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/task/task.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <system_error>
#include <utility>

namespace test {

// What one read gives.
template <class S>
eddy::Task<std::string> read_some_of(S& stream, std::size_t size = 100) {
  std::string data(size, '\0');
  const std::size_t count = co_await stream.read_some(std::span<char>(data));
  data.resize(count);
  co_return data;
}

// The number of the system's error with which a task ends, or 0.
template <class T>
eddy::Task<int> error_of(eddy::Task<T> task) {
  try {
    (void)co_await std::move(task);
  } catch (const std::system_error& error) {
    co_return error.code().value();
  }
  co_return 0;
}
inline eddy::Task<int> error_of(eddy::Task<> task) {
  try {
    co_await std::move(task);
  } catch (const std::system_error& error) {
    co_return error.code().value();
  }
  co_return 0;
}

}  // namespace test
