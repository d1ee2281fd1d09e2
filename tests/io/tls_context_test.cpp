// TlsContext: what it takes, from texts and files, and what it refuses.
//
// SPDX-License-Identifier: MIT
#include "support/certificates.hpp"
#include "support/run.hpp"
#include <eddy/io/tls_context.hpp>

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <system_error>
#include <unistd.h>

using eddy::TlsContext;
using test::authority;
using test::server_identity;

namespace {

template <class F>
std::string reason_of(F fn) {
  try {
    fn();
  } catch (const eddy::TlsError& e) {
    return e.reason();
  }
  return "none";
}

// A file with a text, for as long as it lives.
class TextFile {
 public:
  explicit TextFile(const std::string& text) {
    const int fd = ::mkstemp(name_.data());
    if (fd < 0 || ::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) throw std::runtime_error(name_);
    ::close(fd);
  }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;
  ~TextFile() { std::remove(name_.c_str()); }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_ = "/tmp/eddy-tls-XXXXXX";
};

}  // namespace

TEST_CASE("contexts are made for clients and servers, from texts and from files", "[tls]") {
  CHECK(TlsContext::client().native_handle() != nullptr);
  const TextFile trusted(authority().certificate());
  const TextFile certificate(server_identity().certificate());
  const TextFile key(server_identity().key());
  CHECK(TlsContext::client_trusting_file(trusted.name()).native_handle() != nullptr);
  const TlsContext server = TlsContext::server_from_files(certificate.name(), key.name());
  const TlsContext copy = server;
  CHECK(copy.native_handle() == server.native_handle());
  CHECK(server.state()->server);
}

TEST_CASE("a file that is not there is an error with its name", "[tls]") {
  try {
    (void)TlsContext::client_trusting_file("/no/such/file.pem");
    FAIL("read");
  } catch (const std::system_error& e) {
    CHECK(e.code().value() == ENOENT);
    CHECK(std::string(e.what()).find("/no/such/file.pem") != std::string::npos);
  }
  CHECK_THROWS_AS(TlsContext::client_trusting_file("/"), std::system_error);
}

TEST_CASE("what is no certificate or no key is refused", "[tls]") {
  const std::string certificate = server_identity().certificate();
  CHECK(reason_of([] { (void)TlsContext::client_trusting(""); }) == "no start line");
  CHECK(reason_of([] { (void)TlsContext::client_trusting("text"); }) == "no start line");
  std::string damaged = certificate;
  damaged[damaged.size() / 2] = '!';
  CHECK(reason_of([&] { (void)TlsContext::client_trusting(damaged); }) != "none");
  CHECK(reason_of([&] { (void)TlsContext::client_trusting(certificate + damaged); }) != "none");
  CHECK(reason_of([&] { (void)TlsContext::server(certificate, "text"); }) != "none");
  CHECK(reason_of([&] { (void)TlsContext::server(certificate, authority().key()); }) == "key values mismatch");
  CHECK(reason_of([&] { (void)TlsContext::server(certificate, server_identity().key_with_password()); }) != "none");
  CHECK(reason_of([&] { (void)TlsContext::server(certificate, server_identity().key()); }) == "none");
}

TEST_CASE("the error of a certificate or a key says what was being done with it", "[tls]") {
  const std::string certificate = server_identity().certificate();
  CHECK_THROWS_WITH(TlsContext::client_trusting("text"), "eddy: reading a certificate in PEM: no start line");
  CHECK_THROWS_WITH(TlsContext::server(certificate, authority().key()), "eddy: using a private key: key values mismatch");
  std::string text;
  try {
    (void)TlsContext::server(certificate, "text");
  } catch (const eddy::TlsError& error) {
    text = error.what();
  }
  CHECK(text.find("eddy: reading a private key in PEM: ") == 0);
}

TEST_CASE("names of protocols have 1 to 255 characters", "[tls]") {
  TlsContext context = test::client_context();
  CHECK_THROWS_WITH(context.set_alpn_protocols({"h2", ""}), "eddy: the name of a protocol has 1 to 255 characters: ''");
  CHECK_THROWS_AS(context.set_alpn_protocols({std::string(256, 'x')}), std::invalid_argument);
  CHECK(context.state()->alpn.empty());
  context.set_alpn_protocols({"h2", std::string(255, 'x')});
  CHECK(context.state()->alpn.size() == 3 + 256);
  context.set_alpn_protocols({});
  CHECK(context.state()->alpn.empty());
}

TEST_CASE("TLS 1.2 is the lowest version, unless a higher one is asked for", "[tls]") {
  TlsContext context = test::client_context();
  CHECK(SSL_CTX_get_min_proto_version(context.native_handle()) == TLS1_2_VERSION);
  context.set_minimum_version(eddy::TlsVersion::tls_1_3);
  CHECK(SSL_CTX_get_min_proto_version(context.native_handle()) == TLS1_3_VERSION);
  context.set_minimum_version(eddy::TlsVersion::tls_1_2);
  CHECK(SSL_CTX_get_min_proto_version(context.native_handle()) == TLS1_2_VERSION);
}

TEST_CASE("clients verify unless somebody says that this is dangerous", "[tls]") {
  TlsContext context = test::client_context();
  CHECK(SSL_CTX_get_verify_mode(context.native_handle()) == SSL_VERIFY_PEER);
  CHECK(context.state()->verify);
  context.dangerous_no_verification();
  CHECK(SSL_CTX_get_verify_mode(context.native_handle()) == SSL_VERIFY_NONE);
  CHECK_FALSE(context.state()->verify);
  TlsContext server = test::server_context();
  CHECK(SSL_CTX_get_verify_mode(server.native_handle()) == SSL_VERIFY_NONE);
  server.trust(authority().certificate());
  server.require_client_certificate();
  CHECK(SSL_CTX_get_verify_mode(server.native_handle()) == (SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT));
}
