// A server and its clients in one process, for as long as one likes: nothing is lost, nothing grows, nothing leaks.
//
// Most clients send lines and check the answers. A few send a line byte by byte and never end it: the deadline for a line
// cuts them. A few ask for much and read nothing: back-pressure holds them, at the cost of what fits into the sockets.
//
// Usage: load [--connections N] [--seconds S]
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <malloc.h>
#include <string>
#include <sys/resource.h>
#include <vector>

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMuch = std::size_t{4} << 20;

struct Counts {
  std::chrono::milliseconds deadline{};   // for a line
  std::chrono::milliseconds most_sleep{};  // of a client between two lines
  long round_trips = 0;
  long cut = 0;      // connections that the deadline ended
  long held = 0;     // answers that wait for a peer that does not read
  long failed = 0;   // connections that ended as they should not
  bool over = false;
};

std::size_t descriptors() {
  std::size_t count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}
std::size_t allocated() { return ::mallinfo2().uordblks; }
long resident_kilobytes() {
  long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * 4;
}

eddy::Task<> serve(eddy::SocketStream stream, Counts& counts) {
  try {
    while (true) {
      const std::string line = co_await eddy::timeout(counts.deadline, stream.read_line());
      if (line.empty()) co_return;
      if (line == "much\n") {
        ++counts.held;
        const std::string much(kMuch, 'x');
        co_await stream.write(much);
      } else {
        co_await stream.write(line);
      }
    }
  } catch (const eddy::TimeoutError&) {
    ++counts.cut;
  } catch (const std::system_error&) {
    // The peer is gone.
  }
}

eddy::Task<> honest_client(std::uint16_t port, unsigned number, Counts& counts) {
  eddy::SocketStream stream = co_await eddy::open_connection("127.0.0.1", port);
  unsigned state = number * 2654435761U + 1;
  while (!counts.over) {
    state = state * 1664525U + 1013904223U;
    const std::string line = std::to_string(state) + std::string(state >> 25, '.') + "\n";
    co_await stream.write(line);
    const std::string answer = co_await stream.read_line();
    if (answer != line) {
      ++counts.failed;
      co_return;
    }
    ++counts.round_trips;
    co_await eddy::sleep(counts.most_sleep * (state >> 24) / 256);
  }
}
eddy::Task<> slow_client(std::uint16_t port, Counts& counts) {
  while (!counts.over) {
    eddy::SocketStream stream = co_await eddy::open_connection("127.0.0.1", port);
    try {
      while (!counts.over) {
        co_await stream.write("x");
        co_await eddy::sleep(100ms);
      }
    } catch (const std::system_error&) {
      // It was cut.
    }
  }
}
eddy::Task<> greedy_client(std::uint16_t port, Counts& counts) {
  eddy::SocketStream stream = co_await eddy::open_connection("127.0.0.1", port);
  co_await stream.write("much\n");
  while (!counts.over) co_await eddy::sleep(100ms);
}
eddy::Task<> counting_failures(eddy::Task<> client, Counts& counts) {
  try {
    co_await std::move(client);
  } catch (const std::exception& error) {
    if (++counts.failed <= 3) std::fprintf(stderr, "a client failed: %s\n", error.what());
  }
}

eddy::Task<bool> run_load(unsigned connections, std::chrono::seconds duration) {
  Counts counts;
  // So that it is the peers that are slow and not the machine: some two thousand lines a second.
  counts.most_sleep = std::chrono::milliseconds(connections);
  counts.deadline = 2 * counts.most_sleep + 1s;
  const std::size_t descriptors_before = descriptors();
  std::size_t steady = 0;
  std::size_t at_end = 0;
  {
    eddy::Server server = co_await eddy::start_server(serve, "127.0.0.1", 0, {}, std::ref(counts));
    const std::uint16_t port = server.port();
    std::vector<eddy::TaskHandle<>> clients;
    for (unsigned i = 0; i < connections; ++i) {
      auto client = i % 50 == 1 ? slow_client(port, counts) : i % 100 == 2 ? greedy_client(port, counts) : honest_client(port, i, counts);
      clients.push_back(eddy::create_task(counting_failures(std::move(client), counts)));
      if (i % 100 == 99) co_await eddy::sleep(1ms);
    }
    co_await eddy::sleep(duration / 2);
    steady = allocated();
    std::printf("%zu connections, %zu descriptors, %ld KiB resident\n", server.connections(), descriptors(), resident_kilobytes());
    co_await eddy::sleep(duration - duration / 2);
    at_end = allocated();
    std::printf("%zu connections, %zu descriptors, %ld KiB resident\n", server.connections(), descriptors(), resident_kilobytes());
    counts.over = true;
    co_await eddy::gather(clients);
    server.close();
    co_await server.wait_closed();
  }
  std::printf("%ld round trips, %ld slow clients cut, %ld answers held, %ld failed\n", counts.round_trips, counts.cut, counts.held,
              counts.failed);
  bool good = true;
  const auto expect = [&good](bool condition, const char* what) {
    if (!condition) std::printf("FAILED: %s\n", what);
    good = good && condition;
  };
  expect(counts.failed == 0, "a client got a wrong answer or an error");
  expect(counts.round_trips > 0, "nothing was answered");
  expect(counts.cut > 0, "the deadline cut nobody");
  expect(descriptors() == descriptors_before, "descriptors are left");
  // What differs are lines that are just under way.
  expect(at_end < steady + steady / 10 + (std::size_t{1} << 20), "memory grew");
  co_return good;
}

}  // namespace

int main(int argc, char** argv) {
  unsigned connections = 1000;
  std::chrono::seconds duration = 5s;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--connections") == 0) connections = static_cast<unsigned>(std::atoi(argv[i + 1]));
    if (std::strcmp(argv[i], "--seconds") == 0) duration = std::chrono::seconds(std::atoi(argv[i + 1]));
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
  }
  return eddy::run(run_load(connections, duration)) ? 0 : 1;
}
