// c3-render-web: the HTTP service and its page without a worker, with the same
// settings. Exit codes: 0 clean, 1 runtime failure, 2 configuration.
#include "app/cli/process_settings.hpp"
#include "app/cli/program.hpp"
#include "app/cli/service_manager.hpp"
#include "app/node/log.hpp"
#include "app/node/signals.hpp"
#include "app/version/version.hpp"
#include "app/web/settings.hpp"
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"
#include "messages/text/random_bytes.hpp"

#include <CLI/CLI.hpp>
#include <sys/stat.h>

#include <algorithm>
#include <iostream>

namespace {

using namespace render;

using enum cli::exit_code;

constexpr auto default_address = "127.0.0.1:8095";

struct options {
  std::string env_file = ".env";
  std::vector<std::string> make_key;
};

int report(cli::exit_code code, const std::string& message) {
  return cli::report("c3-render-web", code, message);
}

/// The key goes to standard output, the line for the file to standard error, so
/// that neither is taken for the other.
int make_key(const std::vector<std::string>& name_and_role) {
  auto random = random_bytes(32);
  if (!random)
    return report(runtime, random.error().message);
  auto key = web::make_key(*random);
  auto line = name_and_role[0] + " " + name_and_role[1] + " "
              + to_hex(sha256(key));
  auto made = web::parse_keys(line);
  if (!made)
    return report(configuration,
                  "--make-key needs NAME (letters, digits, - _ .) and ROLE "
                  "(view, submit or operate)");
  std::cout << key << '\n';
  // Fit to be appended to the file.
  std::cerr << "# for WEB_KEYS_FILE; the key itself is not kept\n"
            << web::key_line(made->front()) << '\n';
  return clean;
}

/// What a worker needs and this does not is no error here.
bool is_of_the_service(std::string_view error) {
  for (auto* prefix : {"WEB_", "REDIS_", "OUTPUT_DIR", "MINIO_", "LOG_"})
    if (error.starts_with(prefix))
      return true;
  return false;
}

int run(const options& opts, bool env_file_given) {
  auto manager = cli::take_service_settings();
  auto given = cli::read_settings(opts.env_file, env_file_given);
  if (!given)
    return report(configuration, given.error().message);
  auto found = read_config(std::move(given->env));
  std::erase_if(found.errors, [](auto& x) {
    return !is_of_the_service(x);
  });
  for (auto& x : found.errors)
    report(configuration, x);
  if (!found.errors.empty())
    return configuration;
  auto& cfg = found.config;
  signal_waiter signals;
  auto out = make_logger(cfg.log_format, cfg.log_level,
                         secret_mask{cfg.secrets}, "web");
  auto& log = out.log;
  auto settings = web::service_settings(cfg, default_address);
  settings.next_free = cfg.web.address.empty();
  settings.version = version();
  settings.commit = built_from_commit();
  auto service = web::service::start(settings, {[log](const std::string& x) {
                                                  log->info("web: {}", x);
                                                },
                                                {}});
  if (!service)
    return report(configuration, service.error().message);
  log->info("the HTTP service {} answers at {}", version(),
            (*service)->address());
  // Not watched: it has no state that could hang, only connections.
  if (auto ok = cli::tell_manager(manager, "READY=1"); !ok)
    log->warn("{}", ok.error().message);
  signals.wait();
  if (auto ok = cli::tell_manager(manager, "STOPPING=1"); !ok)
    log->warn("{}", ok.error().message);
  service->reset();
  log->info("the HTTP service has stopped");
  return clean;
}

} // namespace

int main(int argc, char** argv) {
  umask(0077);
  options opts;
  CLI::App app{"The HTTP service and the operators' page, without a worker.",
               "c3-render-web"};
  app.set_version_flag("--version", version_line("c3-render-web"));
  auto* env_file = app.add_option("--env-file", opts.env_file,
                                  "File with settings instead of ./.env");
  app
    .add_option("--make-key", opts.make_key,
                "Make a key: NAME and ROLE (view, submit, operate); print it, "
                "and its line for WEB_KEYS_FILE")
    ->expected(2)
    ->type_name("NAME ROLE");
  app.footer(
    "It reads the worker's settings: WEB_*, REDIS_*, OUTPUT_DIR, MINIO_*, "
    "LOG_*; see\nc3-render-worker --help. WEB_ADDRESS is 127.0.0.1:8095, or "
    "the next free port,\nunless it is set.\n\nExit codes: 0 clean, 1 runtime "
    "failure, 2 configuration.");
  return cli::run_program(app, argc, argv, [&] {
    return opts.make_key.empty() ? run(opts, env_file->count() > 0)
                                 : make_key(opts.make_key);
  });
}
