// Runs the program that is named on the command line.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

int main(int argc, char** argv) {
  const std::string_view wanted = argc == 2 ? argv[1] : "";
  for (const oracle::Program* program = oracle::Program::first; program != nullptr; program = program->next) {
    if (program->name == wanted) return program->main();
  }
  std::fprintf(stderr, "usage: %s NAME\n", argv[0]);
  return 2;
}
