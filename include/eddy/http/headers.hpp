// Headers: the header fields of a request or a response, in order; names are compared without regard to case.
//
// All text is kept in one string, so that a response with many fields costs two allocations.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

namespace detail {

constexpr char lower_of(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool same_without_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower_of(a[i]) != lower_of(b[i])) return false;
  }
  return true;
}
// The characters of methods and of the names of header fields: RFC 9110's tokens.
constexpr bool is_http_token(std::string_view text) noexcept {
  for (const char c : text) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (lower_of(c) >= 'a' && lower_of(c) <= 'z');
    if (!alphanumeric && (c == '\0' || std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos))
      return false;
  }
  return !text.empty();
}
constexpr std::string_view without_blanks(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' || text.back() == '\n'))
    text.remove_suffix(1);
  return text;
}

}  // namespace detail

namespace http {

/// One field of a header. The views are valid until the Headers that it comes from are changed.
struct HeaderField {
  std::string_view name;   ///< as it was written
  std::string_view value;  ///< without blanks around it
};

/// The fields of a header, in order. Names are compared without regard to case, and may be there several times.
///
/// Errors: std::invalid_argument for a name that is no token of HTTP's, and for a value with CR, LF or NUL in it, which
/// could smuggle in a header of its own. Complexity: linear in the fields. Source: multidict.CIMultiDict.
class Headers {
 public:
  /// None.
  Headers() = default;
  /// These, in this order.
  Headers(std::initializer_list<HeaderField> fields) {
    for (const HeaderField& field : fields) add(field.name, field.value);
  }

  /// Adds a field behind all others, also if there are some of this name.
  Headers& add(std::string_view name, std::string_view value) {
    check(name, value);
    append(name, std::string(value));  // a copy, since it may be one of these
    return *this;
  }
  /// Sets a field in the place of all of this name.
  Headers& set(std::string_view name, std::string_view value) {
    check(name, value);
    const std::string copy(value);
    const std::string own_name(name);  // both may be of these fields
    remove(own_name);
    append(own_name, copy);
    return *this;
  }
  /// Takes out all of this name; none is no error.
  Headers& remove(std::string_view name) {
    if (!contains(name)) return *this;
    Headers others;  // not to keep the text of what is gone
    for (const auto& [kept, value] : *this) {
      if (!detail::same_without_case(kept, name)) others.append(kept, value);
    }
    return *this = std::move(others);
  }
  /// The value of the first of this name, if there is one.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept {
    for (const Entry& entry : entries_) {
      const HeaderField here = field(entry);
      if (detail::same_without_case(here.name, name)) return here.value;
    }
    return std::nullopt;
  }
  /// The values of all of this name, such as Set-Cookie.
  [[nodiscard]] std::vector<std::string_view> get_all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const Entry& entry : entries_) {
      const HeaderField here = field(entry);
      if (detail::same_without_case(here.name, name)) values.push_back(here.value);
    }
    return values;
  }
  /// True if there is one of this name.
  [[nodiscard]] bool contains(std::string_view name) const noexcept { return get(name).has_value(); }
  /// How many there are.
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// True if there is none.
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  /// One of them; `index` is less than `size()`.
  [[nodiscard]] HeaderField operator[](std::size_t index) const noexcept { return field(entries_[index]); }
  /// Takes all out.
  void clear() noexcept {
    text_.clear();
    entries_.clear();
  }

  /// Goes over the fields: `for (const auto& [name, value] : headers)`.
  class Iterator {
   public:
    /// Made by `begin` and `end`.
    Iterator(const Headers* headers, std::size_t index) noexcept : headers_(headers), index_(index) {}
    /// The field.
    HeaderField operator*() const noexcept { return (*headers_)[index_]; }
    /// To the next one.
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    /// Whether both are at the same field.
    bool operator==(const Iterator&) const = default;

   private:
    const Headers* headers_;
    std::size_t index_;
  };
  /// The first field.
  [[nodiscard]] Iterator begin() const noexcept { return {this, 0}; }
  /// Behind the last one.
  [[nodiscard]] Iterator end() const noexcept { return {this, entries_.size()}; }

  /// For what is received: makes room for a usual response.
  void expect_response() {
    text_.reserve(512);
    entries_.reserve(16);
  }
  /// For what is received: adds a field behind all others, as it is, without looking at it.
  void append(std::string_view name, std::string_view value) {
    value = detail::without_blanks(value);
    const std::size_t at = text_.size();
    text_ += name;
    text_ += value;
    entries_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(name.size()),
                        static_cast<std::uint32_t>(value.size())});
  }
  /// For what is received: a line that begins with a blank goes on with the field before it; without one it is dropped.
  void append_to_last(std::string_view value) {
    value = detail::without_blanks(value);
    if (entries_.empty() || value.empty()) return;
    const std::size_t before = text_.size();
    if (entries_.back().value > 0) text_ += ' ';
    text_ += value;
    entries_.back().value += static_cast<std::uint32_t>(text_.size() - before);
  }

 private:
  struct Entry {
    std::uint32_t at;
    std::uint32_t name;
    std::uint32_t value;
  };
  [[nodiscard]] HeaderField field(const Entry& entry) const noexcept {
    const std::string_view text(text_);
    return {text.substr(entry.at, entry.name), text.substr(entry.at + entry.name, entry.value)};
  }
  static void check(std::string_view name, std::string_view value) {
    if (!detail::is_http_token(name))
      throw std::invalid_argument(
          "eddy: the name of a header field has letters, digits and some signs in it, no blanks, colons or line ends");
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
      throw std::invalid_argument("eddy: the value of the header field " + std::string(name) +
                                  " has a CR, LF or NUL in it");
  }

  std::string text_;
  std::vector<Entry> entries_;
};

}  // namespace http
}  // namespace eddy::inline EDDY_ABI
