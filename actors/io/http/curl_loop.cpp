#include "actors/io/http/curl_loop.hpp"

#include "actors/io/http/classify.hpp"
#include "actors/io/http/transfer.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace render {

namespace {

// curl wakes earlier for its own timers; this only bounds a silent wait.
constexpr int poll_limit_ms = 60'000;

} // namespace

struct curl_loop::implementation {
  struct submission {
    uint64_t id;
    http_request request;
    on_bytes bytes;
  };

  implementation(http_config config, on_done callback)
    : cfg(std::move(config)), done(std::move(callback)) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    share = curl_share_init();
    curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, cfg.connections_kept);
    thread = std::thread{[this] {
      run();
    }};
  }

  implementation(const implementation&) = delete;
  implementation& operator=(const implementation&) = delete;

  ~implementation() {
    stopping = true;
    curl_multi_wakeup(multi);
    thread.join();
    for (auto& [id, x] : transfers)
      curl_multi_remove_handle(multi, x->easy());
    transfers.clear();
    curl_multi_cleanup(multi);
    curl_share_cleanup(share);
  }

  void run() {
    while (!stopping) {
      take_inbox();
      int running = 0;
      curl_multi_perform(multi, &running);
      finish_done();
      curl_multi_poll(multi, nullptr, 0, poll_limit_ms, nullptr);
    }
  }

  void take_inbox() {
    std::vector<submission> begun;
    std::vector<std::string> ended;
    {
      std::lock_guard guard{mutex};
      begun.swap(submissions);
      ended.swap(cancellations);
    }
    // In this order: a cancel also meets what was submitted before it.
    for (auto& x : begun)
      start(x);
    for (auto& group : ended)
      cancel_group(group);
  }

  void start(submission& x) {
    auto made = std::make_unique<transfer>(x.id, std::move(x.request),
                                           std::move(x.bytes), cfg, share);
    if (!made->refusal().message.empty())
      return done(x.id, fail(made->refusal()));
    curl_multi_add_handle(multi, made->easy());
    transfers.emplace(x.id, std::move(made));
  }

  void cancel_group(const std::string& group) {
    for (auto at = transfers.begin(); at != transfers.end();) {
      auto& x = *at->second;
      if (!x.group().starts_with(group)) {
        ++at;
        continue;
      }
      curl_multi_remove_handle(multi, x.easy());
      done(x.id(), fail(failure_kind::aborted, "the request was cancelled"));
      at = transfers.erase(at);
    }
  }

  void finish_done() {
    int left = 0;
    while (auto* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE)
        continue;
      auto code = message->data.result;
      auto* easy = message->easy_handle;
      transfer* x = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &x);
      auto id = x->id();
      auto answer = x->finish(code);
      curl_multi_remove_handle(multi, easy);
      transfers.erase(id);
      done(id, std::move(answer));
    }
  }

  http_config cfg;
  on_done done;
  CURLM* multi = nullptr;
  CURLSH* share = nullptr;
  /// Of the loop's thread alone.
  std::map<uint64_t, std::unique_ptr<transfer>> transfers;
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::vector<submission> submissions;
  std::vector<std::string> cancellations;
  std::thread thread;
};

curl_loop::curl_loop(http_config cfg, on_done done)
  : impl_(std::make_unique<implementation>(std::move(cfg), std::move(done))) {
  // nop
}

curl_loop::~curl_loop() = default;

void curl_loop::submit(uint64_t id, http_request request, on_bytes bytes) {
  {
    std::lock_guard guard{impl_->mutex};
    impl_->submissions.push_back({id, std::move(request), std::move(bytes)});
  }
  curl_multi_wakeup(impl_->multi);
}

void curl_loop::cancel(std::string group) {
  {
    std::lock_guard guard{impl_->mutex};
    impl_->cancellations.push_back(std::move(group));
  }
  curl_multi_wakeup(impl_->multi);
}

} // namespace render
