#pragma once
// All settings, from the environment and a `.env` file. One table describes
// each variable; parsing, --help, --check-config and the checks of the
// documentation read that table. Pure: no getenv, no files.
#include "actors/io/http/networks.hpp"
#include "actors/io/http/proxy.hpp"
#include "actors/tracer.hpp"
#include "app/node/web_config.hpp"
#include "messages/failure.hpp"
#include "messages/http.hpp"
#include "messages/job.hpp"
#include "messages/money.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace render {

using seconds_f = std::chrono::duration<double>;

struct network_address {
  std::string host;
  uint16_t port = 0;

  friend bool operator==(const network_address&, const network_address&)
    = default;
};

/// The OTEL_ settings.
struct span_settings {
  /// Where batches are posted; empty: nobody traces.
  std::string url;
  /// Secrets.
  std::vector<http_header> headers;
  std::string service_name;
  /// Beside the service's name, in order.
  std::vector<std::pair<std::string, std::string>> resource;
  sampling how;
  bool disabled = false;

  friend bool operator==(const span_settings&, const span_settings&) = default;
};

struct worker_config {
  /// Texts that must never be shown, see `secrets_of`.
  std::vector<std::string> secrets;

  // The Comput3 account.
  std::string api_key;
  std::string api_url;
  /// With `{node}` in place of a GPU's host name.
  std::string node_url;
  std::string ui_url;
  /// Empty: derived from the templates and the API's URL.
  std::string node_domain;

  std::string redis_host;
  uint16_t redis_port = 0;
  std::string redis_username;
  std::string redis_password;
  uint32_t redis_db = 0;
  /// Empty: `redis_host` is the server.
  std::vector<network_address> redis_sentinels;
  std::string redis_sentinel_master;
  std::string redis_sentinel_password;
  bool redis_tls = false;
  /// Empty: the machine's certificate authorities.
  std::string redis_ca_file;
  /// Both or none.
  std::string redis_cert_file;
  std::string redis_key_file;
  /// Name that the server's certificate must have; empty: the host of the
  /// connection.
  std::string redis_server_name;

  /// As `--check-config` prints them, for heartbeats; may be empty.
  std::string settings_shown;

  std::string output_dir;
  /// 0: results stay for ever.
  seconds_f result_ttl{};
  /// 0: records of jobs stay for ever.
  uint32_t job_ttl_s = 0;
  /// What `c3ctl jobs` finds.
  uint32_t ended_jobs_max = 10'000;
  uint32_t ended_jobs_ttl_s = 604'800;
  /// Empty: `journal` below `output_dir`.
  std::string journal_dir;
  /// Empty: results stay in `output_dir`.
  std::string minio_endpoint;
  std::string minio_access_key;
  std::string minio_secret_key;
  std::string minio_bucket;
  bool minio_secure = false;
  std::string minio_public_url;
  std::string minio_region;

  // GPUs.
  uint32_t max_gpus = 0;
  uint32_t jobs_per_gpu = 0;
  std::map<job_kind, workload_type> workload_of_kind;
  gpu_prices prices;
  /// Millionths of a dollar, of the fleet; negative: no limit.
  int64_t spend_per_hour = -1;
  int64_t spend_per_day = -1;
  seconds_f gpu_idle_timeout{};
  /// "adaptive" or "fixed"; empty: adaptive where there are peers.
  std::string gpu_idle_policy;
  /// 0: what a boot takes.
  seconds_f target_wait{};
  seconds_f pre_launch_min{};
  seconds_f pre_launch_max{};
  std::string launch_policy;
  seconds_f gpu_lifetime{};
  seconds_f gpu_replace_after{};
  seconds_f gpu_replace_ahead{};
  seconds_f boot_timeout{};

  // Jobs.
  seconds_f max_render_time{};
  seconds_f polling_interval{};
  uint32_t job_attempts = 0;
  uint64_t max_input_bytes = 0;
  /// With less free disk space the worker claims nothing; 0: no limit.
  uint64_t min_free_bytes = 0;
  std::string vision_model;
  /// Path of the ComfyUI workflow template; empty: the built-in template.
  std::string portrait_workflow;

  // Strangers' URLs and the way out.
  private_allowances allowed_private;
  bool proxies_for_strangers = false;
  proxy_settings proxies;
  /// A file or folder; empty: the system's certificates.
  std::string ca_path;

  // Webhooks.
  std::string webhook_secret;
  std::string webhook_schedule;

  // Other workers.
  /// Port 0: none.
  network_address cluster_listen;
  std::vector<network_address> cluster_peers;
  std::string cluster_name;
  bool cluster_trusted_network = false;
  /// Told to them; not a setting.
  std::string program_version;

  span_settings spans;

  // The process.
  seconds_f drain_time{};
  /// host:port of the status server; empty: off.
  std::string status_address;
  /// Names that a request's Host header may have besides the usual ones.
  std::vector<std::string> status_hosts;
  web_config web;
  std::string log_format;
  std::string log_level;
  /// Empty: host name, process id and a random part.
  render::worker_id worker_id;

  friend bool operator==(const worker_config&, const worker_config&) = default;
};

/// One variable.
struct setting {
  std::string_view name;
  /// In the form of the environment; empty: unset.
  std::string_view default_value;
  /// One sentence, with the unit.
  std::string_view meaning;
  bool secret = false;
  bool required = false;
  /// Puts the text into the config; a failure tells what is accepted. The
  /// failure of a secret does not quote the value.
  std::function<result<void>(worker_config&, std::string_view)> apply;
};

const std::vector<setting>& settings();

/// Variables that are read besides the settings, since other programs share
/// them.
const std::vector<std::string_view>& proxy_variables();

using environment = std::map<std::string, std::string, std::less<>>;

/// All findings about the settings, not the first one only.
struct config_findings {
  /// Valid only when there are no errors.
  worker_config config;
  /// The given environment, with the adjusted values.
  environment in_force;
  /// One line each, beginning with the variable: `NAME must be RULE (got "x")`.
  std::vector<std::string> errors;
  /// Settings that were adjusted or left out, as in the Python worker.
  std::vector<std::string> warnings;
};

/// A variable that is absent or empty has its default.
config_findings read_config(environment env);

/// Like `read_config`; the failure has all errors, a line each.
result<worker_config> parse_config(const environment& env);

/// The values of all settings that are marked as secret: each key of a list,
/// and of a URL its password.
std::vector<std::string> secrets_of(const environment& env);

/// The content of a `.env` file.
struct env_file {
  environment values;
  /// Warnings about lines that were left out, with their numbers.
  std::vector<std::string> warnings;
};

/// Reads the syntax of python-dotenv: `export`, comments, quotes that may go
/// over lines, escapes in double quotes, `${NAME}` and `${NAME:-default}` of
/// `around` or of earlier lines. A name without `=` is not set. Other lines are
/// left out.
env_file read_env_file(std::string_view text, const environment& around);

/// Like `read_env_file`, with an empty environment; returns the values only.
result<environment> parse_env_file(std::string_view text);

/// Warnings about unknown names, with the name that may have been meant, and
/// about settings of the Python worker that have no effect. `from_file`: the
/// names of the `.env` file. The environment is full of other programs' names,
/// so only the Python worker's settings in it are reported.
std::vector<std::string> name_warnings(const environment& from_file,
                                       const environment& around);

/// Settings of the Python worker that are ignored.
const std::vector<std::string_view>& ignored_settings();

/// The settings in force, one `NAME=value` a line, secrets masked.
std::string effective_config(const environment& env);

/// The part of --help that lists all variables.
std::string settings_help();

} // namespace render
