// Independent waits at the same time.
//
// `eddy::gather` is `asyncio.gather`: it starts all its tasks, waits for all of them and gives their results in the
// order of the arguments. Five lookups of 0.1 s take 0.1 s together. The results may be of five different types, so
// they come as a tuple; here all are users.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>

#include <fmt/ranges.h>

#include <array>
#include <chrono>
#include <string>
#include <tuple>

using namespace std::chrono_literals;

struct User {
  int id;
  std::string name;
};

eddy::Task<User> fetch_user(int id) {
  co_await eddy::sleep(100ms);
  co_return User{id, fmt::format("User{}", id)};
}

/// The user as Python prints a dict.
std::string python_dict(const User& user) { return fmt::format("{{'id': {}, 'name': '{}'}}", user.id, user.name); }

eddy::Task<> async_main() {
  const auto users = co_await eddy::gather(fetch_user(1), fetch_user(2), fetch_user(3), fetch_user(4), fetch_user(5));

  const auto dicts = std::apply([](const auto&... user) { return std::array{python_dict(user)...}; }, users);
  fmt::print("[{}]\n", fmt::join(dicts, ", "));
}

int main() { eddy::run(async_main()); }
