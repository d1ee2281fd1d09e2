// Arguments, Environment and Redirect: what is taken and what is refused.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include <eddy/io.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

using eddy::Arguments;
using eddy::Environment;
using eddy::Redirect;

static_assert(std::is_trivially_copyable_v<eddy::ProcessOptions>, "they are written inside awaited expressions");
static_assert(std::is_trivially_copyable_v<eddy::RunProcessOptions>);

namespace {
std::vector<std::string> taken(Arguments arguments) { return arguments.all(); }
}  // namespace

TEST_CASE("arguments are strings of any kind in braces, or a vector", "[process]") {
  const std::string text = "a text";
  CHECK((taken({"sort", "-n", text, std::string_view("view")}) == std::vector<std::string>{"sort", "-n", "a text", "view"}));
  CHECK((taken("ls") == std::vector<std::string>{"ls"}));
  CHECK((taken({text}) == std::vector<std::string>{"a text"}));
  CHECK((taken(std::vector<std::string>{"x", ""}) == std::vector<std::string>{"x", ""}));
  CHECK(Arguments("ls", "-l").program() == "ls");
}

TEST_CASE("a program that is no name, and a zero byte, are refused", "[process]") {
  CHECK_THROWS_AS(Arguments(std::vector<std::string>{}), std::invalid_argument);
  CHECK_THROWS_AS(Arguments(""), std::invalid_argument);
  CHECK_THROWS_AS(Arguments("ls", std::string("a\0b", 3)), std::invalid_argument);
}

TEST_CASE("variables of an environment are set, replaced and taken out", "[process][c386]") {
  Environment environment;
  environment.set("A", "1").set("AB", "2=3").set("A", "4").set("EMPTY", "");
  CHECK((environment.entries() == std::vector<std::string>{"AB=2=3", "A=4", "EMPTY="}));
  environment.unset("A").unset("not there");
  CHECK((environment.entries() == std::vector<std::string>{"AB=2=3", "EMPTY="}));
  CHECK_THROWS_AS(environment.set("", "x"), std::invalid_argument);
  CHECK_THROWS_AS(environment.set("A=B", "x"), std::invalid_argument);
  CHECK_THROWS_AS(environment.set("A", std::string("x\0y", 3)), std::invalid_argument);
  const Environment own = Environment::current();
  const bool has_path = std::any_of(own.entries().begin(), own.entries().end(),
                                    [](const std::string& entry) { return entry.rfind("PATH=", 0) == 0; });
  CHECK(has_path);
}

TEST_CASE("a redirect says where it leads", "[process]") {
  CHECK(Redirect().kind() == Redirect::Kind::inherit);
  CHECK(Redirect::inherit().kind() == Redirect::Kind::inherit);
  CHECK(Redirect::null().kind() == Redirect::Kind::null);
  CHECK(Redirect::pipe().kind() == Redirect::Kind::pipe);
  CHECK(Redirect::to_output().kind() == Redirect::Kind::to_output);
  CHECK(Redirect::descriptor(7).kind() == Redirect::Kind::descriptor);
  CHECK(Redirect::descriptor(7).fd() == 7);
  CHECK(Redirect::pipe().fd() == -1);
}
