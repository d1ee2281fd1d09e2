// Tests of eddy/base/intrusive_list.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/base/intrusive_list.hpp>

#include "support/catch.hpp"

#include <string>
#include <vector>

namespace {

struct Node : eddy::detail::ListHook {
  explicit Node(char c) : name(c) {}
  char name;
};
using List = eddy::detail::IntrusiveList<Node>;

std::string names(const List& list) {
  std::string text;
  for (Node* node = list.front(); node != nullptr; node = list.after(node)) text += node->name;
  return text;
}

}  // namespace

TEST_CASE("an intrusive list keeps the order in which nodes were added", "[base]") {
  List list;
  CHECK(list.empty());
  CHECK(list.front() == nullptr);
  Node a('a'), b('b'), c('c');
  list.push_back(&a);
  list.push_back(&b);
  list.push_back(&c);
  CHECK_FALSE(list.empty());
  CHECK(names(list) == "abc");
  CHECK(list.pop_front() == &a);
  CHECK(list.pop_front() == &b);
  CHECK(list.pop_front() == &c);
  CHECK(list.pop_front() == nullptr);
  CHECK(list.empty());
}

TEST_CASE("a node leaves an intrusive list from anywhere and may join again", "[base]") {
  Node a('a'), b('b'), c('c'), d('d');
  List list;
  for (Node* node : {&a, &b, &c, &d}) list.push_back(node);
  list.remove(&b);
  CHECK(names(list) == "acd");
  list.remove(&a);
  CHECK(names(list) == "cd");
  list.remove(&d);
  CHECK(names(list) == "c");
  list.push_back(&a);
  CHECK(names(list) == "ca");
  list.remove(&c);
  list.remove(&a);
  CHECK(list.empty());
  list.push_back(&d);
  CHECK(names(list) == "d");
}

TEST_CASE("a node moves from one intrusive list to another", "[base]") {
  Node a('a'), b('b');
  List one, other;
  one.push_back(&a);
  one.push_back(&b);
  while (Node* node = one.pop_front()) other.push_back(node);
  CHECK(one.empty());
  CHECK(names(other) == "ab");
}

TEST_CASE("the first node of an intrusive list leaves it, and the last is followed by the first in the circle", "[base]") {
  Node a('a'), b('b'), c('c');
  List list;
  for (Node* node : {&a, &b, &c}) list.push_back(node, list.front());
  CHECK(names(list) == "abc");
  CHECK(List::after_in_circle(&a) == &b);
  CHECK(List::after_in_circle(&c) == &a);
  list.remove_front();
  CHECK(names(list) == "bc");
  CHECK(List::after_in_circle(&c) == &b);
  list.push_back(&a, list.front());
  CHECK(names(list) == "bca");
  list.remove_front();
  list.remove_front();
  CHECK(names(list) == "a");
  CHECK(List::after_in_circle(&a) == &a);
  list.remove_front();
  CHECK(list.empty());
}
