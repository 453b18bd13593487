#include "app/web/job_api.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/records/change.hpp"
#include "app/records/events.hpp"
#include "app/records/find.hpp"
#include "app/web/fields.hpp"
#include "app/web/job_json.hpp"
#include "app/web/json_object.hpp"
#include "app/web/submission.hpp"
#include "messages/http.hpp"
#include "messages/job_params.hpp"
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"

namespace render::web {

namespace {

namespace keys = job_store::keys;
using facts_ptr = std::shared_ptr<const service_facts>;
using records::field;
using records::record;

constexpr size_t page_default = 50;
constexpr size_t page_most = 200;
/// Of a list that is filtered by words no more is looked at for one page.
constexpr size_t looked_at_most = 20'000;

response no_job(const std::string& id) {
  return problem(404, "there is no job " + id, {}, id);
}

const std::string& id_of(const request& x) {
  return x.vars.at("id");
}

bool may_see_details(const request& x) {
  return x.who.may >= role::operate;
}

response job_answer(unsigned status, records::redis& db, const std::string& id,
                    const service_facts& facts, bool details) {
  auto now = look_at_job(db, id, facts, details);
  if (!now)
    return away(now.error());
  if (!now->found)
    return no_job(id);
  return answer(status, std::move(now->json));
}

// -- lists --------------------------------------------------------------------

struct list_request {
  records::find_terms terms;
  std::vector<field_error> errors;
};

void read_time(const request& x, const char* name, double& to,
               std::vector<field_error>& errors) {
  auto text = x.param(name);
  if (!text || text->empty())
    return;
  to = records::number_of(*text);
  if (!(to > 0))
    errors.push_back({name, *text, "Unix seconds"});
}

list_request read_list_request(const request& x) {
  list_request out;
  auto& filter = out.terms.filter;
  filter.status = x.param("status").value_or("");
  if (!filter.status.empty() && !is_status(filter.status))
    out.errors.push_back({"status", filter.status, std::string{statuses_rule}});
  filter.type = x.param("type").value_or("");
  if (!filter.type.empty() && !job_kind_from(filter.type))
    out.errors.push_back({"type", filter.type, std::string{kinds_rule}});
  filter.worker = x.param("worker").value_or("");
  filter.gpu = x.param("gpu").value_or("");
  filter.words = records::words_of(x.param("q").value_or(""));
  read_time(x, "from", filter.from_s, out.errors);
  read_time(x, "to", filter.to_s, out.errors);
  auto limit = x.param("limit").value_or(std::to_string(page_default));
  auto most = records::number_of(limit);
  if (!(most >= 1 && most <= page_most) || most != static_cast<size_t>(most))
    out.errors.push_back({"limit", limit, "a whole number from 1 to 200"});
  else
    out.terms.limit = static_cast<size_t>(most);
  if (auto cursor = x.param("cursor"); cursor && !cursor->empty()) {
    out.terms.after = records::read_cursor(*cursor);
    if (!out.terms.after)
      out.errors.push_back({"cursor", *cursor, "`next` of a page"});
  }
  out.terms.where = records::place_of(filter);
  out.terms.looked_at_max = looked_at_most;
  return out;
}

/// The link's own query, with another cursor.
std::string next_link(const request& x, const std::string& cursor,
                      const service_facts& facts) {
  auto out = facts.base_path + x.path + "?cursor=" + percent_encode(cursor);
  for (auto& [name, value] : x.query)
    if (name != "cursor" && !value.empty())
      out += "&" + percent_encode(name) + "=" + percent_encode(value);
  return out;
}

response list_jobs(const request& x, records::redis& db,
                   const service_facts& facts) {
  auto asked = read_list_request(x);
  if (!asked.errors.empty())
    return problem(400, "", asked.errors);
  auto page = records::find(db, asked.terms);
  if (!page)
    return away(page.error());
  json_array jobs;
  for (auto& one : page->jobs) {
    // A record that was deleted says nothing.
    if (one.fields.empty())
      continue;
    job_extras more;
    more.base_path = facts.base_path;
    more.ended_s = one.ended_s;
    more.details = may_see_details(x);
    jobs.raw(job_json(one.id, one.fields, more));
  }
  json_object out;
  out.raw("jobs", jobs.finish());
  std::string next;
  if (page->next)
    next = records::cursor_text(*page->next);
  out.some("next", next);
  auto y = answer(200, out.finish());
  if (!next.empty())
    y.headers.emplace_back("Link",
                           "<" + next_link(x, next, facts) + ">; rel=\"next\"");
  return y;
}

// -- one job ------------------------------------------------------------------

response cancel_job(const request& x, records::redis& db,
                    const service_facts& facts) {
  auto& id = id_of(x);
  auto done = records::cancel(db, id, "cancelled", "Cancelled by its owner");
  if (!done)
    return away(done.error());
  return done->found ? job_answer(200, db, id, facts, may_see_details(x))
                     : no_job(id);
}

response retry_job(const request& x, records::redis& db,
                   const service_facts& facts) {
  auto& id = id_of(x);
  auto done = records::retry(db, id);
  if (!done)
    return away(done.error());
  using how = records::retried::how;
  if (done->outcome == how::missing)
    return no_job(id);
  if (done->outcome == how::not_ended)
    return problem(409, "the job " + done->why, {}, id);
  auto out = job_answer(202, db, done->id, facts, may_see_details(x));
  out.headers.emplace_back("Location",
                           facts.base_path + "/v1/jobs/" + done->id);
  return out;
}

response follow_job(const request& x, records::redis& db,
                    const service_facts& facts) {
  auto now = look_at_job(db, id_of(x), facts, false);
  if (!now)
    return away(now.error());
  if (!now->found)
    return no_job(id_of(x));
  response out;
  out.stream = event_stream{id_of(x), x.header("last-event-id"),
                            std::move(now->json), now->ended};
  return out;
}

response job_timeline(const request& x, records::redis& db) {
  auto job = records::read_job(db, id_of(x));
  if (!job)
    return away(job.error());
  auto events = records::read_events_of(db, id_of(x), *job);
  if (!events)
    return away(events.error());
  if (job->empty() && events->empty())
    return no_job(id_of(x));
  json_array out;
  for (auto& one : records::timeline(*job, *events))
    out.raw(event_json(one));
  return answer(200, "{\"events\":" + out.finish() + "}");
}

response job_result(const request& x, records::redis& db,
                    const service_facts& facts) {
  auto job = records::read_job(db, id_of(x));
  if (!job)
    return away(job.error());
  if (job->empty())
    return no_job(id_of(x));
  return result_of(x, id_of(x), *job, facts);
}

/// Wraps a function of the facts, and checks the id.
handler
with(const facts_ptr& facts,
     response (*f)(const request&, records::redis&, const service_facts&)) {
  return [facts, f](const request& x, records::redis& db) {
    if (auto at = x.vars.find("id");
        at != x.vars.end() && !job_id::from(at->second))
      return problem(404, "");
    return f(x, db, *facts);
  };
}

} // namespace

response create_job(const request& x, records::redis& db,
                    const facts_ptr& facts) {
  auto now = db.time();
  if (!now)
    return away(now.error());
  auto asked = read_job_request(x.body, *now, [&](std::string_view id) {
    return facts->files ? facts->files->link(id, *now) : std::nullopt;
  });
  if (!asked.job)
    return problem(400, "", asked.errors);
  auto& job = asked.job->record;
  job.id = job_id{records::new_job_id()};
  std::optional<records::idempotency> once;
  if (auto key = x.header("idempotency-key"); !key.empty()) {
    if (key.size() > 255)
      return problem(400, "",
                     {{"Idempotency-Key", key, "1 to 255 characters"}});
    once = records::idempotency{to_hex(sha256(x.who.name + "\n" + key)),
                                to_hex(sha256(x.body))};
  }
  job.trace = read_span_context(x.header("traceparent"),
                                x.header("tracestate"));
  auto done = records::enqueue(db, job, asked.job->more, once);
  if (!done)
    return away(done.error());
  using how = records::enqueued::how;
  if (done->outcome == how::key_reused)
    return problem(422, "this Idempotency-Key came with another request");
  auto id = done->id;
  auto made = [facts, id](const request& y, records::redis& from, bool waited) {
    auto now = look_at_job(from, id, *facts, may_see_details(y));
    if (!now)
      return away(now.error());
    auto out = answer(waited && now->ended ? 200 : 202, std::move(now->json));
    out.headers.emplace_back("Location", facts->base_path + "/v1/jobs/" + id);
    return out;
  };
  auto out = made(x, db, false);
  if (done->outcome == how::repeated)
    out.headers.emplace_back("Idempotency-Replayed", "true");
  if (auto seconds = preferred_wait(x.header("prefer")); seconds > 0) {
    auto then = [made](const request& y, records::redis& from) {
      auto late = made(y, from, true);
      late.headers.emplace_back("Preference-Applied", "wait");
      return late;
    };
    out.wait = wait_for_job{id, seconds, then};
  }
  return out;
}

std::vector<route> job_routes(const facts_ptr& facts) {
  auto get = [](const request& x, records::redis& db, const service_facts& of) {
    return job_answer(200, db, id_of(x), of, may_see_details(x));
  };
  auto story = [](const request& x, records::redis& db, const service_facts&) {
    return job_timeline(x, db);
  };
  auto make = [facts](const request& x, records::redis& db) {
    return create_job(x, db, facts);
  };
  return {
    {"POST", "/v1/jobs", role::submit, make},
    {"GET", "/v1/jobs", role::view, with(facts, list_jobs)},
    {"GET", "/v1/jobs/{id}", role::view, with(facts, get)},
    {"POST", "/v1/jobs/{id}/cancel", role::submit, with(facts, cancel_job)},
    {"POST", "/v1/jobs/{id}/retry", role::submit, with(facts, retry_job)},
    {"GET", "/v1/jobs/{id}/events", role::view, with(facts, follow_job)},
    {"GET", "/v1/jobs/{id}/timeline", role::view, with(facts, story)},
    {"GET", "/v1/jobs/{id}/result", role::view, with(facts, job_result)}};
}

} // namespace render::web
