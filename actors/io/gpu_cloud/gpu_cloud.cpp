#include "actors/io/gpu_cloud/gpu_cloud.hpp"

#include "messages/failure_caf.hpp"

namespace render {

namespace {

using self_ptr = gpu_cloud_actor::stateful_pointer<gpu_cloud_state>;

// The transport ends a request by itself; this only bounds a dead transport.
constexpr auto margin = std::chrono::seconds{5};

/// Sends the request; `read` makes the answer from the HTTP response.
template <class Answer, class Read>
caf::result<Answer>
exchange(self_ptr self, const http_request& request, Read read) {
  auto out = self->make_response_promise<Answer>();
  auto answer = [out, read, mask = self->state.deps.mask](
                  const result<http_response>& got) mutable {
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

} // namespace

gpu_cloud_actor::behavior_type
gpu_cloud_behavior(self_ptr self, gpu_cloud::config cfg, gpu_cloud_deps deps) {
  self->state.cfg = std::move(cfg);
  self->state.deps = std::move(deps);
  return {
    [self](const msg::launch_gpu& x) {
      return exchange<gpu_workload>(
        self, gpu_cloud::launch_request(self->state.cfg, x),
        [self, x](const result<http_response>& got) {
          return gpu_cloud::read_launch(self->state.cfg, x, got);
        });
    },
    [self](const msg::list_gpus& x) {
      return exchange<msg::gpu_list>(
        self, gpu_cloud::list_request(self->state.cfg, x),
        [self](const result<http_response>& got) {
          return gpu_cloud::read_list(self->state.cfg, got)
            .map([](std::vector<gpu_workload> xs) {
              return msg::gpu_list{std::move(xs)};
            });
        });
    },
    [self](const msg::stop_gpu& x) {
      return exchange<msg::gpu_stopped>(
        self, gpu_cloud::stop_request(self->state.cfg, x),
        [x](const result<http_response>& got) {
          return gpu_cloud::read_stop(x, got).map([](double refund) {
            return msg::gpu_stopped{refund};
          });
        });
    },
    [self](const msg::probe_gpu& x) {
      return exchange<caf::ok_atom>(
        self, gpu_cloud::probe_request(self->state.cfg, x),
        [x](const result<http_response>& got) {
          return gpu_cloud::read_probe(x, got).map([] {
            return caf::ok_atom{};
          });
        });
    },
  };
}

} // namespace render
