// The bodies that are made while they are sent: files and multipart forms.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/flow/async_generator.hpp>
#include <eddy/http/body.hpp>
#include <eddy/io/file.hpp>
#include <eddy/task/task.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::detail {

struct OutgoingBody {
  OutgoingBody() = default;
  OutgoingBody(AsyncGenerator<std::string> source, std::uint64_t length) : parts(std::move(source)), size(length) {}
  AsyncGenerator<std::string> parts;
  std::uint64_t size = 0;
};

// What is sent one after the other: a text, then a file if there is one.
struct OutgoingPart {
  explicit OutgoingPart(std::string before) : text(std::move(before)) {}
  std::string text;
  File file;
  bool has_file = false;
};

inline AsyncGenerator<std::string> outgoing_parts(std::vector<OutgoingPart> parts) {
  constexpr std::size_t kPiece = 64U << 10;
  for (OutgoingPart& part : parts) {
    if (!part.text.empty()) co_yield std::move(part.text);
    while (part.has_file) {
      std::string piece = co_await part.file.read(kPiece);
      if (piece.empty()) break;
      co_yield std::move(piece);
    }
  }
}

// The boundary of a multipart body is in its content type.
inline std::string_view boundary_of(const HttpBody& body) noexcept {
  const std::string_view type(body.content_type);
  return type.substr(type.rfind('=') + 1);
}

// Opens the files of a body. Errors: std::system_error.
inline Task<OutgoingBody> open_body(HttpBodyPointer body) {
  std::vector<OutgoingPart> parts;
  std::vector<std::string> paths;
  if (body->kind == HttpBody::Kind::file) {
    parts.emplace_back(std::string());
    paths.push_back(body->text);
  } else {
    const std::string boundary(boundary_of(*body));
    std::string text;
    for (const FormPart& part : body->form.parts()) {
      text += "--" + boundary + "\r\n" + part.head + part.data;
      if (!part.path.empty()) {
        parts.emplace_back(std::move(text));
        paths.push_back(part.path);
        text.clear();
      }
      text += "\r\n";
    }
    parts.emplace_back(text + "--" + boundary + "--\r\n");
  }
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    size += parts[i].text.size();
    if (i >= paths.size()) continue;
    parts[i].file = co_await open_file(paths[i]);
    parts[i].has_file = true;
    const std::uint64_t length = co_await parts[i].file.size();
    size += length;
  }
  OutgoingBody opened(outgoing_parts(std::move(parts)), size);
  co_return opened;
}

}  // namespace eddy::inline EDDY_ABI::detail
