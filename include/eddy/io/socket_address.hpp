// SocketAddress: where a socket is: an IPv4 or IPv6 address with its port, or a Unix socket's path or abstract name.
//
// A value of fixed size that holds the system's own structure, so that it can be given to `connect` and filled by `accept`
// as it is. What the system does not look at is zero, always: equal addresses are equal byte by byte.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/io/host_port.hpp>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace eddy::inline EDDY_ABI {

/// The address of a socket. A default one is empty: of no family and of size zero.
///
/// Texts: "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80", "unix:/run/app.sock", "unix:@abstract". In a path and in an
/// abstract name `%XX` stands for the byte XX: so are written control characters, `%` itself ("%25") and the `@` of a path
/// that begins with one ("unix:%40file").
class SocketAddress {
 public:
  SocketAddress() noexcept = default;

  /// An IPv4 address, such as `ipv4("127.0.0.1", 80)`. Errors: AddressError unless `host` is four numbers with dots.
  [[nodiscard]] static SocketAddress ipv4(std::string_view host, std::uint16_t port) {
    SocketAddress made;
    if (!made.set_ipv4(host, port))
      detail::throw_address_error(host, "an IPv4 address has four numbers up to 255, as in \"127.0.0.1\"");
    return made;
  }
  /// An IPv6 address, such as `ipv6("::1", 80)` or `ipv6("fe80::1%eth0", 80)`, without brackets; behind `%` stands the name
  /// or the number of an interface. Errors: AddressError for any other text and for an interface that is not there.
  [[nodiscard]] static SocketAddress ipv6(std::string_view host, std::uint16_t port) {
    SocketAddress made;
    if (!made.set_ipv6(host, port))
      detail::throw_address_error(host, "an IPv6 address looks like \"::1\" or \"fe80::1%eth0\"");
    return made;
  }
  /// An IPv4 or IPv6 address; nothing if `host` is neither, but perhaps a name. Errors: AddressError for an interface that is
  /// not there.
  [[nodiscard]] static std::optional<SocketAddress> numeric(std::string_view host, std::uint16_t port) {
    SocketAddress made;
    if (made.set_ipv4(host, port) || made.set_ipv6(host, port)) return made;
    return std::nullopt;
  }
  /// A Unix socket with a place in the file system. Errors: AddressError for an empty path, one of more than 107 bytes, and
  /// one with a zero byte.
  [[nodiscard]] static SocketAddress unix_path(std::string_view path) {
    if (path.empty()) detail::throw_address_error(path, "a Unix socket's path is empty");
    if (path.size() > kLongestName) detail::throw_address_error(path, too_long("a Unix socket's path", path));
    if (path.find('\0') != std::string_view::npos) detail::throw_address_error(path, "a path has no zero bytes");
    SocketAddress made;
    made.set_local(path, 0, 1);
    return made;
  }
  /// A Unix socket with a name in Linux's abstract namespace, which leaves nothing in the file system. `name` is without the
  /// zero byte in front, and may have others. Errors: AddressError if it is empty or has more than 107 bytes.
  [[nodiscard]] static SocketAddress abstract(std::string_view name) {
    if (name.empty()) detail::throw_address_error(name, "an abstract Unix socket's name is empty");
    if (name.size() > kLongestName) detail::throw_address_error(name, too_long("an abstract Unix socket's name", name));
    SocketAddress made;
    made.set_local(name, 1, 0);
    return made;
  }
  /// The address that `text` stands for. Every text of `to_string` gives the same address again, but those of addresses
  /// without a name. Errors: AddressError that says what is wrong; also for names of hosts, which `resolve` looks up.
  [[nodiscard]] static SocketAddress parse(std::string_view text) {
    constexpr std::string_view kLocal = "unix:";
    if (text.starts_with(kLocal)) return parse_local(text, text.substr(kLocal.size()));
    if (text.starts_with('/')) detail::throw_address_error(text, "a path is written as \"unix:/path\"");
    const HostPort parts = split_host_port(text);
    SocketAddress made;
    if (text.front() == '[') {
      if (!made.set_ipv6(parts.host, parts.port))
        detail::throw_address_error(text, "what stands in brackets is no IPv6 address");
    } else if (!made.set_ipv4(parts.host, parts.port)) {
      const bool is_number = parts.host.find_first_not_of("0123456789.") == std::string::npos;
      detail::throw_address_error(text, is_number ? "an IPv4 address has four numbers up to 255, without leading zeros"
                                                  : "the host is not numeric; resolve() looks up names");
    }
    return made;
  }
  /// A copy of a system's structure, of which `size` bytes can be read; one that is too short gives an empty address.
  [[nodiscard]] static SocketAddress from(const sockaddr* address, socklen_t size) noexcept {
    SocketAddress made;
    if (size > 0) std::memcpy(made.bytes_.data(), address, size < kCapacity ? size : kCapacity);
    made.resize(size);
    return made;
  }

  /// AF_INET, AF_INET6 or AF_UNIX; AF_UNSPEC if empty; whatever the system gave otherwise.
  [[nodiscard]] int family() const noexcept { return as<sa_family_t>(); }
  /// True for IPv4 and IPv6.
  [[nodiscard]] bool is_ip() const noexcept { return family() == AF_INET || family() == AF_INET6; }
  /// True for a Unix socket that has a path.
  [[nodiscard]] bool is_path() const noexcept { return name_size() > 0 && name_data()[0] != '\0'; }
  /// True for a Unix socket that has an abstract name.
  [[nodiscard]] bool is_abstract() const noexcept { return name_size() > 0 && name_data()[0] == '\0'; }
  /// True for a Unix socket that was not bound, as a client mostly is.
  [[nodiscard]] bool is_unnamed() const noexcept { return family() == AF_UNIX && name_size() == 0; }

  /// The numeric address as `resolve` and `ipv6` take it: "127.0.0.1", "::1", "fe80::1%eth0". Errors: InvalidStateError
  /// unless `is_ip()`.
  [[nodiscard]] std::string host() const {
    if (!is_ip()) throw_without("host");
    char text[INET6_ADDRSTRLEN];
    if (family() == AF_INET) {
      const auto v4 = as<sockaddr_in>();
      return ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    }
    const auto v6 = as<sockaddr_in6>();
    std::string shown = ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    if (v6.sin6_scope_id == 0) return shown;
    char name[IF_NAMESIZE];
    shown += '%';
    if (::if_indextoname(v6.sin6_scope_id, name) != nullptr) return shown += name;
    return shown += std::to_string(v6.sin6_scope_id);
  }
  /// The port, in the machine's byte order. Errors: InvalidStateError unless `is_ip()`.
  [[nodiscard]] std::uint16_t port() const {
    if (!is_ip()) throw_without("port");
    return ntohs(family() == AF_INET ? as<sockaddr_in>().sin_port : as<sockaddr_in6>().sin6_port);
  }
  /// The same address with another port. Errors: InvalidStateError unless `is_ip()`.
  [[nodiscard]] SocketAddress with_port(std::uint16_t port) const {
    if (!is_ip()) throw_without("port");
    SocketAddress made = *this;
    const in_port_t value = htons(port);
    static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
    std::memcpy(made.bytes_.data() + offsetof(sockaddr_in, sin_port), &value, sizeof value);
    return made;
  }
  /// The path of a Unix socket. Errors: InvalidStateError unless `is_path()`.
  [[nodiscard]] std::string path() const {
    if (!is_path()) throw_without("path");
    return std::string(name_data(), ::strnlen(name_data(), name_size()));
  }
  /// The abstract name of a Unix socket, without the zero byte in front. Errors: InvalidStateError unless `is_abstract()`.
  [[nodiscard]] std::string abstract_name() const {
    if (!is_abstract()) throw_without("abstract name");
    return std::string(name_data() + 1, name_size() - 1);
  }
  /// The text that `parse` takes. "unix:" for an unnamed socket, "family 16" for what is not known here, empty if empty:
  /// these `parse` refuses.
  [[nodiscard]] std::string to_string() const {
    if (family() == AF_INET) return host() + ':' + std::to_string(port());
    if (family() == AF_INET6) return '[' + host() + "]:" + std::to_string(port());
    if (is_unnamed()) return "unix:";
    if (is_abstract()) return "unix:@" + detail::percent_encoded(abstract_name());
    if (family() != AF_UNIX) return size_ == 0 ? std::string() : "family " + std::to_string(family());
    const std::string name = path();
    if (name.front() == '@') return "unix:%40" + detail::percent_encoded(std::string_view(name).substr(1));
    return "unix:" + detail::percent_encoded(name);
  }

  /// The system's structure, for `bind`, `connect` and `sendto`.
  [[nodiscard]] const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(bytes_.data()); }
  /// How many bytes of it count; zero if empty.
  [[nodiscard]] socklen_t size() const noexcept { return size_; }

  /// Room for `capacity()` bytes that the system may write, for `getsockname`, `accept` and `recvfrom`; then `resize` says
  /// how many it wrote: `socklen_t size = a.capacity(); getsockname(fd, a.data(), &size); a.resize(size);`.
  [[nodiscard]] sockaddr* data() noexcept { return reinterpret_cast<sockaddr*>(bytes_.data()); }
  /// The most bytes that `data()` has room for.
  [[nodiscard]] static constexpr socklen_t capacity() noexcept { return kCapacity; }
  /// Takes over what the system wrote to `data()`. A size above the capacity means that it had more to say, and counts as the
  /// capacity; one that is too small for the family makes the address empty.
  void resize(socklen_t size) noexcept {
    size_ = size < kCapacity ? size : kCapacity;
    normalise();
  }

  /// True if both are the same: family, address, port, and for a link-local address the interface; or name.
  friend bool operator==(const SocketAddress& a, const SocketAddress& b) noexcept { return (a <=> b) == 0; }
  /// Some order, for ordered containers; no more than that.
  friend std::strong_ordering operator<=>(const SocketAddress& a, const SocketAddress& b) noexcept {
    if (a.size_ != b.size_) return a.size_ <=> b.size_;
    return std::memcmp(a.bytes_.data(), b.bytes_.data(), a.size_) <=> 0;
  }
  friend struct std::hash<SocketAddress>;

 private:
  static constexpr socklen_t kCapacity = sizeof(sockaddr_un);
  static constexpr std::size_t kNameOffset = offsetof(sockaddr_un, sun_path);
  static constexpr std::size_t kLongestName = sizeof(sockaddr_un::sun_path) - 1;

  [[noreturn]] EDDY_COLD void throw_without(const char* part) const {
    const std::string text = to_string();
    throw InvalidStateError("eddy: the socket address " + (text.empty() ? "that is empty" : text) + " has no " + part);
  }
  static std::string too_long(const char* what, std::string_view name) {
    return std::string(what) + " has at most 107 bytes, and this one " + std::to_string(name.size());
  }
  // Behind "unix:" in `text`.
  static SocketAddress parse_local(std::string_view text, std::string_view name) {
    const auto digit = [](char c) -> unsigned {
      if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
      if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
      if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
      return 16;
    };
    const bool is_abstract = name.starts_with('@');
    if (is_abstract) name.remove_prefix(1);
    std::string decoded;
    for (std::size_t i = 0; i < name.size(); ++i) {
      if (detail::is_control(name[i])) detail::throw_address_error(text, "control characters are written as \"%0a\"");
      if (name[i] != '%') {
        decoded += name[i];
        continue;
      }
      const unsigned high = i + 1 < name.size() ? digit(name[i + 1]) : 16;
      const unsigned low = i + 2 < name.size() ? digit(name[i + 2]) : 16;
      if (high > 15 || low > 15)
        detail::throw_address_error(text, "two hexadecimal digits follow a %, which itself is written as \"%25\"");
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
    return is_abstract ? abstract(decoded) : unix_path(decoded);
  }

  // The beginning of the structure, or zeros if it is not that long.
  template <class T>
  [[nodiscard]] T as() const noexcept {
    static_assert(sizeof(T) <= kCapacity);
    T value;
    std::memcpy(&value, bytes_.data(), sizeof value);
    return value;
  }
  template <class T>
  void assign(const T& value) noexcept {
    std::memcpy(bytes_.data(), &value, sizeof value);
    size_ = sizeof value;
  }
  bool set_ipv4(std::string_view host, std::uint16_t port) noexcept {
    char text[INET_ADDRSTRLEN];
    sockaddr_in v4{};
    if (!copy_text(host, text) || ::inet_pton(AF_INET, text, &v4.sin_addr) != 1) return false;
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    assign(v4);
    return true;
  }
  bool set_ipv6(std::string_view host, std::uint16_t port) {
    const std::size_t percent = host.find('%');
    char text[INET6_ADDRSTRLEN];
    sockaddr_in6 v6{};
    if (!copy_text(host.substr(0, percent), text) || ::inet_pton(AF_INET6, text, &v6.sin6_addr) != 1) return false;
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    if (percent != std::string_view::npos) v6.sin6_scope_id = interface_of(host, host.substr(percent + 1));
    assign(v6);
    return true;
  }
  static std::uint32_t interface_of(std::string_view host, std::string_view zone) {
    char name[IF_NAMESIZE];
    if (!zone.empty() && copy_text(zone, name)) {
      if (const unsigned index = ::if_nametoindex(name); index != 0) return index;
    }
    std::uint64_t number = 0;
    for (const char c : zone) {
      const bool fits = c >= '0' && c <= '9' && number <= UINT32_MAX;
      number = fits ? number * 10 + static_cast<std::uint64_t>(c - '0') : std::uint64_t{UINT32_MAX} + 1;
    }
    if (zone.empty() || number == 0 || number > UINT32_MAX || zone.front() == '0')
      detail::throw_address_error(host, "there is no network interface " + detail::quoted(zone));
    return static_cast<std::uint32_t>(number);
  }
  // As a string of C; false if it does not fit or would end early.
  template <std::size_t N>
  static bool copy_text(std::string_view from, char (&to)[N]) noexcept {
    if (from.size() >= N || from.find('\0') != std::string_view::npos) return false;
    from.copy(to, from.size());
    to[from.size()] = '\0';
    return true;
  }

  // What stands in sun_path, of a Unix socket.
  [[nodiscard]] std::size_t name_size() const noexcept {
    return family() == AF_UNIX && size_ > kNameOffset ? size_ - kNameOffset : 0;
  }
  [[nodiscard]] const char* name_data() const noexcept {
    return reinterpret_cast<const char*>(bytes_.data()) + kNameOffset;
  }
  void set_local(std::string_view name, std::size_t zeros_before, std::size_t zeros_after) noexcept {
    const sa_family_t family = AF_UNIX;
    assign(family);
    name.copy(reinterpret_cast<char*>(bytes_.data()) + kNameOffset + zeros_before, name.size());
    size_ = static_cast<socklen_t>(kNameOffset + zeros_before + name.size() + zeros_after);
  }
  // Brings a structure that the system wrote into the one form that an address has here.
  void normalise() noexcept {
    if (size_ < sizeof(sa_family_t)) size_ = 0;
    std::size_t kept = size_;  // what stands behind it is zero
    if (size_ == 0) {
    } else if (family() == AF_INET) {
      size_ = size_ < sizeof(sockaddr_in) ? 0 : sizeof(sockaddr_in);
      kept = size_ == 0 ? 0 : offsetof(sockaddr_in, sin_zero);
    } else if (family() == AF_INET6) {
      size_ = size_ < sizeof(sockaddr_in6) ? 0 : sizeof(sockaddr_in6);
      kept = size_;
      std::memset(bytes_.data() + offsetof(sockaddr_in6, sin6_flowinfo), 0, sizeof(sockaddr_in6::sin6_flowinfo));
    } else if (is_path()) {  // up to its end, and one zero byte if there is room for it
      kept = kNameOffset + ::strnlen(name_data(), name_size());
      size_ = static_cast<socklen_t>(kept < kCapacity ? kept + 1 : kept);
    }
    std::memset(bytes_.data() + kept, 0, bytes_.size() - kept);
  }

  alignas(sockaddr_in6) alignas(sockaddr_un) std::array<unsigned char, sizeof(sockaddr_un)> bytes_{};
  socklen_t size_ = 0;
};

}  // namespace eddy::inline EDDY_ABI

template <>
struct std::hash<eddy::SocketAddress> {
  std::size_t operator()(const eddy::SocketAddress& address) const noexcept {
    return std::hash<std::string_view>()(
        std::string_view(reinterpret_cast<const char*>(address.bytes_.data()), address.size_));
  }
};
