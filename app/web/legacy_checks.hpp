#pragma once
// What the older producer API takes for a job, check by check. Pure.
#include "app/web/json_object.hpp"
#include "app/web/message.hpp"
#include "messages/job.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render::web {

/// What the older API makes of the body of `POST /{kind}`.
struct legacy_job {
  /// Without an id.
  std::optional<job> made;
  /// The answer when there is no job.
  response refused;
};

/// `now_s`: Unix seconds. `type` is the request's Content-Type.
legacy_job read_legacy_job(job_kind kind, std::string_view body,
                           std::string_view type, double now_s);

namespace legacy {

/// Members in the order of the alphabet, as the caller gives them, and a line
/// break, as Flask writes them.
response reply(unsigned status, const json_object& x);

response error(unsigned status, std::string_view text);

/// An exception of the older API: its text went to the caller.
response internal(std::string_view text);

/// Flask's words for a body that it cannot read.
std::optional<response> unreadable(std::string_view type, bool parsed);

std::string_view text_of(const json::value& x);

bool is_one_of(const json::value& x, const std::vector<std::string_view>& all);

/// "a, b".
std::string joined(const std::vector<std::string_view>& all);

} // namespace legacy

} // namespace render::web
