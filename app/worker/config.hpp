#pragma once
// Everything that can be set, from the environment and a `.env` file. One
// table describes each variable; parsing, --help, --check-config and the
// checks of the documentation all read it. Pure: no getenv, no files.
#include "messages/failure.hpp"
#include "messages/job.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace render {

using seconds_f = std::chrono::duration<double>;

struct network_address {
  std::string host;
  uint16_t port = 0;

  friend bool operator==(const network_address&, const network_address&)
    = default;
};

struct worker_config {
  /// What must never be told, see `secrets_of`.
  std::vector<std::string> secrets;

  // The Comput3 account.
  std::string api_key;
  std::string api_url;
  /// With `{node}` where the host name goes.
  std::string node_url;
  std::string ui_url;

  std::string redis_host;
  uint16_t redis_port = 0;
  std::string redis_username;
  std::string redis_password;
  uint32_t redis_db = 0;
  /// Empty: `redis_host` is the server.
  std::vector<network_address> redis_sentinels;
  std::string redis_sentinel_master;
  std::string redis_sentinel_password;

  std::string output_dir;
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
  std::map<job_kind, std::string> workload_of_kind;
  seconds_f gpu_idle_timeout{};
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
  std::string vision_model;
  /// Path of the ComfyUI workflow template; empty: the one built in.
  std::string portrait_workflow;

  // Webhooks.
  std::string webhook_secret;
  std::string webhook_schedule;

  // The process.
  seconds_f drain_time{};
  /// host:port of the status server; empty: off.
  std::string status_address;
  std::string log_format;
  std::string log_level;
  /// Empty: host name, process id and a random part.
  std::string worker_id;

  friend bool operator==(const worker_config&, const worker_config&) = default;
};

/// One variable.
struct setting {
  std::string_view name;
  /// Text as one would write it; empty: unset.
  std::string_view default_value;
  /// One sentence, with the unit.
  std::string_view meaning;
  bool secret = false;
  bool required = false;
  /// Puts the text into the config; a failure says what is accepted.
  std::function<result<void>(worker_config&, std::string_view)> apply;
};

const std::vector<setting>& settings();

using environment = std::map<std::string, std::string, std::less<>>;

/// A variable that is absent, or empty, has its default. The first failure is
/// returned; it names the variable.
result<worker_config> parse_config(const environment& env);

/// Every value of a setting that is marked as secret, each key of a list by
/// itself, and of a URL the password.
std::vector<std::string> secrets_of(const environment& env);

/// KEY=VALUE lines with comments, optional `export` and quotes. Fails with the
/// number of the first line that is none of that.
result<environment> parse_env_file(std::string_view text);

/// What is in force, one `NAME=value` a line, secrets masked.
std::string effective_config(const environment& env);

/// The part of --help that lists all variables.
std::string settings_help();

} // namespace render
