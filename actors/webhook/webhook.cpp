#include "actors/webhook/webhook.hpp"

#include "actors/shell.hpp"
#include "messages/failure_caf.hpp"
#include "messages/trace_headers.hpp"

namespace render {

namespace {

using namespace webhook_sender;
using namespace std::chrono_literals;

using self_ptr = webhook_actor::stateful_pointer<webhook_state>;

constexpr auto outbox_timeout = 10s;
constexpr auto http_margin = 5s;

struct shell {
  self_ptr self;

  webhook_state& st() const {
    return self->state;
  }

  moment now() const {
    return {steady_s(), st().deps.now()};
  }

  double steady_s() const {
    return render::steady_s(*self);
  }

  void run(effects xs) const {
    perform(*this, std::move(xs));
  }

  void operator()(post x) const {
    auto timestamp = static_cast<int64_t>(now().unix_s);
    http_request request;
    request.method = "POST";
    request.url = x.entry.url;
    request.body = x.entry.body;
    request.total_timeout = st().cfg.timeout;
    request.max_body_bytes = 64u << 10;
    request.cut_body = true;
    request.public_only = true;
    // 307 and 308 alone: they keep method and body.
    request.max_redirects = 30;
    request.group = "webhook/" + x.entry.id;
    request.headers = {{"Content-Type", "application/json"},
                       {"webhook-id", x.entry.id},
                       {"webhook-timestamp", std::to_string(timestamp)}};
    if (!x.entry.receipt.empty())
      request.headers.push_back({"C3-Receipt", x.entry.receipt});
    auto signature = sign(st().keys, x.entry.id, timestamp, x.entry.body);
    if (!signature.empty())
      request.headers.push_back({"webhook-signature", signature});
    if (auto& spans = st().spans)
      add_trace_headers(request, spans->begin(x.entry, steady_s()));
    auto on = [sh = *this, id = x.entry.id](result<http_response> got) {
      if (auto& spans = sh.st().spans)
        send_span(sh.st().deps.traces, spans->end(id, got, sh.now()));
      sh.run(sh.st().policy.on_answer(id, got, sh.now()));
    };
    self->request(st().deps.http, st().cfg.timeout + http_margin, request)
      .then(
        [on](http_response& got) {
          on(std::move(got));
        },
        [on](caf::error& err) {
          on(fail(to_failure(err)));
        });
  }

  void operator()(record x) const {
    ++st().records_open;
    self->request(st().deps.outbox, outbox_timeout, x.what)
      .then(
        [sh = *this, id = x.what.entry.id, end = x.lease_end_s](caf::ok_atom) {
          sh.st().policy.on_recorded(id, end);
          sh.record_closed();
        },
        [sh = *this, id = x.what.entry.job_id](caf::error& err) {
          // The lease runs out and the entry is delivered again: at least once.
          sh.st().deps.log->warn("webhook of job {}: not recorded, {}", id,
                                 to_failure(err).message);
          sh.record_closed();
        });
  }

  void record_closed() const {
    --st().records_open;
    answer_flushed();
  }

  void operator()(take x) const {
    auto on = [sh = *this,
               asked = steady_s()](result<msg::webhooks_taken> got) {
      sh.run(sh.st().policy.on_taken(got, asked, sh.steady_s()));
    };
    self->request(st().deps.outbox, outbox_timeout, x.what)
      .then(
        [on](msg::webhooks_taken& got) {
          on(std::move(got));
        },
        [on](caf::error& err) {
          on(fail(to_failure(err)));
        });
  }

  void operator()(arm_timer x) const {
    self->delayed_send(
      self, x.delay,
      msg::timer_due{static_cast<uint32_t>(x.which), x.generation});
  }

  void operator()(flushed) const {
    st().flushed = true;
    answer_flushed();
  }

  // A delivery that is not recorded when the process ends is made again.
  void answer_flushed() const {
    if (!st().flushed || st().records_open > 0)
      return;
    st().flushed = false;
    for (auto& asker : std::exchange(st().flushing, {}))
      asker.deliver(caf::ok_atom_v);
  }

  void operator()(say x) const {
    write_line(st().deps.log, x);
  }
};

} // namespace

webhook_actor::behavior_type
webhook_behavior(self_ptr self, webhook_sender::config cfg, webhook_deps deps) {
  auto& st = self->state;
  st.deps = std::move(deps);
  auto keys = parse_secrets(cfg.secret);
  if (!keys) {
    st.deps.log->error("WEBHOOK_SECRET {}", keys.error().message);
    self->quit(to_error(keys.error()));
    return webhook_actor::behavior_type::make_empty_behavior();
  }
  st.keys = std::move(*keys);
  st.policy = webhook_sender::policy{cfg};
  st.cfg = std::move(cfg);
  if (st.deps.traces)
    st.spans.emplace(st.deps.traces.ids());
  shell sh{self};
  sh.run(st.policy.start());
  return {
    [sh](msg::deliver_webhook& x) {
      sh.run(sh.st().policy.on_deliver(std::move(x.entry), sh.now()));
    },
    [sh](const msg::flush_webhooks& x) -> caf::result<caf::ok_atom> {
      auto out = sh.self->make_response_promise<caf::ok_atom>();
      sh.st().flushing.push_back(out);
      sh.run(sh.st().policy.on_flush(x.patience, sh.steady_s()));
      return out;
    },
    [sh](const msg::timer_due& x) {
      sh.run(sh.st().policy.on_timer(static_cast<timer>(x.which), x.generation,
                                     sh.steady_s()));
    },
  };
}

} // namespace render
