#include "actors/io/redis/told_attempts.hpp"

#include "actors/io/redis/scripts/codec.hpp"
#include "messages/text/json.hpp"
#include "messages/text/utf8.hpp"

#include <algorithm>
#include <utility>

namespace render::job_store {

namespace {

constexpr size_t stage_name_max = 40;

std::string rounded_s(double s) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f", s);
  return text;
}

} // namespace

std::string stage_name(std::string_view stage) {
  auto end = std::find_if(stage.begin(), stage.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || c < ' ';
  });
  auto out = stage.substr(0, static_cast<size_t>(end - stage.begin()));
  while (!out.empty() && (out.back() == ' ' || out.back() == '('))
    out.remove_suffix(1);
  return valid_utf8(out.substr(0, stage_name_max));
}

told_attempts::attempt* told_attempts::find(const std::string& id,
                                            uint64_t fence) {
  auto at = all_.find(id);
  return at != all_.end() && at->second.fence == fence ? &at->second : nullptr;
}

void told_attempts::begin(const std::string& id, uint64_t fence, double now_s) {
  attempt x;
  x.fence = fence;
  x.began_s = now_s;
  all_[id] = std::move(x);
}

void told_attempts::on_gpu(const std::string& id, uint64_t fence,
                           const ledger_id& gpu) {
  auto* x = find(id, fence);
  if (!x || gpu.empty() || x->gpu == gpu)
    return;
  x->gpu = gpu;
  x->is_news = true;
}

void told_attempts::on_stage(const std::string& id, uint64_t fence,
                             std::string_view stage, double now_s) {
  auto* x = find(id, fence);
  auto name = stage_name(stage);
  if (!x || name.empty() || name == x->last_stage
      || x->stage_count == stages_max)
    return;
  x->stages += (x->stages.empty() ? "" : "\n") + rounded_s(now_s) + " " + name;
  ++x->stage_count;
  x->last_stage = std::move(name);
  x->is_news = true;
}

told_attempts::attempt told_attempts::take_news(const std::string& id,
                                                uint64_t fence) {
  auto* x = find(id, fence);
  return x && std::exchange(x->is_news, false) ? *x : attempt{};
}

void told_attempts::put_back(const std::string& id, uint64_t fence) {
  if (auto* x = find(id, fence))
    x->is_news = true;
}

told_attempts::attempt told_attempts::of(const std::string& id,
                                         uint64_t fence) const {
  auto at = all_.find(id);
  return at != all_.end() && at->second.fence == fence ? at->second : attempt{};
}

void told_attempts::forget(const std::string& id, uint64_t fence) {
  if (auto at = all_.find(id); at != all_.end() && at->second.fence <= fence)
    all_.erase(at);
}

std::string attempt_line(const told_attempts::attempt& x,
                         std::string_view worker, double ended_s,
                         std::string_view how) {
  auto text = [](std::string_view value) {
    return json::quote(valid_utf8(value));
  };
  return "{\"worker\":" + text(worker) + ",\"gpu\":" + text(x.gpu.text())
         + ",\"began\":" + rounded_s(x.began_s)
         + ",\"ended\":" + rounded_s(ended_s)
         + ",\"how\":" + text(how.substr(0, told_attempts::how_max)) + "}";
}

} // namespace render::job_store
