// Runs the tests, with either Catch2. A test specification that matches nothing is an error.
// SPDX-License-Identifier: MIT
#define CATCH_CONFIG_RUNNER  // Catch2 2.13 is compiled here, once; 3 ignores the name
#include <eddy/testing/test_case.hpp>

#include <cstdio>
#include <string>

EDDY_TESTING_OPERATOR_NEW

int main(int argc, char** argv) {
  Catch::Session session;
  if (int const status = session.applyCommandLine(argc, argv); status != 0) {
    return status;
  }
#if CATCH_VERSION_MAJOR < 3
  auto& warnings = session.configData().warnings;  // what 3 does unasked
  warnings = static_cast<Catch::WarnAbout::What>(warnings | Catch::WarnAbout::NoTests);
#endif
  const int status = session.run();
  if (const std::string orders = eddy::testing::describe_orders(); !orders.empty()) std::printf("%s\n", orders.c_str());
  return status;
}
