// expect: eddy: this function gives nothing that can be awaited
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

void serve(eddy::FutureSetter<void> started) { started(); }

eddy::Task<> wrong(eddy::TaskGroup& group) { co_await group.start(serve); }
