#include "app/records/find.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/records/queue.hpp"

#include <algorithm>
#include <cmath>

namespace render::records {

namespace {

namespace wire = job_store::keys;

constexpr size_t looked_at_once = 500;
/// Words are not looked for in longer fields.
constexpr int64_t searched_max = 256 * 1024;

struct candidate {
  std::string id;
  double ended_s = 0;
  /// Where it stands in its list, if `ended_s` does not say it.
  int64_t ms = 0;
};

int64_t ms_of(double s) {
  return static_cast<int64_t>(std::llround(std::clamp(s, 0.0, 9e12) * 1000));
}

/// What has to be known of a job to see whether it fits.
std::vector<std::string> names_of(const job_filter& x) {
  auto out = shown_fields();
  if (!x.gpu.empty())
    for (int n = 1; n <= attempts_shown; ++n)
      out.push_back("attempt_" + std::to_string(n));
  return out;
}

/// Looks at candidates until so many fit.
class collector {
public:
  collector(redis& db, const find_terms& terms)
    : db_(db), terms_(terms), names_(names_of(terms.filter)) {
    // nop
  }

  bool full() const {
    return page_.next.has_value();
  }

  result<void> add(std::vector<candidate> xs) {
    for (size_t at = 0; at < xs.size() && !full(); at += looked_at_once) {
      auto end = std::min(xs.size(), at + looked_at_once);
      std::vector<candidate> some{
        std::make_move_iterator(xs.begin() + static_cast<ptrdiff_t>(at)),
        std::make_move_iterator(xs.begin() + static_cast<ptrdiff_t>(end))};
      if (auto ok = add_batch(some); !ok)
        return ok;
    }
    return {};
  }

  job_page take() {
    return std::move(page_);
  }

private:
  result<void> add_batch(std::vector<candidate>& xs) {
    std::vector<std::string> records;
    for (auto& x : xs)
      records.push_back(wire::record(x.id));
    auto found = db_.hashes(records, names_);
    if (!found)
      return fail(found.error());
    if (!terms_.filter.words.empty())
      if (auto ok = add_texts(records, *found); !ok)
        return ok;
    for (size_t i = 0; i < xs.size() && !full(); ++i)
      look_at(xs[i], std::move((*found)[i]));
    return {};
  }

  void look_at(candidate& x, record fields) {
    // It is known now that there are more than fill this page.
    if (page_.jobs.size() >= terms_.limit
        || looked_at_ >= terms_.looked_at_max) {
      page_.next = last_;
      return;
    }
    ++looked_at_;
    last_ = {x.ended_s > 0 ? ms_of(x.ended_s) : x.ms, x.id};
    listed_job job{std::move(x.id), x.ended_s, std::move(fields)};
    if (!fits(terms_.filter, job))
      return;
    for (auto name : {"data", "result"})
      job.fields.erase(name);
    page_.jobs.push_back(std::move(job));
  }

  /// The long fields, for the words.
  result<void> add_texts(const std::vector<std::string>& records,
                         std::vector<record>& to) {
    std::vector<std::vector<std::string>> lengths;
    std::vector<std::vector<std::string>> texts;
    std::vector<std::pair<size_t, const char*>> places;
    for (auto name : {"data", "result"})
      for (auto& key : records)
        lengths.push_back({"HSTRLEN", key, name});
    auto known = db_.ask_all(lengths);
    for (size_t i = 0; i < known.size(); ++i) {
      if (!known[i] && is_away(known[i].error()))
        return fail(known[i].error());
      if (!known[i] || known[i]->integer <= 0
          || known[i]->integer > searched_max)
        continue;
      auto of = i % records.size();
      auto name = i < records.size() ? "data" : "result";
      places.emplace_back(of, name);
      texts.push_back({"HGET", records[of], name});
    }
    auto got = db_.ask_all(texts);
    for (size_t i = 0; i < got.size(); ++i) {
      if (!got[i] && is_away(got[i].error()))
        return fail(got[i].error());
      if (got[i])
        to[places[i].first][places[i].second] = std::move(got[i]->text);
    }
    return {};
  }

  redis& db_;
  const find_terms& terms_;
  std::vector<std::string> names_;
  job_page page_;
  job_cursor last_;
  size_t looked_at_ = 0;
};

/// The smallest index that has all that are asked for.
std::string index_of(const job_filter& x) {
  auto all = wire::ended(key_prefix);
  if (!x.status.empty())
    return all + ":" + x.status;
  return x.type.empty() ? all : all + ":" + x.type;
}

/// Goes by the last one that it has seen, since others are added meanwhile.
result<void> collect_ended(redis& db, const find_terms& terms, collector& to) {
  auto& f = terms.filter;
  auto least = f.from_s > 0 ? std::to_string(f.from_s * 1000)
                            : std::string{"-inf"};
  auto most = f.to_s > 0 ? std::to_string(f.to_s * 1000) : std::string{"+inf"};
  if (terms.after)
    most = std::to_string(f.to_s > 0 ? std::min(terms.after->ms, ms_of(f.to_s))
                                     : terms.after->ms);
  auto key = index_of(f);
  for (size_t skip = 0; !to.full();) {
    auto got
      = db.ask({"ZREVRANGEBYSCORE", key, most, least, "WITHSCORES", "LIMIT",
                std::to_string(skip), std::to_string(looked_at_once)});
    if (!got || got->elements.empty())
      return got ? result<void>{} : fail(got.error());
    auto& xs = got->elements;
    std::vector<candidate> some;
    size_t same = 0;
    for (size_t i = 0; i + 1 < xs.size(); i += 2) {
      same = i > 0 && xs[i + 1].text == xs[i - 1].text ? same + 1 : 1;
      auto ms = number_of(xs[i + 1].text);
      auto seen = terms.after && ms == static_cast<double>(terms.after->ms)
                  && xs[i].text >= terms.after->id;
      if (!seen && ms <= 9e15)
        some.push_back({xs[i].text, ms / 1000, 0});
    }
    auto& last = xs.back().text;
    skip = last == most ? skip + xs.size() / 2 : same;
    most = last;
    if (auto ok = to.add(std::move(some)); !ok)
      return ok;
  }
  return {};
}

/// Their order must not change from page to page, as that of leases does.
result<void> collect_running(redis& db, const find_terms& terms,
                             collector& to) {
  auto got = db.ask({"ZRANGE", wire::leases(key_prefix), "0", "-1"});
  if (!got)
    return fail(got.error());
  std::vector<std::string> records;
  for (auto& x : got->elements)
    records.push_back(wire::record(x.text));
  auto begins = db.hashes(records, {"started_at"});
  if (!begins)
    return fail(begins.error());
  std::vector<candidate> all;
  for (size_t i = 0; i < records.size(); ++i)
    all.push_back({std::move(got->elements[i].text), 0,
                   ms_of(number_field((*begins)[i], "started_at"))});
  std::sort(all.begin(), all.end(), [](auto& a, auto& b) {
    return std::pair{-a.ms, a.id} < std::pair{-b.ms, b.id};
  });
  if (terms.after)
    std::erase_if(all, [&](auto& x) {
      return std::pair{-x.ms, x.id}
             <= std::pair{-terms.after->ms, terms.after->id};
    });
  return to.add(std::move(all));
}

/// Where the one behind the cursor stands; nothing: the cursor's job has left.
result<std::optional<size_t>> place_behind(redis& db, const job_cursor& x) {
  for (size_t at = 0;; at += looked_at_once) {
    auto ids = db.ask({"LRANGE", std::string{wire::queue}, std::to_string(at),
                       std::to_string(at + looked_at_once - 1)});
    if (!ids)
      return fail(ids.error());
    for (size_t i = 0; i < ids->elements.size(); ++i)
      if (ids->elements[i].text == x.id)
        return std::optional{at + i + 1};
    if (ids->elements.size() < looked_at_once)
      return std::optional<size_t>{};
  }
}

result<void> collect_waiting(redis& db, const find_terms& terms,
                             collector& to) {
  size_t at = 0;
  auto by_date = false;
  if (terms.after) {
    auto place = place_behind(db, *terms.after);
    if (!place)
      return fail(place.error());
    by_date = !*place;
    at = place->value_or(0);
  }
  for (; !to.full(); at += looked_at_once) {
    // With their dates, since who was the last of a page may have left.
    auto jobs = read_queue(db, at, looked_at_once);
    if (!jobs || jobs->empty())
      return jobs ? result<void>{} : fail(jobs.error());
    std::vector<candidate> some;
    for (auto& x : *jobs)
      if (auto ms = ms_of(x.created_at_s); !by_date || ms > terms.after->ms)
        some.push_back({std::move(x.id), 0, ms});
    if (auto ok = to.add(std::move(some)); !ok)
      return ok;
  }
  return {};
}

} // namespace

job_place place_of(const job_filter& x) {
  if (x.status == "queued")
    return job_place::waiting;
  return x.status == "running" ? job_place::running : job_place::ended;
}

result<job_page> find(redis& db, const find_terms& terms) {
  collector found{db, terms};
  auto ok = terms.where == job_place::ended ? collect_ended(db, terms, found)
            : terms.where == job_place::running
              ? collect_running(db, terms, found)
              : collect_waiting(db, terms, found);
  if (!ok)
    return fail(ok.error());
  return found.take();
}

result<record> read_job(redis& db, const std::string& id) {
  auto got = db.whole_hashes({wire::record(id)});
  if (!got)
    return fail(got.error());
  return std::move(got->front());
}

result<std::vector<listed_job>> read_jobs(redis& db,
                                          const std::vector<std::string>& ids,
                                          const job_filter& filter) {
  std::vector<std::string> records;
  for (auto& id : ids)
    records.push_back(wire::record(id));
  auto got = db.hashes(records, names_of(filter));
  if (!got)
    return fail(got.error());
  std::vector<listed_job> out;
  for (size_t i = 0; i < ids.size(); ++i) {
    auto& fields = (*got)[i];
    auto ended = is_final(field(fields, "status"));
    out.push_back({ids[i], ended ? number_field(fields, "finished_at") : 0,
                   std::move(fields)});
  }
  return out;
}

} // namespace render::records
