// Every system call of io/ fails once, in each way that it can: nothing is lost, nothing leaks, nobody waits for ever.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include "support/system_faults.hpp"
#include <eddy/io.hpp>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace test;
using test::faults::Injection;
using test::faults::kOneByte;

// NOLINTBEGIN: these have the C library's names and types.
#if !defined(__SANITIZE_THREAD__)
namespace {

// True if the call is to fail; errno says how. `size` becomes one if one byte is to be moved.
bool fails(const char* name, std::size_t* size = nullptr) {
  const auto error = Injection::ask(name, size != nullptr);
  if (!error) return false;
  if (*error == kOneByte) {
    if (*size > 1) *size = 1;
    return false;
  }
  errno = *error;
  return true;
}

}  // namespace

extern "C" {
ssize_t read(int fd, void* data, size_t size) {
  return fails("read", &size) ? -1 : ::syscall(SYS_read, fd, data, size);
}
ssize_t write(int fd, const void* data, size_t size) {
  return fails("write", &size) ? -1 : ::syscall(SYS_write, fd, data, size);
}
ssize_t send(int fd, const void* data, size_t size, int flags) {
  return fails("send", &size) ? -1 : ::syscall(SYS_sendto, fd, data, size, flags, nullptr, 0);
}
ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  std::size_t size = 2;
  if (fails("sendmsg", &size)) return -1;
  if (size == 1 && message->msg_iovlen > 0) {
    iovec first = message->msg_iov[0];
    if (first.iov_len > 1) first.iov_len = 1;
    return ::syscall(SYS_sendto, fd, first.iov_base, first.iov_len, flags, nullptr, 0);
  }
  return ::syscall(SYS_sendmsg, fd, message, flags);
}
ssize_t sendto(int fd, const void* data, size_t size, int flags, const sockaddr* to, socklen_t to_size) {
  return fails("sendto") ? -1 : ::syscall(SYS_sendto, fd, data, size, flags, to, to_size);
}
ssize_t recvfrom(int fd, void* space, size_t size, int flags, sockaddr* from, socklen_t* from_size) {
  return fails("recvfrom") ? -1 : ::syscall(SYS_recvfrom, fd, space, size, flags, from, from_size);
}
ssize_t writev(int fd, const iovec* parts, int count) {
  std::size_t size = 2;
  if (fails("writev", &size)) return -1;
  if (size == 1 && count > 0) return ::syscall(SYS_write, fd, parts->iov_base, parts->iov_len > 1 ? 1 : parts->iov_len);
  return ::syscall(SYS_writev, fd, parts, count);
}
int socket(int family, int type, int protocol) {
  return fails("socket") ? -1 : static_cast<int>(::syscall(SYS_socket, family, type, protocol));
}
int socketpair(int family, int type, int protocol, int* ends) {
  return fails("socketpair") ? -1 : static_cast<int>(::syscall(SYS_socketpair, family, type, protocol, ends));
}
int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  return fails("accept4") ? -1 : static_cast<int>(::syscall(SYS_accept4, fd, address, size, flags));
}
int connect(int fd, const sockaddr* address, socklen_t size) {
  return fails("connect") ? -1 : static_cast<int>(::syscall(SYS_connect, fd, address, size));
}
int bind(int fd, const sockaddr* address, socklen_t size) {
  return fails("bind") ? -1 : static_cast<int>(::syscall(SYS_bind, fd, address, size));
}
int listen(int fd, int backlog) { return fails("listen") ? -1 : static_cast<int>(::syscall(SYS_listen, fd, backlog)); }
int shutdown(int fd, int how) { return fails("shutdown") ? -1 : static_cast<int>(::syscall(SYS_shutdown, fd, how)); }
int pipe2(int* ends, int flags) { return fails("pipe2") ? -1 : static_cast<int>(::syscall(SYS_pipe2, ends, flags)); }
int setsockopt(int fd, int level, int name, const void* value, socklen_t size) {
  return fails("setsockopt") ? -1 : static_cast<int>(::syscall(SYS_setsockopt, fd, level, name, value, size));
}
int getsockopt(int fd, int level, int name, void* value, socklen_t* size) {
  return fails("getsockopt") ? -1 : static_cast<int>(::syscall(SYS_getsockopt, fd, level, name, value, size));
}
int epoll_ctl(int epoll, int what, int fd, epoll_event* event) {
  return fails("epoll_ctl") ? -1 : static_cast<int>(::syscall(SYS_epoll_ctl, epoll, what, fd, event));
}
}
#endif
// NOLINTEND

namespace {

using eddy::ReactorKind;

// What a run of a scenario came to.
struct Result {
  bool finished = false;
  int error = 0;  // of a std::system_error
  std::string other;
};

// The environment's choice of a reactor, put back at the end.
class SavedReactor {
 public:
  SavedReactor() {
    if (const char* value = std::getenv("EDDY_REACTOR")) value_ = value;
  }
  SavedReactor(const SavedReactor&) = delete;
  SavedReactor& operator=(const SavedReactor&) = delete;
  ~SavedReactor() {
    if (value_) {
      ::setenv("EDDY_REACTOR", value_->c_str(), 1);
    } else {
      ::unsetenv("EDDY_REACTOR");
    }
  }

 private:
  std::optional<std::string> value_;
};

// Runs `body` on the real clock with a limit of its own: who waits for ever has lost a wake-up.
template <class F>
Result run_scenario(F body, ReactorKind reactor) {
  const SavedReactor saved;
  Result result;
  const auto guarded = [&]() -> eddy::Task<> {
    try {
      co_await eddy::timeout(10s, body());
      result.finished = true;
    } catch (const eddy::TimeoutError&) {
      result.other = "nothing went on";
    } catch (const std::system_error& error) {
      result.error = error.code().value();
    } catch (const std::exception& error) {
      result.other = error.what();
    }
  };
  ::setenv("EDDY_REACTOR", reactor == ReactorKind::poll ? "poll" : "epoll", 1);
  try {
    run_test(guarded, {.real_time = true});
  } catch (const std::system_error& error) {  // the loop itself could not be made
    result.error = error.code().value();
  }
  (void)take_reports();
  return result;
}

eddy::Task<> send_all(eddy::SocketStream stream, const std::string& data) {
  co_await stream.write(std::string_view(data).substr(0, 1000));
  const std::string_view rest = std::string_view(data).substr(1000);
  const std::string_view parts[] = {rest.substr(0, 10), rest.substr(10, 0), rest.substr(10)};
  co_await stream.write(parts);
  co_await stream.write_eof();
}
eddy::Task<std::string> receive_all(eddy::SocketStream stream) {
  std::string got = co_await stream.read_exactly(10);
  got += co_await stream.read_until("x");
  got += co_await stream.read_all(1 << 22);
  co_return got;
}

// Half a megabyte through a pair of sockets, which has to wait for room. `got` is what came.
eddy::Task<> through_a_pair(const std::string& data, std::string& got) {
  got.clear();
  auto [left, right] = eddy::open_socket_pair();
  auto results = co_await eddy::gather(send_all(std::move(left), data), receive_all(std::move(right)));
  got = std::move(std::get<1>(results));
}

std::string pattern(std::size_t size) {
  std::string data;
  for (std::size_t i = 0; i < size; ++i) data += static_cast<char>('a' + i % 26);
  return data;
}

// Makes each call that a good run makes fail, one at a time, with each error; `judge` looks at what came of it.
template <class F, class Judge>
void fail_each_call(F scenario, ReactorKind reactor, const std::vector<int>& errors, Judge judge) {
  std::map<std::string, std::size_t> calls;
  {
    Injection count;
    const Result good = run_scenario(scenario, reactor);
    REQUIRE(good.finished);
    calls = count.calls();
  }
  std::size_t runs = 0;
  for (const auto& [name, times] : calls) {
    // What a waker writes and reads goes through the same calls; the loop must survive that, too.
    const std::size_t step = times > 12 ? times / 12 : 1;
    for (std::size_t nth = 1; nth <= times; nth += step) {
      for (const int error : errors) {
        Injection injection(name, nth, error);
        const Result result = run_scenario(scenario, reactor);
        INFO(name << " number " << nth << " of " << times << " fails with " << error << ": finished " << result.finished
                  << ", error " << result.error << " " << result.other);
        judge(name, error, injection.injected() > 0, result);
        ++runs;
      }
    }
  }
  CHECK(runs > 0);
}

const std::vector<int> kFatal{ECONNRESET, EPIPE, ENOBUFS, EMFILE, ENFILE, ENOMEM, EIO};

}  // namespace

EDDY_LOOP_TEST_CASE("an error of any call through a pair of sockets is told with its number, and nothing leaks",
                    "[socket][faults][c367]") {
  if (!faults::kAvailable) return;
  const std::string data = pattern(500'000);
  std::string got;
  for (const ReactorKind reactor : {ReactorKind::epoll, ReactorKind::poll}) {
    fail_each_call([&] { return through_a_pair(data, got); }, reactor, kFatal,
                   [&](const std::string&, int error, bool injected, const Result& result) {
                     CHECK(result.other.empty());
                     if (injected && !result.finished) CHECK((result.error == error || result.error == EPIPE));
                     if (result.finished) CHECK((got == data));
                   });
  }
}

EDDY_LOOP_TEST_CASE("an interrupted call is made again, and no byte is lost", "[socket][faults][c367]") {
  if (!faults::kAvailable) return;
  const std::string data = pattern(500'000);
  std::string got;
  for (const ReactorKind reactor : {ReactorKind::epoll, ReactorKind::poll}) {
    fail_each_call([&] { return through_a_pair(data, got); }, reactor, {EINTR},
                   [&](const std::string& name, int, bool, const Result& result) {
                     if (name == "epoll_ctl" || name == "setsockopt") return;  // these are never interrupted
                     CHECK(result.finished);
                     CHECK((got == data));
                   });
  }
}

EDDY_LOOP_TEST_CASE("a descriptor that is not ready after all, and calls that move one byte, lose nothing", "[socket][faults][c367]") {
  if (!faults::kAvailable) return;
  const std::string data = pattern(500'000);
  std::string got;
  // Where the kernel is asked for levels: it does not tell an edge again because of what it never said.
  fail_each_call([&] { return through_a_pair(data, got); }, ReactorKind::poll, {EAGAIN, kOneByte},
                 [&](const std::string& name, int, bool, const Result& result) {
                   if (name != "read" && name != "send" && name != "sendmsg") return;
                   CHECK(result.finished);
                   CHECK((got == data));
                 });
}

namespace {

void mix(std::uint64_t seeds) {
  const std::string data = pattern(20'000);
  std::string got;
  const int harmless[] = {EINTR, EAGAIN, kOneByte};
  std::uint64_t injected = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Injection injection(seed, 2 + seed % 8, harmless, 3);
    const Result result = run_scenario([&] { return through_a_pair(data, got); }, ReactorKind::poll);
    injected += injection.injected();
    INFO("seed " << seed << ": error " << result.error << " " << result.other);
    REQUIRE(result.finished);
    REQUIRE((got == data));
  }
  CHECK(injected > seeds);
}

}  // namespace

EDDY_LOOP_TEST_CASE("any mix of interruptions, short calls and false readiness loses nothing", "[socket][faults]") {
  if (!faults::kAvailable) return;
  mix(50);
}
EDDY_LOOP_TEST_CASE("a hundred thousand mixes lose nothing", "[.][nightly]") {
  if (!faults::kAvailable) return;
  mix(100'000);
}
