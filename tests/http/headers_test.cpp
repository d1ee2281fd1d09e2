// Headers: order, case, repetition, and what is refused.
//
// SPDX-License-Identifier: MIT
#include <eddy/http/headers.hpp>

#include "support/run.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace test;
using eddy::http::Headers;
namespace http = eddy::http;

TEST_CASE("header fields are found without regard to case and keep their order", "[http]") {
  Headers headers{{"Set-Cookie", "a=1"}, {"Content-Type", "text/plain"}, {"set-cookie", "b=2"}};
  CHECK(headers.size() == 3);
  CHECK(headers.get("content-TYPE") == "text/plain");
  CHECK(headers.get_all("Set-Cookie") == std::vector<std::string_view>{"a=1", "b=2"});
  CHECK(headers.get("SET-COOKIE") == "a=1");
  CHECK_FALSE(headers.get("Content"));
  CHECK_FALSE(headers.contains("x"));
  std::string all;
  for (const auto& [name, value] : headers) all += std::string(name) + "=" + std::string(value) + ";";
  const http::HeaderField second = headers[1];
  CHECK(second.name == "Content-Type");
  const http::Headers::Iterator end = headers.end();
  CHECK_FALSE(headers.begin() == end);
  CHECK(all == "Set-Cookie=a=1;Content-Type=text/plain;set-cookie=b=2;");
}

TEST_CASE("setting a header field takes the place of all of its name", "[http]") {
  Headers headers;
  headers.add("A", "1").add("B", "2").add("a", "3").set("A", "4");
  CHECK(headers.size() == 2);
  CHECK(headers.get("a") == "4");
  CHECK(headers.get("b") == "2");
  headers.set("C", *headers.get("B")).add("D", *headers.get("A"));
  CHECK(headers.get("c") == "2");
  CHECK(headers.get("d") == "4");
  headers.remove("nothing").remove("B");
  CHECK_FALSE(headers.contains("b"));
  headers.set(headers[0].name, headers[1].value);
  CHECK(headers[headers.size() - 1].name == "A");
  CHECK(headers.get("a") == "2");
  headers.remove(headers[0].name);
  CHECK_FALSE(headers.contains("c"));
  headers.clear();
  headers.expect_response();
  CHECK(headers.empty());
}

TEST_CASE("a line that goes on is put behind the last field", "[http]") {
  Headers headers;
  headers.append_to_last("nothing");
  CHECK(headers.empty());
  headers.append("A", "");
  headers.append_to_last(" b ");
  headers.append_to_last("");
  headers.append_to_last("\tc\r\n");
  CHECK(headers.get("a") == "b c");
  headers.append("D", "e");
  CHECK(headers.get("d") == "e");
}

TEST_CASE("the blanks around a header's value are dropped", "[http]") {
  CHECK(Headers().add("A", " \t b c \t").get("a") == "b c");
  CHECK(Headers().add("A", "").get("a") == "");
}

TEST_CASE("header fields that could smuggle in others are refused", "[http]") {
  for (const std::string_view name : {std::string_view(), std::string_view("a b"), std::string_view("a:b"),
                                      std::string_view("a\r\nb"), std::string_view("a\0b", 3), std::string_view("ä")}) {
    CHECK_THROWS_AS(Headers().add(name, "x"), std::invalid_argument);
    CHECK_THROWS_AS(Headers().set(name, "x"), std::invalid_argument);
  }
  for (const std::string_view value : {std::string_view("a\r\nB: c"), std::string_view("a\nb"),
                                       std::string_view("a\rb"), std::string_view("a\0b", 3)}) {
    CHECK_THROWS_AS(Headers().add("A", value), std::invalid_argument);
    CHECK_THROWS_AS(Headers().set("A", value), std::invalid_argument);
  }
}
