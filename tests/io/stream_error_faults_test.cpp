// What the errors of io/ say when a system call fails: a table of calls, of errors and of sentences.
//
// SPDX-License-Identifier: MIT
#include <eddy/io.hpp>

#include "support/run.hpp"
#include "support/system_faults.hpp"
#include "support/temporary_folder.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <exception>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace test;
using eddy::SocketAddress;
using test::faults::Injection;

namespace {

std::string with_reason(const std::string& what, int error) {
  return what + ": " + std::generic_category().message(error);
}

struct Fault {
  const char* name;  // of the call that fails
  int error;
  std::string sentence;  // in front of the reason
  std::function<void()> call;
};
void check(const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) {
    std::string text = "nothing was thrown";
    {
      const Injection injection(fault.name, 1, fault.error);
      try {
        fault.call();
      } catch (const std::system_error& error) {
        text = error.what();
      }
    }
    CHECK(text == with_reason(fault.sentence, fault.error));
  }
}
// The same for what is awaited. What a job of a thread needs must outlive it.
struct AwaitedFault {
  const char* name;
  int error;
  std::string sentence;
  std::function<eddy::Task<>()> work;
};
eddy::Task<> check_awaited(const std::vector<AwaitedFault>& faults) {
  for (const AwaitedFault& fault : faults) {
    std::string text = "nothing was thrown";
    {
      const Injection injection(fault.name, 1, fault.error);
      try {
        co_await fault.work();
      } catch (const std::system_error& error) {
        text = error.what();
      }
    }
    CHECK(text == with_reason(fault.sentence, fault.error));
  }
}

template <class A>
eddy::Task<> drop(A work) {
  (void)co_await std::move(work);
}

const SocketAddress kNowhere = SocketAddress::ipv4("127.0.0.1", 9);

}  // namespace

EDDY_TEST_CASE("a socket, a pipe or a pair that the system refuses says what was wanted", "[socket][faults]") {
  if (!faults::kAvailable) co_return;
  auto [left, right] = eddy::open_socket_pair();
  eddy::UdpSocket udp = eddy::UdpSocket::bind(SocketAddress::ipv4("127.0.0.1", 0));
  check({
      {"socket", EMFILE, "eddy: cannot make a UDP socket", [] { (void)eddy::UdpSocket::bind(kNowhere); }},
      {"connect", ENETUNREACH, "eddy: cannot connect a UDP socket to 127.0.0.1:9",
       [] { (void)eddy::UdpSocket::connect(kNowhere); }},
      {"setsockopt", ENOBUFS, "eddy: cannot set an option of a UDP socket",
       [] { (void)eddy::UdpSocket::bind(kNowhere, {.reuse_address = true}); }},
      {"setsockopt", ENOBUFS, "eddy: cannot set an option of a UDP socket", [&] { udp.set_broadcast(true); }},
      {"setsockopt", ENOBUFS, "eddy: cannot set an option of a socket", [&] { left.set_keep_alive(true); }},
      {"getsockname", ENOBUFS, "eddy: the system does not tell a socket's own address", [&] { (void)left.local_address(); }},
      {"getpeername", ENOBUFS, "eddy: the system does not tell the address of a socket's other end",
       [&] { (void)left.peer_address(); }},
      {"socketpair", EMFILE, "eddy: cannot make a pair of sockets", [] { (void)eddy::open_socket_pair(); }},
      {"pipe2", EMFILE, "eddy: cannot make a pipe", [] { (void)eddy::open_pipe(); }},
  });
  const eddy::ConnectOptions from{.local_address = SocketAddress::ipv4("127.0.0.1", 0)};
  const auto receive = [&]() -> eddy::Task<> {
    char space[8];
    co_await udp.send_to("x", udp.local_address());
    (void)co_await udp.receive_from(space);
  };
  const std::vector<AwaitedFault> awaited = {
      {"socket", EMFILE, "eddy: no socket for 127.0.0.1:9", [] { return drop(eddy::connect(kNowhere)); }},
      {"bind", EADDRNOTAVAIL, "eddy: cannot begin a connection at 127.0.0.1:0",
       [&] { return drop(eddy::connect(kNowhere, from)); }},
      {"recvfrom", ENOMEM, "eddy: no datagram was received", receive},
  };
  co_await check_awaited(awaited);
}

EDDY_TEST_CASE("a file that cannot be replaced or looked at is named, with what was tried", "[real][faults]") {
  if (!faults::kAvailable) co_return;
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "file";
  const std::filesystem::path fifo = folder / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  co_await eddy::write_file(path, "text");
  const auto named = [](const std::string& what, const std::filesystem::path& which) {
    return "eddy: " + what + " \"" + which.native() + '"';
  };
  const auto write = [&] { return eddy::write_file(path, "other"); };
  const auto size = [&]() -> eddy::Task<> {
    eddy::File file = co_await eddy::open_file(path);
    const Injection injection("fstat", 1, EIO);  // opening asks, too
    (void)co_await file.size();
  };
  const std::vector<AwaitedFault> awaited = {
      {"getrandom", ENOSYS, named("cannot name a temporary file for", path), write},
      {"fchmod", EPERM, named("cannot keep the permissions of", path), write},
      {"rename", EXDEV, named("cannot replace", path), write},
      {"fstat", EIO, named("cannot examine", path), [&] { return drop(eddy::open_file(path)); }},
  };
  co_await check_awaited(awaited);
  std::string text;
  try {
    co_await size();
  } catch (const std::system_error& error) {
    text = error.what();
  }
  CHECK(text == with_reason(named("cannot examine", path), EIO));
  check({{"fstat", EIO, named("cannot examine", fifo), [&] { (void)eddy::open_fifo_reader(fifo); }}});
  const std::string kept = co_await eddy::read_file(path);
  CHECK(kept == "text");
}

EDDY_TEST_CASE("a child process that cannot be started says what it could not get", "[real][faults]") {
  if (!faults::kAvailable) co_return;
  const auto start = [](eddy::Redirect input, eddy::Redirect errors = {}) {
    eddy::ProcessOptions options;
    options.input = input;
    options.errors = errors;
    (void)eddy::create_subprocess_exec("true", options);
  };
  const std::string prepared = "eddy: posix_spawn cannot be prepared";
  check({
      {"posix_spawn_file_actions_init", ENOMEM, prepared, [&] { start({}); }},
      {"posix_spawnattr_init", ENOMEM, prepared, [&] { start({}); }},
      {"posix_spawn_file_actions_adddup2", ENOMEM, prepared, [&] { start(eddy::Redirect::null()); }},
      {"open", EMFILE, "eddy: cannot open /dev/null for a child process", [&] { start(eddy::Redirect::null()); }},
      {"pipe2", EMFILE, "eddy: cannot make a pipe to a child process", [&] { start(eddy::Redirect::pipe()); }},
      {"fcntl/F_SETFL", EPERM, "eddy: cannot make a child's end of a pipe blocking", [&] { start(eddy::Redirect::pipe()); }},
      {"fcntl/F_DUPFD_CLOEXEC", EMFILE, "eddy: cannot duplicate a descriptor for a child process",
       [&] { start(eddy::Redirect::descriptor(0)); }},
      {"pidfd_open", EMFILE, "eddy: a child process cannot be waited for, and was killed (pidfd_open)", [&] { start({}); }},
  });
  eddy::Process sleeper = eddy::create_subprocess_exec({"sleep", "60"});
  check({{"pidfd_send_signal", EPERM, "eddy: sending a signal to a child process failed", [&] { (void)sleeper.kill(); }}});
  (void)sleeper.kill();
  std::string lost;
  {
    const Injection injection("waitid", 1, ECHILD);
    try {
      (void)co_await sleeper.wait();
    } catch (const std::system_error& error) {
      lost = error.what();
    }
  }
  CHECK(lost == with_reason("eddy: how a child process has ended is not known, since another part of this program has reaped "
                            "it, or ignores SIGCHLD",
                            ECHILD));
}
