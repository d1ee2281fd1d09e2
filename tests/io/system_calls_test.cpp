// Every system call through a pair of sockets and through a pipe fails once, in each way that it can, and many fail in seeded
// mixes: nothing is lost, nothing leaks, nobody waits for ever.
//
// SPDX-License-Identifier: MIT
#include "support/fault_scenario.hpp"
#include "support/run.hpp"
#include "support/temporary_folder.hpp"

#include <eddy/io.hpp>

#include <cerrno>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace test;
using eddy::ReactorKind;
using namespace test::faults;

namespace {

std::string pattern(std::size_t size) {
  std::string data;
  for (std::size_t i = 0; i < size; ++i) data += static_cast<char>('a' + i % 26);
  return data;
}

// Writes more than there is room for, in two calls.
template <class Writer>
eddy::Task<> send_all(Writer stream, const std::string& data) {
  co_await stream.write(std::string_view(data).substr(0, 1000));
  const std::string_view rest = std::string_view(data).substr(1000);
  const std::string_view parts[] = {rest.substr(0, 10), rest.substr(10, 0), rest.substr(10)};
  co_await stream.write(parts);
  co_await stream.write_eof();
}
// A read that fails leaves what has come for the next one.
template <class Reader>
eddy::Task<std::string> receive_all(Reader stream, Told& told) {
  const auto first = [&] { return stream.read_exactly(10); };
  std::string got = co_await again(told, first);
  const auto second = [&] { return stream.read_until("x"); };
  got += co_await again(told, second);
  const auto rest = [&] { return stream.read_all(1 << 22); };
  got += co_await again(told, rest);
  co_return got;
}
template <class Reader, class Writer>
eddy::Task<> through(Reader reader, Writer writer, const std::string& data, Told& told) {
  auto sending = send_all(std::move(writer), data);
  auto receiving = receive_all(std::move(reader), told);
  auto results = co_await eddy::gather(std::move(sending), std::move(receiving));
  if (std::get<1>(results) != data) throw std::logic_error("what came is not what was sent");
}

eddy::Task<> through_sockets(const std::string& data, Told& told) {
  auto pair = again_now(told, [] { return eddy::open_socket_pair(); });
  co_await through(std::move(pair.first), std::move(pair.second), data, told);
}
eddy::Task<> through_pipe(const std::string& data, Told& told) {
  auto pair = again_now(told, [] { return eddy::open_pipe(); });
  co_await through(std::move(pair.first), std::move(pair.second), data, told);
}
eddy::Task<> through_file(fs::path path, const std::string& data, Told& told) {
  co_await eddy::write_file(path, data);
  eddy::File file = co_await eddy::open_file(path, eddy::FileMode::append);
  co_await file.write(data);
  const std::string got = co_await eddy::read_file(path);
  if (got != data + data || told.times > 0) throw std::logic_error("what was read is not what was written");
}

}  // namespace

EDDY_LOOP_TEST_CASE("whichever call through a pair of sockets fails, it is told with its number, and no byte is lost",
                    "[large][order][faults][c367]") {
  const std::string data = pattern(500'000);
  Expected expected;
  expected.reactors = {ReactorKind::epoll, ReactorKind::poll};
  expected.fatal = {"send", "sendmsg", "shutdown", "epoll_ctl", "fstat"};  // a write that failed in its middle cannot be made again
  expected.tolerated = {"epoll_ctl"};  // of what is closed
  const auto failed = fail_each_call([&](Told& told) { return through_sockets(data, told); }, expected);
  check_covered(failed, {"system_calls.hpp: socketpair, read, send, sendmsg, shutdown, close",
                         "descriptor_stream.hpp: sys::read, sys::write, sys::shutdown", "descriptor.hpp: sys::close",
                         "socket_stream.hpp: sys::socket_pair", "waker.hpp: eventfd, close",
                         "reactor_epoll.hpp: epoll_create1, epoll_ctl, close", "reactor_poll.hpp: ppoll"});
}

EDDY_LOOP_TEST_CASE("whichever call through a pipe fails, it is told with its number, and no byte is lost",
                    "[large][order][faults][c367]") {
  const std::string data = pattern(200'000);
  Expected expected;
  expected.reactors = {ReactorKind::epoll, ReactorKind::poll};
  expected.fatal = {"write/pipe", "writev", "epoll_ctl", "fstat"};
  expected.tolerated = {"epoll_ctl"};  // of what is closed
  const auto failed = fail_each_call([&](Told& told) { return through_pipe(data, told); }, expected);
  check_covered(failed, {"system_calls.hpp: pipe2, read, write, writev", "pipe.hpp: sys::pipe", "descriptor_stream.hpp: sys::read, sys::write"});
}

EDDY_LOOP_TEST_CASE("whichever call that wakes a loop is interrupted, it wakes", "[large][order][faults]") {
  const auto scenario = [](Told&) -> eddy::Task<> {
    for (int i = 0; i < 2; ++i) co_await eddy::to_thread([] { std::this_thread::sleep_for(2ms); });
  };
  Expected expected;
  expected.reactors = {ReactorKind::epoll, ReactorKind::poll};
  const auto failed = fail_each_call(scenario, expected);
  check_covered(failed, {"waker.hpp: eventfd, read, write, close", "reactor_epoll.hpp: epoll_pwait2"});
}

EDDY_LOOP_TEST_CASE("a sleep without an end that is interrupted goes on", "[large][order][faults]") {
  if (!faults::kAvailable) return;
  const faults::SavedReactor saved;
  ::setenv("EDDY_REACTOR", "epoll", 1);
  Injection injection("epoll_wait", 1, EINTR);
  run_real([]() -> eddy::Task<> { co_await eddy::to_thread([] { std::this_thread::sleep_for(5ms); }); });
  check_covered({{"epoll_wait", injection.injected()}}, {"reactor_epoll.hpp: epoll_wait"});
}

EDDY_LOOP_TEST_CASE("a descriptor that is not ready after all loses nothing", "[large][order][faults][c367]") {
  const std::string data = pattern(500'000);
  // Where the kernel is asked for levels: it does not tell an edge again because of what it never said.
  Expected expected;
  expected.reactors = {ReactorKind::poll};
  expected.false_readiness = true;
  expected.fatal = {"send", "sendmsg", "shutdown", "write/pipe", "writev", "fstat"};
  for (const char* call : {"close/socket", "close/pipe", "close/event", "eventfd", "ppoll", "socketpair", "pipe2", "shutdown"})
    expected.left_out.insert(call);
  fail_each_call([&](Told& told) { return through_sockets(data, told); }, expected);
  fail_each_call([&](Told& told) { return through_pipe(data, told); }, expected);
}

EDDY_TEST_CASE("a write that fails in its middle breaks the stream, as one that is cancelled there does", "[socket][faults]") {
  if (!faults::kAvailable) co_return;
  for (const char* call : {"send", "sendmsg"}) {
    auto [left, right] = eddy::open_socket_pair();
    const std::string data = pattern(2'000'000);  // more than there is room for
    const std::string_view parts[] = {data, data};
    auto writing = [](eddy::SocketStream& to, std::string_view one, std::span<const std::string_view> several,
                      bool whole) -> eddy::Task<int> {
      try {
        if (whole) {
          co_await to.write(one);
        } else {
          co_await to.write(several);
        }
      } catch (const std::system_error& failure) {
        co_return failure.code().value();
      }
      co_return 0;
    };
    auto first = eddy::create_task(writing(left, data, parts, std::string_view(call) == "send"));
    co_await eddy::sleep(1ms);
    auto second = eddy::create_task(writing(left, "more", parts, true));
    co_await settle();
    Injection injection(call, 1, ENOBUFS);
    std::string some;
    while (!first.done()) {
      some += co_await right.read(100'000);
      co_await settle();
    }
    CHECK((some == data.substr(0, some.size())));
    const int told = co_await first;
    CHECK(told == ENOBUFS);
    bool broken = false;
    try {
      co_await second;
    } catch (const eddy::BrokenResourceError&) {
      broken = true;
    }
    CHECK(broken);
    CHECK(injection.injected() == 1);
  }
}

EDDY_TEST_CASE("a write that has begun and cannot wait breaks the stream", "[socket][faults]") {
  if (!faults::kAvailable) co_return;
  auto [left, right] = eddy::open_socket_pair();
  const std::string data = pattern(2'000'000);
  int told = 0;
  bool asked = false;
  {
    Injection injection("epoll_ctl", 1, ENOMEM);
    try {
      auto writing = left.write(data);
      (void)co_await eddy::move_on_after(100ms, std::move(writing));  // over poll nothing is asked, and it waits
    } catch (const std::system_error& failure) {
      told = failure.code().value();
    }
    asked = injection.injected() > 0;
  }
  CHECK(told == (asked ? ENOMEM : 0));
  bool broken = false;
  try {
    co_await left.write("more");
  } catch (const eddy::BrokenResourceError&) {
    broken = true;
  }
  CHECK(broken);
  const std::string some = co_await right.read_exactly(1000);
  CHECK(some == data.substr(0, 1000));
}

namespace {

// One scenario of three for each seed.
void mix(std::uint64_t seeds) {
  if (!faults::kAvailable) return;
  const TemporaryFolder folder;
  const std::string data = pattern(20'000);
  const int harmless[] = {EINTR, kOneByte, EAGAIN};
  std::uint64_t injected = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto scenario = [&](Told& told) {
      return seed % 3 == 0   ? through_file(folder / "file", data, told)
             : seed % 3 == 1 ? through_pipe(data, told)
                             : through_sockets(data, told);
    };
    // A file is never "not ready".
    Injection injection(seed, 2 + seed % 8, harmless, seed % 3 == 0 ? 2 : 3);
    const Result result = run_scenario(scenario, ReactorKind::poll);
    injected += injection.injected();
    INFO("seed " << seed << ": error " << result.error << " " << result.other << " " << result.told.text);
    REQUIRE(result.finished);
    REQUIRE(result.told.times == 0);
    REQUIRE(result.other.empty());
  }
  CHECK(injected > seeds);
}

}  // namespace

EDDY_LOOP_TEST_CASE("any mix of interruptions, short calls and false readiness loses nothing", "[large][order][faults]") { mix(90); }
EDDY_LOOP_TEST_CASE("a hundred thousand mixes lose nothing", "[.][nightly]") { mix(100'000); }
