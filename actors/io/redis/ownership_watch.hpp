#pragma once
// Asks, for all of a worker's jobs at a time, whose they are. Renderers that
// only want to hear of a change ask here: one who is told that the job is the
// worker's hears it after some seconds, one who has lost it hears of it within
// `watch_every`.
//
// Redis reads all records in one command, SORT with the set of the jobs that
// the worker has claimed. Where it must not (an ACL without the right to read
// all keys, a cluster), a script asks for some hundreds of jobs in each call.
// What neither finds to be the worker's is asked about one by one, so both need
// to know one thing alone: that nothing has happened.
#include "actors/io/redis/durable/durable.hpp"
#include "messages/queue.hpp"

#include <set>
#include <utility>
#include <vector>

namespace render::job_store {

class ownership_watch {
public:
  /// Asks for one job at once.
  using one_asker = std::function<void(const msg::report_progress& x,
                                       answer_to<msg::ownership> then)>;

  ownership_watch(durable& redis, one_asker ask_one);

  /// Answers that the job is the worker's once `x.patience` is over.
  void add(const msg::report_progress& x, answer_to<msg::ownership> then);

  /// The timer is due.
  void ask();

  /// Redis has not refused SORT lately.
  bool may_sort() const {
    return redis_.now() >= sort_again_at_;
  }

private:
  using claim = std::pair<std::string, uint64_t>;

  struct question {
    msg::report_progress what;
    durable::time_point due;
    answer_to<msg::ownership> then;
  };

  /// One look at all that was asked before it.
  struct look {
    std::vector<question> asked;
    durable::time_point sent;
    /// The worker's for certain.
    std::set<claim> ours;
    size_t calls_open = 0;
  };

  void read_records(const reply& x, std::set<claim>& ours) const;
  void ask_by_script(std::shared_ptr<look> now);
  void end(look& now);
  void fail_all(look& now, const failure& why);
  void arm(durable::time_point last);

  durable& redis_;
  one_asker ask_one_;
  std::vector<question> waiting_;
  bool armed_ = false;
  /// A Redis before 7 has only SORT, which it refuses when its memory is full.
  bool has_sort_ro_ = true;
  durable::time_point sort_again_at_ = durable::time_point::min();
};

} // namespace render::job_store
