// call_graph: who waits for whom, and where: all tasks of a loop at one moment, with the circles that none of them can leave.
//
// It is for looking into a program that hangs: print it from a callback, from another task, or when SIGUSR1 comes. All that
// it tells is there anyway, in the frames and the wait lists, so a program that never asks pays nothing. Debug mode adds who
// holds a lock.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/event_loop.hpp>
#include <eddy/task/current_task.hpp>
#include <eddy/task/watcher.hpp>

#include <signal.h>

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::debug {

/// Where a task of a CallGraph stands.
enum class TaskState : unsigned char {
  not_started,  ///< its first step is queued
  ready,        ///< it is queued, to go on
  waiting,      ///< for what `waits_for` says
  stopping,     ///< it was cancelled, and its frames are about to be destroyed
  running,      ///< it asks for the graph, or has a destructor that does
};

/// A task of a CallGraph; or work of a task that runs on its own for a while, as the body of a `timeout`.
struct CallGraphTask {
  std::string name;                   ///< the task's name; "cleanup" for work that belongs to no task
  TaskState state = TaskState::waiting;  ///< where it stands
  std::string waits_for;              ///< such as "sleep" or "a lock #1": who wait at one lock or queue have the same number
  std::vector<std::string> awaits;    ///< the file:line of each await, the innermost first
  std::size_t parent = std::size_t(-1);  ///< the index of the task whose `gather`, group or the like owns it; else -1
  std::vector<std::size_t> waits_on;  ///< the tasks that it waits for: children, awaited handles, the holder of the lock
  bool cancelled = false;             ///< a stop is in force
  bool body = false;                  ///< it is no task, but a part of its parent: the body of a `timeout` or the like
};

/// What `call_graph` gives. format.hpp is not needed to print it: see `text`.
struct CallGraph {
  std::vector<CallGraphTask> tasks;              ///< each task followed by its children, and theirs
  std::vector<std::vector<std::size_t>> cycles;  ///< tasks that wait for one another in a circle: each is a deadlock

  /// The picture: a line for each task, children below their parents, and then a line for each deadlock. From the 25th level on
  /// lines are not moved further in but say their level, and of the awaits of deep recursion those in the middle are left out.
  [[nodiscard]] std::string text() const;
};

namespace detail {

using eddy::detail::Frame;

// Whether one that never ends among those that it waits for holds up a wait for ever. A `timeout` may end it, and a `race`
// may be won by another.
inline bool needs_all(std::string_view waits_for) noexcept {
  for (const std::string_view each : {"a task", "a shielded task", "gather", "a task group", "concurrent_map", "a lock",
                                      "a cleanup", "work with a cleanup"}) {
    if (waits_for == each) return true;
  }
  return false;
}

inline bool is_parked(const Frame* root) noexcept {
  using eddy::detail::State;
  return root->state == State::suspended || root->state == State::listed || root->state == State::leaving;
}

inline TaskState state_of(const Frame* root) noexcept {
  using eddy::detail::State;
  if (is_parked(root)) return TaskState::waiting;
  if (root->state == State::start) return TaskState::not_started;
  if (root->state == State::ready) return TaskState::ready;
  return root->state == State::running ? TaskState::running : TaskState::stopping;
}

inline std::vector<std::string> awaits_of(Frame* root) {
  std::vector<std::string> places;
  if (state_of(root) == TaskState::running || root->state == eddy::detail::State::unwinding) return places;
  for (Frame* frame = root->leaf;; frame = frame->parent) {
    places.push_back(eddy::detail::place_of(frame->location));
    if (frame == root) return places;
  }
}

// Makes a CallGraph.
class CallGraphBuilder {
 public:
  explicit CallGraphBuilder(eddy::detail::Scheduler& scheduler) {
    eddy::detail::for_each_strand(scheduler, [this](Frame* root) { add(root); });
    for (Frame* root : roots_) connect(root);
    for (Frame* root : roots_) find_awaiting(root);
    name_handles();
    find_stuck();
    find_cycles();
  }
  CallGraph take() { return std::move(graph_); }

 private:
  static constexpr std::size_t kNone = std::size_t(-1);

  void add(Frame* root) {
    CallGraphTask entry;
    if (root->has(eddy::detail::kChild)) entry.parent = index_of(root->owner->parent->root);
    entry.body = !root->has(eddy::detail::kTask) && entry.parent != kNone;
    if (root->has(eddy::detail::kTask)) {
      entry.name = eddy::detail::name_of(root);
    } else {
      entry.name = entry.body ? graph_.tasks[entry.parent].name : std::string("cleanup");
    }
    entry.state = state_of(root);
    entry.awaits = awaits_of(root);
    entry.cancelled = root->has(eddy::detail::kStop);
    stuck_.push_back(is_parked(root) && needs_all(root->suspension->waits_for()));
    if (is_parked(root)) {
      entry.waits_for = root->suspension->waits_for();
      if (const void* at = root->suspension->waits_at()) {
        entry.waits_for += " #" + std::to_string(objects_.try_emplace(at, objects_.size() + 1).first->second);
        waiting_.emplace(at, roots_.size());
      }
      waiting_.emplace(root->suspension, roots_.size());
    }
    indexes_.emplace(root, roots_.size());
    roots_.push_back(root);
    graph_.tasks.push_back(std::move(entry));
  }
  [[nodiscard]] std::size_t index_of(const Frame* root) const {
    const auto found = indexes_.find(root);
    return found == indexes_.end() ? kNone : found->second;
  }
  void draw(std::size_t from, std::size_t to) {
    if (from != kNone && to != kNone) graph_.tasks[from].waits_on.push_back(to);
  }
  // A parent waits for its children; who waits for a lock waits for its holder.
  void connect(Frame* root) {
    const std::size_t index = index_of(root);
    draw(graph_.tasks[index].parent, index);
    if (!is_parked(root)) return;
    if (const eddy::detail::TaskDetails* holder = root->suspension->holder()) {
      const std::size_t held_by = index_of(holder->frame);
      draw(index, held_by);
      graph_.tasks[index].waits_for +=
          ", held by " + (held_by != kNone ? graph_.tasks[held_by].name : eddy::detail::name_of_ended(*holder));
    }
  }
  // Who awaits this task's handle, by itself or in a group.
  void find_awaiting(Frame* root) {
    using eddy::detail::WaitNode;
    for (WaitNode* node = root->waiters.front(); node != nullptr; node = root->waiters.after(node)) {
      std::size_t from = kNone;
      if ((node->target->flags & eddy::detail::kCallback) == 0) {
        from = index_of(static_cast<Frame*>(node->target));
      } else if (const auto group = waiting_.find(eddy::detail::Watcher::owner_of(node)); group != waiting_.end()) {
        from = group->second;
      }
      draw(from, index_of(root));
      if (from != kNone) awaits_handles_[from].push_back(index_of(root));
    }
  }
  void name_handles() {
    constexpr std::size_t kNames = 10;
    for (const auto& [index, handles] : awaits_handles_) {
      std::string& text = graph_.tasks[index].waits_for;
      for (std::size_t i = 0; i < handles.size() && i < kNames; ++i) text += (i == 0 ? ": " : ", ") + graph_.tasks[handles[i]].name;
      if (handles.size() > kNames) text += " and " + std::to_string(handles.size() - kNames) + " more";
    }
  }
  // Stuck are those whose waits can end only by each other: what is left when all are struck out that wait for none such.
  void find_stuck() {
    std::vector<std::size_t> holding(roots_.size(), 0);  // how many of those that it waits for are stuck
    std::vector<std::vector<std::size_t>> waiters(roots_.size());
    std::vector<std::size_t> free;
    for (std::size_t index = 0; index < roots_.size(); ++index) {
      for (const std::size_t on : graph_.tasks[index].waits_on) {
        if (!stuck_[on]) continue;
        ++holding[index];
        waiters[on].push_back(index);
      }
      if (stuck_[index] && holding[index] == 0) free.push_back(index);
    }
    while (!free.empty()) {
      const std::size_t index = free.back();
      free.pop_back();
      stuck_[index] = false;
      for (const std::size_t waiter : waiters[index]) {
        if (--holding[waiter] == 0 && stuck_[waiter]) free.push_back(waiter);
      }
    }
  }
  // From each that is stuck the way leads into a circle.
  void find_cycles() {
    std::vector<bool> seen(roots_.size(), false);
    for (std::size_t index = 0; index < roots_.size(); ++index) {
      std::vector<std::size_t> path;
      std::unordered_map<std::size_t, std::size_t> places;
      std::size_t at = index;
      while (stuck_[at] && !seen[at]) {
        seen[at] = true;
        places.emplace(at, path.size());
        path.push_back(at);
        for (const std::size_t on : graph_.tasks[at].waits_on) {
          if (!stuck_[on]) continue;
          at = on;
          break;
        }
      }
      if (const auto begin = places.find(at); begin != places.end())
        graph_.cycles.emplace_back(path.begin() + static_cast<std::ptrdiff_t>(begin->second), path.end());
    }
  }

  CallGraph graph_;
  std::vector<Frame*> roots_;
  std::vector<bool> stuck_;
  std::unordered_map<const Frame*, std::size_t> indexes_;
  std::unordered_map<const void*, std::size_t> objects_;  // numbers
  std::unordered_map<const void*, std::size_t> waiting_;  // who waits: by its awaiter, or by what watches for it
  std::unordered_map<std::size_t, std::vector<std::size_t>> awaits_handles_;
};

// What a task does, in words.
inline std::string describe(const CallGraphTask& task) {
  std::string text;
  switch (task.state) {
    case TaskState::not_started: text = "has not started"; break;
    case TaskState::ready: text = "is ready to run"; break;
    case TaskState::waiting: text = "waits for " + task.waits_for; break;
    case TaskState::stopping: text = "is about to be stopped"; break;
    case TaskState::running: text = "is running"; break;
  }
  constexpr std::size_t kFirst = 40;  // with more than kFirst + kLast
  constexpr std::size_t kLast = 8;
  const std::size_t places = task.awaits.size();
  for (std::size_t i = 0; i < places; ++i) {
    if (i == kFirst && places > kFirst + kLast) {
      i = places - kLast;
      text += " < (" + std::to_string(i - kFirst) + " more)";
    }
    text += (i == 0 ? " at " : " < ") + task.awaits[i];
  }
  if (task.cancelled) text += " (cancelled)";
  return text;
}

}  // namespace detail

inline std::string CallGraph::text() const {
  if (tasks.empty()) return "no tasks\n";
  std::vector<std::size_t> last_child(tasks.size(), std::size_t(-1));
  for (std::size_t index = 0; index < tasks.size(); ++index) {
    if (tasks[index].parent < index) last_child[tasks[index].parent] = index;
  }
  constexpr std::size_t kLevels = 24;
  std::string picture;
  std::vector<std::size_t> levels(tasks.size(), 0);
  std::vector<std::string> margins(kLevels + 1);  // of the children of who was drawn last on each level
  for (std::size_t index = 0; index < tasks.size(); ++index) {
    const CallGraphTask& task = tasks[index];
    if (task.parent < index) {
      const std::size_t level = levels[index] = levels[task.parent] + 1;
      const bool last = last_child[task.parent] == index;
      picture += margins[level <= kLevels ? level - 1 : kLevels];
      picture += level <= kLevels ? (last ? "`- " : "|- ") : "(level " + std::to_string(level) + ") ";
      if (level <= kLevels) margins[level] = margins[level - 1] + (last ? "   " : "|  ");
    }
    picture += task.body ? "its work " : task.name + ' ';
    picture += detail::describe(task) + '\n';
  }
  for (const std::vector<std::size_t>& cycle : cycles) {
    const char* before = "deadlock: ";
    for (const std::size_t index : cycle) {
      picture += before + tasks[index].name + " waits for " + tasks[index].waits_for;
      before = "; ";
    }
    picture += '\n';
  }
  return picture;
}

/// All tasks of a loop, how each stands, the lines of its awaits, whom it waits for, and who wait for one another in a circle.
///
/// A circle is named only where nothing else can end it: a `timeout` in it, a `wait` or the other half of a `race` may. Who
/// holds a lock is known in debug mode only, as the task that acquired it. Locks, queues and the like are numbered from 1 in
/// each graph. Errors: NoRunningLoop for the call without a loop; in debug mode RuntimeError in another thread than the loop's.
/// Threads: for the loop's thread. Complexity: linear in tasks, awaits and waits; allocates. Source: asyncio.capture_call_graph.
[[nodiscard]] inline CallGraph call_graph(EventLoop& loop) {
  EventLoop::Internals::check_thread(loop);
  return detail::CallGraphBuilder(EventLoop::Internals::scheduler(loop)).take();
}
[[nodiscard]] inline CallGraph call_graph() { return call_graph(get_running_loop()); }

/// Prints the running loop's call graph, as `CallGraph::text` has it. Errors: NoRunningLoop.
/// Source: asyncio.print_call_graph.
inline void print_call_graph(std::FILE* stream = stderr) {
  const std::string text = call_graph().text();
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

/// From now on the signal, SIGUSR1 if no other is given, prints the running loop's call graph to `stream`, which must stay open,
/// from a callback of the loop: so it prints nothing while a task keeps the loop busy. A second call for the same signal replaces
/// the first. `remove_signal_handler` ends it, and so does the end of the loop: then the signal does again what it did before, by
/// default it ends the program. As long as it is set the loop waits for the signal, too, so a virtual clock finds no deadlock.
/// Errors: NoRunningLoop; those of `EventLoop::add_signal_handler`. Source: faulthandler.register.
inline void print_call_graph_on_signal(int signal = SIGUSR1, std::FILE* stream = stderr) {
  get_running_loop().add_signal_handler(signal, [stream] { print_call_graph(stream); });
}

}  // namespace eddy::inline EDDY_ABI::debug
