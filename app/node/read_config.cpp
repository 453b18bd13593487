#include "app/node/cluster_settings.hpp"
#include "app/node/config.hpp"
#include "app/node/money_settings.hpp"
#include "app/node/redis_settings.hpp"
#include "app/node/span_settings.hpp"

#include <algorithm>
#include <sstream>

namespace render {

namespace {

std::string_view value_of(const environment& env, const setting& x) {
  auto found = env.find(x.name);
  if (found == env.end() || found->second.empty())
    return x.default_value;
  return found->second;
}

/// Two settings of which the smaller must not exceed the greater.
struct pair_rule {
  std::string_view smaller;
  std::string_view greater;
  seconds_f worker_config::*smaller_field;
  seconds_f worker_config::*greater_field;
};

class reader {
public:
  explicit reader(environment env) {
    out_.in_force = std::move(env);
  }

  config_findings read() {
    for (auto& x : settings())
      read_one(x);
    out_.config.proxies = read_proxies([this](std::string_view name) {
      auto found = out_.in_force.find(name);
      return found == out_.in_force.end() ? std::string{} : found->second;
    });
    if (out_.errors.empty())
      check_together();
    out_.config.secrets = secrets_of(out_.in_force);
    // The password of a URL, percent-decoded.
    if (!out_.config.redis_password.empty())
      out_.config.secrets.push_back(out_.config.redis_password);
    complete_span_settings(out_.config);
    return std::move(out_);
  }

private:
  void read_one(const setting& x) {
    // Docker keeps the blanks of its env files. A password may contain blanks
    // on purpose.
    if (auto at = out_.in_force.find(x.name);
        at != out_.in_force.end() && (!x.secret || x.required))
      at->second = std::string{trimmed(at->second)};
    auto value = value_of(out_.in_force, x);
    if (value.empty()) {
      if (x.required)
        out_.errors.push_back(std::string{x.name} + " is not set");
      return;
    }
    auto done = x.apply(out_.config, value);
    if (done)
      return;
    // The error of a secret must not print its value.
    auto shown = !x.secret
                 || done.error().message.find("(got") == std::string::npos;
    out_.errors.push_back(std::string{x.name} + " "
                          + (shown ? done.error().message : "is not valid"));
  }

  static std::string_view trimmed(std::string_view x) {
    constexpr std::string_view blanks = " \t\r\n\v\f";
    auto begin = x.find_first_not_of(blanks);
    if (begin == std::string_view::npos)
      return {};
    return x.substr(begin, x.find_last_not_of(blanks) - begin + 1);
  }

  /// A default that is spelled out, as in a copy of env.sample, is not chosen.
  bool is_chosen(seconds_f worker_config::*field) const {
    return out_.config.*field != defaults_.*field;
  }

  std::string text_of(std::string_view name) const {
    for (auto& x : settings())
      if (x.name == name)
        return std::string{value_of(out_.in_force, x)};
    return {};
  }

  void adjust(std::string_view name, std::string text, const std::string& why) {
    out_.warnings.push_back(std::string{name} + " is taken as "
                            + (text.empty() ? "unset" : text) + ": " + why);
    out_.in_force.insert_or_assign(std::string{name}, std::move(text));
  }

  void check_pair(const pair_rule& x) {
    auto& cfg = out_.config;
    if (cfg.*x.smaller_field <= cfg.*x.greater_field)
      return;
    auto why = std::string{x.smaller} + " must not be above "
               + std::string{x.greater};
    if (is_chosen(x.smaller_field) && is_chosen(x.greater_field)) {
      out_.errors.push_back(why + " (got " + text_of(x.smaller) + " and "
                            + text_of(x.greater) + ")");
    } else if (is_chosen(x.smaller_field)) {
      cfg.*x.greater_field = cfg.*x.smaller_field;
      adjust(x.greater, text_of(x.smaller), why);
    } else {
      cfg.*x.smaller_field = cfg.*x.greater_field;
      adjust(x.smaller, text_of(x.greater), why);
    }
  }

  /// The Python worker starts with values too small to be of use.
  void check_least(std::string_view name, seconds_f worker_config::*field,
                   seconds_f least, seconds_f instead, const std::string& why) {
    auto& value = out_.config.*field;
    if (value >= least)
      return;
    value = instead;
    std::ostringstream text;
    text << instead.count();
    adjust(name, text.str(), why);
  }

  void check_together() {
    using c = worker_config;
    check_least("MAX_RENDER_TIME", &c::max_render_time, seconds_f{1},
                defaults_.max_render_time, "a render needs a second at least");
    check_least("DEFAULT_GPU_LAUNCH", &c::gpu_lifetime, seconds_f{120},
                seconds_f{120}, "the shortest that is of use");
    check_least("RENDER_POLLING_INTERVAL", &c::polling_interval, seconds_f{0.1},
                seconds_f{0.1}, "the shortest that is of use");
    check_pair({"PRE_LAUNCH_TIMEOUT", "PRE_LAUNCH_TIMEOUT_MAX",
                &c::pre_launch_min, &c::pre_launch_max});
    check_pair({"DEFAULT_GPU_REPLACE", "DEFAULT_GPU_LAUNCH",
                &c::gpu_replace_after, &c::gpu_lifetime});
    check_storage();
    auto& cfg = out_.config;
    for (auto& ok : {check_redis(cfg), check_cluster(cfg), check_spending(cfg)})
      if (!ok)
        out_.errors.push_back(ok.error().message);
  }

  // The Python worker also goes on without the storage, with a warning.
  void check_storage() {
    auto& cfg = out_.config;
    if (cfg.minio_endpoint.empty())
      return;
    std::string lacks;
    auto need = [&lacks](std::string_view name) {
      lacks += lacks.empty() ? "" : ", ";
      lacks += name;
    };
    if (cfg.minio_access_key.empty())
      need("MINIO_ACCESS_KEY");
    if (cfg.minio_secret_key.empty())
      need("MINIO_SECRET_KEY");
    auto bucket = out_.in_force.find("MINIO_BUCKET");
    if (bucket != out_.in_force.end() && bucket->second.empty())
      need("MINIO_BUCKET");
    if (lacks.empty())
      return;
    cfg.minio_endpoint.clear();
    adjust("MINIO_ENDPOINT", {},
           lacks + " not set; results stay in OUTPUT_DIR with file:// URLs");
  }

  static worker_config defaults() {
    worker_config out;
    for (auto& x : settings())
      if (!x.default_value.empty())
        static_cast<void>(x.apply(out, x.default_value));
    return out;
  }

  config_findings out_;
  const worker_config defaults_ = defaults();
};

} // namespace

config_findings read_config(environment env) {
  return reader{std::move(env)}.read();
}

result<worker_config> parse_config(const environment& env) {
  auto found = read_config(env);
  if (found.errors.empty())
    return std::move(found.config);
  std::string all;
  for (auto& x : found.errors)
    all += (all.empty() ? "" : "\n") + x;
  return fail(failure_kind::invalid_input, std::move(all));
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

namespace {

constexpr std::string_view mask = "********";

// Masks all before the host: a URL in a setting that is no secret may still
// have a password there.
std::string masked_url(std::string_view value) {
  auto begin = value.find("://");
  begin = begin == std::string_view::npos ? 0 : begin + 3;
  auto end = std::min(value.find_first_of("/?#", begin), value.size());
  auto at = value.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < begin)
    return std::string{value};
  return std::string{value.substr(0, begin)}.append(mask).append(
    value.substr(at));
}

} // namespace

std::string effective_config(const environment& env) {
  std::string out;
  for (auto& x : settings()) {
    auto value = value_of(env, x);
    out += x.name;
    out += '=';
    if (x.secret && !value.empty())
      out += mask;
    else
      out += masked_url(value);
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
