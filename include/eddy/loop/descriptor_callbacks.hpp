// DescriptorCallbacks: what add_reader and add_writer keep: functions that are called whenever a descriptor is ready.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callback.hpp>
#include <eddy/base/intrusive_list.hpp>
#include <eddy/loop/descriptor_table.hpp>
#include <eddy/loop/exception_handler.hpp>

#include <exception>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

class DescriptorCallbacks {
 public:
  DescriptorCallbacks(EventLoop& loop, Scheduler& scheduler, DescriptorTable& table) noexcept
      : loop_(loop), scheduler_(scheduler), table_(table) {}
  DescriptorCallbacks(const DescriptorCallbacks&) = delete;
  DescriptorCallbacks& operator=(const DescriptorCallbacks&) = delete;

  void add(int fd, Interest interest, Callback<void()> fn) {
    auto* watch = new Watch(*this, fd, interest, std::move(fn));
    if (remove(fd, interest)) {  // also a call that is queued: it was the old function's
      watches_.push_back(watch);
      arm(*watch);
      return;
    }
    try {
      arm(*watch);
    } catch (...) {
      watch->drop();
      throw;
    }
    watches_.push_back(watch);
  }
  bool remove(int fd, Interest interest) noexcept {
    Watch* watch = find(fd, interest);
    if (watch == nullptr) return false;
    forget(watch);
    return true;
  }
  // The descriptor whose callback this is; -1 if it is another's.
  [[nodiscard]] static int descriptor_of(const CallbackNode* node) noexcept {
    return node->run == &Watch::run_it ? static_cast<const Watch*>(node)->fd : -1;
  }
  void clear() noexcept {
    while (Watch* watch = watches_.front()) forget(watch);
  }

 private:
  struct Watch final : CallbackNode, ListHook {
    Watch(DescriptorCallbacks& owner, int descriptor, Interest what, Callback<void()> function) noexcept
        : CallbackNode(&Watch::run_it), set(owner), fd(descriptor), interest(what), fn(std::move(function)) {
      count = 1;  // the list's; one more while its function runs
    }
    static void run_it(CallbackNode* node) {
      auto* self = static_cast<Watch*>(node);
      self->armed = false;
      self->set.call(self);
    }
    void drop() noexcept {
      if (--count == 0) delete this;
    }
    DescriptorCallbacks& set;
    int fd;
    Interest interest;
    bool armed = false;  // in the table, or queued
    Callback<void()> fn;
  };

  // Calls the function, which may remove or replace itself, and watches again unless it has.
  void call(Watch* called) noexcept {
    ++called->count;
    try {
      called->fn();
    } catch (...) {
      report(&loop_, "the callback of add_reader or add_writer threw an exception", std::current_exception());
    }
    Watch* watch = find(called->fd, called->interest);
    called->drop();
    if (watch == nullptr || watch->armed) return;
    try {
      arm(*watch);
    } catch (...) {
      report(&loop_, "a descriptor of add_reader or add_writer cannot be watched any more", std::current_exception());
    }
  }
  void arm(Watch& watch) {
    table_.wait(watch.fd, watch.interest, static_cast<CallbackNode*>(&watch));
    watch.armed = true;
  }
  Watch* find(int fd, Interest interest) noexcept {
    Watch* watch = watches_.front();
    while (watch != nullptr && (watch->fd != fd || watch->interest != interest)) watch = watches_.after(watch);
    return watch;
  }
  void forget(Watch* watch) noexcept {
    if (watch->state == State::callback) {
      scheduler_.unqueue(watch);
    } else if (watch->armed) {
      table_.cancel(watch->fd, watch->interest);
    }
    watches_.remove(watch);
    watch->drop();
  }

  EventLoop& loop_;
  Scheduler& scheduler_;
  DescriptorTable& table_;
  IntrusiveList<Watch> watches_;
};

}  // namespace eddy::inline EDDY_ABI::detail
