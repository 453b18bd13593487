#include "tests/support/fake_job_store.hpp"

namespace render::harness {

fake_job_store_actor::behavior_type fake_job_store_behavior(
  fake_job_store_actor::stateful_pointer<fake_job_store_state> self,
  fake_job_store_ptr world) {
  auto asked = [=](std::string what) {
    ++world->commands;
    world->log->add(std::move(what));
  };
  return {
    [=](const msg::await_work& x) -> caf::result<msg::queue_head> {
      asked("await");
      if (!world->queue.empty())
        return msg::queue_head{true};
      auto& st = self->state;
      auto number = ++st.last;
      auto promise = self->make_response_promise<msg::queue_head>();
      st.waiting.emplace(number, promise);
      st.timers.run(self, x.patience, [=] {
        if (auto node = self->state.waiting.extract(number))
          node.mapped().deliver(msg::queue_head{false});
      });
      return promise;
    },
    [=](const msg::peek_queue& x) {
      asked("peek");
      msg::queue_snapshot out;
      out.queue_length = world->queue.size();
      for (auto& id : world->queue)
        if (out.waiting.size() < x.limit
            && !world->jobs.at(id).locked_elsewhere)
          out.waiting.push_back(world->jobs.at(id).subject);
      return out;
    },
    [=](const msg::claim_jobs& x) {
      asked("claim");
      return world->claim(x.quotas);
    },
    [=](const msg::claim_unfit& x) {
      asked("claim_unfit");
      msg::claimed_jobs out;
      if (std::erase(world->queue, x.job_id.text()) > 0) {
        auto& found = world->jobs.at(x.job_id);
        found.status = "running";
        out.jobs.push_back(found.subject);
      }
      out.more_waiting = !world->queue.empty();
      return out;
    },
    [=](const msg::settle_job& x) -> caf::result<msg::job_settled> {
      ++world->commands;
      if (!world->settle_failures.empty()) {
        auto why = world->settle_failures.front();
        world->settle_failures.pop_front();
        world->log->add("settle " + x.subject.id + " refused");
        return to_error(why);
      }
      if (world->settles_ignored > 0) {
        --world->settles_ignored;
        auto promise = self->make_response_promise<msg::job_settled>();
        self->state.ignored.push_back(promise);
        return promise;
      }
      return world->settle(x);
    },
    [=](const msg::release_job& x) {
      asked("release " + x.job_id);
      auto& found = world->jobs.at(x.job_id);
      if (found.status == "running") {
        found.status = "queued";
        world->queue.push_front(x.job_id);
      }
      return caf::ok_atom_v;
    },
    [=](const msg::report_progress& x) {
      asked("progress " + x.job_id + " " + x.stage);
      auto at = world->jobs.find(x.job_id);
      if (at == world->jobs.end())
        return msg::ownership{false, {}};
      at->second.stage = x.stage;
      return msg::ownership{at->second.status == "running", at->second.status};
    },
    [=](const msg::take_webhooks&) {
      ++world->commands;
      return msg::webhooks_taken{std::exchange(world->left_webhooks, {})};
    },
    [=](const msg::record_delivery& x) {
      static constexpr const char* names[] = {"delivered", "retry_later",
                                              "dead"};
      asked("webhook " + x.entry.job_id + " "
            + names[static_cast<size_t>(x.state)]);
      return caf::ok_atom_v;
    },
    [=](const msg::note_attempt& x) {
      if (auto at = world->jobs.find(x.subject.id); at != world->jobs.end())
        at->second.subject.history = x.subject.history;
    },
    [=](const msg::note_remote& x) {
      if (auto at = world->jobs.find(x.job_id); at != world->jobs.end())
        at->second.subject.remote = x.remote;
    },
    [=](const msg::write_gpu& x) {
      return world->gpus.write(x);
    },
    [=](const msg::close_gpu& x) {
      return world->gpus.close(x);
    },
    [=](const msg::leave_gpu& x) {
      world->gpus.left.push_back(x.id);
    },
    [=](const msg::confirm_jobs& x) {
      world->confirmed = x.claims;
    },
    [=](const msg::node_status& x) {
      world->told = x;
      ++world->times_told;
      return world->orders;
    },
    [=](const msg::confirm_gpus& x) {
      world->gpus.confirmed = x.ids;
    },
    [=](const msg::hand_over_gpus& x) {
      return world->gpus.hand_over(x);
    },
    [=](const msg::take_gpus&) {
      return world->gpus.take();
    },
    [=](const msg::view_gpus& x) {
      return world->gpus.view(x.type);
    },
    [=](caf::get_atom) {
      return std::string{"7.0"};
    },
    [=](const msg::timer_due& x) {
      self->state.timers.due(x);
    },
    [=](caf::tick_atom) {
      if (world->queue.empty())
        return;
      for (auto& [number, promise] : std::exchange(self->state.waiting, {}))
        caf::typed_response_promise<msg::queue_head>{promise}.deliver(
          msg::queue_head{true});
    },
  };
}

void fake_job_store::push(job x) {
  queue.push_back(x.id);
  auto id = x.id;
  jobs[id].subject = std::move(x);
}

void fake_job_store::cancel(const std::string& id, const std::string& status) {
  jobs.at(id).status = status;
  std::erase(queue, id);
}

msg::claimed_jobs
fake_job_store::claim(const std::vector<msg::claim_quota>& quotas) {
  msg::claimed_jobs out;
  auto left = quotas;
  auto take = [&](record& x) {
    x.status = "running";
    x.subject.attempt = static_cast<uint32_t>(x.subject.history.size()) + 1;
    ++x.subject.fence;
    log->add("running " + x.subject.id);
    return x.subject;
  };
  for (auto& id : std::deque<std::string>{queue}) {
    auto& x = jobs.at(id);
    if (x.locked_elsewhere)
      continue;
    auto fits = std::find_if(left.begin(), left.end(), [&](auto& quota) {
      return quota.count > 0
             && std::count(quota.types.begin(), quota.types.end(),
                           x.subject.type)
                  > 0;
    });
    if (!job_kind_from(x.subject.type)) {
      out.unfit.push_back(
        {take(x), {failure_kind::invalid_input, "unknown type"}});
    } else if (fits != left.end()) {
      --fits->count;
      out.jobs.push_back(take(x));
    } else {
      continue;
    }
    std::erase(queue, id);
  }
  out.more_waiting = !queue.empty();
  return out;
}

msg::job_settled fake_job_store::settle(const msg::settle_job& x) {
  msg::job_settled out{x.subject.id, false, {}};
  auto at = jobs.find(x.subject.id);
  if (at == jobs.end() || at->second.status != "running")
    return out;
  auto& to = at->second;
  to.status = x.outcome.success() ? "success" : "failed";
  to.error = x.outcome.error.message;
  to.result = x.outcome.text;
  to.result_url = x.outcome.result_url;
  log->add("settle " + x.subject.id + " " + to.status);
  out.written = true;
  auto url = notify_url_of(x.subject.data);
  if (!url.empty())
    out.webhooks.push_back({"msg_" + x.subject.id,
                            x.subject.id,
                            url,
                            R"({"id":)" + json::quote(x.subject.id)
                              + R"(,"status":")" + to.status + "\"}",
                            0,
                            0,
                            {},
                            x.outcome.trace});
  return out;
}

} // namespace render::harness
