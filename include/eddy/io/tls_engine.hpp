// TlsEngine: one TLS connection without its transport: bytes of the network go in and come out, and text on the other side.
//
// It is an SSL object of OpenSSL between two pieces of memory. Nothing here waits.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/tls_context.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

class TlsEngine {
 public:
  enum class Status : unsigned char { done, wants_input, ended };

  // `host` is the server's, for clients. Errors: TlsError; std::invalid_argument for a host that is none.
  TlsEngine(std::shared_ptr<TlsContextState> context, const std::string& host) : context_(std::move(context)) {
    ERR_clear_error();
    ssl_.reset(SSL_new(context_->context.get()));
    if (!ssl_) throw_tls_error("making a connection");
    BioPointer input(BIO_new(BIO_s_mem()));
    BioPointer output(BIO_new(BIO_s_mem()));
    if (!input || !output) throw_tls_error("making a connection");
    input_ = input.get();
    output_ = output.get();
    SSL_set_bio(ssl_.get(), input.release(), output.release());
    set_end_of_input(-1);  // "more will come"
    if (context_->server) {
      SSL_set_accept_state(ssl_.get());
    } else {
      SSL_set_connect_state(ssl_.get());
      set_host(host);
      set_protocols();
    }
  }

  // Errors of all steps: TlsError and what derives from it. What is to be told to the other end is in the output then.
  Status handshake() {
    ERR_clear_error();
    return status_of(SSL_do_handshake(ssl_.get()), "the TLS handshake failed");
  }
  // Puts what it gives into `space`, which is not empty. `ended`: the other end has said that this is all.
  Status read(std::span<char> space, std::size_t& count) {
    ERR_clear_error();
    return status_of(SSL_read_ex(ssl_.get(), space.data(), space.size(), &count), "reading from TLS failed");
  }
  // Takes all of `data`, which is not empty.
  void write(std::string_view data) {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_write_ex(ssl_.get(), data.data(), data.size(), &count);
    // It needs no input, since nothing is renegotiated, and finds room, since that is memory.
    if (status_of(result, "writing to TLS failed") != Status::done) throw TlsError("writing to TLS failed", "not possible now");
  }
  // Tells the other end that this is all. Nothing after a failure, when there is nobody to be told.
  void write_end() noexcept {
    ERR_clear_error();
    if (!failure_) (void)SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }

  // What has come from the network.
  void feed(std::string_view bytes) {
    ERR_clear_error();
    if (BIO_write(input_, bytes.data(), static_cast<int>(bytes.size())) != static_cast<int>(bytes.size()))
      throw_tls_error("reading from TLS failed");
  }
  // Nothing will come any more.
  void feed_end() noexcept { set_end_of_input(0); }
  // How much is to be sent to the network.
  [[nodiscard]] std::size_t output_size() const noexcept { return BIO_ctrl_pending(output_); }
  // Moves it into `to`. False if there is none.
  bool take_output(std::string& to) {
    to.resize(output_size());
    return !to.empty() && BIO_read(output_, to.data(), static_cast<int>(to.size())) > 0;
  }

  [[nodiscard]] SSL* native_handle() const noexcept { return ssl_.get(); }

 private:
  void set_end_of_input(long result) noexcept { BIO_ctrl(input_, BIO_C_SET_BUF_MEM_EOF_RETURN, result, nullptr); }
  void set_host(std::string host) {
    if (host.find('\0') != std::string::npos) throw std::invalid_argument("eddy: this is no host, it has a zero in it");
    if (!host.empty() && host.back() == '.') host.pop_back();
    if (host.empty()) {
      if (!context_->verify) return;
      throw std::invalid_argument("eddy: tls_connect needs the server's host, to compare it with the certificate");
    }
    X509_VERIFY_PARAM* verification = SSL_get0_param(ssl_.get());
    X509_VERIFY_PARAM_set_hostflags(verification, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(verification, host.c_str()) == 1) return;
    ERR_clear_error();
    if (SSL_set1_host(ssl_.get(), host.c_str()) != 1 ||
        SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data()) != 1)
      throw_tls_error("setting the host");
  }
  void set_protocols() {
    const std::string& list = context_->alpn;
    const auto* bytes = reinterpret_cast<const unsigned char*>(list.data());
    // This one gives zero for success.
    if (!list.empty() && SSL_set_alpn_protos(ssl_.get(), bytes, static_cast<unsigned>(list.size())) != 0)
      throw_tls_error("setting the protocols");
  }

  Status status_of(int result, const char* what) {
    if (result == 1) return Status::done;
    if (failure_) std::rethrow_exception(failure_);
    const int kind = SSL_get_error(ssl_.get(), result);
    if (kind == SSL_ERROR_WANT_READ) return Status::wants_input;
    if (kind == SSL_ERROR_ZERO_RETURN) return Status::ended;
    fail(what);
  }
  // The first failure is the one to be told, also later.
  [[noreturn]] EDDY_COLD void fail(const char* what) {
    const int reason = ERR_GET_REASON(ERR_peek_error());
    const long verified = SSL_get_verify_result(ssl_.get());
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK) {
      failure_ = std::make_exception_ptr(TlsCertificateError(what, static_cast<int>(verified)));
    } else if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
      failure_ = std::make_exception_ptr(TlsTruncatedError(what, "the connection ended before the other end said so"));
    } else {
      failure_ = std::make_exception_ptr(TlsError(what, take_tls_reason()));
    }
    ERR_clear_error();
    std::rethrow_exception(failure_);
  }

  std::shared_ptr<TlsContextState> context_;
  std::unique_ptr<SSL, FreeTls<SSL_free>> ssl_;
  BIO* input_ = nullptr;   // both are the SSL object's
  BIO* output_ = nullptr;
  std::exception_ptr failure_;
};

}  // namespace eddy::inline EDDY_ABI::detail
