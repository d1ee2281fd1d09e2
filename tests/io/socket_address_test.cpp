// SocketAddress: made from parts, from texts and by the system; compared, and given to the system.
//
// SPDX-License-Identifier: MIT
#include <eddy/io/socket_address.hpp>

#include "support/run.hpp"
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <set>
#include <string>
#include <type_traits>
#include <unordered_set>

using namespace test;
using eddy::SocketAddress;

namespace {

static_assert(std::is_trivially_copyable_v<SocketAddress> && std::regular<SocketAddress>);
static_assert(sizeof(SocketAddress) <= 128);

// What the error of `make()` says; empty if there is none.
template <class F>
std::string error_of(F make) {
  try {
    (void)make();
  } catch (const eddy::AddressError& error) {
    return error.what();
  } catch (const eddy::InvalidStateError& error) {
    return error.what();
  }
  return {};
}
std::string parse_error(std::string text) {
  return error_of([&] { return SocketAddress::parse(text); });
}

struct Socket {
  explicit Socket(int family, int type = SOCK_STREAM) : fd(::socket(family, type | SOCK_CLOEXEC, 0)) {
    REQUIRE(fd >= 0);
  }
  explicit Socket(int descriptor, std::nullptr_t) : fd(descriptor) { REQUIRE(fd >= 0); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { ::close(fd); }

  [[nodiscard]] bool bind(const SocketAddress& address) const {
    return ::bind(fd, address.data(), address.size()) == 0;
  }
  [[nodiscard]] SocketAddress name() const {
    SocketAddress address;
    socklen_t size = address.capacity();
    REQUIRE(::getsockname(fd, address.data(), &size) == 0);
    address.resize(size);
    return address;
  }
  int fd;
};

}  // namespace

TEST_CASE("an IPv4 address has a host and a port", "[io]") {
  const SocketAddress address = SocketAddress::ipv4("192.0.2.7", 8080);
  CHECK(address.family() == AF_INET);
  CHECK(address.is_ip());
  CHECK(address.host() == "192.0.2.7");
  CHECK(address.port() == 8080);
  CHECK(address.to_string() == "192.0.2.7:8080");
  CHECK(address.size() == sizeof(sockaddr_in));
  sockaddr_in system{};
  std::memcpy(&system, address.data(), sizeof system);
  CHECK(system.sin_family == AF_INET);
  CHECK(ntohs(system.sin_port) == 8080);
  CHECK(ntohl(system.sin_addr.s_addr) == 0xc000'0207);
  CHECK(address == SocketAddress::parse("192.0.2.7:8080"));
  CHECK(address.with_port(1) == SocketAddress::ipv4("192.0.2.7", 1));
}

TEST_CASE("an IPv6 address has a host, a port and perhaps an interface", "[io]") {
  const SocketAddress loopback = SocketAddress::ipv6("0:0::0001", 80);
  CHECK(loopback.family() == AF_INET6);
  CHECK(loopback.is_ip());
  CHECK(loopback.host() == "::1");
  CHECK(loopback.port() == 80);
  CHECK(loopback.to_string() == "[::1]:80");
  CHECK(loopback.size() == sizeof(sockaddr_in6));
  CHECK(loopback.with_port(0).to_string() == "[::1]:0");
  CHECK(SocketAddress::ipv6("::ffff:192.0.2.1", 1).host() == "::ffff:192.0.2.1");

  const SocketAddress linked = SocketAddress::parse("[fe80::1%lo]:80");
  CHECK(linked.host() == "fe80::1%lo");
  CHECK(linked.to_string() == "[fe80::1%lo]:80");
  CHECK(linked == SocketAddress::ipv6("fe80::1%1", 80));  // the loopback interface is the first of all
  CHECK(linked != SocketAddress::ipv6("fe80::1", 80));
  CHECK(SocketAddress::ipv6("fe80::1%4294967295", 80).host() == "fe80::1%4294967295");
  for (const char* zone :
       {"no-such-interface", "no-such-if", "", "0", "01", "4294967296", "99999999999999999999", "1x", "-1"}) {
    INFO(zone);
    CHECK(error_of([&] { return SocketAddress::ipv6(std::string("fe80::1%") + zone, 80); }) ==
          "eddy: \"fe80::1%" + std::string(zone) + "\" is no address: there is no network interface \"" + zone + "\"");
  }
}

TEST_CASE("numeric takes both families and leaves names alone", "[io]") {
  CHECK(SocketAddress::numeric("127.0.0.1", 1) == SocketAddress::ipv4("127.0.0.1", 1));
  CHECK(SocketAddress::numeric("::1", 1) == SocketAddress::ipv6("::1", 1));
  for (const char* name :
       {"", "localhost", "127.1", "127.0.0.256", "127.0.0.01", "[::1]", "0x7f.0.0.1", "fe80", "a::b::c", "1.2.3.4.5"}) {
    INFO(name);
    CHECK(SocketAddress::numeric(name, 1) == std::nullopt);
  }
  CHECK(SocketAddress::numeric(std::string_view("127.0.0.1\0x", 11), 1) == std::nullopt);
  CHECK(SocketAddress::numeric(std::string(1000, '1'), 1) == std::nullopt);
  CHECK_THROWS_AS(SocketAddress::numeric("::1%no-such-if", 1), eddy::AddressError);
  CHECK_THROWS_AS(SocketAddress::ipv4("localhost", 1), eddy::AddressError);
  CHECK_THROWS_AS(SocketAddress::ipv6("127.0.0.1", 1), eddy::AddressError);
}

TEST_CASE("a Unix socket has a path, an abstract name or none", "[io]") {
  const SocketAddress path = SocketAddress::unix_path("/run/app.sock");
  CHECK(path.family() == AF_UNIX);
  CHECK(path.is_path());
  CHECK_FALSE(path.is_abstract());
  CHECK_FALSE(path.is_unnamed());
  CHECK_FALSE(path.is_ip());
  CHECK(path.path() == "/run/app.sock");
  CHECK(path.to_string() == "unix:/run/app.sock");
  CHECK(path.size() == offsetof(sockaddr_un, sun_path) + 14);
  CHECK(path == SocketAddress::parse("unix:/run/app.sock"));

  const SocketAddress abstract = SocketAddress::abstract("app");
  CHECK(abstract.family() == AF_UNIX);
  CHECK(abstract.is_abstract());
  CHECK_FALSE(abstract.is_path());
  CHECK(abstract.abstract_name() == "app");
  CHECK(abstract.to_string() == "unix:@app");
  CHECK(abstract.size() == offsetof(sockaddr_un, sun_path) + 4);
  CHECK(abstract == SocketAddress::parse("unix:@app"));
  CHECK(abstract != SocketAddress::unix_path("app"));

  CHECK(SocketAddress::unix_path("relative").to_string() == "unix:relative");
  CHECK(SocketAddress::unix_path(std::string(107, 'a')).path() == std::string(107, 'a'));
  CHECK(SocketAddress::abstract(std::string(107, 'a')).abstract_name() == std::string(107, 'a'));
  CHECK(error_of([] {
          return SocketAddress::unix_path(std::string(108, 'a'));
        }).find("at most 107 bytes, and this one 108") != std::string::npos);
  CHECK(error_of([] {
          return SocketAddress::abstract(std::string(108, 'a'));
        }).find("at most 107 bytes, and this one 108") != std::string::npos);
  CHECK(error_of([] { return SocketAddress::unix_path(""); }).find("path is empty") != std::string::npos);
  CHECK(error_of([] { return SocketAddress::abstract(""); }).find("name is empty") != std::string::npos);
  CHECK(error_of([] { return SocketAddress::unix_path(std::string_view("a\0b", 3)); }) ==
        "eddy: \"a%00b\" is no address: a path has no zero bytes");
}

TEST_CASE("what a path or an abstract name has of unusual bytes is written in hexadecimal", "[io]") {
  const auto text_of = [](const SocketAddress& address) {
    CHECK(SocketAddress::parse(address.to_string()) == address);
    return address.to_string();
  };
  CHECK(text_of(SocketAddress::unix_path("@file")) == "unix:%40file");
  CHECK(text_of(SocketAddress::unix_path("./a@b c")) == "unix:./a@b c");
  CHECK(text_of(SocketAddress::unix_path("100%\n\x7f")) == "unix:100%25%0a%7f");
  CHECK(text_of(SocketAddress::unix_path("b\xc3\xbc"
                                         "cher")) ==
        "unix:b\xc3\xbc"
        "cher");
  CHECK(text_of(SocketAddress::abstract(std::string_view("\0a\0", 3))) == "unix:@%00a%00");
  CHECK(text_of(SocketAddress::abstract("@a")) == "unix:@@a");
  CHECK(SocketAddress::parse("unix:%2Frun").path() == "/run");
}

TEST_CASE("parse says what is wrong", "[io]") {
  CHECK(parse_error("") == "eddy: \"\" is no address: it is empty");
  CHECK(parse_error("example.org:80") ==
        "eddy: \"example.org:80\" is no address: the host is not numeric; resolve() looks up names");
  CHECK(parse_error("127.0.0.256:80") ==
        "eddy: \"127.0.0.256:80\" is no address: an IPv4 address has four numbers up to 255, without leading zeros");
  CHECK(parse_error("127.0.0.01:80").find("without leading zeros") != std::string::npos);
  CHECK(parse_error("[::g]:80") == "eddy: \"[::g]:80\" is no address: what stands in brackets is no IPv6 address");
  CHECK(parse_error("[fe80::1%nowhere]:80").find("there is no network interface \"nowhere\"") != std::string::npos);
  CHECK(parse_error("/run/app.sock") == "eddy: \"/run/app.sock\" is no address: a path is written as \"unix:/path\"");
  CHECK(parse_error("127.0.0.1").find("the port is missing") != std::string::npos);
  CHECK(parse_error("127.0.0.1:80 ").find("is not a number") != std::string::npos);
  CHECK(parse_error("unix:").find("path is empty") != std::string::npos);
  CHECK(parse_error("unix:@").find("name is empty") != std::string::npos);
  CHECK(parse_error("unix:/a\n") == "eddy: \"unix:/a%0a\" is no address: control characters are written as \"%0a\"");
  for (const char* text : {"unix:%", "unix:%4", "unix:%4g", "unix:a%%25", "unix:@%-1"})
    CHECK(parse_error(text).find("two hexadecimal digits follow a %") != std::string::npos);
  CHECK(parse_error("unix:a%00b").find("a path has no zero bytes") != std::string::npos);
  CHECK(parse_error("unix:" + std::string(108, 'a')).find("at most 107 bytes") != std::string::npos);
  CHECK_THROWS_AS(SocketAddress::parse("x"), std::invalid_argument);
}

TEST_CASE("an address has no part of another family", "[io]") {
  const SocketAddress ip = SocketAddress::ipv4("127.0.0.1", 80);
  const SocketAddress path = SocketAddress::unix_path("/a");
  CHECK(error_of([&] { return path.host(); }) == "eddy: the socket address unix:/a has no host");
  CHECK(error_of([&] { return path.port(); }) == "eddy: the socket address unix:/a has no port");
  CHECK(error_of([&] { return path.with_port(1); }) == "eddy: the socket address unix:/a has no port");
  CHECK(error_of([&] { return path.abstract_name(); }) == "eddy: the socket address unix:/a has no abstract name");
  CHECK(error_of([&] { return ip.path(); }) == "eddy: the socket address 127.0.0.1:80 has no path");
  CHECK(error_of([&] { return SocketAddress::abstract("a").path(); }) ==
        "eddy: the socket address unix:@a has no path");
  CHECK(error_of([&] { return SocketAddress().host(); }) == "eddy: the socket address that is empty has no host");
}

TEST_CASE("a default address is empty", "[io]") {
  const SocketAddress empty;
  CHECK(empty.family() == AF_UNSPEC);
  CHECK(empty.size() == 0);
  CHECK(empty.to_string().empty());
  CHECK_FALSE(empty.is_ip());
  CHECK_FALSE(empty.is_unnamed());
  CHECK(empty == SocketAddress::from(nullptr, 0));
  CHECK(empty != SocketAddress::ipv4("0.0.0.0", 0));
}

TEST_CASE("addresses can be compared, ordered and hashed", "[io]") {
  const std::vector<SocketAddress> all{
      SocketAddress(),
      SocketAddress::ipv4("127.0.0.1", 80),
      SocketAddress::ipv4("127.0.0.1", 81),
      SocketAddress::ipv4("127.0.0.2", 80),
      SocketAddress::ipv6("::1", 80),
      SocketAddress::ipv6("::1%1", 80),
      SocketAddress::unix_path("a"),
      SocketAddress::unix_path("b"),
      SocketAddress::unix_path("ab"),
      SocketAddress::abstract("a"),
      SocketAddress::abstract("b"),
  };
  const std::set<SocketAddress> ordered(all.begin(), all.end());
  const std::unordered_set<SocketAddress> hashed(all.begin(), all.end());
  CHECK(ordered.size() == all.size());
  CHECK(hashed.size() == all.size());
  for (const SocketAddress& address : all) {
    CHECK(ordered.contains(address));
    CHECK(hashed.contains(SocketAddress(address)));
    CHECK(std::is_eq(address <=> SocketAddress(address)));
  }
}

TEST_CASE("what the system leaves open in its structure makes no difference", "[io]") {
  sockaddr_in v4{};
  std::memset(&v4, 0xff, sizeof v4);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(80);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(SocketAddress::from(reinterpret_cast<const sockaddr*>(&v4), sizeof v4) == SocketAddress::ipv4("127.0.0.1", 80));
  CHECK(SocketAddress::from(reinterpret_cast<const sockaddr*>(&v4), sizeof v4 - 1) == SocketAddress());
  CHECK(SocketAddress::from(reinterpret_cast<const sockaddr*>(&v4), 1) == SocketAddress());

  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(80);
  v6.sin6_flowinfo = htonl(77);
  v6.sin6_addr = in6addr_loopback;
  CHECK(SocketAddress::from(reinterpret_cast<const sockaddr*>(&v6), sizeof v6) == SocketAddress::ipv6("::1", 80));
  CHECK(SocketAddress::from(reinterpret_cast<const sockaddr*>(&v6), sizeof v6 - 1) == SocketAddress());

  sockaddr_storage room{};
  std::memcpy(&room, &v6, sizeof v6);
  CHECK(SocketAddress::from(reinterpret_cast<const sockaddr*>(&room), sizeof room) == SocketAddress::ipv6("::1", 80));

  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, "/a\0b", 4);
  const auto* bytes = reinterpret_cast<const sockaddr*>(&local);
  for (const std::size_t size : {std::size_t{2}, std::size_t{3}, std::size_t{4}, sizeof local.sun_path})
    CHECK(SocketAddress::from(bytes, static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size)) ==
          SocketAddress::unix_path("/a"));
  CHECK(SocketAddress::from(bytes, offsetof(sockaddr_un, sun_path)).is_unnamed());

  std::memset(local.sun_path, 'a', sizeof local.sun_path);  // Linux allows 108 bytes, without a zero behind them
  const SocketAddress longest = SocketAddress::from(bytes, sizeof local);
  CHECK(longest.path() == std::string(108, 'a'));
  CHECK(longest.size() == sizeof local);
}

TEST_CASE("an address of another family is kept as it is", "[io]") {
  struct {
    sa_family_t family = AF_NETLINK;
    unsigned char rest[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  } other;
  const SocketAddress address = SocketAddress::from(reinterpret_cast<const sockaddr*>(&other), sizeof other);
  CHECK(address.family() == AF_NETLINK);
  CHECK(address.size() == sizeof other);
  CHECK(std::memcmp(address.data(), &other, sizeof other) == 0);
  CHECK(address.to_string() == "family 16");
  CHECK_FALSE(address.is_ip());
}

EDDY_TEST_CASE("the system takes addresses and fills them in", "[socket]") {
  const Socket v4(AF_INET);
  REQUIRE(v4.bind(SocketAddress::ipv4("127.0.0.1", 0)));
  const SocketAddress bound = v4.name();
  CHECK(bound.host() == "127.0.0.1");
  CHECK(bound.port() != 0);
  CHECK(SocketAddress::parse(bound.to_string()) == bound);

  const Socket v6(AF_INET6);
  REQUIRE(v6.bind(SocketAddress::ipv6("::1", 0)));
  CHECK(v6.name() == SocketAddress::ipv6("::1", v6.name().port()));

  const SocketAddress abstract = SocketAddress::abstract("eddy-socket-address-test-" + std::to_string(::getpid()));
  const Socket named(AF_UNIX);
  REQUIRE(named.bind(abstract));
  CHECK(named.name() == abstract);

  const Socket unnamed(AF_UNIX);
  CHECK(unnamed.name().is_unnamed());
  CHECK(unnamed.name().to_string() == "unix:");
  REQUIRE(::listen(named.fd, 1) == 0);
  REQUIRE(::connect(unnamed.fd, abstract.data(), abstract.size()) == 0);
  SocketAddress peer = abstract;
  socklen_t size = peer.capacity();
  const Socket accepted(::accept4(named.fd, peer.data(), &size, SOCK_CLOEXEC), nullptr);
  peer.resize(size);
  CHECK(peer.is_unnamed());
  CHECK(peer == unnamed.name());
  co_return;
}

EDDY_TEST_CASE("a path of any length that the system allows comes back", "[socket]") {
  char folder[] = "/tmp/eddy-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  for (const std::size_t length : {std::size_t{20}, std::size_t{107}}) {
    const std::string path = folder + std::string("/") + std::string(length - sizeof folder, 'a');
    const SocketAddress address = SocketAddress::unix_path(path);
    const Socket socket(AF_UNIX);
    CHECK(socket.bind(address));
    CHECK(socket.name() == address);
    CHECK(socket.name().path() == path);
    ::unlink(path.c_str());
  }
  sockaddr_un longest{};
  longest.sun_family = AF_UNIX;
  const std::string path = folder + std::string("/") + std::string(108 - sizeof folder, 'a');
  path.copy(longest.sun_path, sizeof longest.sun_path);
  const Socket socket(AF_UNIX);
  if (::bind(socket.fd, reinterpret_cast<const sockaddr*>(&longest), sizeof longest) == 0) {
    CHECK(socket.name().path() == path);
    ::unlink(path.c_str());
  }
  ::rmdir(folder);
  co_return;
}
