// Event: whoever waited when it was set goes on, in the order of arrival, and nobody else.
//
// SPDX-License-Identifier: MIT
#include "actors.hpp"

#include <deque>
#include <optional>
#include <utility>

namespace interleavings {

namespace {

enum Kind : unsigned char {
  kWait,
  kSet,
  kClear,
  kPulse,  // set and clear in one turn
};

class EventSystem final : public ActorSystem {
 public:
  explicit EventSystem(Settings settings) : ActorSystem(std::move(settings)) {}

 private:
  void make() override {
    event_.emplace();
    set_ = false;
    queue_.clear();
  }
  void destroy() override { event_.reset(); }

  eddy::Task<int> perform(std::size_t, Op op) override {
    if (op.kind == kWait) co_await event_->wait();
    if (op.kind == kSet || op.kind == kPulse) event_->set();
    if (op.kind == kClear || op.kind == kPulse) event_->clear();
    co_return kDone;
  }
  [[nodiscard]] bool applies(std::size_t, Op) const override { return true; }
  [[nodiscard]] bool may_wait(Op op) const override { return op.kind == kWait; }
  [[nodiscard]] bool holds(std::size_t) const override { return false; }
  [[nodiscard]] const char* name(Op op) const override {
    constexpr const char* kNames[] = {"wait", "set", "clear", "set and clear"};
    return kNames[op.kind];
  }

  void start(std::size_t actor, Op op) override {
    if (op.kind == kWait && !set_) {
      if (block(actor)) queue_.push_back(actor);
      return;
    }
    now(actor, kDone);
    if (op.kind == kWait) return;
    set_ = op.kind == kSet;
    while (op.kind != kClear && !queue_.empty()) {
      grant(queue_.front(), kDone);
      queue_.pop_front();
    }
  }
  void stop(std::size_t actor) override {
    std::erase(queue_, actor);
    leave(actor);
  }
  void drop(std::size_t) override {}
  void compare(bool) override {
    if (event_->is_set() != set_) fail("the flag is %s, wrongly", event_->is_set() ? "up" : "down");
  }

  std::optional<eddy::Event> event_;
  bool set_ = false;
  std::deque<std::size_t> queue_;
};

}  // namespace

void add_events(std::vector<Plan>& plans) {
  const auto add = [&plans](const char* name, ActorSystem::Settings settings, unsigned depth, unsigned full_depth) {
    plans.push_back(
        {std::string("event/") + name, std::make_unique<EventSystem>(std::move(settings)), depth, full_depth});
  };
  const Op wait{kWait};
  const Op limited{kWait, 1, Limit::some};
  add("flag", {{{wait, wait}, {wait}, {{kSet}, {kClear}, {kSet}}, {{kWait, 1, Limit::zero}, wait}}, 2}, 5, 7);
  add("limits", {{{limited, wait}, {limited}, {wait}, {{kPulse}, {kSet}}}, 1, 2}, 5, 7);
}

}  // namespace interleavings
