#include "actors/io/gpu_cloud/gpu_cloud.hpp"

#include "actors/shell.hpp"
#include "messages/failure_caf.hpp"

namespace render {

namespace {

using self_ptr = gpu_cloud_actor::stateful_pointer<gpu_cloud_state>;

// The transport ends a request by itself; this only bounds a dead transport.
constexpr auto margin = std::chrono::seconds{5};

/// `call`: a literal.
void note_call(self_ptr self, std::string_view call, double begun_s,
               const result<http_response>& got) {
  note_event(self->state.deps.log,
             gpu_cloud::call_event(call, got, steady_s(*self) - begun_s));
}

/// Sends the request; `read` makes the answer from the HTTP response.
template <class Answer, class Read>
caf::result<Answer> exchange(self_ptr self, std::string_view call,
                             const http_request& request, Read read) {
  auto out = self->make_response_promise<Answer>();
  auto answer
    = [self, call, out, read, begun_s = steady_s(*self),
       mask = self->state.deps.mask](const result<http_response>& got) mutable {
        // A probe asks a GPU, not the provider.
        if (!call.empty())
          note_call(self, call, begun_s, got);
        auto x = read(got);
        if (x)
          out.deliver(std::move(*x));
        else
          out.deliver(to_error(fit_to_leave(x.error(), mask)));
      };
  self->request(self->state.deps.http, request.total_timeout + margin, request)
    .then(
      [answer](http_response& got) mutable {
        answer(std::move(got));
      },
      [answer](caf::error& err) mutable {
        answer(fail(to_failure(err)));
      });
  return out;
}

void ask_list(self_ptr self, gpu_cloud::list_sharing::order what);

void on_listed(self_ptr self, uint64_t number,
               const result<http_response>& got) {
  auto& st = self->state;
  auto listed = gpu_cloud::read_list(st.cfg, got);
  auto node = st.askers.extract(number);
  auto end = st.lists.on_answer(number, listed.has_value(), steady_s(*self));
  msg::gpu_list out;
  if (listed)
    out.workloads = std::move(*listed);
  for (auto& asker : node.mapped())
    if (listed)
      asker.deliver(out);
    else
      asker.deliver(to_error(fit_to_leave(listed.error(), st.deps.mask)));
  if (end.is_latest)
    st.latest = std::move(out);
  if (end.next)
    ask_list(self, *end.next);
}

void ask_list(self_ptr self, gpu_cloud::list_sharing::order what) {
  auto& st = self->state;
  auto request = gpu_cloud::list_request(st.cfg,
                                         msg::list_gpus{what.running_only});
  auto answer = [self, number = what.number,
                 begun_s = steady_s(*self)](const result<http_response>& got) {
    note_call(self, "list", begun_s, got);
    on_listed(self, number, got);
  };
  self->request(st.deps.http, request.total_timeout + margin, request)
    .then(
      [answer](http_response& got) {
        answer(std::move(got));
      },
      [answer](caf::error& err) {
        answer(fail(to_failure(err)));
      });
}

caf::result<msg::gpu_list> list(self_ptr self, const msg::list_gpus& x,
                                caf::timespan age) {
  using gpu_cloud::list_sharing;
  auto& st = self->state;
  auto out = self->make_response_promise<msg::gpu_list>();
  auto [how, number] = st.lists.on_question(
    x.running_only, std::chrono::duration<double>(age).count(),
    steady_s(*self));
  if (how == list_sharing::way::take) {
    out.deliver(st.latest);
    return out;
  }
  st.askers[number].push_back(out);
  if (how == list_sharing::way::ask)
    ask_list(self, {number, x.running_only});
  return out;
}

} // namespace

gpu_cloud_actor::behavior_type
gpu_cloud_behavior(self_ptr self, gpu_cloud::config cfg, gpu_cloud_deps deps) {
  self->state.cfg = std::move(cfg);
  self->state.deps = std::move(deps);
  return {
    [self](const msg::launch_gpu& x) {
      return exchange<gpu_workload>(
        self, "launch", gpu_cloud::launch_request(self->state.cfg, x),
        [self, x](const result<http_response>& got) {
          return gpu_cloud::read_launch(self->state.cfg, x, got);
        });
    },
    [self](const msg::list_gpus& x) {
      return list(self, x, caf::timespan{0});
    },
    [self](const msg::list_gpus& x, caf::timespan age) {
      return list(self, x, age);
    },
    [self](const msg::stop_gpu& x) {
      return exchange<msg::gpu_stopped>(
        self, "stop", gpu_cloud::stop_request(self->state.cfg, x),
        [x](const result<http_response>& got) {
          return gpu_cloud::read_stop(x, got).map([](double refund) {
            return msg::gpu_stopped{refund};
          });
        });
    },
    [self](const msg::probe_gpu& x) {
      return exchange<caf::ok_atom>(
        self, {}, gpu_cloud::probe_request(self->state.cfg, x),
        [x](const result<http_response>& got) {
          return gpu_cloud::read_probe(x, got).map([] {
            return caf::ok_atom{};
          });
        });
    },
  };
}

} // namespace render
