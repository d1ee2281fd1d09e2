// expect: eddy: a port is a number: write open_connection\("localhost", 80\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/tcp.hpp>

eddy::Task<> wrong() { co_await eddy::open_connection("localhost", "80"); }
