// Which ports of this machine answer? A bounded number of attempts at a time, each with a timeout.
//
// `concurrent_map` keeps so many calls under way and gives their results in the order of its input. An attempt that is
// refused costs microseconds and one that hangs ends by its timeout, so the bound keeps descriptors, not time, in check.
// Only the loopback address is scanned: other people's machines are theirs.
//
// Usage: 36_port_scan [FIRST [LAST]]
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>
#include <eddy/io.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <system_error>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

enum class Port { open, closed, silent };

eddy::Task<Port> probe(int port) {
  const auto address = eddy::SocketAddress::ipv4("127.0.0.1", static_cast<std::uint16_t>(port));
  try {
    const auto stream = co_await eddy::timeout(500ms, eddy::connect(address));
    co_return Port::open;
  } catch (const eddy::TimeoutError&) {
    co_return Port::silent;
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::connection_refused) co_return Port::closed;
    throw;
  }
}

eddy::Task<> async_main(int first, int last) {
  std::vector<int> ports(static_cast<std::size_t>(last - first + 1));
  std::iota(ports.begin(), ports.end(), first);
  const auto found = co_await eddy::concurrent_map(ports, probe, {.limit = 200});
  int counts[3] = {};
  for (std::size_t i = 0; i < found.size(); ++i) {
    ++counts[static_cast<int>(found[i])];
    if (found[i] == Port::open) fmt::print("{} is open\n", ports[i]);
  }
  fmt::print("{} open, {} closed, {} silent\n", counts[0], counts[1], counts[2]);
}

int main(int argc, char** argv) {
  const int first = argc > 1 ? std::atoi(argv[1]) : 1;
  const int last = argc > 2 ? std::atoi(argv[2]) : 1024;
  if (first < 1 || last > 65535 || first > last) {
    fmt::print(stderr, "usage: {} [FIRST [LAST]]\n", argv[0]);
    return 2;
  }
  eddy::run(async_main(first, last));
}
