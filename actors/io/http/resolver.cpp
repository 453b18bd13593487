#include "actors/io/http/resolver.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

namespace render {

namespace {

/// 0, or the errno of what this machine lacks for a socket. getaddrinfo says
/// too that a name is unknown when it had no handle to ask with.
int why_no_socket() {
  auto fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return kind_of_errno(errno) == failure_kind::unfit ? errno : 0;
  close(fd);
  return 0;
}

} // namespace

struct threaded_resolver::shared {
  struct job {
    std::string host;
    std::function<void(found)> done;
  };

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<job> waiting;
  asking ask;
  size_t threads = 0;
  size_t idle = 0;
  size_t threads_max = 0;
  size_t waiting_max = 0;
  bool stopping = false;
};

threaded_resolver::threaded_resolver(size_t threads_max, size_t waiting_max,
                                     asking ask)
  : shared_(std::make_shared<shared>()) {
  shared_->ask = std::move(ask);
  shared_->threads_max = threads_max;
  shared_->waiting_max = waiting_max;
}

threaded_resolver::~threaded_resolver() {
  std::lock_guard guard{shared_->mutex};
  shared_->stopping = true;
  shared_->waiting.clear();
  shared_->changed.notify_all();
}

void threaded_resolver::look_up(const std::string& host,
                                std::function<void(found)> done) {
  failure why{failure_kind::unavailable, "too many name look-ups at a time"};
  {
    std::lock_guard guard{shared_->mutex};
    auto& x = *shared_;
    if (x.waiting.size() < x.waiting_max) {
      x.waiting.push_back({host, std::move(done)});
      if (has_thread_for_next())
        return;
      done = std::move(x.waiting.back().done);
      x.waiting.pop_back();
      why = {failure_kind::unfit, "no thread is left for a name look-up"};
    }
  }
  done(fail(std::move(why)));
}

// Where no thread can be had, one that works looks the name up later.
bool threaded_resolver::has_thread_for_next() {
  auto& x = *shared_;
  if (x.idle >= x.waiting.size()) {
    x.changed.notify_one();
  } else if (x.threads < x.threads_max) {
    try {
      // The thread is not joined, since it may hang in getaddrinfo for ever.
      std::thread{[shared = shared_] {
        work(shared);
      }}.detach();
      ++x.threads;
    } catch (const std::system_error&) {
      return x.threads > 0;
    }
  }
  return true;
}

void threaded_resolver::work(const std::shared_ptr<shared>& x) {
  std::unique_lock guard{x->mutex};
  while (true) {
    ++x->idle;
    x->changed.wait(guard, [&] {
      return x->stopping || !x->waiting.empty();
    });
    --x->idle;
    if (x->stopping)
      return;
    auto job = std::move(x->waiting.front());
    x->waiting.pop_front();
    guard.unlock();
    job.done(x->ask(job.host));
    // The job's members are also destroyed without the lock.
    job = {};
    guard.lock();
  }
}

name_resolver::found
threaded_resolver::system_look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  if (auto code = getaddrinfo(host.c_str(), nullptr, &hints, &list);
      code != 0) {
    if (code == EAI_MEMORY)
      return fail(failure_kind::unfit, gai_strerror(code));
    if (auto lacks = why_no_socket(); lacks != 0)
      return fail(failure_kind::unfit, std::strerror(lacks));
    return fail(failure_kind::unavailable, gai_strerror(code));
  }
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner{list, &freeaddrinfo};
  std::vector<ip_address> out;
  for (auto* x = list; x; x = x->ai_next) {
    ip_address one;
    if (x->ai_family == AF_INET) {
      auto* v4 = reinterpret_cast<const sockaddr_in*>(x->ai_addr);
      std::memcpy(one.bytes.data(), &v4->sin_addr, 4);
    } else if (x->ai_family == AF_INET6) {
      auto* v6 = reinterpret_cast<const sockaddr_in6*>(x->ai_addr);
      one.v6 = true;
      std::memcpy(one.bytes.data(), &v6->sin6_addr, 16);
    } else {
      continue;
    }
    if (std::find(out.begin(), out.end(), one) == out.end())
      out.push_back(one);
  }
  if (out.empty())
    return fail(failure_kind::unavailable, "the name has no address");
  return out;
}

} // namespace render
