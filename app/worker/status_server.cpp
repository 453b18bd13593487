#include "app/worker/status_server.hpp"

#include "app/worker/ask_http.hpp"
#include "app/worker/listening.hpp"
#include "app/worker/status_http.hpp"
#include "messages/http.hpp"
#include "messages/text/json.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace render {

namespace {

using namespace std::chrono_literals;

/// How long a check waits for the SUPERVISOR or for Redis before it takes the
/// last answer: a busy moment must not delay it beyond 100 ms.
constexpr auto check_patience = 60ms;
constexpr auto check_limit = 4s;
constexpr int ports_tried = 100;

constexpr auto directory = "c3-render-worker\n"
                           "/healthz  is the worker alive\n"
                           "/readyz   does Redis answer too\n"
                           "/status   GPUs and jobs, as JSON\n"
                           "/metrics  counts, for Prometheus\n";

http_answer failure_answer(const failure& what) {
  return {503, "application/json",
          "{\"error\":" + json::quote(what.message) + "}\n"};
}

/// Calls a blocking function on a thread of its own. Callers that come during a
/// call share the next answer.
template <class T>
class question {
public:
  using waiter = std::function<void(const result<T>&)>;

  explicit question(std::function<result<T>()> ask)
    : ask_(std::move(ask)), thread_([this] {
        run();
      }) {
    // nop
  }

  question(const question&) = delete;
  question& operator=(const question&) = delete;

  ~question() {
    stop();
  }

  /// Waits for the call that is under way; makes no more calls.
  void stop() {
    {
      std::lock_guard guard{mutex_};
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable())
      thread_.join();
  }

  void get(waiter x) {
    {
      std::lock_guard guard{mutex_};
      waiting_.push_back(std::move(x));
    }
    wake_.notify_all();
  }

  std::optional<result<T>> last() const {
    std::lock_guard guard{mutex_};
    return last_;
  }

private:
  void run() {
    std::unique_lock guard{mutex_};
    for (;;) {
      wake_.wait(guard, [this] {
        return stopping_ || !waiting_.empty();
      });
      if (stopping_)
        return;
      auto waiting = std::exchange(waiting_, {});
      guard.unlock();
      auto got = ask_();
      for (auto& x : waiting)
        x(got);
      guard.lock();
      last_ = std::move(got);
    }
  }

  std::function<result<T>()> ask_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  /// Guarded by `mutex_`.
  std::vector<waiter> waiting_;
  std::optional<result<T>> last_;
  bool stopping_ = false;
  std::thread thread_;
};

/// What /status and /metrics tell.
struct all_status {
  msg::node_status node;
  std::optional<msg::peers_report> peers;

  const msg::peers_report* peers_ptr() const {
    return peers ? &*peers : nullptr;
  }
};

std::function<result<all_status>()> asking(const status_server::sources& from) {
  return [from]() -> result<all_status> {
    auto node = from.status();
    if (!node)
      return fail(node.error());
    all_status out{std::move(*node), std::nullopt};
    if (from.peers)
      if (auto peers = from.peers())
        out.peers = std::move(*peers);
    return out;
  };
}

/// `question` needs a value.
std::function<result<bool>()> checking(std::function<result<void>()> ask) {
  return [ask = std::move(ask)]() -> result<bool> {
    auto got = ask();
    return got ? result<bool>{true} : fail(got.error());
  };
}

std::function<result<void>()> alive_of(const status_server::sources& from) {
  if (from.alive)
    return from.alive;
  return [ask = from.status]() -> result<void> {
    auto got = ask();
    return got ? result<void>{} : fail(got.error());
  };
}

http_answer check_answer(const result<bool>& x) {
  return x ? http_answer{.body = "ok\n"} : failure_answer(x.error());
}

} // namespace

struct status_server::implementation {
  implementation(std::unique_ptr<status_http> listening, const sources& from)
    : server(std::move(listening)), metrics(from.metrics),
      account(from.account), status(asking(from)),
      alive(checking(alive_of(from))), ready(checking(from.ready)) {
    // So that a check which cannot wait finds a last answer.
    alive.get([](auto&) {});
    ready.get([](auto&) {});
    server->serve([this](std::string_view path, status_http::reply reply) {
      answer(path, std::move(reply));
    });
  }

  implementation(const implementation&) = delete;
  implementation& operator=(const implementation&) = delete;

  ~implementation() {
    // They stop first, since their answers go to the server.
    status.stop();
    alive.stop();
    ready.stop();
    server.reset();
  }

  void answer(std::string_view path, status_http::reply reply) {
    if (path == "/healthz")
      return answer_check(alive, std::move(reply));
    if (path == "/readyz")
      return answer_check(ready, std::move(reply));
    if (path == "/status")
      return status.get([this, reply = std::move(reply)](auto& x) {
        reply(x ? http_answer{200, "application/json",
                              to_json(x->node, server->on_loopback(),
                                      x->peers_ptr(),
                                      account ? account() : account::sight{})}
                : failure_answer(x.error()));
      });
    if (path == "/metrics")
      return answer_metrics(std::move(reply));
    if (path == "/")
      return reply({.body = directory});
    reply(
      {.status = 404, .body = "nothing is here; GET / says what there is\n"});
  }

  void answer_metrics(status_http::reply reply) {
    if (!metrics)
      return reply({.status = 404, .body = "this program counts nothing\n"});
    status.get([this, reply = std::move(reply)](const result<all_status>& x) {
      reply(x ? http_answer{200, "text/plain; version=0.0.4; charset=utf-8",
                            metrics(x->node, x->peers_ptr())}
              : failure_answer(x.error()));
    });
  }

  void answer_check(question<bool>& what, status_http::reply reply) {
    auto once = [reply = std::move(reply),
                 said = std::make_shared<std::atomic<bool>>(false)](
                  const result<bool>& x) {
      if (!said->exchange(true))
        reply(check_answer(x));
    };
    what.get(once);
    server->later(check_patience, [&what, once] {
      auto last = what.last();
      once(last
             ? *last
             : fail(failure_kind::unavailable, "the worker is still starting"));
    });
  }

  std::unique_ptr<status_http> server;
  decltype(status_server::sources::metrics) metrics;
  decltype(status_server::sources::account) account;
  question<all_status> status;
  question<bool> alive;
  question<bool> ready;
};

status_server::status_server(std::unique_ptr<implementation> impl)
  : impl_(std::move(impl)), port_(impl_->server->port()) {
  // nop
}

result<std::unique_ptr<status_server>>
status_server::start(const std::string& address, sources from, options more) {
  auto [host, port] = split_address(address);
  status_http::settings how{host,
                            port,
                            more.next_free ? ports_tried - 1 : 0,
                            std::move(more.hosts),
                            {"/status", "/metrics"},
                            from.served};
  for (auto& name : machine_names())
    how.hosts.push_back(name);
  how.hosts.push_back(host);
  auto listening = status_http::listen(std::move(how));
  if (!listening)
    return fail(listening.error().kind,
                "STATUS_ADDRESS: cannot listen on " + address
                  + " (in use, or not of this machine): "
                  + listening.error().message);
  return std::unique_ptr<status_server>{new status_server{
    std::make_unique<implementation>(std::move(*listening), from)}};
}

status_server::~status_server() = default;

result<void> check_health(const std::string& address) {
  if (address.empty())
    return fail(failure_kind::invalid_input,
                "STATUS_ADDRESS is off, so there is nobody to ask");
  auto where = split_address(address);
  if (where.host == "0.0.0.0")
    where.host = "127.0.0.1";
  else if (where.host == "::")
    where.host = "::1";
  auto got = ask_http(where, "/healthz", check_limit);
  if (!got)
    return fail(failure_kind::unavailable,
                "no worker answers on " + address + ": " + got.error().message);
  if (got->status != 200)
    return fail(failure_kind::unavailable, excerpt(got->body));
  return {};
}

} // namespace render
