#include "actors/io/redis/ownership_watch.hpp"

#include "actors/io/redis/scripts/ask_owners.hpp"
#include "actors/io/redis/scripts/reading.hpp"

#include <algorithm>
#include <charconv>
#include <memory>

namespace render::job_store {

namespace {

// Jobs of one call of the script: some milliseconds in Redis.
constexpr size_t jobs_of_a_call = 500;

// After an error that passes, such as a full memory. A word of an ACL, or of a
// cluster, is for good:
// Redis writes each refusal down, and others wait for the time of a lease after
// one.
constexpr std::chrono::minutes sort_again_after{10};

command sort_command(const worker_terms& by, bool has_sort_ro) {
  command out;
  out.args = {has_sort_ro ? "SORT_RO" : "SORT",
              keys::running(by.prefix, by.id)};
  for (auto* word : records_of_all)
    out.args.emplace_back(word);
  return out;
}

} // namespace

ownership_watch::ownership_watch(durable& redis, one_asker ask_one)
  : redis_(redis), ask_one_(std::move(ask_one)) {
  // nop
}

void ownership_watch::add(const msg::report_progress& x,
                          answer_to<msg::ownership> then) {
  auto now = redis_.now();
  waiting_.push_back({x, now + x.patience, std::move(then)});
  // Whoever is asked again tells nothing old.
  auto& kept = waiting_.back().what;
  kept.patience = milliseconds{0};
  kept.stage.clear();
  kept.progress = -1;
  arm(now);
}

void ownership_watch::arm(durable::time_point last) {
  if (armed_ || waiting_.empty())
    return;
  armed_ = true;
  auto next = last + redis_.cfg.watch_every;
  redis_.arm(watch_jobs, std::chrono::ceil<milliseconds>(
                           std::max(next, redis_.now()) - redis_.now()));
}

void ownership_watch::ask() {
  auto now = std::make_shared<look>();
  now->sent = redis_.now();
  now->asked = std::exchange(waiting_, {});
  if (!may_sort())
    return ask_by_script(now);
  redis_.run(sort_command(redis_.cfg.worker, has_sort_ro_),
             [this, now](const answer& got) {
               if (!got)
                 return fail_all(*now, got.error());
               if (got->type != reply::kind::error) {
                 read_records(*got, now->ours);
                 return end(*now);
               }
               if (has_sort_ro_
                   && got->text.find("unknown command") != std::string::npos)
                 has_sort_ro_ = false;
               else if (got->text.starts_with("NOPERM")
                        || got->text.find("option of SORT denied")
                             != std::string::npos)
                 sort_again_at_ = durable::time_point::max();
               else
                 sort_again_at_ = now->sent + sort_again_after;
               ask_by_script(now);
             });
}

// {id, status, locked_by, fence} of each job.
void ownership_watch::read_records(const reply& x,
                                   std::set<claim>& ours) const {
  auto& all = x.elements;
  for (size_t i = 0; i + 3 < all.size(); i += 4) {
    uint64_t fence = 0;
    auto& text = all[i + 3].text;
    std::from_chars(text.data(), text.data() + text.size(), fence);
    if (all[i + 1].text == "running"
        && all[i + 2].text == redis_.cfg.worker.id.text()
        && text == std::to_string(fence))
      ours.emplace(all[i].text, fence);
  }
}

void ownership_watch::ask_by_script(std::shared_ptr<look> now) {
  auto& asked = now->asked;
  for (size_t i = 0; i < asked.size(); i += jobs_of_a_call)
    ++now->calls_open;
  for (size_t i = 0; i < asked.size(); i += jobs_of_a_call) {
    ask_owners_args what{redis_.cfg.worker, {}};
    std::set<claim> some;
    for (auto j = i; j < std::min(i + jobs_of_a_call, asked.size()); ++j)
      some.emplace(asked[j].what.job_id, asked[j].what.fence);
    for (auto& [id, fence] : some)
      what.claims.push_back({id, fence});
    redis_.run(call_of(what), [this, now, some](const answer& got) mutable {
      if (auto lost = answer{got}.and_then(read_ids)) {
        for (auto& id : *lost)
          std::erase_if(some, [&id](auto& x) {
            return x.first == id;
          });
        now->ours.merge(some);
      }
      if (--now->calls_open == 0)
        end(*now);
    });
  }
}

void ownership_watch::end(look& now) {
  // Jobs of this vector may be asked about anew before this returns.
  auto asked = std::exchange(now.asked, {});
  armed_ = false;
  std::vector<question> left;
  std::vector<question> lost;
  std::vector<question> over;
  for (auto& x : asked)
    if (!now.ours.contains({x.what.job_id, x.what.fence}))
      lost.push_back(std::move(x));
    else if (x.due <= redis_.now())
      over.push_back(std::move(x));
    else
      left.push_back(std::move(x));
  std::move(waiting_.begin(), waiting_.end(), std::back_inserter(left));
  waiting_ = std::move(left);
  arm(now.sent);
  for (auto& x : lost)
    ask_one_(x.what, std::move(x.then));
  for (auto& x : over)
    x.then(msg::ownership{true, "running"});
}

void ownership_watch::fail_all(look& now, const failure& why) {
  auto asked = std::exchange(now.asked, {});
  armed_ = false;
  arm(now.sent);
  for (auto& x : asked)
    x.then(fail(why));
}

} // namespace render::job_store
