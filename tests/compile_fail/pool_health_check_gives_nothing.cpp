// expect: eddy: a pool's health check takes a T& and gives a bool, or a Task<bool>
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/pool.hpp>

eddy::Task<int> make_member();
eddy::Task<> ping(int& connection);

void wrong() {
  eddy::Pool<int> pool(make_member);
  pool.set_health_check(ping);
}
