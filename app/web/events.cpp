#include "app/web/events.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/records/events.hpp"
#include "app/records/record.hpp"
#include "app/web/job_json.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace render::web {

namespace {

namespace keys = job_store::keys;

using records::key_prefix;
constexpr auto look_every = std::chrono::milliseconds{500};
constexpr auto retry_after = std::chrono::milliseconds{1'000};
constexpr std::string_view entries_a_time = "500";
constexpr std::string_view missed_max = "10000";

std::pair<uint64_t, uint64_t> parts_of(std::string_view id) {
  std::pair<uint64_t, uint64_t> out{0, 0};
  auto dash = std::min(id.find('-'), id.size());
  std::from_chars(id.data(), id.data() + dash, out.first);
  if (dash < id.size())
    std::from_chars(id.data() + dash + 1, id.data() + id.size(), out.second);
  return out;
}

told told_of(const records::redis_value& entry) {
  auto& id = entry.elements[0].text;
  auto x = records::read_event(id, entry.elements[1].elements);
  return {id, "change", event_json(x), records::field(x.fields, "job")};
}

} // namespace

std::string event_text(const told& x) {
  return (x.id.empty() ? "" : "id: " + x.id + "\n") + "event: " + x.name
         + "\ndata: " + x.data + "\n\n";
}

bool comes_after(std::string_view id, std::string_view other) {
  return parts_of(id) > parts_of(other);
}

bool is_event_id(std::string_view x) {
  auto [ms, n] = parts_of(x);
  return x == std::to_string(ms) + "-" + std::to_string(n);
}

result<std::vector<told>> missed_events(records::redis& db,
                                        const std::string& last_id,
                                        const std::string& job) {
  auto stream = keys::events(key_prefix);
  std::vector<told> out;
  auto oldest = db.ask({"XRANGE", stream, "-", "+", "COUNT", "1"});
  if (!oldest)
    return fail(oldest.error());
  if (!oldest->elements.empty()
      && comes_after(oldest->elements[0].elements[0].text, last_id))
    out.push_back({{}, "reset", "{}", {}});
  auto got = db.ask(
    {"XRANGE", stream, "(" + last_id, "+", "COUNT", std::string{missed_max}});
  if (!got)
    return fail(got.error());
  for (auto& x : got->elements)
    if (auto one = told_of(x); job.empty() || one.job == job)
      out.push_back(std::move(one));
  return out;
}

// -- subscription -------------------------------------------------------------

void subscription::push(const told& x) {
  if (ended_)
    return;
  bytes_ += x.data.size();
  if (bytes_ > bytes_max) {
    waiting_ = {{{}, "reset", "{}", {}}};
    bytes_ = 0;
  }
  waiting_.push_back(x);
  ended_ = x.name == "end";
  if (wake)
    wake();
}

std::vector<told> subscription::take() {
  bytes_ = 0;
  return std::exchange(waiting_, {});
}

// -- event_hub ----------------------------------------------------------------

std::shared_ptr<subscription> event_hub::join(std::string job) {
  forget();
  if (all_.size() >= streams_max)
    return nullptr;
  auto out = std::make_shared<subscription>(std::move(job));
  all_.push_back(out);
  return out;
}

void event_hub::publish(const std::vector<told>& xs) {
  for (auto& weak : all_)
    if (auto to = weak.lock())
      for (auto& x : xs) {
        auto of_fleet = x.name == "change" || x.name == "reset";
        auto everybody = x.name == "reset";
        if (everybody || (to->job().empty() ? of_fleet : to->job() == x.job))
          to->push(x);
      }
}

std::set<std::string> event_hub::watched() {
  forget();
  std::set<std::string> out;
  for (auto& weak : all_)
    if (auto x = weak.lock(); x && !x->job().empty() && !x->ended())
      out.insert(x->job());
  return out;
}

size_t event_hub::size() {
  forget();
  return all_.size();
}

void event_hub::forget() {
  std::erase_if(all_, [](auto& x) {
    return x.expired();
  });
}

// -- event_tail ---------------------------------------------------------------

event_tail::event_tail(records::redis_address where, hooks to)
  : where_(std::move(where)), to_(std::move(to)) {
  thread_ = std::thread{[this] {
    run();
  }};
}

event_tail::~event_tail() {
  {
    std::lock_guard guard{lock_};
    stopping_ = true;
  }
  thread_.join();
}

bool event_tail::stopping() {
  std::lock_guard guard{lock_};
  return stopping_;
}

void event_tail::run() {
  while (!stopping()) {
    if (auto db = records::redis::connect(where_, records::service_bounds))
      while (!stopping() && follow(*db)) {
      }
    if (!stopping())
      std::this_thread::sleep_for(retry_after);
  }
}

bool event_tail::follow(records::redis& db) {
  return read_entries(db) && look_at_jobs(db);
}

// Begins at the end of the stream; after a loss of the connection it goes on
// where it was, and says so when entries were dropped in between.
result<void> event_tail::read_entries(records::redis& db) {
  auto stream = keys::events(key_prefix);
  if (last_.empty()) {
    auto newest = db.ask({"XREVRANGE", stream, "+", "-", "COUNT", "1"});
    if (!newest)
      return fail(newest.error());
    last_ = newest->elements.empty() ? "0-0"
                                     : newest->elements[0].elements[0].text;
  }
  auto got
    = db.ask({"XREAD", "COUNT", std::string{entries_a_time}, "BLOCK",
              std::to_string(look_every.count()), "STREAMS", stream, last_});
  if (!got)
    return fail(got.error());
  if (got->elements.empty())
    return {};
  std::vector<told> out;
  for (auto& x : got->elements[0].elements[1].elements)
    out.push_back(told_of(x));
  if (out.empty())
    return {};
  auto oldest = db.ask({"XRANGE", stream, "-", "+", "COUNT", "1"});
  if (oldest && !oldest->elements.empty() && last_ != "0-0"
      && comes_after(oldest->elements[0].elements[0].text, last_))
    out.insert(out.begin(), {{}, "reset", "{}", {}});
  last_ = out.back().id;
  to_.publish(std::move(out));
  return {};
}

result<void> event_tail::look_at_jobs(records::redis& db) {
  auto watched = to_.watched();
  if (watched.empty()) {
    gists_.clear();
    return {};
  }
  std::vector<std::string> ids{watched.begin(), watched.end()};
  auto gists = to_.gists(db, ids);
  if (!gists)
    return fail(gists.error());
  std::vector<told> out;
  std::map<std::string, std::string> seen;
  for (size_t i = 0; i < ids.size(); ++i) {
    auto& id = ids[i];
    seen[id] = (*gists)[i];
    auto before = gists_.find(id);
    auto known = before != gists_.end();
    if (known && before->second == seen[id])
      continue;
    auto now = to_.look(db, id);
    if (!now)
      return fail(now.error());
    auto* name = !now->found || now->ended ? "end"
                 : known                   ? "progress"
                                           : "state";
    out.push_back({{}, name, now->found ? now->json : "{}", id});
    // Whoever joins later has to be told of the end too.
    if (!now->found || now->ended)
      seen.erase(id);
  }
  gists_ = std::move(seen);
  if (!out.empty())
    to_.publish(std::move(out));
  return {};
}

} // namespace render::web
