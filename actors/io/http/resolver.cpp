#include "actors/io/http/resolver.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

namespace render {

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
  {
    std::lock_guard guard{shared_->mutex};
    auto& x = *shared_;
    if (x.waiting.size() < x.waiting_max) {
      x.waiting.push_back({host, std::move(done)});
      if (x.idle >= x.waiting.size())
        x.changed.notify_one();
      else if (x.threads < x.threads_max) {
        // The thread is not joined, since it may hang in getaddrinfo for ever.
        ++x.threads;
        std::thread{[shared = shared_] {
          work(shared);
        }}.detach();
      }
      return;
    }
  }
  done(fail(failure_kind::unavailable, "too many name look-ups at a time"));
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
  if (auto code = getaddrinfo(host.c_str(), nullptr, &hints, &list); code != 0)
    return fail(failure_kind::unavailable, gai_strerror(code));
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
