#pragma once
// A Gradio server (protocol sse_v3) around a few functions: configuration,
// uploads, a queue with one running job for each function, one event stream for
// each session, cancellation, files. It has the rough edges of the real server:
// a dropped stream drops its jobs, and a cancelled function runs on.
#include "app/local_cloud/http_text.hpp"
#include "app/local_cloud/service.hpp"
#include "messages/text/json.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

namespace render::local_cloud {

struct gradio_parameter {
  std::string name;
  std::string label;
  /// Audio, Textbox, Dropdown, Slider, Checkbox or Number.
  std::string component;
  /// JSON of the default value; empty when there is none.
  std::string initial;
  std::vector<std::string> choices{};
  double minimum = 0;
  double maximum = 0;
  double step = 1;
};

struct gradio_output {
  std::string label;
  /// Audio, Textbox or File.
  std::string component;
};

/// How a function fails: a gr.Error carries its text, any other exception
/// shows none.
struct gradio_failure {
  std::optional<std::string> text;
};

template <class T>
using gradio_result = tl::expected<T, gradio_failure>;

inline tl::unexpected<gradio_failure> gradio_error(std::string text) {
  return tl::unexpected{gradio_failure{std::move(text)}};
}

class gradio_app;

/// One run of a function.
struct gradio_call {
  /// The arguments, checked against the parameters.
  const json::value& data;
  /// A folder for this run only, below the app's cache.
  std::filesystem::path dir;
  /// Time that a fault adds to the render time.
  millis slowness;
  /// Requested at the end of the GPU, not at a cancellation.
  std::stop_token stop;
  /// The JSON of a result file.
  std::function<std::string(const std::filesystem::path&)> file_data;
};

struct gradio_endpoint {
  /// Without a slash.
  std::string api_name;
  std::vector<gradio_parameter> parameters;
  std::vector<gradio_output> outputs;
  /// Returns the outputs, each as JSON.
  std::function<gradio_result<std::vector<std::string>>(const gradio_call&)>
    run;
};

class gradio_app {
public:
  gradio_app(std::string service, service_context context,
             std::vector<gradio_endpoint> endpoints);
  /// Waits for running functions. That takes as long as they do, unless the
  /// context's token was requested before.
  ~gradio_app();

  /// `path` is the part after the app's own, beginning with a slash. `self`
  /// keeps the app's owner alive while a stream is open.
  void handle(const httplib::Request& in, httplib::Response& out,
              std::string_view path, std::shared_ptr<void> self);

private:
  enum class kind { estimation, starts, heartbeat, completed, close, error };
  struct message {
    kind what = kind::heartbeat;
    std::string text;
    /// For /call: the event's data.
    std::string data{};
  };
  struct event {
    std::string id;
    std::string session;
    size_t function = 0;
    json::document body;
    std::string root;
    millis slowness{0};
    bool cancelled = false;
  };
  using event_ptr = std::shared_ptr<event>;
  struct session {
    std::deque<message> messages;
    std::set<std::string> pending;
  };
  struct stream_state {
    /// When something was last written.
    std::chrono::steady_clock::time_point last;
    /// close_stream has ended the stream: the session may be in use again.
    bool closed = false;
  };
  struct runner {
    std::jthread thread;
    bool finished = false;
  };

  /// The app's URL for its client, as of a Gradio that knows the path in front
  /// of it.
  std::string root_url(const httplib::Request& in, std::string_view path) const;
  void config(httplib::Response& out, const std::string& root) const;
  void info(httplib::Response& out) const;
  void upload(const httplib::Request& in, httplib::Response& out);
  void join(const httplib::Request& in, httplib::Response& out,
            const std::string& root);
  void simple_call(const httplib::Request& in, httplib::Response& out,
                   std::string_view name, const std::string& root);
  void stream(httplib::Response& out, const std::string& session_id,
              bool simple, std::shared_ptr<void> self);
  bool stream_step(const std::string& session_id, bool simple, bool mute,
                   stream_state& state, httplib::DataSink& sink);
  void cancel(const httplib::Request& in, httplib::Response& out);
  void file(httplib::Response& out, const std::string& path) const;

  std::string submit(size_t function, std::string session_id,
                     json::document body, const std::string& root);
  // The following are called with the mutex held.
  std::deque<message> take_messages(const std::string& session_id,
                                    stream_state& state);
  void start_what_can();
  void tell_ranks(size_t function);
  void finish(const event_ptr& job, const std::string& json,
              const std::string& data);
  void drop_session(const std::string& id);

  void run(const event_ptr& job);
  gradio_result<std::vector<std::string>> execute(event& job);
  gradio_result<void> check(const gradio_endpoint& endpoint,
                            const json::value& data) const;
  bool in_cache(const std::filesystem::path& path) const;

  std::string service_;
  service_context context_;
  std::vector<gradio_endpoint> endpoints_;
  std::string app_id_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, session> sessions_;
  std::vector<std::deque<event_ptr>> queues_;
  std::vector<event_ptr> running_;
  std::list<runner> runners_;
};

/// The JSON texts that describe the app to its clients.
std::string gradio_config(const gradio_release& release,
                          const std::vector<gradio_endpoint>& endpoints,
                          std::string_view app_id, std::string_view root);
std::string gradio_info(const gradio_release& release,
                        const std::vector<gradio_endpoint>& endpoints);

} // namespace render::local_cloud
