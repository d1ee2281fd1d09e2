// expect: compiles
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

struct Base {};
struct Derived : Base {};

eddy::Task<std::string> text() { co_return "text"; }
eddy::Task<std::unique_ptr<Base>> pointer() { co_return std::make_unique<Base>(); }
eddy::Task<std::optional<int>> maybe() { co_return std::nullopt; }
eddy::Task<std::pair<int, std::string>> braces() { co_return {1, "one"}; }
eddy::Task<Base&> reference(Derived& derived) { co_return derived; }
eddy::Task<double> widened() { co_return 1; }
