// resolve: numeric hosts at once, names in a thread; deadlines, errors and the order of addresses.
//
// SPDX-License-Identifier: MIT
#include <eddy/io/resolver.hpp>

#include "support/gate.hpp"
#include "support/work.hpp"
#include <netdb.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using namespace test;
using eddy::resolve;
using eddy::ResolveOptions;
using eddy::SocketAddress;

namespace {

static_assert(std::is_trivially_copyable_v<ResolveOptions>);

using Addresses = std::vector<SocketAddress>;

// What a lookup is asked, and by which thread.
struct Asked {
  std::atomic<int> times = 0;
  std::thread::id thread;
  std::string host, service;
  int family = 0;
};
Asked asked;

Addresses two_families(const std::string& host, const std::string& service, int family) {
  ++asked.times;
  asked.thread = std::this_thread::get_id();
  asked.host = host;
  asked.service = service;
  asked.family = family;
  const auto port = static_cast<std::uint16_t>(service == "echo" ? 7 : std::stoi(service));
  return {SocketAddress::ipv6("2001:db8::1", port), SocketAddress::ipv4("192.0.2.1", port),
          SocketAddress::ipv6("2001:db8::1", port), SocketAddress::ipv4("192.0.2.1", port)};
}
Addresses must_not_be_called(const std::string& host, const std::string&, int) {
  throw std::logic_error("looked up " + host);
}
Addresses nothing(const std::string&, const std::string&, int) { return {}; }
Addresses no_such_name(const std::string& host, const std::string&, int) { throw eddy::ResolveError(host, EAI_NONAME); }

// A lookup that hangs until its gate opens, at the latest when the test's task is gone.
struct Hanging {
  Gate gate;
  std::atomic<int> begun = 0;
  std::atomic<int> ended = 0;
};
std::atomic<Hanging*> hanging = nullptr;
struct OpensAtEnd {
  explicit OpensAtEnd(Gate& its_gate) : gate(its_gate) {}
  OpensAtEnd(const OpensAtEnd&) = delete;
  OpensAtEnd& operator=(const OpensAtEnd&) = delete;
  ~OpensAtEnd() { gate.open(); }
  Gate& gate;
};
Addresses hang(const std::string&, const std::string& service, int) {
  Hanging& state = *hanging;
  ++state.begun;
  state.gate.wait();
  ++state.ended;
  return {SocketAddress::ipv4("192.0.2.1", static_cast<std::uint16_t>(std::stoi(service)))};
}

eddy::Task<> until(const std::atomic<int>& counter, int value) {
  while (counter < value) co_await eddy::sleep(1ms);
}
eddy::Task<> until_one_task_is_left() {
  while (eddy::all_tasks().size() > 1) co_await eddy::sleep(1ms);
}

std::vector<std::string> texts(const Addresses& addresses) {
  std::vector<std::string> all;
  for (const SocketAddress& address : addresses) all.push_back(address.host());
  return all;
}
Addresses addresses_of(std::initializer_list<const char*> hosts) {
  Addresses all;
  for (const char* host : hosts) all.push_back(*SocketAddress::numeric(host, 80));
  return all;
}

}  // namespace

EDDY_TEST_CASE("resolve gives a numeric host at once, without a thread", "[io]") {
  const TurnProbe turn;
  const ResolveOptions options{.timeout = 0s, .lookup = &must_not_be_called};
  const Addresses v4 = co_await resolve("127.0.0.1", 80, options);
  CHECK(v4 == Addresses{SocketAddress::ipv4("127.0.0.1", 80)});
  const Addresses v6 = co_await resolve("::1", 443, options);
  CHECK(v6 == Addresses{SocketAddress::ipv6("::1", 443)});
  const Addresses linked = co_await resolve("fe80::1%lo", 443, options);
  CHECK(linked == Addresses{SocketAddress::ipv6("fe80::1%lo", 443)});
  const Addresses of_family = co_await resolve("::1", 0, {.family = AF_INET6, .lookup = &must_not_be_called});
  CHECK(of_family == Addresses{SocketAddress::ipv6("::1", 0)});
  const Addresses with_service = co_await resolve("127.0.0.1", "8080", options);
  CHECK(with_service == Addresses{SocketAddress::ipv4("127.0.0.1", 8080)});
  CHECK_FALSE(turn);
}

EDDY_TEST_CASE("an empty host means every address of the machine, if that is asked for", "[io]") {
  const Addresses all = co_await resolve("", 80, {.passive = true, .lookup = &must_not_be_called});
  CHECK(texts(all) == std::vector<std::string>{"::", "0.0.0.0"});
  const Addresses one = co_await resolve("", 80, {.family = AF_INET, .passive = true, .lookup = &must_not_be_called});
  CHECK(one == Addresses{SocketAddress::ipv4("0.0.0.0", 80)});
  const std::string refused = co_await ending(resolve("", 80));
  CHECK(refused == "eddy: cannot look up \"\": the name is empty; a server's may be, with ResolveOptions::passive");
}

EDDY_TEST_CASE("resolve refuses what needs no lookup to be wrong", "[io]") {
  const ResolveOptions options{.lookup = &must_not_be_called};
  const std::string family = co_await ending(resolve("::1", 80, {.family = AF_INET, .lookup = &must_not_be_called}));
  CHECK(family == "eddy: cannot look up \"::1\": it is an address of another family");
  const std::string unknown = co_await ending(resolve("::1", 80, {.family = AF_UNIX}));
  CHECK(unknown == "eddy: resolve() knows the families AF_INET, AF_INET6 and AF_UNSPEC");
  const std::string zone = co_await ending(resolve("fe80::1%nowhere", 80, options));
  CHECK(zone == "eddy: \"fe80::1%nowhere\" is no address: there is no network interface \"nowhere\"");
  const std::string zero = co_await ending(resolve(std::string("good.example\0.evil.example", 26), 80, options));
  CHECK(zero == "eddy: cannot look up \"good.example%00.evil.example\": a name has no zero bytes");
  const std::string no_service = co_await ending(resolve("a", "", options));
  CHECK(no_service == "eddy: cannot look up \"a\": the service \"\" is not known");
  const std::string no_port = co_await ending(resolve("a", "65536", options));
  CHECK(no_port == "eddy: \"65536\" is no address: a port is at most 65535");
  const std::string no_time = co_await ending_by_kind(resolve("a", 80, {.timeout = 0s, .lookup = &must_not_be_called}));
  CHECK(no_time == "TimeoutError");
}

EDDY_TEST_CASE("resolve looks names up in another thread and leaves out duplicates", "[real]") {
  asked.times = 0;
  const Addresses found = co_await resolve("example.org", 80, {.lookup = &two_families});
  CHECK(found == Addresses{SocketAddress::ipv6("2001:db8::1", 80), SocketAddress::ipv4("192.0.2.1", 80)});
  CHECK(asked.times == 1);
  CHECK(asked.thread != std::this_thread::get_id());
  CHECK(asked.host == "example.org");
  CHECK(asked.service == "80");
  CHECK(asked.family == AF_UNSPEC);
  co_await resolve("localhost", 80, {.family = AF_INET6, .timeout = 20s, .lookup = &two_families});
  CHECK(asked.times == 2);
  CHECK(asked.family == AF_INET6);
}

EDDY_TEST_CASE("the name of a service is looked up with the host", "[real]") {
  const Addresses found = co_await resolve("example.org", "echo", {.lookup = &two_families});
  CHECK(asked.service == "echo");
  CHECK(found == Addresses{SocketAddress::ipv6("2001:db8::1", 7), SocketAddress::ipv4("192.0.2.1", 7)});
  const Addresses numeric = co_await resolve("127.0.0.1", "echo", {.lookup = &two_families});
  CHECK(numeric == Addresses{SocketAddress::ipv4("127.0.0.1", 7)});
  const Addresses all = co_await resolve("", "echo", {.passive = true, .lookup = &two_families});
  CHECK(all == Addresses{SocketAddress::ipv6("::", 7), SocketAddress::ipv4("0.0.0.0", 7)});
}

EDDY_TEST_CASE("what a lookup throws comes out of resolve", "[real]") {
  try {
    co_await resolve("no-such-host.example", 80, {.lookup = &no_such_name});
    FAIL("found it");
  } catch (const eddy::ResolveError& error) {
    CHECK(error.code() == EAI_NONAME);
    CHECK(error.what() == std::string("eddy: cannot look up \"no-such-host.example\": ") + ::gai_strerror(EAI_NONAME));
  }
  const std::string other = co_await ending(resolve("a", 80, {.lookup = &must_not_be_called}));
  CHECK(other == "looked up a");
  const std::string none = co_await ending(resolve("a", 80, {.lookup = &nothing}));
  CHECK(none == std::string("eddy: cannot look up \"a\": ") + ::gai_strerror(EAI_NONAME));
}

TEST_CASE("a ResolveError for EAI_SYSTEM says what the system says", "[io]") {
  const eddy::ResolveError error("a", EAI_SYSTEM, ENFILE);
  CHECK(error.code() == EAI_SYSTEM);
  CHECK(error.what() == "eddy: cannot look up \"a\": " + std::generic_category().message(ENFILE));
}

EDDY_TEST_CASE("the system's own lookup knows localhost and refuses what is no name", "[socket]") {
  const Addresses local = co_await resolve("localhost", 80);
  for (const SocketAddress& address : local) {
    CHECK(address.port() == 80);
    CHECK((address.host() == "::1" || address.host().starts_with("127.")));
  }
  const Addresses v4 = co_await resolve("localhost", "80", {.family = AF_INET, .timeout = 20s});
  CHECK_FALSE(v4.empty());
  CHECK(std::all_of(v4.begin(), v4.end(), [](const SocketAddress& address) { return address.family() == AF_INET; }));
  const std::string refused = co_await ending(resolve(std::string(300, 'a'), 80));
  CHECK(refused.starts_with("eddy: cannot look up \"aaa"));
  const std::string no_service = co_await ending(resolve("127.0.0.1", "no such service"));
  CHECK(no_service.starts_with("eddy: cannot look up \"127.0.0.1\": "));
  CHECK_THROWS_AS(eddy::system_lookup("a..b", "80", AF_UNSPEC), eddy::ResolveError);
}

EDDY_LOOP_TEST_CASE("a deadline ends the wait at once, and the lookup ends by itself", "[real]") {
  Hanging state;
  hanging = &state;
  run_real([&]() -> eddy::Task<> {
    const OpensAtEnd opens(state.gate);
    try {
      co_await resolve("slow.example", 80, {.timeout = 20ms, .lookup = &hang});
      FAIL("it did not hang");
    } catch (const eddy::TimeoutError& error) {
      CHECK(error.what() == std::string("eddy: the lookup of \"slow.example\" took too long"));
    }
    CHECK(state.ended == 0);
    state.gate.open();
    co_await until_one_task_is_left();
    CHECK(state.ended == state.begun);  // on a busy machine its thread may have come too late to begin
  });
  CHECK(take_reports().empty());
}

EDDY_LOOP_TEST_CASE("run waits in the end for a lookup that was left", "[real]") {
  Hanging state;
  hanging = &state;
  run_real([&]() -> eddy::Task<> {
    const OpensAtEnd opens(state.gate);
    auto caller = eddy::create_task(resolve("slow.example", 80, {.lookup = &hang}));
    co_await until(state.begun, 1);
    caller.cancel();
    (void)co_await ending(caller);
    CHECK(state.ended == 0);
  });
  CHECK(state.ended == 1);
}

EDDY_LOOP_TEST_CASE("a cancelled caller, or one whose own timeout passes, does not wait for the lookup", "[real]") {
  Hanging state;
  hanging = &state;
  run_real([&]() -> eddy::Task<> {
    const OpensAtEnd opens(state.gate);
    auto caller = eddy::create_task(resolve("slow.example", 80, {.lookup = &hang}));
    co_await until(state.begun, 1);
    caller.cancel();
    const std::string how = co_await ending(caller);
    CHECK(how == "CancelledError ");
    CHECK(state.ended == 0);
    CHECK(eddy::all_tasks().size() == 2);  // this one, and the lookup
    const auto nothing_yet = co_await eddy::move_on_after(10ms, resolve("slow.example", 80, {.lookup = &hang}));
    CHECK_FALSE(nothing_yet.has_value());
    CHECK(state.ended == 0);
    state.gate.open();
    co_await until_one_task_is_left();
    CHECK(state.ended == state.begun);
  });
  CHECK(take_reports().empty());
}

EDDY_LOOP_TEST_CASE("a lookup that has not started when its caller goes never does", "[real]") {
  Hanging state;
  hanging = &state;
  asked.times = 0;
  run_real([&]() -> eddy::Task<> {
    const OpensAtEnd opens(state.gate);
    const auto most = static_cast<int>(eddy::ThreadPool::default_size());
    std::vector<eddy::TaskHandle<Addresses>> all;
    for (int i = 0; i < most; ++i) all.push_back(eddy::create_task(resolve("slow.example", 80, {.lookup = &hang})));
    co_await until(state.begun, most);
    const std::string late = co_await ending_by_kind(resolve("a", 80, {.timeout = 5ms, .lookup = &two_families}));
    CHECK(late == "TimeoutError");
    state.gate.open();
    co_await eddy::gather(std::move(all));
    const Addresses after = co_await resolve("b", 80, {.lookup = &two_families});
    CHECK(after.size() == 2);
    CHECK(asked.times == 1);
  });
}

EDDY_TEST_CASE("many names are looked up at a time", "[real]") {
  std::vector<eddy::Task<Addresses>> lookups;
  for (int i = 0; i < 100; ++i)
    lookups.push_back(
        resolve("a", static_cast<std::uint16_t>(i), {.lookup = [](const std::string&, const std::string& service, int) {
                  return Addresses{SocketAddress::ipv4("192.0.2.1", static_cast<std::uint16_t>(std::stoi(service)))};
                }}));
  const auto found = co_await eddy::gather(std::move(lookups));
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i].front().port() == i);
}

TEST_CASE("interleave_families takes the families by turns", "[io]") {
  const Addresses mixed = addresses_of({"::1", "::2", "::3", "1.1.1.1", "2.2.2.2"});
  CHECK(texts(eddy::interleave_families(mixed)) == std::vector<std::string>{"::1", "1.1.1.1", "::2", "2.2.2.2", "::3"});
  CHECK(texts(eddy::interleave_families(mixed, 0)) == texts(eddy::interleave_families(mixed)));
  CHECK(texts(eddy::interleave_families(mixed, 2)) ==
        std::vector<std::string>{"::1", "::2", "1.1.1.1", "::3", "2.2.2.2"});
  for (const std::size_t count : {std::size_t{3}, std::size_t{9}, SIZE_MAX})
    CHECK(texts(eddy::interleave_families(mixed, count)) == texts(mixed));
  const Addresses v4_first = addresses_of({"1.1.1.1", "::1", "2.2.2.2", "3.3.3.3", "::2"});
  CHECK(texts(eddy::interleave_families(v4_first)) ==
        std::vector<std::string>{"1.1.1.1", "::1", "2.2.2.2", "::2", "3.3.3.3"});
  const Addresses one = addresses_of({"1.1.1.1", "2.2.2.2"});
  CHECK(eddy::interleave_families(one) == one);
  CHECK(eddy::interleave_families({}).empty());
}
