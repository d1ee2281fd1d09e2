// ReadyQueue: the FIFO of strands and callbacks that can run, and CallbackNode, the callback in it.
//
// It is singly linked, so a strand costs one pointer and is never taken out again. A callback can be: it remembers the
// node that stood before it, which is still there unless the callback has become the first.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/frame.hpp>

#include <cstddef>
#include <initializer_list>

namespace eddy::inline EDDY_ABI::detail {

// A function that the loop calls in its turn. Timeouts, watchers of handles and the user's callbacks embed one.
struct CallbackNode : ReadyNode {
  explicit CallbackNode(void (*function)(CallbackNode*)) noexcept : run(function) {
    next = nullptr;
    count = 0;
    state = State::idle;  // `callback` while queued
    ended = Ended::no;
    flags = kCallback;
    size_class = 0;
  }
  CallbackNode(const CallbackNode&) = delete;
  CallbackNode& operator=(const CallbackNode&) = delete;

  void (*run)(CallbackNode*);
  ReadyNode* before = nullptr;  // the node before it when it was queued
};

class ReadyQueue {
 public:
  ReadyQueue() noexcept { stub_.next = nullptr; }
  ReadyQueue(const ReadyQueue&) = delete;
  ReadyQueue& operator=(const ReadyQueue&) = delete;

  [[nodiscard]] bool empty() const noexcept { return stub_.next == nullptr; }

  // How many there are. Linear; for tests.
  [[nodiscard]] std::size_t count() const noexcept {
    std::size_t nodes = 0;
    for (const ReadyNode* node = stub_.next; node != nullptr; node = node->next) ++nodes;
    return nodes;
  }
  // Linear; for tests.
  [[nodiscard]] bool holds_callback() const noexcept {
    const ReadyNode* node = stub_.next;
    while (node != nullptr && !(node->flags & kCallback)) node = node->next;
    return node != nullptr;
  }
  void push(ReadyNode* node) noexcept {
    node->next = nullptr;
    tail_->next = node;
    tail_ = node;
  }
  void push(CallbackNode* node) noexcept {
    node->before = tail_;
    node->state = State::callback;
    push(static_cast<ReadyNode*>(node));
  }
  // The first node, or null.
  ReadyNode* pop() noexcept {
    ReadyNode* node = stub_.next;
    if (node == nullptr) return nullptr;
    stub_.next = node->next;
    if (node == tail_) tail_ = &stub_;
    return node;
  }
  // The same for a queue that is emptied in one go: nothing may be pushed before `end_taking`.
  ReadyNode* take() noexcept {
    ReadyNode* node = stub_.next;
    if (node != nullptr) stub_.next = node->next;
    return node;
  }
  void end_taking() noexcept {
    tail_ = &stub_;
    while (tail_->next != nullptr) tail_ = tail_->next;  // something is left only if a callback has thrown
  }
  // Moves everything from `other` behind what is here.
  void take_all(ReadyQueue& other) noexcept {
    if (other.empty()) return;
    ReadyNode* first = other.stub_.next;
    if (first->flags & kCallback) static_cast<CallbackNode*>(first)->before = tail_;
    tail_->next = first;
    tail_ = other.tail_;
    other.stub_.next = nullptr;
    other.tail_ = &other.stub_;
  }
  // Takes a queued callback out of whichever of the two queues holds it.
  static void remove(CallbackNode* node, ReadyQueue& one, ReadyQueue& other) noexcept {
    node->state = State::idle;
    for (ReadyQueue* queue : {&one, &other}) {
      if (queue->stub_.next == node) {
        queue->pop();
        return;
      }
    }
    ReadyNode* before = node->before;
    ReadyNode* after = node->next;
    before->next = after;
    if (after != nullptr && (after->flags & kCallback)) static_cast<CallbackNode*>(after)->before = before;
    if (one.tail_ == node) one.tail_ = before;
    if (other.tail_ == node) other.tail_ = before;
  }

 private:
  ReadyNode stub_;
  ReadyNode* tail_ = &stub_;
};

}  // namespace eddy::inline EDDY_ABI::detail
