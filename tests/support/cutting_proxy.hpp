// A TCP proxy before a server, which lets so many bytes of what the server says through and then ends the connection.
//
// It knows TLS's records apart, so that a test can cut before, inside and behind the header of each.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/combine/race.hpp>
#include <eddy/io/server.hpp>
#include <eddy/io/tcp.hpp>
#include <eddy/task/sleep.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace test {

class CuttingProxy {
 public:
  // What comes then: RST; FIN; nothing, and the connection stays.
  enum class End : unsigned char { reset, close, hang };
  static constexpr std::size_t kWhole = std::numeric_limits<std::size_t>::max();

  static eddy::Task<CuttingProxy> start(std::uint16_t server_port) {
    CuttingProxy made;
    made.state_ = std::make_shared<State>();
    made.state_->server_port = server_port;
    made.server_ = co_await eddy::start_server(&CuttingProxy::serve, "127.0.0.1", 0, {}, made.state_);
    co_return made;
  }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  // For the connections that come from now on.
  void cut(std::size_t after, End end) {
    state_->after = after;
    state_->end = end;
    state_->passed = 0;
    state_->records.clear();
  }
  // How much of what the server said since then has passed.
  [[nodiscard]] std::size_t passed() const { return state_->passed; }
  // Where it can be cut, `passed()` being the whole: in the headers of TLS's records at each `header_step`-th byte, at each
  // `step`-th of all, and at each of the last `tail` ones.
  [[nodiscard]] std::set<std::size_t> places(std::size_t step, std::size_t tail, std::size_t header_step = 1) const {
    std::set<std::size_t> found;
    const std::size_t whole = passed();
    for (const std::size_t begin : state_->records) {
      for (std::size_t i = 0; i <= kHeader && begin + i < whole; i += header_step) found.insert(begin + i);
    }
    for (std::size_t at = 0; at < whole; at += step) found.insert(at);
    for (std::size_t at = whole > tail ? whole - tail : 0; at < whole; ++at) found.insert(at);
    return found;
  }
  eddy::Task<> close() {
    server_->close();
    server_->close_clients();
    co_await server_->wait_closed();
  }

 private:
  static constexpr std::size_t kHeader = 5;  // the length is in its last two bytes
  struct State {
    std::uint16_t server_port = 0;
    std::size_t after = kWhole;
    End end = End::reset;
    std::size_t passed = 0;
    std::vector<std::size_t> records;  // where they begin
  };
  using Shared = std::shared_ptr<State>;

  static eddy::Task<> serve(eddy::SocketStream client, const Shared& shared) {
    const Shared state = shared;
    try {
      auto server = co_await eddy::open_connection("127.0.0.1", state->server_port);
      eddy::Task<> up = carry(client, server);
      eddy::Task<> down = carry_until_cut(server, client, *state);
      co_await eddy::race(std::move(up), std::move(down));
      if (state->end == End::reset) client.abort();
    } catch (const std::system_error&) {
      co_return;  // one of them has reset it
    }
  }
  static eddy::Task<> carry(eddy::SocketStream& from, eddy::SocketStream& to) {
    char space[16'384];
    for (;;) {
      const std::size_t count = co_await from.read_some(std::span<char>(space));
      if (count == 0) co_return;
      co_await to.write(std::string_view(space, count));
    }
  }
  static eddy::Task<> carry_until_cut(eddy::SocketStream& from, eddy::SocketStream& to, State& state) {
    char space[16'384];
    std::size_t position = 0;
    std::size_t next_record = 0;
    std::size_t length = 0;
    for (;;) {
      if (position == state.after) {
        while (state.end == End::hang) co_await eddy::sleep(std::chrono::hours(1));
        co_return;
      }
      const std::size_t count = co_await from.read_some(std::span<char>(space));
      if (count == 0) co_return;
      const std::size_t taken = std::min(count, state.after - position);
      for (std::size_t i = 0; i < taken; ++i) {
        const std::size_t at = position + i - next_record;
        if (at == 0) state.records.push_back(next_record);
        if (at == 3 || at == 4) length = length << 8 | static_cast<unsigned char>(space[i]);
        if (at == 4) next_record += kHeader + std::exchange(length, 0);
      }
      co_await to.write(std::string_view(space, taken));
      position += taken;
      state.passed += taken;
    }
  }

  std::shared_ptr<State> state_;
  std::optional<eddy::Server> server_;
};

}  // namespace test
