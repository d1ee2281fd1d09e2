// FormData: what a multipart/form-data body is made of: fields and files.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

namespace detail {

struct FormPart {
  std::string head;  // its header, up to the empty line
  std::string data;
  std::string path;  // of a file, in the place of data; empty if there is none
};

// A parameter of Content-Disposition, as browsers write it.
inline void append_quoted(std::string& text, std::string_view value) {
  text += '"';
  for (const char c : value) {
    if (c == '"') {
      text += "%22";
    } else if (c == '\r') {
      text += "%0D";
    } else if (c == '\n') {
      text += "%0A";
    } else {
      text += c;
    }
  }
  text += '"';
}

// A path with a NUL would name another file.
inline void check_body_path(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos)
    throw std::invalid_argument("eddy: the path of a file that is to be sent is empty, or has a NUL in it");
}

}  // namespace detail

namespace http {

/// The parts of a multipart/form-data body, in order. Files are read while they are sent. Errors: std::invalid_argument
/// for a NUL in a name or a file's name, for CR, LF or NUL in a content type, and for an empty path or one with a NUL. CR,
/// LF and quotes in names are sent encoded, as browsers do. Source: aiohttp.FormData.
class FormData {
 public:
  FormData() = default;
  /// Adds a field.
  FormData& field(std::string_view name, std::string value) { return add(name, {}, {}, std::move(value), {}); }
  /// Adds a file whose contents are given.
  FormData& data(std::string_view name, std::string filename, std::string contents,
                 std::string_view content_type = "application/octet-stream") {
    return add(name, filename, content_type, std::move(contents), {});
  }
  /// Adds a file that is read when the request is made; the server is told the last part of `path` as its name.
  FormData& file(std::string_view name, std::string path, std::string_view content_type = "application/octet-stream") {
    detail::check_body_path(path);
    const std::string filename = path.substr(path.rfind('/') + 1);
    return add(name, filename, content_type, {}, std::move(path));
  }
  /// For the request.
  [[nodiscard]] const std::vector<detail::FormPart>& parts() const noexcept { return parts_; }

 private:
  FormData& add(std::string_view name, std::string_view filename, std::string_view content_type, std::string data,
                std::string path) {
    if (name.find('\0') != std::string_view::npos || filename.find('\0') != std::string_view::npos ||
        content_type.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
      throw std::invalid_argument("eddy: a part of a form has a NUL in its name, or a line end in its content type");
    std::string head = "Content-Disposition: form-data; name=";
    detail::append_quoted(head, name);
    if (!filename.empty()) {
      head += "; filename=";
      detail::append_quoted(head, filename);
    }
    if (!content_type.empty()) {
      head += "\r\nContent-Type: ";
      head += content_type;
    }
    head += "\r\n\r\n";
    parts_.push_back({std::move(head), std::move(data), std::move(path)});
    return *this;
  }

  std::vector<detail::FormPart> parts_;
};

}  // namespace http
}  // namespace eddy::inline EDDY_ABI
