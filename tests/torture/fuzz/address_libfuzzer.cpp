// The entry for libFuzzer into the parser of addresses: a text that breaks a rule stops the process, so that the fuzzer keeps it.
//
// SPDX-License-Identifier: MIT
#include "support/address_rules.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::AddressRules rules;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string broken = rules.broken_by(text);
  if (broken.empty()) broken = rules.broken_by_part(text);
  if (broken.empty()) return 0;
  std::fprintf(stderr, "this does not hold: %s\n", broken.c_str());
  std::abort();
}
