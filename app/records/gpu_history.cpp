#include "app/records/gpu_history.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/records/events.hpp"
#include "app/records/find.hpp"

#include <algorithm>

namespace render::records {

namespace {

namespace wire = job_store::keys;

/// Longer than a job runs: so the claim of what runs is told of too.
constexpr double before_s = 7'200;
constexpr size_t gpus_at_once = 100;
constexpr size_t jobs_most = 2'000;

result<std::vector<job_run>> runs_of_jobs(redis& db,
                                          const std::vector<std::string>& ids) {
  std::vector<std::string> names{"type", "status", "gpu", "started_at",
                                 "attempt"};
  for (int n = 1; n <= attempts_shown; ++n)
    names.push_back("attempt_" + std::to_string(n));
  std::vector<std::string> jobs;
  for (auto& id : ids)
    jobs.push_back(wire::record(id));
  auto all = db.hashes(jobs, names);
  if (!all)
    return fail(all.error());
  std::vector<job_run> out;
  for (size_t i = 0; i < ids.size(); ++i)
    for (auto& x : runs_of_record(ids[i], (*all)[i]))
      out.push_back(std::move(x));
  return out;
}

/// Jobs that ended between these times, which events do not tell of any more.
result<std::vector<std::string>> ended_between(redis& db, double from_s,
                                               double to_s) {
  find_terms terms;
  terms.filter.from_s = from_s;
  terms.filter.to_s = to_s;
  terms.limit = jobs_most;
  auto found = find(db, terms);
  if (!found)
    return fail(found.error());
  std::vector<std::string> out;
  for (auto& x : found->jobs)
    out.push_back(std::move(x.id));
  return out;
}

} // namespace

result<std::vector<gantt_row>>
read_gantt(redis& db, double seconds, double now_s,
           const std::vector<open_gpu>& open,
           const std::vector<leased_job>& running) {
  auto from_s = now_s - seconds;
  auto closed = read_closed(db, 1'000, from_s);
  if (!closed)
    return fail(closed.error());
  auto told = read_events(db, std::max(1.0, from_s - before_s), [](auto& x) {
    return x.what.starts_with("gpu_") || x.what.starts_with("job_");
  });
  if (!told)
    return fail(told.error());
  std::vector<std::string> ids;
  for (auto& x : running)
    ids.push_back(x.id);
  auto told_from_s = told->empty() ? now_s : told->front().at_s;
  if (told_from_s > from_s) {
    auto ended = ended_between(db, from_s, told_from_s);
    if (!ended)
      return fail(ended.error());
    ids.insert(ids.end(), ended->begin(), ended->end());
  }
  auto runs = runs_of_jobs(db, ids);
  if (!runs)
    return fail(runs.error());
  for (auto& x : runs_of_events(*told, from_s))
    runs->push_back(std::move(x));
  return gantt(lives_of(open, *closed, *told, now_s), joined(std::move(*runs)),
               from_s, now_s);
}

result<std::vector<closed_gpu>> read_closed(redis& db, size_t limit,
                                            double since_s) {
  std::vector<closed_gpu> out;
  while (out.size() < limit) {
    auto at = out.size();
    auto last = std::min(limit, at + gpus_at_once) - 1;
    auto got = db.ask({"LRANGE", wire::closed_gpus(key_prefix),
                       std::to_string(at), std::to_string(last)});
    if (!got)
      return fail(got.error());
    for (auto& text : got->elements) {
      auto x = read_closed_gpu(text.text).value_or(closed_gpu{});
      if (x.stopped_s > 0 && x.stopped_s < since_s)
        return out;
      out.push_back(std::move(x));
    }
    if (got->elements.size() <= last - at)
      break;
  }
  // What is no element of the list was counted, so that the next page is right.
  std::erase_if(out, [](auto& x) {
    return x.id.empty();
  });
  return out;
}

} // namespace render::records
