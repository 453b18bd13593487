#pragma once
// How a request tells whom it calls which span it belongs to.
#include "messages/http.hpp"
#include "messages/spans.hpp"

namespace render {

/// Adds `traceparent` and `tracestate`, where there is a span.
inline void add_trace_headers(http_request& to, const span_context& x) {
  if (!x)
    return;
  to.headers.push_back({"traceparent", traceparent_of(x)});
  if (!x.state.empty())
    to.headers.push_back({"tracestate", x.state});
}

} // namespace render
