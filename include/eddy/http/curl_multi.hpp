// CurlMulti: libcurl's multi handle on a loop: its sockets and its timer, and the easy handles that do the work.
//
// Everything that is the same for all requests of a session is set once, when an easy handle is made; a plain GET then
// sets its URL and nothing else. libcurl is called when one of its sockets is ready, when its time has come, and at
// once when it has just been given something to do.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/time.hpp>
#include <eddy/http/curl_setup.hpp>
#include <eddy/http/loop_timer.hpp>
#include <eddy/http/transfer.hpp>
#include <eddy/io/foreign.hpp>

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::detail {

class CurlMulti {
 public:
  struct Owner {
    // It has ended by itself. `text` is libcurl's, `error` the system's number or zero.
    virtual void transfer_done(HttpTransfer& transfer, CURLcode code, const char* text, int error) noexcept = 0;
    // libcurl has been called, and can be given something again.
    virtual void settled() noexcept = 0;

   protected:
    ~Owner() = default;
  };

  CurlMulti(EventLoop& loop, Owner& owner, const CurlSetup& setup)
      : loop_(loop),
        owner_(owner),
        setup_(setup),
        driver_([this](int fd, bool readable, bool) { act(fd, readable ? CURL_CSELECT_IN : CURL_CSELECT_OUT); },
                nullptr, loop),
        timer_(this, [](void* self) noexcept { static_cast<CurlMulti*>(self)->act(CURL_SOCKET_TIMEOUT, 0); }) {
    initialise_curl();
    multi_.reset(curl_multi_init());
    share_.reset(curl_share_init());
    if (!multi_ || !share_) throw std::bad_alloc();
    CURLM* const multi = multi_.get();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &CurlMulti::on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &CurlMulti::on_time);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    // The session sees to the limits; these are for connections over HTTP/2, and for those that nobody uses.
    if (setup.limit > 0) {
      curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, to_long(setup.limit));
      curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, to_long(setup.limit));
    } else {
      curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 1'000L);
    }
    if (setup.limit_per_host > 0)
      curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, to_long(setup.limit_per_host));
    curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    if (setup.cookies) curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
  }
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;
  ~CurlMulti() { close(); }

  [[nodiscard]] std::size_t connections() const noexcept { return sockets_.size(); }
  [[nodiscard]] std::uint64_t opened() const noexcept { return opened_; }

  // Gives a transfer to libcurl. Errors: std::bad_alloc, RuntimeError.
  void add(HttpTransfer& transfer) {
    if (free_.empty()) make_easy();
    HttpEasy* const easy = free_.back();
    try {
      set_up_request(*easy, transfer, setup_);
      if (const CURLMcode code = curl_multi_add_handle(multi_.get(), easy->handle); code != CURLM_OK)
        throw RuntimeError(std::string("eddy: libcurl does not take a request: ") + curl_multi_strerror(code));
    } catch (...) {
      set_down_request(*easy, setup_);  // the next one finds it as it was
      throw;
    }
    free_.pop_back();
    easy->transfer = &transfer;
    easy->socket = -1;
    easy->socket_error = 0;
    transfer.easy = easy;
  }
  // Takes it from libcurl, which closes its connection if it is not done; one of HTTP/2 only if it is `distrusted`, and
  // nobody else uses it.
  void remove(HttpTransfer& transfer, bool distrusted = false) noexcept {
    HttpEasy* const easy = std::exchange(transfer.easy, nullptr);
    if (distrusted) curl_easy_setopt(easy->handle, CURLOPT_FORBID_REUSE, 1L);
    curl_multi_remove_handle(multi_.get(), easy->handle);
    if (distrusted) curl_easy_setopt(easy->handle, CURLOPT_FORBID_REUSE, 0L);
    transfer.measures = measures_of(easy->handle);
    easy->transfer = nullptr;
    set_down_request(*easy, setup_);
    free_.push_back(easy);  // there is room: see make_easy
  }
  // Lets it go on, as far as it does not pause. libcurl first gives it what it has kept meanwhile; an error of that is
  // given here, and nowhere else.
  [[nodiscard]] CURLcode resume(HttpTransfer& transfer) noexcept {
    const int mask = (transfer.paused ? CURLPAUSE_RECV : 0) | (transfer.starved ? CURLPAUSE_SEND : 0);
    return curl_easy_pause(transfer.easy->handle, mask);
  }
  // If libcurl wants to be called at once, calls it.
  void kick() noexcept {
    if (busy_) return;
    for (int turns = 0; due_ && multi_; ++turns) {
      due_ = false;
      if (turns == kTurns) {
        (void)timer_.arm(loop_, loop_.time());
        return;
      }
      call(CURL_SOCKET_TIMEOUT, 0);
    }
  }
  void close() noexcept {
    free_.clear();
    easies_.clear();
    multi_.reset();  // closes the connections: the driver still lives
    share_.reset();
    timer_.disarm();
    driver_.close();
  }

  static HttpMeasures measures_of(CURL* handle) noexcept {
    HttpMeasures found;
    curl_easy_getinfo(handle, CURLINFO_NAMELOOKUP_TIME_T, &found.lookup);
    curl_easy_getinfo(handle, CURLINFO_CONNECT_TIME_T, &found.connect);
    curl_easy_getinfo(handle, CURLINFO_APPCONNECT_TIME_T, &found.tls);
    curl_easy_getinfo(handle, CURLINFO_STARTTRANSFER_TIME_T, &found.first_byte);
    curl_easy_getinfo(handle, CURLINFO_TOTAL_TIME_T, &found.total);
    long connects = 0;
    curl_easy_getinfo(handle, CURLINFO_NUM_CONNECTS, &connects);
    found.reused = connects == 0;
    return found;
  }

 private:
  static constexpr int kTurns = 64;  // calls in a row, then others have their turn

  static long to_long(std::size_t count) noexcept { return count > 1'000'000 ? 1'000'000L : static_cast<long>(count); }

  void make_easy() {
    easies_.reserve(easies_.size() + 1);
    free_.reserve(easies_.size() + 1);
    auto easy = std::make_unique<HttpEasy>();
    easy->multi = this;
    easy->handle = curl_easy_init();
    if (easy->handle == nullptr) throw std::bad_alloc();
    set_up_easy(*easy, setup_, share_.get());
    curl_easy_setopt(easy->handle, CURLOPT_OPENSOCKETFUNCTION, &CurlMulti::open_socket);
    curl_easy_setopt(easy->handle, CURLOPT_OPENSOCKETDATA, static_cast<void*>(easy.get()));
    curl_easy_setopt(easy->handle, CURLOPT_CLOSESOCKETFUNCTION, &CurlMulti::close_socket);
    curl_easy_setopt(easy->handle, CURLOPT_CLOSESOCKETDATA, this);
    free_.push_back(easy.get());
    easies_.push_back(std::move(easy));
  }

  void act(curl_socket_t fd, int events) noexcept {
    if (!multi_) return;
    call(fd, events);
    kick();
  }
  void call(curl_socket_t fd, int events) noexcept {
    busy_ = true;
    int count = 0;
    curl_multi_socket_action(multi_.get(), fd, events, &count);
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &count)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      HttpEasy* easy = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &easy);
      long error = 0;
      if (code != CURLE_OK) curl_easy_getinfo(easy->handle, CURLINFO_OS_ERRNO, &error);
      if (code == CURLE_COULDNT_CONNECT && easy->socket_error != 0) error = easy->socket_error;
      HttpTransfer& transfer = *easy->transfer;
      remove(transfer);
      owner_.transfer_done(transfer, code, easy->text, static_cast<int>(error));
    }
    owner_.settled();
    busy_ = false;
  }

  static int on_socket(CURL*, curl_socket_t fd, int what, void* pointer, void*) noexcept {
    auto& self = *static_cast<CurlMulti*>(pointer);
    const bool reads = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
    const bool writes = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
    if (what == CURL_POLL_REMOVE && self.forget_if_closed(fd)) return 0;
    return self.driver_.watch(fd, reads, writes) ? -1 : 0;
  }
  // libcurl 7.88 closes a socket that it gives up before it is connected without a word. True if it has.
  bool forget_if_closed(int fd) noexcept {
    const auto found = sockets_.find(fd);
    FileIdentity present;
    if (found == sockets_.end() || (present.read(fd) && present == found->second)) return false;
    sockets_.erase(found);
    driver_.release(fd);
    return true;
  }
  static int on_time(CURLM*, long milliseconds, void* pointer) noexcept {
    auto& self = *static_cast<CurlMulti*>(pointer);
    self.due_ = milliseconds == 0;
    if (milliseconds <= 0) {
      self.timer_.disarm();
      return 0;
    }
    const TimePoint when = saturating_add(self.loop_.time(), to_duration(std::chrono::milliseconds(milliseconds)));
    return self.timer_.arm(self.loop_, when) ? 0 : -1;
  }
  static curl_socket_t open_socket(void* pointer, curlsocktype, curl_sockaddr* address) noexcept {
    auto& easy = *static_cast<HttpEasy*>(pointer);
    CurlMulti& self = *easy.multi;
    const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    easy.socket_error = fd < 0 ? errno : self.take_socket(fd);
    if (easy.socket_error != 0) {
      if (fd >= 0) ::close(fd);
      return CURL_SOCKET_BAD;
    }
    ++self.opened_;
    easy.socket = fd;
    if (easy.transfer != nullptr) easy.transfer->connects();
    return fd;
  }
  // Zero, or why it cannot be had.
  int take_socket(int fd) noexcept {
    try {
      FileIdentity identity;
      if (!identity.read(fd)) return errno;
      sockets_[fd] = identity;
    } catch (...) {
      return ENOMEM;
    }
    const int error = driver_.adopt(fd).value();
    if (error != 0) sockets_.erase(fd);
    return error;
  }
  static int close_socket(void* pointer, curl_socket_t fd) noexcept {
    auto& self = *static_cast<CurlMulti*>(pointer);
    self.driver_.release(fd);
    self.sockets_.erase(fd);
    return ::close(fd);
  }

  struct FreeMulti {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };
  struct FreeShare {
    void operator()(CURLSH* share) const noexcept { curl_share_cleanup(share); }
  };

  EventLoop& loop_;
  Owner& owner_;
  const CurlSetup& setup_;
  ForeignDriver driver_;
  LoopTimer timer_;
  std::unique_ptr<CURLM, FreeMulti> multi_;
  std::unique_ptr<CURLSH, FreeShare> share_;
  std::vector<std::unique_ptr<HttpEasy>> easies_;
  std::vector<HttpEasy*> free_;
  std::unordered_map<int, FileIdentity> sockets_;  // those that are open
  std::uint64_t opened_ = 0;
  bool due_ = false;
  bool busy_ = false;
};

}  // namespace eddy::inline EDDY_ABI::detail
