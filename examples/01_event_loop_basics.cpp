// The smallest program: an event loop that runs one coroutine.
//
// `eddy::run` makes the loop, drives the coroutine to its end and closes the loop again, as `asyncio.run` does.
// `eddy::sleep` is `asyncio.sleep`: it suspends this coroutine and lets the loop run others meanwhile; here there are
// none, so the program waits a second and prints nothing.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>

#include <chrono>

using namespace std::chrono_literals;

eddy::Task<> async_main() { co_await eddy::sleep(1s); }

int main() { eddy::run(async_main()); }
