// TLS over sockets whose system calls fail below OpenSSL: the error is told with its number, and no byte is lost to an
// interruption or a short call.
//
// SPDX-License-Identifier: MIT
#include "support/fault_scenario.hpp"
#include "support/run.hpp"
#include "support/tls.hpp"

#include <eddy/io/socket_stream.hpp>
#include <eddy/io/tls.hpp>

#include <stdexcept>
#include <string>
#include <utility>

using namespace test;
using namespace test::faults;

namespace {

using SecureSocket = eddy::TlsStream<eddy::SocketStream>;

eddy::Task<> send_and_end(SecureSocket stream, const std::string& data) {
  co_await stream.write(data);
  co_await stream.write_eof();
  const std::string nothing = co_await stream.read_all(0);
  if (!nothing.empty()) throw std::logic_error("something came back");
}
// What has come before a read that fails is there for the next one.
eddy::Task<std::string> receive(SecureSocket stream, Told& told) {
  const auto reading = [&] { return stream.read_all(1 << 22); };
  std::string got = co_await again(told, reading);
  co_await stream.write_eof();
  co_return got;
}

}  // namespace

EDDY_LOOP_TEST_CASE("whichever call below TLS fails, it is told with its number, and no byte is lost",
                    "[large][order][faults][tls]") {
  const std::string data(300'000, 'x');
  const eddy::TlsContext client = client_context();
  const eddy::TlsContext server = server_context();
  const auto scenario = [&](Told& told) -> eddy::Task<> {
    auto pair = again_now(told, [] { return eddy::open_socket_pair(); });
    auto connecting = eddy::tls_connect(std::move(pair.first), client, "localhost");
    auto accepting = eddy::tls_accept(std::move(pair.second), server);
    auto both = co_await eddy::gather(std::move(connecting), std::move(accepting));
    auto sending = send_and_end(std::move(std::get<0>(both)), data);
    auto receiving = receive(std::move(std::get<1>(both)), told);
    auto results = co_await eddy::gather(std::move(sending), std::move(receiving));
    if (std::get<1>(results) != data) throw std::logic_error("what came is not what was sent");
  };
  Expected expected;
  expected.reactors = {eddy::ReactorKind::poll};
  expected.false_readiness = true;
  expected.tolerated = {"shutdown"};
  expected.fatal = {"read/socket", "send", "shutdown", "fstat"};  // of a handshake there is no second half
  expected.impossible = {{"shutdown", EAGAIN}};
  const auto failed = fail_each_call(scenario, expected);
  check_covered(failed, {"system_calls.hpp: read, send"});
}
