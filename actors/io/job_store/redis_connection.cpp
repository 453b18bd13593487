#include "actors/io/job_store/redis_connection.hpp"

#include "actors/io/job_store/codec.hpp"
#include "actors/io/job_store/uv_attach.hpp"

#include <algorithm>
#include <utility>

namespace render::job_store {

namespace {

reply to_reply(const redisReply& x) {
  switch (x.type) {
  case REDIS_REPLY_INTEGER:
    return reply::of(int64_t{x.integer});
  case REDIS_REPLY_STRING:
  case REDIS_REPLY_STATUS:
    return reply::of(std::string{x.str, x.len});
  case REDIS_REPLY_ERROR:
    return reply::error({x.str, x.len});
  case REDIS_REPLY_ARRAY: {
    std::vector<reply> xs;
    xs.reserve(x.elements);
    for (size_t i = 0; i < x.elements; ++i)
      xs.push_back(to_reply(*x.element[i]));
    return reply::of(std::move(xs));
  }
  default:
    return {};
  }
}

uint64_t ms(milliseconds x) {
  return static_cast<uint64_t>(x.count());
}

redis_connection* owner(const redisAsyncContext* ac) {
  return static_cast<redis_connection*>(ac->data);
}

} // namespace

command make_command(const script& lua, const std::vector<std::string>& keys,
                     std::vector<std::string> argv) {
  command out;
  out.lua = &lua;
  out.args.reserve(3 + keys.size() + argv.size());
  out.args.insert(out.args.end(),
                  {"EVALSHA", lua.sha1, std::to_string(keys.size())});
  out.args.insert(out.args.end(), keys.begin(), keys.end());
  std::move(argv.begin(), argv.end(), std::back_inserter(out.args));
  return out;
}

redis_connection::redis_connection(uv_loop_t* loop, link_options options,
                                   on_done done, on_change changed)
  : loop_(loop), options_(std::move(options)), done_(std::move(done)),
    changed_(std::move(changed)), backoff_(options_.backoff_min) {
  uv_timer_init(loop_, &timer_);
  uv_timer_init(loop_, &watchdog_);
  timer_.data = this;
  watchdog_.data = this;
}

void redis_connection::connect() {
  if (state_ != state::down)
    return;
  state_ = state::connecting;
  uv_timer_start(&timer_, on_timer, ms(options_.connect_timeout), 0);
  context_ = redisAsyncConnect(options_.host.c_str(), options_.port);
  if (!context_)
    return lost("out of memory");
  context_->data = this;
  if (context_->err)
    return lost(context_->errstr);
  if (!attach(context_, loop_))
    return lost("the event loop refuses the socket");
  // A peer that vanished without a word must not look like an idle queue.
  redisEnableKeepAlive(&context_->c);
  // The callback of the connect registers the write event too.
  redisAsyncSetDisconnectCallback(context_, on_disconnect);
  redisAsyncSetConnectCallback(context_, on_connect);
}

void redis_connection::on_connect(const redisAsyncContext* ac, int status) {
  auto* self = owner(ac);
  if (!self)
    return;
  if (status == REDIS_OK)
    return self->handshake();
  // hiredis frees this context itself.
  self->context_ = nullptr;
  self->lost(ac->c.errstr);
}

void redis_connection::on_disconnect(const redisAsyncContext* ac, int) {
  auto* self = owner(ac);
  if (!self)
    return;
  self->context_ = nullptr;
  self->lost(ac->err && ac->errstr ? ac->errstr : "connection closed");
}

// Commands wait for its end: in the wrong database, or unauthenticated, or
// while Redis loads, they must not run. A frozen Redis does not get here.
void redis_connection::handshake() {
  std::vector<std::vector<std::string>> steps;
  if (!options_.password.empty() && options_.username.empty())
    steps.push_back({"AUTH", options_.password});
  else if (!options_.password.empty())
    steps.push_back({"AUTH", options_.username, options_.password});
  if (options_.db != 0)
    steps.push_back({"SELECT", std::to_string(options_.db)});
  steps.push_back({"PING"});
  handshake_left_ = steps.size();
  for (auto& args : steps)
    write({0, std::move(args), nullptr, options_.connect_timeout}, true);
}

void redis_connection::send(command x) {
  switch (state_) {
  case state::up:
    return write(std::move(x), false);
  case state::connecting:
    held_.push_back(std::move(x));
    return;
  case state::down:
    return done_(
      x.id, fail(failure_kind::unavailable, address() + ": " + last_error_));
  case state::closed:
    return;
  }
}

void redis_connection::flush() {
  // May lose the connection, then `context_` is gone.
  if (state_ == state::up && context_ && !flying_.empty())
    redisAsyncHandleWrite(context_);
}

void redis_connection::write(command x, bool internal) {
  std::vector<const char*> texts;
  std::vector<size_t> lengths;
  texts.reserve(x.args.size());
  lengths.reserve(x.args.size());
  for (auto& arg : x.args) {
    texts.push_back(arg.data());
    lengths.push_back(arg.size());
  }
  auto sent = redisAsyncCommandArgv(context_, on_reply, nullptr,
                                    static_cast<int>(x.args.size()),
                                    texts.data(), lengths.data());
  if (sent != REDIS_OK) // It is being closed.
    return done_(x.id,
                 fail(failure_kind::unavailable, address() + ": closing"));
  if (flying_.empty())
    uv_timer_start(&watchdog_, on_watchdog, 100, 100);
  auto deadline = uv_now(loop_) + ms(x.timeout);
  flying_.push_back({std::move(x), deadline, internal});
}

void redis_connection::on_reply(redisAsyncContext* ac, void* raw, void*) {
  // Without a reply the connection is lost, which `lost` deals with.
  if (auto* self = owner(ac); self && raw)
    self->handle(to_reply(*static_cast<redisReply*>(raw)));
}

void redis_connection::handle(reply x) {
  if (flying_.empty())
    return;
  auto front = std::move(flying_.front());
  flying_.pop_front();
  if (flying_.empty())
    uv_timer_stop(&watchdog_);
  auto is_error = x.type == reply::kind::error;
  if (front.internal) {
    if (is_error) {
      auto why = failure_of(x.text).message;
      drop_context();
      return lost(why);
    }
    if (--handshake_left_ > 0)
      return;
    uv_timer_stop(&timer_);
    state_ = state::up;
    backoff_ = options_.backoff_min;
    changed_(true, address() + ": connected");
    for (auto& held : std::exchange(held_, {}))
      send(std::move(held));
    return;
  }
  if (is_error && front.what.lua && front.what.args[0] == "EVALSHA"
      && x.text.starts_with("NOSCRIPT")) {
    front.what.args[0] = "EVAL";
    front.what.args[1] = front.what.lua->text;
    return write(std::move(front.what), false);
  }
  done_(front.what.id, std::move(x));
}

void redis_connection::on_timer(uv_timer_t* timer) {
  auto* self = static_cast<redis_connection*>(timer->data);
  if (self->state_ == state::down)
    return self->connect();
  self->drop_context();
  self->lost("no answer to connect in time");
}

void redis_connection::on_watchdog(uv_timer_t* timer) {
  auto* self = static_cast<redis_connection*>(timer->data);
  if (self->flying_.empty()
      || self->flying_.front().deadline_ms > uv_now(self->loop_))
    return;
  self->drop_context();
  self->lost("no reply in time");
}

void redis_connection::drop_context() {
  if (auto* context = std::exchange(context_, nullptr)) {
    context->data = nullptr;
    redisAsyncFree(context);
  }
}

void redis_connection::lost(const std::string& why) {
  if (state_ == state::closed)
    return;
  auto was_up = state_ == state::up;
  last_error_ = why;
  drop_context();
  state_ = state::down;
  uv_timer_stop(&watchdog_);
  uv_timer_start(&timer_, on_timer, ms(backoff_), 0);
  // Said once an outage, and again when the delay has grown to its limit.
  if (was_up || backoff_ == options_.backoff_min)
    changed_(false, address() + ": " + why);
  backoff_ = std::min(backoff_ * 2, options_.backoff_max);
  for (auto& x : std::exchange(held_, {}))
    done_(x.id, fail(failure_kind::unavailable, address() + ": " + why));
  for (auto& x : std::exchange(flying_, {}))
    if (!x.internal)
      done_(x.what.id,
            fail(failure_kind::outcome_unknown, address() + ": " + why));
}

void redis_connection::close() {
  state_ = state::closed;
  drop_context();
  held_.clear();
  flying_.clear();
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&watchdog_), nullptr);
}

std::string redis_connection::address() const {
  return "Redis " + options_.host + ":" + std::to_string(options_.port);
}

} // namespace render::job_store
