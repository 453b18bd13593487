#pragma once
// A whole worker in virtual time: the real SUPERVISOR, QUEUE WATCHER, GPU
// INSTANCES, RENDERERS and WEBHOOK actor, between an in-memory job store,
// provider and web.
#include "actors/gpu_instance/gpu_instance.hpp"
#include "actors/queue_watcher/queue_watcher.hpp"
#include "actors/renderer/renderer.hpp"
#include "actors/renderer/work_folders.hpp"
#include "actors/supervisor/supervisor.hpp"
#include "actors/webhook/webhook.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/fake_gpu_cloud.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/fake_job_store.hpp"
#include "tests/support/temp_folder.hpp"

#include <map>
#include <string>
#include <vector>

namespace render::harness {

/// A plan that takes a given time, has a given end, and has one request to
/// interrupt its remote work.
class timed_plan final : public render_plan {
public:
  timed_plan(duration takes, job_outcome outcome, std::string node_url)
    : takes_(takes), outcome_(std::move(outcome)), url_(std::move(node_url)) {
    // nop
  }

  step start() override {
    step out;
    out.stage = "render";
    out.progress = 0;
    out.next = wait{takes_, [outcome = outcome_] {
                      step last;
                      last.next = finish{outcome};
                      return last;
                    }};
    return out;
  }

  std::vector<http_request> interrupt() override {
    http_request out;
    out.method = "POST";
    out.url = url_ + "/interrupt";
    return {out};
  }

private:
  duration takes_;
  job_outcome outcome_;
  std::string url_;
};

class virtual_worker : public deterministic_system {
public:
  struct render_script {
    duration takes{1'000};
    job_outcome outcome{"done", {}};
  };

  virtual_worker();

  /// The configurations must be set before this call.
  void start();

  /// A valid record of this type.
  static job make_job(const std::string& id, const std::string& type = "csm");

  /// Pushes a job as a producer does.
  void push(job x);

  void push(const std::string& id, const std::string& type = "csm");

  void drain(const std::string& reason = "test");

  const std::string& status(const std::string& id) const {
    return store->jobs.at(id).status;
  }

  const std::string& error(const std::string& id) const {
    return store->jobs.at(id).error;
  }

  /// Rents a GPU by a job "warm-up", which ends at once.
  void warm_up(const std::string& type = "csm");

  event_log_ptr log;
  fake_gpu_cloud_ptr cloud = std::make_shared<fake_gpu_cloud>();
  fake_job_store_ptr store = std::make_shared<fake_job_store>();
  fake_http_ptr web = std::make_shared<fake_http>();
  /// Somebody wants traces; these are the spans.
  bool traced = false;
  std::vector<span> spans;

  supervisor::config cfg;
  gpu_instance::config gpu_cfg;
  queue_watcher::config watcher_cfg;
  webhook_sender::config webhook_cfg;
  renderer_config render_cfg;
  /// By "ID", or "ID/ATTEMPT" for one attempt only; else the default.
  std::map<std::string, render_script> scripts;
  render_script default_script;

  fake_job_store_actor store_actor;
  fake_gpu_cloud_actor cloud_actor;
  fake_http_actor web_actor;
  webhook_actor webhooks;
  supervisor_actor supervisor;
  queue_watcher_actor watcher;
  std::map<uint64_t, gpu_instance_actor> gpus;
  /// The ledger entries that they were started with.
  std::map<uint64_t, ledger_id> entry_ids;
  std::vector<renderer_actor> renderers;

private:
  gpu_instance_actor make_gpu(const supervisor::rent& order,
                              gpu_owner_actor owner);

  /// Events: "begin ID on NODE".
  renderer_actor make_renderer(const msg::run_job& task,
                               const std::string& node,
                               render_owner_actor owner);

  const render_script& script_of(const job& x) const;

  /// Each with a seed of its own; none without traces.
  tracing traces();

  // The plans here never ask these two actors.
  media_actor idle_media();

  object_store_actor idle_object_store();

  temp_folder folder_;
  std::shared_ptr<folder_keeper> folders_
    = open_work_folders(folder_.path(), "here", 0, disk_work::at_once).value();
  media_actor media_;
  object_store_actor objects_;
  span_sink_actor sink_;
  uint64_t seeds_ = 0;
};

} // namespace render::harness
