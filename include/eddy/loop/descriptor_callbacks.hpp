// DescriptorCallbacks: what add_reader and add_writer keep: functions that are called whenever a descriptor is ready.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callback.hpp>
#include <eddy/loop/descriptor_table.hpp>
#include <eddy/loop/exception_handler.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::detail {

class DescriptorCallbacks {
 public:
  DescriptorCallbacks(EventLoop& loop, Scheduler& scheduler, DescriptorTable& table) noexcept
      : loop_(loop), scheduler_(scheduler), table_(table) {}
  DescriptorCallbacks(const DescriptorCallbacks&) = delete;
  DescriptorCallbacks& operator=(const DescriptorCallbacks&) = delete;

  void add(int fd, Interest interest, Callback<void()> fn) {
    if (Watch* watch = find(fd, interest)) {
      watch->fn = std::make_shared<Callback<void()>>(std::move(fn));
      unlink(*watch);  // also a call that is queued: it was the old function's
      arm(*watch);
      return;
    }
    auto watch = std::make_unique<Watch>(*this, fd, interest, std::move(fn));
    watches_.reserve(watches_.size() + 1);
    arm(*watch);
    watches_.push_back(std::move(watch));
  }
  bool remove(int fd, Interest interest) noexcept {
    for (std::size_t i = 0; i < watches_.size(); ++i) {
      if (watches_[i]->fd != fd || watches_[i]->interest != interest) continue;
      unlink(*watches_[i]);
      watches_.erase(watches_.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
    return false;
  }
  // The descriptor whose callback this is; -1 if it is another's.
  [[nodiscard]] static int descriptor_of(const CallbackNode* node) noexcept {
    return node->run == &Watch::run_it ? static_cast<const Watch*>(node)->fd : -1;
  }
  void clear() noexcept {
    for (auto& watch : watches_) unlink(*watch);
    watches_.clear();
  }

 private:
  struct Watch final : CallbackNode {
    Watch(DescriptorCallbacks& owner, int descriptor, Interest what, Callback<void()> function)
        : CallbackNode(&Watch::run_it), set(owner), fd(descriptor), interest(what),
          fn(std::make_shared<Callback<void()>>(std::move(function))) {}
    static void run_it(CallbackNode* node) {
      auto* self = static_cast<Watch*>(node);
      self->armed = false;
      self->set.call(self->fd, self->interest, self->fn);
    }
    DescriptorCallbacks& set;
    int fd;
    Interest interest;
    bool armed = false;  // in the table, or queued
    std::shared_ptr<Callback<void()>> fn;
  };

  // Calls the function, which may remove or replace itself, and watches again unless it has.
  void call(int fd, Interest interest, std::shared_ptr<Callback<void()>> fn) noexcept {
    try {
      (*fn)();
    } catch (...) {
      report(&loop_, "the callback of add_reader or add_writer threw an exception", std::current_exception());
    }
    Watch* watch = find(fd, interest);
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
    for (auto& watch : watches_) {
      if (watch->fd == fd && watch->interest == interest) return watch.get();
    }
    return nullptr;
  }
  void unlink(Watch& watch) noexcept {
    if (watch.state == State::callback) {
      scheduler_.unqueue(&watch);
    } else if (watch.armed) {
      table_.cancel(watch.fd, watch.interest);
    }
    watch.armed = false;
  }

  EventLoop& loop_;
  Scheduler& scheduler_;
  DescriptorTable& table_;
  std::vector<std::unique_ptr<Watch>> watches_;
};

}  // namespace eddy::inline EDDY_ABI::detail
