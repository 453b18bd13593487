#include "actors/io/http/curl_loop.hpp"

#include "actors/io/http/admission.hpp"
#include "actors/io/http/classify.hpp"
#include "actors/io/http/known_names.hpp"
#include "actors/io/http/socket_poll.hpp"
#include "actors/io/http/transfer.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace render {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Bounds a silent wait alone.
constexpr auto poll_limit = milliseconds{60'000};

/// One request on its way, over all its redirects.
struct exchange {
  /// `writing`: the body is complete, but not on the disk yet.
  enum class stage { waiting, looking_up, running, writing };

  uint64_t id = 0;
  http_request request;
  curl_loop::on_bytes bytes;
  clock::time_point begun;
  std::optional<clock::time_point> deadline;
  stage at = stage::waiting;
  dialling way;
  /// Index into `way.way`.
  size_t point = 0;
  clock::time_point look_up_end;
  uint32_t redirects = 0;
  std::unique_ptr<transfer> running;
  /// `running` is in the multi handle.
  bool added = false;
  /// How `running` has ended.
  CURLcode code = CURLE_OK;
};

/// Work from other threads. Outlives the loop while a look-up hangs.
struct inbox {
  struct submission {
    uint64_t id;
    http_request request;
    curl_loop::on_bytes bytes;
  };

  struct answer {
    std::string host;
    name_resolver::found found;
  };

  template <class Change>
  void put(Change change) {
    std::lock_guard guard{mutex};
    change(*this);
    if (sleeper)
      sleeper->wake();
  }

  std::mutex mutex;
  /// Null when the loop has gone.
  socket_poll* sleeper = nullptr;
  std::vector<submission> submissions;
  std::vector<std::string> cancellations;
  std::vector<answer> answers;
  /// Ids of exchanges whose files have new room or an outcome.
  std::vector<uint64_t> moved;
};

} // namespace

struct curl_loop::implementation {
  implementation(http_config config, on_done callback,
                 std::unique_ptr<name_resolver> resolver)
    : cfg(std::move(config)), done(std::move(callback)),
      places(cfg.open_max, cfg.open_per_host_max),
      known(cfg.names_kept, cfg.look_up_timeout), names(std::move(resolver)) {
    if (!names)
      names = std::make_unique<threaded_resolver>();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi.reset(curl_multi_init());
    curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, cfg.connections_kept);
    poll.emplace(multi.get());
    box->sleeper = &*poll;
    thread = std::thread{[this] {
      run();
    }};
  }

  implementation(const implementation&) = delete;
  implementation& operator=(const implementation&) = delete;

  ~implementation() {
    stopping = true;
    box->put([](inbox&) {
      // Only wakes.
    });
    thread.join();
    box->put([](inbox& x) {
      x.sleeper = nullptr;
    });
    for (auto& [id, x] : exchanges)
      stop_transfer(*x);
    exchanges.clear();
    poll.reset();
  }

  void run() {
    while (!stopping) {
      take_inbox();
      end_overdue();
      finish_done();
      admit();
      poll->wait(poll_time());
    }
  }

  void take_inbox() {
    std::vector<inbox::submission> begun;
    std::vector<std::string> ended;
    std::vector<inbox::answer> found;
    std::vector<uint64_t> moved;
    {
      std::lock_guard guard{box->mutex};
      begun.swap(box->submissions);
      ended.swap(box->cancellations);
      found.swap(box->answers);
      moved.swap(box->moved);
    }
    // Submissions come first, so that a cancel also ends those made before it.
    for (auto& x : begun)
      start(x);
    for (auto& group : ended)
      cancel_group(group);
    for (auto& x : found)
      learn(x);
    for (auto id : moved)
      if (auto at = exchanges.find(id); at != exchanges.end())
        go_on(*at->second);
  }

  void go_on(exchange& x) {
    if (x.at == exchange::stage::writing)
      conclude(x);
    else if (x.running)
      x.running->resume();
  }

  void start(inbox::submission& x) {
    auto made = std::make_unique<exchange>();
    made->id = x.id;
    made->request = std::move(x.request);
    made->bytes = std::move(x.bytes);
    made->begun = clock::now();
    if (made->request.total_timeout.count() > 0)
      made->deadline = made->begun + made->request.total_timeout;
    auto& at = *exchanges.emplace(x.id, std::move(made)).first->second;
    groups.emplace(at.request.group, at.id);
    wait_for_place(at, at.request.url);
  }

  void wait_for_place(exchange& x, const std::string& url) {
    auto target = read_web_target(url);
    if (!target)
      return end(x, fail(with_context(describe(x.request), target.error())));
    enter(x, exchange::stage::waiting);
    x.point = 0;
    x.way = plan_dialling(x.request, std::move(*target), cfg);
    places.ask(x.id, x.way.target.host);
  }

  void admit() {
    for (auto ids = places.admit(); !ids.empty(); ids = places.admit())
      for (auto id : ids)
        if (auto found = exchanges.find(id); found != exchanges.end())
          walk(*found->second);
  }

  /// Looks up the next name whose addresses are not known, or dials.
  void walk(exchange& x) {
    auto now = clock::now();
    for (; x.point < x.way.way.size(); ++x.point) {
      auto& point = x.way.way[x.point];
      if (point.addresses.empty()) {
        auto* addresses = known.find(point.host, now);
        if (!addresses) {
          enter(x, exchange::stage::looking_up);
          x.look_up_end
            = now + std::min(cfg.look_up_timeout, x.request.connect_timeout);
          return look_up(point.host, now);
        }
        point.addresses = *addresses;
      }
      if (!keep_permitted(point, cfg.allowed))
        return refuse(x, CURLE_COULDNT_CONNECT, "the address is not public",
                      true);
    }
    dial(x, now);
  }

  void look_up(const std::string& host, clock::time_point now) {
    if (!known.begin_look_up(host, now))
      return;
    names->look_up(host, [box = box, host](name_resolver::found found) {
      box->put([&](inbox& x) {
        x.answers.push_back({host, std::move(found)});
      });
    });
  }

  void learn(inbox::answer& x) {
    known.end_look_up(x.host, x.found, clock::now());
    for (auto id : those_not_running([&](const exchange& e) {
           return e.at == exchange::stage::looking_up
                  && e.way.way[e.point].host == x.host;
         })) {
      auto& e = *exchanges.at(id);
      if (x.found)
        walk(e);
      else
        name_not_found(e, x.found.error());
    }
  }

  void name_not_found(exchange& x, const failure& why) {
    auto& point = x.way.way[x.point];
    if (!point.optional && why.kind == failure_kind::unfit)
      return end(x, fail(with_context(describe(x.request), why)));
    if (!point.optional)
      return refuse(x, CURLE_COULDNT_RESOLVE_HOST,
                    point.host + ": " + why.message);
    ++x.point;
    walk(x);
  }

  void dial(exchange& x, clock::time_point now) {
    milliseconds limit{0};
    if (x.deadline) {
      limit = std::chrono::duration_cast<milliseconds>(*x.deadline - now);
      if (limit.count() < 1)
        return refuse(x, CURLE_OPERATION_TIMEDOUT, "no time is left");
    }
    auto& target = x.way.target;
    auto jar = x.way.keeps_cookies
                 ? jars.of(target.host + ":" + std::to_string(target.port))
                 : cookie_jar{};
    enter(x, exchange::stage::running);
    x.running = std::make_unique<transfer>(
      x.id, x.request, std::exchange(x.way, {}), limit, x.bytes, cfg,
      std::move(jar), [box = box, id = x.id] {
        box->put([&](inbox& y) {
          y.moved.push_back(id);
        });
      });
    if (!x.running->refusal().message.empty())
      return end(x, fail(x.running->refusal()));
    // Each transfer has a buffer; an event of a stream has some hundred bytes.
    if (x.bytes)
      curl_easy_setopt(x.running->easy(), CURLOPT_BUFFERSIZE, 2048L);
    curl_multi_add_handle(multi.get(), x.running->easy());
    x.added = true;
  }

  /// Ends an exchange that has reached no server.
  void refuse(exchange& x, CURLcode code, std::string why,
              bool forbidden = false) {
    auto took
      = std::chrono::duration_cast<milliseconds>(clock::now() - x.begun);
    transfer_error error{static_cast<int>(code), std::move(why), false, took,
                         forbidden};
    if (x.request.public_only && cfg.tell)
      cfg.tell(full_text(x.request, error));
    end(x, fail(classify(x.request, error)));
  }

  void stop_transfer(exchange& x) {
    if (x.added)
      curl_multi_remove_handle(multi.get(), x.running->easy());
    x.added = false;
    x.running.reset();
  }

  void end(exchange& x, result<http_response> how) {
    auto id = x.id;
    stop_transfer(x);
    places.leave(id);
    not_running.erase(id);
    groups.erase({x.request.group, id});
    exchanges.erase(id);
    done(id, std::move(how));
  }

  void cancel_group(const std::string& group) {
    for (auto at = groups.lower_bound({group, 0});
         at != groups.end() && at->first.starts_with(group);
         at = groups.lower_bound({group, 0}))
      end(*exchanges.at(at->second),
          fail(failure_kind::aborted, "the request was cancelled"));
  }

  void end_overdue() {
    auto now = clock::now();
    for (auto id : those_not_running([&](const exchange& x) {
           return due(x) <= now;
         })) {
      auto& x = *exchanges.at(id);
      if (x.at == exchange::stage::waiting)
        refuse(x, CURLE_OPERATION_TIMEDOUT, "too many requests at a time");
      else if (x.at == exchange::stage::writing)
        end(x, x.running->finish(x.code));
      else
        name_not_found(
          x, {failure_kind::unavailable, "the name look-up takes too long"});
    }
  }

  /// When this loop, and not curl, must end this stage of the exchange.
  clock::time_point due(const exchange& x) const {
    auto end = x.deadline.value_or(clock::time_point::max());
    return x.at != exchange::stage::looking_up ? end
                                               : std::min(end, x.look_up_end);
  }

  milliseconds poll_time() const {
    auto now = clock::now();
    auto first = now + poll_limit;
    for (auto id : not_running)
      first = std::min(first, due(*exchanges.at(id)));
    // Rounded up, so that the exchange is really due on waking.
    return std::chrono::ceil<milliseconds>(std::max(first, now) - now);
  }

  template <class Predicate>
  std::vector<uint64_t> those_not_running(Predicate wanted) const {
    std::vector<uint64_t> out;
    for (auto id : not_running)
      if (wanted(*exchanges.at(id)))
        out.push_back(id);
    return out;
  }

  void enter(exchange& x, exchange::stage next) {
    x.at = next;
    if (next == exchange::stage::running)
      not_running.erase(x.id);
    else
      not_running.insert(x.id);
  }

  void finish_done() {
    int left = 0;
    while (auto* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE)
        continue;
      auto code = message->data.result;
      transfer* ended = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &ended);
      auto& x = *exchanges.at(ended->id());
      x.code = code;
      conclude(x);
    }
  }

  void conclude(exchange& x) {
    if (!x.running->is_written(x.code)) {
      enter(x, exchange::stage::writing);
      return;
    }
    auto answer = x.running->finish(x.code);
    auto next = answer ? x.running->next_url() : std::string{};
    if (next.empty())
      end(x, std::move(answer));
    else
      redirect(x, next);
  }

  void redirect(exchange& x, const std::string& url) {
    stop_transfer(x);
    places.leave(x.id);
    if (++x.redirects > x.request.max_redirects)
      return refuse(x, CURLE_TOO_MANY_REDIRECTS,
                    "more than " + std::to_string(x.request.max_redirects)
                      + " redirects");
    wait_for_place(x, url);
  }

  http_config cfg;
  on_done done;
  /// Before `poll`, which lets go of it first.
  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi{
    nullptr, &curl_multi_cleanup};
  std::optional<socket_poll> poll;
  std::shared_ptr<inbox> box = std::make_shared<inbox>();
  // Used by the loop's thread only.
  admission places;
  cookie_jars jars;
  std::map<uint64_t, std::unique_ptr<exchange>> exchanges;
  /// Those whose end is this loop's to watch, so few that all are looked at.
  std::set<uint64_t> not_running;
  /// Group and id of each, so that a group is found by how it begins.
  std::set<std::pair<std::string, uint64_t>> groups;
  known_names known;
  std::unique_ptr<name_resolver> names;
  std::atomic<bool> stopping{false};
  std::thread thread;
};

curl_loop::curl_loop(http_config cfg, on_done done,
                     std::unique_ptr<name_resolver> names)
  : impl_(std::make_unique<implementation>(std::move(cfg), std::move(done),
                                           std::move(names))) {
  // nop
}

curl_loop::~curl_loop() = default;

void curl_loop::submit(uint64_t id, http_request request, on_bytes bytes) {
  impl_->box->put([&](inbox& x) {
    x.submissions.push_back({id, std::move(request), std::move(bytes)});
  });
}

void curl_loop::cancel(std::string group) {
  impl_->box->put([&](inbox& x) {
    x.cancellations.push_back(std::move(group));
  });
}

} // namespace render
