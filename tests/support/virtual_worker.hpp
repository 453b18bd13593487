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

  virtual_worker() {
    auto now_ms = [this] {
      return elapsed_ms();
    };
    log = std::make_shared<event_log>(now_ms);
    cloud->log = log;
    cloud->now_ms = now_ms;
    store->log = log;
    store->unix_now = [this] {
      return unix_now();
    };
    web->log = log;
    cfg.workload_of_kind = {{job_kind::csm, "media:fast"},
                            {job_kind::whisper, "media:fast"},
                            {job_kind::portrait, "media:fast"},
                            {job_kind::analyze, "ollama_webui:fast"}};
    cfg.pre_launch_min = cfg.pre_launch_max = duration{0};
  }

  /// The configurations must be set before this call.
  void start() {
    store_actor = spawn(fake_job_store_behavior, store);
    cloud_actor = spawn(fake_gpu_cloud_behavior, cloud);
    web_actor = spawn(fake_http_behavior, web);
    auto now = [this] {
      return unix_now();
    };
    webhooks = spawn(webhook_behavior, webhook_cfg,
                     webhook_deps{web_actor, store_actor, now, null_logger()});
    supervisor_deps deps;
    deps.ledger = store_actor;
    deps.gpu_ledger = store_actor;
    deps.make_watcher = [this, now](work_sink_actor sink) {
      watcher = adopt(system().spawn(
        queue_watcher_behavior, watcher_cfg,
        queue_watcher_deps{store_actor, std::move(sink), now, null_logger()}));
      return watcher;
    };
    deps.make_gpu = [this](const supervisor::rent& order,
                           gpu_owner_actor owner) {
      return make_gpu(order, std::move(owner));
    };
    deps.webhooks = webhooks;
    deps.listener = spawn([log = log](drain_listener_actor::pointer)
                            -> drain_listener_actor::behavior_type {
      return {[log](const msg::node_drained& x) {
        log->add(x.clean ? "drained" : "drained with leaks");
      }};
    });
    deps.now = now;
    deps.log = null_logger();
    supervisor = spawn(supervisor_behavior, cfg, deps);
  }

  /// A valid record of this type.
  static job make_job(const std::string& id, const std::string& type = "csm") {
    static const std::map<std::string, std::string> data{
      {"csm", R"({"monologue": ["Hello."]})"},
      {"whisper", R"({"audio_url": "http://files.example/a.mp3"})"},
      {"portrait", R"({"image_url": "http://files.example/a.png",)"
                   R"( "audio_url": "http://files.example/a.mp3"})"},
      {"analyze", R"({"image_url": "http://files.example/a.png"})"}};
    job out;
    out.id = id;
    out.type = type;
    out.created_at_s = 1'700'000'000;
    if (auto at = data.find(type); at != data.end())
      out.data = at->second;
    return out;
  }

  /// Pushes a job as a producer does.
  void push(job x) {
    store->push(std::move(x));
    caf::anon_send(store_actor, caf::tick_atom_v);
    run();
  }

  void push(const std::string& id, const std::string& type = "csm") {
    push(make_job(id, type));
  }

  void drain(const std::string& reason = "test") {
    caf::anon_send(supervisor, msg::drain_node{reason});
    run();
  }

  const std::string& status(const std::string& id) const {
    return store->jobs.at(id).status;
  }

  const std::string& error(const std::string& id) const {
    return store->jobs.at(id).error;
  }

  /// Rents a GPU by a job "warm-up", which ends at once.
  void warm_up(const std::string& type = "csm") {
    auto before = scripts;
    scripts["warm-up"] = {duration{0}, {"done", {}, {}}};
    push("warm-up", type);
    advance(std::chrono::seconds{5});
    scripts = before;
  }

  event_log_ptr log;
  fake_gpu_cloud_ptr cloud = std::make_shared<fake_gpu_cloud>();
  fake_job_store_ptr store = std::make_shared<fake_job_store>();
  fake_http_ptr web = std::make_shared<fake_http>();

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
  std::map<uint64_t, std::string> entry_ids;
  std::vector<renderer_actor> renderers;

private:
  gpu_instance_actor make_gpu(const supervisor::rent& order,
                              gpu_owner_actor owner) {
    auto own = gpu_cfg;
    own.instance = order.instance;
    own.ledger_id = order.ledger_id;
    own.adopted = order.adopted;
    own.known_workloads = order.known_workloads;
    own.vouched = order.vouched;
    own.workload_type = order.type;
    own.slots = cfg.slots_per_gpu;
    own.kinds.clear();
    for (auto& [kind, workload] : cfg.workload_of_kind)
      if (workload == order.type)
        own.kinds.push_back(kind);
    gpu_instance_deps deps;
    deps.cloud = cloud_actor;
    deps.ledger = store_actor;
    deps.owner = std::move(owner);
    deps.make_renderer = [this](const msg::run_job& task,
                                const std::string& node,
                                render_owner_actor parent) {
      return make_renderer(task, node, std::move(parent));
    };
    deps.now = [this] {
      return unix_now();
    };
    deps.log = null_logger();
    auto out = adopt(system().spawn(gpu_instance_behavior, own, deps));
    gpus[order.instance] = out;
    entry_ids[order.instance] = order.ledger_id;
    return out;
  }

  /// Events: "begin ID on NODE".
  renderer_actor make_renderer(const msg::run_job& task,
                               const std::string& node,
                               render_owner_actor owner) {
    log->add("begin " + task.subject.id + " on " + node);
    renderer_deps deps;
    deps.http = web_actor;
    deps.media = idle_media();
    deps.store = idle_object_store();
    deps.progress = store_actor;
    deps.owner = std::move(owner);
    deps.plans = [this](const job& x, const job_params&,
                        const render_environment& env) {
      auto& script = script_of(x);
      return std::make_unique<timed_plan>(script.takes, script.outcome,
                                          env.vision_url);
    };
    deps.log = null_logger();
    deps.folders = folders_;
    render_environment env;
    env.vision_url = "http://" + node;
    renderers.push_back(
      adopt(system().spawn(renderer_behavior, render_cfg, deps, task, env)));
    return renderers.back();
  }

  const render_script& script_of(const job& x) const {
    for (auto& key : {x.id + "/" + std::to_string(x.attempt), x.id})
      if (auto at = scripts.find(key); at != scripts.end())
        return at->second;
    return default_script;
  }

  // The plans here never ask these two actors.
  media_actor idle_media() {
    if (!media_)
      media_ = adopt(
        system().spawn([](media_actor::pointer) -> media_actor::behavior_type {
          return {[](const msg::identify_file&) {
                    return msg::file_identity{};
                  },
                  [](const msg::prepare_image&) {
                    return msg::prepared_image{};
                  },
                  [](const msg::prepare_audio&) {
                    return msg::prepared_audio{};
                  },
                  [](const msg::cancel_media&) {
                    // nop
                  }};
        }));
    return media_;
  }

  object_store_actor idle_object_store() {
    if (!objects_)
      objects_ = adopt(system().spawn(
        [](object_store_actor::pointer) -> object_store_actor::behavior_type {
          return {[](const msg::store_file&) {
                    return msg::stored_file{};
                  },
                  [](const msg::check_storage&) {
                    return caf::ok_atom_v;
                  }};
        }));
    return objects_;
  }

  temp_folder folder_;
  std::shared_ptr<folder_keeper> folders_
    = open_work_folders(folder_.path(), "here", 0).value();
  media_actor media_;
  object_store_actor objects_;
};

} // namespace render::harness
