// The floor of the HTTP benchmark: libcurl's multi interface by hand over epoll, one easy handle for each request that is
// under way, and each of them used again. What it sends is what eddy's client sends, to the byte.
//
// Usage: curl_http_client URL AT_ONCE REQUESTS. Prints the seconds that they took, the connections being opened in them.
//
// SPDX-License-Identifier: MIT
#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "curl_http_client: %s\n", what);
  std::exit(1);
}

class Client {
 public:
  Client(std::string url, long requests) : url_(std::move(url)), to_begin_(requests), to_end_(requests) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Client::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Client::on_time);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() {
    for (const Transfer& transfer : transfers_) curl_easy_cleanup(transfer.easy);
    curl_multi_cleanup(multi_);
    ::close(epoll_);
  }

  void run(std::size_t at_once) {
    transfers_.resize(at_once);
    for (Transfer& transfer : transfers_) {
      transfer.easy = curl_easy_init();
      curl_easy_setopt(transfer.easy, CURLOPT_URL, url_.c_str());
      curl_easy_setopt(transfer.easy, CURLOPT_NOSIGNAL, 1L);
      curl_easy_setopt(transfer.easy, CURLOPT_USERAGENT, "eddy");
      curl_easy_setopt(transfer.easy, CURLOPT_ACCEPT_ENCODING, "");  // all that libcurl knows
      curl_easy_setopt(transfer.easy, CURLOPT_PRIVATE, &transfer);
      curl_easy_setopt(transfer.easy, CURLOPT_WRITEDATA, &transfer.body);
      curl_easy_setopt(transfer.easy, CURLOPT_WRITEFUNCTION, &Client::on_body);
      begin(transfer);
    }
    epoll_event events[64];
    while (to_end_ > 0) {
      const int count = ::epoll_wait(epoll_, events, 64, milliseconds_left());
      for (int i = 0; i < count; ++i) {
        const unsigned seen = events[i].events;
        const bool reads = (seen & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
        act(events[i].data.fd, (reads ? CURL_CSELECT_IN : 0) | ((seen & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0));
      }
      if (timer_set_ && Clock::now() >= timer_) {
        timer_set_ = false;
        act(CURL_SOCKET_TIMEOUT, 0);
      }
    }
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Transfer {
    CURL* easy = nullptr;
    std::string body;
  };

  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* body) {
    static_cast<std::string*>(body)->append(data, size);
    return size;
  }
  static int on_socket(CURL*, curl_socket_t fd, int what, void* client, void* known) {
    return static_cast<Client*>(client)->watch(fd, what, known != nullptr);
  }
  static int on_time(CURLM*, long milliseconds, void* client) {
    auto* self = static_cast<Client*>(client);
    self->timer_set_ = milliseconds >= 0;
    self->timer_ = Clock::now() + std::chrono::milliseconds(std::max(milliseconds, 0L));
    return 0;
  }

  int watch(curl_socket_t fd, int what, bool known) {
    epoll_event event{};
    event.data.fd = fd;
    if (what == CURL_POLL_REMOVE) {
      ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, &event);
      return 0;
    }
    if (what != CURL_POLL_OUT) event.events |= EPOLLIN;
    if (what != CURL_POLL_IN) event.events |= EPOLLOUT;
    if (::epoll_ctl(epoll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
    if (!known) curl_multi_assign(multi_, fd, this);
    return 0;
  }
  int milliseconds_left() const {
    if (!timer_set_) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(timer_ - Clock::now()).count();
    return static_cast<int>(std::max<long>(left, 0));
  }
  void begin(Transfer& transfer) {
    if (to_begin_ == 0) return;
    --to_begin_;
    transfer.body.clear();
    if (curl_multi_add_handle(multi_, transfer.easy) != CURLM_OK) fail("curl_multi_add_handle");
  }
  void act(curl_socket_t fd, int events) {
    int left = 0;
    curl_multi_socket_action(multi_, fd, events, &left);
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      long status = 0;
      curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
      if (message->data.result != CURLE_OK || status != 200 || transfer->body.empty()) fail("a request has failed");
      curl_multi_remove_handle(multi_, transfer->easy);
      --to_end_;
      begin(*transfer);
    }
  }

  std::string url_;
  long to_begin_;
  long to_end_;
  CURLM* multi_ = curl_multi_init();
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Transfer> transfers_;
  Clock::time_point timer_;
  bool timer_set_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s URL AT_ONCE REQUESTS\n", argv[0]);
    return 2;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  Client client(argv[1], std::atol(argv[3]));
  const auto start = std::chrono::steady_clock::now();
  client.run(static_cast<std::size_t>(std::atol(argv[2])));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  std::printf("%.6f\n", taken.count());
}
