#include "app/harness/sim_http.hpp"

#include "actors/io/http/classify.hpp"
#include "actors/io/http/curl_loop.hpp"
#include "app/harness/quick_hash.hpp"
#include "messages/failure_caf.hpp"

#include <curl/curl.h>

namespace render::harness {

/// INTERNAL: an answer on its way from the web to the HTTP actor.
struct sim_http_done {
  uint64_t id = 0;
  result<http_response> answer;
};

} // namespace render::harness

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(render::harness::sim_http_done)

namespace render::harness {

using namespace std::chrono_literals;

// -- one exchange -------------------------------------------------------------

sim_exchange::sim_exchange(sim_web& web, uint64_t who, http_request x)
  : request(std::move(x)), client(who), web_(web) {
  started_ = last_byte_ = web.time().now();
  std::string_view url = request.url;
  auto begin = url.find("://");
  begin = begin == std::string_view::npos ? 0 : begin + 3;
  auto end = std::min(url.find_first_of("/?", begin), url.size());
  host_ = url.substr(begin, end - begin);
  path_ = end < url.size() && url[end] == '/' ? url.substr(end) : "/";
}

void sim_exchange::finish(result<http_response> x) {
  if (!done_)
    return;
  auto done = std::exchange(done_, nullptr);
  on_closed = nullptr;
  piece_ = nullptr;
  done(std::move(x));
}

void sim_exchange::close() {
  if (!done_)
    return;
  done_ = nullptr;
  piece_ = nullptr;
  if (auto closed = std::exchange(on_closed, nullptr))
    closed();
}

failure sim_exchange::no_answer(const std::string& why) const {
  auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
    web_.time().now() - started_);
  return classify(request, {CURLE_OPERATION_TIMEDOUT, why, true, elapsed});
}

// The request's time limit may pass before `delay`.
void sim_exchange::finish_after(virtual_duration delay,
                                std::function<result<http_response>()> make) {
  auto when = web_.time().now() + delay;
  auto limit = request.total_timeout.count() > 0
                 ? started_ + virtual_duration{request.total_timeout}
                 : virtual_duration::max();
  if (request.stall_timeout.count() > 0)
    limit = std::min(limit,
                     last_byte_ + virtual_duration{request.stall_timeout});
  auto self = shared_from_this();
  web_.time().events().at(
    std::min(when, limit), [self, late = when > limit, make = std::move(make)] {
      if (!self->open())
        return;
      auto closed = self->on_closed;
      self->finish(late ? fail(self->no_answer("no answer in time")) : make());
      if (late && closed)
        closed();
    });
}

void sim_exchange::respond(virtual_duration delay, int32_t status,
                           std::string type, std::string body) {
  finish_after(delay,
               [this, status, type = std::move(type),
                body = std::move(body)]() -> result<http_response> {
                 http_response out;
                 out.status = status;
                 out.headers.emplace("content-type", type);
                 out.body_bytes = body.size();
                 if (out.body_bytes > request.max_body_bytes && out.ok())
                   return fail(failure_kind::rejected,
                               describe(request) + ": the body is too long");
                 out.body = body;
                 out.effective_url = request.url;
                 return out;
               });
}

void sim_exchange::file(virtual_duration delay, std::string type,
                        uint64_t bytes) {
  finish_after(
    delay, [this, type = std::move(type), bytes]() -> result<http_response> {
      if (web_.disk_is_full && web_.disk_is_full(client))
        return fail(failure_kind::unfit, request.method + " "
                                           + redacted_url(request.url)
                                           + ": the file cannot be written: "
                                             "No space left on device");
      http_response out;
      out.status = 200;
      out.headers.emplace("content-type", type);
      out.body_bytes = bytes;
      out.effective_url = request.url;
      return out;
    });
}

void sim_exchange::page(virtual_duration delay, int32_t status) {
  respond(delay, status, "text/html",
          "<html><head><title>Attention</title></head><body>a proxy's "
          "page</body></html>");
}

void sim_exchange::reset(virtual_duration delay) {
  finish_after(delay, [this]() -> result<http_response> {
    return fail(no_answer("connection reset by peer"));
  });
}

void sim_exchange::hang() {
  finish_after(virtual_duration{365 * 24h}, [this]() -> result<http_response> {
    return fail(no_answer("no answer"));
  });
}

void sim_exchange::piece(std::string bytes) {
  if (!piece_)
    return;
  last_byte_ = web_.time().now();
  piece_(std::move(bytes));
}

void sim_exchange::finish_stream(const std::string& type) {
  http_response out;
  out.status = 200;
  out.headers.emplace("content-type", type);
  out.effective_url = request.url;
  finish(std::move(out));
}

// Breaks a stream that is silent for too long.
void sim_exchange::watch_stall() {
  if (request.stall_timeout.count() == 0)
    return;
  auto self = shared_from_this();
  web_.time().events().at(
    last_byte_ + virtual_duration{request.stall_timeout}, [self] {
      if (!self->open())
        return;
      if (self->web_.time().now() - self->last_byte_
          < virtual_duration{self->request.stall_timeout})
        return self->watch_stall();
      auto closed = self->on_closed;
      self->finish(fail(self->no_answer("the stream has stalled")));
      if (closed)
        closed();
    });
}

// -- the web ------------------------------------------------------------------

sim_web::sim_web(virtual_time& time, uint64_t seed) : time_(time), dice_(seed) {
  // nop
}

void sim_web::set(std::set<way>& ways, way which, bool on) {
  mended_[which] = time_.now();
  if (on)
    ways.insert(std::move(which));
  else
    ways.erase(which);
}

void sim_web::cut(uint64_t client, const std::string& host, bool is_cut) {
  set(cut_, {client, host}, is_cut);
}

void sim_web::hang_look_ups(uint64_t client, const std::string& host,
                            bool hang) {
  set(hung_, {client, host}, hang);
}

// Client 0 stands for all clients.
bool sim_web::has(const std::set<way>& ways, uint64_t client,
                  std::string_view host) {
  return !ways.empty()
         && (ways.contains({client, std::string{host}})
             || ways.contains({0, std::string{host}})
             || ways.contains({client, any_host}));
}

virtual_duration sim_web::kept_off_at(uint64_t client,
                                      const std::string& host) const {
  if (has(cut_, client, host) || has(hung_, client, host))
    return time_.now();
  auto out = long_ago;
  for (auto& which : {way{client, host}, way{0, host}, way{client, any_host}})
    if (auto at = mended_.find(which); at != mended_.end())
      out = std::max(out, at->second);
  return out;
}

uint64_t sim_web::begin(uint64_t client, const http_request& x,
                        sim_exchange::done done,
                        std::function<void(std::string)> piece) {
  auto id = ++last_;
  if (dead_.contains(client))
    return id;
  auto made = std::make_shared<sim_exchange>(*this, client, x);
  made->done_ = [this, id, client,
                 done = std::move(done)](result<http_response> got) {
    open_by_client_[client].erase(id);
    open_.erase(id);
    done(std::move(got));
  };
  made->piece_ = std::move(piece);
  open_by_client_[client].emplace(id, made);
  open_.emplace(id, client);
  time_.add_to_hash(quick_hash(x.url));
  if (on_request)
    on_request(*made);
  if (made->piece_)
    made->watch_stall();
  route(made);
  return id;
}

void sim_web::route(const exchange_ptr& x) {
  auto& request = x->request;
  auto lost = [&](const std::string& why, virtual_duration after,
                  int code = CURLE_COULDNT_CONNECT) {
    time_.events().after(after, [x, why, code] {
      if (x->open())
        x->finish(fail(classify(
          x->request, {code, why, false, std::chrono::milliseconds{0}})));
    });
  };
  if (!is_web_url(request.url)) {
    time_.events().after(0ns, [x] {
      x->finish(fail(failure_kind::invalid_input,
                     "not an http or https URL: "
                       + excerpt(redacted_url(x->request.url), 80)));
    });
    return;
  }
  if (has(hung_, x->client, x->host())) {
    auto wait = std::min(http_config{}.look_up_timeout,
                         request.connect_timeout);
    if (request.total_timeout.count() > 0)
      wait = std::min(wait, request.total_timeout);
    return lost("the name look-up takes too long", virtual_duration{wait},
                CURLE_COULDNT_RESOLVE_HOST);
  }
  if (has(cut_, x->client, x->host()))
    return lost("no route to the host",
                virtual_duration{request.connect_timeout});
  auto at = servers_.find(std::string{x->host()});
  if (at == servers_.end())
    return lost("could not connect", dice_.duration(0.001, 0.01));
  // The request takes time on its way to the server.
  auto trip = dice_.duration(latency.low_s, latency.high_s);
  time_.events().after(trip, [this, x] {
    if (!x->open())
      return;
    auto there = servers_.find(std::string{x->host()});
    if (there == servers_.end())
      return x->reset(0ns);
    there->second(x);
  });
}

void sim_web::cancel(uint64_t client, const std::string& group) {
  auto& mine = open_by_client_[client];
  std::vector<exchange_ptr> ending;
  for (auto& [id, x] : mine)
    if (x->request.group.starts_with(group))
      ending.push_back(x);
  for (auto& x : ending) {
    auto closed = std::exchange(x->on_closed, nullptr);
    x->finish(fail(failure_kind::aborted, "the request was cancelled"));
    if (closed)
      closed();
  }
}

void sim_web::drop(uint64_t client) {
  dead_.insert(client);
  auto mine = std::move(open_by_client_[client]);
  open_by_client_.erase(client);
  for (auto& [id, x] : mine) {
    open_.erase(id);
    x->close();
  }
}

// -- the actor ----------------------------------------------------------------

namespace {

using sim_http_shell = http_actor::extend<caf::reacts_to<sim_http_done>>;

struct sim_http_state {
  static inline const char* name = "http";
  uint64_t last = 0;
  std::map<uint64_t, caf::typed_response_promise<http_response>> pending;
};

using self_ptr = sim_http_shell::stateful_pointer<sim_http_state>;

sim_http_shell::behavior_type behave(self_ptr self, sim_web* web,
                                     uint64_t client) {
  auto weak = caf::actor_cast<caf::actor_addr>(sim_http_shell{self});
  auto begin = [self, web, client,
                weak](const http_request& x,
                      std::function<void(std::string)> piece) {
    auto out = self->make_response_promise<http_response>();
    auto id = ++self->state.last;
    self->state.pending.emplace(id, out);
    web->begin(
      client, x,
      [weak, id](result<http_response> got) {
        if (auto to = caf::actor_cast<sim_http_shell>(weak))
          caf::anon_send(to, sim_http_done{id, std::move(got)});
      },
      std::move(piece));
    return out;
  };
  return {
    [begin](const http_request& x) -> caf::result<http_response> {
      return begin(x, nullptr);
    },
    [begin](const http_request& x,
            const http_sink_actor& sink) -> caf::result<http_response> {
      return begin(x, [sink, group = x.group](std::string bytes) {
        caf::anon_send(sink, msg::http_chunk{group, std::move(bytes)});
      });
    },
    [web, client](const msg::cancel_http& x) {
      web->cancel(client, x.group);
    },
    [self](sim_http_done& x) {
      auto node = self->state.pending.extract(x.id);
      if (node.empty())
        return;
      if (x.answer)
        node.mapped().deliver(std::move(*x.answer));
      else
        node.mapped().deliver(to_error(x.answer.error()));
    },
  };
}

} // namespace

http_actor sim_web::spawn_client(uint64_t client) {
  return time_.system().spawn(behave, this, client);
}

} // namespace render::harness
