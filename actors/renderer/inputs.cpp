#include "actors/renderer/inputs.hpp"

#include "actors/renderer/own_network.hpp"
#include "actors/renderer/steps.hpp"
#include "messages/text/hex.hpp"
#include "messages/text/lower.hpp"

#include <algorithm>
#include <cctype>
#include <memory>
#include <numeric>
#include <optional>

namespace render {

namespace {

using namespace std::chrono_literals;

constexpr uint32_t fetch_tries = 3;
constexpr auto fetch_delay = 1s;

std::string percent_decode(std::string_view x) {
  std::string out;
  for (size_t i = 0; i < x.size(); ++i) {
    auto hex = [&](size_t at) {
      return at < x.size()
             && std::isxdigit(static_cast<unsigned char>(x[at])) != 0;
    };
    if (x[i] == '%' && hex(i + 1) && hex(i + 2)) {
      out += static_cast<char>(
        std::stoi(std::string{x.substr(i + 1, 2)}, nullptr, 16));
      i += 2;
    } else {
      out += x[i];
    }
  }
  return out;
}

/// True for a failure that the caller can mend. What stops or hinders this
/// worker is none.
bool is_fault_of_the_url(failure_kind kind) {
  switch (kind) {
  case failure_kind::cancelled:
  case failure_kind::shutting_down:
  case failure_kind::not_owner:
  case failure_kind::unfit:
  case failure_kind::aborted:
    return false;
  default:
    return true;
  }
}

/// The extension of a file name, if it looks like one.
std::string extension_of(std::string_view name) {
  name = name.substr(name.rfind('/') + 1);
  auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0)
    return {};
  auto out = lower(name.substr(dot));
  auto plain = out.size() > 1 && out.size() <= 6
               && std::all_of(out.begin() + 1, out.end(), [](unsigned char c) {
                    return std::isalnum(c) != 0;
                  });
  return plain ? out : std::string{};
}

std::string extension_of_query(std::string_view url) {
  auto begin = url.find('?');
  if (begin == std::string_view::npos)
    return {};
  auto query = url.substr(begin + 1);
  query = query.substr(0, query.find('#'));
  while (!query.empty()) {
    auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    auto equals = pair.find('=');
    auto name = lower(pair.substr(0, equals));
    if (equals == std::string_view::npos
        || (name != "filename" && name != "file" && name != "name"))
      continue;
    auto found = extension_of(percent_decode(pair.substr(equals + 1)));
    if (!found.empty())
      return found;
  }
  return {};
}

std::string extension_of_path(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  auto host = url.find("://");
  auto path = host == std::string_view::npos ? 0 : url.find('/', host + 3);
  return path == std::string_view::npos
           ? std::string{}
           : extension_of(percent_decode(url.substr(path)));
}

std::string extension_of_type(std::string_view content_type) {
  static constexpr std::pair<std::string_view, std::string_view> table[] = {
    {"image/jpeg", ".jpg"},  {"image/png", ".png"},
    {"image/webp", ".webp"}, {"audio/mpeg", ".mp3"},
    {"audio/mp3", ".mp3"},   {"audio/wav", ".wav"},
    {"audio/x-wav", ".wav"}, {"audio/ogg", ".ogg"},
    {"audio/flac", ".flac"}, {"audio/mp4", ".m4a"},
    {"audio/x-m4a", ".m4a"}, {"audio/aac", ".aac"},
    {"audio/webm", ".webm"}, {"video/webm", ".webm"},
    {"video/mp4", ".mp4"},   {"video/quicktime", ".mov"},
  };
  auto type = lower(content_type.substr(0, content_type.find(';')));
  for (auto& [name, extension] : table)
    if (type == name)
      return std::string{extension};
  return {};
}

/// The fetch of a job's inputs; lives in the steps' continuations.
struct fetching {
  std::vector<input> wanted;
  render_environment env;
  std::function<step(std::vector<http_response>)> then;
  std::vector<result<answer>> got;
  uint32_t tries = 0;
};

using fetching_ptr = std::shared_ptr<fetching>;

step fetch(const fetching_ptr& x, const std::vector<size_t>& which);

bool has_reached_nobody(const result<answer>& x) {
  return !x && reached_nobody(x.error());
}

step judge(const fetching_ptr& x, bool without_network) {
  std::vector<http_response> all;
  std::optional<failure> may_pass;
  for (size_t i = 0; i < x->wanted.size(); ++i) {
    auto& wanted = x->wanted[i];
    if (without_network && has_reached_nobody(x->got[i]))
      return end_with({failure_kind::unfit,
                       wanted.field
                         + ": neither its host nor the provider's API can be "
                           "reached from here"});
    auto one = check_fetched(wanted.field, wanted.url, x->got[i]);
    if (one) {
      all.push_back(std::move(*one));
    } else if (x->env.inputs_only && worth_another_fetch(x->got[i])) {
      may_pass = {failure_kind::unavailable, std::move(one.error().message)};
    } else {
      return end_with(begun_with(wanted.lament, one.error()));
    }
  }
  if (may_pass)
    return end_with(std::move(*may_pass));
  return x->then(std::move(all));
}

step fetched(const fetching_ptr& x, const std::vector<size_t>& which,
             answers got) {
  std::vector<size_t> again;
  for (size_t i = 0; i < which.size(); ++i) {
    x->got[which[i]] = std::move(got[i]);
    if (worth_another_fetch(x->got[which[i]]))
      again.push_back(which[i]);
  }
  if (!again.empty() && x->tries < fetch_tries && !x->env.inputs_only)
    return {"fetch again", -1, wait{fetch_delay, [x, again] {
                                      return fetch(x, again);
                                    }}};
  if (!x->env.control_url.empty()
      && std::any_of(x->got.begin(), x->got.end(), has_reached_nobody))
    return {"fetch", -1, call{{control_request(x->env)}, [x](answers control) {
                                return judge(x,
                                             has_reached_nobody(control.at(0)));
                              }}};
  return judge(x, false);
}

step fetch(const fetching_ptr& x, const std::vector<size_t>& which) {
  ++x->tries;
  call out;
  for (auto i : which)
    out.operations.emplace_back(
      fetch_request(x->wanted[i].url, x->wanted[i].stem, x->env));
  out.then = [x, which](answers got) {
    return fetched(x, which, std::move(got));
  };
  return {"fetch", 0.0, std::move(out)};
}

/// A URL of the service that takes uploads, and nothing else of it: the id of a
/// file and a query.
bool is_own_upload(std::string_view url, std::string_view uploads_url) {
  if (uploads_url.empty() || !url.starts_with(uploads_url))
    return false;
  auto rest = url.substr(uploads_url.size());
  return is_sha256_hex(rest.substr(0, rest.find('?')));
}

} // namespace

http_request fetch_request(std::string_view url, std::string_view stem,
                           const render_environment& env) {
  http_request out;
  out.url = url;
  out.output_file = work_file(env, stem);
  out.max_body_bytes = env.max_input_bytes;
  out.max_redirects = 30;
  out.connect_timeout = 10s;
  out.stall_timeout = 30s;
  // A slower fetch would occupy a GPU slot mostly with waiting.
  out.stall_speed = 1024;
  if (is_own_upload(url, env.uploads_url))
    out.max_redirects = 0;
  else
    out.public_only = true;
  out.unpack = true;
  out.total_timeout = 300s;
  return out;
}

result<http_response> check_fetched(std::string_view field,
                                    std::string_view url,
                                    const result<answer>& got) {
  auto text = std::string{field} + ": " + redacted_url(url) + " ";
  if (!got) {
    if (!is_fault_of_the_url(got.error().kind))
      return fail(with_context(field, got.error()));
    return fail(failure_kind::invalid_input,
                text + "could not be fetched: " + got.error().message);
  }
  auto& response = std::get<http_response>(*got);
  if (!response.ok())
    return fail(failure_kind::invalid_input,
                text + "answered HTTP " + std::to_string(response.status));
  if (response.body_bytes == 0)
    return fail(failure_kind::invalid_input, text + "is empty (0 bytes)");
  return response;
}

failure begun_with(std::string_view lament, failure why) {
  return lament.empty() || why.kind != failure_kind::invalid_input
           ? why
           : with_context(lament, std::move(why));
}

bool worth_another_fetch(const result<answer>& got) {
  if (!got)
    return got.error().kind == failure_kind::unavailable
           || got.error().kind == failure_kind::outcome_unknown;
  auto status = std::get<http_response>(*got).status;
  return status == 408 || status == 429 || status >= 500;
}

step fetch_inputs(std::vector<input> wanted, const render_environment& env,
                  std::function<step(std::vector<http_response>)> then) {
  auto x = std::make_shared<fetching>();
  x->wanted = std::move(wanted);
  x->env = env;
  x->then = std::move(then);
  x->got.assign(x->wanted.size(), fail(failure_kind::internal, "not fetched"));
  std::vector<size_t> all(x->wanted.size());
  std::iota(all.begin(), all.end(), size_t{0});
  return fetch(x, all);
}

std::string choose_extension(std::string_view url,
                             std::string_view content_type,
                             std::string_view identified) {
  for (auto& found : {extension_of_query(url), extension_of_path(url),
                      extension_of_type(content_type)})
    if (!found.empty())
      return found;
  return std::string{identified};
}

} // namespace render
