#pragma once
// The spans of the tries of webhooks: children of the attempt that ended the
// job. Pure.
#include "actors/tracer.hpp"
#include "messages/failure.hpp"
#include "messages/http.hpp"
#include "messages/moment.hpp"
#include "messages/webhook.hpp"

#include <map>
#include <optional>
#include <string>

namespace render::webhook_sender {

class try_spans {
public:
  explicit try_spans(tracer ids) : ids_(std::move(ids)) {
    // nop
  }

  /// Nothing when nobody has traced the job: then the request bears no headers
  /// of a trace either.
  span_context begin(const webhook& entry, double now_s);

  /// The span when somebody exports it. `id` is the webhook's.
  std::optional<span> end(const std::string& id,
                          const result<http_response>& got, const moment& now);

private:
  struct open_try {
    span_context at;
    uint64_t parent = 0;
    double start_s = 0;
    std::string job;
    std::string host;
    uint32_t number = 0;
  };

  tracer ids_;
  std::map<std::string, open_try> open_;
};

} // namespace render::webhook_sender
