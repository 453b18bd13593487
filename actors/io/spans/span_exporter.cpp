#include "actors/io/spans/span_exporter.hpp"

#include "actors/shell.hpp"
#include "messages/failure_caf.hpp"

namespace render {

namespace {

using namespace span_export;
using namespace std::chrono_literals;

using self_ptr = span_exporter_actor::stateful_pointer<span_exporter_state>;

constexpr auto http_margin = 5s;

struct shell {
  self_ptr self;

  span_exporter_state& st() const {
    return self->state;
  }

  void run(effects xs) const {
    perform(*this, std::move(xs));
  }

  void operator()(const post& x) const {
    auto limit = st().cfg.limits.timeout;
    http_request request;
    request.method = "POST";
    request.url = st().cfg.url;
    request.headers = st().cfg.headers;
    request.headers.push_back({"Content-Type", "application/json"});
    request.body = otlp::encode(st().cfg.by, x.spans);
    request.total_timeout = limit;
    request.max_body_bytes = 64u << 10;
    request.cut_body = true;
    request.group = "spans/";
    auto on = [sh = *this](const result<http_response>& got) {
      sh.run(sh.st().policy.on_answer(got, sh.st().deps.now()));
    };
    self->request(st().deps.http, limit + http_margin, request)
      .then(
        [on](http_response& got) {
          on(std::move(got));
        },
        [on](caf::error& err) {
          on(fail(to_failure(err)));
        });
  }

  void operator()(const arm_timer& x) const {
    self->delayed_send(
      self, x.delay,
      msg::timer_due{static_cast<uint32_t>(x.which), x.generation});
  }

  void operator()(const say& x) const {
    write_line(st().deps.log, x);
  }

  void operator()(done) const {
    self->send(st().deps.http, msg::cancel_http{"spans/"});
    // Of requests that nobody waits for any more.
    self->clock().cancel_timeouts(self);
    self->quit(st().end);
  }
};

} // namespace

span_exporter_actor::behavior_type
span_exporter_behavior(self_ptr self, span_exporter_config cfg,
                       span_exporter_deps deps) {
  auto& st = self->state;
  st.policy = span_export::policy{cfg.limits};
  st.cfg = std::move(cfg);
  st.deps = std::move(deps);
  shell sh{self};
  self->set_exit_handler([sh](const caf::exit_msg& x) {
    sh.st().end = x.reason;
    sh.run(sh.st().policy.on_stop());
  });
  return {
    [sh](msg::spans_ended& x) {
      sh.run(sh.st().policy.on_spans(std::move(x.spans)));
    },
    [sh](const msg::timer_due& x) {
      sh.run(
        sh.st().policy.on_timer(static_cast<timer>(x.which), x.generation));
    },
  };
}

} // namespace render
