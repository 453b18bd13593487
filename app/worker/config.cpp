#include "app/worker/config.hpp"

#include "messages/http.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

namespace render {

namespace {

using apply_fn = std::function<result<void>(worker_config&, std::string_view)>;

tl::unexpected<failure> refuse(std::string_view text, std::string accepted) {
  return fail(failure_kind::invalid_input, "got \"" + excerpt(text, 80)
                                             + "\", accepted is "
                                             + std::move(accepted));
}

result<double> to_number(std::string_view text) {
  double out = 0;
  auto [end, err] = std::from_chars(text.data(), text.data() + text.size(),
                                    out);
  if (err != std::errc{} || end != text.data() + text.size()
      || !std::isfinite(out))
    return refuse(text, "a number");
  if (out < 0)
    return refuse(text, "a number that is not negative");
  return out;
}

apply_fn text(std::string worker_config::*field) {
  return [field](worker_config& cfg, std::string_view x) -> result<void> {
    cfg.*field = x;
    return {};
  };
}

apply_fn duration(seconds_f worker_config::*field, double max_s = 1e9) {
  return [=](worker_config& cfg, std::string_view x) -> result<void> {
    auto number = to_number(x);
    if (!number)
      return fail(number.error());
    if (*number > max_s)
      return refuse(x, "at most " + std::to_string(std::lround(max_s))
                         + " seconds");
    cfg.*field = seconds_f{*number};
    return {};
  };
}

template <class T>
apply_fn whole(T worker_config::*field, double min, double max) {
  return [=](worker_config& cfg, std::string_view x) -> result<void> {
    auto number = to_number(x);
    if (!number)
      return fail(number.error());
    if (std::floor(*number) != *number || *number < min || *number > max)
      return refuse(x, "a whole number from "
                         + std::to_string(std::llround(min)) + " to "
                         + std::to_string(std::llround(max)));
    cfg.*field = static_cast<T>(*number);
    return {};
  };
}

apply_fn boolean(bool worker_config::*field) {
  return [field](worker_config& cfg, std::string_view x) -> result<void> {
    for (std::string_view yes : {"true", "True", "TRUE", "1", "yes", "on"})
      if (x == yes) {
        cfg.*field = true;
        return {};
      }
    for (std::string_view no : {"false", "False", "FALSE", "0", "no", "off"})
      if (x == no) {
        cfg.*field = false;
        return {};
      }
    return refuse(x, "true or false");
  };
}

apply_fn web_url(std::string worker_config::*field, bool with_node) {
  return [=](worker_config& cfg, std::string_view x) -> result<void> {
    auto templated = x.find("{node}") != std::string_view::npos;
    if (!is_web_url(x) || templated != with_node)
      return refuse(x, with_node ? "an http or https URL that contains {node}"
                                 : "an http or https URL");
    cfg.*field = x;
    while (cfg.*field != "" && (cfg.*field).back() == '/')
      (cfg.*field).pop_back();
    return {};
  };
}

apply_fn choice(std::string worker_config::*field,
                std::vector<std::string_view> choices) {
  return [=](worker_config& cfg, std::string_view x) -> result<void> {
    std::string accepted;
    for (auto c : choices) {
      if (c == x) {
        cfg.*field = x;
        return {};
      }
      accepted += accepted.empty() ? "one of " : ", ";
      accepted += c;
    }
    return refuse(x, accepted);
  };
}

apply_fn workload(job_kind kind) {
  return [kind](worker_config& cfg, std::string_view x) -> result<void> {
    cfg.workload_of_kind[kind] = x;
    return {};
  };
}

apply_fn address(std::string worker_config::*field) {
  return [field](worker_config& cfg, std::string_view x) -> result<void> {
    if (x == "off") {
      (cfg.*field).clear();
      return {};
    }
    auto colon = x.rfind(':');
    auto port = colon == std::string_view::npos
                  ? result<double>{fail(failure_kind::invalid_input, "")}
                  : to_number(x.substr(colon + 1));
    if (!port || *port > 65535 || colon == 0)
      return refuse(x, "host:port, or off");
    cfg.*field = x;
    return {};
  };
}

apply_fn addresses(std::vector<network_address> worker_config::*field,
                   uint16_t default_port) {
  return [=](worker_config& cfg, std::string_view x) -> result<void> {
    for (auto rest = x; !rest.empty();) {
      auto one = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
      auto colon = one.rfind(':');
      auto port = colon == std::string_view::npos
                    ? result<double>{default_port}
                    : to_number(one.substr(colon + 1));
      auto host = one.substr(0, colon);
      if (host.empty() || !port || *port < 1 || *port > 65535
          || std::floor(*port) != *port)
        return refuse(x, "host:port, more of them after commas");
      (cfg.*field).push_back({std::string{host}, static_cast<uint16_t>(*port)});
    }
    return {};
  };
}

} // namespace

const std::vector<setting>& settings() {
  using c = worker_config;
  static const std::vector<setting> table{
    {"C3_API_KEY", "", "Comput3 API key.", true, true, text(&c::api_key)},
    {"C3_API_URL", "https://api.comput3.ai/api/v0", "Comput3 API.", false,
     false, web_url(&c::api_url, false)},
    {"C3_NODE_URL", "https://{node}", "Where a launched node answers.", false,
     false, web_url(&c::node_url, true)},
    {"C3_UI_URL", "https://ui-{node}",
     "Where a launched node's ComfyUI answers.", false, false,
     web_url(&c::ui_url, true)},
    {"REDIS_HOST", "localhost",
     "Host of the job queue and job store, or the path of a Unix socket.",
     false, false, text(&c::redis_host)},
    {"REDIS_PORT", "6379", "Its port.", false, false,
     whole(&c::redis_port, 1, 65535)},
    {"REDIS_USERNAME", "", "ACL user; unset: the default user.", false, false,
     text(&c::redis_username)},
    {"REDIS_PASSWORD", "", "Password; unset: no AUTH.", true, false,
     text(&c::redis_password)},
    {"REDIS_DB", "0", "Database number.", false, false,
     whole(&c::redis_db, 0, 1e6)},
    {"REDIS_SENTINELS", "",
     "Redis Sentinels, host:port,host:port; set: they name the server, and "
     "REDIS_HOST and REDIS_PORT are not used.",
     false, false, addresses(&c::redis_sentinels, 26379)},
    {"REDIS_SENTINEL_MASTER", "mymaster", "The sentinels' name of the master.",
     false, false, text(&c::redis_sentinel_master)},
    {"REDIS_SENTINEL_PASSWORD", "",
     "Password of the sentinels themselves; unset: no AUTH.", true, false,
     text(&c::redis_sentinel_password)},
    {"OUTPUT_DIR", "/app/output",
     "Working files, and results before upload; created when missing.", false,
     false, text(&c::output_dir)},
    {"JOURNAL_DIR", "",
     "Where the worker keeps what it owns, should Redis lose it; unset: "
     "journal below OUTPUT_DIR.",
     false, false, text(&c::journal_dir)},
    {"MINIO_ENDPOINT", "",
     "S3-compatible storage, host:port; unset: results stay in OUTPUT_DIR.",
     false, false, text(&c::minio_endpoint)},
    {"MINIO_ACCESS_KEY", "", "Access key.", true, false,
     text(&c::minio_access_key)},
    {"MINIO_SECRET_KEY", "", "Secret key.", true, false,
     text(&c::minio_secret_key)},
    {"MINIO_BUCKET", "c3-render-output", "Bucket; created when missing.", false,
     false, text(&c::minio_bucket)},
    {"MINIO_SECURE", "false", "true: https.", false, false,
     boolean(&c::minio_secure)},
    {"MINIO_PUBLIC_URL", "",
     "Base URL that callers reach the storage by; result URLs are signed for "
     "it.",
     false, false, web_url(&c::minio_public_url, false)},
    {"MINIO_REGION", "us-east-1", "Region in signatures.", false, false,
     text(&c::minio_region)},
    {"MAX_GPUS", "1",
     "Most GPUs this node rents at one time, but for a successor.", false,
     false, whole(&c::max_gpus, 1, 1000)},
    {"JOBS_PER_GPU", "1", "Jobs that run on one GPU at one time.", false, false,
     whole(&c::jobs_per_gpu, 1, 100)},
    {"CSM_WORKLOAD", "media:fast", "Workload type that serves csm jobs.", false,
     false, workload(job_kind::csm)},
    {"WHISPER_WORKLOAD", "media:fast", "Workload type for whisper jobs.", false,
     false, workload(job_kind::whisper)},
    {"PORTRAIT_WORKLOAD", "media:fast", "Workload type for portrait jobs.",
     false, false, workload(job_kind::portrait)},
    {"ANALYZE_WORKLOAD", "ollama_webui:fast", "Workload type for analyze jobs.",
     false, false, workload(job_kind::analyze)},
    {"GPU_IDLE_TIMEOUT", "300", "Seconds a GPU is kept after its last job.",
     false, false, duration(&c::gpu_idle_timeout)},
    {"PRE_LAUNCH_TIMEOUT", "15",
     "Shortest wait, seconds, before a worker without a GPU launches one.",
     false, false, duration(&c::pre_launch_min)},
    {"PRE_LAUNCH_TIMEOUT_MAX", "30", "Longest such wait, seconds.", false,
     false, duration(&c::pre_launch_max)},
    {"LAUNCH_POLICY", "ledger",
     "After that wait: ledger (launch what other workers have not launched "
     "already) or contract (launch in any case, as the Python worker does).",
     false, false, choice(&c::launch_policy, {"ledger", "contract"})},
    {"DEFAULT_GPU_LAUNCH", "7200", "Longest life of a GPU, seconds.", false,
     false, duration(&c::gpu_lifetime)},
    {"DEFAULT_GPU_REPLACE", "3600",
     "A GPU older than this, seconds, is retired after its job.", false, false,
     duration(&c::gpu_replace_after)},
    {"GPU_REPLACE_AHEAD", "90",
     "Seconds before that at which a GPU in use gets its successor; from then "
     "on it does not count among MAX_GPUS. 0: none.",
     false, false, duration(&c::gpu_replace_ahead)},
    {"GPU_BOOT_TIMEOUT", "600",
     "Seconds a launched GPU may take until it answers.", false, false,
     duration(&c::boot_timeout)},
    {"MAX_RENDER_TIME", "1800",
     "Cap on the seconds of any render, on top of the job's own max_time.",
     false, false, duration(&c::max_render_time)},
    {"RENDER_POLLING_INTERVAL", "5",
     "Seconds between looks at a render whose service cannot push.", false,
     false, duration(&c::polling_interval)},
    {"JOB_ATTEMPTS", "3",
     "How many GPUs may fail under a job before the job fails.", false, false,
     whole(&c::job_attempts, 1, 100)},
    {"MAX_INPUT_BYTES", "536870912", "Largest input that is downloaded, bytes.",
     false, false, whole(&c::max_input_bytes, 1, 1e12)},
    {"VISION_MODEL", "llama3.2-vision:11b", "Model asked by analyze jobs.",
     false, false, text(&c::vision_model)},
    {"PORTRAIT_WORKFLOW", "",
     "Path of a ComfyUI workflow (API format) that replaces the built-in one.",
     false, false, text(&c::portrait_workflow)},
    {"WEBHOOK_SECRET", "",
     "whsec_... key(s), space-separated: webhooks are signed (Standard "
     "Webhooks).",
     true, false, text(&c::webhook_secret)},
    {"WEBHOOK_SCHEDULE", "contract",
     "When webhooks are tried: contract (5 times, 5 s apart) or standard (10 "
     "times within three days, as Standard Webhooks has it).",
     false, false, choice(&c::webhook_schedule, {"contract", "standard"})},
    {"DRAIN_TIME", "120", "Seconds that running jobs are given after SIGTERM.",
     false, false, duration(&c::drain_time)},
    {"STATUS_ADDRESS", "127.0.0.1:8090",
     "host:port of the status server (/healthz, /status, /metrics), or off.",
     false, false, address(&c::status_address)},
    {"LOG_FORMAT", "text", "text or json.", false, false,
     choice(&c::log_format, {"text", "json"})},
    {"LOG_LEVEL", "info", "debug, info, warning or error.", false, false,
     choice(&c::log_level, {"debug", "info", "warning", "error"})},
    {"WORKER_ID", "",
     "Name in job locks; unset: host name, process id and a random part.",
     false, false, text(&c::worker_id)},
  };
  return table;
}

namespace {

std::string_view value_of(const environment& env, const setting& x) {
  auto found = env.find(x.name);
  if (found == env.end() || found->second.empty())
    return x.default_value;
  return found->second;
}

result<void> check_together(const worker_config& cfg) {
  if (cfg.pre_launch_min > cfg.pre_launch_max)
    return fail(failure_kind::invalid_input,
                "PRE_LAUNCH_TIMEOUT is above PRE_LAUNCH_TIMEOUT_MAX");
  if (cfg.gpu_replace_after > cfg.gpu_lifetime)
    return fail(failure_kind::invalid_input,
                "DEFAULT_GPU_REPLACE is above DEFAULT_GPU_LAUNCH");
  if (cfg.gpu_lifetime < std::chrono::minutes{2})
    return fail(failure_kind::invalid_input,
                "DEFAULT_GPU_LAUNCH: accepted is at least 120 seconds");
  if (cfg.polling_interval < std::chrono::milliseconds{100})
    return fail(failure_kind::invalid_input,
                "RENDER_POLLING_INTERVAL: accepted is at least 0.1 seconds");
  if (cfg.max_render_time < std::chrono::seconds{1})
    return fail(failure_kind::invalid_input,
                "MAX_RENDER_TIME: accepted is at least 1 second");
  if (!cfg.minio_endpoint.empty()
      && (cfg.minio_access_key.empty() || cfg.minio_secret_key.empty()))
    return fail(failure_kind::invalid_input,
                "MINIO_ENDPOINT is set, so MINIO_ACCESS_KEY and "
                "MINIO_SECRET_KEY must be set too");
  return {};
}

} // namespace

result<worker_config> parse_config(const environment& env) {
  worker_config out;
  for (auto& x : settings()) {
    auto value = value_of(env, x);
    if (value.empty()) {
      if (x.required)
        return fail(failure_kind::invalid_input,
                    std::string{x.name} + " is not set");
      continue;
    }
    if (auto done = x.apply(out, value); !done) {
      // A secret that does not parse must not be printed to say so.
      if (x.secret)
        return fail(failure_kind::invalid_input,
                    std::string{x.name} + " is not valid");
      return fail(with_context(x.name, done.error()));
    }
  }
  if (auto ok = check_together(out); !ok)
    return fail(ok.error());
  out.secrets = secrets_of(env);
  return out;
}

std::vector<std::string> secrets_of(const environment& env) {
  std::vector<std::string> out;
  for (auto& x : settings()) {
    auto value = value_of(env, x);
    if (!x.secret || value.empty())
      continue;
    std::istringstream words{std::string{value}};
    for (std::string word; words >> word;) {
      if (auto scheme = word.find("://"); scheme != std::string::npos) {
        auto host = word.rfind('@');
        auto user = word.find(':', scheme + 3);
        if (host == std::string::npos || user > host)
          continue;
        word = word.substr(user + 1, host - user - 1);
      }
      if (word.starts_with("whsec_"))
        word.erase(0, 6);
      out.push_back(std::move(word));
    }
  }
  return out;
}

std::string effective_config(const environment& env) {
  std::string out;
  for (auto& x : settings()) {
    auto value = value_of(env, x);
    out += x.name;
    out += '=';
    if (x.secret && !value.empty())
      out += "********";
    else
      out += value;
    out += '\n';
  }
  return out;
}

std::string settings_help() {
  std::string out = "Environment (a .env file in the working directory is read "
                    "first; the environment wins):\n";
  for (auto& x : settings()) {
    std::string line = "  " + std::string{x.name};
    if (x.required)
      line += " (required)";
    else if (!x.default_value.empty())
      line += "=" + std::string{x.default_value};
    out += line + "\n      " + std::string{x.meaning} + "\n";
  }
  return out;
}

} // namespace render
