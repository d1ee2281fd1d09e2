// What the fuzzer plays: a byte string read as a tree of operations, and the tree in words.
//
// The first two bytes are options and an order of tasks. Then each operation takes four bytes: its kind and three numbers.
// One that has bodies takes the operations that follow as its bodies; the third number says how many. So every byte string is
// a program, and one from which an operation was deleted is a program, too.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace fuzz {

enum class Kind : std::uint8_t {
  yield,
  sleep,
  spawn,
  await_handle,
  cancel,
  drop_handle,
  copy_handle,
  look_at_handle,
  add_callback,
  remove_callback,
  attempt,
  throw_error,
  timeout,
  gather,
  race,
  group,
  group_add,
  try_finally,
  uncancellable,
  retry,
  map,
  stagger,
  wait,
  as_completed,
  put,
  get,
  put_nowait,
  get_nowait,
  shutdown,
  renew_queue,
  join,
  send,
  receive,
  close_end,
  renew_channel,
  semaphore,
  bounded_semaphore,
  add_permits,
  lock,
  condition_wait,
  notify,
  event_wait,
  event_set,
  barrier_wait,
  barrier_reset,
  make_future,
  await_future,
  set_future,
  make_generator,
  next_value,
  close_generator,
  call_later,
  once,
  advance_clock,
  count
};

struct KindInfo {
  const char* name;
  int parts;     // how many bodies it has
  bool plain;    // it never suspends
  bool bounded;  // it ends without the help of other tasks, as long as its bodies do
};

inline constexpr std::array<KindInfo, static_cast<std::size_t>(Kind::count)> kKinds = {{
    {"yield", 0, false, true},
    {"sleep", 0, false, true},
    {"spawn", 1, true, true},
    {"await a handle", 0, false, false},
    {"cancel", 0, true, true},
    {"drop a handle", 0, true, true},
    {"copy a handle", 0, true, true},
    {"look at a handle", 0, true, true},
    {"add a done callback", 0, true, true},
    {"remove a done callback", 0, true, true},
    {"attempt", 1, false, true},
    {"throw", 0, true, true},
    {"timeout", 1, false, true},
    {"gather", 2, false, true},
    {"race", 2, false, true},
    {"task group", 3, false, true},
    {"add to the group", 1, true, true},
    {"try_finally", 2, false, true},
    {"uncancellable", 1, false, true},
    {"retry", 1, false, true},
    {"concurrent_map", 1, false, true},
    {"staggered_race", 2, false, true},
    {"wait", 0, false, false},
    {"as_completed", 0, false, false},
    {"put", 0, false, false},
    {"get", 0, false, false},
    {"put_nowait", 0, true, true},
    {"get_nowait", 0, true, true},
    {"shut a queue down", 0, true, true},
    {"renew a queue", 0, true, true},
    {"join", 0, false, false},
    {"send", 0, false, false},
    {"receive", 0, false, false},
    {"close an end", 0, true, true},
    {"renew a channel", 0, true, true},
    {"semaphore", 1, false, false},
    {"bounded semaphore", 1, false, false},
    {"add permits", 0, true, true},
    {"lock", 1, false, false},
    {"wait for the condition", 0, false, false},
    {"notify", 0, false, false},
    {"wait for an event", 0, false, false},
    {"set an event", 0, true, true},
    {"wait at a barrier", 0, false, false},
    {"reset a barrier", 0, true, true},
    {"make a future", 0, true, true},
    {"await a future", 0, false, false},
    {"set a future", 0, true, true},
    {"make a generator", 2, true, true},
    {"next value", 0, false, false},
    {"close a generator", 0, false, false},
    {"call later", 0, true, true},
    {"once", 1, false, false},
    {"advance the clock", 0, true, true},
}};

struct Node;
using Body = std::vector<Node>;

// One operation.
struct Node {
  Kind kind = Kind::yield;
  std::uint8_t a = 0;
  std::uint8_t b = 0;
  std::uint8_t c = 0;
  std::array<Body, 3> parts;

  [[nodiscard]] const KindInfo& info() const { return kKinds[static_cast<std::size_t>(kind)]; }
  // The two flags that the bodies' sizes leave.
  [[nodiscard]] bool flag() const { return (c & 64) != 0; }
  [[nodiscard]] bool other_flag() const { return (c & 128) != 0; }
};

struct Program {
  std::uint8_t options = 0;
  std::uint8_t seed = 0;
  std::vector<Body> steps;  // each is one operation of the main task, or of a task of its own
};

inline constexpr std::size_t kHeader = 2;
inline constexpr std::size_t kOperation = 4;

namespace detail {

inline constexpr int kDepth = 5;

struct Reader {
  std::span<const std::uint8_t> bytes;
  [[nodiscard]] bool at_end() const { return bytes.size() < kOperation; }
  Node read(int depth) {
    Node node;
    node.kind = static_cast<Kind>(bytes[0] % static_cast<std::uint8_t>(Kind::count));
    node.a = bytes[1];
    node.b = bytes[2];
    node.c = bytes[3];
    bytes = bytes.subspan(kOperation);
    if (node.info().parts > 0 && depth == 0) node.kind = Kind::yield;
    for (int part = 0; part < node.info().parts; ++part) {
      const int size = ((node.c >> (2 * part)) & 3) + (part == 0 ? 1 : 0);
      for (int i = 0; i < size && !at_end(); ++i) node.parts[static_cast<std::size_t>(part)].push_back(read(depth - 1));
    }
    return node;
  }
};

inline void describe(const Body& body, int depth, std::string& text) {
  for (const Node& node : body) {
    text.append(static_cast<std::size_t>(2 * depth), ' ');
    text += std::string(node.info().name) + ' ' + std::to_string(node.a) + ' ' + std::to_string(node.b) + ' ' +
            std::to_string(node.c) + '\n';
    for (int part = 0; part < node.info().parts; ++part) {
      if (part > 0) text += std::string(static_cast<std::size_t>(2 * depth), ' ') + "and\n";
      describe(node.parts[static_cast<std::size_t>(part)], depth + 1, text);
    }
  }
}

}  // namespace detail

inline Program read_program(std::span<const std::uint8_t> bytes) {
  Program program;
  if (bytes.size() < kHeader) return program;
  program.options = bytes[0];
  program.seed = bytes[1];
  detail::Reader reader{bytes.subspan(kHeader)};
  while (!reader.at_end()) {
    Body step;
    step.push_back(reader.read(detail::kDepth));
    program.steps.push_back(std::move(step));
  }
  return program;
}

// The program in words, an operation a line, with its three numbers.
inline std::string in_words(const Program& program) {
  std::string text =
      "options " + std::to_string(program.options) + ", order of tasks " + std::to_string(program.seed) + '\n';
  for (const Body& step : program.steps) detail::describe(step, 0, text);
  return text;
}

}  // namespace fuzz
