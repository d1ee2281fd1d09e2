// expect: eddy: this is no function: what can only be awaited.*is given in a lambda
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

struct Client {
  eddy::Task<> talk() { co_return; }
};

void wrong(Client& client) { eddy::create_task(&Client::talk, client); }
