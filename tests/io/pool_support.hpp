// Connections to nowhere for the tests of Pool, and what became of them.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "support/work.hpp"

#include <eddy/io/pool.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace test {

using Log = std::vector<std::string>;

// Outlives the tests, since what a pool does on the loop may end after the test's locals.
struct World {
  int alive = 0;     // connections
  int made = 0;
  int calls = 0;     // of the factory
  int closed = 0;    // politely
  bool down = false;
  std::chrono::nanoseconds connect_time{0};
  std::chrono::nanoseconds close_time{0};
};
inline World world;

// At the beginning of a test. What the test before had is gone.
inline void new_world() {
  CHECK(world.alive == 0);
  world = {};
}

// Can only be moved; counts itself.
class Connection {
 public:
  explicit Connection(int number) : id(number) { ++world.alive; }
  Connection(Connection&& other) noexcept : id(other.id), healthy(other.healthy) { ++world.alive; }
  Connection& operator=(Connection&&) = delete;
  ~Connection() { --world.alive; }
  int id;
  bool healthy = true;
};
using Connections = eddy::Pool<Connection>;

// Numbers them from one.
inline eddy::Task<Connection> dial() {
  ++world.calls;
  if (world.connect_time.count() > 0) co_await eddy::sleep(world.connect_time);
  if (world.down) throw std::runtime_error("down " + std::to_string(world.calls));
  co_return Connection(++world.made);
}

inline eddy::Task<> say_goodbye(Connection& connection) {
  if (world.close_time.count() > 0) co_await eddy::sleep(world.close_time);
  if (!connection.healthy) throw std::runtime_error("goodbye failed");
  ++world.closed;
}

// Leases a connection for a while, and writes name and number.
inline eddy::Task<> use(Connections& pool, Log& log, std::string name, std::chrono::nanoseconds time) {
  auto lease = co_await pool.acquire();
  log.push_back(name + std::to_string(lease->id));
  co_await eddy::sleep(time);
}

// Leases a connection and says which, or how that failed.
inline eddy::Task<> attempt(Connections& pool, Log& log, std::string name) {
  try {
    auto lease = co_await pool.acquire();
    log.push_back(name + std::to_string(lease->id));
  } catch (const std::exception& error) {
    log.push_back(name + ' ' + error.what());
  }
}

}  // namespace test
