#include "actors/renderer/stage_spans.hpp"

#include <utility>

namespace render {

namespace {

std::string_view stage_of(const operation& x) {
  if (std::holds_alternative<msg::store_file>(x))
    return "store";
  auto* request = std::get_if<http_request>(&x);
  // Work on media belongs to whatever it is done for.
  if (!request)
    return {};
  if (is_input(*request))
    return "download";
  for (auto& part : request->parts)
    if (!part.file_path.empty())
      return "upload";
  return "render";
}

} // namespace

std::string_view stage_of(const step& x) {
  if (auto* asks = std::get_if<call>(&x.next)) {
    for (auto& y : asks->operations)
      if (auto name = stage_of(y); !name.empty())
        return name;
    return {};
  }
  return std::holds_alternative<stream>(x.next) ? "render" : "";
}

// Of a producer's URL, or of our own service, whose address may be private.
bool is_input(const http_request& x) {
  return x.public_only || (x.unpack && !x.output_file.empty());
}

bool is_below(std::string_view url, std::string_view base) {
  auto without_scheme = [](std::string_view x) {
    auto border = x.find("://");
    return border == std::string_view::npos ? std::string_view{}
                                            : x.substr(border + 3);
  };
  url = without_scheme(url);
  base = without_scheme(base);
  if (base.empty() || !url.starts_with(base))
    return false;
  url.remove_prefix(base.size());
  return url.empty() || url.front() == '/' || url.front() == '?';
}

bool is_to_node(std::string_view url, const render_environment& env) {
  for (auto* base :
       {&env.csm_url, &env.whisper_url, &env.comfyui_url, &env.vision_url})
    if (is_below(url, *base))
      return true;
  return false;
}

void stage_spans::on_step(const step& x, const moment& now) {
  auto name = stage_of(x);
  if (!attempt_ || name.empty() || name == now_.name)
    return;
  on_end({}, now);
  now_ = {name, ids_->child(attempt_), now.steady_s};
}

void stage_spans::on_end(std::string error, const moment& now) {
  auto ended = std::exchange(now_, {});
  if (!ended.at.sampled)
    return;
  span out;
  out.name = ended.name;
  out.kind = span_kind::client;
  out.at = ended.at;
  out.parent = attempt_.span;
  out.start_s = now.unix_at(ended.start_s);
  out.end_s = now.unix_s;
  out.error = std::move(error);
  done_.push_back(std::move(out));
}

std::vector<span> stage_spans::take() {
  return std::exchange(done_, {});
}

} // namespace render
