// What the floors are made of: coroutines, a ready list and a timer heap with nothing in them but the work itself.
//
// No names, no contexts, no cancellation, no outcomes, no cross-thread door, no stack that stays flat without the
// optimiser's tail calls. A library cannot be faster than this; how close it comes is what the ratio says.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <new>
#include <utility>
#include <vector>

namespace bench::bare {

// ------------------------------------------------------------------------------------------------ frames from a pool

struct FreeBlock {
  FreeBlock* next;
};
inline FreeBlock* free_blocks[64];

// A promise with this base has its frame recycled.
struct Pooled {
  static void* operator new(std::size_t size) {
    FreeBlock*& list = free_blocks[size / 16];
    if (list != nullptr) [[likely]] return std::exchange(list, list->next);
    return std::malloc((size / 16 + 1) * 16);
  }
  static void operator delete(void* memory, std::size_t size) noexcept {
    auto* block = static_cast<FreeBlock*>(memory);
    block->next = std::exchange(free_blocks[size / 16], block);
  }
};

// ------------------------------------------------------------------------------------- a task that is awaited in place

template <class T>
class Task {
 public:
  struct promise_type : Pooled {
    std::coroutine_handle<> parent;
    T value;

    Task get_return_object() noexcept { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    struct Final {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
        return self.promise().parent;
      }
      void await_resume() const noexcept {}
    };
    Final final_suspend() const noexcept { return {}; }
    void return_value(T result) noexcept { value = result; }
    void unhandled_exception() noexcept { std::terminate(); }
  };

  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() { handle_.destroy(); }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) const noexcept {
    handle_.promise().parent = parent;
    return handle_;
  }
  T await_resume() const noexcept { return handle_.promise().value; }

 private:
  std::coroutine_handle<promise_type> handle_;
};

// ----------------------------------------------------------------------------------------------------- the ready list

struct Node {
  Node* next = nullptr;
  std::coroutine_handle<> handle;
};

class Fifo {
 public:
  Fifo() = default;
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  void push(Node* node) noexcept {
    node->next = nullptr;
    *last_ = node;
    last_ = &node->next;
  }
  Node* pop() noexcept {
    Node* node = first_;
    if (node == nullptr) return nullptr;
    first_ = node->next;
    if (first_ == nullptr) last_ = &first_;
    return node;
  }

 private:
  Node* first_ = nullptr;
  Node** last_ = &first_;
};

inline Fifo ready;

inline void run_ready() {
  while (Node* node = ready.pop()) node->handle.resume();
}

// A coroutine that is queued when it is spawned and frees itself when it ends.
struct Job {
  struct promise_type : Pooled {
    Node node;
    Job get_return_object() noexcept {
      node.handle = std::coroutine_handle<promise_type>::from_promise(*this);
      return Job{&node};
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
  Node* node;
};
inline void spawn(Job job) noexcept { ready.push(job.node); }

struct Yield {
  Node node;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) noexcept {
    node.handle = handle;
    ready.push(&node);
  }
  void await_resume() const noexcept {}
};

// --------------------------------------------------------------------------------------------------------- the timers

inline std::int64_t now() noexcept {
  std::timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

// A 4-ary heap of deadlines.
class TimerHeap {
 public:
  struct Entry {
    std::int64_t deadline;
    Node* node;
  };
  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
  [[nodiscard]] std::int64_t next_deadline() const noexcept { return heap_.front().deadline; }
  void push(std::int64_t deadline, Node* node) {
    heap_.push_back({deadline, node});
    std::size_t at = heap_.size() - 1;
    for (; at > 0; at = (at - 1) / 4) {
      if (heap_[(at - 1) / 4].deadline <= deadline) break;
      heap_[at] = heap_[(at - 1) / 4];
    }
    heap_[at] = {deadline, node};
  }
  Node* pop() noexcept {
    Node* const first = heap_.front().node;
    const Entry last = heap_.back();
    heap_.pop_back();
    const std::size_t size = heap_.size();
    if (size == 0) return first;
    std::size_t at = 0;
    for (std::size_t child = 1; child < size; child = 4 * at + 1) {
      std::size_t least = child;
      const std::size_t end = child + 4 < size ? child + 4 : size;
      for (std::size_t i = child + 1; i < end; ++i) {
        if (heap_[i].deadline < heap_[least].deadline) least = i;
      }
      if (heap_[least].deadline >= last.deadline) break;
      heap_[at] = heap_[least];
      at = least;
    }
    heap_[at] = last;
    return first;
  }

 private:
  std::vector<Entry> heap_;
};

inline TimerHeap timers;

struct Sleep {
  std::int64_t delay;
  Node node;
  explicit Sleep(std::int64_t ns) noexcept : delay(ns) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    node.handle = handle;
    timers.push(now() + delay, &node);
  }
  void await_resume() const noexcept {}
};

// A timer in the slot of a timer wheel: a node of a doubly linked list.
struct WheelNode : Node {
  WheelNode* before = this;
  WheelNode* after = this;
  void link(WheelNode& list) noexcept {
    before = list.before;
    after = &list;
    list.before->after = this;
    list.before = this;
  }
  void unlink() noexcept {
    before->after = after;
    after->before = before;
  }
};

// Until nothing is ready and no timer is left.
inline void run_timers() {
  for (;;) {
    run_ready();
    if (timers.empty()) return;
    const std::int64_t present = now();
    if (const std::int64_t wait = timers.next_deadline() - present; wait > 0) {
      std::timespec time{wait / 1'000'000'000, wait % 1'000'000'000};
      ::nanosleep(&time, nullptr);
      continue;
    }
    while (!timers.empty() && timers.next_deadline() <= present) ready.push(timers.pop());
  }
}

}  // namespace bench::bare
