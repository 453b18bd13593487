#include "app/worker/node.hpp"

#include "actors/gpu_instance/gpu_instance.hpp"
#include "actors/io/gpu_cloud/gpu_cloud.hpp"
#include "actors/io/http/http.hpp"
#include "actors/io/job_store/job_store.hpp"
#include "actors/io/media/media.hpp"
#include "actors/io/object_store/folder_store.hpp"
#include "actors/io/object_store/s3_store.hpp"
#include "actors/queue_watcher/queue_watcher.hpp"
#include "actors/renderer/renderer.hpp"
#include "actors/supervisor/supervisor.hpp"
#include "actors/webhook/webhook.hpp"
#include "messages/failure_caf.hpp"
#include "messages/json.hpp"

#include <caf/all.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

namespace render {

extern const std::string_view built_in_portrait_workflow;

namespace {

using namespace std::chrono_literals;

constexpr auto question_timeout = 3s;
constexpr auto cloud_question_timeout = 35s;
constexpr auto teardown_limit = 10s;

template <class Duration>
auto to_ms(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d);
}

double unix_now() {
  return std::chrono::duration<double>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

uint64_t random_seed() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

/// Asks an actor from outside the actor system.
template <class Answer, class Handle, class... Ts>
result<Answer> ask(caf::actor_system& system, const Handle& whom,
                   std::chrono::milliseconds timeout, Ts&&... question) {
  caf::scoped_actor self{system};
  result<Answer> out = fail(failure_kind::internal, "no answer");
  self->request(whom, timeout, std::forward<Ts>(question)...)
    .receive(
      [&](Answer& x) {
        out = std::move(x);
      },
      [&](caf::error& err) {
        out = fail(to_failure(err));
      });
  return out;
}

template <class... Handles>
void kill_all(const Handles&... handles) {
  auto kill = [](auto& handle) {
    if (handle)
      caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
  };
  (kill(handles), ...);
}

} // namespace

result<std::string> load_portrait_workflow(const std::string& path) {
  if (path.empty())
    return std::string{built_in_portrait_workflow};
  std::ifstream in{path};
  if (!in)
    return fail(failure_kind::invalid_input,
                "PORTRAIT_WORKFLOW: " + path + " cannot be read");
  std::stringstream text;
  text << in.rdbuf();
  auto doc = json::parse(text.str());
  if (!doc || !doc->IsObject())
    return fail(failure_kind::invalid_input,
                "PORTRAIT_WORKFLOW: " + path + " is no JSON object"
                  + (doc ? "" : " (" + doc.error().message + ")"));
  return text.str();
}

node::node(worker_config cfg, logger log)
  : cfg_(std::move(cfg)), log_(std::move(log)) {
  caf_cfg_.add_message_types<caf::id_block::render>();
  // Work sharing parks idle threads on a condition variable; CAF's default,
  // work stealing, polls, which costs an idle node CPU and a busy one latency.
  caf_cfg_.set("scheduler.policy", caf::atom("sharing"));
  system_ = std::make_unique<caf::actor_system>(caf_cfg_);
  spawn_outside_worlds();
}

node::~node() {
  // ~actor_system waits for every actor, however long it hangs in a library.
  std::atomic<bool> done{false};
  std::thread{[log = log_, &done] {
    auto waited = 0ms;
    for (; waited < teardown_limit && !done; waited += 50ms)
      std::this_thread::sleep_for(50ms);
    if (done)
      return;
    log->error("an actor did not stop within 10 s; ending the process");
    std::_Exit(1);
  }}.swap(watchdog_);
  kill_all(supervisor_, webhooks_);
  kill_all(outside_.media, outside_.objects, outside_.cloud, outside_.jobs,
           outside_.http);
  supervisor_ = nullptr;
  webhooks_ = nullptr;
  outside_ = {};
  system_.reset();
  done = true;
  watchdog_.join();
}

void node::spawn_outside_worlds() {
  auto& sys = *system_;
  outside_.http = sys.spawn(http_behavior, http_config{}, log_);

  job_store::config jobs;
  jobs.redis.host = cfg_.redis_host;
  jobs.redis.port = cfg_.redis_port;
  jobs.redis.username = cfg_.redis_username;
  jobs.redis.password = cfg_.redis_password;
  jobs.redis.db = cfg_.redis_db;
  jobs.worker_id = cfg_.worker_id;
  outside_.jobs = sys.spawn(job_store_behavior, jobs,
                            job_store_deps{unix_now, log_});

  gpu_cloud::config cloud;
  cloud.api_url = cfg_.api_url;
  cloud.node_url = cfg_.node_url;
  cloud.ui_url = cfg_.ui_url;
  cloud.api_key = cfg_.api_key;
  outside_.cloud = sys.spawn(gpu_cloud_behavior, cloud,
                             gpu_cloud_deps{outside_.http, log_});

  if (cfg_.minio_endpoint.empty()) {
    outside_.objects = sys.spawn(folder_store_behavior,
                                 folder_store::config{cfg_.output_dir});
  } else {
    s3::config s3;
    s3.endpoint = cfg_.minio_endpoint;
    s3.access_key = cfg_.minio_access_key;
    s3.secret_key = cfg_.minio_secret_key;
    s3.bucket = cfg_.minio_bucket;
    s3.secure = cfg_.minio_secure;
    s3.public_url = cfg_.minio_public_url;
    s3.region = cfg_.minio_region;
    outside_.objects = sys.spawn(
      s3_store_behavior, s3, object_store_deps{outside_.http, unix_now, log_});
  }
  outside_.media = sys.spawn(media_behavior, media::config{}, log_);
}

result<void> node::start(std::function<void(bool clean)> on_drained) {
  auto workflow = load_portrait_workflow(cfg_.portrait_workflow);
  if (!workflow)
    return fail(workflow.error());
  portrait_workflow_ = std::move(*workflow);

  webhook_sender::config sender;
  sender.secret = cfg_.webhook_secret;
  webhooks_ = system_->spawn(
    webhook_behavior, sender,
    webhook_deps{outside_.http, outside_.jobs, unix_now, log_});

  auto listener = system_->spawn([on_drained](drain_listener_actor::pointer)
                                   -> drain_listener_actor::behavior_type {
    return {[on_drained](const msg::node_drained& x) {
      on_drained(x.clean);
    }};
  });

  supervisor::config cfg;
  cfg.workload_of_kind = cfg_.workload_of_kind;
  cfg.max_gpus = cfg_.max_gpus;
  cfg.slots_per_gpu = cfg_.jobs_per_gpu;
  cfg.pre_launch_min = to_ms(cfg_.pre_launch_min);
  cfg.pre_launch_max = to_ms(cfg_.pre_launch_max);
  cfg.max_render_time = to_ms(cfg_.max_render_time);
  cfg.attempts_max = cfg_.job_attempts;
  cfg.drain_time = to_ms(cfg_.drain_time);
  cfg.seed = random_seed();
  supervisor_deps deps;
  deps.ledger = outside_.jobs;
  deps.make_watcher = [this](work_sink_actor sink) {
    return spawn_watcher(std::move(sink));
  };
  deps.make_gpu = [this](uint64_t instance, const std::string& type,
                         gpu_owner_actor owner) {
    return spawn_gpu(instance, type, std::move(owner));
  };
  deps.webhooks = webhooks_;
  deps.listener = listener;
  deps.now = unix_now;
  deps.log = log_;
  supervisor_ = system_->spawn(supervisor_behavior, cfg, deps);
  return {};
}

queue_watcher_actor node::spawn_watcher(work_sink_actor sink) {
  return system_->spawn(
    queue_watcher_behavior, queue_watcher::config{},
    queue_watcher_deps{outside_.jobs, std::move(sink), unix_now, log_});
}

gpu_instance_actor node::spawn_gpu(uint64_t instance, const std::string& type,
                                   gpu_owner_actor owner) {
  gpu_instance::config cfg;
  cfg.instance = instance;
  cfg.workload_type = type;
  for (auto& [kind, workload] : cfg_.workload_of_kind)
    if (workload == type)
      cfg.kinds.push_back(kind);
  cfg.slots = cfg_.jobs_per_gpu;
  cfg.idle_timeout = to_ms(cfg_.gpu_idle_timeout);
  cfg.max_lifetime = to_ms(cfg_.gpu_lifetime);
  cfg.replace_after = to_ms(cfg_.gpu_replace_after);
  cfg.boot_timeout = to_ms(cfg_.boot_timeout);
  gpu_instance_deps deps;
  deps.cloud = outside_.cloud;
  deps.owner = std::move(owner);
  deps.make_renderer = [this](const msg::run_job& task,
                              const std::string& node_name,
                              render_owner_actor parent) {
    return spawn_renderer(task, node_name, std::move(parent));
  };
  deps.now = unix_now;
  deps.log = log_;
  return system_->spawn(gpu_instance_behavior, cfg, deps);
}

renderer_actor node::spawn_renderer(const msg::run_job& task,
                                    const std::string& node_name,
                                    render_owner_actor owner) {
  auto base = gpu_cloud::node_url(cfg_.node_url, node_name);
  render_environment env;
  env.csm_url = base + "/csm";
  env.whisper_url = base + "/whisper";
  env.comfyui_url = gpu_cloud::node_url(cfg_.ui_url, node_name);
  env.vision_url = base;
  env.api_key = cfg_.api_key;
  env.work_dir
    = (std::filesystem::path{cfg_.output_dir} / ".work"
       / (task.subject.id + "-" + std::to_string(task.subject.attempt)))
        .string();
  env.polling_interval = to_ms(cfg_.polling_interval);
  env.vision_model = cfg_.vision_model;
  env.portrait_workflow = portrait_workflow_;
  env.seed = random_seed();
  env.max_input_bytes = cfg_.max_input_bytes;
  renderer_deps deps;
  deps.http = outside_.http;
  deps.media = outside_.media;
  deps.store = outside_.objects;
  deps.progress = outside_.jobs;
  deps.owner = std::move(owner);
  deps.now = unix_now;
  deps.log = log_;
  return system_->spawn(renderer_behavior, renderer_config{}, deps, task, env);
}

void node::drain(std::string reason) {
  caf::anon_send(supervisor_, msg::drain_node{std::move(reason)});
}

result<msg::node_status> node::status() {
  if (!supervisor_)
    return fail(failure_kind::unavailable, "the worker is still starting");
  return ask<msg::node_status>(*system_, supervisor_, question_timeout,
                               msg::get_status{});
}

result<std::string> node::redis_version() {
  return ask<std::string>(*system_, outside_.jobs, question_timeout,
                          caf::get_atom_v);
}

result<size_t> node::count_workloads() {
  auto list = ask<msg::gpu_list>(*system_, outside_.cloud,
                                 cloud_question_timeout, msg::list_gpus{});
  if (!list)
    return fail(list.error());
  return list->workloads.size();
}

result<void> node::check_storage() {
  auto ok = ask<caf::ok_atom>(*system_, outside_.objects,
                              cloud_question_timeout, msg::check_storage{});
  if (!ok)
    return fail(ok.error());
  return {};
}

} // namespace render
