// The explorer and its loop.
//
// SPDX-License-Identifier: MIT
#include "explorer.hpp"

#include <algorithm>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sstream>

namespace interleavings {

namespace {

// The schedule that runs now.
struct Present {
  const Plan* plan = nullptr;
  std::vector<Choice> choices;
  bool tells = false;
};
Present present;
Stage* the_stage = nullptr;

std::string text_of(Choice choice) {
  constexpr const char* kSigns[] = {"", "^", "-", "@", "."};
  std::string text = kSigns[static_cast<std::size_t>(choice.kind)];
  if (choice.kind != Choice::Kind::turn) text += letter(choice.actor);
  return text;
}

std::string text_of(const std::vector<Choice>& choices) {
  std::string text;
  for (const Choice choice : choices) text += (text.empty() ? "" : " ") + text_of(choice);
  return text;
}

void print_schedule() {
  if (present.plan == nullptr) return;
  std::fprintf(stderr, "  in %s after: %s\n  again: --only %s --replay \"%s\"\n", present.plan->name.c_str(),
               text_of(present.choices).c_str(), present.plan->name.c_str(), text_of(present.choices).c_str());
}

// The program is lost; to allocate here is better than to say nothing.
void on_crash(int signal) {
  std::signal(signal, SIG_DFL);
  std::fprintf(stderr, "interleavings: stopped by signal %d\n", signal);
  print_schedule();
  std::fflush(stderr);
  std::raise(signal);
}

void apply(System& system, Choice choice) {
  present.choices.push_back(choice);
  if (present.tells) std::printf("%s\n", text_of(choice).c_str());
  if (choice.kind == Choice::Kind::turn) {
    stage().turn();
  } else {
    system.apply(choice);
  }
  system.look(stage().idle());
}

void list(System& system, bool may_step, std::vector<Choice>& options) {
  options.clear();
  if (may_step) system.list(options);
  if (!stage().idle()) options.push_back(Choice{});
}

void begin(Plan& plan) {
  present.plan = &plan;
  present.choices.clear();
  plan.system->begin();
}

void end(System& system) {
  stage().settle(system);
  system.end();
  stage().check_clean();
}

}  // namespace

void fail(const char* format, ...) {
  std::fflush(stdout);
  std::fputs("interleavings: ", stderr);
  std::va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fputc('\n', stderr);
  print_schedule();
  std::fflush(stderr);
  std::_Exit(1);
}

void note(const char* format, ...) {
  if (!present.tells) return;
  std::fputs("    ", stdout);
  std::va_list arguments;
  va_start(arguments, format);
  std::vprintf(format, arguments);
  va_end(arguments);
  std::fputc('\n', stdout);
}

Stage& stage() { return *the_stage; }

Stage::Stage() : loop_(&clock_), running_(loop_) {
  the_stage = this;
  scheduler().batch_hook = this;
  frames_ = eddy::detail::blocks_in_use;
  loop_.set_exception_handler([](const eddy::ExceptionContext& context) {
    fail("something was reported to the exception handler: %s", context.message.c_str());
  });
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGABRT}) std::signal(signal, on_crash);
}

Stage::~Stage() {
  scheduler().batch_hook = nullptr;
  the_stage = nullptr;
}

bool Stage::idle() {
  auto& timers = eddy::EventLoop::Internals::timers(loop_);
  return scheduler().ready.empty() && (timers.empty() || timers.next_deadline() > loop_.time());
}

void Stage::run_one(std::size_t index) {
  index_ = index;
  ++turns_;
  eddy::EventLoop::Internals::pass(loop_, eddy::TimePoint::max());
}

std::uint32_t Stage::run_batch(eddy::detail::Scheduler& scheduler) {
  if (index_ > 0) {
    others_.clear();
    while (eddy::detail::ReadyNode* node = scheduler.batch.pop()) others_.push_back(node);
    const auto chosen = others_.begin() + static_cast<std::ptrdiff_t>(index_);
    std::rotate(others_.begin(), chosen, chosen + 1);
    for (eddy::detail::ReadyNode* node : others_) {
      if (node->flags & eddy::detail::kCallback) {
        scheduler.batch.push(static_cast<eddy::detail::CallbackNode*>(node));
      } else {
        scheduler.batch.push(node);
      }
    }
  }
  eddy::detail::ReadyNode* first = scheduler.batch.pop();
  if (first == nullptr) fail("the loop had nothing to run");
  scheduler.run_node(first);
  while (eddy::detail::ReadyNode* follower = scheduler.next.pop()) scheduler.run_node(follower);
  scheduler.batch.take_all(scheduler.ready);  // what was put off stands before what has become ready
  scheduler.ready.take_all(scheduler.batch);
  return 1;
}

void Stage::settle(System& system) {
  constexpr int kPatience = 10'000;
  for (int turns = 0; !idle(); ++turns) {
    if (turns == kPatience) fail("the loop does not come to rest");
    turn();
    system.look(idle());
  }
}

void Stage::check_clean() {
  if (!scheduler().tasks.empty()) fail("a task is left");
  if (!scheduler().ready.empty() || !scheduler().batch.empty() || !scheduler().next.empty())
    fail("something is left ready");
  if (!eddy::EventLoop::Internals::timers(loop_).empty()) fail("a timer is left");
  const std::ptrdiff_t frames = eddy::detail::blocks_in_use - frames_;
  if (frames != 0) fail("frames of tasks that are left, or freed twice: %td", frames);
}

Count explore(Plan& plan, unsigned depth, std::uint64_t limit) {
  struct Fork {
    std::size_t taken;
    std::size_t options;
  };
  std::vector<Fork> path;
  std::vector<Choice> options;
  System& system = *plan.system;
  Count count;
  const std::uint64_t turns = stage().turns();
  do {
    if (count.schedules == limit) break;
    begin(plan);
    unsigned steps = 0;
    for (std::size_t at = 0;; ++at) {
      list(system, steps < depth, options);
      if (options.empty() || (steps == depth && options.size() == 1)) break;
      if (at == path.size()) path.push_back({0, options.size()});
      if (path[at].options != options.size()) fail("the same choices have led elsewhere this time");
      const Choice choice = options[path[at].taken];
      if (choice.kind != Choice::Kind::turn) {
        ++steps;
        ++count.steps;
      }
      apply(system, choice);
    }
    end(system);
    ++count.schedules;
    while (!path.empty() && ++path.back().taken == path.back().options) path.pop_back();
    count.complete = path.empty();
  } while (!count.complete);
  count.steps += stage().turns() - turns;
  return count;
}

void replay(Plan& plan, const std::string& choices) {
  present.tells = true;
  begin(plan);
  std::istringstream words(choices);
  std::vector<Choice> options;
  for (std::string word; words >> word;) {
    list(*plan.system, true, options);
    const auto option = std::find_if(options.begin(), options.end(), [&](Choice it) { return text_of(it) == word; });
    if (option == options.end()) {
      std::fprintf(stderr, "interleavings: '%s' cannot be chosen here, only: %s\n", word.c_str(),
                   text_of(options).c_str());
      std::fflush(stdout);
      std::_Exit(2);
    }
    apply(*plan.system, *option);
  }
  std::printf("(to the end)\n");
  end(*plan.system);
}

}  // namespace interleavings
