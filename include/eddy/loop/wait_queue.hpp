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

enum class NeverAsks { whether_it_waits };
// A place in a wait list.
struct WaitNode : ListHook {
  WaitNode() noexcept : loop(nullptr) {}
  // For those who never ask whether they are in a list: nothing is stored.
  explicit WaitNode(NeverAsks) noexcept {}

  ReadyNode* target;  // what runs when it is woken
  Scheduler* loop;    // null while it is not in a list
};

class WaitQueue {
 public:
  [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
  [[nodiscard]] WaitNode* front() const noexcept { return list_.front(); }
  [[nodiscard]] WaitNode* after(WaitNode* node) const noexcept { return list_.after(node); }
  // The one after `node`, or the first at the end.
  [[nodiscard]] static WaitNode* after_in_circle(WaitNode* node) noexcept {
    return IntrusiveList<WaitNode>::after_in_circle(node);
  }

  void add(WaitNode* node, ReadyNode* target, Scheduler* loop) noexcept { add(node, target, loop, front()); }
  // The same where `first`, what `front` gives, is at hand already.
  void add(WaitNode* node, ReadyNode* target, Scheduler* loop, WaitNode* first) noexcept {
    node->target = target;
    list_.push_back(node, first);
    node->loop = loop;
  }
  // Takes a node out that has not been woken.
  void remove(WaitNode* node) noexcept {
    list_.remove(node);
    node->loop = nullptr;
  }
  // Wakes one waiter (defined in scheduler.hpp).
  void wake(WaitNode* node) noexcept;
  // Wakes the first waiter; there is one.
  void wake_front() noexcept;
  // The same, and puts it into `woken`.
  void wake_front_into(IntrusiveList<WaitNode>& woken) noexcept;
  EDDY_NOINLINE void wake_all() noexcept {
    while (!empty()) wake_front();
  }

 private:
  IntrusiveList<WaitNode> list_;
};

}  // namespace eddy::inline EDDY_ABI::detail
