// ExitStatus: what it says of codes and signals.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include <eddy/io.hpp>

#include <csignal>

using eddy::ExitStatus;

TEST_CASE("an exit code is told from a signal", "[process][c386]") {
  const ExitStatus good = ExitStatus::exited(0);
  CHECK(good.success());
  CHECK(good.code() == 0);
  CHECK_FALSE(good.signal().has_value());
  CHECK(good.returncode() == 0);
  const ExitStatus bad = ExitStatus::exited(3);
  CHECK_FALSE(bad.success());
  CHECK(bad.code() == 3);
  CHECK(bad.returncode() == 3);
  const ExitStatus killed = ExitStatus::killed(SIGTERM);
  CHECK_FALSE(killed.success());
  CHECK_FALSE(killed.code().has_value());
  CHECK(killed.signal() == SIGTERM);
  CHECK(killed.returncode() == -SIGTERM);
  CHECK_FALSE(killed.core_dumped());
  CHECK(good == ExitStatus::exited(0));
  CHECK_FALSE(good == ExitStatus::killed(9));
}

TEST_CASE("an exit status is told in words", "[process]") {
  CHECK(ExitStatus::exited(3).to_string() == "exited with code 3");
  CHECK(ExitStatus::killed(SIGRTMAX).to_string() == "killed by signal " + std::to_string(SIGRTMAX));
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
  CHECK(ExitStatus::killed(SIGKILL).to_string() == "killed by SIGKILL");
  CHECK(ExitStatus::killed(SIGABRT, true).to_string() == "killed by SIGABRT, core dumped");
#endif
}
