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
  SeededOrder(Order order, std::uint64_t seed) noexcept : order_(order), state_(seed) { victim_ = next() % 16; }

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
    eddy::detail::ReadyNode* starved = order_ == Order::starve_one ? starve() : nullptr;
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
  // Chooses a victim by its place among the first tasks seen, and takes it out of the batch while others can run.
  eddy::detail::ReadyNode* starve() {
    if (starved_ == nullptr) {
      if (nodes_.size() <= victim_) {
        victim_ -= nodes_.size();
        return nullptr;
      }
      starved_ = nodes_[victim_];
    }
    if (nodes_.size() < 2 || passes_ == kPatience) {
      passes_ = 0;
      return nullptr;
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i] != starved_) continue;
      ++passes_;
      nodes_.erase(nodes_.begin() + static_cast<std::ptrdiff_t>(i));
      return starved_;
    }
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
  std::uint64_t victim_ = 0;
  eddy::detail::ReadyNode* starved_ = nullptr;  // only compared: it may be gone
  int passes_ = 0;
  std::vector<eddy::detail::ReadyNode*> nodes_;
};

}  // namespace eddy::inline EDDY_ABI::testing
