#include "tests/support/virtual_worker.hpp"

#include "app/node/gpu_settings.hpp"

namespace render::harness {

virtual_worker::virtual_worker() {
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

void virtual_worker::start() {
  store_actor = spawn(fake_job_store_behavior, store);
  cloud_actor = spawn(fake_gpu_cloud_behavior, cloud);
  web_actor = spawn(fake_http_behavior, web);
  auto now = [this] {
    return unix_now();
  };
  webhooks
    = spawn(webhook_behavior, webhook_cfg,
            webhook_deps{web_actor, store_actor, now, null_logger(), traces()});
  supervisor_deps deps;
  deps.ledger = store_actor;
  deps.gpu_ledger = store_actor;
  deps.make_watcher = [this, now](work_sink_actor sink) {
    watcher = adopt(system().spawn(
      queue_watcher_behavior, watcher_cfg,
      queue_watcher_deps{store_actor, std::move(sink), now, null_logger()}));
    return watcher;
  };
  deps.make_gpu = [this](const supervisor::rent& order, gpu_owner_actor owner) {
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
  deps.traces = traces();
  supervisor = spawn(supervisor_behavior, cfg, deps);
}

job virtual_worker::make_job(const std::string& id, const std::string& type) {
  static const std::map<std::string, std::string> data{
    {"csm", R"({"monologue": ["Hello."]})"},
    {"whisper", R"({"audio_url": "http://files.example/a.mp3"})"},
    {"portrait", R"({"image_url": "http://files.example/a.png",)"
                 R"( "audio_url": "http://files.example/a.mp3"})"},
    {"analyze", R"({"image_url": "http://files.example/a.png"})"}};
  job out;
  out.id = job_id{id};
  out.type = type;
  out.created_at_s = 1'700'000'000;
  if (auto at = data.find(type); at != data.end())
    out.data = at->second;
  return out;
}

void virtual_worker::push(job x) {
  store->push(std::move(x));
  caf::anon_send(store_actor, caf::tick_atom_v);
  run();
}

void virtual_worker::push(const std::string& id, const std::string& type) {
  push(make_job(id, type));
}

void virtual_worker::drain(const std::string& reason) {
  caf::anon_send(supervisor, msg::drain_node{reason});
  run();
}

void virtual_worker::warm_up(const std::string& type) {
  auto before = scripts;
  scripts["warm-up"] = {duration{0}, {"done", {}, {}}};
  push("warm-up", type);
  advance(std::chrono::seconds{5});
  scripts = before;
}

gpu_instance_actor virtual_worker::make_gpu(const supervisor::rent& order,
                                            gpu_owner_actor owner) {
  auto own = gpu_settings(gpu_cfg, order, cfg.workload_of_kind);
  own.slots = cfg.slots_per_gpu;
  gpu_instance_deps deps;
  deps.cloud = cloud_actor;
  deps.ledger = store_actor;
  deps.owner = std::move(owner);
  deps.make_renderer = [this](const msg::run_job& task, const std::string& node,
                              render_owner_actor parent) {
    return make_renderer(task, node, std::move(parent));
  };
  deps.now = [this] {
    return unix_now();
  };
  deps.log = null_logger();
  deps.traces = traces();
  auto out = adopt(system().spawn(gpu_instance_behavior, own, deps));
  gpus[order.instance] = out;
  entry_ids[order.instance] = order.ledger_id;
  return out;
}

renderer_actor virtual_worker::make_renderer(const msg::run_job& task,
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
  deps.traces = traces();
  deps.now = [this] {
    return unix_now();
  };
  render_environment env;
  env.vision_url = "http://" + node;
  renderers.push_back(
    adopt(system().spawn(renderer_behavior, render_cfg, deps, task, env)));
  return renderers.back();
}

const virtual_worker::render_script&
virtual_worker::script_of(const job& x) const {
  for (auto& key : {x.id + "/" + std::to_string(x.attempt), x.id.text()})
    if (auto at = scripts.find(key); at != scripts.end())
      return at->second;
  return default_script;
}

tracing virtual_worker::traces() {
  if (!traced)
    return {};
  if (!sink_)
    sink_ = adopt(system().spawn(
      [this](span_sink_actor::pointer) -> span_sink_actor::behavior_type {
        return {[this](const msg::spans_ended& x) {
          spans.insert(spans.end(), x.spans.begin(), x.spans.end());
        }};
      }));
  return {sink_, {}, ++seeds_};
}

media_actor virtual_worker::idle_media() {
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

object_store_actor virtual_worker::idle_object_store() {
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

} // namespace render::harness
