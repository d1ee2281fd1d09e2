// The file pipeline's records: a line of JSON for each file.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/outcome.hpp>

#include "files.hpp"
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

struct Totals {
  std::size_t files = 0;
  std::size_t errors = 0;
  Counts counts;
};

/// The length of the UTF-8 character that `text` begins with, 0 if it begins with none. Overlong forms and surrogates
/// are none.
inline std::size_t utf8_length(std::string_view text) {
  const auto at = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned c = at(0);
  const std::size_t length = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
  const unsigned low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
  const unsigned high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
  if (length > 1 && (at(1) < low || at(1) > high)) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (at(i) < 0x80 || at(i) > 0xbf) return 0;
  }
  return length;
}

/// A JSON string. A byte that is no UTF-8 becomes the lone surrogate that Python's `os.fsencode` turns back into that
/// byte, so every file name can be recovered.
inline std::string json_string(std::string_view text) {
  std::string json = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto first = static_cast<unsigned char>(text.front());
    if (length == 0) {
      json += fmt::format("\\udc{:02x}", first);
    } else if (first < ' ' || first == 0x7f) {
      json += fmt::format("\\u{:04x}", first);
    } else {
      if (first == '"' || first == '\\') json += '\\';
      json += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return json + '"';
}

/// The line of a file that was counted, or could not be; adds it to the totals.
inline std::string make_record(std::string_view path, const eddy::Outcome<Counts>& counted, Totals& totals) {
  if (!counted.has_value()) {
    ++totals.errors;
    return fmt::format("{{\"path\": {}, \"error\": {}}}\n", json_string(path), json_string(counted.what()));
  }
  const Counts& counts = counted.value();
  ++totals.files;
  totals.counts.lines += counts.lines;
  totals.counts.words += counts.words;
  totals.counts.bytes += counts.bytes;
  return fmt::format("{{\"path\": {}, \"lines\": {}, \"words\": {}, \"bytes\": {}}}\n", json_string(path), counts.lines,
                     counts.words, counts.bytes);
}
