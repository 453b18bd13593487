#pragma once
// The steps that every plan is made of.
#include "actors/renderer/plan.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace render {

step end_with(failure why);

/// The end of a job that went well.
step end_with(job_outcome done);

/// One operation alone.
step call_one(std::string stage, double progress, operation what,
              std::function<step(result<answer>)> then);

/// The answer to an `http_request` among the operations.
result<http_response> response(result<answer> got);

/// Keeps a finished file as a result, then goes on with its URL.
step store_result(msg::store_file what,
                  std::function<step(std::string url)> then);

/// The last steps of a job whose result is one file: identify `path`, store it
/// as `name`, end. When its type is not `media` ("audio", "video"), the service
/// (`who`) has sent something else, and the attempt ends as `unavailable`.
step finish_with_file(const std::string& path, const std::string& name,
                      std::string_view media, std::string_view who);

/// Path of a file of this attempt. `name` is a constant, or a `result_name`:
/// throws when it is no mere file name.
std::string work_file(const render_environment& env, std::string_view name);

/// The object's name for a job's result: "{job id}.mp3" for the first claim of
/// the job, "{job id}.2.mp3" for the second and so on. So a former owner that
/// wakes up late can never overwrite its successor's result. Throws for a job
/// whose id is no `job_id`: the QUEUE WATCHER lets none in.
std::string result_name(const job& subject, std::string_view extension);

} // namespace render
