// Finally: Python's `finally: print(line)`. The line is written when the scope ends, also when the task is stopped.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "oracle.hpp"

#include <string>
#include <utility>

namespace oracle {

class Finally {
public:
  explicit Finally(std::string line) : line_(std::move(line)) {}
  Finally(const Finally&) = delete;
  Finally& operator=(const Finally&) = delete;
  ~Finally() { trace(line_); }

private:
  std::string line_;
};

}  // namespace oracle
