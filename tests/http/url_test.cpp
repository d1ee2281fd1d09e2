// HttpUrl: what is a URL, what is shown of it, and how it is put together.
//
// SPDX-License-Identifier: MIT
#include <eddy/http/error.hpp>
#include <eddy/http/text.hpp>
#include <eddy/http/url.hpp>

#include "support/run.hpp"

#include <string>
#include <string_view>

using namespace test;
using eddy::detail::HttpUrl;
using eddy::detail::parse_url;
using eddy::detail::shown_url;

namespace {

HttpUrl parse(std::string_view url, std::string_view base = {}) { return parse_url("GET", url, base); }
// Taken as it is, and as libcurl reads it.
void check_same(std::string_view url) {
  HttpUrl plain;
  REQUIRE(eddy::detail::parse_plain_url(url, plain));
  const HttpUrl close = parse(std::string(url) + "#x");
  CHECK(plain.text == close.text);
  CHECK(plain.origin == close.origin);
}

}  // namespace

TEST_CASE("a URL is taken apart as libcurl does it", "[http]") {
  check_same("http://example.com/");
  check_same("http://example.com:8080/a/b-c_d~e.f?g=h&i=%20+j");
  check_same("https://127.0.0.1/x");
  check_same("https://a:443/x");
  CHECK(parse("https://EXAMPLE.com/x").origin == "https://example.com:443");
  CHECK(parse("http://example.com").text == "http://example.com/");
  CHECK(parse("http://example.com?a=b").text == "http://example.com/?a=b");
  CHECK(parse("http://[::1]:80/").origin == "http://[::1]:80");
  CHECK(parse("http://u:p%40@example.com:81/a/../b#f").text == "http://example.com:81/b");
  CHECK(parse("http://u:p%40@example.com/").credentials == "u:p@");
  CHECK(parse("http://a/b c").text == "http://a/b%20c");
}

TEST_CASE("a relative URL is joined to its base", "[http]") {
  CHECK(parse("c?d", "http://h:81/a/b").text == "http://h:81/a/c?d");
  CHECK(parse("/c", "http://h/a/b").text == "http://h/c");
  CHECK(parse("//g/c", "https://h/a/b").text == "https://g/c");
  CHECK(parse("http://g/", "https://h/a/b").text == "http://g/");
  CHECK(parse("../c", "http://h/a/b/d").text == "http://h/a/c");
}

TEST_CASE("what is no URL of http or https is refused", "[http]") {
  for (const std::string_view url :
       {"", "/a", "example.com:x", "ftp://a/", "file:///etc/passwd", "http://", "http://a:99999/", "http://a b/",
        "javascript:alert(1)", "http://a/\r\nX: y", "http://a\n/"}) {
    INFO(url);
    CHECK_THROWS_AS(parse(url), eddy::http::InvalidUrl);
  }
  CHECK_THROWS_AS(parse(std::string_view("http://a/\0b", 11)), eddy::http::InvalidUrl);
  CHECK_THROWS_AS(parse("file:///etc/passwd", "http://a/"), eddy::http::InvalidUrl);
}

TEST_CASE("errors show no credentials, no query and no fragment", "[http]") {
  CHECK(shown_url("http://user:secret@host:81/path?token=secret#secret") == "http://host:81/path");
  CHECK(shown_url("http://user:sec@ret@host/") == "http://host/");
  CHECK(shown_url("http://host/a@b") == "http://host/a@b");
  CHECK(shown_url("user:secret@host") == "host");
  CHECK(shown_url("http://a/\r\nb") == "http://a/??b");
  CHECK(shown_url("http:/user:secret@host/a") == "http:/host/a");
  CHECK(shown_url("http:///user:secret@host/a") == "http:///host/a");
  CHECK(shown_url("http:\\\\user:secret@host\\a") == "http:\\\\host\\a");
  CHECK(shown_url("//user:secret@host/a") == "//host/a");
  CHECK(shown_url("http://user:sec/ret@host/a?b") == "http://host/a");
  CHECK(shown_url("http://user:sec?ret@host/a") == "http://host/a");
  CHECK(shown_url("http://user:sec#ret@host") == "http://host");
  CHECK(shown_url("http://user:secret") == "http://user:secret");  // nothing says that this is no host
  CHECK(shown_url("http://host:80/a@b?c@d") == "http://host:80/a@b");
  CHECK(shown_url("http://[::1]:80/a@b") == "http://[::1]:80/a@b");
  CHECK(shown_url("/a@b") == "/a@b");
  CHECK(shown_url("") == "");
  for (const std::string_view url :
       {"http://user:sec/ret@host/", "http://user:sec?ret@host/", "http://user:sec#ret@host/",
        "http://user:sec ret@host/", "http:/user:secret@ho st/", "http://user:sec%00ret@host/",
        "ftp:user:secret@host"}) {
    INFO(url);
    try {
      (void)parse(url);
      CHECK(false);
    } catch (const eddy::http::InvalidUrl& error) {
      CHECK(std::string(error.what()).find("sec") == std::string::npos);
      CHECK(std::string(error.what()).find("ret") == std::string::npos);
    }
  }
  try {
    (void)parse("ftp://user:secret@host/?secret");
    CHECK(false);
  } catch (const eddy::http::InvalidUrl& error) {
    CHECK(std::string(error.what()).find("secret") == std::string::npos);
    CHECK(error.url() == "ftp://host/");
    CHECK(error.method() == "GET");
  }
}

TEST_CASE("parameters are encoded, and stand before the fragment", "[http]") {
  std::string query;
  eddy::detail::append_parameter(query, "a b", "c&d=é");
  eddy::detail::append_parameter(query, "e", "");
  CHECK(query == "a%20b=c%26d%3D%C3%A9&e=");
  const auto added = [](std::string url) {
    eddy::detail::add_query(url, "x=1");
    return url;
  };
  CHECK(added("http://h/") == "http://h/?x=1");
  CHECK(added("http://h/?") == "http://h/?x=1");
  CHECK(added("http://h/?a=b") == "http://h/?a=b&x=1");
  CHECK(added("http://h/?a=b#f?") == "http://h/?a=b&x=1#f?");
  CHECK(added("http://h/#f?g") == "http://h/?x=1#f?g");
}

TEST_CASE("credentials are encoded in Base64", "[http]") {
  CHECK(eddy::detail::base64("") == "");
  CHECK(eddy::detail::base64("f") == "Zg==");
  CHECK(eddy::detail::base64("fo") == "Zm8=");
  CHECK(eddy::detail::base64("foobar") == "Zm9vYmFy");
  CHECK(eddy::detail::base64("\xff\xfe") == "//4=");
  CHECK(eddy::detail::basic_credentials("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK_THROWS_AS(eddy::detail::basic_credentials("a:b", "c"), std::invalid_argument);
}
