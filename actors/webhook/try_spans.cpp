#include "actors/webhook/try_spans.hpp"

#include "actors/webhook/receiver.hpp"

namespace render::webhook_sender {

span_context try_spans::begin(const webhook& entry, double now_s) {
  if (!entry.trace)
    return {};
  open_try x{ids_.child(entry.trace), entry.trace.span,  now_s, entry.job_id,
             host_of(entry.url),      entry.attempts + 1};
  auto out = x.at;
  open_.insert_or_assign(entry.id, std::move(x));
  return out;
}

std::optional<span> try_spans::end(const std::string& id,
                                   const result<http_response>& got,
                                   const moment& now) {
  auto node = open_.extract(id);
  if (node.empty() || !node.mapped().at.sampled)
    return std::nullopt;
  auto& x = node.mapped();
  span out;
  out.name = "webhook send";
  out.kind = span_kind::client;
  out.at = x.at;
  out.parent = x.parent;
  out.start_s = now.unix_at(x.start_s);
  out.end_s = now.unix_s;
  add_text(out, "http.request.method", "POST");
  add_text(out, "server.address", x.host);
  add_text(out, "messaging.message.id", x.job);
  add_number(out, "c3.webhook.attempt", x.number);
  if (got)
    add_number(out, "http.response.status_code", got->status);
  if (!got)
    out.error = to_string(got.error().kind);
  else if (!got->ok())
    out.error = std::to_string(got->status);
  return out;
}

} // namespace render::webhook_sender
