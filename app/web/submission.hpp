#pragma once
// A job as a client of /v1 describes it, checked and turned into a record.
// Pure.
#include "app/web/message.hpp"
#include "messages/job.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace render::web {

struct submission {
  /// Without an id.
  job record;
  /// Further fields of the record.
  std::vector<std::pair<std::string, std::string>> more;
};

/// The URL under which a worker gets an uploaded file; nullopt: there is none.
using file_url = std::function<std::optional<std::string>(std::string_view id)>;

struct read_submission {
  std::optional<submission> job;
  std::vector<field_error> errors;
};

/// `now_s`: Unix seconds. Unknown members are errors, so that a typing error is
/// not a default.
read_submission read_job_request(std::string_view body, double now_s,
                                 const file_url& files);

/// The seconds of `Prefer: wait=N`, at most 60; 0: none.
double preferred_wait(std::string_view prefer);

} // namespace render::web
