#pragma once
// ComfyUI's HTTP API: requests out, answers in. Every route is at the root of
// the GPU's ui host. The proxy in front of it needs the API key.
#include "messages/failure.hpp"
#include "messages/http.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace render::comfyui {

struct server {
  /// No trailing slash.
  std::string base;
  /// A secret.
  std::string api_key;
};

http_request upload_request(const server& at, const std::string& path,
                            const std::string& name);
http_request prompt_request(const server& at, const std::string& workflow,
                            const std::string& prompt_id,
                            const std::string& client_id);
http_request history_request(const server& at, const std::string& prompt_id);
http_request queue_request(const server& at);
http_request delete_request(const server& at, const std::string& prompt_id);
http_request interrupt_request(const server& at, const std::string& prompt_id);

/// The server's messages to this client, by WebSocket.
http_request events_request(const server& at, const std::string& client_id);

/// What a message tells about one prompt.
struct event {
  /// The prompt has left the queue.
  bool running = false;
  /// 0 to 1, of the workflow's working node; negative: unknown.
  double progress = -1;
  /// The server works on it no more, and its history has it.
  bool ended = false;
};

/// An empty event for a message of another prompt, or of another kind.
event read_event(std::string_view message, const std::string& prompt_id);

/// A file among the outputs of a workflow's node.
struct output_file {
  std::string filename;
  std::string subfolder;
  std::string type;
};

http_request view_request(const server& at, const output_file& x,
                          const std::string& target, uint64_t max_bytes);

/// The file's name for use in a workflow: the server may have changed it.
result<std::string> read_upload(const result<http_response>& got);

/// The prompt id in force. Fails as `rejected` when the video node did not
/// validate, also on a 200, and as `outcome_unknown` when the prompt may have
/// been queued.
result<std::string> read_prompt(const result<http_response>& got,
                                const std::string& video_node);

struct history {
  /// The prompt has ended, one way or the other.
  bool ended = false;
  /// Set when it ended well.
  output_file video;
  /// Set when it failed.
  failure error{failure_kind::internal, {}};
};

/// Not ended when the server does not know `prompt_id`, or has not finished it.
result<history> read_history(const result<http_response>& got,
                             const std::string& prompt_id,
                             const std::string& video_node);

struct queue_place {
  bool running = false;
  /// Prompts that run or wait before this one; nothing when it is not queued.
  std::optional<size_t> ahead;
};

result<queue_place> read_queue(const result<http_response>& got,
                               const std::string& prompt_id);

} // namespace render::comfyui
