// expect: compiles
// SPDX-License-Identifier: MIT
// In this order.
// clang-format off
#include <eddy/task/watcher.hpp>
#include <eddy/combine/gather.hpp>
// clang-format on

eddy::Task<> work();

eddy::Task<> right() { co_await eddy::gather(work(), work()); }
