// Which mutant is on, and which are reached. What is reached goes to the file EDDY_MUTANT_REACHED, if that is set, by a
// mapping that child processes share, however they end.
//
// SPDX-License-Identifier: MIT
#include "runtime.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace eddy_mutants {

namespace {

constexpr unsigned kMost = 1U << 16;
unsigned char nowhere[kMost];

// Before every other initialiser.
__attribute__((constructor(101))) void begin() {
  if (const char* number = std::getenv("EDDY_MUTANT")) active = static_cast<unsigned>(std::atoi(number));
  const char* path = std::getenv("EDDY_MUTANT_REACHED");
  if (path == nullptr) return;
  const int file = ::open(path, O_RDWR | O_CREAT, 0600);
  if (file < 0 || ::ftruncate(file, kMost) != 0) std::abort();
  void* const shared = ::mmap(nullptr, kMost, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (shared == MAP_FAILED) std::abort();
  reached = static_cast<unsigned char*>(shared);
  ::close(file);
}

}  // namespace

unsigned active = 0;
unsigned char* reached = nowhere;

}  // namespace eddy_mutants
