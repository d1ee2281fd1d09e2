// What holds for every text that is taken for an address, for a generator of texts and for libFuzzer.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/host_port.hpp>
#include <eddy/io/socket_address.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace test {

// Finds out which rule is broken, and counts what parses.
class AddressRules {
 public:
  // The first rule that `text` breaks as an address; empty if there is none.
  std::string broken_by(std::string_view text) {
    broken_.clear();
    const auto parts = taken([&] { return eddy::split_host_port(text); });
    if (parts) {
      const bool brackets = parts->host.find(':') != std::string::npos;
      const std::string again = (brackets ? '[' + parts->host + "]:" : parts->host + ':') + std::to_string(parts->port);
      rule(again == text, "host and port joined are the text");
    }
    if (const auto address = taken([&] { return eddy::SocketAddress::parse(text); })) {
      ++parsed;
      check_address(*address, true);
      rule(!address->is_ip() || parts.has_value(), "what is an address of IP has a host and a port");
    }
    return broken_;
  }
  // The same if it is a path, a name, a host, or the bytes of the system's structure.
  std::string broken_by_part(std::string_view text) {
    broken_.clear();
    if (const auto path = taken([&] { return eddy::SocketAddress::unix_path(text); })) {
      check_address(*path, true);
      rule(path->path() == text, "a path is kept");
    }
    if (const auto name = taken([&] { return eddy::SocketAddress::abstract(text); })) {
      check_address(*name, true);
      rule(name->abstract_name() == text, "an abstract name is kept");
    }
    if (const auto numeric = taken([&] { return eddy::SocketAddress::numeric(text, 80); }); numeric && *numeric) {
      check_address(**numeric, true);
      rule((*numeric)->port() == 80, "a port is kept");
    }
    check_address(
        eddy::SocketAddress::from(reinterpret_cast<const sockaddr*>(text.data()), static_cast<socklen_t>(text.size())),
        false);
    return broken_;
  }

  std::uint64_t parsed = 0;

 private:
  // What `make` gives, or nothing if it refuses.
  template <class F>
  auto taken(F make) -> std::optional<decltype(make())> {
    try {
      return make();
    } catch (const eddy::AddressError& error) {
      const std::string_view message = error.what();
      rule(message.starts_with("eddy: \"") && message.size() < 500, "an error has a short text");
      rule(std::none_of(message.begin(), message.end(), [](char c) { return eddy::detail::is_control(c); }),
           "an error's text has no control characters");
      return std::nullopt;
    }
  }
  void check_address(const eddy::SocketAddress& address, bool has_text) {
    rule(address.size() <= eddy::SocketAddress::capacity(), "an address is not longer than the room for it");
    rule(eddy::SocketAddress::from(address.data(), address.size()) == address,
         "a copy of the system's structure is equal");
    const std::string text = address.to_string();
    const auto again = taken([&] { return eddy::SocketAddress::parse(text); });
    rule(again.has_value() || !has_text, "what to_string gives parses");
    if (!again) return;
    rule(*again == address, "what to_string gives is the same address");
    rule(again->to_string() == text, "an address has one text");
    rule(std::hash<eddy::SocketAddress>()(*again) == std::hash<eddy::SocketAddress>()(address),
         "equal addresses have one hash");
    if (!address.is_ip()) return;
    rule(eddy::SocketAddress::numeric(address.host(), address.port()) == address,
         "host and port make the same address");
    rule(address.with_port(0).with_port(address.port()) == address, "a port can be changed back");
  }
  void rule(bool holds, const char* what) {
    if (!holds && broken_.empty()) broken_ = what;
  }

  std::string broken_;
};

}  // namespace test
