#include "actors/io/http/socket_poll.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace render {

namespace {

constexpr size_t events_of_a_wait = 256;

int checked(int handle) {
  if (handle < 0)
    throw std::system_error(errno, std::generic_category(), "http");
  return handle;
}

uint32_t events_of(int what) {
  uint32_t out = 0;
  if (what & CURL_POLL_IN)
    out |= EPOLLIN;
  if (what & CURL_POLL_OUT)
    out |= EPOLLOUT;
  return out;
}

int action_of(uint32_t events) {
  int out = 0;
  if (events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP))
    out |= CURL_CSELECT_IN;
  if (events & EPOLLOUT)
    out |= CURL_CSELECT_OUT;
  if (events & EPOLLERR)
    out |= CURL_CSELECT_ERR;
  return out;
}

} // namespace

socket_poll::socket_poll(CURLM* multi)
  : multi_(multi), poll_(checked(epoll_create1(EPOLL_CLOEXEC))),
    wake_(checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {
  epoll_event word{EPOLLIN, {}};
  word.data.fd = wake_.get();
  checked(epoll_ctl(poll_.get(), EPOLL_CTL_ADD, wake_.get(), &word));
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &socket_poll::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &socket_poll::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

socket_poll::~socket_poll() {
  // It closes the connections that it keeps.
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
}

int socket_poll::on_socket(CURL*, curl_socket_t socket, int what, void* self,
                           void*) {
  auto poll = static_cast<socket_poll*>(self)->poll_.get();
  epoll_event wanted{events_of(what), {}};
  wanted.data.fd = socket;
  if (what == CURL_POLL_REMOVE)
    epoll_ctl(poll, EPOLL_CTL_DEL, socket, nullptr);
  else if (epoll_ctl(poll, EPOLL_CTL_MOD, socket, &wanted) != 0)
    epoll_ctl(poll, EPOLL_CTL_ADD, socket, &wanted);
  // Anything else would be the end of all transfers; one without its events
  // ends with its time.
  return 0;
}

int socket_poll::on_timer(CURLM*, long ms, void* self) {
  auto& due = static_cast<socket_poll*>(self)->due_;
  due.reset();
  if (ms >= 0)
    due = clock::now() + std::chrono::milliseconds{ms};
  return 0;
}

void socket_poll::wait(std::chrono::milliseconds limit) {
  if (due_)
    limit = std::min(
      limit, std::chrono::ceil<std::chrono::milliseconds>(
               std::max(*due_ - clock::now(), clock::duration::zero())));
  std::array<epoll_event, events_of_a_wait> events;
  auto count = epoll_wait(poll_.get(), events.data(), events.size(),
                          static_cast<int>(limit.count()));
  int running = 0;
  for (int i = 0; i < count; ++i) {
    auto& x = events[static_cast<size_t>(i)];
    if (x.data.fd != wake_.get()) {
      curl_multi_socket_action(multi_, x.data.fd, action_of(x.events),
                               &running);
      continue;
    }
    uint64_t words = 0;
    [[maybe_unused]] auto read_all = read(wake_.get(), &words, sizeof(words));
  }
  if (!due_ || *due_ > clock::now())
    return;
  // It says anew when to be called next.
  due_.reset();
  curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
}

void socket_poll::wake() {
  uint64_t one = 1;
  [[maybe_unused]] auto written = write(wake_.get(), &one, sizeof(one));
}

} // namespace render
