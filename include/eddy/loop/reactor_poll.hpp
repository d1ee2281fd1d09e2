// PollReactor: the portable reactor, over poll(2). Chosen by an option or by EDDY_REACTOR=poll.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/reactor.hpp>

#include <cerrno>
#include <cstddef>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <system_error>
#include <vector>

namespace eddy::inline EDDY_ABI::detail {

template <class Entry>
class PollReactorOf final : public Reactor {
 public:
  void watch(int fd, bool read, bool write) override {
    if (fd < 0) throw std::system_error(EBADF, std::generic_category(), "eddy: not a descriptor");
    const auto events = static_cast<short>((read ? POLLIN | POLLRDHUP : 0) | (write ? POLLOUT : 0));
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].fd != fd) continue;
      if (events == 0) {
        entries_[i] = entries_.back();
        entries_.pop_back();
      } else {
        entries_[i].events = events;
      }
      return;
    }
    if (events == 0) return;
    check(fd);
    entries_.push_back({fd, events, 0});
  }

  void poll(Duration timeout, ReactorSink& sink) noexcept override {
    timespec limit{};
    if (timeout > Duration::zero()) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
      limit.tv_sec = static_cast<time_t>(seconds.count());
      limit.tv_nsec = static_cast<long>((timeout - seconds).count());
    }
    if (::ppoll(entries_.data(), entries_.size(), timeout < Duration::zero() ? nullptr : &limit, nullptr) <= 0) return;
    seen_ = entries_;  // what is told may change the entries
    for (const Entry& entry : seen_) {
      const bool failed = (entry.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
      const bool ended = failed || (entry.revents & POLLRDHUP) != 0;
      if ((entry.events & POLLIN) && ((entry.revents & POLLIN) || ended)) sink.ready(entry.fd, Interest::read, ended);
      if ((entry.events & POLLOUT) && ((entry.revents & POLLOUT) || failed)) sink.ready(entry.fd, Interest::write, failed);
    }
  }

 private:
  // poll(2) takes anything; this refuses what epoll refuses.
  static void check(int fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) throw std::system_error(errno, std::generic_category(), "eddy: not a descriptor");
    if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
      throw std::system_error(EPERM, std::generic_category(),
                              "eddy: this kind of file cannot be waited for (a regular file is always ready)");
  }

  std::vector<Entry> entries_;
  std::vector<Entry> seen_;
};
using PollReactor = PollReactorOf<pollfd>;

}  // namespace eddy::inline EDDY_ABI::detail
