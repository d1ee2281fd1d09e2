// What TLS says when OpenSSL itself fails, for want of memory or because it refuses something. Some of its functions are
// defined here, before those of the library: each does what the library's does, unless it is to fail.
//
// SPDX-License-Identifier: MIT
#include "support/certificates.hpp"
#include "support/run.hpp"
#include "support/thrown_text.hpp"
#include "support/tls.hpp"

#include <eddy/io/tls.hpp>

#include <dlfcn.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <climits>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace test;
using eddy::TlsContext;

namespace {

// The function whose next call fails, and how many before that do not.
thread_local std::string_view failing;
thread_local int good_before = 0;

bool fails(std::string_view name, bool says_why = true) {
  if (name != failing || good_before-- > 0) return false;
  failing = {};
  if (says_why) ERR_raise(ERR_LIB_SSL, ERR_R_MALLOC_FAILURE);
  return true;
}
// The library's function of this name.
template <class F>
F* library(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// NOLINTBEGIN: these have OpenSSL's names and types.
#define EDDY_LIBRARY(name) static auto* const next = library<decltype(::name)>(#name)

extern "C" {
SSL_CTX* SSL_CTX_new(const SSL_METHOD* method) {
  EDDY_LIBRARY(SSL_CTX_new);
  return fails("SSL_CTX_new") ? nullptr : next(method);
}
int SSL_CTX_set_default_verify_paths(SSL_CTX* context) {
  EDDY_LIBRARY(SSL_CTX_set_default_verify_paths);
  return fails("SSL_CTX_set_default_verify_paths") ? 0 : next(context);
}
long SSL_CTX_ctrl(SSL_CTX* context, int what, long number, void* pointer) {
  EDDY_LIBRARY(SSL_CTX_ctrl);
  if (what == SSL_CTRL_SET_MIN_PROTO_VERSION && fails("lowest version")) return 0;
  if (what == SSL_CTRL_CHAIN_CERT && fails("chain")) return 0;
  return next(context, what, number, pointer);
}
int SSL_CTX_use_certificate(SSL_CTX* context, X509* certificate) {
  EDDY_LIBRARY(SSL_CTX_use_certificate);
  return fails("SSL_CTX_use_certificate") ? 0 : next(context, certificate);
}
int SSL_CTX_add_client_CA(SSL_CTX* context, X509* certificate) {
  EDDY_LIBRARY(SSL_CTX_add_client_CA);
  return fails("SSL_CTX_add_client_CA") ? 0 : next(context, certificate);
}
int X509_STORE_add_cert(X509_STORE* store, X509* certificate) {
  EDDY_LIBRARY(X509_STORE_add_cert);
  return fails("X509_STORE_add_cert") ? 0 : next(store, certificate);
}
BIO* BIO_new_mem_buf(const void* data, int size) {
  EDDY_LIBRARY(BIO_new_mem_buf);
  return fails("BIO_new_mem_buf") ? nullptr : next(data, size);
}
BIO* BIO_new(const BIO_METHOD* method) {
  EDDY_LIBRARY(BIO_new);
  return fails("BIO_new") ? nullptr : next(method);
}
int BIO_read(BIO* bio, void* data, int size) {
  EDDY_LIBRARY(BIO_read);
  return fails("BIO_read") ? 0 : next(bio, data, size);
}
int BIO_write(BIO* bio, const void* data, int size) {
  EDDY_LIBRARY(BIO_write);
  return fails("BIO_write") ? 0 : next(bio, data, size);
}
int PEM_write_bio_X509(BIO* bio, const X509* certificate) {
  EDDY_LIBRARY(PEM_write_bio_X509);
  return fails("PEM_write_bio_X509") ? 0 : next(bio, certificate);
}
SSL* SSL_new(SSL_CTX* context) {
  EDDY_LIBRARY(SSL_new);
  return fails("SSL_new") ? nullptr : next(context);
}
int SSL_set1_host(SSL* ssl, const char* host) {
  EDDY_LIBRARY(SSL_set1_host);
  return fails("SSL_set1_host") ? 0 : next(ssl, host);
}
int SSL_set_alpn_protos(SSL* ssl, const unsigned char* protocols, unsigned size) {
  EDDY_LIBRARY(SSL_set_alpn_protos);
  return fails("SSL_set_alpn_protos") ? 1 : next(ssl, protocols, size);
}
int SSL_do_handshake(SSL* ssl) {
  EDDY_LIBRARY(SSL_do_handshake);
  return fails("SSL_do_handshake") ? -1 : next(ssl);
}
int SSL_read_ex(SSL* ssl, void* space, std::size_t size, std::size_t* count) {
  EDDY_LIBRARY(SSL_read_ex);
  return fails("SSL_read_ex") ? 0 : next(ssl, space, size, count);
}
int SSL_write_ex(SSL* ssl, const void* data, std::size_t size, std::size_t* count) {
  EDDY_LIBRARY(SSL_write_ex);
  return fails("SSL_write_ex") || fails("SSL_write_ex, without a word", false) ? 0 : next(ssl, data, size, count);
}
}
// NOLINTEND

namespace {

struct Row {
  const char* function;
  const char* doing;
  std::function<void()> call;
  int before = 0;
};
void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    std::string text = "nothing was thrown";
    failing = row.function;
    good_before = row.before;
    try {
      row.call();
    } catch (const eddy::TlsError& error) {
      text = error.what();
    }
    failing = {};
    CHECK(text == std::string("eddy: ") + row.doing + ": malloc failure");
    CHECK(ERR_peek_error() == 0);
  }
}


}  // namespace

TEST_CASE("a context that OpenSSL refuses says what it was at", "[tls][faults]") {
  const std::string trusted = authority().certificate();
  const std::string own = server_identity().certificate();
  const std::string key = server_identity().key();
  TlsContext client = TlsContext::client_trusting(trusted);
  TlsContext server = TlsContext::server(own, key);
  check({
      {"SSL_CTX_new", "making a context", [] { (void)TlsContext::client(); }},
      {"lowest version", "setting the lowest version", [] { (void)TlsContext::client(); }},
      {"lowest version", "setting the lowest version", [&] { client.set_minimum_version(eddy::TlsVersion::tls_1_3); }},
      {"SSL_CTX_set_default_verify_paths", "reading the system's certificates", [] { (void)TlsContext::client(); }},
      {"BIO_new_mem_buf", "reading PEM", [&] { client.trust(trusted); }},
      {"X509_STORE_add_cert", "trusting a certificate", [&] { client.trust(trusted); }},
      {"SSL_CTX_add_client_CA", "trusting a certificate", [&] { server.trust(trusted); }},
      {"SSL_CTX_use_certificate", "using a certificate", [&] { server.load_cert_chain(own, key); }},
      {"chain", "using a certificate", [&] { server.load_cert_chain(own + trusted, key); }},
  });
  const std::string_view endless(trusted.data(), std::size_t{INT_MAX} + 1);  // nobody looks into it
  CHECK_THROWS_WITH(client.trust(endless), "eddy: this is no certificate and no key, but too long a text");
}

EDDY_TEST_CASE("a connection that OpenSSL refuses says what it was at", "[tls][faults]") {
  const auto open = [](eddy::MemoryStream stream, TlsContext context) -> eddy::Task<Tls> {
    co_return co_await eddy::tls_connect(std::move(stream), std::move(context), "localhost");
  };
  const auto connect = [&open](const char* function, int before) -> eddy::Task<std::string> {
    TlsContext context = client_context();
    context.set_alpn_protocols({"h2"});
    auto pair = eddy::open_memory_stream_pair();
    pair.second.close();
    failing = function;
    good_before = before;
    std::string text = co_await awaited_thrown_text_of<eddy::TlsError>(open(std::move(pair.first), std::move(context)));
    failing = {};
    co_return text;
  };
  const std::vector<std::pair<std::pair<const char*, int>, const char*>> rows = {
      {{"SSL_new", 0}, "making a connection"},
      {{"BIO_new", 0}, "making a connection"},
      {{"BIO_new", 1}, "making a connection"},
      {{"SSL_set1_host", 0}, "setting the host"},
      {{"SSL_set_alpn_protos", 0}, "setting the protocols"},
      {{"SSL_do_handshake", 0}, "the TLS handshake failed"},
  };
  for (const auto& [fault, doing] : rows) {
    const std::string text = co_await connect(fault.first, fault.second);
    CHECK(text == std::string("eddy: ") + doing + ": malloc failure");
  }
}

EDDY_TEST_CASE("a TLS stream whose OpenSSL fails, or that is cut, says what it was at", "[tls][faults]") {
  const auto read = [](Tls& from) -> eddy::Task<std::string> { co_return co_await from.read_line(); };
  {
    auto [client, server] = co_await open_tls_pair();
    failing = "SSL_read_ex";
    const std::string text = co_await awaited_thrown_text_of<eddy::TlsError>(read(server));
    CHECK(text == "eddy: reading from TLS failed: malloc failure");
  }
  {
    auto [client, server] = co_await open_tls_pair();
    co_await client.write("x");
    failing = "BIO_write";
    const std::string text = co_await awaited_thrown_text_of<eddy::TlsError>(read(server));
    CHECK(text == "eddy: reading from TLS failed: malloc failure");
  }
  {
    auto [client, server] = co_await open_tls_pair();
    failing = "SSL_write_ex";
    const std::string text = co_await awaited_thrown_text_of<eddy::TlsError>(client.write("x"));
    CHECK(text == "eddy: writing to TLS failed: malloc failure");
  }
  {
    auto [client, server] = co_await open_tls_pair();
    client.close();
    const std::string text = co_await awaited_thrown_text_of<eddy::TlsError>(read(server));
    CHECK(text == "eddy: reading from TLS failed: the connection ended before the other end said so");
  }
  {
    auto [client, server] = co_await open_tls_pair();
    CHECK_FALSE(client.peer_certificate().empty());
    for (const char* function : {"BIO_new", "PEM_write_bio_X509", "BIO_read"}) {
      std::string text;
      failing = function;
      try {
        (void)client.peer_certificate();
      } catch (const eddy::TlsError& error) {
        text = error.what();
      }
      CHECK(text == "eddy: writing a certificate: malloc failure");
    }
  }
  failing = {};
}
