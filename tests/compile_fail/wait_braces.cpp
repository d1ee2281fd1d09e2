// expect: eddy: wait takes a range: name it first: std::vector handles\{a, b\}
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong(eddy::TaskHandle<> a, eddy::TaskHandle<> b) {
  co_await eddy::wait({a, b}, eddy::ReturnWhen::first_completed);
}
