// AdoptedDescriptors: descriptors of a C library that is known to say when it closes one.
//
// So they stay with the reactor while the library wants nothing of them for a moment, as it does between two requests
// on a connection that is kept: to want the same again costs no system call. What is ready is collected while the loop
// looks, and told after it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callback.hpp>
#include <eddy/loop/close_hooks.hpp>
#include <eddy/loop/descriptor_table.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/ready_queue.hpp>

#include <cerrno>
#include <cstddef>
#include <exception>
#include <system_error>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::detail {

class AdoptedDescriptors final : CallbackNode, ReactorSink, CloseHook {
 public:
  struct Owner {
    // Called by the loop, outside of every task, when there is something to be told: calls `tell_all`, and sees to it
    // that this object lives so long.
    virtual void run() noexcept = 0;
    // Called by that. It may release descriptors, and call `close`.
    virtual void tell(int fd, bool readable, bool writable) = 0;

   protected:
    ~Owner() = default;
  };

  AdoptedDescriptors(EventLoop& loop, Owner& owner) noexcept
      : CallbackNode(&AdoptedDescriptors::run_it), loop_(&loop), owner_(owner) {}
  AdoptedDescriptors(const AdoptedDescriptors&) = delete;
  AdoptedDescriptors& operator=(const AdoptedDescriptors&) = delete;
  ~AdoptedDescriptors() { close(); }

  [[nodiscard]] bool has(int fd) const noexcept {
    return fd >= 0 && static_cast<std::size_t>(fd) < entries_.size() && entry(fd).adopted;
  }
  [[nodiscard]] bool wants_write(int fd) const noexcept { return has(fd) && (entry(fd).wanted & kWrite) != 0; }
  // Errors: std::system_error, std::bad_alloc.
  void adopt(int fd) {
    release(fd);  // if the library had forgotten to say so
    if (loop_ == nullptr) throw_gone();
    if (fd < 0) throw std::system_error(EBADF, std::generic_category(), "eddy: not a descriptor");
    if (static_cast<std::size_t>(fd) >= entries_.size()) entries_.resize(static_cast<std::size_t>(fd) + 1);
    events_.reserve(count_ + 1);
    told_.reserve(count_ + 1);
    (void)table().attach(fd, this, false);
    if (count_++ == 0) EventLoop::Internals::close_hooks(*loop_).push_back(this);
    entry(fd) = {};
    entry(fd).adopted = true;
  }
  // What is wanted from now on. Errors: std::system_error.
  void watch(int fd, bool read, bool write) {
    Entry& here = entry(fd);
    want(here, kRead, read);
    want(here, kWrite, write);
    // There is nearly always room to write, so that must end at once; what there is to be read can be seen when it comes.
    const unsigned char armed = static_cast<unsigned char>(here.wanted | (here.armed & kRead));
    if (armed != here.armed) arm(fd, armed);
  }
  void unwatch(int fd) noexcept {
    try {
      watch(fd, false, false);
    } catch (const std::system_error&) {
      // It is told of once more, then, and that is not passed on.
    }
  }
  [[nodiscard]] std::size_t watched() const noexcept { return watched_; }
  void release(int fd) noexcept {
    if (!has(fd)) return;
    Entry& here = entry(fd);
    want(here, kRead, false);
    want(here, kWrite, false);
    here = {};
    if (loop_ == nullptr) return;
    table().detach(fd);
    if (--count_ == 0) EventLoop::Internals::close_hooks(*loop_).remove(this);
  }
  void tell_all() noexcept {
    told_.swap(events_);
    for (std::size_t i = 0; i < told_.size(); ++i) {
      const int fd = told_[i];
      Entry& here = entry(fd);
      const unsigned char came =
          std::exchange(here.came, static_cast<unsigned char>(0));  // none if it was released meanwhile
      const auto news = static_cast<unsigned char>(came & here.wanted);
      try {
        if (news != came && here.armed != here.wanted) arm(fd, here.wanted);
        if (news != 0) owner_.tell(fd, (news & kRead) != 0, (news & kWrite) != 0);
      } catch (...) {
        report(loop_, "a foreign library's function threw an exception", std::current_exception());
      }
    }
    told_.clear();
  }
  void close() noexcept {
    for (std::size_t fd = 0; fd < entries_.size(); ++fd) release(static_cast<int>(fd));
    if (loop_ != nullptr) EventLoop::Internals::scheduler(*loop_).unqueue(this);
    events_.clear();
    told_.clear();
  }

 private:
  static constexpr unsigned char kRead = 1;
  static constexpr unsigned char kWrite = 2;
  struct Entry {
    bool adopted = false;
    unsigned char wanted = 0;
    unsigned char armed = 0;  // what the reactor was told
    unsigned char came = 0;   // and not told yet
  };

  [[nodiscard]] Entry& entry(int fd) noexcept { return entries_[static_cast<std::size_t>(fd)]; }
  [[nodiscard]] const Entry& entry(int fd) const noexcept { return entries_[static_cast<std::size_t>(fd)]; }
  [[noreturn]] EDDY_COLD static void throw_gone() {
    throw std::system_error(ECANCELED, std::generic_category(), "eddy: the loop is closed");
  }
  [[nodiscard]] DescriptorTable& table() noexcept { return EventLoop::Internals::descriptors(*loop_); }
  void want(Entry& here, unsigned char direction, bool wanted) noexcept {
    if (wanted == ((here.wanted & direction) != 0)) return;
    if (here.wanted == 0) ++watched_;
    here.wanted = static_cast<unsigned char>(here.wanted ^ direction);
    if (here.wanted == 0) --watched_;
    if (loop_ == nullptr) return;
    wanted ? table().begin_wait() : table().end_wait();
  }
  void arm(int fd, unsigned char armed) {
    if (loop_ == nullptr) throw_gone();
    table().watch(fd, (armed & kRead) != 0, (armed & kWrite) != 0);
    entry(fd).armed = armed;
  }

  // While the loop looks: nothing may be closed now.
  void ready(int fd, Interest interest, bool) noexcept override {
    Entry& here = entry(fd);
    if (here.came == 0) events_.push_back(fd);  // there is room: see adopt
    here.came = static_cast<unsigned char>(here.came | (interest == Interest::read ? kRead : kWrite));
    if (state != State::callback) EventLoop::Internals::scheduler(*loop_).wake(this);
  }
  static void run_it(CallbackNode* node) { static_cast<AdoptedDescriptors*>(node)->owner_.run(); }

  void begin_close() noexcept override {}
  [[nodiscard]] bool closed() noexcept override { return true; }  // there is nothing to be waited for
  void detach() noexcept override { loop_ = nullptr; }

  EventLoop* loop_;  // null once it is gone
  Owner& owner_;
  std::vector<Entry> entries_;  // by descriptor
  std::vector<int> events_;
  std::vector<int> told_;
  std::size_t count_ = 0;
  std::size_t watched_ = 0;  // of them
};

}  // namespace eddy::inline EDDY_ABI::detail
