// task_tree: a snapshot of all tasks, who belongs to whom, and where each of them waits.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/event_loop.hpp>
#include <eddy/task/current_task.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

/// A line of a TaskTree.
struct TaskTreeLine {
  std::size_t depth;  ///< 0 for a task that belongs to no group, 1 for its children, and so on
  std::string name;   ///< the task's name; "cleanup" for work that belongs to no task
  std::string state;  ///< such as "waits for sleep at main.cpp:12 < main.cpp:30", the innermost await first
};

/// All that was running when `task_tree` was called, parents before children. format.hpp prints it.
struct TaskTree {
  std::vector<TaskTreeLine> lines;  ///< one for each task
};

/// A snapshot of the running loop's tasks. Errors: NoRunningLoop. Complexity: linear, allocates. Source: asyncio.print_call_graph.
template <class Tree = TaskTree>
[[nodiscard]] Tree task_tree() {
  Tree tree;
  detail::for_each_strand(EventLoop::Internals::scheduler(get_running_loop()), [&](detail::Frame* root) {
    std::size_t depth = 0;
    for (detail::Frame* at = root; at->has(detail::kChild); at = at->owner->parent->root) ++depth;
    detail::Frame* task = detail::task_of(root);
    tree.lines.push_back({depth, task == nullptr ? std::string("cleanup") : detail::name_of(task), detail::await_chain(root)});
  });
  return tree;
}

}  // namespace eddy::inline EDDY_ABI
