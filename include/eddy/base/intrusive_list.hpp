// IntrusiveList: the one doubly linked list of the library. Whoever waits brings the node; the list is one pointer.
//
// The list is circular: the head's `prev` is the tail. Adding, and removing from anywhere, take constant time and never
// allocate. Every wait list, the list of tasks and each group's list of children is one.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

namespace eddy::inline EDDY_ABI::detail {

struct ListHook {
  ListHook* prev;
  ListHook* next;
};

// `Node` derives from ListHook. A hook holds no state of its own: its owner knows whether it is linked.
template <class Node>
class IntrusiveList {
 public:
  [[nodiscard]] bool empty() const noexcept { return head_ == nullptr; }
  [[nodiscard]] Node* front() const noexcept { return static_cast<Node*>(head_); }
  // The node after `node`, or null at the end.
  [[nodiscard]] Node* after(Node* node) const noexcept {
    ListHook* next = static_cast<ListHook*>(node)->next;
    return next == head_ ? nullptr : static_cast<Node*>(next);
  }
  // The node after `node`, or the first one at the end.
  [[nodiscard]] static Node* after_in_circle(Node* node) noexcept {
    return static_cast<Node*>(static_cast<ListHook*>(node)->next);
  }

  void push_back(Node* node) noexcept { push_back(node, front()); }
  // The same where `head`, what `front` gives, is at hand already.
  void push_back(Node* node, Node* head) noexcept {
    ListHook* hook = hook_of(node);
    if (head == nullptr) {
      hook->prev = hook->next = hook;
      head_ = hook;
    } else {
      ListHook* first = head;
      ListHook* tail = first->prev;
      hook->next = first;
      first->prev = hook;
      hook->prev = tail;
      tail->next = hook;
    }
  }
  void remove(Node* node) noexcept {
    ListHook* hook = hook_of(node);
    if (hook->next == hook) {
      head_ = nullptr;
      return;
    }
    hook->prev->next = hook->next;
    hook->next->prev = hook->prev;
    if (head_ == hook) head_ = hook->next;
  }
  // Takes out the first node; there is one.
  void remove_front() noexcept {
    ListHook* first = head_;
    ListHook* second = first->next;
    if (second == first) {
      head_ = nullptr;
      return;
    }
    ListHook* tail = first->prev;
    head_ = second;
    second->prev = tail;
    tail->next = second;
  }
  Node* pop_front() noexcept {
    Node* node = front();
    if (node != nullptr) remove_front();
    return node;
  }

 private:
  static ListHook* hook_of(Node* node) noexcept { return &static_cast<ListHook&>(*node); }  // no test for null
  ListHook* head_ = nullptr;
};

}  // namespace eddy::inline EDDY_ABI::detail
