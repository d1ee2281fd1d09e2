// Actors: tasks that do their operations one by one, each when it is chosen, and what a model says of each of them.
//
// The model is kept beside the real thing and told of the same events in the same order: an operation begins, an actor is
// cancelled, a time is up, an operation completes, a task ends. It knows who waits and who was served. So it can say of
// each completion whether it was due, and once the loop is idle whether one is missing.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "explorer.hpp"

#include <cstddef>
#include <vector>

namespace interleavings {

inline constexpr int kDone = 0;
inline constexpr int kNo = -1;  // what was tried is not possible now
inline constexpr int kTimedOut = -2;
inline constexpr int kRefused = -3;  // closed, shut down, broken

enum class Limit : unsigned char {
  none,
  some,  // a time that is up when the adversary says so
  zero,  // it may not wait at all
};

// One operation of a script. What `kind` means is the system's.
struct Op {
  unsigned char kind = 0;
  int n = 1;
  Limit limit = Limit::none;
};

class ActorSystem : public System {
 public:
  struct Settings {
    std::vector<std::vector<Op>> scripts;  // one for each actor
    unsigned cancels = 0;                  // how many of them the adversary has
    unsigned expiries = 0;
    std::vector<std::size_t> prelude =
        {};  // who does the first operations, each followed by turns until the loop is idle
  };

  void begin() final;
  void list(std::vector<Choice>& choices) const final;
  void apply(Choice choice) final;
  void look(bool idle) final;
  void end() final;

 protected:
  explicit ActorSystem(Settings settings) : settings_(std::move(settings)), actors_(settings_.scripts.size()) {}

  // ---- What a system says of its primitive.

  // Makes the primitive, and the model, new.
  virtual void make() = 0;
  // Destroys it. All actors have ended.
  virtual void destroy() = 0;
  // Does the operation, really.
  virtual eddy::Task<int> perform(std::size_t actor, Op op) = 0;
  // True if the operation, which does not wait then, can be done by the actor now; if not it is left out.
  [[nodiscard]] virtual bool applies(std::size_t actor, Op op) const = 0;
  [[nodiscard]] virtual bool may_wait(Op op) const = 0;
  // True if the actor's end gives something back.
  [[nodiscard]] virtual bool holds(std::size_t actor) const = 0;
  [[nodiscard]] virtual const char* name(Op op) const = 0;

  // The model: the operation begins. It calls `now`, or `block` and remembers the actor among those who wait.
  virtual void start(std::size_t actor, Op op) = 0;
  // The model: an actor that waits is stopped. It takes it out of the queue, and calls `leave`.
  virtual void stop(std::size_t actor) = 0;
  // The model: what an actor that was served gets, when its turn has come.
  virtual int outcome(std::size_t, int expected) { return expected; }
  // The model: the operation has completed.
  virtual void completed(std::size_t, Op, int) {}
  // An actor ends and gives back what it holds: really, and in the model.
  virtual void drop(std::size_t actor) = 0;
  // Compares what the primitive says of itself with the model.
  virtual void compare(bool idle) = 0;
  // The last look, when all have ended.
  virtual void audit() {}

  // ---- What its model says.

  // The operation completes without waiting.
  void now(std::size_t actor, int result);
  // It has to wait. False if it must not, since a stop is in force: then it is over.
  [[nodiscard]] bool block(std::size_t actor);
  // One that waits is served: it will go on with this. Those of a lane go on in the order in which they were served.
  void grant(std::size_t actor, int result, int lane = 0);
  // One that waits was stopped, and still waits for something before it may go.
  void withdraw(std::size_t actor);
  // One that waited was stopped, and goes.
  void leave(std::size_t actor);

  [[nodiscard]] std::size_t count() const noexcept { return actors_.size(); }

 private:
  enum class Status : unsigned char {
    gate,         // between two operations
    waiting,      // in a queue
    withdrawing,  // stopped, and in a queue all the same
    granted,      // it has what it wanted, and goes on in its turn
    leaving,      // it was stopped before it had, and goes in its turn
    ended,
  };
  struct Actor {
    Gate gate;
    eddy::TaskHandle<> task;
    eddy::Timeout* timeout = nullptr;  // of the operation that runs
    std::size_t next = 0;              // in its script
    Op op;
    Status status = Status::gate;
    bool cancelled = false;
    bool expiring = false;  // the adversary has said that its time is up
    bool expired = false;   // the loop has said so, too
    bool must_not_wait = false;
    bool at_once = false;  // it completes in the turn in which it began
    int result = 0;
    int lane = 0;
    unsigned served = 0;
  };
  struct Farewell {
    Farewell(ActorSystem& its_system, std::size_t its_actor) noexcept : system(its_system), actor(its_actor) {}
    Farewell(const Farewell&) = delete;
    ~Farewell() { system.on_end(actor); }
    ActorSystem& system;
    std::size_t actor;
  };

  eddy::Task<> act(std::size_t actor);
  static eddy::Task<int> perform_in_time(eddy::Timeout& timeout, ActorSystem& system, std::size_t actor, Op op);
  void skip(std::size_t actor);
  void on_begin(std::size_t actor, Op op);
  void on_complete(std::size_t actor, int result);
  void on_end(std::size_t actor);
  [[nodiscard]] bool at_gate(const Actor& actor) const noexcept {
    return actor.status == Status::gate && actor.gate.waits();
  }

  Settings settings_;
  std::vector<Actor> actors_;
  unsigned cancels_ = 0;
  unsigned expiries_ = 0;
  unsigned served_ = 0;
};

}  // namespace interleavings
