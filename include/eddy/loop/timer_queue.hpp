// TimerQueue: what is to be woken when.
//
// Most timers are armed with one of a few delays, so each is due after those that were armed with the same delay before. Such
// timers stand in a few runs, doubly linked lists that are in order by themselves: to arm and to cancel takes a few
// instructions and no memory. What fits at the end of no run goes into a 4-ary heap, in O(log n) and with no allocation
// beyond the heap's own array. The earliest timer is that of the runs' heads and the heap's top.
//
// Equal deadlines are served in the order in which they were armed; a cancelled timer leaves at once; nothing is a system
// call.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/replace.hpp>
#include <eddy/base/time.hpp>
#include <eddy/loop/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace eddy::inline EDDY_ABI::detail {

struct TimerNode {
  TimerNode() noexcept {}
  TimerNode(const TimerNode& other) noexcept : deadline(other.deadline) {}  // of one that is not armed
  TimerNode& operator=(const TimerNode&) = delete;

  ReadyNode* target;          // the strand to resume or the callback to run
  TimerNode* next = nullptr;  // in a run; in the heap: itself; null: not armed
  TimePoint deadline;         // the caller's to use while it is not armed
  std::uint64_t sequence;
  union {
    TimerNode* prev;    // in a run
    std::size_t index;  // in the heap: where
  };

  [[nodiscard]] bool armed() const noexcept { return next != nullptr; }
};

class TimerQueue {
 public:
  TimerQueue() noexcept {
    for (TimerNode& run : runs_) {
      run.deadline = TimePoint::min();
      run.sequence = 0;
      run.prev = run.next = &run;
    }
  }
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  // What is still armed may outlive the loop, and must not be taken out later.
  ~TimerQueue() {
    for (TimerNode& run : runs_) {
      for (TimerNode* node = run.next; node != &run;) node = replace(node->next, nullptr);
    }
    for (const Entry& entry : heap_) entry.node->next = nullptr;
  }

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  // The earliest deadline; only if not empty.
  [[nodiscard]] TimePoint next_deadline() noexcept { return earliest()->deadline; }

  // Errors: std::bad_alloc, with nothing armed.
  void arm(TimerNode* node, TimePoint deadline) {
    if (runs_[0].prev->deadline <= deadline) [[likely]] return append(runs_[0], node, deadline);
    arm_elsewhere(node, deadline);
  }
  void cancel(TimerNode* node) noexcept {
    --size_;
    if (node->next == node) return remove_from_heap(node);
    if (node == first_of_runs_) first_of_runs_ = nullptr;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = nullptr;
  }
  // Takes out the earliest timer.
  TimerNode* pop() noexcept {
    TimerNode* node = earliest();
    cancel(node);
    return node;
  }
  // The same if it is due at `present`; else null. Only if not empty.
  TimerNode* pop_due(TimePoint present) noexcept {
    TimerNode* node = earliest();
    if (node->deadline > present) return nullptr;
    cancel(node);
    return node;
  }

 private:
  static constexpr std::size_t kRuns = 4;
  struct Entry {
    TimePoint deadline;
    std::uint64_t sequence;
    TimerNode* node;
  };
  template <class T>
  static EDDY_INLINE Wide key(const T& timer) noexcept {
    return static_cast<Wide>(timer.deadline.time_since_epoch().count()) << 64 | timer.sequence;
  }
  template <class A, class B>
  static EDDY_INLINE bool before(const A& a, const B& b) noexcept {
    return key(a) < key(b);
  }
  [[nodiscard]] TimerNode* earliest() noexcept {
    if (first_of_runs_ == nullptr) first_of_runs_ = find_first_of_runs();
    if (heap_.empty()) return first_of_runs_;
    const Entry& top = heap_.front();
    return first_of_runs_ != nullptr && before(*first_of_runs_, top) ? first_of_runs_ : top.node;
  }
  [[nodiscard]] TimerNode* find_first_of_runs() noexcept {
    TimerNode* first = nullptr;
    for (TimerNode& run : runs_) {
      TimerNode* head = run.next;
      if (head != &run && (first == nullptr || before(*head, *first))) first = head;
    }
    return first;
  }

  void append(TimerNode& run, TimerNode* node, TimePoint deadline) noexcept {
    TimerNode* tail = run.prev;
    node->deadline = deadline;
    node->sequence = sequence_++;
    node->prev = tail;
    node->next = &run;
    tail->next = node;
    run.prev = node;
    ++size_;
    if (first_of_runs_ != nullptr && deadline < first_of_runs_->deadline) first_of_runs_ = node;
  }
  // Where the first run is not the place.
  EDDY_NOINLINE void arm_elsewhere(TimerNode* node, TimePoint deadline) {
    for (std::size_t i = 1; i < kRuns; ++i) {
      if (runs_[i].prev->deadline <= deadline) return append(runs_[i], node, deadline);
    }
    heap_.push_back({deadline, sequence_, node});
    node->deadline = deadline;
    node->sequence = sequence_++;
    node->next = node;
    ++size_;
    up(heap_.size() - 1, heap_.back());
  }
  EDDY_NOINLINE void remove_from_heap(TimerNode* node) noexcept {
    const std::size_t hole = node->index;
    node->next = nullptr;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (last.node != node) up(sink(hole), last);
  }
  void place(std::size_t at, const Entry& entry) noexcept {
    heap_[at] = entry;
    entry.node->index = at;
  }
  void up(std::size_t at, Entry entry) noexcept {
    while (at > 0) {
      const std::size_t above = (at - 1) / 4;
      if (!before(entry, heap_[above])) break;
      place(at, heap_[above]);
      at = above;
    }
    place(at, entry);
  }
  // Moves a hole down to a leaf, always to where the least of the four is: what fills it comes from a leaf and seldom has
  // to rise far.
  std::size_t sink(std::size_t hole) noexcept {
    const Entry* heap = heap_.data();
    const std::size_t size = heap_.size();
    std::size_t first = 4 * hole + 1;
    while (first + 4 <= size) {
      const std::size_t left = first + std::size_t{before(heap[first + 1], heap[first])};
      const std::size_t right = first + 2 + std::size_t{before(heap[first + 3], heap[first + 2])};
      const std::size_t least = before(heap[right], heap[left]) ? right : left;
      place(hole, heap[least]);
      hole = least;
      first = 4 * hole + 1;
    }
    if (first >= size) return hole;
    std::size_t least = first;
    for (std::size_t i = first + 1; i < size; ++i) {
      if (before(heap[i], heap[least])) least = i;
    }
    place(hole, heap[least]);
    return least;
  }

  TimerNode runs_[kRuns];  // each the head and the end of its circle
  TimerNode* first_of_runs_ = nullptr;  // null: to be looked for
  std::vector<Entry> heap_;
  std::size_t size_ = 0;
  std::uint64_t sequence_ = 0;
};

}  // namespace eddy::inline EDDY_ABI::detail
