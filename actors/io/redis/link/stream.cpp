#include "actors/io/redis/link/stream.hpp"

#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace render::job_store {

namespace {

constexpr int keep_alive_s = 15;
constexpr int keep_alive_interval_s = 5;
constexpr int keep_alive_probes = 3;

/// A peer that vanished without a word must not look like an idle queue. libuv
/// sets the first of the three times only.
void keep_alive(uv_tcp_t& tcp) {
  uv_tcp_keepalive(&tcp, 1, keep_alive_s);
  uv_os_fd_t fd = -1;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(&tcp), &fd) != 0)
    return;
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &keep_alive_interval_s,
             sizeof(keep_alive_interval_s));
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &keep_alive_probes,
             sizeof(keep_alive_probes));
}

struct writing {
  uv_write_t request{};
  std::string bytes;
};

std::string text_of(int status) {
  return uv_strerror(status);
}

} // namespace

struct redis_stream::lookup {
  uv_getaddrinfo_t request{};
  /// None: nobody waits any more.
  redis_stream* owner = nullptr;
};

struct redis_stream::socket {
  uv_any_handle handle{};
  uv_connect_t connecting{};
  /// None: being closed.
  redis_stream* owner = nullptr;
  std::array<char, 65536> buffer{};
};

redis_stream::redis_stream(uv_loop_t* loop, endpoint where,
                           std::shared_ptr<const tls_context> tls,
                           std::string server_name, listener& out)
  : loop_(loop), where_(std::move(where)), context_(std::move(tls)),
    server_name_(server_name.empty() ? where_.host : std::move(server_name)),
    out_(out) {
  // nop
}

redis_stream::~redis_stream() {
  if (lookup_) {
    lookup_->owner = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));
  }
  drop_socket();
}

void redis_stream::start() {
  if (where_.host.starts_with('/'))
    connect_unix();
  else
    look_up();
}

void redis_stream::look_up() {
  stage_ = "the name look-up";
  // libuv makes threads for look-ups; an address needs none.
  sockaddr_storage literal{};
  auto* host = where_.host.c_str();
  if (uv_ip4_addr(host, where_.port, reinterpret_cast<sockaddr_in*>(&literal))
        == 0
      || uv_ip6_addr(host, where_.port,
                     reinterpret_cast<sockaddr_in6*>(&literal))
           == 0) {
    addresses_.push_back(literal);
    return connect_next({});
  }
  auto asked = std::make_unique<lookup>();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  asked->owner = this;
  asked->request.data = asked.get();
  auto status = uv_getaddrinfo(loop_, &asked->request, on_found,
                               where_.host.c_str(),
                               std::to_string(where_.port).c_str(), &hints);
  if (status != 0)
    return lose("name look-up: " + text_of(status));
  lookup_ = asked.release();
}

void redis_stream::on_found(uv_getaddrinfo_t* request, int status,
                            addrinfo* addresses) {
  std::unique_ptr<lookup> asked{static_cast<lookup*>(request->data)};
  std::unique_ptr<addrinfo, decltype(&uv_freeaddrinfo)> found{addresses,
                                                              uv_freeaddrinfo};
  auto* self = asked->owner;
  if (!self)
    return;
  self->lookup_ = nullptr;
  if (status != 0)
    return self->lose("name look-up: " + text_of(status));
  for (auto* x = addresses; x; x = x->ai_next) {
    sockaddr_storage one{};
    std::memcpy(&one, x->ai_addr, std::min<size_t>(x->ai_addrlen, sizeof(one)));
    self->addresses_.push_back(one);
  }
  // Many a Redis listens on IPv4 alone.
  std::stable_partition(self->addresses_.begin(), self->addresses_.end(),
                        [](auto& x) {
                          return x.ss_family == AF_INET;
                        });
  self->connect_next("the name has no address");
}

void redis_stream::connect_next(const std::string& why) {
  if (next_address_ == addresses_.size())
    return lose(why);
  stage_ = "the connect";
  auto& address = addresses_[next_address_++];
  socket_ = new socket;
  socket_->owner = this;
  auto& tcp = socket_->handle.tcp;
  uv_tcp_init(loop_, &tcp);
  tcp.data = socket_->connecting.data = socket_;
  auto status = uv_tcp_connect(&socket_->connecting, &tcp,
                               reinterpret_cast<const sockaddr*>(&address),
                               on_connect);
  if (status == 0)
    return;
  drop_socket();
  connect_next(text_of(status));
}

void redis_stream::connect_unix() {
  context_ = nullptr;
  socket_ = new socket;
  socket_->owner = this;
  auto& pipe = socket_->handle.pipe;
  uv_pipe_init(loop_, &pipe, 0);
  pipe.data = socket_->connecting.data = socket_;
  uv_pipe_connect(&socket_->connecting, &pipe, where_.host.c_str(), on_connect);
}

void redis_stream::on_connect(uv_connect_t* request, int status) {
  auto* self = static_cast<socket*>(request->data)->owner;
  if (!self)
    return;
  if (status == 0)
    return self->connected();
  self->drop_socket();
  self->connect_next(text_of(status));
}

void redis_stream::connected() {
  if (!where_.host.starts_with('/')) {
    auto& tcp = socket_->handle.tcp;
    uv_tcp_nodelay(&tcp, 1);
    keep_alive(tcp);
  }
  auto status = uv_read_start(&socket_->handle.stream, on_allocate, on_read);
  if (status != 0)
    return lose(text_of(status));
  if (context_)
    return begin_tls();
  opened_ = true;
  stage_ = "Redis";
  out_.opened();
}

void redis_stream::begin_tls() {
  stage_ = "the TLS handshake";
  tls_.emplace(*context_, server_name_);
  received({});
}

void redis_stream::on_allocate(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
  auto& space = static_cast<socket*>(handle->data)->buffer;
  *buffer = uv_buf_init(space.data(), space.size());
}

void redis_stream::on_read(uv_stream_t* stream, ssize_t size,
                           const uv_buf_t* buffer) {
  auto* self = static_cast<socket*>(stream->data)->owner;
  if (!self || size == 0)
    return;
  if (size > 0)
    return self->received({buffer->base, static_cast<size_t>(size)});
  auto why = size == UV_EOF ? std::string{"connection closed"}
                            : text_of(static_cast<int>(size));
  self->lose(self->tls_ && !self->opened_ ? "TLS: " + why : why);
}

void redis_stream::received(std::string_view wire) {
  if (!tls_)
    return out_.arrived(wire);
  std::string plain;
  auto ok = tls_->receive(wire, plain);
  put(tls_->take_output());
  // Outlives this stream until the loop's next round.
  auto* here = socket_;
  if (!opened_ && tls_->established()) {
    opened_ = true;
    stage_ = "Redis";
    out_.opened();
  }
  if (here->owner && !plain.empty())
    out_.arrived(plain);
  if (here->owner && !ok)
    lose(ok.error().message);
}

void redis_stream::write(std::string_view bytes) {
  outgoing_ += bytes;
}

void redis_stream::flush() {
  if (!opened_ || outgoing_.empty())
    return;
  auto bytes = std::exchange(outgoing_, {});
  if (!tls_)
    return put(std::move(bytes));
  if (auto ok = tls_->send(bytes); !ok)
    return lose(ok.error().message);
  put(tls_->take_output());
}

void redis_stream::put(std::string wire) {
  if (wire.empty())
    return;
  auto out = std::make_unique<writing>();
  out->bytes = std::move(wire);
  out->request.data = out.get();
  auto buffer = uv_buf_init(out->bytes.data(),
                            static_cast<unsigned>(out->bytes.size()));
  // The reader hears of a broken socket too, and before that what the server
  // has said last.
  auto status = uv_write(&out->request, &socket_->handle.stream, &buffer, 1,
                         [](uv_write_t* request, int) {
                           std::unique_ptr<writing> done{
                             static_cast<writing*>(request->data)};
                         });
  if (status == 0)
    out.release();
}

void redis_stream::drop_socket() {
  if (auto* old = std::exchange(socket_, nullptr)) {
    old->owner = nullptr;
    uv_close(&old->handle.handle, [](uv_handle_t* handle) {
      std::unique_ptr<socket> owned{static_cast<socket*>(handle->data)};
    });
  }
}

void redis_stream::lose(std::string why) {
  drop_socket();
  out_.lost(std::move(why));
}

} // namespace render::job_store
