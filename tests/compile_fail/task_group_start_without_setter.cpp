// expect: eddy: TaskGroup::start<T> calls a function with an eddy::FutureSetter<T>
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> serve(int) { co_return; }

eddy::Task<> wrong(eddy::TaskGroup& group) { co_await group.start(serve, 8080); }
