#include "app/local_cloud/comfyui_events.hpp"

#include "app/local_cloud/ledger.hpp"
#include "messages/text/json.hpp"

#include <algorithm>

namespace render::local_cloud {

namespace {

std::string message(std::string_view type, std::string_view data) {
  return json_object{}.add("type", type).raw("data", data).str();
}

/// The answer to a client's first message, if that lists the client's features.
/// server.py: websocket_handler; comfy_api/feature_flags.py.
std::string answer_to(std::string_view text) {
  auto body = json::parse(text);
  if (!body || json::string_or_empty(*body, "type") != "feature_flags")
    return {};
  return message("feature_flags", json_object{}
                                    .add("supports_preview_metadata", true)
                                    .add("max_upload_size", 104857600)
                                    .str());
}

} // namespace

std::string status_data(size_t queue_remaining, const std::string& sid) {
  auto info = json_object{}.add("queue_remaining", queue_remaining).str();
  json_object out;
  out.raw("status", json_object{}.raw("exec_info", info).str());
  if (!sid.empty())
    out.add("sid", sid);
  return out.str();
}

void serve_listener(event_socket& socket, const std::stop_token& stop,
                    std::function<void()> on_end) {
  std::stop_callback ended{stop, [&] {
                             socket.cut();
                           }};
  auto hear = [&socket, first = true](std::string_view text) mutable {
    if (auto answer = std::exchange(first, false) ? answer_to(text) : "";
        !answer.empty())
      socket.send(std::move(answer));
  };
  socket.run(hear, std::move(on_end));
}

// server.py: websocket_handler.
void event_hub::join(const std::string& sid,
                     std::shared_ptr<event_socket> socket,
                     size_t queue_remaining) {
  std::lock_guard lock{mutex_};
  socket->send(message("status", status_data(queue_remaining, sid)));
  // Without the prompt's id, as in the published server.
  if (client_id_ == sid && !node_.empty())
    socket->send(message("executing", json_object{}.add("node", node_).str()));
  sockets_[sid] = std::move(socket);
}

// Removes by name: an old connection that ends late also removes its successor.
// The published server does so too.
void event_hub::leave(const std::string& sid) {
  std::lock_guard lock{mutex_};
  sockets_.erase(sid);
}

void event_hub::send(const std::string& sid, std::string_view type,
                     std::string_view data) {
  auto text = message(type, data);
  std::lock_guard lock{mutex_};
  for (auto& [name, socket] : sockets_)
    if (sid.empty() || sid == name)
      socket->send(text);
}

void event_hub::cut(const std::string& sid) {
  std::lock_guard lock{mutex_};
  for (auto& [name, socket] : sockets_)
    if (sid.empty() || sid == name)
      socket->cut();
}

void event_hub::set_running(std::string client_id, std::string node) {
  std::lock_guard lock{mutex_};
  client_id_ = std::move(client_id);
  node_ = std::move(node);
}

prompt_events::prompt_events(event_hub& hub, std::string prompt_id,
                             std::string client_id)
  : hub_(hub), prompt_id_(std::move(prompt_id)),
    client_id_(std::move(client_id)) {
  // nop
}

prompt_events::~prompt_events() {
  hub_.set_running({}, {});
}

// execution.py: execute_async.
void prompt_events::begin() {
  keep("execution_start", {});
  keep("execution_cached", json_object{}.raw("nodes", "[]"));
}

// execution.py: execute.
void prompt_events::node_begins(const std::string& node) {
  nodes_.push_back({node});
  tell_progress_state();
  if (!client_id_.empty())
    hub_.set_running(client_id_, node);
  tell("executing", json_object{}.add("node", node).add("display_node", node));
}

// main.py: hijack_progress. No previews: the server's default is none.
void prompt_events::node_steps(int value, int most) {
  nodes_.back().value = value;
  nodes_.back().most = most;
  tell_progress_state();
  // Sent to all listeners when there is no client id: the published server does
  // not check the id here either.
  hub_.send(client_id_, "progress",
            json_object{}
              .add("value", value)
              .add("max", most)
              .add("prompt_id", prompt_id_)
              .add("node", node())
              .str());
}

void prompt_events::node_shows(std::string_view output) {
  tell("executed", json_object{}
                     .add("node", node())
                     .add("display_node", node())
                     .raw("output", output));
}

void prompt_events::node_ends() {
  nodes_.back().value = nodes_.back().most;
  nodes_.back().ended = true;
  tell_progress_state();
}

void prompt_events::end(std::string_view type, json_object data) {
  keep(type, std::move(data), type == "execution_interrupted");
}

// main.py: prompt_worker.
void prompt_events::leave() {
  tell("executing", json_object{}.raw("node", "null"));
}

bool prompt_events::has_run(std::string_view node) const {
  return std::any_of(nodes_.begin(), nodes_.end(), [&](auto& x) {
    return x.id == node;
  });
}

std::string prompt_events::executed() const {
  json_array out;
  for (auto& x : nodes_)
    if (x.ended)
      out.add(x.id);
  return out.str();
}

// execution.py: add_message.
void prompt_events::keep(std::string_view type, json_object data, bool to_all) {
  data.add("prompt_id", prompt_id_)
    .add("timestamp", static_cast<int64_t>(unix_now() * 1000));
  messages_.raw(json_array{}.add(type).raw(data.str()).str());
  if (!client_id_.empty() || to_all)
    hub_.send(client_id_, type, data.str());
}

void prompt_events::tell(std::string_view type, const json_object& data) {
  if (client_id_.empty())
    return;
  auto whole = data;
  hub_.send(client_id_, type, whole.add("prompt_id", prompt_id_).str());
}

// comfy_execution/progress.py: to all listeners, whichever client has queued
// the prompt.
void prompt_events::tell_progress_state() {
  json_object nodes;
  for (auto& x : nodes_)
    nodes.raw(x.id, json_object{}
                      .add("value", x.value)
                      .add("max", x.most)
                      .add("state", x.ended ? "finished" : "running")
                      .add("node_id", x.id)
                      .add("prompt_id", prompt_id_)
                      .add("display_node_id", x.id)
                      .raw("parent_node_id", "null")
                      .add("real_node_id", x.id)
                      .str());
  hub_.send(
    {}, "progress_state",
    json_object{}.add("prompt_id", prompt_id_).raw("nodes", nodes.str()).str());
}

} // namespace render::local_cloud
