// TimerQueue: what is to be woken when, as a 4-ary heap of (deadline, sequence).
//
// Equal deadlines are served in the order in which they were armed. To arm and to cancel take O(log n), no allocation
// beyond the heap's own array, no system call; a cancelled timer leaves at once.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/loop/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace eddy::inline EDDY_ABI::detail {

struct TimerNode {
  static constexpr std::uint32_t kIdle = 0xffff'ffff;
  ReadyNode* target = nullptr;  // the strand to resume or the callback to run
  std::uint32_t index = kIdle;  // where it stands in the heap

  [[nodiscard]] bool armed() const noexcept { return index != kIdle; }
};

class TimerQueue {
 public:
  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
  // The earliest deadline; only if not empty.
  [[nodiscard]] TimePoint next_deadline() const noexcept { return heap_.front().deadline; }
  [[nodiscard]] TimePoint deadline_of(const TimerNode& node) const noexcept { return heap_[node.index].deadline; }

  // Errors: std::bad_alloc, with nothing armed.
  void arm(TimerNode* node, TimePoint deadline) {
    heap_.push_back({deadline, sequence_++, node});
    up(heap_.size() - 1, heap_.back());
  }
  void cancel(TimerNode* node) noexcept {
    const std::size_t hole = node->index;
    node->index = TimerNode::kIdle;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (last.node == node) return;
    if (hole > 0 && before(last, heap_[(hole - 1) / 4])) {
      up(hole, last);
    } else {
      down(hole, last);
    }
  }
  // Takes out the earliest timer.
  TimerNode* pop() noexcept {
    TimerNode* node = heap_.front().node;
    node->index = TimerNode::kIdle;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) down(0, last);
    return node;
  }

 private:
  struct Entry {
    TimePoint deadline;
    std::uint64_t sequence;
    TimerNode* node;
  };
  static bool before(const Entry& a, const Entry& b) noexcept {
    return a.deadline != b.deadline ? a.deadline < b.deadline : a.sequence < b.sequence;
  }
  void place(std::size_t at, const Entry& entry) noexcept {
    heap_[at] = entry;
    entry.node->index = static_cast<std::uint32_t>(at);
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
  void down(std::size_t at, Entry entry) noexcept {
    const std::size_t size = heap_.size();
    for (;;) {
      const std::size_t first = 4 * at + 1;
      if (first >= size) break;
      std::size_t least = first;
      const std::size_t end = first + 4 < size ? first + 4 : size;
      for (std::size_t i = first + 1; i < end; ++i) {
        if (before(heap_[i], heap_[least])) least = i;
      }
      if (!before(heap_[least], entry)) break;
      place(at, heap_[least]);
      at = least;
    }
    place(at, entry);
  }

  std::vector<Entry> heap_;
  std::uint64_t sequence_ = 0;
};

}  // namespace eddy::inline EDDY_ABI::detail
