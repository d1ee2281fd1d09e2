// expect: no signal is waited for until this is awaited: co_await it
// flags: -Werror=unused-result -Werror=unused-value
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/signal.hpp>

#include <csignal>

void wrong(eddy::SignalReceiver& signals) { signals.next(); }
