// expect: compiles
// SPDX-License-Identifier: MIT
#include <eddy/task/watcher.hpp>

#include <eddy/combine/gather.hpp>

eddy::Task<> work();

eddy::Task<> right() { co_await eddy::gather(work(), work()); }
