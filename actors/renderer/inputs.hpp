#pragma once
// A job's inputs: fetched from the caller's URLs, named after what they are.
#include "actors/renderer/plan.hpp"

#include <string>
#include <string_view>

namespace render {

/// GET of an input into `work_dir`/`stem` (no extension yet): redirects
/// limited, size limited, stall limited. Carries no API key: the URL belongs
/// to the caller.
http_request fetch_request(std::string_view url, std::string_view stem,
                           const render_environment& env);

/// Judges the answer to a `fetch_request`. `field` is the name in the job's
/// data ("image_url"), so that the caller learns what to change. Failures of
/// the caller are `invalid_input`; others keep their kind.
result<http_response> check_fetched(std::string_view field,
                                    std::string_view url,
                                    const result<answer>& got);

/// May another try of this fetch help? (No connection, timeout, 408, 429,
/// 5xx; not 404, not a wrong URL.)
bool worth_another_fetch(const result<answer>& got);

struct input {
  /// The name in the job's data.
  std::string field;
  std::string url;
  /// File name in the work folder.
  std::string stem;
  /// How the error begins when the input cannot be fetched: the words of the
  /// Python worker, which producers know. May be empty.
  std::string lament = {};
};

/// Fetches all inputs at once, each with a few tries, and goes on with the
/// answers in the same order when every one has come; else ends the job: as
/// `unfit` when neither a host nor `control_url` can be reached.
step fetch_inputs(std::vector<input> wanted, const render_environment& env,
                  std::function<step(std::vector<http_response>)> then);

/// Begins with `lament` (may be empty) where the job's own input is at fault.
failure begun_with(std::string_view lament, failure why);

/// Extension (with the dot, lower case) of an input: from a `filename`, `file`
/// or `name` query parameter, else the URL's path, else the Content-Type, else
/// what the content itself is (`identified`, may be empty). Empty when nothing
/// tells.
std::string choose_extension(std::string_view url,
                             std::string_view content_type,
                             std::string_view identified);

} // namespace render
