// Items that pass from putters to getters: what queues and channels have in common, as their comments promise it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "actors.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

namespace interleavings {

// It has a number until it is moved from, and is counted.
class Item {
 public:
  explicit Item(int number) noexcept : number_(number) {
    ++alive;
    ++numbered;
  }
  Item(Item&& other) noexcept : number_(std::exchange(other.number_, 0)) { ++alive; }
  Item& operator=(Item&&) = delete;
  ~Item() {
    --alive;
    if (number_ != 0) --numbered;
  }
  [[nodiscard]] int number() const noexcept { return number_; }

  static inline int alive = 0;
  static inline int numbered = 0;  // those that have one

 private:
  int number_;
};

class ItemSystem : public ActorSystem {
 protected:
  // The limit is the number of items that fit; with `hands_over` an item that a woken getter was promised needs no room.
  ItemSystem(std::size_t limit, bool hands_over, Settings settings)
      : ActorSystem(std::move(settings)), limit_(limit), hands_over_(hands_over) {}

  void make_items() {
    items_.clear();
    promised_ = 0;
    accepted_ = 0;
    closed_ = false;
    getters_.clear();
    putters_.clear();
    made_.assign(count(), 0);
  }

  // While nothing runs an item is stored, or in the hands of a putter that waits.
  void compare_items() const {
    const std::size_t items = items_.size() + putters_.size();
    if (std::cmp_not_equal(Item::numbered, items)) fail("there are %d items, and not %zu", Item::numbered, items);
  }
  [[nodiscard]] std::size_t stored() const noexcept { return items_.size(); }
  [[nodiscard]] bool has_item() const noexcept { return items_.size() > promised_; }
  [[nodiscard]] bool has_room() const noexcept {
    if (closed_) return false;
    return hands_over_ ? items_.size() - promised_ < limit_ || !getters_.empty() : items_.size() < limit_;
  }
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] std::size_t accepted() const noexcept { return accepted_; }

  // The number of the item that the actor puts now. In the model and for real it is the same.
  [[nodiscard]] int number(std::size_t actor) const noexcept {
    return static_cast<int>(actor + 1) * 100 + made_[actor];
  }
  void count_item(std::size_t actor) noexcept { ++made_[actor]; }

  void start_put(std::size_t actor) {
    if (has_room()) {
      now(actor, kDone);
      push(number(actor));
    } else if (closed_) {
      now(actor, kRefused);
    } else if (block(actor)) {
      putters_.push_back({actor, number(actor)});
    }
  }
  void start_put_nowait(std::size_t actor) {
    now(actor, has_room() ? kDone : closed_ ? kRefused : kNo);
    if (has_room()) push(number(actor));
  }
  void start_get(std::size_t actor) {
    if (find_item()) {
      now(actor, take());
    } else if (closed_) {
      now(actor, kRefused);
    } else if (block(actor)) {
      getters_.push_back(actor);
    }
  }
  void start_get_nowait(std::size_t actor, int if_closed) {
    now(actor, find_item() ? take() : closed_ ? if_closed : kNo);
  }
  // Nothing more is accepted; who waits is told.
  void close_items() {
    if (closed_) return;
    closed_ = true;
    for (const std::size_t getter : std::exchange(getters_, {})) grant(getter, kRefused, kGetters);
    for (const Putter& putter : std::exchange(putters_, {})) grant(putter.actor, kRefused, kPutters);
  }
  // Destroys what nobody was promised; says how many items that were.
  std::size_t drop_items() {
    const std::size_t dropped = items_.size() - promised_;
    items_.resize(promised_);
    return dropped;
  }
  // What is left, when all have ended.
  int next_item() { return take(); }
  int outcome(std::size_t, int expected) override {
    if (expected != kPromised) return expected;
    --promised_;
    return take();
  }
  void stop(std::size_t actor) override {
    std::erase(getters_, actor);
    std::erase_if(putters_, [actor](const Putter& putter) { return putter.actor == actor; });
    leave(actor);
  }

  static constexpr int kGetters = 1;
  static constexpr int kPutters = 2;
  static constexpr int kOthers = 3;

 private:
  static constexpr int kPromised = -10;
  struct Putter {
    std::size_t actor;
    int item;
  };

  // An item arrives. It is promised to the oldest getter.
  void push(int item) {
    items_.push_back(item);
    ++accepted_;
    if (getters_.empty()) return;
    const std::size_t getter = getters_.front();
    getters_.pop_front();
    ++promised_;
    grant(getter, kPromised, kGetters);
  }
  // The oldest putter's item moves in.
  void admit() {
    const Putter putter = putters_.front();
    putters_.pop_front();
    grant(putter.actor, kDone, kPutters);
    push(putter.item);
  }
  // The oldest item goes; who waits for room is served.
  int take() {
    const int item = items_.front();
    items_.pop_front();
    while (!putters_.empty() && has_room()) admit();
    return item;
  }
  // A rendezvous: where nothing fits, a getter takes the item out of a putter's hands.
  bool find_item() {
    if (!has_item() && limit_ == 0 && !putters_.empty()) admit();
    return has_item();
  }

  std::size_t limit_;
  bool hands_over_;
  std::deque<int> items_;
  std::size_t promised_ = 0;
  std::size_t accepted_ = 0;
  bool closed_ = false;
  std::deque<std::size_t> getters_;
  std::deque<Putter> putters_;
  std::vector<int> made_;
};

}  // namespace interleavings
