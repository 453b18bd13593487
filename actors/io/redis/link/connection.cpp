#include "actors/io/redis/link/connection.hpp"

#include "actors/io/redis/link/hiredis_reply.hpp"
#include "actors/io/redis/scripts/codec.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

namespace render::job_store {

namespace {

uint64_t ms(milliseconds x) {
  return static_cast<uint64_t>(x.count());
}

/// A former master says this of a write, or of a wait that it ends.
bool says_replica(std::string_view error) {
  return error.starts_with("READONLY") || error.starts_with("UNBLOCKED")
         || error.find("-READONLY ") != std::string_view::npos;
}

std::vector<std::vector<std::string>> question_steps(const link_options& x) {
  std::vector<std::vector<std::string>> out;
  if (!x.sentinel_password.empty())
    out.push_back({"AUTH", x.sentinel_password});
  out.push_back({"SENTINEL", "get-master-addr-by-name", x.sentinel_master});
  return out;
}

std::vector<std::vector<std::string>> login_steps(const link_options& x) {
  std::vector<std::vector<std::string>> out;
  if (!x.password.empty() && x.username.empty())
    out.push_back({"AUTH", x.password});
  else if (!x.password.empty())
    out.push_back({"AUTH", x.username, x.password});
  if (x.db != 0)
    out.push_back({"SELECT", std::to_string(x.db)});
  out.push_back({"PING"});
  if (!x.sentinels.empty())
    out.push_back({"ROLE"});
  return out;
}

/// As a client sends it.
std::string encoded(const std::vector<std::string>& args) {
  size_t size = 32;
  for (auto& arg : args)
    size += arg.size() + 16;
  std::string out;
  out.reserve(size);
  auto put = [&out](char mark, size_t number) {
    std::array<char, 24> digits{};
    auto* end
      = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out += mark;
    out.append(digits.data(), end);
    out += "\r\n";
  };
  put('*', args.size());
  for (auto& arg : args) {
    put('$', arg.size());
    out += arg;
    out += "\r\n";
  }
  return out;
}

} // namespace

redis_connection::redis_connection(uv_loop_t* loop, link_options options,
                                   size_t answer_max, on_done done,
                                   on_change changed)
  : loop_(loop), options_(std::move(options)), answer_max_(answer_max),
    done_(std::move(done)), changed_(std::move(changed)),
    backoff_(options_.backoff_min) {
  uv_timer_init(loop_, &timer_);
  uv_timer_init(loop_, &watchdog_);
  timer_.data = this;
  watchdog_.data = this;
}

void redis_connection::connect() {
  if (state_ != state::down)
    return;
  state_ = state::connecting;
  auto& sentinels = options_.sentinels;
  route_.asks = !sentinels.empty();
  route_.target = route_.asks ? sentinels[route_.sentinel % sentinels.size()]
                              : endpoint{options_.host, options_.port};
  open();
}

void redis_connection::open() {
  uv_timer_start(&timer_, on_timer, ms(options_.connect_timeout), 0);
  if (options_.tls.on && !tls_) {
    auto loaded = tls_context::load(options_.tls);
    if (!loaded)
      return lost(loaded.error().message);
    tls_ = std::move(*loaded);
  }
  reader_ = make_reader();
  answer_bytes_ = 0;
  lost_to_length_ = false;
  redis_stream::listener& listener = *this;
  stream_ = std::make_unique<redis_stream>(loop_, route_.target, tls_,
                                           options_.tls.server_name, listener);
  stream_->start();
}

// Commands wait for the end of these: in the wrong database, or
// unauthenticated, or while Redis loads, they must not run. A frozen Redis does
// not get here.
void redis_connection::opened() {
  auto steps = route_.asks ? question_steps(options_) : login_steps(options_);
  handshake_left_ = steps.size();
  for (auto& args : steps)
    write({0, std::move(args), nullptr, options_.connect_timeout}, true);
  stream_->flush();
}

void redis_connection::handshake_answered(const reply& x) {
  if (x.type == reply::kind::error)
    return refuse(failure_of(x.text).message);
  if (--handshake_left_ > 0)
    return;
  if (route_.asks)
    return found_master(x);
  // A sentinel may name a master of yesterday.
  if (!options_.sentinels.empty()
      && !(x.is_array(1) && x.elements[0].text == "master"))
    return refuse("it is not the master");
  uv_timer_stop(&timer_);
  state_ = state::up;
  backoff_ = options_.backoff_min;
  changed_(true, address() + ": connected");
  for (auto& held : std::exchange(held_, {}))
    send(std::move(held));
  flush();
}

void redis_connection::found_master(const reply& x) {
  if (!x.is_array(2))
    return refuse("this sentinel knows no master named "
                  + options_.sentinel_master);
  auto port = std::atoi(x.elements[1].text.c_str());
  if (port < 1 || port > 65535)
    return refuse("this sentinel names no port");
  drop_stream();
  route_.asks = false;
  route_.target = {x.elements[0].text, static_cast<uint16_t>(port)};
  open();
}

void redis_connection::reconnect(const std::string& why) {
  if (state_ == state::up)
    refuse(why);
}

void redis_connection::refuse(const std::string& why) {
  drop_stream();
  lost(why);
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
  // May lose the connection, then `stream_` is gone.
  if (state_ == state::up)
    stream_->flush();
}

void redis_connection::write(command x, bool internal) {
  stream_->write(encoded(x.args));
  if (flying_.empty())
    uv_timer_start(&watchdog_, on_watchdog, 100, 100);
  auto deadline = uv_now(loop_) + ms(x.timeout);
  flying_.push_back({std::move(x), deadline, internal});
}

void redis_connection::arrived(std::string_view bytes) {
  // Whoever hears of a reply may end the connection.
  auto reader = reader_;
  answer_bytes_ += bytes.size();
  redisReaderFeed(reader.get(), bytes.data(), bytes.size());
  while (reader == reader_) {
    void* raw = nullptr;
    if (redisReaderGetReply(reader.get(), &raw) != REDIS_OK)
      return refuse(reader->errstr);
    lost_to_length_ = !raw && answer_bytes_ > answer_max_;
    if (lost_to_length_)
      return refuse("an answer of more than " + std::to_string(answer_max_)
                    + " bytes was not read to its end");
    if (!raw)
      return;
    answer_bytes_ = 0;
    std::unique_ptr<redisReply, decltype(&freeReplyObject)> owned{
      static_cast<redisReply*>(raw), freeReplyObject};
    handle(to_reply(*owned));
  }
}

void redis_connection::handle(reply x) {
  if (flying_.empty())
    return;
  auto front = std::move(flying_.front());
  flying_.pop_front();
  if (flying_.empty())
    uv_timer_stop(&watchdog_);
  if (front.internal)
    return handshake_answered(x);
  auto is_error = x.type == reply::kind::error;
  if (is_error && front.what.lua && front.what.args[0] == "EVALSHA"
      && x.text.starts_with("NOSCRIPT")) {
    front.what.args[0] = "EVAL";
    front.what.args[1] = front.what.lua->text;
    write(std::move(front.what), false);
    return flush();
  }
  auto demoted = is_error && !options_.sentinels.empty()
                 && says_replica(x.text);
  auto why = demoted ? x.text : std::string{};
  done_(front.what.id, std::move(x));
  if (demoted)
    refuse(why);
}

void redis_connection::on_timer(uv_timer_t* timer) {
  auto* self = static_cast<redis_connection*>(timer->data);
  if (self->state_ == state::down) {
    self->route_.sentinels_tried = 0;
    return self->connect();
  }
  auto& stream = self->stream_;
  std::string why = "no answer in time, waited for ";
  why += stream ? stream->stage() : "it";
  // A Redis without TLS waits for the end of a line that never comes.
  if (stream && stream->in_tls_handshake())
    why += "; does it speak TLS on this port?";
  self->refuse(why);
}

void redis_connection::on_watchdog(uv_timer_t* timer) {
  auto* self = static_cast<redis_connection*>(timer->data);
  if (self->flying_.empty()
      || self->flying_.front().deadline_ms > uv_now(self->loop_))
    return;
  self->refuse("no reply in time");
}

void redis_connection::drop_stream() {
  stream_.reset();
  reader_.reset();
}

// One sentinel that is down or ignorant is no outage.
bool redis_connection::ask_another() {
  ++route_.sentinel;
  if (!route_.asks || ++route_.sentinels_tried >= options_.sentinels.size())
    return false;
  flying_.clear();
  uv_timer_stop(&watchdog_);
  drop_stream();
  state_ = state::down;
  connect();
  return true;
}

void redis_connection::lost(std::string why) {
  if (state_ == state::closed)
    return;
  if (state_ == state::connecting && ask_another())
    return;
  auto was_up = state_ == state::up;
  // A server that speaks TLS only hangs up on plain text.
  if (!was_up && !options_.tls.on && stream_ && stream_->is_open()
      && why.starts_with("connection "))
    why += " at once; does it demand TLS (REDIS_TLS=true)?";
  last_error_ = why;
  drop_stream();
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
  drop_stream();
  held_.clear();
  flying_.clear();
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&watchdog_), nullptr);
}

std::string redis_connection::address() const {
  auto text = route_.asks ? "Redis Sentinel " + route_.target.host
                          : "Redis " + route_.target.host;
  return route_.target.host.starts_with('/')
           ? text
           : text + ":" + std::to_string(route_.target.port);
}

} // namespace render::job_store
