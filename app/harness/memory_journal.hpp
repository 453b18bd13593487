#pragma once
// The local journals of a simulated world, like those of processes on one
// machine with one folder: the next process that starts takes over the journal
// of a dead one.
#include "actors/io/redis/durable/journal.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace render::harness {

class journal_shelf {
public:
  /// For a process that starts.
  std::shared_ptr<job_store::journal> open(uint64_t client) {
    auto out = std::make_shared<file>();
    for (auto& [other, x] : open_)
      if (!x->living) {
        out->jobs.merge(x->jobs);
        out->gpus.merge(x->gpus);
      }
    std::erase_if(open_, [](auto& entry) {
      return !entry.second->living;
    });
    open_[client] = out;
    return out;
  }

  /// Called when the process dies: its journal takes no more writes.
  void close(uint64_t client) {
    if (auto at = open_.find(client); at != open_.end())
      at->second->living = false;
  }

private:
  using key = std::pair<std::string, std::string>;

  struct file : job_store::journal {
    result<job_store::held> left() override {
      job_store::held out;
      for (auto& [name, x] : jobs)
        out.jobs.push_back(x);
      for (auto& [name, x] : gpus)
        out.gpus.push_back(x);
      return out;
    }

    result<void> put(const job_store::held_job& x) override {
      if (living)
        jobs[{to_string(x.session), x.subject.id}] = x;
      return {};
    }

    result<void> put(const job_store::held_gpu& x) override {
      if (living)
        gpus[{to_string(x.session), x.id}] = x;
      return {};
    }

    result<void> erase_job(const node_id& session,
                           const std::string& id) override {
      if (living)
        jobs.erase({to_string(session), id});
      return {};
    }

    result<void> erase_gpu(const node_id& session,
                           const std::string& id) override {
      if (living)
        gpus.erase({to_string(session), id});
      return {};
    }

    std::map<key, job_store::held_job> jobs;
    std::map<key, job_store::held_gpu> gpus;
    bool living = true;
  };

  std::map<uint64_t, std::shared_ptr<file>> open_;
};

} // namespace render::harness
