// expect: eddy: g\+\+ before 13 destroys an aggregate or a closure .* twice: pass std::in_place and the members
// compiler: g++<13
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <string>

struct Job {
  std::string url;
  int attempts;
};

eddy::Task<> wrong(eddy::Queue<Job>& queue, std::string url) { co_await queue.put(Job{url, 3}); }
