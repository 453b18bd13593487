#include "app/worker/status_http.hpp"

#include "app/worker/listening.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <unistd.h>

#include <list>
#include <optional>
#include <thread>
#include <utility>

namespace render {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace sys = boost::system;
using tcp = asio::ip::tcp;
using namespace std::chrono_literals;

constexpr uint32_t header_max = 8192;
constexpr size_t connections_max = 256;
/// Of them with questions whose answers are big or late.
constexpr size_t connections_at_back_max = 64;
/// Limit for receiving a request that has begun, and for sending an answer.
constexpr auto transfer_limit = 5s;
/// Limit between two requests; a scraper comes every 15 s.
constexpr auto idle_limit = 30s;
/// Bytes that a refused client may still send, and how long, so that it reads
/// the reason.
constexpr size_t refused_max = 1 << 20;
constexpr auto refused_limit = 1s;

class session;
struct house;

/// One thread, and the sessions that it serves. The session that has been quiet
/// for longest is first.
struct hall {
  hall(house& of, size_t at_most) : whole(of), sessions_max(at_most) {
    // nop
  }

  void take(tcp::socket socket);
  void make_room();

  house& whole;
  size_t sessions_max;
  // Outlives the sessions, which are among the handlers of `io`.
  std::list<session*> open;
  asio::io_context io{1};
  std::thread thread;
};

/// Quick answers are given by the thread at the front, which accepts too, so
/// that nothing at the back delays them.
struct house {
  hall& of(const std::string& path) {
    return how.back_paths.contains(path) ? back : front;
  }

  status_http::settings how;
  status_http::handler answer;
  hall front{*this, connections_max};
  hall back{*this, connections_at_back_max};
};

/// A request, as far as its answer needs it.
struct asked {
  std::string path;
  bool keep_alive = false;
  bool head = false;
};

class session : public std::enable_shared_from_this<session> {
public:
  session(hall& where, tcp::socket socket, beast::flat_buffer read_already = {})
    : hall_(where), stream_(std::move(socket)),
      buffer_(std::move(read_already)) {
    buffer_.max_size(size_t{2} * header_max);
    place_ = hall_.open.insert(hall_.open.end(), this);
  }

  session(const session&) = delete;
  session& operator=(const session&) = delete;

  ~session() {
    leave();
  }

  void start() {
    stream_.expires_after(transfer_limit);
    read_request();
  }

  void answer(asked x) {
    asked_ = std::move(x);
    asked_at_ = std::chrono::steady_clock::now();
    answering_ = true;
    // Keeps this session alive until its answer comes.
    kept_ = shared_from_this();
    stream_.expires_never();
    hall_.whole.answer(
      asked_.path,
      [weak = weak_from_this(), io = stream_.get_executor()](http_answer x) {
        asio::post(io, [weak, x = std::move(x)]() mutable {
          if (auto self = weak.lock())
            self->send(std::move(x), self->asked_.keep_alive);
        });
      });
  }

  bool answering() const noexcept {
    return answering_;
  }

  void close() {
    leave();
    stream_.close();
    kept_ = nullptr;
  }

private:
  void leave() {
    if (auto at = std::exchange(place_, std::nullopt))
      hall_.open.erase(*at);
  }

  void read_request() {
    parser_.emplace();
    parser_->header_limit(header_max);
    parser_->body_limit(0);
    http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](sys::error_code err, size_t) {
        self->arrived(err);
      });
  }

  void arrived(sys::error_code err) {
    if (err == http::error::body_limit)
      return refuse(http::status::payload_too_large, "no body is taken here\n");
    if (err == http::error::header_limit || err == http::error::buffer_overflow)
      return refuse(http::status::request_header_fields_too_large,
                    "a request has 8 KB at most\n");
    auto& of_http
      = http::make_error_code(http::error::end_of_stream).category();
    if (err && err.category() == of_http && err != http::error::end_of_stream
        && err != http::error::partial_message)
      return refuse(http::status::bad_request, "no HTTP request\n");
    if (err)
      return;
    auto& request = parser_->get();
    if (parser_->chunked() || parser_->content_length().value_or(0) > 0)
      return refuse(http::status::payload_too_large, "no body is taken here\n");
    if (request.method() != http::verb::get
        && request.method() != http::verb::head)
      return refuse(http::status::method_not_allowed, "GET only\n");
    auto host = request.find(http::field::host);
    if (host == request.end() && request.version() >= 11)
      return refuse(http::status::bad_request, "no Host\n");
    if (host != request.end()
        && !is_our_host({host->value().data(), host->value().size()},
                        hall_.whole.how.hosts))
      return refuse(http::status::misdirected_request,
                    "this Host is not one of mine; see STATUS_HOSTS\n");
    auto target = std::string{request.target()};
    asked next{target.substr(0, target.find('?')), request.keep_alive(),
               request.method() == http::verb::head};
    auto& where = hall_.whole.of(next.path);
    if (&where == &hall_)
      answer(std::move(next));
    else
      move_to(where, std::move(next));
  }

  void move_to(hall& where, asked next) {
    auto socket = stream_.release_socket();
    sys::error_code err;
    auto protocol = socket.local_endpoint(err).protocol();
    auto handle = socket.release(err);
    if (err)
      return;
    leave();
    tcp::socket moved{where.io, protocol, handle};
    asio::post(where.io, [&where, socket = std::move(moved),
                          buffer = std::move(buffer_),
                          next = std::move(next)]() mutable {
      where.make_room();
      std::make_shared<session>(where, std::move(socket), std::move(buffer))
        ->answer(std::move(next));
    });
  }

  void refuse(http::status status, std::string why) {
    asked_ = {};
    asked_at_ = std::chrono::steady_clock::now();
    asked_.head = parser_->get().method() == http::verb::head;
    send({static_cast<unsigned>(status), "text/plain; charset=utf-8",
          std::move(why)},
         false);
  }

  void send(http_answer x, bool keep_alive) {
    answering_ = false;
    kept_ = nullptr;
    if (auto& served = hall_.whole.how.served)
      served(asked_.path, x.status,
             std::chrono::duration<double>(std::chrono::steady_clock::now()
                                           - asked_at_)
               .count());
    // Moves this session to the end, so that others are closed before it.
    if (place_)
      hall_.open.splice(hall_.open.end(), hall_.open, *place_);
    auto size = x.body.size();
    response_ = {};
    response_.version(11);
    response_.result(x.status);
    response_.set(http::field::content_type, x.type);
    response_.set(http::field::cache_control, "no-store");
    response_.set("X-Content-Type-Options", "nosniff");
    if (x.status == 405)
      response_.set(http::field::allow, "GET, HEAD");
    if (!asked_.head)
      response_.body() = std::move(x.body);
    response_.keep_alive(keep_alive);
    response_.content_length(size);
    stream_.expires_after(transfer_limit);
    http::async_write(
      stream_, response_,
      [self = shared_from_this(), keep_alive](sys::error_code err, size_t) {
        if (err)
          return;
        if (keep_alive)
          self->wait_for_more();
        else
          self->linger(0);
      });
  }

  void wait_for_more() {
    if (buffer_.size() > 0)
      return start();
    stream_.expires_after(idle_limit);
    stream_.async_read_some(
      buffer_.prepare(header_max),
      [self = shared_from_this()](sys::error_code err, size_t size) {
        if (err)
          return;
        self->buffer_.commit(size);
        self->start();
      });
  }

  // Reads on for a while after a refusal: a close with unread bytes would reset
  // the connection, and the client would not read the reason.
  void linger(size_t seen) {
    sys::error_code ignored;
    if (seen == 0) {
      stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
      stream_.expires_after(refused_limit);
      buffer_.clear();
    }
    stream_.async_read_some(
      buffer_.prepare(header_max),
      [self = shared_from_this(), seen](sys::error_code err, size_t size) {
        if (!err && seen + size < refused_max)
          self->linger(seen + size);
      });
  }

  hall& hall_;
  std::optional<std::list<session*>::iterator> place_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  asked asked_;
  std::chrono::steady_clock::time_point asked_at_;
  http::response<http::string_body> response_;
  bool answering_ = false;
  std::shared_ptr<session> kept_;
};

void hall::take(tcp::socket socket) {
  make_room();
  std::make_shared<session>(*this, std::move(socket))->start();
}

void hall::make_room() {
  if (open.size() < sessions_max)
    return;
  auto* oldest = open.front();
  for (auto* x : open)
    if (!x->answering()) {
      oldest = x;
      break;
    }
  oldest->close();
}

} // namespace

struct status_http::implementation {
  house whole;
  listening_port port{whole.front.io};
};

status_http::status_http(std::unique_ptr<implementation> impl)
  : impl_(std::move(impl)) {
  // nop
}

result<std::unique_ptr<status_http>> status_http::listen(settings how) {
  auto impl = std::make_unique<implementation>();
  impl->whole.how = std::move(how);
  auto& where = impl->whole.how;
  if (auto ok = impl->port.open(where.host, where.port, where.more_ports); !ok)
    return fail(ok.error());
  return std::unique_ptr<status_http>{new status_http{std::move(impl)}};
}

status_http::~status_http() {
  auto& whole = impl_->whole;
  for (auto* x : {&whole.front, &whole.back})
    x->io.stop();
  for (auto* x : {&whole.front, &whole.back}) {
    if (x->thread.joinable())
      x->thread.join();
  }
  // A session that waits for its answer keeps itself alive, so it is closed
  // here.
  for (auto* x : {&whole.front, &whole.back})
    while (!x->open.empty())
      x->open.front()->close();
}

void status_http::serve(handler answer) {
  auto& whole = impl_->whole;
  whole.answer = std::move(answer);
  impl_->port.accept([&whole](tcp::socket x) {
    whole.front.take(std::move(x));
  });
  for (auto* x : {&whole.front, &whole.back})
    x->thread = std::thread{[x] {
      auto stay = asio::make_work_guard(x->io);
      x->io.run();
    }};
}

int status_http::port() const noexcept {
  return impl_->port.port();
}

bool status_http::on_loopback() const noexcept {
  return impl_->port.on_loopback();
}

void status_http::later(std::chrono::milliseconds delay,
                        std::function<void()> task) {
  auto timer = std::make_shared<asio::steady_timer>(impl_->whole.front.io,
                                                    delay);
  timer->async_wait([timer, task = std::move(task)](sys::error_code err) {
    if (!err)
      task();
  });
}

} // namespace render
