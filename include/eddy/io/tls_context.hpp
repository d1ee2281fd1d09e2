// TlsContext: what TLS connections have in common: whom they trust, their own certificate, versions and protocols.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/system_calls.hpp>
#include <eddy/io/tls_error.hpp>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <climits>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

/// The versions that may be asked for; older ones are broken.
enum class TlsVersion {
  tls_1_2 = TLS1_2_VERSION,  ///< what everybody has
  tls_1_3 = TLS1_3_VERSION,  ///< a round trip less, and nothing in it that is known to be weak
};

namespace detail {

template <auto Free>
struct FreeTls {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using BioPointer = std::unique_ptr<BIO, FreeTls<BIO_free>>;
using X509Pointer = std::unique_ptr<X509, FreeTls<X509_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, FreeTls<EVP_PKEY_free>>;

struct TlsContextState {
  std::unique_ptr<SSL_CTX, FreeTls<SSL_CTX_free>> context;
  std::string alpn;  // each name after its length
  bool server = false;
  bool verify = true;  // whether a client looks at the server's certificate
};

inline BioPointer bio_of(std::string_view text) {
  if (text.size() > INT_MAX) throw std::invalid_argument("eddy: this is no certificate and no key, but too long a text");
  BioPointer bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!bio) throw_tls_error("reading PEM");
  return bio;
}

// No password is asked for on the terminal.
inline int no_password(char*, int, int, void*) noexcept { return -1; }

// Calls `take(certificate)` for each of a PEM text; there must be one.
template <class Take>
void for_each_certificate(std::string_view pem, Take take) {
  const BioPointer bio = bio_of(pem);
  ERR_clear_error();
  bool any = false;
  while (const X509Pointer certificate{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)}) {
    take(certificate.get(), !any);
    any = true;
  }
  if (!any || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) throw_tls_error("reading a certificate in PEM");
  ERR_clear_error();
}

inline std::string read_pem_file(const std::string& path) {
  const std::unique_ptr<std::FILE, FreeTls<std::fclose>> file(std::fopen(path.c_str(), "rbe"));
  std::string text;
  char part[4096];
  std::size_t count = 0;
  while (file != nullptr && (count = std::fread(part, 1, sizeof part, file.get())) > 0) text.append(part, count);
  if (file == nullptr || std::ferror(file.get()) != 0)
    throw std::system_error(errno, std::generic_category(), "eddy: reading " + path);
  return text;
}

}  // namespace detail

/// What TLS connections have in common. It is made once and given to `tls_connect` or `tls_accept` as often as needed;
/// copies share everything. Clients verify the server's certificate, its chain and its host; TLS 1.2 is the lowest version;
/// sessions are not resumed, connections not renegotiated.
///
/// Errors: TlsError for what OpenSSL refuses, such as a key that does not belong to the certificate; std::system_error for
/// files. Threads: it may be used by several at once, once it is set up. Source: ssl.SSLContext.
class TlsContext {
 public:
  /// For clients that trust whom the system trusts (SSL_CERT_FILE and SSL_CERT_DIR name other places).
  /// Source: ssl.create_default_context().
  [[nodiscard]] static TlsContext client() {
    TlsContext made(false);
    if (SSL_CTX_set_default_verify_paths(made.native_handle()) != 1) detail::throw_tls_error("reading the system's certificates");
    return made;
  }
  /// For clients that trust these authorities alone, one or more certificates as PEM text.
  /// Source: ssl.create_default_context(cadata=…).
  [[nodiscard]] static TlsContext client_trusting(std::string_view pem) {
    TlsContext made(false);
    made.trust(pem);
    return made;
  }
  /// The same from a file.
  [[nodiscard]] static TlsContext client_trusting_file(const std::string& path) {
    return client_trusting(detail::read_pem_file(path));
  }
  /// For servers with this certificate, followed by those between it and its authority, and its key, both as PEM text.
  /// Source: ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).
  [[nodiscard]] static TlsContext server(std::string_view certificates, std::string_view key) {
    TlsContext made(true);
    made.load_cert_chain(certificates, key);
    return made;
  }
  /// The same from files.
  [[nodiscard]] static TlsContext server_from_files(const std::string& certificates, const std::string& key) {
    return server(detail::read_pem_file(certificates), detail::read_pem_file(key));
  }

  /// Trusts these authorities, too, as PEM text: for servers, those of their clients. Source: load_verify_locations.
  void trust(std::string_view pem) {
    X509_STORE* store = SSL_CTX_get_cert_store(native_handle());
    detail::for_each_certificate(pem, [&](X509* certificate, bool) {
      if (X509_STORE_add_cert(store, certificate) != 1) detail::throw_tls_error("trusting a certificate");
      if (state_->server && SSL_CTX_add_client_CA(native_handle(), certificate) != 1)
        detail::throw_tls_error("trusting a certificate");
    });
  }
  /// Shows this certificate to the other end, followed by those between it and its authority; the key belongs to the first.
  /// Clients need one only where a server asks for it. A key that needs a password is refused. Source: load_cert_chain.
  void load_cert_chain(std::string_view certificates, std::string_view key) {
    SSL_CTX* context = native_handle();
    detail::for_each_certificate(certificates, [&](X509* certificate, bool first) {
      const bool done = first ? SSL_CTX_use_certificate(context, certificate) == 1
                              : SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1, certificate) == 1;
      if (!done) detail::throw_tls_error("using a certificate");
    });
    const detail::BioPointer bio = detail::bio_of(key);
    const detail::KeyPointer own(PEM_read_bio_PrivateKey(bio.get(), nullptr, detail::no_password, nullptr));
    if (!own) detail::throw_tls_error("reading a private key in PEM");
    if (SSL_CTX_use_PrivateKey(context, own.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
      detail::throw_tls_error("using a private key");
  }
  /// The protocols that are offered or, by a server, accepted, the best one first: {"h2", "http/1.1"}. A server that knows
  /// none of the client's goes on without. Errors: std::invalid_argument for a name that is empty or longer than 255.
  /// Source: set_alpn_protocols.
  void set_alpn_protocols(const std::vector<std::string>& protocols) {
    std::string list;
    for (const std::string& name : protocols) {
      if (name.empty() || name.size() > 255)
        throw std::invalid_argument("eddy: the name of a protocol has 1 to 255 characters: '" + name + "'");
      list += static_cast<char>(static_cast<unsigned char>(name.size()));
      list += name;
    }
    state_->alpn = std::move(list);
  }
  /// Refuses older versions.
  void set_minimum_version(TlsVersion lowest) {
    if (SSL_CTX_ctrl(native_handle(), SSL_CTRL_SET_MIN_PROTO_VERSION, static_cast<long>(lowest), nullptr) != 1)
      detail::throw_tls_error("setting the lowest version");
  }
  /// For servers: refuses clients without a certificate that a trusted authority (`trust`) has signed. Who it is says
  /// TlsStream::peer_certificate.
  void require_client_certificate() {
    SSL_CTX_set_verify(native_handle(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  /// DANGEROUS. Accepts whatever certificate a server shows: anybody on the way can read and change everything. For tests only;
  /// to reach a host with a certificate of your own, use `client_trusting`.
  void dangerous_no_verification() {
    state_->verify = false;
    SSL_CTX_set_verify(native_handle(), SSL_VERIFY_NONE, nullptr);
  }

  /// OpenSSL's object, which stays the context's, for what there is no function for here.
  [[nodiscard]] SSL_CTX* native_handle() const noexcept { return state_->context.get(); }
  /// For `tls_connect` and `tls_accept`.
  [[nodiscard]] const std::shared_ptr<detail::TlsContextState>& state() const noexcept { return state_; }

 private:
  explicit TlsContext(bool server) : state_(std::make_shared<detail::TlsContextState>()) {
    ERR_clear_error();
    state_->server = server;
    state_->context.reset(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
    SSL_CTX* context = native_handle();
    if (context == nullptr) detail::throw_tls_error("making a context");
    set_minimum_version(TlsVersion::tls_1_2);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, nullptr);
    SSL_CTX_set_verify(context, server ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
    if (server) SSL_CTX_set_alpn_select_cb(context, choose_protocol, state_.get());
  }
  static int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                             unsigned offered_size, void* state) noexcept {
    const std::string& own = static_cast<detail::TlsContextState*>(state)->alpn;
    unsigned char* found = nullptr;
    if (own.empty() || SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(own.data()),
                                             static_cast<unsigned>(own.size()), offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
      return SSL_TLSEXT_ERR_NOACK;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
  }

  std::shared_ptr<detail::TlsContextState> state_;
};

}  // namespace eddy::inline EDDY_ABI
