// The entry for libFuzzer: a program that breaks an invariant stops the process, so that the fuzzer keeps it.
//
// SPDX-License-Identifier: MIT
#include "interpreter.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> bytes(data, size);
  const fuzz::Result result = fuzz::play(bytes);
  if (result.violation.empty()) return 0;
  std::fprintf(stderr, "%s\n%s", result.violation.c_str(), fuzz::in_words(fuzz::read_program(bytes)).c_str());
  std::abort();
}
