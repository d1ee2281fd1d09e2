// Servers whose accept4 fails: what is skipped, what makes them pause, and how many calls a connection takes.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include "support/sockets.hpp"
#include "support/system_faults.hpp"

#include <eddy/io.hpp>

#include <cerrno>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

using namespace test;
using test::faults::Injection;

namespace {

eddy::Task<> hold(eddy::SocketStream stream) {
  const auto rest = co_await stream.read_all(1000);
  (void)rest;
}
eddy::Task<> until(const eddy::Server& server, std::size_t connections) {
  while (server.connections() != connections) co_await eddy::sleep(1ms);
}
eddy::Task<> until_injected(Injection& injection) {
  while (injection.injected() == 0) co_await eddy::sleep(1ms);
}
eddy::Task<> close_and_wait(eddy::Server& server) {
  server.close();
  server.close_clients();
  co_await server.wait_closed();
}

}  // namespace

EDDY_TEST_CASE("a connection that was aborted is skipped, and the next one served", "[socket][c372]") {
  if (!faults::kAvailable) co_return;
  for (const int error : {ECONNABORTED, EPROTO, EPERM, ENETUNREACH, EINTR}) {
    auto server = co_await eddy::start_server(hold, "127.0.0.1", 0);
    Injection injection("accept4", 1, error);
    const auto first = co_await eddy::connect(server.addresses().front());
    const auto second = co_await eddy::connect(server.addresses().front());
    co_await until(server, 2);
    CHECK(injection.injected() == 1);
    CHECK(take_reports().empty());
    co_await close_and_wait(server);
  }
}

EDDY_TEST_CASE("connections that are aborted without end leave the others their turns", "[socket][c372]") {
  if (!faults::kAvailable) co_return;
  auto server = co_await eddy::start_server(hold, "127.0.0.1", 0);
  std::optional<Injection> injection;
  injection.emplace("accept4", 1, ECONNABORTED, true);
  const auto stream = co_await eddy::connect(server.addresses().front());
  co_await eddy::sleep(5ms);
  CHECK(injection->injected() > 0);
  CHECK(server.connections() == 0);
  injection.reset();
  co_await until(server, 1);
  co_await close_and_wait(server);
}

EDDY_TEST_CASE("a report of a connection that is not there does no harm", "[socket][c372]") {
  if (!faults::kAvailable) co_return;
  auto server = co_await eddy::start_server(hold, "127.0.0.1", 0);
  Injection injection("accept4", 1, EAGAIN);
  const auto first = co_await eddy::connect(server.addresses().front());
  co_await until_injected(injection);
  const auto second = co_await eddy::connect(server.addresses().front());
  co_await until(server, 2);
  co_await close_and_wait(server);
}

EDDY_TEST_CASE("a server that runs out of descriptors or memory pauses, says so once, and goes on", "[socket][c372]") {
  if (!faults::kAvailable) co_return;
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EINVAL}) {
    auto server = co_await eddy::start_server(hold, "127.0.0.1", 0);
    const auto begin = now();
    std::optional<Injection> injection;
    injection.emplace("accept4", 1, error, true);
    const auto stream = co_await eddy::connect(server.addresses().front());
    co_await until_injected(*injection);
    co_await eddy::sleep(20ms);
    CHECK(injection->injected() == 1);  // it does not spin
    injection.reset();
    if (error == EMFILE) {
      co_await until(server, 1);
      CHECK(now() - begin >= 1s);
    }
    const auto reports = take_reports();
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].find("a server pauses, since it cannot accept connections") != std::string::npos);
    CHECK(reports[0].find("accepting a connection failed: " + std::generic_category().message(error)) != std::string::npos);
    co_await close_and_wait(server);
  }
}

EDDY_TEST_CASE("a pause ends early when a connection does", "[socket][c372]") {
  if (!faults::kAvailable) co_return;
  auto server = co_await eddy::start_server(hold, "127.0.0.1", 0);
  auto first = co_await eddy::connect(server.addresses().front());
  co_await until(server, 1);
  Injection injection("accept4", 1, EMFILE);
  const auto second = co_await eddy::connect(server.addresses().front());
  co_await until_injected(injection);
  const auto begin = now();
  const auto handled = injection.calls()["accept4"];
  first.close();
  while (injection.calls()["accept4"] == handled) co_await eddy::sleep(1ms);
  co_await until(server, 1);
  CHECK(now() - begin < 900ms);
  CHECK(take_reports().size() == 1);
  co_await close_and_wait(server);
}

EDDY_TEST_CASE("a pause ends at once when the server is closed", "[socket][c372]") {
  if (!faults::kAvailable) co_return;
  auto server = co_await eddy::start_server(hold, "127.0.0.1", 0);
  Injection injection("accept4", 1, EMFILE);
  const auto stream = co_await eddy::connect(server.addresses().front());
  co_await until_injected(injection);
  const auto begin = now();
  co_await close_and_wait(server);
  CHECK(now() - begin < 900ms);
  CHECK(take_reports().size() == 1);
}

EDDY_TEST_CASE("a connection takes one call of accept4, and one more finds that there is no other", "[socket][c385]") {
  if (!faults::kAvailable) co_return;
  auto server = co_await eddy::start_server(hold, "127.0.0.1", 0);
  std::vector<eddy::SocketStream> streams;
  {
    Injection counter;
    co_await eddy::sleep(2ms);
    CHECK(counter.calls()["accept4"] == 0);
    for (std::size_t i = 1; i <= 5; ++i) {
      streams.push_back(co_await eddy::connect(server.addresses().front()));
      co_await until(server, i);
      co_await eddy::sleep(1ms);
      CHECK(counter.calls()["accept4"] == 2 * i);
    }
  }
  streams.clear();
  co_await until(server, 0);
  {
    Injection counter;
    std::vector<eddy::Descriptor> clients;
    const auto address = server.addresses().front();
    for (int i = 0; i < 50; ++i) {
      clients.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      (void)::connect(clients.back().get(), address.data(), address.size());
    }
    co_await until(server, 50);
    co_await eddy::sleep(1ms);
    CHECK(counter.calls()["accept4"] == 51);
  }
  co_await close_and_wait(server);
}

EDDY_TEST_CASE("starting a server fails cleanly, whichever call fails", "[socket]") {
  if (!faults::kAvailable) co_return;
  for (const char* call : {"socket", "bind", "listen"}) {
    const std::size_t before = open_descriptors();
    for (const std::size_t nth : {1U, 2U}) {
      Injection injection(call, nth, ENOMEM);
      try {
        auto server = co_await eddy::start_server(hold, "", 0);
        FAIL("started without " << call);
      } catch (const std::system_error& error) {
        CHECK(error.code().value() == ENOMEM);
      }
      CHECK(injection.injected() == 1);
    }
    CHECK(open_descriptors() == before);
  }
}
