// expect: compiles
// Why no program here has this line: a bare `sleep` may be the system's, which stops the loop.
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <type_traits>
#include <unistd.h>

using namespace eddy;

static_assert(std::is_same_v<decltype(sleep(1U)), unsigned>);
static_assert(std::is_same_v<decltype(sleep(std::chrono::seconds(1))), detail::SleepAwaiter>);
