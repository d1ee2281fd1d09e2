// Semaphore: permits are neither lost nor doubled, and are given in the order of arrival.
//
// SPDX-License-Identifier: MIT
#include "actors.hpp"

#include <deque>
#include <optional>
#include <utility>

namespace interleavings {

namespace {

enum Kind : unsigned char {
  kAcquire,
  kScoped,  // with a guard
  kTry,
  kRelease,  // what was acquired
  kAdd,      // permits that nobody had
};

class SemaphoreSystem final : public ActorSystem {
 public:
  SemaphoreSystem(int permits, Settings settings)
      : ActorSystem(std::move(settings)), initial_(permits), held_(count()), guards_(count()) {}

 private:
  struct Waiting {
    std::size_t actor;
    int permits;
  };

  void make() override {
    semaphore_.emplace(static_cast<std::size_t>(initial_));
    permits_ = all_ = initial_;
    queue_.clear();
    held_.assign(count(), 0);
  }
  void destroy() override { semaphore_.reset(); }

  eddy::Task<int> perform(std::size_t actor, Op op) override {
    const auto permits = static_cast<std::size_t>(op.n);
    switch (op.kind) {
      case kAcquire:
        co_await semaphore_->acquire(permits);
        break;
      case kScoped: {
        eddy::SemaphorePermit guard = co_await semaphore_->scoped(permits);
        guards_[actor] = std::move(guard);
        break;
      }
      case kTry:
        co_return semaphore_->try_acquire(permits) ? kDone : kNo;
      case kRelease:
        give_back(actor, op.n);
        break;
      default:
        semaphore_->release(permits);
        break;
    }
    co_return kDone;
  }
  void give_back(std::size_t actor, int permits) {
    if (guards_[actor]) {
      guards_[actor].release();
    } else {
      semaphore_->release(static_cast<std::size_t>(permits));
    }
  }
  [[nodiscard]] bool applies(std::size_t actor, Op op) const override {
    return op.kind != kRelease || held_[actor] >= op.n;
  }
  [[nodiscard]] bool may_wait(Op op) const override { return op.kind == kAcquire || op.kind == kScoped; }
  [[nodiscard]] bool holds(std::size_t actor) const override { return held_[actor] > 0; }
  [[nodiscard]] const char* name(Op op) const override {
    constexpr const char* kNames[] = {"acquire", "scoped", "try_acquire", "release", "release of new permits,"};
    return kNames[op.kind];
  }

  void start(std::size_t actor, Op op) override {
    const bool free = queue_.empty() && permits_ >= op.n;
    switch (op.kind) {
      case kRelease:
        held_[actor] -= op.n;
        [[fallthrough]];
      case kAdd:
        if (op.kind == kAdd) all_ += op.n;
        now(actor, kDone);
        permits_ += op.n;
        return serve();
      case kTry:
        if (free) permits_ -= op.n;
        return now(actor, free ? kDone : kNo);
      default:
        if (free) {
          permits_ -= op.n;
          now(actor, kDone);
        } else if (block(actor)) {
          queue_.push_back({actor, op.n});
        }
    }
  }
  void serve() {
    while (!queue_.empty() && queue_.front().permits <= permits_) {
      permits_ -= queue_.front().permits;
      grant(queue_.front().actor, kDone);
      queue_.pop_front();
    }
  }
  void stop(std::size_t actor) override {
    std::erase_if(queue_, [actor](const Waiting& waiting) { return waiting.actor == actor; });
    leave(actor);
    serve();
  }
  void completed(std::size_t actor, Op op, int result) override {
    if (result == kDone && op.kind <= kTry) held_[actor] += op.n;
  }
  void drop(std::size_t actor) override {
    const int permits = std::exchange(held_[actor], 0);
    if (permits == 0) return;
    give_back(actor, permits);
    permits_ += permits;
    serve();
  }
  void compare(bool) override {
    if (std::cmp_not_equal(semaphore_->value(), permits_))
      fail("%zu permits are free, and not %d", semaphore_->value(), permits_);
    if (semaphore_->locked() != (!queue_.empty() || permits_ == 0)) fail("locked() is wrong");
  }
  void audit() override {
    if (std::cmp_not_equal(semaphore_->value(), all_)) fail("%zu permits of %d are left", semaphore_->value(), all_);
  }

  int initial_;
  std::optional<eddy::Semaphore> semaphore_;
  int permits_ = 0;  // free
  int all_ = 0;
  std::deque<Waiting> queue_;
  std::vector<int> held_;
  std::vector<eddy::SemaphorePermit> guards_;
};

}  // namespace

void add_semaphores(std::vector<Plan>& plans) {
  const auto add = [&plans](const char* name, int permits, ActorSystem::Settings settings, unsigned depth,
                            unsigned full_depth) {
    plans.push_back({std::string("semaphore/") + name, std::make_unique<SemaphoreSystem>(permits, std::move(settings)),
                     depth, full_depth});
  };
  const Op acquire{kAcquire};
  const Op release{kRelease};
  add("one", 1, {{{acquire, release}, {{kScoped}, release}, {acquire, release}, {acquire, release}}, 2}, 6, 9);
  add("cancels", 1, {{{acquire, release}, {acquire, release, acquire}, {{kScoped}, release}}, 3}, 7, 9);
  add("amounts", 3,
      {{{{kAcquire, 2, Limit::some}, {kRelease, 2}},
        {acquire, release},
        {{kScoped, 3, Limit::some}, {kRelease, 3}},
        {acquire, {kAcquire, 2}}},
       1,
       1},
      5, 7);
  add("new", 0,
      {{{{kAcquire, 2, Limit::some}},
        {acquire},
        {{kAdd, 1}, {kAdd, 2}},
        {{kTry, 1}, {kAcquire, 1, Limit::zero}, acquire}},
       2,
       1},
      6, 8);
}

}  // namespace interleavings
