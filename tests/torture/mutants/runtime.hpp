// What the instrumented headers ask: whether a mutant is on.
//
// SPDX-License-Identifier: MIT
#pragma once

namespace eddy_mutants {

extern unsigned active;          // the environment variable EDDY_MUTANT; zero for none
extern unsigned char* reached;   // a byte for each mutant: whether it was asked for

inline bool on(unsigned number) noexcept {
  reached[number] = 1;
  return number == active;
}

}  // namespace eddy_mutants
