#pragma once
// A ComfyUI server that runs the portrait workflow: uploads, prompts with the
// real server's validation, one job at a time, history, files, and events by
// WebSocket.
#include "app/local_cloud/comfyui_events.hpp"
#include "app/local_cloud/comfyui_workflow.hpp"
#include "app/local_cloud/http_text.hpp"
#include "app/local_cloud/service.hpp"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace render::local_cloud {

class comfyui_server {
public:
  explicit comfyui_server(service_context context);
  /// The context's token must have been requested.
  ~comfyui_server();

  /// `path` is the part after the server's own, with or without /api.
  void handle(const httplib::Request& in, httplib::Response& out,
              std::string_view path);

private:
  struct job {
    int64_t number = 0;
    std::string id;
    /// The client that is told about the job; may be empty.
    std::string client_id;
    json::document body;
    std::vector<std::string> outputs;
    std::stop_source stop;
    bool interrupted = false;
  };
  using job_ptr = std::shared_ptr<job>;
  struct record {
    std::string id;
    std::string text;
  };
  struct video_order {
    video_plan plan;
    /// A file; empty: silent.
    std::string audio;
    double seconds = 0;
  };

  void system_stats(httplib::Response& out) const;
  void upload(const httplib::Request& in, httplib::Response& out);
  void prompt(const httplib::Request& in, httplib::Response& out);
  void queue_list(httplib::Response& out);
  void queue_change(const httplib::Request& in, httplib::Response& out);
  void interrupt(const httplib::Request& in, httplib::Response& out);
  void history_list(const httplib::Request& in, httplib::Response& out,
                    std::string_view id);
  void history_change(const httplib::Request& in, httplib::Response& out);
  void view(const httplib::Request& in, httplib::Response& out) const;
  void forget_when_told();
  void listen(const httplib::Request& in, httplib::Response& out);
  // The following are called with the mutex held.
  size_t queue_remaining() const {
    return pending_.size() + (running_ ? 1 : 0);
  }
  void tell_queue() {
    events_.send({}, "status", status_data(queue_remaining()));
  }

  void work();
  /// Runs a job; returns its failure, if any. `outputs` gets the results.
  std::optional<failure> run(job& x, prompt_events& events,
                             json_object& outputs);
  result<std::string> run_output(job& x, prompt_events& events,
                                 const std::string& node);
  result<void> sample(job& x, prompt_events& events, double seconds, int steps);
  static void tell_end(const job& x, prompt_events& events,
                       const std::optional<failure>& failed);
  result<video_order> order_video(job& x, const std::string& node);
  result<std::string> make_video(job& x, const video_order& video);
  /// The picture that speaks, without its sound.
  result<void> animate(job& x, const video_order& video,
                       const std::string& target);
  result<std::string> make_preview(job& x, const std::string& node);
  std::filesystem::path input_file(const std::string& name) const;

  service_context context_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int64_t next_number_ = 0;
  std::deque<job_ptr> pending_;
  job_ptr running_;
  /// Counts restarts: a job from before one leaves no history.
  int lives_ = 0;
  std::vector<record> history_;
  event_hub events_;
  std::jthread worker_;
};

} // namespace render::local_cloud
