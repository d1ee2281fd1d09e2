// expect: eddy: g\+\+ before 13 miscompiles a lambda with such captures.*eddy::own\(std::move\(f\)\)
// compiler: g++<13
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <string>

eddy::Task<> fetch() { co_return; }
void print(const std::string& text);

eddy::Task<> wrong(std::string text) {
  co_await eddy::retry({.max_attempts = 2}, eddy::RetryHooks([text](const eddy::RetryAttempt&) { print(text); }), fetch);
}
