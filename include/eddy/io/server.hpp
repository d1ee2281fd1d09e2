// start_server: a server that runs a handler, a task of its own, for each connection.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callable.hpp>
#include <eddy/base/scope_exit.hpp>
#include <eddy/io/resolver.hpp>
#include <eddy/io/server_state.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

namespace detail {

inline Task<> serve_until_closed(std::shared_ptr<ServerState> server) {
  const ScopeExit close([&server]() noexcept { server->close(); });
  co_await server->closing().wait();
}
inline Task<> wait_until_ended(std::shared_ptr<ServerState> server) { co_await server->ended().wait(); }
inline Task<> do_nothing() { co_return; }

}  // namespace detail

/// A server that accepts connections, made by `start_server`. It can be moved. Its end closes it: connections that are open
/// run on, as tasks of the loop, and the end of `run` cancels those that are left. So what their handler refers to must outlive
/// `run`; or end them before, by `close_clients` and `wait_closed`.
///
/// Threads: the loop's. Source: asyncio.Server.
class Server {
 public:
  explicit Server(std::shared_ptr<detail::ServerState> state) noexcept : state_(std::move(state)) {}
  Server(Server&&) noexcept = default;
  Server& operator=(Server&& other) noexcept {
    if (this == &other) return *this;
    if (state_ != nullptr) state_->close();
    state_ = std::move(other.state_);
    return *this;
  }
  ~Server() {
    if (state_ != nullptr) state_->close();
  }

  /// Stops accepting, at once: the port is free, the path of a Unix socket removed, and whoever waits in the backlog is
  /// reset. Connections that are open go on. A second call does nothing. Source: Server.close.
  void close() noexcept {
    if (state_ != nullptr) state_->close();
  }
  /// Completes when the server is closed and the handlers of all connections have ended. A handler that waits for its own
  /// server waits for ever. Source: Server.wait_closed.
  Task<> wait_closed() const { return detail::wait_until_ended(shared()); }
  /// Cancels the handlers of the connections that are open; each one's stream is closed when it has ended. Accepting goes on
  /// unless `close` was called before. Source: Server.close_clients.
  void close_clients() const { shared()->close_clients(); }
  /// Completes when the server is closed.
  /// Cancellation: closes the server, and leaves the connections, as `close` does; before its first step it does nothing.
  /// Source: Server.serve_forever.
  Task<> serve_forever() const { return detail::serve_until_closed(shared()); }

  /// True until it is closed. Source: Server.is_serving.
  [[nodiscard]] bool is_serving() const noexcept { return state_ != nullptr && state_->is_serving(); }
  /// How many connections are open: their handlers have not ended, or not begun yet.
  [[nodiscard]] std::size_t connections() const noexcept { return state_ == nullptr ? 0 : state_->connections(); }
  /// Where it listens, or did before it was closed; with the port that the system chose if zero was asked for.
  /// Source: Server.sockets.
  [[nodiscard]] std::vector<SocketAddress> addresses() const {
    std::vector<SocketAddress> addresses;
    for (const detail::Listener& listener : shared()->listeners()) addresses.push_back(listener.address());
    return addresses;
  }
  /// The port on which it listens. Errors: InvalidStateError for a Unix socket.
  [[nodiscard]] std::uint16_t port() const { return shared()->listeners().front().address().port(); }

  /// For `async_with`, which closes the server at the end and waits for its connections.
  Task<> aenter() const { return detail::do_nothing(); }
  /// The same.
  Task<> aexit() {
    close();
    return wait_closed();
  }

 private:
  [[nodiscard]] const std::shared_ptr<detail::ServerState>& shared() const {
    if (state_ == nullptr) detail::throw_misuse("this Server was moved from");
    return state_;
  }

  std::shared_ptr<detail::ServerState> state_;
};

namespace detail {

// With the handler and its arguments, which all connections share.
template <class F, class... Args>
class ServerOf final : public ServerState {
 public:
  template <class Fn, class... As>
  explicit ServerOf(const ServerOptions& options, Fn&& fn, As&&... args)
      : ServerState(options), fn_(std::forward<Fn>(fn)), args_(std::forward<As>(args)...) {}
  Task<> handle(SocketStream stream) override {
    return std::apply([&](const Args&... args) { return fn_(std::move(stream), args...); }, args_);
  }

 private:
  F fn_;
  std::tuple<Args...> args_;
};

template <class F, class... Args>
constexpr bool check_handler() {
  constexpr bool kCallable = std::is_invocable_v<std::decay_t<F>&, SocketStream, const std::decay_t<Args>&...>;
  static_assert(kCallable,
                "eddy: this function cannot handle a connection: it is called with a SocketStream, by value, and with "
                "the further arguments, which all connections share: what it takes by non-const reference must be given as std::ref");
  check_callable<F>();
  if constexpr (kCallable) {
    constexpr bool kTask = std::is_same_v<std::invoke_result_t<std::decay_t<F>&, SocketStream, const std::decay_t<Args>&...>, Task<>>;
    static_assert(kTask, "eddy: the handler of a connection is a coroutine that returns eddy::Task<>");
    return kTask;
  }
  return false;
}

template <class F, class... Args>
std::shared_ptr<ServerState> make_server(const ServerOptions& options, F&& handler, Args&&... args) {
  if (options.max_connections == 0) throw std::invalid_argument("eddy: a server with max_connections = 0 would serve nobody");
  return std::make_shared<ServerOf<std::decay_t<F>, std::decay_t<Args>...>>(options, std::forward<F>(handler),
                                                                            std::forward<Args>(args)...);
}

inline Task<Server> open_server(std::shared_ptr<ServerState> state, std::vector<SocketAddress> addresses) {
  state->listen(open_listeners(addresses, state->options()));
  Server server(state);  // closes it if a task cannot be started
  for (const Listener& listener : state->listeners()) create_task(accept_connections(Acceptor(state, listener.socket())));
  co_return server;
}

inline Task<Server> open_server(std::shared_ptr<ServerState> state, std::string host, std::uint16_t port) {
  ResolveOptions options;
  options.family = state->options().family;
  options.lookup = state->options().lookup;
  options.passive = true;
  auto addresses = co_await resolve(std::move(host), port, options);
  co_return co_await open_server(std::move(state), std::move(addresses));
}

}  // namespace detail

/// Completes with a server that listens on all addresses of `host` at `port`, and calls `handler(stream, args…)`, a coroutine
/// function, as a task of its own for each connection. Handler and arguments are moved or copied into the server, which all
/// connections share. An empty host means all addresses of this machine; port zero lets the system choose one, the same for
/// all addresses: `Server::port`.
///
/// What a handler throws goes to the loop's exception handler, and the server goes on. While descriptors or memory are short
/// (EMFILE, ENFILE, ENOBUFS, ENOMEM) it accepts nothing, tries again after a second or once a connection has ended, and says
/// so once to the exception handler.
/// Errors: std::system_error whose text names the address, such as EADDRINUSE, EACCES; ResolveError; std::invalid_argument.
/// An address that this machine has not got, such as IPv6, is left out unless it is the only one.
/// Complexity: a connection takes one `accept4` call, and one more finds the backlog empty. Source: asyncio.start_server.
template <class F, class... Args>
Task<Server> start_server(F&& handler, std::string host, std::uint16_t port, ServerOptions options = {},
                                        Args&&... args) {
  if constexpr (detail::check_handler<F, Args...>()) {
    auto state = detail::make_server(options, std::forward<F>(handler), std::forward<Args>(args)...);
    return detail::open_server(std::move(state), std::move(host), port);
  }
}
/// The same on one address, TCP or Unix (see start_unix_server).
template <class F, class... Args>
Task<Server> start_server(F&& handler, SocketAddress address, ServerOptions options = {}, Args&&... args) {
  if constexpr (detail::check_handler<F, Args...>()) {
    auto state = detail::make_server(options, std::forward<F>(handler), std::forward<Args>(args)...);
    return detail::open_server(std::move(state), std::vector<SocketAddress>(1, address));
  }
}

}  // namespace eddy::inline EDDY_ABI
