// expect: the receiver is closed at once: keep it in a variable
// flags: -Werror=unused-result -Werror=unused-value
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/signal.hpp>

#include <csignal>

void wrong() { eddy::open_signal_receiver({SIGINT, SIGTERM}); }
