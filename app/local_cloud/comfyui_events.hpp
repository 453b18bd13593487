#pragma once
// ComfyUI's /ws: the listeners, and the messages of a prompt in the order of
// the published server (v0.3.64 to 0.3.66; server.py, execution.py, main.py,
// comfy_execution/progress.py).
#include "app/local_cloud/event_socket.hpp"
#include "app/local_cloud/json_text.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace render::local_cloud {

/// The listeners, by client id. Thread-safe.
class event_hub {
public:
  /// From now on `socket` gets the messages for `sid`, beginning with the
  /// queue's length.
  void join(const std::string& sid, std::shared_ptr<event_socket> socket,
            size_t queue_remaining);
  void leave(const std::string& sid);

  /// Sends to the listener of this client id, if any; to all when `sid` is
  /// empty.
  void send(const std::string& sid, std::string_view type,
            std::string_view data);

  /// Ends connections as a crash would; selects them by `sid` as `send` does.
  void cut(const std::string& sid);

  /// What a client is told when it comes back while its prompt runs. An empty
  /// node: no prompt runs.
  void set_running(std::string client_id, std::string node);

private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<event_socket>> sockets_;
  std::string client_id_;
  std::string node_;
};

/// Serves one listener until it ends or `stop` is requested; `on_end` as in
/// event_socket::run.
void serve_listener(event_socket& socket, const std::stop_token& stop,
                    std::function<void()> on_end);

/// The data of a status message; an empty `sid` for a message to all.
std::string status_data(size_t queue_remaining, const std::string& sid = {});

/// The messages of one prompt; some of them go into its history too. Without a
/// client id most messages are sent to no listener.
class prompt_events {
public:
  prompt_events(event_hub& hub, std::string prompt_id, std::string client_id);
  ~prompt_events();
  prompt_events(const prompt_events&) = delete;
  prompt_events& operator=(const prompt_events&) = delete;

  void begin();
  void node_begins(const std::string& node);
  void node_steps(int value, int most);
  /// `output` is JSON, as in the history.
  void node_shows(std::string_view output);
  void node_ends();
  /// The last message about the prompt itself; `data` lacks the id and the
  /// time.
  void end(std::string_view type, json_object data);
  /// Called after the last status: the prompt has left.
  void leave();

  /// Id of the current node; empty before the first.
  const std::string& node() const {
    return nodes_.empty() ? none_ : nodes_.back().id;
  }
  bool has_run(std::string_view node) const;
  /// JSON: the nodes that ended.
  std::string executed() const;
  /// JSON: the messages for the history.
  std::string messages() const {
    return messages_.str();
  }

private:
  struct node_state {
    std::string id;
    int value = 0;
    int most = 1;
    bool ended = false;
  };

  void keep(std::string_view type, json_object data, bool to_all = false);
  void tell(std::string_view type, const json_object& data);
  void tell_progress_state();

  event_hub& hub_;
  std::string prompt_id_;
  std::string client_id_;
  std::string none_;
  std::vector<node_state> nodes_;
  json_array messages_;
};

} // namespace render::local_cloud
