// split_host_port: a host's name and port out of one text.
//
// SPDX-License-Identifier: MIT
#include <eddy/io/host_port.hpp>

#include "support/run.hpp"

#include <string>
#include <utility>

using namespace test;
using eddy::HostPort;

namespace {

// What the error for `text` says; empty if there is none.
std::string error_of(std::string text) {
  try {
    (void)eddy::split_host_port(text);
  } catch (const eddy::AddressError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("split_host_port takes names, numbers and IPv6 addresses in brackets", "[io]") {
  CHECK(eddy::split_host_port("example.org:80") == HostPort("example.org", 80));
  CHECK(eddy::split_host_port("localhost:0") == HostPort("localhost", 0));
  CHECK(eddy::split_host_port("127.0.0.1:65535") == HostPort("127.0.0.1", 65535));
  CHECK(eddy::split_host_port("[::1]:443") == HostPort("::1", 443));
  CHECK(eddy::split_host_port("[fe80::1%eth0]:1") == HostPort("fe80::1%eth0", 1));
  CHECK(eddy::split_host_port("_sip._tcp.b\xc3\xbc"
                              "cher.example:5060")
            .host ==
        "_sip._tcp.b\xc3\xbc"
        "cher.example");
  CHECK(HostPort() == HostPort("", 0));
  CHECK(HostPort("a", 1) != HostPort("a", 2));
}

TEST_CASE("split_host_port says what is wrong", "[io]") {
  CHECK(error_of("") == "eddy: \"\" is no address: it is empty");
  CHECK(error_of("example.org") ==
        "eddy: \"example.org\" is no address: the port is missing, as in \"example.org:80\"");
  CHECK(error_of(":80") == "eddy: \":80\" is no address: the host before the colon is missing");
  CHECK(error_of("a:") == "eddy: \"a:\" is no address: the port behind the colon is missing");
  CHECK(error_of("a:http") == "eddy: \"a:http\" is no address: the port \"http\" is not a number");
  CHECK(error_of("::1:80") ==
        "eddy: \"::1:80\" is no address: an IPv6 address needs brackets before its port, as in \"[::1]:80\"");
  CHECK(error_of("[::1:80") == "eddy: \"[::1:80\" is no address: the closing bracket is missing");
  CHECK(error_of("[::1]") == "eddy: \"[::1]\" is no address: a colon and the port must follow the bracket");
  CHECK(error_of("[::1]80") == "eddy: \"[::1]80\" is no address: a colon and the port must follow the bracket");
  CHECK(error_of("[::1]:") == "eddy: \"[::1]:\" is no address: the port behind the colon is missing");
  CHECK(error_of("[example.org]:80") ==
        "eddy: \"[example.org]:80\" is no address: only an IPv6 address stands in brackets");
  CHECK(error_of("[]:80") == "eddy: \"[]:80\" is no address: only an IPv6 address stands in brackets");
  CHECK(error_of("http://a:80").find("a character that no host has") == std::string::npos);  // it has two colons
  for (const char* text : {"user@a:80", "a/b:80", "a b:80", " a:80", "a\n:80", "a%b:80", "[::1%a b]:80", "a]:80"}) {
    INFO(text);
    CHECK(error_of(text).find("the host has a character that no host has") != std::string::npos);
  }
  CHECK(error_of(std::string("a\0b:80", 6)) ==
        "eddy: \"a%00b:80\" is no address: the host has a character that no host has");
}

TEST_CASE("a port has up to five digits and nothing else", "[io]") {
  for (const char* port : {"65536", "99999", "100000", "99999999999999999999"})
    CHECK(error_of(std::string("a:") + port).find("a port is at most 65535") != std::string::npos);
  for (const char* port : {"+1", "-1", " 1", "1 ", "0x10", "1.0", "\xd9\xa1"})
    CHECK(error_of(std::string("a:") + port).find("is not a number") != std::string::npos);
  for (const char* port : {"00", "080"})
    CHECK(error_of(std::string("a:") + port).find("begins with a zero") != std::string::npos);
}

TEST_CASE("the error for a long text quotes its beginning", "[io]") {
  const std::string message = error_of(std::string(1000, 'x'));
  CHECK(message.size() < 250);
  CHECK(message.find("xxx…\"") != std::string::npos);
}
