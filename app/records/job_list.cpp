#include "app/records/job_list.hpp"

#include "messages/text/json.hpp"
#include "messages/text/lower.hpp"

#include <algorithm>
#include <charconv>

namespace render::records {

namespace {

/// Producers may write é as \u00e9, which nobody types.
std::string readable(const std::string& data) {
  if (data.find("\\u") == std::string::npos)
    return data;
  auto doc = json::parse(data);
  return doc ? json::to_text(*doc) : data;
}

bool has_words(const job_filter& filter, const listed_job& x) {
  if (filter.words.empty())
    return true;
  auto all = x.id;
  for (auto name : {"error", "result", "result_url"})
    all += "\n" + field(x.fields, name);
  all = lower(all + "\n" + readable(field(x.fields, "data")));
  return std::all_of(filter.words.begin(), filter.words.end(), [&](auto& word) {
    return all.find(word) != std::string::npos;
  });
}

bool ran_on(const std::string& gpu, const record& x) {
  if (gpu.empty() || field(x, "gpu") == gpu)
    return true;
  for (auto& [name, value] : x)
    if (name.starts_with("attempt_"))
      if (auto doc = json::parse(value); doc && doc->IsObject())
        if (json::string_or_empty(*doc, "gpu") == gpu)
          return true;
  return false;
}

} // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out(1);
  for (auto x : lower(text))
    if (x == ' ' || x == '\t' || x == '\n' || x == '\r')
      out.emplace_back();
    else
      out.back() += x;
  std::erase(out, "");
  return out;
}

bool fits(const job_filter& filter, const listed_job& x) {
  auto is = [&](const std::string& wanted, const std::string& name) {
    return wanted.empty() || field(x.fields, name) == wanted;
  };
  auto at = x.ended_s > 0 ? x.ended_s : number_field(x.fields, "created_at");
  return is(filter.status, "status") && is(filter.type, "type")
         && (is(filter.worker, "worker") || is(filter.worker, "locked_by"))
         && (filter.from_s <= 0 || at >= filter.from_s)
         && (filter.to_s <= 0 || at <= filter.to_s)
         && ran_on(filter.gpu, x.fields) && has_words(filter, x);
}

std::string cursor_text(const job_cursor& x) {
  return std::to_string(x.ms) + "." + x.id;
}

std::optional<job_cursor> read_cursor(std::string_view text) {
  job_cursor out;
  auto end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, out.ms);
  if (error != std::errc{} || at == end || *at != '.' || at + 1 == end)
    return std::nullopt;
  out.id.assign(at + 1, end);
  return out;
}

const std::vector<std::string>& shown_fields() {
  static const std::vector<std::string> all{
    "type",       "status",      "created_at", "started_at", "finished_at",
    "waited_s",   "attempt",     "worker",     "gpu",        "locked_by",
    "result_url", "error",       "error_code", "retry_of",   "stage",
    "progress",   "complete_by", "max_time",   "receipt",    "metadata"};
  return all;
}

} // namespace render::records
