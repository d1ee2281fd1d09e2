// Needs the headers of libcurl and its library: what eddy::http has to bring along.
//
// SPDX-License-Identifier: MIT
#include <eddy/http/url.hpp>

#include <curl/curl.h>

#include <cstdio>

int main() { std::puts(curl_version()); }
