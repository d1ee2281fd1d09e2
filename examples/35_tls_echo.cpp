// TLS: a client and a server in one program. The server sends back each line in capitals; the client trusts only the
// authority that signed the server's certificate, and a second client, which asks for another host, finds out.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>
#include <eddy/io.hpp>
#include <eddy/io/tls.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cctype>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

// A certificate for "localhost" that signs itself, and its key. Real programs read theirs from files:
// TlsContext::server_from_files("chain.pem", "key.pem").
struct Identity {
  std::string certificate;
  std::string key;
};

std::string take_text(BIO* bio) {
  std::string text(BIO_ctrl_pending(bio), '\0');
  text.resize(static_cast<std::size_t>(BIO_read(bio, text.data(), static_cast<int>(text.size()))));
  return text;
}

Identity make_identity() {
  char curve[] = "P-256";  // OpenSSL's macro casts away what a literal would have of const
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen(curve), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_pubkey(made.get(), key.get());
  X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
  X509_add_ext(made.get(), names, -1);
  X509_EXTENSION_free(names);
  X509_sign(made.get(), key.get(), EVP_sha256());
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  Identity identity;
  PEM_write_bio_X509(bio.get(), made.get());
  identity.certificate = take_text(bio.get());
  PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  identity.key = take_text(bio.get());
  return identity;
}

eddy::Task<> serve(eddy::SocketStream socket, eddy::TlsContext context) {
  try {
    auto stream = co_await eddy::tls_accept(std::move(socket), context);
    auto lines = stream.lines();
    while (auto line = co_await lines.next()) {
      for (char& c : *line) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      line->push_back('\n');
      co_await stream.write(*line);
    }
    co_await stream.shutdown();
  } catch (const eddy::TlsError&) {
    std::puts("server: the client has hung up");
  }
}

eddy::Task<> ask(eddy::SocketStream socket, eddy::TlsContext context, std::string host) {
  try {
    auto stream = co_await eddy::tls_connect(std::move(socket), context, host);
    std::printf("client: connected to %s, %s\n", host.c_str(), stream.version().c_str());
    for (const std::string_view line : {"hello\n", "nobody else can read this\n"}) {
      co_await stream.write(line);
      const std::string answer = co_await stream.read_line();
      std::printf("client: %s", answer.c_str());
    }
    co_await stream.shutdown();
  } catch (const eddy::TlsCertificateError& error) {
    std::printf("client: %s is not who answers: %s\n", host.c_str(), error.reason().c_str());
  }
}

eddy::Task<> async_main() {
  const Identity identity = make_identity();
  const auto server = eddy::TlsContext::server(identity.certificate, identity.key);
  const auto client = eddy::TlsContext::client_trusting(identity.certificate);

  for (const char* host : {"localhost", "example.com"}) {
    auto [left, right] = eddy::open_socket_pair();
    co_await eddy::gather(ask(std::move(left), client, host), serve(std::move(right), server));
  }
}

int main() { eddy::run(async_main()); }
