#include "app/web/legacy.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/records/change.hpp"
#include "app/records/find.hpp"
#include "app/web/legacy_checks.hpp"
#include "app/web/python_values.hpp"
#include "messages/text/lower.hpp"
#include "messages/text/utc_time.hpp"

#include <cmath>

namespace render::web {

namespace {

namespace keys = job_store::keys;
using namespace legacy;
using records::field;

bool is_legacy_id(const std::string& x) {
  return records::is_uuid(lower(x));
}

/// The record, or the answer why there is none.
struct looked_up {
  records::record job;
  std::optional<response> refused;
};

looked_up look_up(const request& x, records::redis& db) {
  auto& id = x.vars.at("id");
  if (!is_legacy_id(id))
    return {{}, error(400, "Invalid job ID format")};
  auto job = records::read_job(db, id);
  if (!job)
    return {{}, internal(job.error().message)};
  if (job->empty())
    return {{}, error(404, "Job not found")};
  return {std::move(*job), std::nullopt};
}

// -- routes -------------------------------------------------------------------

response submit(job_kind kind, const request& x, records::redis& db) {
  auto asked = read_legacy_job(kind, x.body, x.header("content-type"),
                               std::floor(records::unix_now()));
  if (!asked.made)
    return std::move(asked.refused);
  asked.made->id = job_id{records::new_job_id()};
  asked.made->trace = read_span_context(x.header("traceparent"),
                                        x.header("tracestate"));
  auto done = records::enqueue(db, *asked.made);
  if (!done)
    return internal(done.error().message);
  return reply(200, json_object{}.add("id", done->id).add("status", "queued"));
}

response show_status(const request& x, records::redis& db) {
  auto found = look_up(x, db);
  if (found.refused)
    return std::move(*found.refused);
  auto status = field(found.job, "status");
  json_object out;
  if (status == "failed" && found.job.contains("error"))
    out.add("error", field(found.job, "error"));
  return reply(200, out.add("id", x.vars.at("id")).add("status", status));
}

response show_result(const request& x, records::redis& db) {
  auto found = look_up(x, db);
  if (found.refused)
    return std::move(*found.refused);
  auto& job = found.job;
  auto status = field(job, "status");
  if (status != "success" && status != "failed")
    return reply(
      400,
      json_object{}.add("error", "Job not completed").add("status", status));
  auto value = [&job](const char* name) {
    return job.contains(name) ? json::quote(field(job, name)) : "null";
  };
  json_object out;
  if (job.contains("error"))
    out.add("error", field(job, "error"));
  out.add("id", x.vars.at("id"));
  auto type = field(job, "type");
  if (type == "csm" || type == "portrait")
    out.raw("result_url", value("result_url"));
  out.add("status", status);
  if (type == "whisper" || type == "analyze")
    out.raw("text", value("result"));
  return reply(200, out);
}

/// In one step, where the older API took three. It writes over a final status
/// too, as that one did.
constexpr auto end_lua = R"lua(
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'status', ARGV[2], 'error', ARGV[3],
           'updated_at', ARGV[4])
redis.call('LREM', KEYS[2], 0, ARGV[1])
if ARGV[5] == '1' then redis.call('DEL', KEYS[1]) end
return 1
)lua";

std::string iso_time(double unix_s) {
  auto micros = static_cast<int64_t>((unix_s - std::floor(unix_s)) * 1e6);
  return utc_time(unix_s, "%Y-%m-%dT%H:%M:%S.")
         + std::to_string(1'000'000 + micros).substr(1);
}

response end_job(const request& x, records::redis& db) {
  static const std::vector<std::string_view> statuses{"timed_out", "cancelled",
                                                      "failed"};
  auto found = look_up(x, db);
  if (found.refused)
    return std::move(*found.refused);
  auto data = json::parse_as_python(x.body);
  if (auto bad = unreadable(x.header("content-type"), data.has_value()))
    return std::move(*bad);
  python::drop_earlier_members(*data);
  if (python::is_true(*data) && !data->IsObject())
    if (auto thrown = python::exception_of_member(*data, "status"))
      return internal(*thrown);
  auto* status = json::find(*data, "status");
  if (!status)
    return error(400, "Missing status in request body");
  if (!is_one_of(*status, statuses))
    return error(400, "Invalid status. Must be one of: " + joined(statuses));
  std::string wanted{text_of(*status)};
  auto* why = json::find(*data, "error");
  if (why && !why->IsString() && !why->IsNumber())
    return internal("Invalid input of type: '"
                    + std::string{python::type_name(*why)}
                    + "'. Convert to a bytes, string, int or float first.");
  auto text = !why              ? "Job marked as " + wanted + " by client"
              : why->IsString() ? std::string{text_of(*why)}
                                : json::to_text(*why);
  auto* remove = json::find(*data, "remove_data");
  auto removes = remove && python::is_true(*remove);
  auto& id = x.vars.at("id");
  auto done = db.ask({"EVAL", end_lua, "2", keys::record(id),
                      std::string{keys::queue}, id, wanted, text,
                      iso_time(records::unix_now()), removes ? "1" : "0"});
  if (!done)
    return internal(done.error().message);
  if (done->integer == 0)
    return error(404, "Job not found");
  return reply(200, json_object{}.add(
                      "message", "Job " + id + " marked as " + wanted
                                   + (removes ? " and data removed" : "")));
}

} // namespace

std::string legacy_time(double unix_s) {
  return utc_time(unix_s, "%Y-%m-%d %H:%M:%S UTC");
}

response legacy_root(double now_s) {
  return reply(200, json_object{}
                      .add("status", "C3 Render API is running")
                      .add("timestamp", legacy_time(now_s)));
}

std::vector<route> legacy_routes() {
  std::vector<route> out;
  for (auto kind : all_job_kinds)
    out.push_back({"POST", "/" + std::string{to_string(kind)}, role::submit,
                   [kind](const request& x, records::redis& db) {
                     return submit(kind, x, db);
                   },
                   route::body::any});
  out.push_back({"GET", "/status/{id}", role::view, show_status});
  out.push_back({"GET", "/result/{id}", role::view, show_result});
  out.push_back({"POST", "/job/{id}", role::submit, end_job, route::body::any});
  return out;
}

} // namespace render::web
