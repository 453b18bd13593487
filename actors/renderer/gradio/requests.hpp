#pragma once
// Gradio's requests, and what their answers mean (protocol sse_v3, 4.22 to
// 6.x). Everything but /config lives behind the endpoint's prefix. Addresses in
// answers are never used: they are wrong for an app below a path.
#include "messages/failure.hpp"
#include "messages/http.hpp"
#include "messages/text/json.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace render::gradio {

struct server {
  /// For error texts: "csm".
  std::string name;
  /// No trailing slash.
  std::string base;
  /// A secret.
  std::string api_key;
  /// `endpoint::prefix`, once it is known.
  std::string prefix{};
};

/// One run of a function.
struct session {
  /// Fresh for each run, since cancelling stops all runs of a session.
  std::string hash;
  int64_t function = 0;
  /// Empty until the app has named it.
  std::string event{};
};

http_request config_request(const server& at);
http_request info_request(const server& at);
http_request upload_request(const server& at, const std::string& path,
                            const std::string& name);
http_request join_request(const server& at, const session& x,
                          const std::string& data_json);
/// The body is read as it arrives; heartbeats keep the stream alive.
http_request stream_request(const server& at, const session& x);
http_request cancel_request(const server& at, const session& x);
http_request file_request(const server& at, const std::string& path,
                          const std::string& target, uint64_t max_bytes);

/// The path that the app gave the upload. The error for a 413 blames the input
/// (`field`).
result<std::string> read_upload(const server& at, std::string_view field,
                                const result<http_response>& got);

/// A file as an argument.
std::string file_argument(const std::string& path, const std::string& name);

struct joined {
  /// The queue is full: ask again later.
  bool busy = false;
  /// Id of the run; empty when the answer was lost and the run may be queued.
  std::string event;
};

result<joined> read_join(const server& at, const result<http_response>& got);

/// The failure of a stream that ended without a result.
failure read_stream_end(const server& at, const result<http_response>& got);

/// Path of a file among the outputs; empty when it is none.
std::string file_path(const json::value& output);

} // namespace render::gradio
