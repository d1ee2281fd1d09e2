// What is enumerated: systems of a few actors, the choices at each step, and the loop that takes one turn at a time.
//
// A schedule is a sequence of choices. The explorer runs a system from its start again and again, each time with another
// schedule, depth first, until it has run all of them. Nothing in a run depends on anything but the choices, so a schedule
// that is given to --replay does the same once more.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/eddy.hpp>
#include <eddy/testing/virtual_clock.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace interleavings {

// One step of a schedule. In text: `A`, `^A`, `-A`, `@A`, `.`.
struct Choice {
  enum class Kind : unsigned char {
    go,          // an actor does its next operation
    go_stopped,  // the same, and it is cancelled between the moment it is let go and its turn
    cancel,      // an actor is cancelled
    expire,      // the time of an actor's operation is up
    turn,        // the loop runs the first of what is ready, and fires timers that are due
  };
  Kind kind = Kind::turn;
  unsigned char actor = 0;

  bool operator==(const Choice&) const = default;
};

constexpr char letter(std::size_t actor) noexcept { return static_cast<char>('A' + actor); }

// A primitive, its actors and its model. It is used for many schedules, one after another.
class System {
 public:
  System() = default;
  System(const System&) = delete;
  System& operator=(const System&) = delete;
  virtual ~System() = default;

  // Makes everything new, up to where the choices begin.
  virtual void begin() = 0;
  // Appends what can be chosen now, without what would change nothing. The loop's turn is not among it.
  virtual void list(std::vector<Choice>& choices) const = 0;
  virtual void apply(Choice choice) = 0;
  // Compares the system with the model. `idle`: nothing is left to run, so who can go on has gone on.
  virtual void look(bool idle) = 0;
  // Ends what is left, and settles the accounts. The loop is idle.
  virtual void end() = 0;
};

// A system with a name, "semaphore/one", and how many steps its schedules have: by default, and in the full run. The
// loop's turns are not counted.
struct Plan {
  std::string name;
  std::unique_ptr<System> system;
  unsigned depth;
  unsigned full_depth;
};

// Ends the program with the message and the schedule that led to it.
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));
// A line of the story that --replay tells.
void note(const char* format, ...) __attribute__((format(printf, 1, 2)));

// Where a task waits until it is chosen.
class Gate {
 public:
  class Pass {
   public:
    explicit Pass(Gate& gate) noexcept : gate_(&gate) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> task) noexcept { gate_->waiting_ = task; }
    void await_resume() const noexcept {}
    eddy::CancelResult try_cancel() noexcept {
      gate_->waiting_ = nullptr;
      return eddy::CancelResult::stopped;
    }

   private:
    Gate* gate_;
  };

  Pass pass() noexcept { return Pass(*this); }
  [[nodiscard]] bool waits() const noexcept { return waiting_ != nullptr; }
  // Queues the task behind what is ready.
  void open() { std::exchange(waiting_, nullptr).resume(); }

 private:
  std::coroutine_handle<> waiting_;
};

// The loop that all schedules share. Each of its passes runs one strand or callback: its batch hook puts the others off.
class Stage final : eddy::detail::BatchHook {
 public:
  Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage();

  [[nodiscard]] eddy::EventLoop& loop() noexcept { return loop_; }
  // True if nothing is ready and no timer is due.
  [[nodiscard]] bool idle();
  // Runs the first of what is ready.
  void turn() { run_one(0); }
  // Runs what was queued last, before all that has been ready for longer: as if it had stood at the head of this pass.
  void turn_of_last() { run_one(scheduler().ready.count() - 1); }
  // Takes turns until the loop is idle, and looks at the system after each.
  void settle(System& system);
  // Nothing may be left of a schedule: no task, no timer, no frame.
  void check_clean();
  [[nodiscard]] std::uint64_t turns() const noexcept { return turns_; }

 private:
  eddy::detail::Scheduler& scheduler() noexcept { return eddy::EventLoop::Internals::scheduler(loop_); }
  void run_one(std::size_t index);
  std::uint32_t run_batch(eddy::detail::Scheduler& scheduler) override;

  eddy::detail::PlainFrames plain_;  // each frame is a block of its own, for whoever watches the memory
  eddy::testing::VirtualClock clock_;
  eddy::EventLoop loop_;
  eddy::EventLoop::Internals::Running running_;
  std::vector<eddy::detail::ReadyNode*> others_;
  std::size_t index_ = 0;
  std::ptrdiff_t frames_ = 0;
  std::uint64_t turns_ = 0;
};

// The one that is used now.
Stage& stage();

struct Count {
  std::uint64_t schedules = 0;
  std::uint64_t steps = 0;  // choices and turns
  bool complete = false;    // false if the limit came first
};

// Runs all schedules of a plan with up to `depth` steps, or the first `limit` of them.
Count explore(Plan& plan, unsigned depth, std::uint64_t limit);
// Runs one schedule, and tells what happens. Ends the program if it is not one of this system.
void replay(Plan& plan, const std::string& choices);

// What there is.
void add_semaphores(std::vector<Plan>& plans);
void add_locks(std::vector<Plan>& plans);
void add_events(std::vector<Plan>& plans);
void add_barriers(std::vector<Plan>& plans);
void add_queues(std::vector<Plan>& plans);
void add_channels(std::vector<Plan>& plans);
void add_task_groups(std::vector<Plan>& plans);

}  // namespace interleavings
