// resolve: the addresses of a host, by its name or number.
//
// The system's resolver blocks and cannot be interrupted, so names are looked up in the loop's thread pool. What is numeric
// takes no thread.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/outcome.hpp>
#include <eddy/base/time.hpp>
#include <eddy/combine/shield.hpp>
#include <eddy/combine/timeout.hpp>
#include <eddy/io/socket_address.hpp>
#include <eddy/task/create_task.hpp>
#include <eddy/task/task.hpp>
#include <eddy/threads/to_thread.hpp>

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

/// A host could not be looked up: there is no such name, or nobody could say, which may pass (`code`): then try again later.
/// Source: socket.gaierror.
class ResolveError : public std::runtime_error {
 public:
  /// `code` is one of the EAI_ constants of <netdb.h>; `error_number` is an errno that says more about EAI_SYSTEM.
  ResolveError(const std::string& host, int code, int error_number = 0)
      : ResolveError(host, code,
                     code == EAI_SYSTEM ? std::generic_category().message(error_number) : ::gai_strerror(code)) {}
  /// The same with a text of one's own.
  ResolveError(const std::string& host, int code, const std::string& what_is_wrong)
      : std::runtime_error("eddy: cannot look up " + detail::quoted(host) + ": " + what_is_wrong), code_(code) {}
  /// EAI_NONAME for a name that does not exist, EAI_AGAIN if no server answered, and so on.
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  int code_;
};

/// The stream addresses of `host` and `service` (a port's number or name), of one family or of all with AF_UNSPEC. Blocks. Any
/// thread. Errors: ResolveError. Source: socket.getaddrinfo.
[[nodiscard]] inline std::vector<SocketAddress> system_lookup(const std::string& host, const std::string& service,
                                                              int family) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;  // one entry an address
  // Leaves out families that this machine has no address of. Asked for one family, glibc would not even find localhost
  // where there is nothing but the loopback interface.
  if (family == AF_UNSPEC) hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &found);
  if (code != 0) throw ResolveError(host, code, errno);
  struct Freed {
    ~Freed() { ::freeaddrinfo(list); }
    addrinfo* list;
  } freed{found};
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next)
    addresses.push_back(SocketAddress::from(entry->ai_addr, entry->ai_addrlen));
  return addresses;
}

/// How `resolve` looks a host up.
struct ResolveOptions {
  int family = AF_UNSPEC;            ///< AF_INET or AF_INET6 for that family's addresses only
  TimeLimit timeout = std::nullopt;  ///< how long the lookup of a name may take
  bool passive = false;              ///< an empty host means every address of this machine, for servers
  /// What looks names up, in a thread of the loop's pool; it gets a name without zero bytes.
  std::vector<SocketAddress> (*lookup)(const std::string& host, const std::string& service,
                                       int family) = &system_lookup;
};

/// Puts addresses into the order in which they should be tried: families by turns, the first one's first, and the order within
/// each family kept (RFC 8305). It begins with `first_family_count` of the first family, one for zero.
/// Source: asyncio's `interleave`.
[[nodiscard]] inline std::vector<SocketAddress> interleave_families(std::vector<SocketAddress> addresses,
                                                                    std::size_t first_family_count = 1) {
  struct Family {
    std::vector<SocketAddress> members;
    std::size_t next = 0;
  };
  std::vector<Family> families;
  for (const SocketAddress& address : addresses) {
    auto same = std::find_if(families.begin(), families.end(), [&](const Family& family) {
      return family.members.front().family() == address.family();
    });
    if (same == families.end()) same = families.emplace(families.end());
    same->members.push_back(address);
  }
  std::vector<SocketAddress> ordered;
  std::size_t turn = std::max<std::size_t>(first_family_count, 1);  // the first one; the others are of one address
  while (ordered.size() < addresses.size()) {
    for (auto& [members, next] : families) {
      for (std::size_t taken = 0; taken < turn && next < members.size(); ++taken) ordered.push_back(members[next++]);
      turn = 1;
    }
  }
  return ordered;
}

namespace detail {

using Addresses = std::vector<SocketAddress>;

inline bool all_digits(const std::string& text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// What needs no lookup; nothing for names.
inline std::optional<Addresses> resolve_at_once(const std::string& host, std::uint16_t port,
                                                const ResolveOptions& options) {
  if (options.family != AF_UNSPEC && options.family != AF_INET && options.family != AF_INET6)
    throw std::invalid_argument("eddy: resolve() knows the families AF_INET, AF_INET6 and AF_UNSPEC");
  const auto wanted = [&](int family) { return options.family == AF_UNSPEC || options.family == family; };
  Addresses addresses;
  if (host.empty()) {
    if (!options.passive)
      throw ResolveError(host, EAI_NONAME, "the name is empty; a server's may be, with ResolveOptions::passive");
    if (wanted(AF_INET6)) addresses.push_back(SocketAddress::ipv6("::", port));
    if (wanted(AF_INET)) addresses.push_back(SocketAddress::ipv4("0.0.0.0", port));
    return addresses;
  }
  const std::optional<SocketAddress> known = SocketAddress::numeric(host, port);
  if (!known) {
    if (host.find('\0') != std::string::npos) throw ResolveError(host, EAI_NONAME, "a name has no zero bytes");
    return std::nullopt;
  }
  if (!wanted(known->family())) throw ResolveError(host, EAI_ADDRFAMILY, "it is an address of another family");
  addresses.push_back(*known);
  return addresses;
}

// The task of a lookup. It owns all that the job reads, so that nobody has to wait for it; and it throws nothing, since nobody
// may be there to see that.
inline Task<Outcome<Addresses>> run_lookup(std::string host, std::string service, int family,
                                           decltype(ResolveOptions::lookup) lookup) {
  try {
    auto found = co_await to_thread(lookup, std::move(host), std::move(service), family);
    Addresses unique;
    for (const SocketAddress& address : found) {
      if (std::find(unique.begin(), unique.end(), address) == unique.end()) unique.push_back(address);
    }
    co_return Outcome<Addresses>::from_value(std::move(unique));
  } catch (...) {
    co_return Outcome<Addresses>::from_exception(std::current_exception());
  }
}

// Of a caller that goes before its lookup has ended: a job that has not started never does.
struct AbandonedLookup {
  explicit AbandonedLookup(TaskHandle<Outcome<Addresses>> lookup) noexcept : task(std::move(lookup)) {}
  AbandonedLookup(const AbandonedLookup&) = delete;
  AbandonedLookup& operator=(const AbandonedLookup&) = delete;
  ~AbandonedLookup() {
    if (!task.done()) task.cancel(Location());
  }
  TaskHandle<Outcome<Addresses>> task;
};

inline Task<Addresses> look_up(std::string host, std::string service, ResolveOptions options) {
  const auto say_late = [&] { return TimeoutError("eddy: the lookup of " + detail::quoted(host) + " took too long"); };
  if (options.timeout.passed()) throw say_late();
  const std::string name = "the lookup of " + detail::quoted(host);
  auto job = run_lookup(host, std::move(service), options.family, options.lookup);
  const AbandonedLookup lookup(create_task(std::move(job), {.name = name, .eager_start = true}));
  const auto* outcome = co_await move_on_after(options.timeout, shield(lookup.task));
  if (outcome == nullptr) throw say_late();
  if (outcome->value().empty()) throw ResolveError(host, EAI_NONAME);
  co_return outcome->value();
}

}  // namespace detail

/// Completes with the addresses of `host`, each with `port`: at least one, none twice, in the order that the system prefers
/// (`interleave_families` gives the one in which to try them). A numeric host ("127.0.0.1", "::1", "fe80::1%eth0") completes
/// at once and takes no thread; names, "localhost" too, are looked up in the loop's thread pool.
///
/// Cancellation and `timeout`: both end the wait at once. The lookup cannot be interrupted: it goes on in its thread, as a task
/// whose result nobody takes, unless it has not started yet. `run` waits for it in the end, for at most `RunOptions::grace`,
/// and until then it keeps one of the pool's threads busy. A timeout of zero or less is for numeric hosts only.
/// Errors: ResolveError; TimeoutError; AddressError for an interface that is not there; std::system_error if no thread can be
/// started. Source: loop.getaddrinfo.
inline Task<std::vector<SocketAddress>> resolve(std::string host, std::uint16_t port,
                                                              ResolveOptions options = {}) {
  if (auto known = detail::resolve_at_once(host, port, options)) co_return *std::move(known);
  co_return co_await detail::look_up(std::move(host), std::to_string(port), options);
}
/// The same with the name of a service, such as "https"; names are looked up in the pool, whatever the host. One that is a
/// number is a port. Errors: AddressError for a number that is no port.
inline Task<std::vector<SocketAddress>> resolve(std::string host, std::string service,
                                                              ResolveOptions options = {}) {
  if (detail::all_digits(service)) {
    const std::uint16_t port = detail::parse_port(service, service);
    co_return co_await resolve(std::move(host), port, options);
  }
  if (service.empty() || service.find('\0') != std::string::npos)
    throw ResolveError(host, EAI_SERVICE, "the service " + detail::quoted(service) + " is not known");
  auto known = detail::resolve_at_once(host, 0, options);
  if (known) host = known->front().host();
  auto found = co_await detail::look_up(std::move(host), std::move(service), options);
  if (!known) co_return found;
  for (SocketAddress& address : *known) address = address.with_port(found.front().port());
  co_return *std::move(known);
}

}  // namespace eddy::inline EDDY_ABI
