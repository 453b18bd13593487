#include "actors/io/http/classify.hpp"

#include "actors/io/http/web_target.hpp"

#include <curl/curl.h>

#include <cstring>

namespace render {

namespace {

// Of an answer that is no HTTP, curl says too that its protocol is unsupported.
bool is_bad_url(const transfer_error& x) {
  return !x.sent
         && (x.code == CURLE_URL_MALFORMAT
             || x.code == CURLE_UNSUPPORTED_PROTOCOL);
}

bool repeatable(const http_request& x) {
  return x.method == "GET" || x.method == "HEAD";
}

/// Failures that can only happen after a connection to a permitted address.
/// Empty for others.
std::string_view harmless_reason(const transfer_error& x) {
  switch (x.code) {
  case CURLE_PEER_FAILED_VERIFICATION:
    return "its certificate is not trusted";
  case CURLE_PARTIAL_FILE:
    return "the answer ended early";
  case CURLE_BAD_CONTENT_ENCODING:
    return "the answer cannot be unpacked";
  case CURLE_OPERATION_TIMEDOUT:
    return x.sent ? "the answer takes too long" : "";
  default:
    return {};
  }
}

} // namespace

std::string describe(const http_request& request) {
  auto url = request.public_only ? origin_of(request.url)
                                 : redacted_url(request.url);
  return request.method + " " + excerpt(url, 300);
}

std::string full_text(const http_request& request,
                      const transfer_error& error) {
  return describe(request) + ": " + error.detail + " after "
         + std::to_string(error.elapsed.count()) + " ms";
}

failure classify(const http_request& request, const transfer_error& error) {
  auto name = describe(request) + ": ";
  if (is_bad_url(error))
    return {failure_kind::invalid_input,
            name
              + (request.public_only ? "the URL is not valid" : error.detail)};
  if (error.code == CURLE_TOO_MANY_REDIRECTS)
    return {failure_kind::rejected, name + error.detail};
  auto unknown = error.sent && !repeatable(request);
  if (error.code == CURLE_OUT_OF_MEMORY && !unknown)
    return {failure_kind::unfit, full_text(request, error)};
  auto kind = unknown ? failure_kind::outcome_unknown
                      : failure_kind::unavailable;
  // curl knows of no more than that there is no connection.
  if (error.lacks != 0 && error.code == CURLE_COULDNT_CONNECT)
    return {failure_kind::unfit, name + std::strerror(error.lacks)};
  if (!request.public_only)
    return {kind, full_text(request, error)};
  auto reason = harmless_reason(error);
  // The request's whole time is used up: another try would occupy a GPU for as
  // long again.
  if (error.code == CURLE_OPERATION_TIMEDOUT && error.sent
      && repeatable(request) && request.total_timeout.count() > 0
      && error.elapsed >= request.total_timeout)
    kind = failure_kind::rejected;
  if (error.forbidden)
    kind = failure_kind::rejected;
  return {kind,
          name + std::string{reason.empty() ? "cannot be reached" : reason}};
}

} // namespace render
