#include "actors/io/http/http.hpp"

#include "actors/io/http/classify.hpp"
#include "messages/failure_caf.hpp"

namespace render {

namespace {

using self_ptr = http_shell_actor::stateful_pointer<http_state>;
using promise = caf::typed_response_promise<http_response>;

// Far longer than a healthy sink ever takes.
constexpr auto sink_timeout = std::chrono::seconds{60};

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

promise submit(const exchange_start& x, const http_request& request,
               curl_loop::on_bytes bytes) {
  x.self->state.loops[lane_of(request)]->submit(x.id, request,
                                                std::move(bytes));
  return x.out;
}

// Messages reach the sink through this actor, which thus knows when the sink
// has taken a message. Only then the loop reads on.
promise listen(const exchange_start& x, const http_request& request,
               const http_sink_actor& sink) {
  auto to = caf::actor_cast<caf::actor_addr>(
    caf::actor_cast<http_shell_actor>(x.self));
  x.self->state.sockets->listen(
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
  st.sockets = std::make_unique<websocket_loop>(done, cfg.ca_path);
  cfg.tell = [log = st.log](std::string_view what) {
    log->info("http: {}", what);
  };
  for (size_t lane = 0; lane < st.loops.size(); ++lane) {
    if (lane == 2) {
      cfg.open_max = strangers_open_max;
      cfg.open_per_host_max = strangers_per_host_max;
    }
    st.loops[lane] = std::make_unique<curl_loop>(cfg, done);
  }
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
        loop->cancel(x.group);
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
