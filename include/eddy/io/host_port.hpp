// HostPort: "example.org:80" taken apart, and AddressError, which says what is wrong with a text that names a peer.
//
// For names that have yet to be looked up. `SocketAddress::parse` takes the numeric ones, and begins here.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// A text is no address, or a part of one cannot be used; `what()` quotes the text and says what is wrong with it.
/// Source: ipaddress.AddressValueError.
class AddressError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

namespace detail {

inline bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// `text` with `%XX` for each control character and each `%`.
inline std::string percent_encoded(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string encoded;
  for (const char c : text) {
    if (!is_control(c) && c != '%') {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4];
    encoded += kDigits[byte & 15];
  }
  return encoded;
}

// `text` for an error's message: of bounded length and without what would break the line.
inline std::string quoted(std::string_view text) {
  constexpr std::size_t kLongest = 120;
  std::string shown = "\"";
  for (const char c : text) {
    if (shown.size() > kLongest) return shown += "…\"";
    if (is_control(c)) {
      shown += percent_encoded(std::string_view(&c, 1));
    } else {
      shown += c;
    }
  }
  return shown += '"';
}

[[noreturn]] EDDY_COLD inline void throw_address_error(std::string_view text, const std::string& what_is_wrong) {
  throw AddressError("eddy: " + quoted(text) + " is no address: " + what_is_wrong);
}

// A port of `text`: 0 to 65535 in decimal digits, without sign or leading zeros.
inline std::uint16_t parse_port(std::string_view text, std::string_view port) {
  constexpr std::size_t kMostDigits = 5;
  if (port.empty()) throw_address_error(text, "the port behind the colon is missing");
  for (const char c : port) {
    if (c < '0' || c > '9') throw_address_error(text, "the port " + quoted(port) + " is not a number");
  }
  if (port.size() > 1 && port.front() == '0') throw_address_error(text, "the port begins with a zero");
  std::uint32_t number = 0;
  for (const char c : port.substr(0, kMostDigits)) number = number * 10 + static_cast<std::uint32_t>(c - '0');
  if (port.size() > kMostDigits || number > UINT16_MAX) throw_address_error(text, "a port is at most 65535");
  return static_cast<std::uint16_t>(number);
}

}  // namespace detail

/// A host, by name or number, and a port.
struct HostPort {
  HostPort() = default;
  HostPort(std::string its_host, std::uint16_t its_port) : host(std::move(its_host)), port(its_port) {}
  friend bool operator==(const HostPort&, const HostPort&) = default;

  std::string host;        ///< without the brackets of an IPv6 address
  std::uint16_t port = 0;  ///< in the machine's byte order
};

/// Splits "example.org:80", "127.0.0.1:80" or "[::1]:80". The host is not looked at any closer: `resolve` takes it as it
/// is. Errors: AddressError if host or port is missing, for a port that is no number up to 65535, for an IPv6 address
/// without brackets, and for blanks and characters that no host has.
[[nodiscard]] inline HostPort split_host_port(std::string_view text) {
  using detail::throw_address_error;
  if (text.empty()) throw_address_error(text, "it is empty");
  std::string_view host;
  std::string_view port;
  if (text.front() == '[') {
    const std::size_t end = text.rfind(']');
    if (end == std::string_view::npos) throw_address_error(text, "the closing bracket is missing");
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (host.find(':') == std::string_view::npos) throw_address_error(text, "only an IPv6 address stands in brackets");
    if (port.empty() || port.front() != ':') throw_address_error(text, "a colon and the port must follow the bracket");
    port.remove_prefix(1);
  } else {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) throw_address_error(text, "the port is missing, as in \"example.org:80\"");
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.find(':') != std::string_view::npos)
      throw_address_error(text, "an IPv6 address needs brackets before its port, as in \"[::1]:80\"");
    if (host.empty()) throw_address_error(text, "the host before the colon is missing");
  }
  for (const char c : host) {
    const bool in_brackets = text.front() == '[';  // an interface may be called nearly anything
    if (detail::is_control(c) || c == ' ' ||
        (!in_brackets && std::string_view("/?#@[]\\%").find(c) != std::string_view::npos))
      throw_address_error(text, "the host has a character that no host has");
  }
  return HostPort(std::string(host), detail::parse_port(text, port));
}

}  // namespace eddy::inline EDDY_ABI
