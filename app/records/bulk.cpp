#include "app/records/bulk.hpp"

#include "app/records/change.hpp"
#include "app/records/find.hpp"

#include <algorithm>
#include <set>

namespace render::records {

namespace {

using action = bulk_terms::action;
using names = std::vector<std::string>;

constexpr size_t found_at_once = 1'000;
/// Changed in one round trip.
constexpr size_t changed_at_once = 200;

bool allows(action what, const listed_job& x) {
  auto status = field(x.fields, "status");
  if (x.fields.empty())
    return false;
  return is_final(status) == (what == action::retry);
}

/// In the order in which they are found: what runs does not begin to wait.
std::vector<job_place> places_of(const bulk_terms& x) {
  auto& status = x.filter.status;
  if (x.what == action::retry)
    return place_of(x.filter) == job_place::ended
             ? std::vector{job_place::ended}
             : std::vector<job_place>{};
  if (status.empty())
    return {job_place::waiting, job_place::running};
  return is_final(status) ? std::vector<job_place>{}
                          : std::vector{place_of(x.filter)};
}

result<names> matching_ids(redis& db, const bulk_terms& terms) {
  auto unique = std::set<std::string>{terms.ids.begin(), terms.ids.end()};
  auto found = read_jobs(db, {unique.begin(), unique.end()}, terms.filter);
  if (!found)
    return fail(found.error());
  auto filter = terms.filter;
  filter.words.clear();
  names out;
  for (auto& x : *found)
    if (allows(terms.what, x) && fits(filter, x))
      out.push_back(std::move(x.id));
  return out;
}

result<names> matching(redis& db, const bulk_terms& terms) {
  if (!terms.ids.empty())
    return matching_ids(db, terms);
  names out;
  std::set<std::string> seen;
  for (auto place : places_of(terms)) {
    find_terms ask{place, terms.filter, found_at_once};
    do {
      auto found = find(db, ask);
      if (!found)
        return fail(found.error());
      for (auto& x : found->jobs)
        if (allows(terms.what, x) && seen.insert(x.id).second)
          out.push_back(std::move(x.id));
      ask.after = std::move(found->next);
    } while (ask.after);
  }
  return out;
}

/// The first failure of Redis itself ends it all.
result<void> change(redis& db, const bulk_terms& terms, const names& ids,
                    bulk_done& to) {
  if (terms.what == action::cancel) {
    for (auto& x : cancel_all(db, ids, "cancelled", terms.reason)) {
      if (!x && is_away(x.error()))
        return fail(x.error());
      ++(x && x->found && !is_final(x->was) ? to.done : to.failed);
    }
    return {};
  }
  for (auto& x : retry_all(db, ids)) {
    if (!x && is_away(x.error()))
      return fail(x.error());
    auto made = x && x->outcome == retried::how::queued;
    ++(made ? to.done : to.failed);
    if (made)
      to.new_ids.push_back(std::move(x->id));
  }
  return {};
}

} // namespace

result<bulk_done> bulk(redis& db, const bulk_terms& terms) {
  auto ids = matching(db, terms);
  if (!ids)
    return fail(ids.error());
  bulk_done out;
  out.matched = ids->size();
  if (terms.dry_run)
    return out;
  ids->resize(std::min(ids->size(), terms.limit));
  for (size_t at = 0; at < ids->size(); at += changed_at_once) {
    auto end = std::min(ids->size(), at + changed_at_once);
    names some{ids->begin() + static_cast<ptrdiff_t>(at),
               ids->begin() + static_cast<ptrdiff_t>(end)};
    if (auto ok = change(db, terms, some, out); !ok)
      return fail(ok.error());
  }
  return out;
}

} // namespace render::records
