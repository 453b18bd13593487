// c3-render-worker: reads its settings, starts one worker, waits for a signal.
// Exit codes: 0 clean, 1 runtime failure, 2 configuration.
#include "actors/io/redis/durable/sqlite_journal.hpp"
#include "actors/io/redis/link/tls.hpp"
#include "actors/io/surroundings/machine.hpp"
#include "app/cli/process_settings.hpp"
#include "app/cli/program.hpp"
#include "app/cli/service_manager.hpp"
#include "app/node/config.hpp"
#include "app/node/log.hpp"
#include "app/node/node.hpp"
#include "app/node/redis_settings.hpp"
#include "app/node/signals.hpp"
#include "app/version/version.hpp"
#include "app/web/settings.hpp"
#include "app/worker/metrics.hpp"
#include "app/worker/status_server.hpp"

#include <CLI/CLI.hpp>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>

namespace {

using namespace render;

using enum cli::exit_code;

struct options {
  std::string env_file = ".env";
  bool check_config = false;
  bool healthcheck = false;
};

int report(cli::exit_code code, const std::string& message) {
  return cli::report("c3-render-worker", code, message);
}

// Files are readable by this user only, whatever the shell's umask. No key or
// job gets into a core dump or to another process of the same user.
void keep_secrets() {
  umask(0077);
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// A held render is a connection, and services start with a soft limit that is
// made for programs of a few.
void take_all_file_handles() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Each thread would fill a heap of its own with what thousands of renders have
// left in turn.
void share_heaps() {
  mallopt(M_ARENA_MAX, 2);
}

worker_id make_worker_id() {
  char host[256] = "worker";
  gethostname(host, sizeof(host) - 1);
  std::stringstream out;
  out << host << '-' << getpid() << '-' << std::hex << std::random_device{}();
  return worker_id{out.str()};
}

result<void> prepare_output_dir(const std::string& path) {
  std::error_code err;
  std::filesystem::create_directories(path, err);
  if (err || access(path.c_str(), W_OK | X_OK) != 0)
    return fail(failure_kind::invalid_input,
                "OUTPUT_DIR: " + path + " cannot be created or written to");
  return {};
}

/// Foretells whether the folder of a setting can be made and written to, and
/// leaves nothing behind. Permissions do not tell: root has them in /proc too.
result<void> check_folder(const std::string& setting, const std::string& path) {
  std::error_code err;
  auto nearest = std::filesystem::absolute(path, err);
  while (!std::filesystem::exists(nearest, err) && nearest.has_relative_path())
    nearest = nearest.parent_path();
  if (surroundings::try_to_write(nearest.string()) != 0)
    return fail(failure_kind::invalid_input,
                setting + ": " + path + " cannot be created or written to");
  return {};
}

result<void> check_certificates(const std::string& path) {
  if (path.empty() || access(path.c_str(), R_OK) == 0)
    return {};
  return fail(failure_kind::invalid_input,
              "REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE: " + path
                + " cannot be read");
}

template <class T, class Describe>
bool print_check(std::string_view what, const result<T>& got,
                 Describe describe) {
  std::cout << what << ": "
            << (got ? "ok, " + describe() : "FAILED, " + got.error().message)
            << '\n';
  return got.has_value();
}

bool check_workload_types(node& checked, const worker_config& cfg) {
  auto types = checked.workload_types();
  if (!print_check("Workload types", types, [&] {
        return std::to_string(types->size()) + " known";
      }))
    return false;
  bool ok = true;
  for (auto& [kind, type] : cfg.workload_of_kind)
    if (std::find(types->begin(), types->end(), type) == types->end()) {
      std::cout << "Workload types: FAILED, the provider has no " << type
                << " for " << to_string(kind) << " jobs\n";
      ok = false;
    }
  return ok;
}

int check_config(const worker_config& cfg, const environment& env,
                 const logger& log) {
  std::cout << effective_config(env) << '\n';
  if (auto warning = redis_warning(cfg); !warning.empty())
    std::cout << "Warning: " << warning << '\n';
  bool ok = true;
  auto folder = check_folder("OUTPUT_DIR", cfg.output_dir);
  ok &= print_check("Folder", folder, [&] {
    return cfg.output_dir;
  });
  if (!cfg.journal_dir.empty())
    ok &= print_check("Journal", check_folder("JOURNAL_DIR", cfg.journal_dir),
                      [&] {
                        return cfg.journal_dir;
                      });
  node checked{cfg, log};
  auto missing = checked.missing_program();
  ok &= missing.empty();
  std::cout << "Programs: "
            << (missing.empty() ? "ok, all are there"
                                : "FAILED, " + missing + " is not installed")
            << '\n';
  if (!cfg.web.address.empty())
    ok &= print_check("HTTP service",
                      web::service::check(web::service_settings(cfg)), [&] {
                        return cfg.web.address;
                      });
  auto redis = checked.redis_version();
  ok &= print_check("Redis", redis, [&] {
    return "version " + *redis;
  });
  auto workloads = checked.count_workloads();
  ok &= print_check("Comput3", workloads, [&] {
    return std::to_string(*workloads) + " workload(s) running";
  });
  if (workloads) {
    ok &= check_workload_types(checked, cfg);
    if (auto balance = checked.balance())
      std::cout << "Balance: " << *balance << '\n';
  }
  if (cfg.minio_endpoint.empty()) {
    std::cout << "Storage: " << (folder ? "ok, " : "FAILED, ") << "folder "
              << cfg.output_dir << '\n';
  } else {
    auto storage = checked.check_storage();
    ok &= print_check("Storage", storage, [&] {
      return "bucket " + cfg.minio_bucket;
    });
  }
  return ok ? clean : runtime;
}

/// For `systemctl status`.
cli::life_sign sign_of(const msg::node_status& x) {
  auto state = x.unfit.empty() ? "takes jobs, with "
                                   + std::to_string(x.gpus.size()) + " GPU(s)"
                               : "unfit (" + x.unfit + "): " + x.unfit_text;
  return {std::move(state), x.draining};
}

int serve(const worker_config& cfg, bool status_address_given,
          const log_output& out, signal_waiter& signals,
          const cli::service_settings& manager) {
  auto& log = out.log;
  metrics::options counted{std::string{version()},
                           {},
                           cfg.prices,
                           out.lines_dropped,
                           std::string{built_from_commit()}};
  for (auto& [kind, type] : cfg.workload_of_kind)
    counted.workloads.push_back(type);
  auto counts = std::make_shared<metrics>(std::move(counted));
  log->sinks().push_back(counts);
  if (auto warning = redis_warning(cfg); !warning.empty())
    log->warn("{}", warning);
  auto local = job_store::open_sqlite_journal(
    cfg.journal_dir.empty() ? std::filesystem::path{cfg.output_dir} / "journal"
                            : std::filesystem::path{cfg.journal_dir},
    cfg.worker_id);
  if (!local)
    return report(configuration, local.error().message);
  if (!cfg.proxies.empty() && !cfg.proxies_for_strangers)
    log->warn("a proxy is set: input URLs and notify_url do not take it unless "
              "PRODUCER_URLS_VIA_PROXY=true");
  std::atomic<bool> drained_clean{false};
  node worker{cfg, log, std::move(*local)};
  counts->read(worker.store_counts(), worker.account());
  std::function<result<msg::peers_report>()> ask_peers;
  if (worker.has_cluster())
    ask_peers = [&] {
      return worker.peers();
    };
  std::unique_ptr<status_server> status;
  if (!cfg.status_address.empty()) {
    auto started = status_server::start(
      cfg.status_address,
      {[&] {
         return worker.status();
       },
       [&]() -> result<void> {
         if (auto redis = worker.redis_version(); !redis)
           return fail(redis.error());
         auto now = worker.status(false);
         if (!now)
           return fail(now.error());
         if (!now->unfit.empty())
           return fail(failure_kind::unfit,
                       "unfit (" + now->unfit + "): " + now->unfit_text);
         return {};
       },
       ask_peers,
       [counts](const msg::node_status& x, const msg::peers_report* peers) {
         return counts->text(x, peers);
       },
       [seen = worker.account()] {
         return seen->seen();
       },
       [counts](std::string_view path, unsigned status, double seconds) {
         counts->on_request(path, status, seconds);
       },
       [&]() -> result<void> {
         auto now = worker.status(false);
         return now ? result<void>{} : fail(now.error());
       }},
      // The default address takes the next free port, so that several workers
      // start on one machine without a setting.
      {cfg.status_hosts, !status_address_given});
    if (!started)
      return report(configuration, started.error().message);
    status = std::move(*started);
    auto wanted
      = cfg.status_address.ends_with(":" + std::to_string(status->port()));
    log->info("status server listens on port {}{}", status->port(),
              wanted || status_address_given
                ? ""
                : ", since " + cfg.status_address + " is in use");
  }
  std::unique_ptr<web::service> web;
  if (!cfg.web.address.empty()) {
    auto settings = web::service_settings(cfg);
    settings.version = version();
    settings.commit = built_from_commit();
    web::service::hooks hooks;
    hooks.audit = [log](const std::string& x) {
      log->info("web: {}", x);
    };
    hooks.served = [counts](std::string_view route, unsigned status,
                            double seconds) {
      counts->on_route(route, status, seconds);
    };
    auto serving = web::service::start(settings, std::move(hooks));
    if (!serving)
      return report(configuration, serving.error().message);
    web = std::move(*serving);
    log->info("the HTTP service answers at {}", web->address());
  }
  auto started = worker.start([&](bool ok) {
    drained_clean = ok;
    signals.notify();
  });
  if (!started)
    return report(configuration, started.error().message);
  log->info("worker {} {} is ready for jobs", version(), cfg.worker_id);
  // Ready once the SUPERVISOR answers, whatever Redis does: a worker waits for
  // a Redis that is down, and the manager must not kill it for that.
  cli::life_teller life{manager, [&]() -> result<cli::life_sign> {
                          return worker.status(false).map(sign_of);
                        }};
  while (signals.wait() == signal_waiter::event::signal) {
    life.ending();
    worker.drain("signal");
  }
  life.ending();
  web.reset();
  status.reset();
  log->info("worker has {}",
            drained_clean ? "stopped" : "stopped, but not cleanly: see above");
  return drained_clean ? clean : runtime;
}

int run(const options& opts, bool env_file_given) {
  auto manager = cli::take_service_settings();
  auto given = cli::read_settings(opts.env_file, env_file_given);
  if (!given)
    return report(configuration, given.error().message);
  auto address = given->env.find("STATUS_ADDRESS");
  auto status_address_given = address != given->env.end()
                              && !address->second.empty();
  auto found = read_config(std::move(given->env));
  auto& cfg = found.config;
  cfg.settings_shown = effective_config(found.in_force);
  auto& errors = found.errors;
  if (opts.healthcheck && errors.empty()) {
    auto healthy = check_health(cfg.status_address);
    return healthy ? clean : report(runtime, healthy.error().message);
  }
  for (auto& x : errors)
    if (x.ends_with(" is not set"))
      x += " (" + given->looked + ")";
  if (auto ok = load_portrait_workflow(cfg.portrait_workflow); !ok)
    errors.push_back(ok.error().message);
  if (auto ok = check_certificates(cfg.ca_path); !ok)
    errors.push_back(ok.error().message);
  if (cfg.redis_tls && errors.empty())
    if (auto ok = job_store::tls_context::load(redis_options(cfg).tls); !ok)
      errors.push_back(ok.error().message);
  auto& warnings = given->warnings;
  warnings.insert(warnings.end(), found.warnings.begin(), found.warnings.end());
  for (auto& x : errors)
    report(configuration, x);
  if (!errors.empty()) {
    for (auto& x : warnings)
      report(configuration, "warning: " + x);
    return configuration;
  }
  cfg.program_version = version();
  if (cfg.worker_id.empty())
    cfg.worker_id = make_worker_id();
  if (!opts.check_config)
    if (auto ok = prepare_output_dir(cfg.output_dir); !ok)
      return report(configuration, ok.error().message);
  signal_waiter signals;
  auto [log, lines_dropped] = make_logger(
    cfg.log_format, cfg.log_level, secret_mask{cfg.secrets}, cfg.worker_id);
  for (auto& x : warnings)
    log->warn("settings: {}", x);
  return opts.check_config ? check_config(cfg, found.in_force, log)
                           : serve(cfg, status_address_given,
                                   {log, lines_dropped}, signals, manager);
}

} // namespace

int main(int argc, char** argv) {
  keep_secrets();
  take_all_file_handles();
  share_heaps();
  options opts;
  CLI::App app{"Takes render jobs from a Redis queue, rents Comput3 GPUs for "
               "them, stores the results and tells the caller.",
               "c3-render-worker"};
  app.set_version_flag("--version", version_line("c3-render-worker"));
  auto* env_file = app.add_option("--env-file", opts.env_file,
                                  "File with settings instead of ./.env");
  app.add_flag("--check-config", opts.check_config,
               "Print the settings in force (secrets masked), ask Redis, "
               "Comput3 and the storage for a sign of life, and exit");
  app.add_flag(
    "--healthcheck", opts.healthcheck,
    "Ask the worker on STATUS_ADDRESS whether it is alive, and exit");
  app.footer(settings_help()
             + "\nExit codes: 0 clean, 1 runtime failure, 2 configuration.");
  return cli::run_program(app, argc, argv, [&] {
    return run(opts, env_file->count() > 0);
  });
}
