// Queue: each item is got once, in the order in which they were put, or is still there; shutdown and join, too.
//
// SPDX-License-Identifier: MIT
#include "items.hpp"

#include <optional>

namespace interleavings {

namespace {

enum Kind : unsigned char {
  kPut,
  kGet,
  kPutNowait,
  kGetNowait,
  kTaskDone,
  kJoin,
  kShutdown,  // with n == 2 an immediate one
};

class QueueSystem final : public ItemSystem {
 public:
  QueueSystem(std::size_t limit, Settings settings)
      : ItemSystem(limit == 0 ? SIZE_MAX : limit, false, std::move(settings)), maxsize_(limit) {}

 private:
  void make() override {
    queue_.emplace(maxsize_);
    make_items();
    finished_ = 0;
    undone_ = 0;
    joiners_.clear();
  }
  void destroy() override {
    queue_.reset();
    if (Item::alive != 0) fail("%d items outlive it, or were destroyed twice", Item::alive);
  }

  eddy::Task<int> perform(std::size_t actor, Op op) override {
    try {
      switch (op.kind) {
        case kPut: {
          Item item(number(actor));
          count_item(actor);
          co_await queue_->put(std::move(item));
          break;
        }
        case kGet: {
          const Item item = co_await queue_->get();
          co_return item.number();
        }
        case kPutNowait:
          queue_->put_nowait(Item(number(actor)));
          break;
        case kGetNowait:
          co_return queue_->get_nowait().number();
        case kTaskDone:
          queue_->task_done();
          break;
        case kJoin:
          co_await queue_->join();
          break;
        default:
          queue_->shutdown(op.n == 2);
          break;
      }
    } catch (const eddy::QueueShutDown&) {
      co_return kRefused;
    } catch (const eddy::QueueFull&) {
      co_return kNo;
    } catch (const eddy::QueueEmpty&) {
      co_return kNo;
    }
    if (op.kind == kPutNowait) count_item(actor);
    co_return kDone;
  }
  [[nodiscard]] bool applies(std::size_t, Op op) const override { return op.kind != kTaskDone || undone_ > 0; }
  [[nodiscard]] bool may_wait(Op op) const override { return op.kind == kPut || op.kind == kGet || op.kind == kJoin; }
  [[nodiscard]] bool holds(std::size_t) const override { return false; }
  [[nodiscard]] const char* name(Op op) const override {
    constexpr const char* kNames[] = {"put", "get", "put_nowait", "get_nowait", "task_done", "join", "shutdown"};
    return kNames[op.kind];
  }

  void start(std::size_t actor, Op op) override {
    switch (op.kind) {
      case kPut:
        return start_put(actor);
      case kGet:
        return start_get(actor);
      case kPutNowait:
        return start_put_nowait(actor);
      case kGetNowait:
        return start_get_nowait(actor, kRefused);
      case kTaskDone:
        now(actor, kDone);
        --undone_;
        return finish(1);
      case kJoin:
        if (finished_ == accepted()) {
          now(actor, kDone);
        } else if (block(actor)) {
          joiners_.push_back(actor);
        }
        return;
      default:
        now(actor, kDone);
        close_items();
        if (op.n == 2) finish(drop_items());
    }
  }
  void finish(std::size_t items) {
    finished_ += items;
    if (finished_ != accepted()) return;
    for (const std::size_t joiner : std::exchange(joiners_, {})) grant(joiner, kDone, kOthers);
  }
  void completed(std::size_t, Op op, int result) override {
    if ((op.kind == kGet || op.kind == kGetNowait) && result > 0) ++undone_;
  }
  void stop(std::size_t actor) override {
    std::erase(joiners_, actor);
    ItemSystem::stop(actor);
  }
  void drop(std::size_t) override {}
  void compare(bool idle) override {
    if (idle) compare_items();
    if (queue_->qsize() != stored()) fail("%zu items are in the queue, and not %zu", queue_->qsize(), stored());
    if (queue_->empty() == has_item()) fail("empty() is wrong");
    if (queue_->full() != (maxsize_ != 0 && stored() >= maxsize_)) fail("full() is wrong");
  }
  void audit() override {
    while (has_item()) {
      const int expected = next_item();
      const int item = queue_->get_nowait().number();
      if (item != expected) fail("item %d is left in the place of %d", item, expected);
    }
    if (!queue_->empty()) fail("an item is left that nobody has put");
  }

  std::size_t maxsize_;
  std::optional<eddy::Queue<Item>> queue_;
  std::size_t finished_ = 0;
  std::size_t undone_ = 0;  // were got, and not reported as done
  std::deque<std::size_t> joiners_;
};

}  // namespace

void add_queues(std::vector<Plan>& plans) {
  const auto add = [&plans](const char* name, std::size_t limit, ActorSystem::Settings settings, unsigned depth,
                            unsigned full_depth) {
    plans.push_back(
        {std::string("queue/") + name, std::make_unique<QueueSystem>(limit, std::move(settings)), depth, full_depth});
  };
  const Op put{kPut};
  const Op get{kGet};
  const Op limited_put{kPut, 1, Limit::some};
  const Op limited_get{kGet, 1, Limit::some};
  const Op done{kTaskDone};
  add("bounded", 1, {{{put, put}, {put}, {get, get}, {get}}, 2}, 6, 9);
  add("unbounded", 0, {{{get, get}, {get}, {put, put}, {{kGetNowait}, {kPutNowait}}}, 2}, 6, 8);
  add("limits", 1,
      {{{limited_put, put},
        {limited_put},
        {limited_get, get},
        {limited_get},
        {{kGet, 1, Limit::zero}, {kPut, 1, Limit::zero}}},
       0,
       2},
      5, 8);
  add("shutdown", 1, {{{put, put}, {put}, {limited_get, get}, {{kShutdown, 1}, {kShutdown, 2}}, {limited_get}}, 1, 1},
      5, 7);
  add("immediate", 2, {{{put, put}, {put, put}, {get, get}, {{kShutdown, 2}}}, 2}, 6, 9);
  add("join", 0,
      {{{{kJoin}, {kJoin}}, {{kJoin, 1, Limit::some}}, {put, put, {kShutdown, 2}}, {get, done, get, done}}, 1, 1}, 6,
      8);
}

}  // namespace interleavings
