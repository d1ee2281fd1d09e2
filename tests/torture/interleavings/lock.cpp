// Lock and Condition: one holder at a time, in the order of arrival, and a notification for each that was given.
//
// SPDX-License-Identifier: MIT
#include "actors.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

namespace interleavings {

namespace {

enum Kind : unsigned char {
  kAcquire,
  kScoped,  // with a guard
  kTry,
  kRelease,
  kWait,
  kNotify,
};
constexpr int kAll = 1000;

class LockSystem final : public ActorSystem {
 public:
  explicit LockSystem(Settings settings) : ActorSystem(std::move(settings)), guards_(count()) {}

 private:
  static constexpr std::size_t kNobody = SIZE_MAX;
  enum class Wants : unsigned char {
    lock,         // it called acquire
    to_go_on,     // it was notified, and needs the lock for that
    to_withdraw,  // it was stopped before it was notified, and needs the lock for that
  };
  struct Waiting {
    std::size_t actor;
    Wants wants;
  };

  void make() override {
    lock_.emplace();
    condition_.emplace(*lock_);
    owner_ = kNobody;
    queue_.clear();
    sleepers_.clear();
  }
  void destroy() override {
    condition_.reset();
    lock_.reset();
  }

  eddy::Task<int> perform(std::size_t actor, Op op) override {
    switch (op.kind) {
      case kAcquire:
        co_await lock_->acquire();
        break;
      case kScoped: {
        eddy::LockGuard guard = co_await condition_->scoped();
        guards_[actor] = std::move(guard);
        break;
      }
      case kTry:
        co_return lock_->try_acquire() ? kDone : kNo;
      case kRelease:
        give_back(actor);
        break;
      case kWait: {
        // However it ends: around a wait the lock is held.
        struct Held {
          Held(LockSystem& its_system, std::size_t its_actor) noexcept : system(its_system), actor(its_actor) {}
          Held(const Held&) = delete;
          ~Held() {
            if (!system.lock_->locked() || system.owner_ != actor)
              fail("%c leaves wait without the lock", letter(actor));
          }
          LockSystem& system;
          std::size_t actor;
        };
        const Held held(*this, actor);
        co_await condition_->wait();
        break;
      }
      default:
        condition_->notify(static_cast<std::size_t>(op.n));
        break;
    }
    co_return kDone;
  }
  void give_back(std::size_t actor) {
    if (!lock_->locked()) fail("the lock that %c holds is free", letter(actor));
    if (guards_[actor]) {
      guards_[actor].release();
    } else {
      lock_->release();
    }
  }
  [[nodiscard]] bool applies(std::size_t actor, Op op) const override {
    return (op.kind >= kRelease) == (owner_ == actor);
  }
  [[nodiscard]] bool may_wait(Op op) const override {
    return op.kind == kAcquire || op.kind == kScoped || op.kind == kWait;
  }
  [[nodiscard]] bool holds(std::size_t actor) const override { return owner_ == actor; }
  [[nodiscard]] const char* name(Op op) const override {
    constexpr const char* kNames[] = {"acquire", "scoped", "try_acquire", "release", "wait", "notify"};
    return kNames[op.kind];
  }

  void start(std::size_t actor, Op op) override {
    switch (op.kind) {
      case kTry: {
        const bool free = owner_ == kNobody;
        if (free) owner_ = actor;
        return now(actor, free ? kDone : kNo);
      }
      case kRelease:
        now(actor, kDone);
        return hand_over();
      case kWait:
        if (!block(actor)) return;  // it keeps the lock
        sleepers_.push_back(actor);
        return hand_over();
      case kNotify:
        now(actor, kDone);
        for (int i = 0; i < op.n && !sleepers_.empty(); ++i) {
          queue_.push_back({sleepers_.front(), Wants::to_go_on});
          sleepers_.pop_front();
        }
        return;
      default:
        if (owner_ == kNobody) {
          owner_ = actor;
          now(actor, kDone);
        } else if (block(actor)) {
          queue_.push_back({actor, Wants::lock});
        }
    }
  }
  // The holder gives the lock to the first in the queue.
  void hand_over() {
    owner_ = kNobody;
    if (queue_.empty()) return;
    const Waiting first = queue_.front();
    queue_.pop_front();
    owner_ = first.actor;
    if (first.wants == Wants::to_withdraw) {
      leave(first.actor);
    } else {
      grant(first.actor, kDone);
    }
  }
  void stop(std::size_t actor) override {
    const auto sleeper = std::find(sleepers_.begin(), sleepers_.end(), actor);
    if (sleeper != sleepers_.end()) {
      sleepers_.erase(sleeper);
      if (owner_ == kNobody) {
        owner_ = actor;
        leave(actor);
      } else {
        queue_.push_back({actor, Wants::to_withdraw});
        withdraw(actor);
      }
      return;
    }
    const auto waiting =
        std::find_if(queue_.begin(), queue_.end(), [actor](const Waiting& it) { return it.actor == actor; });
    if (waiting == queue_.end()) fail("the model has lost %c", letter(actor));
    if (waiting->wants != Wants::lock) return;  // it was notified before: it goes on
    queue_.erase(waiting);
    leave(actor);
  }
  void drop(std::size_t actor) override {
    if (owner_ != actor) return;
    give_back(actor);
    hand_over();
  }
  void compare(bool) override {
    if (lock_->locked() != (owner_ != kNobody)) fail("the lock is %s, wrongly", lock_->locked() ? "held" : "free");
    if (condition_->locked() != lock_->locked()) fail("the condition's lock is another");
  }
  void audit() override {
    if (lock_->locked()) fail("the lock is held in the end");
  }

  std::optional<eddy::Lock> lock_;
  std::optional<eddy::Condition> condition_;
  std::size_t owner_ = kNobody;
  std::deque<Waiting> queue_;         // for the lock
  std::deque<std::size_t> sleepers_;  // for a notification
  std::vector<eddy::LockGuard> guards_;
};

}  // namespace

void add_locks(std::vector<Plan>& plans) {
  const auto add = [&plans](const char* name, ActorSystem::Settings settings, unsigned depth, unsigned full_depth) {
    plans.push_back({name, std::make_unique<LockSystem>(std::move(settings)), depth, full_depth});
  };
  const Op acquire{kAcquire};
  const Op release{kRelease};
  const Op wait{kWait};
  const Op notify{kNotify};
  add("lock/four", {{{acquire, release}, {{kScoped}, release}, {acquire, release}, {acquire, release}}, 2}, 6, 9);
  add("lock/limits",
      {{{{kAcquire, 1, Limit::some}, release},
        {{kScoped, 1, Limit::some}, release},
        {{kTry}, {kAcquire, 1, Limit::zero}, acquire},
        {acquire}},
       1,
       2},
      5, 7);
  // Two sleep already, A before B.
  add("condition/one",
      {{{acquire, wait, release},
        {acquire, wait, release},
        {acquire, notify, release},
        {acquire, release},
        {acquire, notify}},
       2,
       0,
       {0, 0, 1, 1}},
      6, 9);
  add("condition/cancels",
      {{{acquire, wait},
        {acquire, wait, wait},
        {acquire, wait},
        {acquire, notify, notify, release},
        {acquire, release}},
       3,
       0,
       {0, 0, 1, 1, 2, 2}},
      6, 9);
  add("condition/limits",
      {{{acquire, {kWait, 1, Limit::some}, release},
        {acquire, {kWait, 1, Limit::some}},
        {acquire, {kNotify, kAll}, release},
        {acquire, {kWait, 1, Limit::zero}}},
       1,
       2,
       {0, 0, 1, 1}},
      6, 8);
}

}  // namespace interleavings
