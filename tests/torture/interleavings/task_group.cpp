// task_group: it ends when all of it have ended, loses no error, and stops nobody without a reason.
//
// A is the task that awaits the group, B the group's body, C and those behind it are its tasks. A task that lingers is
// stopped in a wait whose cleanup waits once more.
//
// SPDX-License-Identifier: MIT
#include "explorer.hpp"

#include <chrono>
#include <exception>
#include <functional>
#include <stdexcept>

namespace interleavings {

namespace {

enum class Act : unsigned char {
  step,    // nothing, but it is a turn
  spawn,   // adds a member
  fail,    // throws
  cancel,  // cancels the group
};
struct Op {
  Act act = Act::step;
  std::size_t member = 0;
};
struct Script {
  std::vector<Op> ops;
  bool lingers = false;
  std::vector<Op> cleanup = {};  // of one that lingers
};

constexpr std::size_t kOwner = 0;
constexpr std::size_t kBody = 1;

// What a member throws.
class Failure : public std::exception {
 public:
  explicit Failure(std::size_t its_member) noexcept : member(its_member) {}
  [[nodiscard]] const char* what() const noexcept override { return "a member failed"; }
  std::size_t member;
};

class GroupSystem final : public System {
 public:
  struct Settings {
    std::vector<Script> members;  // from the body on
    unsigned cancels = 0;
    bool limited = false;  // the owner has a time limit around the group
  };
  explicit GroupSystem(Settings settings) : settings_(std::move(settings)), members_(settings_.members.size() + 1) {}

  void begin() override {
    for (Member& member : members_) member = Member();
    cancels_ = settings_.cancels;
    errors_.clear();
    group_ = nullptr;
    timeout_ = nullptr;
    stopping_ = refusing_ = cancelled_ = cut_short_ = left_ = false;
    owner_cancelled_ = expiring_ = expired_ = false;
    members_[kOwner].status = members_[kBody].status = Status::runs;
    owner_ = eddy::create_task(own());
    stage().settle(*this);
  }

  void list(std::vector<Choice>& choices) const override {
    using Kind = Choice::Kind;
    for (std::size_t i = kBody; i < members_.size(); ++i) {
      const Member& member = members_[i];
      const auto index = static_cast<unsigned char>(i);
      if (!member.gate.waits()) continue;
      choices.push_back({Kind::go, index});
      if (cancels_ > 0 && !owner_cancelled_ && !left_ && member.status == Status::runs)
        choices.push_back({Kind::go_stopped, index});
    }
    for (std::size_t i = kBody + 1; i < members_.size(); ++i) {
      const Member& member = members_[i];
      if (cancels_ > 0 && !member.cancelled && (member.status == Status::queued || member.status == Status::runs))
        choices.push_back({Kind::cancel, static_cast<unsigned char>(i)});
    }
    if (cancels_ > 0 && !owner_cancelled_ && !left_) choices.push_back({Kind::cancel, kOwner});
    if (timeout_ != nullptr && !expiring_) choices.push_back({Kind::expire, kOwner});
  }

  void apply(Choice choice) override {
    const std::size_t index = choice.actor;
    switch (choice.kind) {
      case Choice::Kind::go:
        members_[index].gate.open();
        return stage().turn_of_last();
      case Choice::Kind::go_stopped:  // it is the owner who is cancelled, and the member has its turn all the same
        --cancels_;
        members_[index].gate.open();
        cancel_owner();
        return stage().turn_of_last();
      case Choice::Kind::cancel:
        --cancels_;
        if (index == kOwner) return cancel_owner();
        members_[index].cancelled = true;
        stop(index);
        members_[index].task.cancel();
        return;
      case Choice::Kind::expire:
        expiring_ = true;
        return timeout_->reschedule(stage().loop().time());
      case Choice::Kind::turn:
        return;
    }
  }

  void look(bool idle) override {
    end_unstarted();
    if (timeout_ != nullptr && timeout_->expired() && !expired_) {
      expired_ = true;
      stop_all();
    }
    for (std::size_t i = kBody; i < members_.size() && idle; ++i) {
      const Member& member = members_[i];
      if (member.status == Status::queued) fail("%c was added, and is not started", letter(i));
      if (member.status == Status::stopped || member.status == Status::unstarted)
        fail("%c was stopped, and does not end", letter(i));
      if (member.status == Status::runs && !member.gate.waits()) fail("%c does not go on", letter(i));
      if (i == kBody || member.status == Status::unborn) continue;
      if (member.task.done() != (member.status == Status::ended)) fail("%c's handle is wrong about its end", letter(i));
      if (member.task.done() && member.task.cancelled() != (member.how == How::stopped))
        fail("%c has ended in another way", letter(i));
    }
    if (!idle) return;
    const bool all_ended = !anybody_lives();
    if (all_ended != left_)
      fail(left_ ? "the group is left before its end" : "all of the group have ended, and it is not left");
    const bool owner_ends = left_ && owner_cancelled_;
    if (owner_.done() != (members_[kOwner].status == Status::ended)) fail("the owner's handle is wrong");
    if (owner_ends != owner_.done())
      fail(owner_ends ? "the owner was cancelled, and does not end" : "the owner ends, and nothing let it");
  }

  void end() override {
    look(true);
    if (!owner_cancelled_) cancel_owner();
    stage().settle(*this);
    for (int rounds = 0; anybody_lives(); ++rounds) {
      if (rounds == 100) fail("the group does not end");
      for (Member& member : members_) {
        if (member.gate.waits()) member.gate.open();
      }
      stage().settle(*this);
    }
    look(true);
    owner_ = eddy::TaskHandle<>();
    for (Member& member : members_) member.task = eddy::TaskHandle<>();
  }

 private:
  enum class Status : unsigned char {
    unborn,
    queued,     // added, and not started
    runs,       // at its gate, or in its turn
    unstarted,  // stopped before its first turn, which it never has
    stopped,    // ends in its turn
    cleaning,   // in the cleanup of one that lingers
    ended,
  };
  enum class How : unsigned char { value, error, stopped };
  struct Member {
    Gate gate;
    eddy::TaskHandle<> task;
    Status status = Status::unborn;
    How how = How::stopped;  // at its end, if it says nothing else
    bool cancelled = false;
    bool must_stop = false;
  };

  // ---- The real thing.

  struct Farewell {
    Farewell(GroupSystem& its_system, std::size_t its_member) noexcept : system(its_system), member(its_member) {}
    Farewell(const Farewell&) = delete;
    ~Farewell() { system.on_end(member); }
    GroupSystem& system;
    std::size_t member;
  };

  eddy::Task<> own() {
    const Farewell farewell(*this, kOwner);
    std::vector<std::size_t> errors;
    bool timed_out = false;
    try {
      if (settings_.limited) {
        co_await eddy::timeout(std::chrono::hours(1), &GroupSystem::run_in_time, std::ref(*this));
      } else {
        co_await eddy::task_group(&GroupSystem::run_body, std::ref(*this));
      }
    } catch (const eddy::TimeoutError&) {
      timed_out = true;
    } catch (const eddy::ExceptionGroup& group) {
      for (const std::exception_ptr& error : group.exceptions()) errors.push_back(member_of(error));
    }
    on_leave(errors, timed_out);
    co_await members_[kOwner].gate.pass();
  }
  static std::size_t member_of(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const Failure& failure) {
      return failure.member;
    } catch (...) {
      fail("an error that nobody has thrown");
    }
  }
  static eddy::Task<> run_in_time(eddy::Timeout& timeout, GroupSystem& system) {
    struct Known {
      Known(GroupSystem& its_system, eddy::Timeout& its_timeout) noexcept : system(its_system) {
        system.timeout_ = &its_timeout;
      }
      Known(const Known&) = delete;
      ~Known() { system.timeout_ = nullptr; }
      GroupSystem& system;
    };
    const Known known(system, timeout);
    co_await eddy::task_group(&GroupSystem::run_body, std::ref(system));
  }
  static eddy::Task<> run_body(eddy::TaskGroup& group, GroupSystem& system) {
    const Farewell farewell(system, kBody);
    system.group_ = &group;
    for (const Op op : system.script(kBody).ops) {
      co_await system.members_[kBody].gate.pass();
      system.perform(kBody, op);
    }
    system.members_[kBody].how = How::value;
  }
  eddy::Task<> run_member(std::size_t index) {
    const Farewell farewell(*this, index);
    on_start(index);
    if (script(index).lingers) {
      co_await eddy::try_finally(work(index), clean_up(index));
    } else {
      co_await work(index);
    }
  }
  eddy::Task<> work(std::size_t index) {
    for (const Op op : script(index).ops) {
      co_await members_[index].gate.pass();
      perform(index, op);
    }
    members_[index].how = How::value;
  }
  eddy::Task<> clean_up(std::size_t index) {
    Member& member = members_[index];
    if (member.how != How::stopped) co_return;  // the work has ended by itself
    member.status = Status::cleaning;
    for (const Op op : script(index).cleanup) {
      co_await member.gate.pass();
      perform(index, op);
    }
  }
  void perform(std::size_t index, Op op) {
    switch (op.act) {
      case Act::step:
        note("%c has a turn", letter(index));
        return;
      case Act::spawn:
        return spawn(index, op.member);
      case Act::fail:
        note("%c fails", letter(index));
        on_fail(index);
        throw Failure(index);
      case Act::cancel:
        note("%c cancels the group", letter(index));
        refusing_ = cancelled_ = true;
        stop_all();
        return group_->cancel();
    }
  }
  void spawn(std::size_t index, std::size_t added) {
    Member& member = members_[added];
    if (member.status != Status::unborn) return;
    note("%c adds %c", letter(index), letter(added));
    bool refused = false;
    try {
      member.task = group_->create_task(run_member(added));
    } catch (const eddy::RuntimeError&) {
      refused = true;
    }
    if (refused != refusing_)
      fail(refused ? "the group refuses %c" : "the group takes %c although it stops", letter(added));
    if (refused) return;
    member.status = Status::queued;
    if (stopping_) stop(added);
  }

  // ---- The model.

  [[nodiscard]] const Script& script(std::size_t index) const { return settings_.members[index - kBody]; }
  [[nodiscard]] bool anybody_lives() const {
    for (std::size_t i = kBody; i < members_.size(); ++i) {
      if (members_[i].status != Status::ended && members_[i].status != Status::unborn) return true;
    }
    return false;
  }
  void stop(std::size_t index) {
    Member& member = members_[index];
    if (member.status == Status::unborn || member.status == Status::ended || member.must_stop) return;
    member.must_stop = true;
    if (member.status == Status::queued) {  // it never runs
      member.status = Status::unstarted;
    } else if (member.gate.waits()) {
      member.status = Status::stopped;
    }  // else it is in its turn, or about to have it, and goes on to its next wait
  }
  void stop_all() {
    if (stopping_) return;
    stopping_ = true;
    for (std::size_t i = kBody; i < members_.size(); ++i) stop(i);
  }
  void cancel_owner() {
    owner_cancelled_ = true;
    if (!left_) stop_all();
    owner_.cancel();
  }
  // One that never ran says nothing at its end.
  void end_unstarted() {
    for (Member& member : members_) {
      if (member.status != Status::unstarted || !member.task.done()) continue;
      member.status = Status::ended;
      if (stopping_) cut_short_ = true;
    }
  }
  void on_start(std::size_t index) {
    note("%c starts", letter(index));
    if (members_[index].status != Status::queued) fail("%c starts, and must not", letter(index));
    members_[index].status = Status::runs;
  }
  void on_fail(std::size_t index) {
    members_[index].how = How::error;
    errors_.push_back(index);
  }
  void on_end(std::size_t index) {
    Member& member = members_[index];
    note("%c ends", letter(index));
    if (index == kOwner) {
      if (!owner_cancelled_) fail("the owner ends, and nothing let it");
      if (!left_) leave(true);
      member.status = Status::ended;
      return;
    }
    if (member.how == How::stopped && !member.must_stop)
      fail("%c is stopped, and nobody has stopped it", letter(index));
    member.status = Status::ended;
    if (member.how == How::stopped && stopping_) cut_short_ = true;
    if (member.how == How::error) {
      refusing_ = true;
      stop_all();
    }
  }
  // The group is over for its owner: `stopped` if he is stopped with it.
  void leave(bool stopped) {
    end_unstarted();
    if (anybody_lives()) fail("the group ends before all of it");
    const bool must_stop = errors_.empty() && cut_short_ && !cancelled_ && owner_cancelled_;
    if (stopped != must_stop)
      fail(stopped ? "the owner is stopped, and should have been told how the group ended"
                   : "the owner goes on, and should have been stopped");
    left_ = true;
  }
  void on_leave(const std::vector<std::size_t>& errors, bool timed_out) {
    note("the group gives %zu errors%s", errors.size(), timed_out ? ", its time was up" : "");
    leave(false);
    if (errors != errors_) fail("the group gives %zu errors, and not %zu, or others", errors.size(), errors_.size());
    const bool due = expired_ && errors_.empty() && cut_short_ && !cancelled_;
    if (timed_out != due) fail(due ? "the group does not time out" : "the group times out, and must not");
  }

  Settings settings_;
  std::vector<Member> members_;
  eddy::TaskHandle<> owner_;
  eddy::TaskGroup* group_ = nullptr;
  eddy::Timeout* timeout_ = nullptr;
  unsigned cancels_ = 0;
  std::vector<std::size_t> errors_;  // who failed, in order
  bool stopping_ = false;            // all were told to stop
  bool refusing_ = false;            // no more members
  bool cancelled_ = false;           // by one of it
  bool cut_short_ = false;           // a member was stopped by the group's stop
  bool left_ = false;
  bool owner_cancelled_ = false;
  bool expiring_ = false;
  bool expired_ = false;
};

}  // namespace

void add_task_groups(std::vector<Plan>& plans) {
  const auto add = [&plans](const char* name, GroupSystem::Settings settings, unsigned depth, unsigned full_depth) {
    plans.push_back(
        {std::string("task_group/") + name, std::make_unique<GroupSystem>(std::move(settings)), depth, full_depth});
  };
  const Op step{Act::step};
  const Op error{Act::fail};
  const Op cancel{Act::cancel};
  const Op c{Act::spawn, 2};
  const Op d{Act::spawn, 3};
  const Op e{Act::spawn, 4};
  add("errors", {{{{c, d, step}}, {{step, error}}, {{e, error}}, {{error}}}, 2}, 6, 9);
  add("lingering", {{{{c, d, step}}, {{step}, true, {error}}, {{step, error}, true, {step}}}, 3}, 6, 9);
  add("cancel", {{{{c, d, step}}, {{step, cancel}}, {{e, step}}, {{step, error}}}, 2}, 6, 9);
  add("limits", {{{{c, d}}, {{step}, true, {step}}, {{e, error}}, {{step}}}, 2, true}, 6, 9);
  add("late", {{{{c, step, d}}, {{step}, true, {d, step}}, {{step}}, {{error}}}, 3}, 6, 9);
}

}  // namespace interleavings
