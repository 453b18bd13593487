#include "actors/renderer/service_answer.hpp"

#include "messages/text/lower.hpp"

#include <algorithm>

namespace render {

std::string describe_answer(const http_response& x) {
  return "HTTP " + std::to_string(x.status) + " ("
         + excerpt(x.content_type(), 60) + "): " + excerpt(x.body, 160);
}

failure_kind kind_of_status(int32_t status) {
  auto passing = status == 401 || status == 403 || status == 404
                 || status == 408 || status == 429 || status >= 500;
  return passing ? failure_kind::unavailable : failure_kind::rejected;
}

result<json::document> read_json_answer(std::string_view what,
                                        const result<http_response>& got) {
  if (!got)
    return fail(with_context(what, got.error()));
  if (!got->ok())
    return fail(kind_of_status(got->status),
                std::string{what} + ": " + describe_answer(*got));
  auto doc = json::parse(got->body);
  if (!doc)
    return fail(failure_kind::unavailable,
                std::string{what} + ": not JSON, " + describe_answer(*got));
  return doc;
}

bool is_gpu_trouble(std::string_view text) {
  auto said = lower(text);
  return said.find("out of memory") != std::string::npos
         || said.find("cuda error") != std::string::npos
         || said.find("cuda failed") != std::string::npos;
}

} // namespace render
