// Transfers over TLS that are cut off, or fall silent, at any byte of what the server says.
//
// SPDX-License-Identifier: MIT
#include <eddy/http.hpp>
#include <eddy/io/tls.hpp>

#include "support/certificates.hpp"
#include "support/cutting_proxy.hpp"
#include "support/run.hpp"
#include "support/sockets.hpp"
#include "support/temporary_folder.hpp"

#include <cerrno>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

using namespace test;
namespace http = eddy::http;
using End = CuttingProxy::End;

namespace {

// Signatures by RSA have one length, so that each connection begins with as many bytes as the others.
const eddy::TlsContext& context() {
  static const eddy::TlsContext made = server_context(authority().issue({.hosts = "IP:127.0.0.1", .rsa = true}));
  return made;
}

// "/length", "/chunked" and "/until_close" say how the end of "0123456789" is told.
eddy::Task<> answer(eddy::SocketStream socket) {
  try {
    auto stream = co_await eddy::tls_accept(std::move(socket), context());
    for (;;) {
      const std::string head = co_await stream.read_until("\r\n\r\n");
      const bool chunked = head.starts_with("GET /chunked ");
      const bool until_close = head.starts_with("GET /until_close ");
      std::string fields = "HTTP/1.1 200 OK\r\n";
      fields += chunked ? "Transfer-Encoding: chunked" : until_close ? "Connection: close" : "Content-Length: 10";
      fields += "\r\n\r\n";
      co_await stream.write(fields);
      co_await stream.write(chunked ? "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n" : "0123456789");
      if (until_close) {
        co_await stream.write_eof();
        co_return;
      }
    }
  } catch (const std::exception&) {
    co_return;  // the client is gone
  }
}

class Place {
 public:
  static eddy::Task<Place> start() {
    Place made;
    made.server_ = co_await eddy::start_server(&answer, "127.0.0.1", 0);
    made.proxy_ = co_await CuttingProxy::start(made.server_->port());
    std::ofstream(made.folder_->path() / "authority.pem") << authority().certificate();
    co_return std::move(made);
  }
  CuttingProxy& proxy() { return *proxy_; }
  [[nodiscard]] std::string url(const std::string& path) const { return at(proxy_->port(), path); }
  [[nodiscard]] std::string straight(const std::string& path) const { return at(server_->port(), path); }
  [[nodiscard]] http::SessionOptions options() const {
    http::SessionOptions options;
    options.ca_file(*folder_ / "authority.pem");
    return options;
  }
  eddy::Task<> close() {
    co_await proxy_->close();
    server_->close();
    server_->close_clients();
    co_await server_->wait_closed();
  }

 private:
  static std::string at(std::uint16_t port, const std::string& path) {
    return "https://127.0.0.1:" + std::to_string(port) + path;
  }
  std::unique_ptr<TemporaryFolder> folder_ = std::make_unique<TemporaryFolder>();
  std::optional<eddy::Server> server_;
  std::optional<CuttingProxy> proxy_;
};

// What a GET ends with, in words.
eddy::Task<std::string> end_of(http::ClientSession& session, std::string url, http::RequestOptions options = {}) {
  try {
    auto response = co_await session.get(std::move(url), std::move(options));
    co_return co_await response.text();
  } catch (const http::TimeoutError& error) {
    co_return std::string(error.what());
  } catch (const http::ConnectionError& error) {
    co_return error.code() == std::errc::connection_reset ? std::string("lost") : std::string(error.what());
  }
}

constexpr std::size_t kBodyAndEnd = (10 + 22) + 24;  // two records

// Each cut is a lost connection; and the session goes on. libcurl 7.88 takes the end of a connection for the end of a body
// that is told by it, also without TLS's own end.
eddy::Task<> check_cuts(Place& place, std::string path, End end, std::size_t step, bool handshake_too = false) {
  CuttingProxy& proxy = place.proxy();
  http::ClientSession session(place.options());
  proxy.cut(CuttingProxy::kWhole, end);
  {
    http::ClientSession once(place.options());
    const std::string text = co_await end_of(once, place.url(path));
    REQUIRE(text == "0123456789");
  }
  const std::size_t whole = proxy.passed();
  constexpr std::size_t kAnswer = 120;  // its last bytes are the answer's
  const std::set<std::size_t> places = proxy.places(step, 8);
  for (auto at = places.lower_bound(handshake_too ? 0 : whole - kAnswer); at != places.end(); ++at) {
    INFO(path << " cut after " << *at << " of " << whole << " bytes");
    proxy.cut(*at, end);
    const std::string text = co_await end_of(session, place.url(path));
    const bool may_be_short = path == "/until_close" && end == End::close && *at + kBodyAndEnd >= whole;
    CHECK((text == "lost" || (may_be_short && std::string_view("0123456789").starts_with(text))));
    CHECK(session.statistics().active == 0);
    const std::string good = co_await end_of(session, place.straight("/length"));
    CHECK(good == "0123456789");
    CHECK(session.statistics().connections <= 2);  // one that is over may be found so before it would be used
  }
}

}  // namespace

EDDY_TEST_CASE("an answer over TLS that is cut at any byte is a lost connection, and the session goes on",
               "[socket][large]") {
  const auto before = open_descriptors();
  {
    auto place = co_await Place::start();
    co_await check_cuts(place, "/length", End::reset, 100, true);
    co_await check_cuts(place, "/length", End::close, 100, true);
    co_await place.close();
  }
  CHECK(open_descriptors() <= before);
}

EDDY_TEST_CASE("a body over TLS whose end is told in another way is cut at any byte, too", "[socket]") {
  auto place = co_await Place::start();
  co_await check_cuts(place, "/until_close", End::close, 4);
  co_await check_cuts(place, "/until_close", End::reset, 10);
  co_await check_cuts(place, "/chunked", End::close, 6);
  co_await place.close();
}

EDDY_TEST_CASE("a server that falls silent within TLS ends in the timeout that was set", "[socket][real]") {
  auto place = co_await Place::start();
  CuttingProxy& proxy = place.proxy();
  http::ClientSession session(place.options());
  proxy.cut(CuttingProxy::kWhole, End::hang);
  const std::string whole_text = co_await end_of(session, place.url("/until_close"));
  CHECK(whole_text == "0123456789");
  const std::size_t whole = proxy.passed();
  const auto connecting = http::RequestOptions().timeouts({.connect = 50ms});
  const auto idle = http::RequestOptions().timeouts({.idle = 50ms});
  const std::string asked = "eddy: GET " + place.url("/until_close") + ": timed out while ";
  for (const std::size_t at : {std::size_t{0}, std::size_t{3}, std::size_t{5}, std::size_t{200}, std::size_t{900}}) {
    INFO(at << " bytes of " << whole);
    proxy.cut(at, End::hang);
    const std::string text = co_await end_of(session, place.url("/until_close"), connecting);
    CHECK(text == asked + "agreeing on TLS, or with the proxy");
  }
  proxy.cut(whole - 1, End::hang);  // in TLS's own end
  const std::string end = co_await end_of(session, place.url("/until_close"), idle);
  CHECK(end == asked + "receiving the body: nothing came and nothing went");
  proxy.cut(whole - 24 - 20, End::hang);
  const std::string body = co_await end_of(session, place.url("/until_close"), idle);
  CHECK(body == asked + "receiving the body: nothing came and nothing went");
  // A body whose length is known is complete without an end of the connection.
  proxy.cut(CuttingProxy::kWhole, End::hang);
  http::ClientSession once(place.options());
  const std::string known = co_await end_of(once, place.url("/length"), idle);
  CHECK(known == "0123456789");
  proxy.cut(proxy.passed(), End::hang);
  const std::string again = co_await end_of(session, place.url("/length"), idle);
  CHECK(again == "0123456789");
  const std::string straight = co_await end_of(session, place.straight("/length"));
  CHECK(straight == "0123456789");
  session.close();
  once.close();
  co_await place.close();
}
