// Tests of eddy/loop/ready_queue.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/loop/ready_queue.hpp>

#include "support/catch.hpp"

#include <array>
#include <cstddef>
#include <new>
#include <string>

namespace {

using eddy::detail::CallbackNode;
using eddy::detail::ReadyNode;
using eddy::detail::ReadyQueue;

struct Node final : CallbackNode {
  explicit Node(char c) : CallbackNode(nullptr), name(c) {}
  char name;
};

std::string pop_all(ReadyQueue& queue) {
  std::string text;
  while (ReadyNode* node = queue.pop()) text += static_cast<Node*>(node)->name;
  return text;
}

}  // namespace

TEST_CASE("the ready queue is a FIFO", "[loop]") {
  Node a('a'), b('b'), c('c');
  ReadyQueue queue;
  CHECK(queue.empty());
  CHECK(queue.pop() == nullptr);
  for (Node* node : {&a, &b}) queue.push(node);
  CHECK_FALSE(queue.empty());
  CHECK(queue.pop() == &a);
  queue.push(&c);
  CHECK(pop_all(queue) == "bc");
  CHECK(queue.empty());
  queue.push(&a);
  CHECK(pop_all(queue) == "a");
}

TEST_CASE("a whole ready queue goes behind another one and leaves it empty", "[loop]") {
  Node a('a'), b('b'), c('c'), d('d');
  ReadyQueue one, other;
  for (Node* node : {&a, &b}) one.push(node);
  one.take_all(other);
  CHECK(other.empty());
  for (Node* node : {&c, &d}) other.push(node);
  one.take_all(other);
  CHECK(other.empty());
  CHECK(pop_all(other).empty());
  CHECK(pop_all(one) == "abcd");
  one.push(&c);
  other.push(&a);
  CHECK(pop_all(one) == "c");
  CHECK(pop_all(other) == "a");
}

TEST_CASE("a callback is taken out of the ready queue from every position", "[loop]") {
  for (std::size_t first = 0; first < 4; ++first) {
    for (std::size_t second = 0; second < 4; ++second) {
      if (first == second) continue;
      for (std::size_t moved = 0; moved <= 4; ++moved) {  // how many stand in the batch already
        std::array<Node, 4> nodes{Node('a'), Node('b'), Node('c'), Node('d')};
        ReadyQueue batch, ready;
        for (std::size_t i = 0; i < moved; ++i) ready.push(&nodes[i]);
        batch.take_all(ready);
        for (std::size_t i = moved; i < 4; ++i) ready.push(&nodes[i]);
        std::string expected = "abcd";
        for (const std::size_t gone : {first, second}) {
          ReadyQueue::remove(&nodes[gone], batch, ready);
          CHECK(nodes[gone].state == eddy::detail::State::idle);
          expected.erase(expected.find(nodes[gone].name), 1);
        }
        batch.take_all(ready);
        Node last('z');
        batch.push(&last);
        CHECK(pop_all(batch) == expected + "z");
        CHECK(ready.empty());
      }
    }
  }
}

TEST_CASE("a callback is taken out after those before it have run", "[loop]") {
  Node a('a'), b('b'), c('c');
  ReadyQueue batch, ready;
  for (Node* node : {&a, &b, &c}) batch.push(node);
  CHECK(batch.pop() == &a);
  ReadyQueue::remove(&b, batch, ready);
  CHECK(batch.pop() == &c);
  CHECK(batch.empty());
  batch.push(&a);
  CHECK(pop_all(batch) == "a");
}

TEST_CASE("a callback that came first in its queue is taken out of the queue that took it over", "[loop]") {
  Node a('a'), b('b'), c('c'), z('z');
  ReadyQueue batch, ready, third;
  batch.push(&a);
  ready.push(&b);
  ready.push(&c);
  batch.take_all(ready);
  ReadyQueue::remove(&b, batch, third);
  CHECK(ready.empty());
  batch.push(&z);
  CHECK(pop_all(batch) == "acz");
}

TEST_CASE("what is left when a queue was not emptied to its end stays, and what comes goes behind it", "[loop]") {
  Node a('a'), b('b'), c('c'), d('d');
  ReadyQueue queue;
  for (Node* node : {&a, &b, &c}) queue.push(node);
  CHECK(queue.take() == &a);
  queue.end_taking();
  queue.push(&d);
  CHECK(pop_all(queue) == "bcd");
}

TEST_CASE("a ready queue counts its nodes and says whether one of them is a callback", "[loop]") {
  ReadyNode strand, other;
  strand.flags = other.flags = 0;
  Node callback('c');
  ReadyQueue queue;
  CHECK(queue.count() == 0);
  CHECK_FALSE(queue.holds_callback());
  queue.push(&strand);
  queue.push(&other);
  CHECK(queue.count() == 2);
  CHECK_FALSE(queue.holds_callback());
  queue.push(&callback);
  CHECK(queue.count() == 3);
  CHECK(queue.holds_callback());
}

TEST_CASE("a new callback is in no queue, whatever its memory held before", "[loop]") {
  alignas(CallbackNode) std::array<std::byte, sizeof(CallbackNode)> memory{};
  memory.fill(static_cast<std::byte>(eddy::detail::State::callback));
  asm volatile("" : : "r"(memory.data()) : "memory");  // the bytes are there
  const auto* node = ::new (static_cast<void*>(memory.data())) CallbackNode(nullptr);
  asm volatile("" : : "r"(node) : "memory");
  CHECK(node->state == eddy::detail::State::idle);
}
