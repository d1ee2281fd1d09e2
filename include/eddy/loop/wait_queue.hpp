// WaitQueue: the one wait list. Locks, queues, futures and finished tasks all wake their waiters through it.
//
// A waiter brings its node (it is part of the awaiter, in the waiting frame) and is woken in the order of arrival. To
// wake is to push the waiter's strand, or its callback, to the ready queue; nothing runs inline.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>
#include <eddy/base/intrusive_list.hpp>

namespace eddy::inline EDDY_ABI::detail {

struct ReadyNode;
struct Scheduler;

struct WaitNode : ListHook {
  ReadyNode* target = nullptr;  // what runs when it is woken
  Scheduler* loop = nullptr;    // null while it is not in a list
};

class WaitQueue {
 public:
  [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
  [[nodiscard]] WaitNode* front() const noexcept { return list_.front(); }
  [[nodiscard]] WaitNode* after(WaitNode* node) const noexcept { return list_.after(node); }

  void add(WaitNode* node, ReadyNode* target, Scheduler* loop) noexcept {
    node->target = target;
    node->loop = loop;
    list_.push_back(node);
  }
  // Takes a node out that has not been woken.
  void remove(WaitNode* node) noexcept {
    list_.remove(node);
    node->loop = nullptr;
  }
  // Wakes one waiter (defined in scheduler.hpp).
  void wake(WaitNode* node) noexcept;
  EDDY_NOINLINE void wake_all() noexcept {
    while (WaitNode* node = list_.front()) wake(node);
  }

 private:
  IntrusiveList<WaitNode> list_;
};

}  // namespace eddy::inline EDDY_ABI::detail
