// TlsStream: TLS over any stream, by OpenSSL 3; tls_connect and tls_accept make one of a plain stream.
//
// It is not part of <eddy/io.hpp>: link eddy::tls.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/time.hpp>
#include <eddy/combine/timeout.hpp>
#include <eddy/io/stream.hpp>
#include <eddy/io/tls_connection.hpp>
#include <eddy/io/tls_context.hpp>
#include <eddy/io/tls_error.hpp>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

// For an overload that takes what is no Stream.
template <class S>
auto refuse_stream() {
  constexpr bool kReads = ReadStream<S>;
  static_assert(kReads, "eddy: this is no stream to read from: a stream has read_some(std::span<char>), a Task<std::size_t>, and close()");
  static_assert(!kReads || WriteStream<S>,
                "eddy: this is no stream to write to: a stream has write(std::string_view) and write_eof(), a Task<> each, and close()");
}

}  // namespace detail

/// How a TLS connection is made and ended. The limits are asyncio's.
struct TlsOptions {
  TimeLimit handshake_timeout = std::chrono::seconds(60);  ///< for tls_connect and tls_accept; std::nullopt: no limit
  TimeLimit shutdown_timeout = std::chrono::seconds(30);   ///< for TlsStream::shutdown; std::nullopt: no limit
};

template <Stream S>
class TlsStream;
template <Stream S>
Task<TlsStream<S>> tls_connect(S stream, TlsContext context, std::string host, TlsOptions options = {});
template <Stream S>
Task<TlsStream<S>> tls_accept(S stream, TlsContext context, TlsOptions options = {});
template <class S, class... Args>
  requires(!Stream<std::remove_cvref_t<S>>)
auto tls_connect(S&&, Args&&...) {
  return detail::refuse_stream<std::remove_cvref_t<S>>();
}
template <class S, class... Args>
  requires(!Stream<std::remove_cvref_t<S>>)
auto tls_accept(S&&, Args&&...) {
  return detail::refuse_stream<std::remove_cvref_t<S>>();
}

/// A stream that is encrypted and whose other end is known. `tls_connect` and `tls_accept` make it.
///
/// One task may read while others write. The end is an end only if the other side has said so (`write_eof`, close_notify): a
/// connection that is just cut throws TlsTruncatedError instead, since what came may not be all.
///
/// Cancellation: of a read: no byte is lost. Of a write that has not begun: nothing is sent. Of a write that has begun: later
/// writes throw BrokenResourceError. Errors: TlsError; what the stream below throws, once, and BrokenResourceError for writes
/// after it; ClosedResourceError once it is closed here. Threads: the loop's. Complexity: of each read and write, a task. It
/// can be moved while no task waits in a function of BufferedReading. Source: asyncio with ssl=….
template <Stream S>
class TlsStream : public BufferedReading<TlsStream<S>> {
 public:
  /// Closed: to be assigned to.
  TlsStream() = default;
  TlsStream(TlsStream&& other) noexcept = default;
  TlsStream& operator=(TlsStream&& other) noexcept {
    if (this != &other) {
      close();
      BufferedReading<TlsStream>::operator=(std::move(other));
      connection_ = std::move(other.connection_);
      shutdown_timeout_ = other.shutdown_timeout_;
    }
    return *this;
  }
  ~TlsStream() { close(); }

  /// Completes with how many bytes were put into `space`, at least one; with zero at the end, and for no space. `space` must
  /// stay until then. Errors: BusyResourceError while another task reads; TlsTruncatedError.
  Task<std::size_t> read_some(std::span<char> space) {
    this->check_not_reading();
    return detail::read_tls<S>(connection_, space, &this->buffer());
  }
  /// The same past the buffer, for BufferedReading.
  Task<std::size_t> receive(std::span<char> space) { return detail::read_tls<S>(connection_, space, nullptr); }
  /// Completes when the stream below has taken all of `data`, encrypted; `data` must stay until then. Tasks that write at the
  /// same time are served in the order of their calls, each one whole. Errors: std::system_error with EPIPE after `write_eof`.
  Task<> write(std::string_view data) { return detail::write_tls<S>(connection_, data, {}, false); }
  /// The same for several pieces, one after the other. The array and the pieces must stay until then.
  Task<> write(std::span<const std::string_view> parts) {
    return detail::write_tls<S>(connection_, {}, parts, false);
  }
  /// Completes when the other end will see the end after all that was written (close_notify). Reading goes on.
  Task<> write_eof() { return detail::write_tls<S>(connection_, {}, {}, true); }
  /// Says that this is all, waits until the other end has said so, too, or is gone, and closes. What it still sends is dropped.
  /// Cancellation: closes at once. Errors: TimeoutError after TlsOptions::shutdown_timeout; BusyResourceError while another
  /// task reads; it is closed then, too. Source: StreamWriter.close and wait_closed.
  Task<> shutdown() { return end(connection_, shutdown_timeout_); }

  /// Closes it and the stream below at once; tasks that wait in it get ClosedResourceError, and so does whoever uses it later. The
  /// other end takes this for an end only after `write_eof`; `shutdown` does both. A second call does nothing.
  void close() noexcept {
    if (!is_closed()) connection_->close();
  }
  /// True once it is closed or moved from.
  [[nodiscard]] bool is_closed() const noexcept { return !connection_ || connection_->closed; }
  /// Which protocol was agreed on; empty for none. Source: SSLObject.selected_alpn_protocol.
  [[nodiscard]] std::string alpn_protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    if (connection_) SSL_get0_alpn_selected(native_handle(), &name, &size);
    return name == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(name), size);
  }
  /// "TLSv1.3", for example. Errors: ClosedResourceError if it was never open. Source: SSLObject.version.
  [[nodiscard]] std::string version() const { return SSL_get_version(native_handle()); }
  /// What the other end has shown, as PEM text; empty for nothing. Errors: ClosedResourceError if it was never open.
  /// Source: SSLObject.getpeercert.
  [[nodiscard]] std::string peer_certificate() const {
    const X509* certificate = SSL_get0_peer_certificate(native_handle());
    if (certificate == nullptr) return {};
    const detail::BioPointer bio(BIO_new(BIO_s_mem()));
    if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) detail::throw_tls_error("writing a certificate");
    std::string text(BIO_ctrl_pending(bio.get()), '\0');
    if (BIO_read(bio.get(), text.data(), static_cast<int>(text.size())) <= 0) detail::throw_tls_error("writing a certificate");
    return text;
  }
  /// The stream below, for its options; to read or write it would be wrong. Errors: ClosedResourceError if it was never open.
  [[nodiscard]] S& transport() { return opened().transport; }
  /// OpenSSL's object, which stays the stream's. Errors: ClosedResourceError if it was never open.
  [[nodiscard]] SSL* native_handle() const { return opened().engine.native_handle(); }

 private:
  friend BufferedReading<TlsStream>;
  friend Task<TlsStream> tls_connect<S>(S stream, TlsContext context, std::string host, TlsOptions options);
  friend Task<TlsStream> tls_accept<S>(S stream, TlsContext context, TlsOptions options);

  TlsStream(detail::TlsPointer<S> connection, TimeLimit shutdown_timeout) noexcept
      : connection_(std::move(connection)), shutdown_timeout_(shutdown_timeout) {}
  static Task<TlsStream> open(S stream, const TlsContext& context, const std::string& host, TlsOptions options) {
    return shake_hands(detail::TlsPointer<S>(new detail::TlsConnection<S>(std::move(stream), {context.state(), host})), options);
  }
  static Task<TlsStream> shake_hands(detail::TlsPointer<S> connection, TlsOptions options) {
    TlsStream stream(connection, options.shutdown_timeout);  // closes it if anything fails
    bool late = false;
    try {
      co_await timeout(options.handshake_timeout, detail::do_tls_handshake<S>(connection));
    } catch (const TimeoutError&) {
      late = true;
    }
    if (late) throw TimeoutError("eddy: the TLS handshake has not come to its end in time");
    co_return std::move(stream);
  }
  static Task<> end(detail::TlsPointer<S> connection, TimeLimit limit) {
    const TlsStream closes(connection, limit);
    co_await timeout(limit, detail::shut_tls_down<S>(connection));
  }
  [[nodiscard]] detail::Frame* reader() const noexcept { return connection_ ? connection_->reader : nullptr; }
  detail::TlsConnection<S>& opened() const {
    if (!connection_) detail::throw_stream_closed();
    return *connection_;
  }

  detail::TlsPointer<S> connection_;
  TimeLimit shutdown_timeout_ = std::nullopt;
};

/// Completes with a TLS stream over `stream` once the server at the other end has proved to be `host`: a name or an IP address,
/// which is also told to it (SNI). `stream` may have been used before, as in STARTTLS.
///
/// Cancellation: closes the stream. Errors: TlsCertificateError if the certificate is not for `host`, has expired or has
/// no issuer that `context` trusts; TlsError; TimeoutError after TlsOptions::handshake_timeout; what `stream` throws;
/// std::invalid_argument for an empty host. The stream is closed then. Source: asyncio.open_connection(ssl=…), loop.start_tls.
template <Stream S>
Task<TlsStream<S>> tls_connect(S stream, TlsContext context, std::string host, TlsOptions options) {
  if (context.state()->server) throw std::invalid_argument("eddy: tls_connect needs a context for clients, TlsContext::client()");
  return TlsStream<S>::open(std::move(stream), context, host, options);
}

/// Completes with a TLS stream over `stream` once the client at the other end has agreed. Otherwise as `tls_connect`; a
/// certificate of the client is asked for only after TlsContext::require_client_certificate.
/// Source: asyncio.start_server(ssl=…), loop.start_tls(server_side=True).
template <Stream S>
Task<TlsStream<S>> tls_accept(S stream, TlsContext context, TlsOptions options) {
  if (!context.state()->server) throw std::invalid_argument("eddy: tls_accept needs a context for servers, TlsContext::server(…)");
  return TlsStream<S>::open(std::move(stream), context, {}, options);
}

}  // namespace eddy::inline EDDY_ABI
