// Barrier: a generation goes on as a whole, each of it with a number of its own, or is sent away as a whole.
//
// SPDX-License-Identifier: MIT
#include "actors.hpp"

#include <deque>
#include <optional>
#include <utility>

namespace interleavings {

namespace {

enum Kind : unsigned char { kWait, kAbort, kReset };

class BarrierSystem final : public ActorSystem {
 public:
  BarrierSystem(int parties, Settings settings) : ActorSystem(std::move(settings)), parties_(parties) {}

 private:
  void make() override {
    barrier_.emplace(parties_);
    broken_ = false;
    leaving_ = 0;
    queue_.clear();
  }
  void destroy() override { barrier_.reset(); }

  eddy::Task<int> perform(std::size_t, Op op) override {
    if (op.kind == kAbort) barrier_->abort();
    if (op.kind == kReset) barrier_->reset();
    if (op.kind != kWait) co_return kDone;
    int result = kRefused;
    try {
      const std::size_t index = co_await barrier_->wait();
      result = static_cast<int>(index);
    } catch (const eddy::BrokenBarrierError&) {
      result = kRefused;
    }
    co_return result;
  }
  [[nodiscard]] bool applies(std::size_t, Op) const override { return true; }
  [[nodiscard]] bool may_wait(Op op) const override { return op.kind == kWait; }
  [[nodiscard]] bool holds(std::size_t) const override { return false; }
  [[nodiscard]] const char* name(Op op) const override {
    constexpr const char* kNames[] = {"wait", "abort", "reset"};
    return kNames[op.kind];
  }

  [[nodiscard]] int counted() const { return leaving_ == 0 ? static_cast<int>(queue_.size()) : 0; }
  void start(std::size_t actor, Op op) override {
    if (op.kind == kAbort) {
      broken_ = true;
      send_away();
    } else if (op.kind == kReset) {
      broken_ = false;
      if (leaving_ == 0) send_away();
    } else if (broken_) {
      return now(actor, kRefused);
    } else if (leaving_ == 0 && counted() + 1 == parties_) {
      for (int index = 0; index + 1 < parties_; ++index) let_go(0, index);
      return now(actor, parties_ - 1);
    } else {
      if (block(actor)) queue_.push_back(actor);
      return;
    }
    now(actor, kDone);
  }
  // One of those who wait goes on with a result. Who comes is not counted before he has.
  void let_go(std::size_t place, int result) {
    const std::size_t actor = queue_[place];
    queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(place));
    grant(actor, result);
    ++leaving_;
  }
  void send_away() {
    while (!queue_.empty()) let_go(0, kRefused);
  }
  // The actor's turn has come. Behind the last of a generation those who have come meanwhile are counted; the last one of
  // a full generation goes on first.
  int outcome(std::size_t, int expected) override {
    if (--leaving_ == 0 && counted() >= parties_) {
      let_go(static_cast<std::size_t>(parties_ - 1), parties_ - 1);
      for (int index = 0; index + 1 < parties_; ++index) let_go(0, index);
    }
    return expected;
  }
  void stop(std::size_t actor) override {
    std::erase(queue_, actor);
    leave(actor);
  }
  void drop(std::size_t) override {}
  void compare(bool) override {
    if (std::cmp_not_equal(barrier_->n_waiting(), counted()))
      fail("%zu wait at the barrier, and not %d", barrier_->n_waiting(), counted());
    if (barrier_->broken() != broken_) fail("the barrier is %s, wrongly", barrier_->broken() ? "broken" : "whole");
  }
  void audit() override {
    if (barrier_->n_waiting() != 0) fail("somebody still waits at the barrier");
  }

  int parties_;
  std::optional<eddy::Barrier> barrier_;
  bool broken_ = false;
  int leaving_ = 0;  // were let go, and have not gone on
  std::deque<std::size_t> queue_;
};

}  // namespace

void add_barriers(std::vector<Plan>& plans) {
  const auto add = [&plans](const char* name, int parties, ActorSystem::Settings settings, unsigned depth,
                            unsigned full_depth) {
    plans.push_back({std::string("barrier/") + name, std::make_unique<BarrierSystem>(parties, std::move(settings)),
                     depth, full_depth});
  };
  const Op wait{kWait};
  const Op limited{kWait, 1, Limit::some};
  add("two", 2, {{{wait, wait}, {wait, wait}, {wait, wait}, {wait}}, 2}, 5, 8);
  add("three", 3, {{{wait, wait}, {wait}, {limited, wait}, {limited}, {wait}}, 1, 1}, 5, 7);
  add("broken", 2, {{{wait, wait}, {wait, limited}, {wait}, {{kAbort}, {kReset}, {kReset}}}, 1, 1}, 5, 7);
}

}  // namespace interleavings
