// expect: eddy: a pool's closer is a coroutine function of a T& or a T
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/pool.hpp>

eddy::Task<int> connect();
void hang_up(int& connection);

void wrong() {
  eddy::Pool<int> pool(connect);
  pool.set_closer(hang_up);
}
