#pragma once
// Comput3 in memory: its API with its faults, the GPUs that it rents out with
// their services, and its books. Sends the bytes that the production code
// reads.
#include "app/harness/sim_http.hpp"
#include "app/harness/sim_jobs.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace render::harness {

/// How often faults occur. Probabilities for one call, unless stated otherwise.
struct cloud_faults {
  /// The API refuses a launch with a proxy's page.
  double launch_refused = 0;
  /// A GPU is rented, but the answer is lost.
  double launch_answer_lost = 0;
  /// Any other call of the API is answered with a page.
  double call_refused = 0;
  /// Workloads appear in the list, and leave it, this much later.
  double list_lag_s = 0;
  /// Rates for one rented hour.
  double deaths_per_hour = 0;
  double preemptions_per_hour = 0;
  /// A GPU never answers.
  double never_boots = 0;
  /// Probabilities for one run.
  double run_error = 0;
  double run_gpu_trouble = 0;
  double stream_dropped = 0;
  double stream_silent = 0;
  /// An answer of a service that is no JSON.
  double garbage = 0;
};

struct sim_run {
  size_t job = 0;
  /// Its course, for tests; `ends` is when the run is done.
  virtual_duration began{0};
  virtual_duration ends{0};
  std::string session;
  bool ended = false;
  /// The run is done, and its follower has been told or can ask.
  bool rendered = false;
  /// Stream of the run; the run ends when the stream closes.
  std::weak_ptr<sim_exchange> listener;
};

struct sim_gpu {
  uint64_t number = 0;
  std::string workload;
  std::string node;
  std::string type;
  /// Client that has launched the GPU; 0: a stranger.
  uint64_t client = 0;
  virtual_duration created{0};
  virtual_duration expires{0};
  virtual_duration node_up{0};
  /// By kind of job; max: this GPU has no such service.
  std::array<virtual_duration, 4> service_up{};
  /// When the GPU stopped, for any reason; max: it runs.
  virtual_duration stopped = virtual_duration::max();
  /// Why it stopped: "stopped", "expired", "preempted".
  std::string end;
  /// The GPU does not answer any more, but is paid for.
  bool dead = false;
  /// When one of its services last failed, broke off or sent garbage.
  virtual_duration troubled = long_ago;
  virtual_duration last_busy{0};
  double busy_s = 0;
  std::map<uint64_t, sim_run> runs;
  /// Number of runs that have not ended. Kept up to date, since the auditor
  /// asks every second.
  size_t busy = 0;

  bool running() const noexcept {
    return stopped == virtual_duration::max();
  }
  bool foreign() const noexcept {
    return client == 0;
  }
};

class sim_cloud {
public:
  sim_cloud(sim_web& web, const job_table& jobs, uint64_t seed);

  static constexpr const char* api_host = "api.sim";

  cloud_faults faults;
  /// The API does not answer.
  bool api_down = false;
  /// The next launches make their GPUs but answer with these statuses.
  std::vector<int> lost_answers;
  /// Seconds from a launch until the GPU answers, and from then until its
  /// services answer.
  double boot_low_s = 20;
  double boot_high_s = 60;
  double service_low_s = 2;
  double service_high_s = 12;

  /// A stranger's workload, which must never be stopped.
  const sim_gpu& add_foreign(const std::string& type);

  void kill(uint64_t number);
  void preempt(uint64_t number);

  const std::map<uint64_t, sim_gpu>& gpus() const noexcept {
    return gpus_;
  }
  /// The GPUs that run now.
  const std::map<uint64_t, sim_gpu*>& running() const noexcept {
    return running_;
  }

  uint64_t launches() const noexcept {
    return launches_;
  }
  uint64_t list_calls() const noexcept {
    return list_calls_;
  }

  /// Dollars an hour.
  static double price(const std::string& type);
  double cost() const;
  double rented_s() const;
  double busy_s() const;

  std::function<void(const sim_gpu&)> on_launch;
  std::function<void(const sim_gpu&)> on_end;
  /// A run of a job begins (true) or ends.
  std::function<void(const sim_gpu&, const sim_run&, bool)> on_run;
  /// The result of a run can be fetched.
  std::function<void(const sim_gpu&, const sim_run&)> on_rendered;
  /// A client has asked to stop the GPU.
  std::function<void(const sim_gpu&, uint64_t client)> on_stop_asked;

private:
  // sim_cloud.cpp: the API.
  void api(const exchange_ptr& x);
  void launch(const exchange_ptr& x);
  void list(const exchange_ptr& x);
  void stop(const exchange_ptr& x);
  sim_gpu& rent(uint64_t client, const std::string& type,
                virtual_duration expires);
  void end(sim_gpu& x, const std::string& why);
  void changed();
  bool is_listed(const sim_gpu& x) const;

  // sim_services.cpp: the machines.
  void serve(uint64_t number, const exchange_ptr& x);
  void serve_gradio(sim_gpu& gpu, const exchange_ptr& x, std::string_view path,
                    std::string_view api_name);
  void serve_comfyui(sim_gpu& gpu, const exchange_ptr& x);
  void serve_vision(sim_gpu& gpu, const exchange_ptr& x);
  void join(sim_gpu& gpu, const exchange_ptr& x);
  void follow(sim_gpu& gpu, const exchange_ptr& x, std::string_view session);
  sim_run& begin_run(sim_gpu& gpu, size_t job, std::string session);
  /// Ends the run but keeps it for a question for its history; `end_run`
  /// forgets it.
  void finish_run(sim_gpu& gpu, sim_run& run);
  void end_run(sim_gpu& gpu, uint64_t number);
  void run_due(uint64_t gpu, uint64_t run);
  void complete(sim_gpu& gpu, sim_run& run, const exchange_ptr& listener);
  void rendered(const sim_gpu& gpu, sim_run& run);
  void generate(sim_gpu& gpu, const exchange_ptr& x);
  static uint64_t run_of(const sim_gpu& gpu, std::string_view session);

  sim_web& web_;
  virtual_time& time_;
  const job_table& jobs_;
  dice dice_;
  std::map<uint64_t, sim_gpu> gpus_;
  std::map<uint64_t, sim_gpu*> running_;
  uint64_t launches_ = 0;
  uint64_t list_calls_ = 0;
  uint64_t last_run_ = 0;
  /// The list of running workloads as JSON, while it is fresh.
  std::string listed_;
  bool listed_is_fresh_ = false;
};

/// The text between `"name":"` and the next quote.
std::string_view text_field(std::string_view json, std::string_view name);

} // namespace render::harness
