// expect: eddy: a pool's closer is a coroutine function of a T& or a T
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/pool.hpp>

eddy::Task<int> make_member();
void hang_up(int& connection);

void wrong() {
  eddy::Pool<int> pool(make_member);
  pool.set_closer(hang_up);
}
