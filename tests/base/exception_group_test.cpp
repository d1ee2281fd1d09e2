// ExceptionGroup: its text, split and handle, nested groups, and that it needs no loop.
//
// SPDX-License-Identifier: MIT
#include <eddy/base/exception_group.hpp>

#include "support/catch.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace {

template <class... Es>
eddy::ExceptionGroup group_of(Es... errors) {
  return eddy::ExceptionGroup({std::make_exception_ptr(std::move(errors))...});
}

std::vector<std::string> texts(const eddy::ExceptionGroup& group) {
  std::vector<std::string> list;
  for (const auto& error : group.exceptions()) list.push_back(eddy::detail::describe_exception(error));
  return list;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("an ExceptionGroup keeps its errors in order, each as the very object that was thrown", "[c150]") {
  const auto a = std::make_exception_ptr(std::runtime_error("a"));
  const auto b = std::make_exception_ptr(std::logic_error("b"));
  const eddy::ExceptionGroup group({a, b});
  REQUIRE(group.exceptions().size() == 2);
  CHECK(group.exceptions()[0] == a);
  CHECK(group.exceptions()[1] == b);
}

TEST_CASE("the text of an ExceptionGroup tells how many errors it has, and all of their texts") {
  CHECK(std::string(group_of(std::runtime_error("alone")).what()) == "1 error in a task group: alone");
  CHECK(std::string(group_of(std::runtime_error("a"), std::logic_error("b")).what()) ==
        "2 errors in a task group: a; b");
}

TEST_CASE("the text of a nested ExceptionGroup contains the inner texts") {
  const std::string text = group_of(std::runtime_error("out"), group_of(std::runtime_error("in"))).what();
  CHECK(text.find("2 errors") == 0);
  CHECK(text.find("out") != std::string::npos);
  CHECK(text.find("in") != std::string::npos);
}

TEST_CASE("an ExceptionGroup may hold errors that do not derive from std::exception", "[c136]") {
  const eddy::ExceptionGroup group = group_of(7, std::runtime_error("a"));
  CHECK(std::string(group.what()).find("does not derive from std::exception") != std::string::npos);
  const auto [numbers, rest] = group.split<int>();
  REQUIRE(numbers);
  CHECK(numbers->exceptions().size() == 1);
  REQUIRE(rest);
  CHECK(texts(*rest) == Lines{"a"});
}

TEST_CASE("an ExceptionGroup is a std::exception and can be thrown, caught and copied") {
  bool caught = false;
  try {
    throw group_of(std::runtime_error("a"));
  } catch (const std::exception& error) {
    const auto* group = dynamic_cast<const eddy::ExceptionGroup*>(&error);
    REQUIRE(group != nullptr);
    const eddy::ExceptionGroup copy = *group;
    CHECK(copy.exceptions() == group->exceptions());
    CHECK(std::string(copy.what()) == error.what());
    caught = true;
  }
  CHECK(caught);
}

TEST_CASE("split parts the errors that are an E from the others and keeps both orders") {
  const auto [matching, rest] =
      group_of(std::runtime_error("a"), std::logic_error("b"), std::runtime_error("c"), 4).split<std::runtime_error>();
  REQUIRE(matching);
  REQUIRE(rest);
  CHECK(texts(*matching) == Lines{"a", "c"});
  CHECK(rest->exceptions().size() == 2);
}

TEST_CASE("split matches derived classes") {
  const auto [matching, rest] =
      group_of(std::range_error("derived"), std::out_of_range("other")).split<std::runtime_error>();
  REQUIRE(matching);
  CHECK(texts(*matching) == Lines{"derived"});
  REQUIRE(rest);
  CHECK(texts(*rest) == Lines{"other"});
}

TEST_CASE("a side of split without errors is nullopt") {
  const eddy::ExceptionGroup group = group_of(std::runtime_error("a"), std::runtime_error("b"));
  const auto [all, nothing] = group.split<std::runtime_error>();
  REQUIRE(all);
  CHECK(all->exceptions() == group.exceptions());
  CHECK_FALSE(nothing);
  const auto [none, everything] = group.split<std::logic_error>();
  CHECK_FALSE(none);
  REQUIRE(everything);
  CHECK(everything->exceptions() == group.exceptions());
}

TEST_CASE("split goes into nested groups and keeps their shape on both sides") {
  const eddy::ExceptionGroup group = group_of(
      std::runtime_error("a"), group_of(std::runtime_error("b"), std::logic_error("c")), std::logic_error("d"));
  const auto [matching, rest] = group.split<std::runtime_error>();
  REQUIRE(matching);
  REQUIRE(matching->exceptions().size() == 2);
  CHECK(texts(*matching)[0] == "a");
  CHECK_THROWS_AS(std::rethrow_exception(matching->exceptions()[1]), eddy::ExceptionGroup);
  CHECK(texts(*matching)[1].find("b") != std::string::npos);
  CHECK(texts(*matching)[1].find("1 error") == 0);
  REQUIRE(rest);
  REQUIRE(rest->exceptions().size() == 2);
  CHECK_THROWS_AS(std::rethrow_exception(rest->exceptions()[0]), eddy::ExceptionGroup);
  CHECK(texts(*rest)[1] == "d");
}

TEST_CASE("a nested group that has only one kind leaves nothing empty on the other side of split") {
  const auto [matching, rest] =
      group_of(group_of(std::runtime_error("a")), std::logic_error("b")).split<std::runtime_error>();
  REQUIRE(matching);
  CHECK(matching->exceptions().size() == 1);
  REQUIRE(rest);
  CHECK(texts(*rest) == Lines{"b"});
}

TEST_CASE("handle calls its function for each error that is an E and throws nothing if that were all") {
  Lines seen;
  group_of(std::runtime_error("a"), std::runtime_error("b"))
      .handle<std::runtime_error>([&](const std::runtime_error& error) { seen.push_back(error.what()); });
  CHECK(seen == Lines{"a", "b"});
}

TEST_CASE("handle throws the errors that are left as a group") {
  Lines seen;
  Lines left;
  try {
    group_of(std::runtime_error("a"), std::logic_error("b"), std::logic_error("c"))
        .handle<std::runtime_error>([&](const std::runtime_error& error) { seen.push_back(error.what()); });
  } catch (const eddy::ExceptionGroup& group) {
    left = texts(group);
  }
  CHECK(seen == Lines{"a"});
  CHECK(left == Lines{"b", "c"});
}

TEST_CASE("handle with no match throws a group with all errors and calls nothing") {
  int calls = 0;
  Lines left;
  try {
    group_of(std::logic_error("b")).handle<std::runtime_error>([&](const std::runtime_error&) { ++calls; });
  } catch (const eddy::ExceptionGroup& group) {
    left = texts(group);
  }
  CHECK(calls == 0);
  CHECK(left == Lines{"b"});
}

TEST_CASE("handle reaches errors in nested groups, and leaves the others in groups of the same shape") {
  const eddy::ExceptionGroup group =
      group_of(group_of(std::runtime_error("deep"), group_of(std::runtime_error("deeper"), std::logic_error("stays"))));
  Lines seen;
  std::string left;
  try {
    group.handle<std::runtime_error>([&](const std::runtime_error& error) { seen.push_back(error.what()); });
  } catch (const eddy::ExceptionGroup& rest) {
    REQUIRE(rest.exceptions().size() == 1);
    CHECK_THROWS_AS(std::rethrow_exception(rest.exceptions()[0]), eddy::ExceptionGroup);
    left = rest.what();
  }
  CHECK(seen == Lines{"deep", "deeper"});
  CHECK(left.find("stays") != std::string::npos);
  CHECK(left.find("deep") == std::string::npos);
}

TEST_CASE("two handles one after another deal with two kinds of errors") {
  int runtime_errors = 0;
  int logic_errors = 0;
  try {
    group_of(std::runtime_error("a"), std::logic_error("b"), std::runtime_error("c"))
        .handle<std::runtime_error>([&](const std::runtime_error&) { ++runtime_errors; });
  } catch (const eddy::ExceptionGroup& rest) {
    rest.handle<std::logic_error>([&](const std::logic_error&) { ++logic_errors; });
  }
  CHECK(runtime_errors == 2);
  CHECK(logic_errors == 1);
}

TEST_CASE("an exception from the function given to handle leaves handle") {
  const eddy::ExceptionGroup group = group_of(std::runtime_error("a"), std::logic_error("b"));
  CHECK_THROWS_WITH(
      group.handle<std::runtime_error>([](const std::runtime_error&) { throw std::out_of_range("from the handler"); }),
      "from the handler");
}

TEST_CASE("handling std::exception leaves nothing of a group of standard errors") {
  int calls = 0;
  CHECK_NOTHROW(group_of(std::runtime_error("a"), std::logic_error("b"), eddy::TimeoutError())
                    .handle<std::exception>([&](const std::exception&) { ++calls; }));
  CHECK(calls == 3);
}

TEST_CASE("handle and split leave the group as it was") {
  const eddy::ExceptionGroup group = group_of(std::runtime_error("a"), std::logic_error("b"));
  (void)group.split<std::runtime_error>();
  CHECK_THROWS_AS(group.handle<std::runtime_error>([](const std::runtime_error&) {}), eddy::ExceptionGroup);
  CHECK(texts(group) == Lines{"a", "b"});
}
