// SeededOrder: another order for what a pass runs, the same for the same seed.
//
// A single-threaded loop is deterministic, so a test sees one interleaving of all that are allowed. A seed chooses
// another: it permutes the batch that a pass takes, and with it timers of equal deadlines and ties between tasks that end
// in the same pass. Wait lists of locks, queues and the like stay FIFO.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/scheduler.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::testing {

namespace detail {
class TestHook;
}

/// How the batch of a pass is ordered.
enum class Order : unsigned char {
  fifo,        ///< as the loop does it
  reverse,     ///< last come, first run
  shuffle,     ///< by chance
  starve_one,  ///< by chance, and one task is put off for as long as anything else can run, up to 50 passes in a row
};

/// Orders batches. Seed 0 is FIFO, 1 is reverse; of the others two thirds shuffle and one third starves a task.
/// Complexity: linear in the batch, allocates. Source: trio's randomised batches, tokio's RngSeed.
class SeededOrder {
 public:
  explicit SeededOrder(std::uint64_t seed) noexcept : SeededOrder(order_of(seed), seed) {}
  SeededOrder(Order order, std::uint64_t seed) noexcept : order_(order), state_(seed) { victim_ = static_cast<std::size_t>(next() % 16); }

  /// The strategy of a seed.
  [[nodiscard]] static Order order_of(std::uint64_t seed) noexcept {
    if (seed < 2) return seed == 0 ? Order::fifo : Order::reverse;
    return seed % 3 == 0 ? Order::starve_one : Order::shuffle;
  }
  /// The strategy of this object.
  [[nodiscard]] Order order() const noexcept { return order_; }

 private:
  friend detail::TestHook;
  // Rearranges scheduler.batch.
  void arrange(eddy::detail::Scheduler& scheduler) {
    if (order_ == Order::fifo) return;
    nodes_.clear();
    while (eddy::detail::ReadyNode* node = scheduler.batch.pop()) nodes_.push_back(node);
    eddy::detail::ReadyNode* starved = order_ == Order::starve_one ? starve(scheduler) : nullptr;
    if (order_ == Order::reverse) {
      for (std::size_t low = 0, high = nodes_.size(); low + 1 < high; ++low) std::swap(nodes_[low], nodes_[--high]);
    } else {
      for (std::size_t left = nodes_.size(); left > 1; --left) std::swap(nodes_[left - 1], nodes_[next() % left]);
    }
    for (eddy::detail::ReadyNode* node : nodes_) push(scheduler.batch, node);
    if (starved != nullptr) push(scheduler.ready, starved);
  }

  static constexpr int kPatience = 50;

  static void push(eddy::detail::ReadyQueue& queue, eddy::detail::ReadyNode* node) noexcept {
    if (node->flags & eddy::detail::kCallback) {
      queue.push(static_cast<eddy::detail::CallbackNode*>(node));
    } else {
      queue.push(node);
    }
  }
  // The victim is known by its place among the loop's tasks, not by its address: a new task may get that of one that ended.
  static const eddy::detail::Frame* task_at(std::size_t& place, const eddy::detail::IntrusiveList<eddy::detail::Frame>& tasks) noexcept {
    using eddy::detail::State;
    for (eddy::detail::Frame* task = tasks.front(); task != nullptr; task = tasks.after(task)) {
      if (place-- == 0) return task;
      const bool waits = task->state == State::suspended || task->state == State::listed || task->state == State::leaving;
      const auto* children = waits ? task->suspension->children() : nullptr;
      if (children == nullptr) continue;
      if (const auto* child = task_at(place, *children)) return child;
    }
    return nullptr;
  }
  // Takes the victim out of the batch while others can run.
  eddy::detail::ReadyNode* starve(const eddy::detail::Scheduler& scheduler) {
    std::size_t beyond = victim_;
    const eddy::detail::ReadyNode* victim = task_at(beyond, scheduler.tasks);
    if (victim == nullptr && beyond < victim_) {  // there are fewer
      std::size_t place = victim_ % (victim_ - beyond);
      victim = task_at(place, scheduler.tasks);
    }
    for (std::size_t i = 0; nodes_.size() > 1 && i < nodes_.size(); ++i) {
      eddy::detail::ReadyNode* node = nodes_[i];
      if (node != victim) continue;
      if (++passes_ > kPatience) break;
      nodes_.erase(nodes_.begin() + static_cast<std::ptrdiff_t>(i));
      return node;
    }
    passes_ = 0;
    return nullptr;
  }
  // SplitMix64.
  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9e37'79b9'7f4a'7c15);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
  }

  Order order_;
  std::uint64_t state_;
  std::size_t victim_ = 0;
  int passes_ = 0;
  std::vector<eddy::detail::ReadyNode*> nodes_;
};

}  // namespace eddy::inline EDDY_ABI::testing
