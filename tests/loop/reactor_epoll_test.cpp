// Tests of eddy/loop/reactor_epoll.hpp and eddy/loop/reactor_poll.hpp: both do the same.
// SPDX-License-Identifier: MIT
#include <eddy/loop/reactor_epoll.hpp>
#include <eddy/loop/reactor_poll.hpp>

#include "support/catch.hpp"
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace {

using eddy::detail::EpollReactor;
using eddy::detail::Interest;
using eddy::detail::PollReactor;
using eddy::detail::Reactor;
using Events = std::vector<std::pair<int, Interest>>;

struct Sink final : eddy::detail::ReactorSink {
  void ready(int fd, Interest interest, bool for_good) noexcept override {
    events.emplace_back(fd, interest);
    ended = ended || for_good;
  }
  Events events;
  bool ended = false;
};

Events poll(Reactor& reactor, eddy::Duration timeout = 0s) {
  Sink sink;
  reactor.poll(timeout, sink);
  return sink.events;
}

struct SocketPair {
  SocketPair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == 0); }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;
  ~SocketPair() {
    for (const int end : fd) ::close(end);
  }
  void send() const { REQUIRE(::write(fd[1], "x", 1) == 1); }
  int fd[2] = {-1, -1};
};

int error_of_watching(Reactor& reactor, int fd) {
  try {
    reactor.watch(fd, true, false);
  } catch (const std::system_error& e) {
    return e.code().value();
  }
  return 0;
}

}  // namespace

TEMPLATE_TEST_CASE("reading and writing on one descriptor are watched independently", "[loop][socket][c345]",
                   EpollReactor, PollReactor) {
  TestType reactor;
  const SocketPair pair;
  const int fd = pair.fd[0];
  reactor.watch(fd, true, false);
  CHECK(poll(reactor).empty());
  reactor.watch(fd, true, true);
  CHECK(poll(reactor) == Events{{fd, Interest::write}});
  pair.send();
  CHECK(poll(reactor) == Events{{fd, Interest::read}, {fd, Interest::write}});
  reactor.watch(fd, true, false);
  CHECK(poll(reactor) == Events{{fd, Interest::read}});
  CHECK(poll(reactor) == Events{{fd, Interest::read}});  // level-triggered
  reactor.watch(fd, false, false);
  CHECK(poll(reactor).empty());
}

TEST_CASE("what is attached is reported once, and again when there is something new", "[loop][socket]") {
  EpollReactor reactor;
  const SocketPair pair;
  const int fd = pair.fd[0];
  REQUIRE(reactor.attach(fd, true));
  CHECK(poll(reactor) == Events{{fd, Interest::write}});
  CHECK(poll(reactor).empty());
  pair.send();
  CHECK(poll(reactor) == Events{{fd, Interest::read}, {fd, Interest::write}});
  CHECK(poll(reactor).empty());  // although it can still be read
  pair.send();
  CHECK(poll(reactor).size() == 2);
  reactor.watch(fd, false, false);
  pair.send();
  CHECK(poll(reactor).empty());
}

TEST_CASE("a descriptor that is attached for reading is not reported as writable until it is attached for both", "[loop][socket]") {
  EpollReactor reactor;
  const SocketPair pair;
  const int fd = pair.fd[0];
  REQUIRE(reactor.attach(fd, false));
  CHECK(poll(reactor).empty());
  pair.send();
  CHECK(poll(reactor) == Events{{fd, Interest::read}});
  REQUIRE(reactor.attach(fd, true));
  CHECK(poll(reactor) == Events{{fd, Interest::read}, {fd, Interest::write}});  // what is so now counts as new
}

TEST_CASE("poll(2) cannot attach, and leaves it to the owner to be watched while he waits", "[loop][socket]") {
  PollReactor reactor;
  const SocketPair pair;
  CHECK_FALSE(reactor.attach(pair.fd[0], true));
  CHECK(poll(reactor).empty());
}

TEMPLATE_TEST_CASE("a report says whether it is for good", "[loop][socket]", EpollReactor, PollReactor) {
  TestType reactor;
  SocketPair pair;
  pair.send();
  reactor.watch(pair.fd[0], true, true);
  Sink alive;
  reactor.poll(0s, alive);
  CHECK(alive.events.size() == 2);
  CHECK_FALSE(alive.ended);
  ::close(pair.fd[1]);
  pair.fd[1] = ::dup(pair.fd[0]);
  Sink gone;
  reactor.poll(0s, gone);
  CHECK(gone.events.size() == 2);
  CHECK(gone.ended);
}

TEMPLATE_TEST_CASE("a poll waits no longer than its timeout, and no shorter", "[loop][real][c200]", EpollReactor,
                   PollReactor) {
  TestType reactor;
  const auto start = std::chrono::steady_clock::now();
  CHECK(poll(reactor, 3ms + 1ns).empty());
  const auto waited = std::chrono::steady_clock::now() - start;
  CHECK(waited >= 3ms);
  CHECK(waited < 5s);
}

TEMPLATE_TEST_CASE("a closed descriptor can still be unwatched, and its number watched anew", "[loop][socket][c347]",
                   EpollReactor, PollReactor) {
  TestType reactor;
  const SocketPair old_pair, new_pair;
  const int fd = ::dup(old_pair.fd[0]);
  REQUIRE(fd >= 0);
  reactor.watch(fd, true, false);
  ::close(fd);
  REQUIRE(::dup2(new_pair.fd[0], fd) == fd);
  reactor.watch(fd, false, false);  // nothing is left to unwatch
  reactor.watch(fd, true, false);
  new_pair.send();
  CHECK(poll(reactor) == Events{{fd, Interest::read}});
  ::close(fd);
  CHECK_NOTHROW(reactor.watch(fd, false, false));
}

TEMPLATE_TEST_CASE("a descriptor that was closed and opened again while it was watched can be watched for more",
                   "[loop][socket][c347]", EpollReactor, PollReactor) {
  TestType reactor;
  SocketPair pair;
  const SocketPair other;
  reactor.watch(pair.fd[0], true, false);
  ::close(pair.fd[0]);  // takes it out of an epoll set
  REQUIRE(::dup2(other.fd[0], pair.fd[0]) == pair.fd[0]);
  reactor.watch(pair.fd[0], true, true);
  CHECK(poll(reactor) == Events{{pair.fd[0], Interest::write}});
}

TEMPLATE_TEST_CASE("regular files, closed descriptors and negative numbers are refused with the kernel's error",
                   "[loop][c350]", EpollReactor, PollReactor) {
  TestType reactor;
  char path[] = "/tmp/eddy-reactor-XXXXXX";
  const int file = ::mkstemp(path);
  REQUIRE(file >= 0);
  ::unlink(path);
  CHECK(error_of_watching(reactor, file) == EPERM);
  ::close(file);
  CHECK(error_of_watching(reactor, file) == EBADF);
  CHECK(error_of_watching(reactor, -1) == EBADF);
  const SocketPair pair;  // and a refused one leaves nothing behind
  CHECK(error_of_watching(reactor, pair.fd[0]) == 0);
}

TEMPLATE_TEST_CASE("an error and a hang-up make a descriptor ready for whatever it is watched for",
                   "[loop][socket][c354]", EpollReactor, PollReactor) {
  TestType reactor;
  int ends[2];
  REQUIRE(::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
  reactor.watch(ends[1], false, true);
  reactor.watch(ends[0], true, false);
  CHECK(poll(reactor) == Events{{ends[1], Interest::write}});
  reactor.watch(ends[1], false, false);
  const std::vector<char> zeros(4096);
  while (::write(ends[1], zeros.data(), zeros.size()) > 0) {
  }
  reactor.watch(ends[0], false, false);
  reactor.watch(ends[1], false, true);
  CHECK(poll(reactor).empty());  // it is full
  ::close(ends[0]);
  CHECK(poll(reactor) == Events{{ends[1], Interest::write}});  // an error: the reader is gone
  ::close(ends[1]);
}

TEMPLATE_TEST_CASE("the end of the other side makes a descriptor readable", "[loop][socket][c354]", EpollReactor,
                   PollReactor) {
  TestType reactor;
  SocketPair pair;
  reactor.watch(pair.fd[0], true, false);
  ::shutdown(pair.fd[1], SHUT_WR);
  CHECK(poll(reactor) == Events{{pair.fd[0], Interest::read}});
}
