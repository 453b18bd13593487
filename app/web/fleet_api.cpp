#include "app/web/fleet_api.hpp"

#include "app/records/bulk.hpp"
#include "app/records/gpu_history.hpp"
#include "app/records/picture.hpp"
#include "app/records/spend.hpp"
#include "app/records/webhooks.hpp"
#include "app/records/wishes.hpp"
#include "app/web/fields.hpp"
#include "app/web/fleet_json.hpp"
#include "app/web/job_api.hpp"
#include "app/web/json_object.hpp"
#include "messages/job.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <mutex>
#include <optional>

namespace render::web {

namespace {

using errors = std::vector<field_error>;

bool operates(const request& x) {
  return x.who.may >= role::operate;
}

response said(const std::string& message) {
  return answer(200, json_object{}.add("message", message).finish());
}

/// A parameter of the query.
double number_param(const request& x, const char* name, double otherwise,
                    double least, double most, bool whole, errors& to) {
  auto text = x.param(name);
  if (!text || text->empty())
    return otherwise;
  auto value = records::number_of(*text);
  if (value >= least && value <= most && (!whole || value == std::floor(value))
      && (value != 0 || text->find_first_not_of("0.") == std::string::npos))
    return value;
  to.push_back({name, *text,
                (whole ? "a whole number from " : "a number from ")
                  + json_number(least) + " to " + json_number(most)});
  return otherwise;
}

// -- what is ------------------------------------------------------------------

/// Every open page asks for the fleet with each change. The picture is read
/// once a second at most, by the first who asks; the others wait for it.
class shared_picture {
public:
  response answer_to(const request& x, records::redis& db) {
    std::lock_guard guard{mutex_};
    auto now = std::chrono::steady_clock::now();
    if (!picture_ || now - read_at_ > std::chrono::seconds{1}) {
      picture_.reset();
      auto got = records::read_fleet_picture(db);
      if (!got)
        return away(got.error());
      picture_ = std::move(*got);
      read_at_ = now;
    }
    return answer(200, fleet_json(*picture_, operates(x)));
  }

  /// Who has changed the fleet sees it changed.
  void forget() {
    std::lock_guard guard{mutex_};
    picture_.reset();
  }

private:
  std::mutex mutex_;
  std::optional<records::fleet_picture> picture_;
  std::chrono::steady_clock::time_point read_at_{};
};

response workers(const request& x, records::redis& db) {
  auto got = records::read_workers(db);
  if (!got)
    return away(got.error());
  json_array all;
  for (auto& one : *got)
    all.raw(worker_json(one, operates(x)));
  return answer(200, json_object{}.raw("workers", all.finish()).finish());
}

response gpus(const request& x, records::redis& db) {
  errors wrong;
  auto limit = number_param(x, "closed", 50, 0, 1'000, true, wrong);
  if (!wrong.empty())
    return problem(400, "", wrong);
  auto open = records::read_open_gpus(db);
  if (!open)
    return away(open.error());
  auto closed = records::read_closed(db, static_cast<size_t>(limit), 0);
  if (!closed)
    return away(closed.error());
  auto running = records::read_leased(db, 10'000);
  if (!running)
    return away(running.error());
  auto provider = records::read_provider(db, *open);
  return provider ? answer(200, gpus_json(*open, *closed, *running, *provider))
                  : away(provider.error());
}

response gantt(const request& x, records::redis& db) {
  errors wrong;
  auto seconds = number_param(x, "seconds", 3'600, 60, 86'400, false, wrong);
  if (!wrong.empty())
    return problem(400, "", wrong);
  auto now = db.time();
  if (!now)
    return away(now.error());
  auto open = records::read_open_gpus(db);
  if (!open)
    return away(open.error());
  auto running = records::read_leased(db, 10'000);
  if (!running)
    return away(running.error());
  auto rows = records::read_gantt(db, seconds, *now, *open, *running);
  return rows ? answer(200, gantt_json(*rows, *now - seconds, *now))
              : away(rows.error());
}

response webhooks(const request& x, records::redis& db) {
  errors wrong;
  auto limit = static_cast<uint32_t>(
    number_param(x, "limit", 100, 1, 1'000, true, wrong));
  if (!wrong.empty())
    return problem(400, "", wrong);
  auto pending = records::read_webhooks(db, false, limit);
  if (!pending)
    return away(pending.error());
  auto dead = records::read_webhooks(db, true, limit);
  return dead ? answer(200, webhooks_json(*pending, *dead, operates(x)))
              : away(dead.error());
}

response usage(const request& x, records::redis& db) {
  errors wrong;
  auto days
    = static_cast<uint32_t>(number_param(x, "days", 7, 1, 40, true, wrong));
  if (!wrong.empty())
    return problem(400, "", wrong);
  auto now = db.time();
  if (!now)
    return away(now.error());
  auto got = records::spent_by_day(db, days);
  return got ? answer(200,
                      usage_json(*got, days, static_cast<int64_t>(*now / 3600)))
             : away(got.error());
}

// -- what is done -------------------------------------------------------------

response replay(const request& x, records::redis& db) {
  auto& id = x.vars.at("id");
  auto got = records::replay_webhook(db, id);
  if (!got)
    return away(got.error());
  return got->empty()
           ? problem(404, "no webhook of this job was given up", {}, id)
           : said("it is due again; a worker tries it within 15 s");
}

/// An empty body is an empty object.
result<json::document> body_object(const request& x) {
  auto doc = json::parse(x.body.empty() ? "{}" : x.body);
  if (!doc || !doc->IsObject())
    return fail(failure_kind::invalid_input, "a JSON object is expected");
  return doc;
}

/// Members that are not known are wrong, so that a misspelt filter does not
/// match everything.
void check_members(const json::value& x, const std::string& prefix,
                   std::initializer_list<std::string_view> known, errors& to) {
  for (auto& member : x.GetObject()) {
    std::string_view name{member.name.GetString(),
                          member.name.GetStringLength()};
    if (std::find(known.begin(), known.end(), name) == known.end())
      to.push_back({prefix + std::string{name}, json::to_text(member.value),
                    "no such member"});
  }
}

std::string text_member(const json::value& x, const std::string& prefix,
                        const char* name, errors& to) {
  auto* value = json::find(x, name);
  if (!value)
    return {};
  if (value->IsString() && value->GetStringLength() <= 200)
    return {value->GetString(), value->GetStringLength()};
  to.push_back(
    {prefix + name, json::to_text(*value), "text of at most 200 bytes"});
  return {};
}

response told(const result<records::wished>& got, const std::string& what,
              const std::string& then) {
  using how = records::wished::how;
  if (!got)
    return away(got.error());
  if (got->outcome == how::missing)
    return problem(404, "there is no " + what + " with a worker that lives");
  if (got->outcome == how::under_way)
    return problem(409, what + " drains or stops already");
  return said(then);
}

response drain_gpu(const request& x, records::redis& db) {
  auto& id = x.vars.at("id");
  return told(records::drain_gpu(db, id, x.who.name), "GPU " + id,
              "it takes no more jobs within 10 s, and stops when it has none");
}

response stop_gpu(const request& x, records::redis& db) {
  auto& id = x.vars.at("id");
  return told(records::stop_gpu(db, id, x.who.name), "GPU " + id,
              "it stops within 10 s; its jobs begin again, uncounted");
}

response drain_worker(const request& x, records::redis& db) {
  auto& id = x.vars.at("id");
  return told(records::drain_worker(db, id, x.who.name), "worker " + id,
              "it drains within 10 s, and ends");
}

response pause(const request& x, records::redis& db) {
  auto doc = body_object(x);
  if (!doc)
    return problem(400, doc.error().message);
  errors wrong;
  check_members(*doc, "", {"why"}, wrong);
  auto why = text_member(*doc, "", "why", wrong);
  if (!wrong.empty())
    return problem(400, "", wrong);
  auto got = records::pause_fleet(db, x.who.name, why);
  if (!got)
    return away(got.error());
  return said(*got ? "launches are paused: workers follow within 10 s; GPUs "
                     "that are rented go on"
                   : "launches were paused already");
}

response resume(const request& x, records::redis& db) {
  auto got = records::resume_fleet(db, x.who.name);
  if (!got)
    return away(got.error());
  return said(*got ? "launches are resumed" : "launches were not paused");
}

double time_member(const json::value& x, const char* name, errors& to) {
  auto* value = json::find(x, name);
  if (!value)
    return 0;
  if (value->IsNumber() && value->GetDouble() >= 0 && value->GetDouble() < 1e12)
    return value->GetDouble();
  to.push_back(
    {std::string{"filter."} + name, json::to_text(*value), "Unix seconds"});
  return 0;
}

std::vector<std::string> ids_member(const json::value& x, errors& to) {
  std::vector<std::string> out;
  auto* value = json::find(x, "ids");
  if (!value)
    return out;
  auto fits = value->IsArray() && !value->Empty() && value->Size() <= 1'000;
  if (fits)
    for (auto& id : value->GetArray()) {
      fits = fits && id.IsString() && id.GetStringLength() > 0
             && id.GetStringLength() <= 64;
      if (fits)
        out.emplace_back(id.GetString(), id.GetStringLength());
    }
  if (!fits)
    to.push_back(
      {"filter.ids", json::to_text(*value), "1 to 1000 ids of jobs"});
  return out;
}

void read_filter(const json::value& x, records::bulk_terms& out, errors& to) {
  check_members(x, "filter.",
                {"status", "type", "worker", "gpu", "q", "from", "to", "ids"},
                to);
  auto text = [&](const char* name) {
    return text_member(x, "filter.", name, to);
  };
  auto& filter = out.filter;
  filter.status = text("status");
  if (json::find(x, "status") && !is_status(filter.status))
    to.push_back({"filter.status", filter.status, std::string{statuses_rule}});
  filter.type = text("type");
  if (json::find(x, "type") && !job_kind_from(filter.type))
    to.push_back({"filter.type", filter.type, std::string{kinds_rule}});
  filter.worker = text("worker");
  filter.gpu = text("gpu");
  filter.words = records::words_of(text("q"));
  filter.from_s = time_member(x, "from", to);
  filter.to_s = time_member(x, "to", to);
  out.ids = ids_member(x, to);
  if (!out.ids.empty() && !filter.words.empty())
    to.push_back({"filter.q", "both", "q or ids, not both"});
}

records::bulk_terms read_bulk(const json::value& x, errors& to) {
  using action = records::bulk_terms::action;
  records::bulk_terms out;
  check_members(x, "", {"action", "filter", "dry_run", "limit"}, to);
  auto what = text_member(x, "", "action", to);
  out.what = what == "retry" ? action::retry : action::cancel;
  if (what != "retry" && what != "cancel")
    to.push_back({"action", what, "cancel or retry"});
  if (auto* filter = json::find(x, "filter"); filter && filter->IsObject())
    read_filter(*filter, out, to);
  else
    to.push_back({"filter", filter ? json::to_text(*filter) : "nothing",
                  "an object; {} is all jobs"});
  if (auto* dry = json::find(x, "dry_run")) {
    out.dry_run = dry->IsBool() && dry->GetBool();
    if (!dry->IsBool())
      to.push_back({"dry_run", json::to_text(*dry), "true or false"});
  }
  if (auto* limit = json::find(x, "limit")) {
    if (limit->IsUint() && limit->GetUint() >= 1 && limit->GetUint() <= 10'000)
      out.limit = limit->GetUint();
    else
      to.push_back(
        {"limit", json::to_text(*limit), "a whole number from 1 to 10000"});
  }
  out.reason = "Cancelled by an operator";
  return out;
}

response bulk(const request& x, records::redis& db) {
  auto doc = body_object(x);
  if (!doc)
    return problem(400, doc.error().message);
  errors wrong;
  auto terms = read_bulk(*doc, wrong);
  if (!wrong.empty())
    return problem(400, "", wrong);
  auto got = records::bulk(db, terms);
  return got ? answer(200, bulk_json(*got, terms.dry_run)) : away(got.error());
}

} // namespace

std::vector<route> fleet_routes() {
  auto shared = std::make_shared<shared_picture>();
  auto fleet = [shared](const request& x, records::redis& db) {
    return shared->answer_to(x, db);
  };
  auto changed = [shared](response (*change)(const request&, records::redis&)) {
    return [shared, change](const request& x, records::redis& db) {
      auto out = change(x, db);
      shared->forget();
      return out;
    };
  };
  return {
    {"GET", "/v1/fleet", role::view, fleet},
    {"POST", "/v1/fleet/pause", role::operate, changed(pause)},
    {"POST", "/v1/fleet/resume", role::operate, changed(resume)},
    {"GET", "/v1/workers", role::view, workers},
    {"GET", "/v1/gpus", role::view, gpus},
    {"GET", "/v1/gpus/gantt", role::view, gantt},
    {"POST", "/v1/gpus/{id}/drain", role::operate, changed(drain_gpu)},
    {"POST", "/v1/gpus/{id}/stop", role::operate, changed(stop_gpu)},
    {"POST", "/v1/workers/{id}/drain", role::operate, changed(drain_worker)},
    {"GET", "/v1/webhooks", role::view, webhooks},
    {"POST", "/v1/webhooks/{id}/replay", role::operate, changed(replay)},
    {"GET", "/v1/usage", role::view, usage},
    {"POST", "/v1/jobs/bulk", role::operate, changed(bulk)}};
}

} // namespace render::web
