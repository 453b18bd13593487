#include "actors/io/http/classify.hpp"

#include "messages/printable.hpp"

#include <curl/curl.h>

namespace render {

namespace {

bool is_bad_url(int code) {
  return code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
}

bool repeatable(const http_request& x) {
  return x.method == "GET" || x.method == "HEAD";
}

} // namespace

std::string describe(const http_request& request) {
  return request.method + " " + printable(redacted_url(request.url), 300);
}

failure classify(const http_request& request, const transfer_error& error) {
  auto text = describe(request) + ": " + error.detail;
  if (is_bad_url(error.code))
    return {failure_kind::invalid_input, std::move(text)};
  if (error.code == CURLE_TOO_MANY_REDIRECTS)
    return {failure_kind::rejected, std::move(text)};
  if (error.code == CURLE_OUT_OF_MEMORY)
    return {failure_kind::unfit, std::move(text)};
  text += " after " + std::to_string(error.elapsed.count()) + " ms";
  auto unknown = error.sent && !repeatable(request);
  return {unknown ? failure_kind::outcome_unknown : failure_kind::unavailable,
          std::move(text)};
}

} // namespace render
