#pragma once
// One attempt in virtual time, with a plan of the test.
#include "actors/renderer/renderer.hpp"
#include "actors/renderer/work_folders.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/fake_job_store.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>

namespace render::harness {

using namespace std::chrono_literals;

/// A plan whose steps the test gives.
struct test_plan final : render_plan {
  step start() override {
    return on_start();
  }

  std::vector<http_request> interrupt() override {
    return interrupts;
  }

  bool may_be_followed() const override {
    return followed;
  }

  std::function<step()> on_start;
  std::vector<http_request> interrupts;
  bool followed = false;
};

inline http_request get(const std::string& url) {
  http_request out;
  out.url = url;
  return out;
}

inline step done(const std::string& text) {
  step out;
  out.next = finish{{text, {}}};
  return out;
}

inline step wait_for(duration d, std::function<step()> then) {
  step out;
  out.next = wait{d, std::move(then)};
  return out;
}

struct attempt : deterministic_system {
  void start(std::function<step()> on_start,
             std::vector<http_request> interrupts = {}) {
    store->log = web->log = log;
    if (task.subject.id.empty())
      task.subject.id = "1";
    task.subject.type = "csm";
    if (task.subject.data.empty())
      task.subject.data = R"({"text":"Hi."})";
    if (task.deadline_s == 0)
      task.deadline_s = steady_now() + 3'600;
    task.deadline_error = "too late";
    store->jobs["1"].status = status;
    renderer_deps deps;
    http = spawn(fake_http_behavior, web);
    deps.http = http;
    deps.progress = spawn(fake_job_store_behavior, store);
    if (redis_is_down)
      deps.progress
        = spawn([](progress_actor::pointer) -> progress_actor::behavior_type {
            return {
              [](const msg::report_progress&) -> caf::result<msg::ownership> {
                return to_error({failure_kind::unavailable, "Redis: cut"});
              },
              [](const msg::note_remote&) {
                // nop
              }};
          });
    deps.media = spawn([](media_actor::pointer) -> media_actor::behavior_type {
      return {
        [](const msg::identify_file&) {
          return msg::file_identity{"audio/mpeg", ".mp3", 7};
        },
        [](const msg::prepare_image&) {
          return msg::prepared_image{};
        },
        [](const msg::prepare_audio&) -> caf::result<msg::prepared_audio> {
          return to_error({failure_kind::invalid_input, "no sound"});
        },
        [](const msg::cancel_media&) {
          // nop
        }};
    });
    deps.store = spawn(
      [this](object_store_actor::pointer) -> object_store_actor::behavior_type {
        return {
          [this](const msg::store_file& x) -> caf::result<msg::stored_file> {
            log->add("store " + x.name);
            if (storage_is_down)
              return to_error({failure_kind::unfit, "HTTP 503"});
            return msg::stored_file{"http://s.example/" + x.name};
          },
          [](const msg::check_storage&) {
            return caf::ok_atom_v;
          }};
      });
    deps.owner = spawn(
      [log = log, outcome = outcome](
        render_owner_actor::pointer) -> render_owner_actor::behavior_type {
        return {[=](const msg::render_ended& x) {
                  log->add("ended");
                  *outcome = x.outcome;
                },
                [log = log](const msg::render_parked&) {
                  log->add("left");
                }};
      });
    if (has_keeper)
      deps.keeper = keeper = spawn(
        [log = log, outcome = outcome](
          render_owner_actor::pointer) -> render_owner_actor::behavior_type {
          return {[=](const msg::render_ended& x) {
                    log->add("keeper: ended");
                    *outcome = x.outcome;
                  },
                  [log = log](const msg::render_parked&) {
                    log->add("keeper: parked");
                  }};
        });
    deps.plans = [=, this](const job&, const job_params&,
                           const render_environment&) {
      auto plan = std::make_unique<test_plan>();
      plan->on_start = on_start;
      plan->interrupts = interrupts;
      plan->followed = followed;
      return plan;
    };
    deps.log = lines;
    deps.folders = folders;
    deps.mask = secret_mask{{"node-key-0123456789"}};
    env.work_dir = folder.path(".work/here/" + task.subject.id + "-"
                               + std::to_string(task.subject.attempt));
    renderer = spawn(renderer_behavior, cfg, deps, task, env);
  }

  void stop(failure why) {
    caf::anon_send(renderer, msg::stop_render{std::move(why)});
    run();
  }

  event_log_ptr log = std::make_shared<event_log>([this] {
    return elapsed_ms();
  });
  fake_job_store_ptr store = std::make_shared<fake_job_store>();
  fake_http_ptr web = std::make_shared<fake_http>();
  logger lines = null_logger();
  std::shared_ptr<job_outcome> outcome = std::make_shared<job_outcome>();
  fake_http_actor http;
  renderer_config cfg;
  msg::run_job task;
  /// The job's status in Redis.
  std::string status = "running";
  bool redis_is_down = false;
  bool storage_is_down = false;
  bool has_keeper = true;
  render_owner_actor keeper;
  /// Answer of the plan, see `may_be_followed`.
  bool followed = false;
  temp_folder folder;
  std::shared_ptr<folder_keeper> folders
    = open_work_folders(folder.path(), "here", 0, disk_work::at_once).value();
  /// The environment of the plan.
  render_environment env;
  renderer_actor renderer;
};

} // namespace render::harness
