#include "app/records/worker_view.hpp"

#include "messages/http.hpp"
#include "messages/text/json.hpp"

#include <algorithm>
#include <cstdio>

namespace render::records {

std::string worker_state(const worker_view& x) {
  if (x.fields.empty())
    return "silent";
  if (field(x.fields, "draining") == "1")
    return "draining";
  auto unfit = field(x.fields, "unfit");
  if (unfit == "start")
    return "starts";
  return unfit.empty() ? "works" : "unfit: " + excerpt(unfit, 20);
}

int64_t count_field(const record& x, const std::string& name) {
  return static_cast<int64_t>(std::clamp(number_field(x, name), 0.0, 9e15));
}

std::optional<balance_view> latest_balance(const std::vector<worker_view>& xs) {
  std::optional<balance_view> out;
  for (auto& x : xs) {
    if (field(x.fields, "balance").empty())
      continue;
    auto age_s = std::max(0.0, x.now_s - number_field(x.fields, "balance_at"));
    if (!out || age_s < out->age_s)
      out = {number_field(x.fields, "balance"), age_s};
  }
  return out;
}

std::string balance_text(double x) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.10g", x);
  return text.data();
}

std::vector<held_launch> launches_of(const worker_view& x) {
  std::vector<held_launch> out;
  auto doc = json::parse(field(x.fields, "launches"));
  if (!doc || !doc->IsObject())
    return out;
  for (auto& type : doc->GetObject()) {
    auto jobs = json::integer(type.value, "jobs").value_or(0);
    if (jobs > 0)
      out.push_back({type.name.GetString(),
                     json::string_or_empty(type.value, "reason"),
                     json::string_or_empty(type.value, "text"),
                     static_cast<uint64_t>(jobs)});
  }
  return out;
}

} // namespace render::records
