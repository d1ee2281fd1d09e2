// Runs the program that is named on the command line. With `--check FILE` it also compares the trace with the file's.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <algorithm>
#include <fstream>
#include <mutex>
#include <sstream>
#include <vector>

namespace {

std::mutex mutex;     // threads write lines, too
std::string printed;  // the trace

std::vector<std::string> lines_of(std::istream& text) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

// The file's lines, without the mark of a trace that CPython 3.11 cannot give.
std::vector<std::string> expected_lines(const char* path) {
  std::ifstream file(path);
  std::vector<std::string> lines = lines_of(file);
  if (!lines.empty() && lines.front() == "(not run here)") lines.erase(lines.begin());
  return lines;
}

int check(const oracle::Program& program, const char* path) {
  const std::vector<std::string> expected = expected_lines(path);
  if (expected.empty()) {
    std::fprintf(stderr, "%s: no trace can be read\n", path);
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // a program that crashes or hangs shows how far it came
  const int status = program.main();
  std::istringstream text(printed);
  const std::vector<std::string> actual = lines_of(text);
  if (actual == expected && status == 0) {
    std::printf("--- %zu lines as expected\n", expected.size());
    return 0;
  }
  const std::size_t count = std::max(actual.size(), expected.size());
  const auto line = [](const std::vector<std::string>& lines, std::size_t i) {
    return i < lines.size() ? "'" + lines[i] + "'" : std::string("(nothing)");
  };
  std::size_t first = 0;
  while (first < count && line(actual, first) == line(expected, first)) ++first;
  if (first < count) {
    std::printf("--- line %zu\nexpected: %s\nprinted:  %s\n", first + 1, line(expected, first).c_str(),
                line(actual, first).c_str());
  }
  std::printf("--- the program's status is %d; above is what it printed, this is %s:\n", status, path);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    std::printf("%s%s\n", line(actual, i) == line(expected, i) ? "  " : "! ", expected[i].c_str());
  }
  return 1;
}

}  // namespace

void oracle::write_line(const std::string& line) {
  const std::lock_guard lock(mutex);
  printed += line + '\n';
  std::puts(line.c_str());
}

int main(int argc, char** argv) {
  const bool checks = argc == 4 && std::string_view(argv[2]) == "--check";
  const std::string_view wanted = argc == 2 || checks ? argv[1] : "";
  for (const oracle::Program* program = oracle::Program::first; program != nullptr; program = program->next) {
    if (program->name == wanted) return checks ? check(*program, argv[3]) : program->main();
  }
  std::fprintf(stderr, "usage: %s NAME [--check FILE]\n", argv[0]);
  return 2;
}
