#include "app/web/session.hpp"

#include "app/web/head.hpp"
#include "app/web/uploads.hpp"
#include "app/web/writing.hpp"
#include "messages/http.hpp"
#include "messages/text/lower.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <limits>
#include <optional>
#include <utility>

namespace render::web {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace sys = boost::system;
using asio::awaitable;
using asio::use_awaitable;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

/// Bytes that a refused client may still send, and how long, so that it reads
/// the reason.
constexpr size_t refused_max = 1 << 20;
constexpr auto refused_limit = 1s;
constexpr size_t piece_size = 64u << 10;

auto into(sys::error_code& err) {
  return asio::redirect_error(use_awaitable, err);
}

double seconds_now() {
  return std::chrono::duration<double>(steady::now().time_since_epoch())
    .count();
}

response too_busy() {
  auto out = problem(503, "too many requests wait already");
  out.headers.emplace_back("Retry-After", "1");
  return out;
}

response guarded(const handler& f, const request& x, records::redis& db) {
  try {
    return f(x, db);
  } catch (const std::exception&) {
    return problem(500, "");
  }
}

class session : public connection,
                public std::enable_shared_from_this<session> {
public:
  session(hall& house, tcp::socket socket)
    : hall_(house), stream_(std::move(socket)), timer_(stream_.get_executor()),
      buffer_(2 * size_t{house.how.limits.header_bytes}) {
    place_ = hall_.open.insert(hall_.open.end(), this);
    sys::error_code ignored;
    auto from = stream_.socket().remote_endpoint(ignored);
    peer_ = from.address().to_string(ignored);
  }

  session(const session&) = delete;
  session& operator=(const session&) = delete;

  ~session() override {
    leave();
  }

  bool idle() const noexcept override {
    return idle_;
  }

  void close() override {
    leave();
    stream_.close();
  }

  // Errors of the network end it; there is nobody to tell.
  awaitable<void> run() {
    for (;;) {
      if (!co_await something_comes())
        co_return;
      auto again = co_await one_request();
      receiver_.reset();
      if (!again)
        break;
    }
    co_await linger();
  }

private:
  const server_limits& limits() const {
    return hall_.how.limits;
  }

  void leave() {
    if (auto at = std::exchange(place_, std::nullopt))
      hall_.open.erase(*at);
  }

  awaitable<bool> something_comes() {
    // Moves this session to the end, so that others make room before it.
    if (place_)
      hall_.open.splice(hall_.open.end(), hall_.open, *place_);
    if (buffer_.size() > 0)
      co_return true;
    idle_ = true;
    stream_.expires_after(limits().idle);
    sys::error_code err;
    auto got = co_await stream_.async_read_some(buffer_.prepare(piece_size / 8),
                                                into(err));
    idle_ = false;
    buffer_.commit(got);
    co_return !err;
  }

  /// False when the connection is to be closed.
  awaitable<bool> one_request() {
    parser_.emplace();
    parser_->header_limit(limits().header_bytes);
    parser_->body_limit(std::numeric_limits<uint64_t>::max());
    stream_.expires_after(limits().request);
    began_ = steady::now();
    pattern_ = "";
    sys::error_code err;
    co_await http::async_read_header(stream_, buffer_, *parser_, into(err));
    // Bytes of the body that came along wait in the buffer.
    if (err == http::error::need_buffer)
      err = {};
    if (err) {
      auto refusal = refusal_of(err);
      if (refusal)
        co_await send(std::move(*refusal), false, false);
      co_return false;
    }
    auto head = head_of(parser_->get(), peer_, hall_.how.proxies,
                        limits().header_bytes);
    auto& x = head.x;
    if (head.refused) {
      co_await send(std::move(*head.refused), false, false);
      co_return false;
    }
    auto only_head = x.method == "HEAD";
    auto target = parser_->get().target();
    auto verdict = hall_.checks.admit(x, {target.data(), target.size()},
                                      seconds_now());
    if (!verdict.to) {
      note(x, verdict.refused.status);
      auto keep = parser_->is_done() && parser_->keep_alive();
      co_return co_await send(std::move(verdict.refused), only_head, keep);
    }
    pattern_ = verdict.to->pattern;
    auto refusal = co_await read_body(x, *verdict.to);
    if (refusal) {
      note(x, refusal->status);
      co_await send(std::move(*refusal), only_head, false);
      co_return false;
    }
    stream_.expires_never();
    auto y = co_await call(verdict.to->answer, x);
    if (y.wait) {
      auto wait = std::move(*y.wait);
      y = co_await wait_for(std::move(wait), x);
    }
    note(x, y.status);
    if (y.stream && only_head)
      y.type = "text/event-stream";
    else if (y.stream) {
      auto wanted = std::move(*y.stream);
      co_await send_events(std::move(wanted));
      co_return false;
    }
    auto keep = parser_->keep_alive();
    co_return co_await send(std::move(y), only_head, keep);
  }

  // -- what comes in ----------------------------------------------------------

  /// A value is the answer to a body that is not taken.
  awaitable<std::optional<response>> read_body(request& x, const route& to) {
    auto of_form = to.takes == route::body::files && x.method == "POST";
    auto most = of_form ? limits().upload_bytes : limits().body_bytes;
    if (parser_->content_length().value_or(0) > most)
      co_return too_large(most);
    if (of_form) {
      // The gate has seen that there is one.
      auto boundary = boundary_of(x.header("content-type")).value_or("");
      receiver_ = std::make_unique<upload_receiver>(
        boundary, hall_.how.upload_folder, most);
    }
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!parser_->is_done() && lower(x.header("expect")) == "100-continue")
      co_await asio::async_write(stream_, asio::buffer(go_on), use_awaitable);
    auto end = steady::now() + (of_form ? limits().upload : limits().request);
    std::string piece(of_form ? piece_size : piece_size / 8, '\0');
    while (!parser_->is_done()) {
      auto& body = parser_->get().body();
      body.data = piece.data();
      body.size = piece.size();
      stream_.expires_at(std::min(end, steady::now() + limits().piece));
      sys::error_code err;
      co_await http::async_read_some(stream_, buffer_, *parser_, into(err));
      if (err == beast::error::timeout)
        co_return problem(408, "the body came too slowly");
      if (err && err != http::error::need_buffer)
        co_return problem(400, "the body cannot be read");
      std::string_view got{piece.data(), piece.size() - body.size};
      if (receiver_) {
        if (auto ok = receiver_->take(got); !ok)
          co_return upload_refusal(ok.error(), most);
      } else if (x.body.size() + got.size() > most) {
        co_return too_large(most);
      } else {
        x.body += got;
      }
    }
    if (receiver_) {
      auto parts = receiver_->finish();
      if (!parts)
        co_return upload_refusal(parts.error(), most);
      x.parts = std::move(*parts);
    }
    co_return std::nullopt;
  }

  static response too_large(uint64_t most) {
    return problem(413,
                   "at most " + std::to_string(most) + " bytes are taken here");
  }

  response upload_refusal(const failure& why, uint64_t most) {
    if (receiver_->too_large())
      return too_large(most);
    return problem(why.kind == failure_kind::unfit ? 507 : 400, why.message);
  }

  // -- handlers ---------------------------------------------------------------

  template <class T>
  awaitable<T> on_pool(std::function<T(records::redis&)> f, T else_) {
    auto start = [this, f = std::move(f), else_ = std::move(else_)](auto done) {
      using completion = decltype(done);
      auto shared = std::make_shared<completion>(std::move(done));
      auto finish = [shared, io = stream_.get_executor()](T x) {
        asio::post(io, [shared, x = std::move(x)]() mutable {
          (*shared)(std::move(x));
        });
      };
      auto taken = hall_.workers->add([f, finish](records::redis& db) {
        finish(f(db));
      });
      if (!taken)
        finish(else_);
    };
    return asio::async_initiate<decltype(use_awaitable), void(T)>(
      std::move(start), use_awaitable);
  }

  awaitable<response> call(const handler& f, const request& x) {
    return on_pool<response>(
      [&f, &x](records::redis& db) {
        return guarded(f, x, db);
      },
      too_busy());
  }

  awaitable<response> wait_for(wait_for_job wanted, const request& x) {
    auto most = std::chrono::duration<double>(limits().wait_most);
    auto wait = std::min(std::chrono::duration<double>(wanted.seconds), most);
    auto end = steady::now()
               + std::chrono::duration_cast<steady::duration>(wait);
    auto news = hall_.hub.join(wanted.job);
    hall_.note_watched();
    while (news && !news->ended() && steady::now() < end) {
      news->take();
      co_await wake_or(*news, end);
    }
    news.reset();
    co_return co_await call(wanted.then, x);
  }

  awaitable<void> wake_or(subscription& news, steady::time_point end) {
    timer_.expires_at(end);
    news.wake = [this] {
      timer_.cancel();
    };
    sys::error_code ignored;
    co_await timer_.async_wait(into(ignored));
    news.wake = nullptr;
  }

  // -- what goes out ----------------------------------------------------------

  awaitable<bool> send(response y, bool only_head, bool keep) {
    count(y.status);
    return write_answer(stream_, std::move(y), {only_head, keep},
                        limits().piece);
  }

  void count(unsigned status) {
    auto seconds = std::chrono::duration<double>(steady::now() - began_);
    if (hall_.to.served)
      hall_.to.served(pattern_, status, seconds.count());
  }

  awaitable<void> send_events(event_stream wanted) {
    auto news = hall_.hub.join(wanted.job);
    if (!news) {
      auto refusal = too_busy();
      co_await send(std::move(refusal), false, false);
      co_return;
    }
    hall_.note_watched();
    response shown;
    shown.type = "text/event-stream";
    shown.headers.emplace_back("X-Accel-Buffering", "no");
    http::response<http::empty_body> head;
    count(shown.status);
    set_common_headers(head, shown);
    head.chunked(true);
    stream_.expires_after(limits().piece);
    http::response_serializer<http::empty_body> writer{head};
    co_await http::async_write_header(stream_, writer, use_awaitable);
    std::string text = "retry: 2000\n\n";
    co_await write_chunk(text);
    std::string sent;
    if (is_event_id(wanted.last_id)) {
      sent = wanted.last_id;
      auto missed = co_await missed_since(wanted);
      co_await write_events(missed, sent);
    }
    if (!wanted.now.empty()) {
      told first{{}, wanted.ended ? "end" : "state", wanted.now, wanted.job};
      text = event_text(first);
      co_await write_chunk(text);
    }
    while (!wanted.ended) {
      auto xs = news->take();
      auto over = news->ended();
      co_await write_events(xs, sent);
      if (over)
        break;
      if (!news->empty())
        continue;
      stream_.expires_never();
      co_await wake_or(*news, steady::now() + limits().pulse);
      text = ":\n\n";
      if (news->empty())
        co_await write_chunk(text);
    }
    stream_.expires_after(limits().piece);
    co_await asio::async_write(stream_, http::make_chunk_last(), use_awaitable);
  }

  // `wanted` outlives it.
  awaitable<std::vector<told>> missed_since(const event_stream& wanted) {
    return on_pool<std::vector<told>>(
      [&wanted](records::redis& db) -> std::vector<told> {
        auto got = missed_events(db, wanted.last_id, wanted.job);
        if (got)
          return std::move(*got);
        return {{{}, "reset", "{}", {}}};
      },
      {{{}, "reset", "{}", {}}});
  }

  // An event may be both among the missed ones and among the news.
  awaitable<void> write_events(const std::vector<told>& xs, std::string& sent) {
    std::string text;
    for (auto& x : xs) {
      if (!x.id.empty() && !sent.empty() && !comes_after(x.id, sent))
        continue;
      if (!x.id.empty())
        sent = x.id;
      text += event_text(x);
    }
    if (!text.empty())
      co_await write_chunk(text);
  }

  awaitable<void> write_chunk(const std::string& text) {
    stream_.expires_after(limits().piece);
    co_await asio::async_write(stream_, http::make_chunk(asio::buffer(text)),
                               use_awaitable);
  }

  // Reads on for a while after a refusal: a close with unread bytes would reset
  // the connection, and the client would not read the reason.
  awaitable<void> linger() {
    sys::error_code err;
    stream_.socket().shutdown(tcp::socket::shutdown_send, err);
    stream_.expires_after(refused_limit);
    std::string piece(piece_size / 8, '\0');
    for (size_t seen = 0; !err && seen < refused_max;)
      seen += co_await stream_.async_read_some(asio::buffer(piece), into(err));
  }

  void note(const request& x, unsigned status) {
    auto wrong_key = status == 401 && !presented_key(x).empty();
    if (hall_.to.audit && (wrong_key || x.method == "POST"))
      hall_.to.audit((x.who.name.empty() ? "somebody" : x.who.name) + " from "
                     + x.peer + ": " + excerpt(x.method, 10) + " "
                     + excerpt(x.path, 200) + ": " + std::to_string(status));
  }

  hall& hall_;
  std::optional<std::list<connection*>::iterator> place_;
  beast::tcp_stream stream_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::buffer_body>> parser_;
  std::unique_ptr<upload_receiver> receiver_;
  steady::time_point began_;
  std::string_view pattern_;
  std::string peer_;
  bool idle_ = false;
};

} // namespace

void start_session(hall& house, tcp::socket socket) {
  auto io = socket.get_executor();
  auto one = std::make_shared<session>(house, std::move(socket));
  asio::co_spawn(
    io,
    [one] {
      return one->run();
    },
    [one](const std::exception_ptr&) {
      // The network's errors end a session.
    });
}

} // namespace render::web
