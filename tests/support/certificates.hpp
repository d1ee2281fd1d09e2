// Certificates for tests of TLS: an authority, and what it signs. Made in memory, by OpenSSL.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/tls_context.hpp>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace test {

// What is asked for when a certificate is made.
struct CertificateRequest {
  const char* hosts = "DNS:localhost";  // as OpenSSL's configuration says it: "DNS:a.example,IP:127.0.0.1"
  long from = -3600;                    // seconds from now
  long until = 86400;
  bool rsa = false;
  bool authority = false;
};

// A certificate with its key.
class Identity {
 public:
  // Signed by `issuer`, or by itself.
  explicit Identity(const CertificateRequest& request, const Identity* issuer = nullptr)
      : key_(request.rsa ? EVP_RSA_gen(2048) : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")), certificate_(X509_new()) {
    static long serial = 0;
    X509* made = certificate_.get();
    ok(key_ != nullptr && made != nullptr && X509_set_version(made, 2) == 1);
    ok(ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial) == 1);
    X509_gmtime_adj(X509_getm_notBefore(made), request.from);
    X509_gmtime_adj(X509_getm_notAfter(made), request.until);
    X509_NAME* name = X509_get_subject_name(made);
    const std::string common = "number " + std::to_string(serial);
    ok(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0) == 1);
    const Identity& signer = issuer == nullptr ? *this : *issuer;
    ok(X509_set_issuer_name(made, X509_get_subject_name(signer.certificate_.get())) == 1);
    ok(X509_set_pubkey(made, key_.get()) == 1);
    if (request.authority) {
      extend(NID_basic_constraints, "critical,CA:TRUE");
      extend(NID_key_usage, "critical,keyCertSign,cRLSign");
    } else {
      extend(NID_basic_constraints, "critical,CA:FALSE");
      extend(NID_subject_alt_name, request.hosts);
    }
    ok(X509_sign(made, signer.key_.get(), EVP_sha256()) > 0);
  }
  // Certificates for hosts, and authorities below this one.
  [[nodiscard]] Identity issue(const CertificateRequest& request) const { return Identity(request, this); }

  [[nodiscard]] std::string certificate() const {
    return text_of([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate_.get()); });
  }
  [[nodiscard]] std::string key() const {
    return text_of([&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  [[nodiscard]] std::string key_with_password() const {
    const unsigned char password[] = {'p', 'w'};
    return text_of([&](BIO* bio) {
      return PEM_write_bio_PrivateKey(bio, key_.get(), EVP_aes_128_cbc(), password, sizeof password, nullptr, nullptr);
    });
  }

 private:
  static void ok(bool good) {
    if (!good) throw std::runtime_error("making a certificate failed: " + eddy::detail::take_tls_reason());
  }
  void extend(int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate_.get(), certificate_.get(), nullptr, nullptr, 0);
    context.db = nullptr;
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    ok(extension != nullptr && X509_add_ext(certificate_.get(), extension, -1) == 1);
    X509_EXTENSION_free(extension);
  }
  template <class Write>
  static std::string text_of(Write write) {
    const eddy::detail::BioPointer bio(BIO_new(BIO_s_mem()));
    ok(write(bio.get()) == 1);
    std::string text(BIO_ctrl_pending(bio.get()), '\0');
    ok(BIO_read(bio.get(), text.data(), static_cast<int>(text.size())) > 0);
    return text;
  }

  eddy::detail::KeyPointer key_;
  eddy::detail::X509Pointer certificate_;
};

// The authority that the tests' clients trust, and a server that it has signed.
inline const Identity& authority() {
  static const Identity made({.authority = true});
  return made;
}
inline const Identity& server_identity() {
  static const Identity made = authority().issue({.hosts = "DNS:localhost,DNS:*.example.com,IP:127.0.0.1,IP:::1"});
  return made;
}
inline eddy::TlsContext client_context() { return eddy::TlsContext::client_trusting(authority().certificate()); }
inline eddy::TlsContext server_context(const Identity& identity = server_identity()) {
  return eddy::TlsContext::server(identity.certificate(), identity.key());
}

}  // namespace test
