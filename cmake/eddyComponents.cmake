# The components of eddy: headers that need a library of somebody else's. Each is one call of eddy_component, below.
#
# Read by eddy's CMakeLists.txt, which makes the target eddy::<name> and the file eddy-<name>.pc of each, and, where eddy is
# installed, by find_package(eddy COMPONENTS ...).
#
# SPDX-License-Identifier: MIT

# eddy_component(<name> PACKAGE <arguments of find_package> TARGET <its target> PKG_CONFIG <its requirement there>
#                HEADERS <regular expression of what includes it, below include/eddy/> NEEDS <the end of a sentence, without a semicolon>)
set(eddy_components "")
macro(eddy_component name)
  cmake_parse_arguments(eddy_${name} "" "TARGET;PKG_CONFIG;HEADERS;NEEDS" "PACKAGE" ${ARGN})
  if(eddy_${name}_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "eddy_component(${name}) does not know '${eddy_${name}_UNPARSED_ARGUMENTS}'")
  endif()
  list(APPEND eddy_components "${name}")
endmacro()

eddy_component(tls
  PACKAGE OpenSSL 3.0
  TARGET OpenSSL::SSL
  PKG_CONFIG "openssl >= 3.0"
  HEADERS "io/tls[a-z_]*\\.hpp"
  NEEDS "OpenSSL 3.0 or later with its headers: install it (Debian: libssl-dev), or set OPENSSL_ROOT_DIR to where it is")

eddy_component(http
  PACKAGE CURL 7.88
  TARGET CURL::libcurl
  PKG_CONFIG "libcurl >= 7.88"
  HEADERS "http(/.*)?\\.hpp"
  NEEDS "libcurl 7.88 or later with its headers: install it (Debian: libcurl4-openssl-dev), or set CURL_ROOT to where it is")

# Looks for the library of a component: sets eddy_<name>_FOUND and, if there is none, eddy_<name>_PROBLEM, which says so in
# a sentence. No library is that of an unknown name.
macro(eddy_find_component name)
  set(eddy_${name}_FOUND FALSE)
  if("${name}" IN_LIST eddy_components)
    find_package(${eddy_${name}_PACKAGE} QUIET)
    list(GET eddy_${name}_PACKAGE 0 eddy_package)
    if(${eddy_package}_FOUND)
      set(eddy_${name}_FOUND TRUE)
    else()
      set(eddy_${name}_PROBLEM "eddy's component ${name} needs ${eddy_${name}_NEEDS}.")
    endif()
  else()
    list(JOIN eddy_components ", " eddy_names)
    set(eddy_${name}_PROBLEM
      "eddy has no component '${name}' (there are: ${eddy_names}); what needs no other library is in eddy::eddy, without one.")
  endif()
endmacro()
