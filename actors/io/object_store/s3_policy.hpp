#pragma once
// What an answer of the storage means for an upload. Pure.
#include "messages/failure.hpp"
#include "messages/http.hpp"
#include "messages/object_store.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace render::s3 {

struct config {
  /// host:port, or a URL.
  std::string endpoint;
  std::string access_key;
  std::string secret_key;
  std::string bucket = "c3-render-output";
  bool secure = false;
  /// Base of result URLs; empty: the endpoint.
  std::string public_url;
  std::string region = "us-east-1";
  /// Waits between the tries of an upload, which has one try more than waits.
  /// They are short, since the upload occupies a GPU's slot; the RENDERER
  /// repeats a failed upload later.
  std::vector<std::chrono::milliseconds> retry_delays{
    std::chrono::milliseconds{500}, std::chrono::milliseconds{1'000}};
  /// Life of a result URL, seconds; 604800 is the most that S3 allows.
  int64_t url_lifetime_s = 604'800;
};

enum class next_move : uint8_t { done, retry, create_bucket, give_up };

struct verdict {
  next_move move = next_move::done;
  /// Set unless `move` is `done`.
  failure why{failure_kind::internal, {}};
};

/// The failure is `unfit` when the storage cannot be reached or refuses our
/// keys, `rejected` when it refuses this object. `what` begins the error text:
/// "upload output/x.mp3".
verdict judge(std::string_view what, const result<http_response>& got);

/// <Code> and <Message> of an S3 error body; empty parts when absent.
struct error_body {
  std::string code;
  std::string message;
};
error_body read_error(std::string_view xml);

/// Is this result uploaded? A transcript is not: it is in the job's record, and
/// the Python worker never uploaded it.
bool is_uploaded(const msg::store_file& x);

/// "output/{name}"; fails as `internal` for a name that is a path.
result<std::string> object_key(const std::string& name);

} // namespace render::s3
