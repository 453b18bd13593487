#include "app/node/config.hpp"

#include "actors/webhook/signature.hpp"
#include "app/node/money_settings.hpp"
#include "app/node/redis_settings.hpp"
#include "app/node/refused.hpp"
#include "app/node/settings.hpp"
#include "messages/http.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

namespace render {

namespace {

using apply_fn = std::function<result<void>(worker_config&, std::string_view)>;

/// Reads numbers like Python's float() and int(): `+300` and `1_000` too.
std::optional<double> to_number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-"))
    text.remove_prefix(1);
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    auto is_digit = [&](size_t at) {
      return at < text.size()
             && std::isdigit(static_cast<unsigned char>(text[at]));
    };
    if (text[i] == '_' && i > 0 && is_digit(i - 1) && is_digit(i + 1))
      continue;
    digits += text[i];
  }
  double out = 0;
  auto last = digits.data() + digits.size();
  auto [end, err] = std::from_chars(digits.data(), last, out);
  if (err != std::errc{} || end != last || !std::isfinite(out))
    return std::nullopt;
  return out;
}

/// Digits only, as `split_address` needs them.
bool is_port_text(std::string_view x) {
  uint16_t port = 0;
  auto [end, err] = std::from_chars(x.data(), x.data() + x.size(), port);
  return err == std::errc{} && end == x.data() + x.size();
}

bool is_port(const std::optional<double>& x, double min) {
  return x && *x >= min && *x <= 65535 && std::floor(*x) == *x;
}

template <class T>
apply_fn text(T worker_config::*field) {
  return [field](worker_config& cfg, std::string_view x) -> result<void> {
    cfg.*field = T{std::string{x}};
    return {};
  };
}

apply_fn duration(seconds_f worker_config::*field, double min_s = 0) {
  return [=](worker_config& cfg, std::string_view x) -> result<void> {
    constexpr auto max_s = 1e9;
    auto number = to_number(x);
    if (!number || *number < min_s || *number > max_s)
      return refused(x, "a number of seconds from "
                          + std::to_string(std::llround(min_s)) + " to "
                          + std::to_string(std::llround(max_s)));
    cfg.*field = seconds_f{*number};
    return {};
  };
}

template <class T>
apply_fn whole(T worker_config::*field, double min, double max) {
  return [=](worker_config& cfg, std::string_view x) -> result<void> {
    auto number = to_number(x);
    if (!number || std::floor(*number) != *number || *number < min
        || *number > max)
      return refused(x, "a whole number from "
                          + std::to_string(std::llround(min)) + " to "
                          + std::to_string(std::llround(max)));
    cfg.*field = static_cast<T>(*number);
    return {};
  };
}

apply_fn boolean(bool worker_config::*field) {
  return [field](worker_config& cfg, std::string_view x) -> result<void> {
    auto is_in = [x](std::initializer_list<std::string_view> words) {
      return std::find(words.begin(), words.end(), x) != words.end();
    };
    cfg.*field = is_in({"true", "True", "TRUE", "1", "yes", "on"});
    if (!(cfg.*field) && !is_in({"false", "False", "FALSE", "0", "no", "off"}))
      return refused(x, "true or false");
    return {};
  };
}

apply_fn web_url(std::string worker_config::*field, bool with_node) {
  return [=](worker_config& cfg, std::string_view x) -> result<void> {
    auto templated = x.find("{node}") != std::string_view::npos;
    if (!is_web_url(x) || templated != with_node)
      return refused(x, with_node ? "an http or https URL that contains {node}"
                                  : "an http or https URL");
    cfg.*field = x;
    while (cfg.*field != "" && (cfg.*field).back() == '/')
      (cfg.*field).pop_back();
    return {};
  };
}

/// A mere host gets http://, as in the Python worker.
apply_fn public_url(std::string worker_config::*field) {
  return [=](worker_config& cfg, std::string_view x) {
    auto full = x.find("://") == std::string_view::npos
                  ? "http://" + std::string{x}
                  : std::string{x};
    return web_url(field, false)(cfg, full);
  };
}

apply_fn secrets(std::string worker_config::*field) {
  return [=](worker_config& cfg, std::string_view x) -> result<void> {
    if (auto keys = webhook_sender::parse_secrets(x); !keys)
      return fail(keys.error());
    cfg.*field = x;
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
    return refused(x, accepted);
  };
}

apply_fn workload(job_kind kind) {
  return [kind](worker_config& cfg, std::string_view x) -> result<void> {
    cfg.workload_of_kind[kind] = workload_type{std::string{x}};
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
    if (colon == 0 || colon == std::string_view::npos
        || !is_port_text(x.substr(colon + 1)))
      return refused(x, "host:port, or off");
    cfg.*field = x;
    return {};
  };
}

apply_fn names(std::vector<std::string> worker_config::*field) {
  return [field](worker_config& cfg, std::string_view x) -> result<void> {
    for (auto rest = x; !rest.empty();) {
      auto one = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
      if (one.empty() || one.find_first_of(" :/") != std::string_view::npos)
        return refused(x, "host names without port, more of them after commas");
      (cfg.*field).emplace_back(one);
    }
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
                    ? std::optional<double>{default_port}
                    : to_number(one.substr(colon + 1));
      auto host = one.substr(0, colon);
      if (host.empty() || !is_port(port, 1))
        return refused(x, "host:port, more of them after commas");
      (cfg.*field).push_back({std::string{host}, static_cast<uint16_t>(*port)});
    }
    return {};
  };
}

apply_fn allowances(private_allowances worker_config::*field) {
  return [field](worker_config& cfg, std::string_view x) -> result<void> {
    auto parsed = private_allowances::parse(x);
    if (!parsed)
      return refused(x, "networks such as 10.0.0.0/8 and host names, separated "
                        "by commas");
    cfg.*field = std::move(*parsed);
    return {};
  };
}

apply_fn domain(std::string worker_config::*field) {
  return [field](worker_config& cfg, std::string_view x) -> result<void> {
    if (x != "*" && !is_plain_host(x))
      return refused(x, "a domain such as comput3.ai, or *");
    cfg.*field = x;
    return {};
  };
}

// The first of the variables that is set wins, as in Python's requests.
apply_fn certificates(std::string worker_config::*field) {
  return [field](worker_config& cfg, std::string_view x) -> result<void> {
    if ((cfg.*field).empty())
      cfg.*field = x;
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
    {"C3_NODE_URL", "https://{node}",
     "Base URL of a rented GPU, with {node} for its host name.", false, false,
     web_url(&c::node_url, true)},
    {"C3_UI_URL", "https://ui-{node}",
     "Base URL of its ComfyUI, with {node} for its host name.", false, false,
     web_url(&c::ui_url, true)},
    {"C3_NODE_DOMAIN", "",
     "Domain that host names of GPUs must be below, or *; unset: that of "
     "C3_API_URL's host where C3_NODE_URL has no domain of its own.",
     false, false, domain(&c::node_domain)},
    {"REDIS_HOST", "localhost",
     "Host of the job queue and job store, or the path of a Unix socket.",
     false, false, text(&c::redis_host)},
    {"REDIS_PORT", "6379", "Port of Redis.", false, false,
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
    {"REDIS_TLS", "false", "true: TLS to Redis, and to its sentinels.", false,
     false, boolean(&c::redis_tls)},
    {"REDIS_CA_FILE", "",
     "PEM file of the authorities that may have signed its certificate; unset: "
     "the machine's.",
     false, false, text(&c::redis_ca_file)},
    {"REDIS_CERT_FILE", "",
     "PEM file with a client certificate, for a Redis that demands one.", false,
     false, text(&c::redis_cert_file)},
    {"REDIS_KEY_FILE", "", "PEM file with its key, without a passphrase.",
     false, false, text(&c::redis_key_file)},
    {"REDIS_SERVER_NAME", "",
     "Name or IP address that Redis' certificate must be for; unset: the host "
     "that is connected to.",
     false, false, text(&c::redis_server_name)},
    {"REDIS_URL", "",
     "redis://[user:password@]host[:port][/db], or rediss:// for TLS; its "
     "parts win over the variables above.",
     true, false, apply_redis_url},
    {"OUTPUT_DIR", "/app/output",
     "Working files and results, uploaded ones too; created when missing.",
     false, false, text(&c::output_dir)},
    {"RESULT_TTL", "604800",
     "Seconds that results stay in OUTPUT_DIR; 0: for ever.", false, false,
     duration(&c::result_ttl)},
    {"JOURNAL_DIR", "",
     "Folder of the journal, from which the worker restores what Redis loses; "
     "unset: journal below OUTPUT_DIR.",
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
     false, false, public_url(&c::minio_public_url)},
    {"MINIO_REGION", "us-east-1", "Region in signatures.", false, false,
     text(&c::minio_region)},
    {"MAX_GPUS", "1",
     "Most GPUs this node rents at one time; see GPU_REPLACE_AHEAD.", false,
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
    {"GPU_PRICES", "", "Dollars of a GPU hour: TYPE=PRICE,...", false, false,
     read_prices},
    {"MAX_SPEND_PER_HOUR", "", "Dollars that the fleet may spend in an hour.",
     false, false, dollars(&c::spend_per_hour)},
    {"MAX_SPEND_PER_DAY", "", "Dollars that the fleet may spend in a day.",
     false, false, dollars(&c::spend_per_day)},
    {"GPU_IDLE_TIMEOUT", "300", "Seconds a GPU is kept after its last job.",
     false, false, duration(&c::gpu_idle_timeout)},
    {"GPU_IDLE_POLICY", "",
     "fixed (each GPU is kept for GPU_IDLE_TIMEOUT) or adaptive (no more are "
     "kept than the traffic is worth); unset: adaptive with peers, else fixed.",
     false, false, choice(&c::gpu_idle_policy, {"adaptive", "fixed"})},
    {"TARGET_WAIT", "",
     "Seconds after which a waiting job is to have begun, where a launch can "
     "help; for workers with peers. Unset: as long as a boot takes.",
     false, false, duration(&c::target_wait, 1)},
    {"PRE_LAUNCH_TIMEOUT", "15",
     "Shortest wait, seconds, before a GPU is launched for waiting jobs.",
     false, false, duration(&c::pre_launch_min)},
    {"PRE_LAUNCH_TIMEOUT_MAX", "30", "Longest such wait, seconds.", false,
     false, duration(&c::pre_launch_max)},
    {"LAUNCH_POLICY", "ledger",
     "After that wait: ledger (count the GPUs that other workers have just "
     "launched) or contract (launch in any case, as the Python worker does).",
     false, false, choice(&c::launch_policy, {"ledger", "contract"})},
    {"DEFAULT_GPU_LAUNCH", "7200", "Longest life of a GPU, seconds.", false,
     false, duration(&c::gpu_lifetime)},
    {"DEFAULT_GPU_REPLACE", "3600",
     "A GPU older than this, seconds, is retired after its job.", false, false,
     duration(&c::gpu_replace_after)},
    {"GPU_REPLACE_AHEAD", "90",
     "Seconds before that at which a GPU in use gets its successor; from then "
     "on it does not count among MAX_GPUS. 0: none, MAX_GPUS is kept, and each "
     "worker retires its GPUs up to 15 % sooner, at an age of its own.",
     false, false, duration(&c::gpu_replace_ahead)},
    {"GPU_BOOT_TIMEOUT", "600",
     "Seconds a launched GPU may take until it answers.", false, false,
     duration(&c::boot_timeout)},
    {"MAX_RENDER_TIME", "1800", "Upper limit of every job's max_time, seconds.",
     false, false, duration(&c::max_render_time)},
    {"RENDER_POLLING_INTERVAL", "5",
     "Seconds between polls of a render whose service cannot push.", false,
     false, duration(&c::polling_interval)},
    {"JOB_ATTEMPTS", "3",
     "Attempts of a job, each on another GPU, before it fails.", false, false,
     whole(&c::job_attempts, 1, 100)},
    {"MAX_INPUT_BYTES", "536870912", "Largest input that is downloaded, bytes.",
     false, false, whole(&c::max_input_bytes, 1, 1e12)},
    {"MIN_FREE_BYTES", "536870912",
     "Free space below OUTPUT_DIR under which a worker claims no job, bytes; "
     "0: no limit.",
     false, false, whole(&c::min_free_bytes, 0, 1e15)},
    {"ALLOW_PRIVATE_URLS", "",
     "Networks (10.0.0.0/8) and host names, separated by commas, that input "
     "URLs and notify_url may reach though they are not public.",
     false, false, allowances(&c::allowed_private)},
    {"PRODUCER_URLS_VIA_PROXY", "false",
     "true: input URLs and notify_url take the proxy of HTTP_PROXY and "
     "HTTPS_PROXY too, which then decides what they reach.",
     false, false, boolean(&c::proxies_for_strangers)},
    {"REQUESTS_CA_BUNDLE", "",
     "File or folder with the certificate authorities to trust instead of the "
     "system's.",
     false, false, certificates(&c::ca_path)},
    {"CURL_CA_BUNDLE", "", "The same, when REQUESTS_CA_BUNDLE is unset.", false,
     false, certificates(&c::ca_path)},
    {"SSL_CERT_FILE", "", "The same, when both are unset.", false, false,
     certificates(&c::ca_path)},
    {"VISION_MODEL", "llama3.2-vision:11b", "Model asked by analyze jobs.",
     false, false, text(&c::vision_model)},
    {"PORTRAIT_WORKFLOW", "",
     "Path of a ComfyUI workflow (API format) that replaces the built-in one.",
     false, false, text(&c::portrait_workflow)},
    {"WEBHOOK_SECRET", "",
     "Keys that sign webhooks (Standard Webhooks): whsec_..., separated by "
     "spaces; unset: no signature.",
     true, false, secrets(&c::webhook_secret)},
    {"WEBHOOK_SCHEDULE", "contract",
     "When webhooks are tried: contract (5 times, 5 s apart) or standard (10 "
     "times within three days, as Standard Webhooks has it).",
     false, false, choice(&c::webhook_schedule, {"contract", "standard"})},
    {"DRAIN_TIME", "120",
     "Seconds that running jobs have to end after SIGTERM.", false, false,
     duration(&c::drain_time)},
    {"STATUS_ADDRESS", "127.0.0.1:8090",
     "host:port of the status server (/healthz, /status, /metrics), or off.",
     false, false, address(&c::status_address)},
    {"STATUS_HOSTS", "",
     "Further host names, separated by commas, that requests to the status "
     "server may use; *: any.",
     false, false, names(&c::status_hosts)},
    {"LOG_FORMAT", "text", "text or json.", false, false,
     choice(&c::log_format, {"text", "json"})},
    {"LOG_LEVEL", "info", "debug, info, warning or error.", false, false,
     choice(&c::log_level, {"debug", "info", "warning", "error"})},
    {"WORKER_ID", "",
     "Name of this worker in records and logs, of which no other worker may "
     "have the same; unset: host name, process id and a random part.",
     false, false, text(&c::worker_id)},
  };
  static const auto all = with_further_settings(table);
  return all;
}

const std::vector<std::string_view>& proxy_variables() {
  static const std::vector<std::string_view> names{
    "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
    "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
  return names;
}

} // namespace render
