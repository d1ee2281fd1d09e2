// open_unix_connection and start_unix_server: paths, abstract names, and whose the file is.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include "support/streams.hpp"
#include "support/temporary_folder.hpp"
#include <eddy/io.hpp>
#include <sys/stat.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <string>

using namespace test;

namespace {

eddy::Task<> greet(eddy::SocketStream stream) {
  const std::string name = co_await stream.read_line();
  if (name.empty()) co_return;  // one who only looked whether anybody listens
  co_await stream.write("hello " + name);
}
eddy::Task<std::string> ask(std::string path) {
  auto stream = co_await eddy::open_unix_connection(path);
  co_await stream.write("ann\n");
  co_return co_await stream.read_line();
}
bool is_socket(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

EDDY_TEST_CASE("a server at a path serves, and its file goes with it", "[socket][c377]") {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "socket").string();
  auto server = co_await eddy::start_unix_server(greet, path);
  CHECK(is_socket(path));
  const auto answer = co_await ask(path);
  CHECK(answer == "hello ann\n");
  server.close();
  CHECK_FALSE(is_socket(path));
  co_await server.wait_closed();
  const int error = co_await error_of(ask(path));
  CHECK(error == ENOENT);
}

EDDY_TEST_CASE("an abstract name serves without a file", "[socket]") {
  const std::string name = "@eddy-test-" + std::to_string(::getpid());
  auto server = co_await eddy::start_unix_server(greet, name);
  const auto answer = co_await ask(name);
  CHECK(answer == "hello ann\n");
  server.close();
  co_await server.wait_closed();
  const int error = co_await error_of(ask(name));
  CHECK(error == ECONNREFUSED);
}

EDDY_TEST_CASE("a file that was left behind is replaced, one that is in use or no socket is not", "[socket]") {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "socket").string();
  {
    const eddy::Descriptor left(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = eddy::SocketAddress::unix_path(path);
    REQUIRE(::bind(left.get(), address.data(), address.size()) == 0);
  }
  CHECK(is_socket(path));
  auto server = co_await eddy::start_unix_server(greet, path);
  const int in_use = co_await error_of(eddy::start_unix_server(greet, path));
  CHECK(in_use == EADDRINUSE);
  const auto answer = co_await ask(path);
  CHECK(answer == "hello ann\n");

  const std::string file = (folder.path() / "file").string();
  std::ofstream(file) << "kept";
  const int no_socket = co_await error_of(eddy::start_unix_server(greet, file));
  CHECK(no_socket == EADDRINUSE);
  std::string content;
  std::ifstream(file) >> content;
  CHECK(content == "kept");
  server.close();
  co_await server.wait_closed();
}

EDDY_TEST_CASE("a server removes its file only while that is its own", "[socket][c377]") {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "socket").string();
  auto first = co_await eddy::start_unix_server(greet, path);
  REQUIRE(::unlink(path.c_str()) == 0);
  auto second = co_await eddy::start_unix_server(greet, path);
  first.close();
  CHECK(is_socket(path));
  const auto answer = co_await ask(path);
  CHECK(answer == "hello ann\n");
  second.close();
  CHECK_FALSE(is_socket(path));
  co_await second.wait_closed();
}

EDDY_TEST_CASE("a path that cannot be one is refused at once", "[socket]") {
  CHECK_THROWS_AS(static_cast<void>(eddy::open_unix_connection("")), eddy::AddressError);
  CHECK_THROWS_AS(static_cast<void>(eddy::open_unix_connection(std::string(108, 'x'))), eddy::AddressError);
  CHECK_THROWS_AS(static_cast<void>(eddy::start_unix_server(greet, "@")), eddy::AddressError);
  const int missing = co_await error_of(eddy::open_unix_connection("/no/such/folder/socket"));
  CHECK(missing == ENOENT);
}
