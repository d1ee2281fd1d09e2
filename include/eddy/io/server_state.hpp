// ServerState: what a server, its accepting tasks and its connections share. It lives as long as any of them.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/combine/timeout.hpp>
#include <eddy/io/listener.hpp>
#include <eddy/io/socket_stream.hpp>
#include <eddy/sync/event.hpp>
#include <eddy/task/create_task.hpp>
#include <eddy/task/sleep.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::detail {

class ServerState;

// A place among a server's connections: made before there is one, occupied by accepting, and left when the handler has
// ended and the stream is closed.
class Connection : public ListHook {
 public:
  explicit Connection(std::shared_ptr<ServerState> server) noexcept : server_(std::move(server)) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  [[nodiscard]] ServerState& server() const noexcept { return *server_; }
  void occupy(int fd) noexcept;
  // The socket as a stream, once.
  [[nodiscard]] SocketStream take_stream() { return std::move(stream_); }
  void make_stream() { stream_ = SocketStream(std::move(socket_)); }
  void set_task(TaskHandle<> task) {
    task_ = std::move(task);
    if (cancelled_) task_.cancel(Location());
  }
  // Also before it has a task.
  void cancel() {
    cancelled_ = true;
    if (task_.valid()) task_.cancel(Location());
  }

 private:
  std::shared_ptr<ServerState> server_;
  TaskHandle<> task_;
  Descriptor socket_;
  SocketStream stream_;
  bool occupied_ = false;
  bool cancelled_ = false;
};

class ServerState {
 public:
  explicit ServerState(const ServerOptions& options) : options_(options) {}
  ServerState(const ServerState&) = delete;
  ServerState& operator=(const ServerState&) = delete;
  virtual ~ServerState() = default;

  virtual Task<> handle(SocketStream stream) = 0;

  [[nodiscard]] const ServerOptions& options() const noexcept { return options_; }
  [[nodiscard]] const std::vector<Listener>& listeners() const noexcept { return listeners_; }
  [[nodiscard]] bool is_serving() const noexcept { return !closing_.is_set(); }
  [[nodiscard]] bool full() const noexcept { return count_ >= options_.max_connections; }
  [[nodiscard]] std::size_t connections() const noexcept { return count_; }

  void listen(std::vector<Listener> listeners) noexcept { listeners_ = std::move(listeners); }
  void close() noexcept {
    if (!is_serving()) return;
    closing_.set();
    for (Listener& listener : listeners_) listener.close();
    change();
    check_ended();
  }
  void close_clients() {
    for (Connection* connection = open_.front(); connection != nullptr; connection = open_.after(connection))
      connection->cancel();
  }

  // Who waits in them holds a reference to this.
  [[nodiscard]] Event& closing() noexcept { return closing_; }  // it accepts no longer
  [[nodiscard]] Event& ended() noexcept { return ended_; }      // and all connections have ended
  // Counts the connections that have ended; to close counts, too.
  [[nodiscard]] std::size_t changes() const noexcept { return changes_; }
  // Waits for the next of them.
  [[nodiscard]] EventAwaiter change_after_this() noexcept {
    changed_.clear();
    return changed_.wait();
  }

  void acceptor_begins() noexcept { ++acceptors_; }
  void acceptor_ended() noexcept {
    --acceptors_;
    check_ended();
  }
  void begin(Connection* connection) noexcept {
    ++count_;
    open_.push_back(connection);
  }
  void end(Connection* connection) noexcept {
    --count_;
    open_.remove(connection);
    change();
    check_ended();
  }

 private:
  void change() noexcept {
    ++changes_;
    changed_.set();
  }
  void check_ended() noexcept {
    if (!is_serving() && count_ == 0 && acceptors_ == 0) ended_.set();
  }

  ServerOptions options_;
  std::vector<Listener> listeners_;
  IntrusiveList<Connection> open_;
  std::size_t count_ = 0;  // of them
  std::size_t acceptors_ = 0;
  std::size_t changes_ = 0;
  Event closing_;
  Event ended_;
  Event changed_;
};

inline void Connection::occupy(int fd) noexcept {
  socket_.reset(fd);
  occupied_ = true;
  server_->begin(this);
}
inline Connection::~Connection() {
  stream_.close();
  if (occupied_) server_->end(this);
}

// Takes one connection out of the backlog.
class [[nodiscard("nothing is accepted until this is awaited: co_await it")]] AcceptOperation final : public DescriptorOperation {
 public:
  enum class Result : unsigned char { accepted, skipped, full, closed, failed };
  struct Answer {
    Result result;
    int error;  // the number, if it failed
  };

  AcceptOperation(AttachedDescriptor* on, Connection& to) noexcept : DescriptorOperation(on, Interest::read), to_(to) {}
  Answer await_resume() const noexcept {
    if (progress == Progress::closed) return {Result::closed, 0};
    return {progress == Progress::failed ? Result::failed : result_, error};
  }

 private:
  int attempt(AttachedDescriptor& on) noexcept override {
    result_ = Result::full;
    if (to_.server().full()) return 0;
    const int fd = sys::accept(on.fd(), nullptr, nullptr);
    if (fd < 0 && !concerns_a_connection(-fd)) return fd;
    result_ = fd < 0 ? Result::skipped : Result::accepted;
    if (fd >= 0) to_.occupy(fd);
    return 0;
  }
  // True for what has happened to the connection that was to be accepted: the next one may be well. See accept(2).
  static bool concerns_a_connection(int number) noexcept {
    switch (number) {
      case ECONNABORTED:
      case EPROTO:
      case EPERM:
      case ENETDOWN:
      case ENETUNREACH:
      case ENOPROTOOPT:
      case EHOSTDOWN:
      case EHOSTUNREACH:
      case ENONET: return true;
      default: return false;
    }
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "a connection"; }

  Connection& to_;
  Result result_ = Result::full;
};

inline Task<> serve_connection(std::unique_ptr<Connection> connection) {
  try {
    co_await connection->server().handle(connection->take_stream());
  } catch (const CancelledError&) {
    throw;
  } catch (...) {
    EventLoop& loop = get_running_loop();
    report(&loop, "the handler of a server's connection threw an exception", std::current_exception(), running_task(loop));
  }
}

inline void start_connection(std::unique_ptr<Connection> connection) {
  Connection& started = *connection;
  started.make_stream();
  started.set_task(create_task(serve_connection(std::move(connection))));
}

// The part of a server that accepts from one of its sockets. However that ends, the server accepts no longer.
class Acceptor {
 public:
  Acceptor(std::shared_ptr<ServerState> server, AttachedDescriptor* socket) noexcept
      : server_(std::move(server)), socket_(socket) {
    server_->acceptor_begins();
  }
  Acceptor(Acceptor&& other) noexcept : server_(std::move(other.server_)), socket_(other.socket_) {}
  Acceptor& operator=(Acceptor&&) = delete;
  ~Acceptor() {
    if (server_ == nullptr) return;
    server_->close();
    server_->acceptor_ended();
  }
  [[nodiscard]] const std::shared_ptr<ServerState>& server() const noexcept { return server_; }
  [[nodiscard]] AttachedDescriptor* socket() const noexcept { return socket_; }

 private:
  std::shared_ptr<ServerState> server_;
  AttachedDescriptor* socket_;
};

inline Task<> accept_connections(Acceptor acceptor) {
  using Result = AcceptOperation::Result;
  constexpr auto kPause = std::chrono::seconds(1);  // asyncio's ACCEPT_RETRY_DELAY

  const std::shared_ptr<ServerState>& server = acceptor.server();
  std::unique_ptr<Connection> next;
  bool was_short = false;
  while (server->is_serving()) {
    const std::size_t changes = server->changes();
    std::exception_ptr failure;
    Result result = Result::failed;
    try {
      if (next == nullptr) next = std::make_unique<Connection>(server);
      const AcceptOperation::Answer answer = co_await AcceptOperation(acceptor.socket(), *next);
      result = answer.result;
      if (result == Result::failed) throw_system_error(answer.error, "eddy: accepting a connection failed");
      if (result == Result::accepted) start_connection(std::move(next));
    } catch (...) {
      failure = std::current_exception();
      next = nullptr;
    }
    if (failure && !std::exchange(was_short, true))
      report(&get_running_loop(), "a server pauses, since it cannot accept connections", failure);
    const bool pauses = (failure || result == Result::full) && server->changes() == changes;
    if (pauses && failure) {
      co_await move_on_after(kPause, server->change_after_this());  // no descriptors or memory: it would fail again and again
    } else if (pauses) {
      co_await server->change_after_this();
    } else if (result == Result::skipped) {
      co_await yield();  // there may be many
    } else if (result == Result::accepted) {
      was_short = false;
    }
  }
}

}  // namespace eddy::inline EDDY_ABI::detail
