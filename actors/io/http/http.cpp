#include "actors/io/http/http.hpp"

#include "actors/io/http/classify.hpp"
#include "messages/failure_caf.hpp"

namespace render {

namespace {

using self_ptr = http_shell_actor::stateful_pointer<http_state>;
using promise = caf::typed_response_promise<http_response>;

promise submit(self_ptr self, const http_request& request,
               curl_loop::on_bytes bytes) {
  auto& st = self->state;
  auto out = self->make_response_promise<http_response>();
  auto id = ++st.last_id;
  st.pending.emplace(id, out);
  st.log->debug("http: {}", describe(request));
  if (bytes && is_websocket_url(request.url))
    st.sockets->listen(id, request, std::move(bytes));
  else
    st.loop->submit(id, request, std::move(bytes));
  return out;
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

http_shell_actor::behavior_type http_behavior(self_ptr self, http_config cfg,
                                              logger log) {
  self->state.log = std::move(log);
  auto handle = caf::actor_cast<http_shell_actor>(self);
  auto done = [weak = caf::actor_cast<caf::actor_addr>(handle)](
                uint64_t id, result<http_response> got) {
    // Weak: the loops belong to the actor and must not keep it alive.
    if (auto to = caf::actor_cast<http_shell_actor>(weak))
      caf::anon_send(to, http_done{id, std::move(got)});
  };
  self->state.loop = std::make_unique<curl_loop>(std::move(cfg), done);
  self->state.sockets = std::make_unique<websocket_loop>(done);
  return {
    [self](const http_request& x) -> caf::result<http_response> {
      return submit(self, x, nullptr);
    },
    [self](const http_request& x,
           const http_sink_actor& sink) -> caf::result<http_response> {
      return submit(self, x, [sink, group = x.group](std::string_view bytes) {
        caf::anon_send(sink, msg::http_chunk{group, std::string{bytes}});
      });
    },
    [self](const msg::cancel_http& x) {
      self->state.loop->cancel(x.group);
      self->state.sockets->cancel(x.group);
    },
    [self](http_done& x) {
      answer(self, x);
    },
  };
}

} // namespace render
