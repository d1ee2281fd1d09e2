// The actors, and the rules that hold for whatever they wait for.
//
// SPDX-License-Identifier: MIT
#include "actors.hpp"

#include <chrono>
#include <functional>

namespace interleavings {

namespace {

// Never reached by itself: the clock stands still while there is something to do, and nothing is run when there is not.
constexpr std::chrono::hours kLater{1};

}  // namespace

void ActorSystem::begin() {
  make();
  cancels_ = settings_.cancels;
  expiries_ = settings_.expiries;
  served_ = 0;
  for (Actor& actor : actors_) actor = Actor();
  for (std::size_t i = 0; i < count(); ++i) actors_[i].task = eddy::create_task(act(i));
  stage().settle(*this);
  for (const std::size_t actor : settings_.prelude) {
    apply({Choice::Kind::go, static_cast<unsigned char>(actor)});
    look(stage().idle());
    stage().settle(*this);
  }
}

void ActorSystem::list(std::vector<Choice>& choices) const {
  using Kind = Choice::Kind;
  for (std::size_t i = 0; i < count(); ++i) {
    const Actor& actor = actors_[i];
    const auto index = static_cast<unsigned char>(i);
    if (actor.status == Status::ended || (actor.cancelled && !actor.timeout)) continue;
    if (at_gate(actor) && !actor.cancelled) {
      choices.push_back({Kind::go, index});
      // With what does not wait it would be a cancel at the gate.
      if (cancels_ > 0 && may_wait(settings_.scripts[i][actor.next])) choices.push_back({Kind::go_stopped, index});
    }
    // To stop one that has nothing and wants nothing is to choose it no more.
    if (cancels_ > 0 && !actor.cancelled && (actor.status != Status::gate || holds(i)))
      choices.push_back({Kind::cancel, index});
    if (expiries_ > 0 && actor.timeout != nullptr && !actor.expiring) choices.push_back({Kind::expire, index});
  }
}

void ActorSystem::apply(Choice choice) {
  const std::size_t index = choice.actor;
  Actor& actor = actors_[index];
  switch (choice.kind) {
    case Choice::Kind::go:
      actor.gate.open();
      return stage().turn_of_last();
    case Choice::Kind::go_stopped:
      --cancels_;
      actor.gate.open();
      actor.cancelled = true;
      actor.task.cancel();
      return stage().turn_of_last();
    case Choice::Kind::cancel:
      --cancels_;
      actor.cancelled = true;
      actor.task.cancel();
      if (actor.status == Status::waiting) stop(index);
      return;
    case Choice::Kind::expire:
      --expiries_;
      actor.expiring = true;
      return actor.timeout->reschedule(stage().loop().time());
    case Choice::Kind::turn:
      return;
  }
}

void ActorSystem::look(bool idle) {
  for (std::size_t i = 0; i < count(); ++i) {
    Actor& actor = actors_[i];
    if (actor.timeout != nullptr && actor.timeout->expired() && !actor.expired) {
      actor.expired = true;
      if (actor.status == Status::waiting) stop(i);
    }
  }
  for (std::size_t i = 0; i < count(); ++i) {
    const Actor& actor = actors_[i];
    if (actor.at_once) fail("%c's %s does not complete at once", letter(i), name(actor.op));
    if (!idle) continue;
    if (actor.status == Status::granted)
      fail("lost wake-up: %c can go on with %s, and does not", letter(i), name(actor.op));
    if (actor.status == Status::leaving) fail("%c was stopped in %s, and does not leave it", letter(i), name(actor.op));
    if (actor.status == Status::gate && actor.cancelled) fail("%c was stopped, and does not end", letter(i));
    if (actor.status == Status::gate && !actor.gate.waits())
      fail("%c is neither at its gate nor in an operation", letter(i));
    if (actor.status == Status::ended && !actor.task.done())
      fail("the frames of %c are gone and its task is not done", letter(i));
  }
  compare(idle);
}

void ActorSystem::end() {
  look(true);
  for (std::size_t i = 0; i < count(); ++i) {
    if (actors_[i].status == Status::ended || actors_[i].cancelled) continue;
    ++cancels_;
    apply({Choice::Kind::cancel, static_cast<unsigned char>(i)});
    look(stage().idle());
  }
  stage().settle(*this);
  look(true);
  for (std::size_t i = 0; i < count(); ++i) {
    if (actors_[i].status != Status::ended) fail("%c was cancelled, and waits for ever", letter(i));
    actors_[i].task = eddy::TaskHandle<>();
  }
  audit();
  destroy();
}

eddy::Task<> ActorSystem::act(std::size_t index) {
  const Farewell farewell(*this, index);
  Actor& actor = actors_[index];
  const std::vector<Op>& script = settings_.scripts[index];
  for (skip(index); actor.next < script.size(); skip(index)) {
    co_await actor.gate.pass();
    const Op op = script[actor.next++];
    if (!applies(index, op)) continue;  // others have changed that since it went to its gate
    on_begin(index, op);
    int result = kTimedOut;
    if (op.limit == Limit::none) {
      result = co_await perform(index, op);
    } else {
      const eddy::Duration limit = op.limit == Limit::zero ? eddy::Duration::zero() : eddy::Duration(kLater);
      try {
        result = co_await eddy::timeout(limit, &ActorSystem::perform_in_time, std::ref(*this), index, op);
      } catch (const eddy::TimeoutError&) {
        result = kTimedOut;
      }
    }
    on_complete(index, result);
  }
}

eddy::Task<int> ActorSystem::perform_in_time(eddy::Timeout& timeout, ActorSystem& system, std::size_t index, Op op) {
  struct Known {
    Known(Actor& its_actor, eddy::Timeout& its_timeout) noexcept : actor(its_actor) {
      if (actor.op.limit == Limit::some) actor.timeout = &its_timeout;
    }
    Known(const Known&) = delete;
    ~Known() { actor.timeout = nullptr; }
    Actor& actor;
  };
  const Known known(system.actors_[index], timeout);
  const int result = co_await system.perform(index, op);
  co_return result;
}

void ActorSystem::skip(std::size_t index) {
  const std::vector<Op>& script = settings_.scripts[index];
  std::size_t& next = actors_[index].next;
  while (next < script.size() && !applies(index, script[next])) ++next;
}

void ActorSystem::on_begin(std::size_t index, Op op) {
  Actor& actor = actors_[index];
  note("%c begins %s %d%s", letter(index), name(op), op.n,
       op.limit == Limit::none   ? ""
       : op.limit == Limit::some ? ", with a time limit"
                                 : ", with no time");
  actor.op = op;
  actor.expiring = actor.expired = false;
  actor.must_not_wait = actor.cancelled || op.limit == Limit::zero;
  if (actor.cancelled && op.limit != Limit::none) {
    actor.status = Status::leaving;  // a timeout does not start its work when its caller is to stop
    return;
  }
  start(index, op);
  if (actor.status == Status::gate) fail("the model of %s says nothing", name(op));
}

void ActorSystem::on_complete(std::size_t index, int result) {
  Actor& actor = actors_[index];
  note("%c completes %s: %d", letter(index), name(actor.op), result);
  if (actor.status == Status::leaving && !actor.cancelled) {
    if (result != kTimedOut) fail("%c's %s gives %d although its time was up", letter(index), name(actor.op), result);
  } else if (actor.status == Status::granted) {
    const int expected = actor.at_once ? actor.result : outcome(index, actor.result);
    if (result != expected) fail("%c's %s gives %d, and not %d", letter(index), name(actor.op), result, expected);
    for (std::size_t i = 0; i < count() && !actor.at_once; ++i) {
      const Actor& other = actors_[i];
      if (other.status == Status::granted && !other.at_once && other.lane == actor.lane && other.served < actor.served)
        fail("%c goes on before %c, which was served first", letter(index), letter(i));
    }
  } else {
    fail("%c goes on with %s, and nothing let it", letter(index), name(actor.op));
  }
  actor.status = Status::gate;
  actor.at_once = false;
  completed(index, actor.op, result);
}

void ActorSystem::on_end(std::size_t index) {
  Actor& actor = actors_[index];
  note("%c ends", letter(index));
  const bool finished = actor.next == settings_.scripts[index].size();
  if (actor.status == Status::granted)
    fail("%c was given what %s was for, and is stopped all the same", letter(index), name(actor.op));
  const bool stopped = actor.cancelled && (actor.status == Status::gate || actor.status == Status::leaving);
  if (!stopped && !(actor.status == Status::gate && finished)) fail("%c ends, and nothing let it", letter(index));
  actor.status = Status::ended;
  drop(index);
}

void ActorSystem::now(std::size_t index, int result) {
  Actor& actor = actors_[index];
  actor.status = Status::granted;
  actor.at_once = true;
  actor.result = result;
}

bool ActorSystem::block(std::size_t index) {
  Actor& actor = actors_[index];
  actor.status = actor.must_not_wait ? Status::leaving : Status::waiting;
  return !actor.must_not_wait;
}

void ActorSystem::grant(std::size_t index, int result, int lane) {
  Actor& actor = actors_[index];
  if (actor.status != Status::waiting) fail("the model serves %c, which does not wait", letter(index));
  actor.status = Status::granted;
  actor.result = result;
  actor.lane = lane;
  actor.served = ++served_;
}

void ActorSystem::withdraw(std::size_t index) { actors_[index].status = Status::withdrawing; }
void ActorSystem::leave(std::size_t index) { actors_[index].status = Status::leaving; }

}  // namespace interleavings
