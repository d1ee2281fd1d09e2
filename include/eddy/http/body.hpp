// HttpBody: what a request sends: a string, or what is made while it is sent, from a file, a form or a generator.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/flow/async_generator.hpp>
#include <eddy/http/form.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace eddy::inline EDDY_ABI::detail {

struct HttpBody {
  enum class Kind : unsigned char { text, file, form, generator };
  Kind kind = Kind::text;
  bool used = false;  // of a generator: it has begun
  std::string text;   // or the path
  std::string content_type;
  http::FormData form;
  AsyncGenerator<std::string> generator;
  std::optional<std::uint64_t> size;  // of a generator, if it is known
};
// Shared by the copies of the options.
using HttpBodyPointer = std::shared_ptr<HttpBody>;

}  // namespace eddy::inline EDDY_ABI::detail
