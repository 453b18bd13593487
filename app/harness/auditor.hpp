#pragma once
// Watches a simulated fleet from outside: what stands in Redis, the provider's
// books, what receivers got. Knows nothing of the workers' insides, so that a
// bug in them cannot hide itself. The first broken rule stops the run.
#include "app/harness/ledger_book.hpp"
#include "app/harness/sim_world.hpp"

#include <optional>
#include <string>
#include <vector>

namespace render::harness {

struct violation {
  /// "final status twice", "idle GPU" ...
  std::string rule;
  std::string text;
  virtual_duration when{0};
  /// The job, GPU or worker that it is about.
  std::string subject;
};

struct audit_limits {
  /// Over the idle timeout, until a GPU that nobody uses must be stopped.
  double idle_tolerance_s = 20;
  /// How long a warm slot may wait beside a job that fits it.
  double warm_slot_s = 3;
  /// How old what a worker knows of the queue may be when it gives up a machine
  /// for another type: it looks every second.
  double look_age_s = 1.1;
  /// Until a machine that has died, or never came up, must be stopped.
  double dead_gpu_s = 120;
  /// Until a machine whose worker is gone must have another one.
  double orphan_s = 60;
  /// Until the worker has surely heard that a claim of its has worked.
  double claim_heard_s = 5;
  /// How long an outage of Redis may be over before what it has undone shows.
  double redis_aftermath_s = 60;
  /// How long the storage must have been away, and all jobs that still need a
  /// GPU be gone, before whoever rents one does so for an upload.
  double upload_only_s = 180;
  /// Nothing makes a worker doubt its machines, so it has no reason to give one
  /// up before its time.
  bool calm = false;
  /// Requests under way for each node.
  size_t requests_max = 500;
  /// Check of the rules that need a look at everything.
  double interval_s = 1;
};

class auditor {
public:
  auditor(sim_world& world, audit_limits limits);
  auditor(const auditor&) = delete;
  auditor& operator=(const auditor&) = delete;
  ~auditor();

  /// At the end, when everything must be done: false when it is not yet.
  bool all_done() const;
  /// Says what is not done.
  void check_end();

  const std::optional<violation>& found() const noexcept {
    return found_;
  }

  /// What became of one job.
  struct job_course {
    virtual_duration pushed{-1};
    virtual_duration begun{-1};
    virtual_duration ended{-1};
    /// Since when its status is "running"; negative: it is not.
    virtual_duration running{-1};
    /// Of a final status; 's' success, 'f' failed, 'c' by a front end, 'l' lost
    /// by Redis before anybody held it.
    char end = 0;
    std::string owner;
    /// Who held it when a worker ended it.
    std::string ended_under;
    /// Redis has lost what a delivery needs.
    bool webhook_lost = false;
  };

  const std::vector<job_course>& jobs() const noexcept {
    return jobs_;
  }

  /// A sample every so often, for charts.
  struct sample {
    double at_s = 0;
    size_t queued = 0;
    size_t gpus = 0;
    size_t busy = 0;
  };
  const std::vector<sample>& samples() const noexcept {
    return samples_;
  }
  void sample_every(double s) {
    sample_interval_s_ = s;
  }

private:
  void on_field(std::string_view key, std::string_view field,
                std::string_view before, std::string_view now);
  void let_go(uint64_t client);
  void on_status(size_t job, std::string_view before, std::string_view now);
  void check_failure(size_t job);
  void check_deadline(size_t job, std::string_view error);
  void on_settler(size_t job, std::string_view now);
  void on_owner(size_t job, std::string_view before, std::string_view now);
  void check_launch(const sim_gpu& gpu);
  void check_stop(const sim_gpu& gpu, uint64_t client);
  void check_early_stop(const sim_gpu& gpu, const sim_node& node);
  /// Kinds of jobs that wait there now; remembered in `waited_`.
  std::array<bool, 4> look_at_queue();
  void on_data_lost();
  void on_run(const sim_gpu& gpu, const sim_run& run);
  // auditor_renders.cpp
  void check_second_render(const sim_gpu& gpu, const sim_run& run);
  void on_rendered(const sim_run& run);
  /// Its result waits for nothing but the storage.
  bool is_rendered(size_t job, double since_s) const;
  bool holds_uploads_only(const sim_node& node, double since_s) const;
  void check_launch_for_upload(const sim_gpu& gpu);
  void tick();
  void check_gpus();
  /// Who keeps a machine (0: nobody alive), since when.
  struct keeping {
    uint64_t client = 0;
    virtual_duration since{0};
    /// When its keeper could last not reach the provider's API.
    virtual_duration helpless{0};
  };

  void check_idle(const sim_gpu& gpu, const sim_node& node,
                  const keeping& kept);
  const sim_node* keeper_of(const sim_gpu& gpu);
  void check_warm_slots();
  void break_rule(std::string rule, std::string subject, std::string text);

  sim_world& world_;
  audit_limits limits_;
  std::optional<violation> found_;
  std::vector<job_course> jobs_;
  /// Jobs held, by client, and when it held the last one.
  std::map<uint64_t, size_t> held_;
  std::map<uint64_t, virtual_duration> held_until_;
  /// Since when a slot of this client waits beside a job.
  std::map<uint64_t, virtual_duration> waits_since_;
  /// Followed runs by job.
  std::map<size_t, std::vector<std::pair<uint64_t, uint64_t>>> followed_;
  /// The last render of a job.
  struct rendering {
    uint64_t gpu = 0;
    /// Who held the job; 0: nobody known.
    uint64_t client = 0;
    virtual_duration began{0};
    /// Negative: not yet.
    virtual_duration rendered{-1};
  };
  std::map<size_t, rendering> renders_;
  std::vector<sample> samples_;
  double sample_interval_s_ = 0;
  double next_sample_s_ = 0;
  ledger_book ledger_;
  /// By the number of a machine.
  std::map<uint64_t, keeping> kept_;
  /// When a job of this kind was last seen to wait.
  std::array<virtual_duration, 4> waited_;
  virtual_duration data_lost_ = long_ago;
  size_t finals_ = 0;
};

} // namespace render::harness
