// Small conversions of text that HTTP needs: percent-encoding, Base64, cookies.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/http/headers.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace eddy::inline EDDY_ABI::detail {

struct HttpOptionsAccess;  // in options_access.hpp

// RFC 3986's unreserved characters stay.
inline void append_percent_encoded(std::string& to, std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (lower_of(c) >= 'a' && lower_of(c) <= 'z') || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    if (plain) {
      to += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      to += '%';
      to += kDigits[byte >> 4];
      to += kDigits[byte & 15];
    }
  }
}
// Of a query or of an encoded form.
inline void append_parameter(std::string& to, std::string_view name, std::string_view value) {
  if (!to.empty()) to += '&';
  append_percent_encoded(to, name);
  to += '=';
  append_percent_encoded(to, value);
}
inline void append_cookie(std::string& to, std::string_view name, std::string_view value) {
  if (!is_http_token(name) || value.find_first_of(std::string_view("\r\n\0;, \t", 7)) != std::string_view::npos)
    throw std::invalid_argument(
        "eddy: a cookie's name is a token of HTTP's, and its value has no blanks, commas, semicolons or line ends");
  if (!to.empty()) to += "; ";
  to += name;
  to += '=';
  to += value;
}

// In numbers; one of IPv6 may stand in brackets.
inline bool is_ip_address(std::string text) noexcept {
  if (text.find('\0') != std::string::npos) return false;
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  in6_addr address;  // large enough for both
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1 || ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

inline std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = bytes.size() - i < 3 ? bytes.size() - i : 3;
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = (group << 8) | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j) text += j <= count ? kDigits[(group >> (18 - 6 * j)) & 63] : '=';
  }
  return text;
}
inline std::string basic_credentials(std::string_view user, std::string_view password) {
  if (user.find(':') != std::string_view::npos)
    throw std::invalid_argument("eddy: a user's name has no colon in it (Basic authentication)");
  return "Basic " + base64(std::string(user) + ":" + std::string(password));
}

// What separates the parts of a multipart body, and does not occur in them.
inline std::string make_boundary() {
  constexpr char kDigits[] = "0123456789abcdef";
  unsigned char random[16];
  if (::getrandom(random, sizeof random, 0) != sizeof random)
    throw std::system_error(errno, std::generic_category(), "eddy: no random bytes for what separates the parts of a form (getrandom)");
  std::string boundary = "eddy-";
  for (const unsigned char byte : random) {
    boundary += kDigits[byte >> 4];
    boundary += kDigits[byte & 15];
  }
  return boundary;
}

}  // namespace eddy::inline EDDY_ABI::detail
