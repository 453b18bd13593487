// c3-render-worker: reads its settings, starts one node, waits for a signal.
// Exit codes: 0 clean, 1 runtime failure, 2 configuration.
#include "actors/io/job_store/sqlite_journal.hpp"
#include "app/worker/config.hpp"
#include "app/worker/log.hpp"
#include "app/worker/masking_sink.hpp"
#include "app/worker/node.hpp"
#include "app/worker/signals.hpp"
#include "app/worker/status_server.hpp"
#include "app/worker/version.hpp"

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>

namespace {

using namespace render;

enum exit_code : int { clean = 0, runtime = 1, configuration = 2 };

struct options {
  std::string env_file = ".env";
  bool check_config = false;
  bool healthcheck = false;
};

int report(exit_code code, const std::string& message) {
  std::cerr << "c3-render-worker: " << message << '\n';
  return code;
}

result<environment> read_environment(const std::string& env_file,
                                     bool must_exist) {
  environment env;
  if (std::ifstream in{env_file}) {
    std::stringstream text;
    text << in.rdbuf();
    auto parsed = parse_env_file(text.str());
    if (!parsed)
      return fail(with_context(env_file, parsed.error()));
    env = std::move(*parsed);
  } else if (must_exist) {
    return fail(failure_kind::invalid_input, env_file + ": cannot be read");
  }
  for (auto& x : settings())
    if (auto* value = std::getenv(std::string{x.name}.c_str()))
      env[std::string{x.name}] = value;
  return env;
}

std::string make_worker_id() {
  char host[256] = "worker";
  gethostname(host, sizeof(host) - 1);
  std::stringstream out;
  out << host << '-' << getpid() << '-' << std::hex << std::random_device{}();
  return out.str();
}

result<void> prepare_output_dir(const std::string& path) {
  std::error_code err;
  std::filesystem::create_directories(path, err);
  if (err || access(path.c_str(), W_OK | X_OK) != 0)
    return fail(failure_kind::invalid_input,
                "OUTPUT_DIR: " + path + " cannot be created or written to");
  return {};
}

template <class T, class Describe>
bool print_check(std::string_view what, const result<T>& got,
                 Describe describe) {
  std::cout << what << ": "
            << (got ? "ok, " + describe() : "FAILED, " + got.error().message)
            << '\n';
  return got.has_value();
}

int check_config(const worker_config& cfg, const environment& env,
                 const logger& log) {
  std::cout << effective_config(env) << '\n';
  node checked{cfg, log};
  auto redis = checked.redis_version();
  auto workloads = checked.count_workloads();
  auto storage = checked.check_storage();
  bool ok = print_check("Redis", redis, [&] {
    return "version " + *redis;
  });
  ok &= print_check("Comput3", workloads, [&] {
    return std::to_string(*workloads) + " workload(s) running";
  });
  ok &= print_check("Storage", storage, [&] {
    return cfg.minio_endpoint.empty() ? "folder " + cfg.output_dir
                                      : "bucket " + cfg.minio_bucket;
  });
  return ok ? clean : runtime;
}

int serve(const worker_config& cfg, const logger& log, signal_waiter& signals) {
  auto local = job_store::open_sqlite_journal(
    cfg.journal_dir.empty() ? std::filesystem::path{cfg.output_dir} / "journal"
                            : std::filesystem::path{cfg.journal_dir},
    cfg.worker_id);
  if (!local)
    return report(configuration, local.error().message);
  std::atomic<bool> drained_clean{false};
  node worker{cfg, log, std::move(*local)};
  std::unique_ptr<status_server> status;
  if (!cfg.status_address.empty()) {
    auto started = status_server::start(
      cfg.status_address, {[&] {
                             return worker.status();
                           },
                           [&]() -> result<void> {
                             if (auto redis = worker.redis_version(); !redis)
                               return fail(redis.error());
                             return {};
                           }});
    if (!started)
      return report(configuration, started.error().message);
    status = std::move(*started);
    log->info("status server listens on port {}", status->port());
  }
  auto started = worker.start([&](bool ok) {
    drained_clean = ok;
    signals.notify();
  });
  if (!started)
    return report(configuration, started.error().message);
  log->info("worker {} {} is ready for jobs", version, cfg.worker_id);
  while (signals.wait() == signal_waiter::event::signal)
    worker.drain("signal");
  // Redis answers in order: after this, the end of the last GPU is written too.
  if (auto last = worker.redis_version(); !last)
    log->warn("what was written last may not have arrived: {}",
              last.error().message);
  status.reset();
  log->info("worker has {}",
            drained_clean ? "stopped" : "stopped, but not cleanly: see above");
  return drained_clean ? clean : runtime;
}

int run(const options& opts, bool env_file_given) {
  auto env = read_environment(opts.env_file, env_file_given);
  if (!env)
    return report(configuration, env.error().message);
  auto cfg = parse_config(*env);
  if (!cfg)
    return report(configuration, cfg.error().message);
  if (opts.healthcheck) {
    auto healthy = check_health(cfg->status_address);
    return healthy ? clean : report(runtime, healthy.error().message);
  }
  if (cfg->worker_id.empty())
    cfg->worker_id = make_worker_id();
  if (auto ok = prepare_output_dir(cfg->output_dir); !ok)
    return report(configuration, ok.error().message);
  if (auto ok = load_portrait_workflow(cfg->portrait_workflow); !ok)
    return report(configuration, ok.error().message);
  signal_waiter signals;
  auto log = make_logger(cfg->log_format, cfg->log_level);
  mask_secrets(*log, secret_mask{cfg->secrets});
  return opts.check_config ? check_config(*cfg, *env, log)
                           : serve(*cfg, log, signals);
}

} // namespace

int main(int argc, char** argv) {
  options opts;
  CLI::App app{"Takes render jobs from a Redis queue, rents Comput3 GPUs for "
               "them, stores the results and tells the caller.",
               "c3-render-worker"};
  app.set_version_flag("--version", std::string{version});
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
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& err) {
    return app.exit(err) == 0 ? clean : configuration;
  }
  try {
    return run(opts, env_file->count() > 0);
  } catch (const std::exception& err) {
    return report(runtime, err.what());
  }
}
