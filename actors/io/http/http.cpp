#include "actors/io/http/http.hpp"

#include "actors/io/http/classify.hpp"
#include "messages/failure_caf.hpp"

#include <system_error>

namespace render {

namespace {

using self_ptr = http_shell_actor::stateful_pointer<http_state>;
using promise = caf::typed_response_promise<http_response>;

// Far longer than a healthy sink ever takes.
constexpr auto sink_timeout = std::chrono::seconds{60};

// Renders that GPUs hold, each with a stream; 100 GPUs have 100 slots at most.
constexpr size_t streams_open_max = 16'384;

// Limits for strangers' servers, which may all be silent at once.
constexpr size_t strangers_open_max = 256;
constexpr size_t strangers_per_host_max = 16;

struct exchange_start {
  self_ptr self;
  uint64_t id;
  promise out;
};

exchange_start begin(self_ptr self, const http_request& request) {
  auto& st = self->state;
  auto out = self->make_response_promise<http_response>();
  auto id = ++st.last_id;
  st.pending.emplace(id, out);
  st.log->debug("http: {}", describe(request));
  return {self, id, out};
}

/// Null without file handles or threads; the request is answered then.
template <class Loop, class Make>
Loop* made(std::unique_ptr<Loop>& loop, const exchange_start& x, Make make) {
  if (!loop)
    try {
      loop = make();
    } catch (const std::system_error& err) {
      auto out = x.out;
      x.self->state.pending.erase(x.id);
      out.deliver(
        to_error({failure_kind::unfit, std::string{"http: "} + err.what()}));
    }
  return loop.get();
}

promise submit(const exchange_start& x, const http_request& request,
               curl_loop::on_bytes bytes) {
  auto& st = x.self->state;
  auto lane = lane_of(request);
  auto* loop = made(st.loops[lane], x, [&] {
    return st.make_loop(lane);
  });
  if (loop)
    loop->submit(x.id, request, std::move(bytes));
  return x.out;
}

// Messages reach the sink through this actor, which thus knows when the sink
// has taken a message. Only then the loop reads on.
promise listen(const exchange_start& x, const http_request& request,
               const http_sink_actor& sink) {
  auto to = caf::actor_cast<caf::actor_addr>(
    caf::actor_cast<http_shell_actor>(x.self));
  auto& st = x.self->state;
  auto* sockets = made(st.sockets, x, st.make_sockets);
  if (sockets)
    sockets->listen(
      x.id, request,
      [to, sink, id = x.id, group = request.group](std::string_view text) {
        if (auto http = caf::actor_cast<http_shell_actor>(to))
          caf::anon_send(
            http,
            socket_text{id, sink, msg::http_chunk{group, std::string{text}}});
      });
  return x.out;
}

void pass_on(self_ptr self, socket_text& x) {
  auto size = x.chunk.bytes.size();
  auto taken = [self, id = x.id, size] {
    self->state.sockets->taken(id, size);
  };
  self->request(x.sink, sink_timeout, std::move(x.chunk))
    .then(taken, [self, taken, id = x.id](caf::error&) {
      self->state.log->debug("http: the listener of WebSocket {} is slow or "
                             "gone",
                             id);
      taken();
    });
}

void answer(self_ptr self, http_done& x) {
  auto node = self->state.pending.extract(x.id);
  if (node.empty())
    return;
  if (x.answer)
    node.mapped().deliver(std::move(*x.answer));
  else
    node.mapped().deliver(to_error(x.answer.error()));
}

} // namespace

size_t lane_of(const http_request& x) {
  auto files = !x.output_file.empty() || !x.body_file.empty();
  for (auto& part : x.parts)
    files = files || !part.file_path.empty();
  return (x.public_only ? 2 : 0) + (files ? 1 : 0);
}

http_shell_actor::behavior_type http_behavior(self_ptr self, http_config cfg,
                                              logger log) {
  auto& st = self->state;
  st.log = std::move(log);
  auto handle = caf::actor_cast<http_shell_actor>(self);
  auto done = [weak = caf::actor_cast<caf::actor_addr>(handle)](
                uint64_t id, result<http_response> got) {
    // A weak handle: the loops belong to the actor and must not keep it alive.
    if (auto to = caf::actor_cast<http_shell_actor>(weak))
      caf::anon_send(to, http_done{id, std::move(got)});
  };
  st.make_sockets = [done, ca_path = cfg.ca_path] {
    return std::make_unique<websocket_loop>(done, ca_path);
  };
  cfg.tell = [log = st.log](std::string_view what) {
    log->info("http: {}", what);
  };
  st.make_loop = [cfg = std::move(cfg), done](size_t lane) {
    auto terms = cfg;
    if (lane == 0)
      terms.open_max = terms.open_per_host_max = streams_open_max;
    if (lane >= 2) {
      terms.open_max = strangers_open_max;
      terms.open_per_host_max = strangers_per_host_max;
    }
    return std::make_unique<curl_loop>(std::move(terms), done);
  };
  return {
    [self](const http_request& x) -> caf::result<http_response> {
      return submit(begin(self, x), x, nullptr);
    },
    [self](const http_request& x,
           const http_sink_actor& sink) -> caf::result<http_response> {
      auto start = begin(self, x);
      if (is_websocket_url(x.url))
        return listen(start, x, sink);
      return submit(start, x, [sink, group = x.group](std::string_view bytes) {
        caf::anon_send(sink, msg::http_chunk{group, std::string{bytes}});
      });
    },
    [self](const msg::cancel_http& x) {
      for (auto& loop : self->state.loops)
        if (loop)
          loop->cancel(x.group);
      if (self->state.sockets)
        self->state.sockets->cancel(x.group);
    },
    [self](http_done& x) {
      answer(self, x);
    },
    [self](socket_text& x) {
      pass_on(self, x);
    },
  };
}

} // namespace render
