#include "app/node/node.hpp"

#include "actors/account/account.hpp"
#include "actors/io/gpu_cloud/account.hpp"
#include "actors/io/http/http.hpp"
#include "actors/io/media/box.hpp"
#include "actors/io/media/media.hpp"
#include "actors/io/object_store/kept_results.hpp"
#include "actors/io/object_store/result_sweeper.hpp"
#include "actors/io/peers/network.hpp"
#include "actors/io/redis/link/loop.hpp"
#include "actors/io/surroundings/surroundings.hpp"
#include "actors/renderer/comfyui/workflow.hpp"
#include "actors/renderer/work_folders.hpp"
#include "app/node/log.hpp"
#include "messages/failure_caf.hpp"
#include "messages/text/json.hpp"

#include <caf/all.hpp>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <thread>

namespace render {

extern const std::string_view built_in_portrait_workflow;

namespace {

using namespace std::chrono_literals;

constexpr auto question_timeout = 3s;
constexpr auto cloud_question_timeout = 35s;
constexpr auto teardown_limit = 10s;

surroundings::config machine_config(const worker_config& cfg) {
  surroundings::config out{cfg.output_dir, cfg.min_free_bytes};
  for (auto& program : media::boxed::programs())
    out.programs.push_back(program);
  return out;
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

std::string host_name() {
  std::array<char, 256> text{};
  // A name that was cut has no end of its own.
  return gethostname(text.data(), text.size() - 1) == 0 ? text.data() : "";
}

/// A name that no other process with the same OUTPUT_DIR has. A process id is
/// not enough: two containers may have the same one.
std::string work_place() {
  std::stringstream out;
  out << std::hex << getpid() << '-' << random_seed();
  return out.str();
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

/// Why the workflow cannot make portraits; empty when it can.
std::string workflow_flaw(const json::document& doc, const std::string& text) {
  if (auto nodes = doc.FindMember("nodes");
      nodes != doc.MemberEnd() && nodes->value.IsArray())
    return "is a workflow as ComfyUI's page saves it; must be one exported in "
           "API format";
  auto filled = comfyui::fill_portrait(text, {});
  return filled ? std::string{} : "cannot be used: " + filled.error().message;
}

http_config http_config_of(const worker_config& cfg) {
  http_config out;
  out.ca_path = cfg.ca_path;
  out.proxies = cfg.proxies;
  out.proxies_for_strangers = cfg.proxies_for_strangers;
  out.allowed = cfg.allowed_private;
  return out;
}

gpu_cloud::config account_of(const worker_config& cfg) {
  gpu_cloud::config out;
  out.api_url = cfg.api_url;
  out.api_key = cfg.api_key;
  return out;
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
  if (auto flaw = workflow_flaw(*doc, text.str()); !flaw.empty())
    return fail(failure_kind::invalid_input,
                "PORTRAIT_WORKFLOW: " + path + " " + flaw);
  return text.str();
}

node::node(worker_config cfg, logger log,
           std::shared_ptr<job_store::journal> local)
  : cfg_(std::move(cfg)), log_(std::move(log)) {
  add_message_types(caf_cfg_);
  if (has_cluster())
    peers::load_network(caf_cfg_);
  // Work sharing parks idle threads on a condition variable. CAF's default,
  // work stealing, polls, which costs an idle worker CPU and a busy worker
  // latency.
  caf_cfg_.set("scheduler.policy", caf::atom("sharing"));
  // Actors decide in microseconds and never wait. More threads hand single
  // messages about, each for the price of a thread's waking; the second is for
  // when a write to the journal's disk hangs.
  caf_cfg_.set("scheduler.max-threads", size_t{2});
  system_ = std::make_unique<caf::actor_system>(caf_cfg_);
  around_ = {unix_now, log_, random_seed, job_store::start_redis_loop,
             std::move(local)};
  around_.keeps_results = true;
  around_.own_threads = true;
  around_.counts = std::make_shared<job_store::store_counts>();
  around_.card.version = cfg_.program_version;
  around_.card.host = host_name();
  around_.card.settings = cfg_.settings_shown;
  if (has_cluster()) {
    // Where it cannot be found, the start fails for that.
    reached_at_ = told_address(cfg_.cluster_listen);
    if (reached_at_)
      around_.card.cluster = to_string(*reached_at_);
  }
  // Before the first actor, which may log from another thread.
  auto last = std::make_shared<error_note>(secret_mask{cfg_.secrets});
  log_->sinks().push_back(last);
  around_.last_error = [last] {
    return last->latest();
  };
  log_->sinks().push_back(account_);
  around_.account = [note = account_] {
    auto x = note->seen();
    return job_store::account_seen{x.balance, std::move(x.gpus)};
  };
  outside_ = spawn_outside_worlds(
    *system_, cfg_, system_->spawn(http_behavior, http_config_of(cfg_), log_),
    system_->spawn(media_behavior, media::config{}, log_), around_);
  outside_.spans = spawn_span_exporter(*system_, cfg_, outside_.http, around_);
  outside_.surroundings = system_->spawn<caf::detached>(
    surroundings_behavior, surroundings::this_machine(machine_config(cfg_)),
    outside_.objects);
  root_ = system_->spawn(root_behavior, root::config{}, root_deps_of());
  watch(root_, parts_of(outside_));
}

root_deps node::root_deps_of() const {
  root_deps out;
  out.on_fault = [course = course_](const std::string& what) {
    std::lock_guard guard{course->mutex};
    course->fault = what;
  };
  out.on_end = [course = course_](bool clean) {
    std::unique_lock guard{course->mutex};
    course->ended_clean = clean;
    auto tell = course->on_end;
    guard.unlock();
    if (tell)
      tell(clean);
  };
  out.log = log_;
  return out;
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
  {
    caf::scoped_actor self{*system_};
    self->monitor(root_);
    caf::anon_send(root_, caf::close_atom_v);
    self->receive([](const caf::down_msg&) {
      // All parts have ended.
    });
  }
  root_ = nullptr;
  cluster_ = {};
  deciding_ = {};
  outside_ = {};
  system_.reset();
  done = true;
  watchdog_.join();
}

result<void> node::start(std::function<void(bool clean)> on_end) {
  auto workflow = load_portrait_workflow(cfg_.portrait_workflow);
  if (!workflow)
    return fail(workflow.error());
  auto folders = open_work_folders(cfg_.output_dir, work_place(), unix_now(),
                                   disk_work::on_threads);
  if (!folders)
    return fail(folders.error());
  around_.folders = std::move(*folders);
  sweep_results();
  look_at_account();
  if (auto ok = join_cluster(); !ok)
    return ok;
  auto deciding = spawn_deciding_actors(*system_, cfg_, std::move(*workflow),
                                        outside_, around_, root_);
  std::unique_lock guard{course_->mutex};
  deciding_ = std::move(deciding);
  course_->on_end = on_end;
  auto ended = course_->ended_clean;
  guard.unlock();
  if (ended)
    on_end(*ended);
  return {};
}

void node::sweep_results() {
  if (cfg_.result_ttl.count() <= 0)
    return;
  auto sweep = [dir = cfg_.output_dir,
                ttl = cfg_.result_ttl.count()](double now_s, size_t limit) {
    return kept_results::sweep(dir, ttl, now_s, limit);
  };
  watch(root_, {{"RESULT SWEEPER",
                 caf::actor_cast<caf::actor>(system_->spawn<caf::detached>(
                   result_sweeper_behavior, result_sweeper_config{},
                   result_sweeper_deps{sweep, unix_now, log_}))}});
}

void node::look_at_account() {
  account::config cfg;
  std::set<workload_type> types;
  for (auto& [kind, type] : cfg_.workload_of_kind)
    if (types.insert(type).second)
      cfg.types.push_back(type);
  watch(root_, {{"ACCOUNT",
                 caf::actor_cast<caf::actor>(system_->spawn(
                   account_behavior, cfg, account_of(cfg_),
                   account_deps{outside_.http, outside_.cloud, outside_.jobs,
                                unix_now, log_, account_}))}});
}

// Before the SUPERVISOR, which tells PEERS what this worker has to offer.
result<void> node::join_cluster() {
  if (!has_cluster())
    return {};
  if (!reached_at_)
    return fail(reached_at_.error());
  auto cluster = spawn_cluster(*system_, cfg_, *reached_at_, around_);
  outside_.peers = cluster.peers;
  watch(root_, parts_of(cluster));
  std::lock_guard guard{course_->mutex};
  cluster_ = std::move(cluster);
  return {};
}

result<msg::peers_report> node::peers() {
  std::unique_lock guard{course_->mutex};
  auto whom = cluster_.peers;
  guard.unlock();
  if (!whom)
    return fail(failure_kind::unavailable, "the worker has no cluster yet");
  return ask<msg::peers_report>(*system_, whom, question_timeout,
                                msg::get_peers{});
}

void node::drain(std::string reason) {
  caf::anon_send(root_, msg::drain_node{std::move(reason)});
}

result<msg::node_status> node::status(bool with_jobs) {
  std::unique_lock guard{course_->mutex};
  auto whom = deciding_.supervisor;
  auto fault = course_->fault;
  guard.unlock();
  if (!whom)
    return fail(failure_kind::unavailable, "the worker is still starting");
  if (!fault.empty())
    return fail(failure_kind::unavailable, fault);
  return ask<msg::node_status>(*system_, whom, question_timeout,
                               msg::get_status{with_jobs});
}

std::string node::missing_program() const {
  return surroundings::missing_program(machine_config(cfg_).programs);
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

result<std::vector<workload_type>> node::workload_types() {
  return gpu_cloud::read_types(
    ask<http_response>(*system_, outside_.http, cloud_question_timeout,
                       gpu_cloud::types_request(account_of(cfg_))));
}

result<double> node::balance() {
  return gpu_cloud::read_balance(
    ask<http_response>(*system_, outside_.http, cloud_question_timeout,
                       gpu_cloud::balance_request(account_of(cfg_))));
}

named_parts node::parts() const {
  auto out = parts_of(outside_);
  for (auto& more : {parts_of(cluster_), parts_of(deciding_)})
    out.insert(out.end(), more.begin(), more.end());
  return out;
}

result<void> node::check_storage() {
  auto ok = ask<caf::ok_atom>(*system_, outside_.objects,
                              cloud_question_timeout, msg::check_storage{});
  if (!ok)
    return fail(ok.error());
  return {};
}

} // namespace render
