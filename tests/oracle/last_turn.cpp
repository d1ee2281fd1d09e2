// A task that is created in the last turn of main still has its first one.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> background() {
  trace("background starts");
  co_return;
}

eddy::Task<> async_main() {
  eddy::create_task(background());
  trace("main ends");
  co_return;
}

}  // namespace

ORACLE_MAIN(async_main)
