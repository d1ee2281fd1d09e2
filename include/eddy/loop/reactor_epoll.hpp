// EpollReactor: the default reactor, over epoll(7).
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/fork_guard.hpp>
#include <eddy/loop/reactor.hpp>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace eddy::inline EDDY_ABI::detail {

template <class Mask>
class EpollReactorOf final : public Reactor {
 public:
  EpollReactorOf() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eddy: an event loop cannot be made (epoll_create1)");
  }
  ~EpollReactorOf() override { ::close(fd_); }

  void watch(int fd, bool read, bool write) override {
    set(fd, (read ? unsigned{EPOLLIN} | EPOLLRDHUP : 0U) | (write ? unsigned{EPOLLOUT} : 0U));
  }
  bool attach(int fd, bool write) override {
    set(fd, unsigned{EPOLLIN} | EPOLLRDHUP | EPOLLET | (write ? unsigned{EPOLLOUT} : 0U));
    return true;
  }

  void poll(Duration timeout, ReactorSink& sink) noexcept override {
    epoll_event events[64];
    const int count = wait(events, 64, timeout);
    for (int i = 0; i < count; ++i) {
      const auto fd = static_cast<int>(events[i].data.u64);
      const auto wanted = static_cast<unsigned>(events[i].data.u64 >> 32);
      const unsigned seen = events[i].events;
      const unsigned failed = seen & (unsigned{EPOLLERR} | EPOLLHUP);
      const unsigned ended = failed | (seen & EPOLLRDHUP);
      if ((wanted & EPOLLIN) && (seen & EPOLLIN || ended)) sink.ready(fd, Interest::read, ended != 0);
      if ((wanted & EPOLLOUT) && (seen & EPOLLOUT || failed)) sink.ready(fd, Interest::write, failed != 0);
    }
  }

 private:
  void set(int fd, unsigned wanted) {
    Mask& registered = entry(fd);
    if (wanted == registered || fork_guard_.in_child()) return;  // a child would change what its parent waits for
    if (wanted == 0) {
      // ENOENT and EBADF: it was closed first, which took it out.
      ::epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr);
      registered = 0;
      return;
    }
    epoll_event event{};
    event.events = wanted;
    // What is wanted comes back with each report, which spares a look at what is registered.
    event.data.u64 = static_cast<std::uint64_t>(wanted) << 32 | static_cast<unsigned>(fd);
    int op = registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    int result = ::epoll_ctl(fd_, op, fd, &event);
    if (result < 0 && (errno == ENOENT || errno == EEXIST)) {  // closed and opened again behind our back
      op = errno == ENOENT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
      result = ::epoll_ctl(fd_, op, fd, &event);
    }
    if (result < 0) {
      const int error = errno;
      throw std::system_error(error, std::generic_category(),
                              error == EPERM ? "eddy: this kind of file cannot be waited for (a regular file is always ready)"
                                             : "eddy: the system cannot wait for this descriptor (epoll_ctl)");
    }
    registered = wanted;
  }
  Mask& entry(int fd) {
    if (fd < 0) throw std::system_error(EBADF, std::generic_category(), "eddy: not a descriptor");
    const auto index = static_cast<std::size_t>(fd);
    if (index >= registered_.size()) registered_.resize(index + 1);
    return registered_[index];
  }

  int wait(epoll_event* events, int size, Duration timeout) noexcept {
    if (timeout <= Duration::zero()) return ::epoll_wait(fd_, events, size, timeout == Duration::zero() ? 0 : -1);
    if (!coarse_) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
      timespec precise{};
      precise.tv_sec = static_cast<time_t>(seconds.count());
      precise.tv_nsec = static_cast<long>((timeout - seconds).count());
      const int count = ::epoll_pwait2(fd_, events, size, &precise, nullptr);
      if (count >= 0 || errno != ENOSYS) return count;
      coarse_ = true;  // Linux before 5.11
    }
    const auto millis = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
    return ::epoll_wait(fd_, events, size, millis > INT_MAX ? INT_MAX : static_cast<int>(millis));
  }

  int fd_;
  bool coarse_ = false;
  ForkGuard fork_guard_;
  std::vector<Mask> registered_;  // by descriptor: what epoll was told
};
using EpollReactor = EpollReactorOf<unsigned>;

}  // namespace eddy::inline EDDY_ABI::detail
