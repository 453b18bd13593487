#pragma once
// Watches a simulated fleet from outside: the data in Redis, the provider's
// books, the receivers' deliveries. Knows nothing of the workers' insides, so
// that a bug in them cannot hide itself. The first broken rule stops the run.
#include "app/harness/ledger_book.hpp"
#include "app/harness/sim_world.hpp"
#include "messages/money.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace render::harness {

struct violation {
  /// "final status twice", "idle GPU" ...
  std::string rule;
  std::string text;
  virtual_duration when{0};
  /// The job, GPU or worker concerned.
  std::string subject;
};

struct audit_limits {
  /// Time after the idle timeout within which an unused GPU must be stopped.
  double idle_tolerance_s = 20;
  /// How long a warm slot may stay free while a fitting job waits.
  double warm_slot_s = 3;
  /// How old a worker's knowledge of the queue may be when it gives up a GPU
  /// for another type. It looks every second.
  double look_age_s = 1.1;
  /// Time within which a GPU that has died, or never came up, must be stopped.
  double dead_gpu_s = 120;
  /// Time within which another worker must adopt the GPU of a dead worker.
  double orphan_s = 60;
  /// Time after a claim within which the worker has surely got the answer.
  double claim_heard_s = 5;
  /// Time after an outage of Redis within which its effects may still show.
  double redis_aftermath_s = 60;
  /// Longest time that a probe of a GPU is under way.
  double probe_s = 5;
  /// Time after the end of a GPU within which receipts, and what becomes of its
  /// jobs, may still be written …
  double receipt_late_s = 600;
  /// … and by which its account may be longer than the provider's: a launch and
  /// a stop are calls.
  double stop_heard_s = 10;
  /// Time since the last render, and since the end of each other job, after
  /// which a launch can only be for an upload.
  double upload_only_s = 180;
  /// No fault makes a worker doubt its GPUs, so it must not give one up before
  /// its time.
  bool calm = false;
  /// Requests under way for each worker.
  size_t requests_max = 500;
  /// Seconds between checks of the rules that need a look at everything.
  double interval_s = 1;
};

class auditor {
public:
  auditor(sim_world& world, audit_limits limits);
  auditor(const auditor&) = delete;
  auditor& operator=(const auditor&) = delete;
  ~auditor();

  /// Whether all work is done.
  bool all_done() const;
  /// Breaks a rule when work is not done.
  void check_end();

  const std::optional<violation>& found() const noexcept {
    return found_;
  }

  /// The course of one job.
  struct job_course {
    virtual_duration pushed{-1};
    virtual_duration begun{-1};
    virtual_duration ended{-1};
    /// Since when the job's status is "running"; negative: it is not.
    virtual_duration running{-1};
    /// How the job ended: 's' success, 'f' failed, 'c' by a front end, 'l' lost
    /// by Redis before it had an owner; 0: not ended.
    char end = 0;
    std::string owner;
    /// Owner of the job when a worker ended it.
    std::string ended_under;
    /// Redis has lost the webhook's outbox entry.
    bool webhook_lost = false;
  };

  const std::vector<job_course>& jobs() const noexcept {
    return jobs_;
  }

  /// A sample for charts.
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
  /// Kinds of jobs that wait in the queue now; also writes `waited_`.
  std::array<bool, 4> look_at_queue();
  void on_data_lost();
  void on_run(const sim_gpu& gpu, const sim_run& run);
  // auditor_renders.cpp
  void check_second_render(const sim_gpu& gpu, const sim_run& run);
  void on_rendered(const sim_run& run);
  /// Whether the job was rendered more than `since_s` seconds ago.
  bool is_rendered(size_t job, double since_s) const;
  bool holds_uploads_only(const sim_node& node, double since_s) const;
  void check_launch_for_upload(const sim_gpu& gpu);
  // auditor_money.cpp
  void check_money();
  void check_spending();
  void check_account(const sim_gpu& gpu, const gpu_split& split,
                     int64_t given_ms, const std::string& worker);
  /// Milliseconds by ledger entry.
  std::map<std::string, int64_t> read_receipts();
  bool has_left_jobs(const std::string& worker, const sim_gpu& gpu);
  void tick();
  void check_gpus();
  /// Which worker keeps a GPU (0: no living one), and since when.
  struct keeping {
    uint64_t client = 0;
    virtual_duration since{0};
    /// Not by the first one.
    bool taken_over = false;
    /// When those that had it before last had a job.
    virtual_duration held{0};
    /// When the keeper was last unable to reach the provider's API.
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
  /// Number of jobs owned by a client, and when its last job left it.
  std::map<uint64_t, size_t> held_;
  std::map<uint64_t, virtual_duration> held_until_;
  /// When a worker lost a job that it had not ended itself.
  std::map<std::string, std::set<virtual_duration>> unsettled_;
  /// Since when a slot of this client is free while a fitting job waits.
  std::map<uint64_t, virtual_duration> waits_since_;
  /// Followed runs by job.
  std::map<size_t, std::vector<std::pair<uint64_t, uint64_t>>> followed_;
  /// The last render of a job.
  struct rendering {
    uint64_t gpu = 0;
    /// Owner of the job; 0: not known.
    uint64_t client = 0;
    virtual_duration began{0};
    /// Negative: not yet.
    virtual_duration rendered{-1};
  };
  std::map<size_t, rendering> renders_;
  std::vector<sample> samples_;
  /// When Redis was last of no use to anybody.
  virtual_duration redis_troubled_ = long_ago;
  double sample_interval_s_ = 0;
  double next_sample_s_ = 0;
  ledger_book ledger_;
  /// By the number of a GPU.
  std::map<uint64_t, keeping> kept_;
  /// When a job of this kind was last seen waiting.
  std::array<virtual_duration, 4> waited_;
  virtual_duration data_lost_ = long_ago;
  /// When Redis has lost data, Unix seconds.
  std::vector<double> losses_;
  size_t finals_ = 0;
};

} // namespace render::harness
