#include "app/node/wiring.hpp"

#include "actors/gpu_instance/gpu_instance.hpp"
#include "actors/input_look/input_look.hpp"
#include "actors/io/gpu_cloud/gpu_cloud.hpp"
#include "actors/io/object_store/folder_store.hpp"
#include "actors/io/object_store/s3_store.hpp"
#include "actors/io/redis/job_store.hpp"
#include "actors/io/spans/span_exporter.hpp"
#include "actors/queue_watcher/queue_watcher.hpp"
#include "actors/renderer/renderer.hpp"
#include "actors/supervisor/supervisor.hpp"
#include "actors/webhook/webhook.hpp"
#include "app/node/gpu_settings.hpp"
#include "app/node/redis_settings.hpp"
#include "app/node/replace_age.hpp"
#include "app/node/web_settings.hpp"
#include "messages/text/digest.hpp"

#include <caf/all.hpp>

#include <chrono>

namespace render {

namespace {

std::chrono::milliseconds to_ms(seconds_f d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d);
}

/// What the factories of children capture.
struct wiring {
  caf::actor_system& system;
  worker_config cfg;
  std::shared_ptr<const std::string> portrait_workflow;
  outside_worlds outside;
  node_surroundings around;
  secret_mask mask;
};

using wiring_ptr = std::shared_ptr<const wiring>;

/// Without traces no seed is drawn: the runs of the simulator stay as they are.
tracing traces_of(const wiring_ptr& w) {
  if (!w->outside.spans)
    return {};
  return {w->outside.spans, w->cfg.spans.how, w->around.new_seed()};
}

/// The dependencies of every RENDERER.
renderer_deps rendering(const wiring_ptr& w, render_owner_actor owner) {
  renderer_deps out;
  out.http = w->outside.http;
  out.media = w->outside.media;
  out.store = w->outside.objects;
  out.progress = w->outside.jobs;
  out.owner = std::move(owner);
  out.plans = make_plan;
  out.log = w->around.log;
  out.folders = w->around.folders;
  out.mask = w->mask;
  return out;
}

renderer_actor spawn_renderer(const wiring_ptr& w, const msg::run_job& task,
                              const gpu_host& node_name,
                              render_owner_actor owner,
                              render_owner_actor keeper) {
  auto& cfg = w->cfg;
  auto base = gpu_cloud::node_url(cfg.node_url, node_name);
  render_environment env;
  env.node = node_name;
  env.csm_url = base + "/csm";
  env.whisper_url = base + "/whisper";
  env.comfyui_url = gpu_cloud::node_url(cfg.ui_url, node_name);
  env.vision_url = base;
  env.api_key = cfg.api_key;
  env.control_url = cfg.api_url;
  env.polling_interval = to_ms(cfg.polling_interval);
  env.vision_model = cfg.vision_model;
  env.portrait_workflow = w->portrait_workflow;
  env.seed = w->around.new_seed();
  env.max_input_bytes = cfg.max_input_bytes;
  env.uploads_url = uploads_url(cfg.web);
  auto deps = rendering(w, std::move(owner));
  deps.keeper = std::move(keeper);
  deps.traces.to = w->outside.spans;
  deps.now = w->around.now;
  return w->system.spawn(renderer_behavior, renderer_config{}, deps, task, env);
}

// The job is not claimed yet, so the RENDERER writes nothing to its record and
// does not ask for ownership.
renderer_actor spawn_look(const wiring_ptr& w, const msg::run_job& task,
                          render_owner_actor owner) {
  renderer_config cfg;
  cfg.group = "look/";
  cfg.progress_interval = cfg.slept_after = std::chrono::hours{24};
  render_environment env;
  env.inputs_only = true;
  env.portrait_workflow = w->portrait_workflow;
  env.max_input_bytes = w->cfg.max_input_bytes;
  env.uploads_url = uploads_url(w->cfg.web);
  return w->system.spawn(renderer_behavior, cfg, rendering(w, std::move(owner)),
                         task, env);
}

gpu_instance_actor spawn_gpu(const wiring_ptr& w, const supervisor::rent& order,
                             gpu_owner_actor owner) {
  auto& cfg = w->cfg;
  gpu_instance::config out;
  out.slots = cfg.jobs_per_gpu;
  out.idle_timeout = to_ms(cfg.gpu_idle_timeout);
  out.max_lifetime = to_ms(cfg.gpu_lifetime);
  out.replace_after = replace_age(cfg);
  out.boot_timeout = to_ms(cfg.boot_timeout);
  gpu_instance_deps deps;
  deps.cloud = w->outside.cloud;
  deps.ledger = w->outside.jobs;
  deps.make_renderer = [w, keeper = render_owner_actor{owner}](
                         const msg::run_job& task, const gpu_host& node_name,
                         render_owner_actor parent) {
    return spawn_renderer(w, task, node_name, std::move(parent), keeper);
  };
  deps.owner = std::move(owner);
  deps.now = w->around.now;
  deps.log = w->around.log;
  deps.traces = traces_of(w);
  return w->system.spawn(
    gpu_instance_behavior,
    gpu_settings(std::move(out), order, cfg.workload_of_kind), deps);
}

queue_watcher_actor spawn_watcher(const wiring_ptr& w, work_sink_actor sink) {
  queue_watcher::config cfg;
  // A launch follows the backlog without another look, so that must be fresh.
  if (!looks_before_launch(w->cfg)) {
    cfg.rescan_full = std::chrono::seconds{1};
    cfg.rescan_turn = cfg.manners.full_turn = std::chrono::seconds{0};
  }
  cfg.manners.idle_timeout = to_ms(w->cfg.gpu_idle_timeout);
  // Whose turn it is to launch, the others know: it must not look late.
  if (w->outside.peers) {
    cfg.manners.full_most = std::chrono::milliseconds{500};
    cfg.manners.full_turn = std::chrono::milliseconds{10};
    cfg.manners.full_turn_most = std::chrono::milliseconds{1'000};
  }
  return w->system.spawn(queue_watcher_behavior, cfg,
                         queue_watcher_deps{w->outside.jobs, std::move(sink),
                                            w->around.now, w->around.log});
}

supervisor::config supervisor_config(const worker_config& cfg, uint64_t seed) {
  supervisor::config out;
  out.workload_of_kind = cfg.workload_of_kind;
  out.prices = cfg.prices;
  out.max_gpus = cfg.max_gpus;
  out.slots_per_gpu = cfg.jobs_per_gpu;
  out.pre_launch_min = to_ms(cfg.pre_launch_min);
  out.pre_launch_max = to_ms(cfg.pre_launch_max);
  out.look_before_launch = looks_before_launch(cfg);
  out.retire_after = gpu_instance::retirement_age(replace_age(cfg),
                                                  to_ms(cfg.gpu_lifetime));
  if (out.look_before_launch)
    out.replace_ahead = to_ms(cfg.gpu_replace_ahead);
  out.max_render_time = to_ms(cfg.max_render_time);
  out.attempts_max = cfg.job_attempts;
  out.drain_time = to_ms(cfg.drain_time);
  out.peers.name = cfg.worker_id;
  out.peers.target_wait = to_ms(cfg.target_wait);
  out.seed = seed;
  return out;
}

input_look_actor spawn_input_look(const wiring_ptr& w) {
  auto look = [w](const msg::run_job& task, render_owner_actor owner) {
    return spawn_look(w, task, std::move(owner));
  };
  return caf::actor_cast<input_look_actor>(
    w->system.spawn(input_look_behavior, input_look_config{},
                    input_look_deps{w->outside.jobs, w->outside.jobs, look,
                                    w->around.now, w->around.log}));
}

object_store_actor spawn_folder_store(caf::actor_system& system,
                                      const worker_config& cfg,
                                      const node_surroundings& around) {
  folder_store::config out{cfg.output_dir};
  return around.own_threads
           ? system.spawn<caf::detached>(folder_store_behavior, out)
           : system.spawn(folder_store_behavior, out);
}

object_store_actor
spawn_s3_store(caf::actor_system& system, const worker_config& cfg,
               const outside_worlds& outside, const node_surroundings& around) {
  s3::config s3;
  s3.endpoint = cfg.minio_endpoint;
  s3.access_key = cfg.minio_access_key;
  s3.secret_key = cfg.minio_secret_key;
  s3.bucket = cfg.minio_bucket;
  s3.secure = cfg.minio_secure;
  s3.public_url = cfg.minio_public_url;
  s3.region = cfg.minio_region;
  return system.spawn(
    s3_store_behavior, s3,
    object_store_deps{outside.http, around.now, around.log, outside.kept});
}

} // namespace

namespace {

template <class Handle>
void add_part(named_parts& out, std::string name, const Handle& part) {
  if (part)
    out.emplace_back(std::move(name), caf::actor_cast<caf::actor>(part));
}

} // namespace

named_parts parts_of(const outside_worlds& outside) {
  named_parts out;
  add_part(out, "HTTP", outside.http);
  add_part(out, "SPAN EXPORTER", outside.spans);
  add_part(out, "MEDIA", outside.media);
  add_part(out, root::job_store, outside.jobs);
  add_part(out, "GPU CLOUD", outside.cloud);
  add_part(out, "FOLDER STORE", outside.kept);
  add_part(out, "OBJECT STORE", outside.objects);
  add_part(out, "SURROUNDINGS", outside.surroundings);
  return out;
}

named_parts parts_of(const deciding_actors& deciding) {
  named_parts out;
  add_part(out, "INPUT LOOK", deciding.inputs);
  add_part(out, "WEBHOOK", deciding.webhooks);
  add_part(out, root::supervisor, deciding.supervisor);
  return out;
}

void watch(const root_actor& root, const named_parts& parts) {
  for (auto& [name, part] : parts)
    caf::anon_send(root, name, part);
}

outside_worlds spawn_outside_worlds(caf::actor_system& system,
                                    const worker_config& cfg, http_actor http,
                                    media_actor media,
                                    const node_surroundings& around) {
  outside_worlds out;
  out.http = std::move(http);
  out.media = std::move(media);

  job_store::config jobs;
  jobs.spending = {cfg.prices, cfg.spend_per_hour, cfg.spend_per_day};
  jobs.redis = redis_options(cfg);
  jobs.worker.id = cfg.worker_id;
  jobs.card = around.card;
  jobs.card.slots_per_gpu = cfg.jobs_per_gpu;
  jobs.card.max_gpus = cfg.max_gpus;
  jobs.card.workload_of_kind = cfg.workload_of_kind;
  jobs.last_error = around.last_error;
  jobs.account = around.account;
  if (around.counts)
    jobs.counts = around.counts;
  jobs.ended = {cfg.ended_jobs_max, std::chrono::seconds{cfg.ended_jobs_ttl_s}};
  jobs.record_kept = std::chrono::seconds{cfg.job_ttl_s};
  if (!cfg.webhook_secret.empty())
    jobs.outbox_key = hmac_sha256(cfg.webhook_secret, "outbox entries");
  out.jobs = system.spawn(
    job_store_behavior, jobs,
    job_store_deps{around.now, around.log, around.make_link, around.local});

  gpu_cloud::config cloud;
  cloud.api_url = cfg.api_url;
  cloud.node_url = cfg.node_url;
  cloud.ui_url = cfg.ui_url;
  cloud.node_domain = gpu_cloud::node_domain_of(cfg.node_domain, cfg.api_url,
                                                cfg.node_url, cfg.ui_url);
  cloud.api_key = cfg.api_key;
  out.cloud = system.spawn(
    gpu_cloud_behavior, cloud,
    gpu_cloud_deps{out.http, around.log, secret_mask{cfg.secrets}});

  if (cfg.minio_endpoint.empty()) {
    out.objects = spawn_folder_store(system, cfg, around);
  } else {
    if (around.keeps_results)
      out.kept = spawn_folder_store(system, cfg, around);
    out.objects = spawn_s3_store(system, cfg, out, around);
  }
  return out;
}

span_sink_actor spawn_span_exporter(caf::actor_system& system,
                                    const worker_config& cfg, http_actor http,
                                    const node_surroundings& around) {
  auto& spans = cfg.spans;
  if (spans.url.empty())
    return {};
  span_exporter_config out;
  out.limits.seed = around.new_seed();
  out.url = spans.url;
  out.headers = spans.headers;
  out.by.version = cfg.program_version;
  out.by.attributes = {{"service.name", spans.service_name},
                       {"service.version", cfg.program_version},
                       {"service.instance.id", cfg.worker_id}};
  for (auto& x : spans.resource)
    if (x.first != "service.version" && x.first != "service.instance.id")
      out.by.attributes.push_back(x);
  return caf::actor_cast<span_sink_actor>(
    system.spawn(span_exporter_behavior, out,
                 span_exporter_deps{std::move(http), around.now, around.log}));
}

deciding_actors
spawn_deciding_actors(caf::actor_system& system, const worker_config& cfg,
                      std::string portrait_workflow,
                      const outside_worlds& outside,
                      const node_surroundings& around, const root_actor& root) {
  auto w = std::make_shared<const wiring>(
    wiring{system, cfg,
           std::make_shared<const std::string>(std::move(portrait_workflow)),
           outside, around, secret_mask{cfg.secrets}});
  deciding_actors out;
  webhook_sender::config sender;
  sender.secret = cfg.webhook_secret;
  if (cfg.webhook_schedule == "standard") {
    sender.tries = webhook_sender::standard_schedule();
    sender.seed = around.new_seed();
  }
  out.webhooks
    = system.spawn(webhook_behavior, sender,
                   webhook_deps{outside.http, outside.jobs, around.now,
                                around.log, traces_of(w)});
  supervisor_deps deps;
  deps.ledger = outside.jobs;
  deps.gpu_ledger = outside.jobs;
  deps.make_watcher = [w](work_sink_actor sink) {
    return spawn_watcher(w, std::move(sink));
  };
  deps.make_gpu = [w](const supervisor::rent& order, gpu_owner_actor owner) {
    return spawn_gpu(w, order, std::move(owner));
  };
  deps.webhooks = out.webhooks;
  deps.surroundings = outside.surroundings;
  if (looks_before_launch(cfg))
    out.inputs = spawn_input_look(w);
  deps.inputs = out.inputs;
  deps.listener = root;
  deps.name = cfg.worker_id;
  deps.now = around.now;
  deps.log = around.log;
  deps.peers = outside.peers;
  deps.traces = traces_of(w);
  auto settings = supervisor_config(cfg, around.new_seed());
  settings.peers.adaptive = cfg.gpu_idle_policy.empty()
                              ? static_cast<bool>(outside.peers)
                              : cfg.gpu_idle_policy == "adaptive";
  auto supervisor = system.spawn(supervisor_behavior, settings, deps);
  out.supervisor = supervisor;
  watch(root, parts_of(out));
  return out;
}

} // namespace render
