// The worker's own actors, with a cloud that answers at once and a renderer
// that does nothing: what is left is the hand-over.
#include "actors/gpu_instance/gpu_instance.hpp"
#include "actors/io/redis/job_store.hpp"
#include "actors/queue_watcher/queue_watcher.hpp"
#include "actors/supervisor/supervisor.hpp"
#include "actors/webhook/webhook.hpp"
#include "messages/failure_caf.hpp"
#include "tests/bench/meter.hpp"

#include <caf/all.hpp>

#include <atomic>
#include <mutex>
#include <thread>

namespace render::bench {

namespace {

using namespace std::chrono_literals;

double unix_now() {
  return std::chrono::duration<double>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

gpu_cloud_actor::behavior_type instant_cloud(gpu_cloud_actor::pointer) {
  gpu_workload one{"w", "node", "bench", "running", true, 0, 4e9};
  return {
    [one](const msg::launch_gpu&) {
      return one;
    },
    [one](const msg::list_gpus&) {
      return msg::gpu_list{{one}};
    },
    [one](const msg::list_gpus&, caf::timespan) {
      return msg::gpu_list{{one}};
    },
    [](const msg::stop_gpu&) {
      return msg::gpu_stopped{};
    },
    [](const msg::probe_gpu&) {
      return caf::ok_atom_v;
    },
  };
}

http_actor::behavior_type no_http(http_actor::pointer) {
  auto refuse = [] {
    return to_error({failure_kind::unavailable, "no network in this bench"});
  };
  return {
    [=](const http_request&) -> caf::result<http_response> {
      return refuse();
    },
    [=](const http_request&,
        const http_sink_actor&) -> caf::result<http_response> {
      return refuse();
    },
    [](const msg::cancel_http&) {
      // nop
    },
  };
}

renderer_actor::behavior_type no_op_renderer(renderer_actor::pointer self,
                                             const render::job_id& id,
                                             const render_owner_actor& owner) {
  job_outcome done;
  done.result_url = "file:///dev/null";
  caf::anon_send(owner, msg::render_ended{id, std::move(done)});
  self->quit();
  return {
    [](const msg::stop_render&) {
      // nop
    },
    [](const msg::http_chunk&) {
      // nop
    },
    [](const msg::timer_due&) {
      // nop
    },
  };
}

/// The worker but for its outside: what node.cpp spawns, with the three
/// stand-ins above.
class bench_node {
public:
  bench_node(uint16_t redis_port, unsigned slots,
             std::function<void(const std::string&)> on_job)
    : on_job_(std::move(on_job)) {
    add_message_types(cfg_);
    cfg_.set("scheduler.policy", caf::atom("sharing"));
    cfg_.set("scheduler.max-threads", size_t{2});
    system_ = std::make_unique<caf::actor_system>(cfg_);
    job_store::config store;
    store.redis.host = "127.0.0.1";
    store.redis.port = redis_port;
    store.worker.id = "bench";
    // All of them are counted at the end.
    store.ended.most = 1'000'000;
    jobs_ = system_->spawn(job_store_behavior, store,
                           job_store_deps{unix_now, log_});
    cloud_ = system_->spawn(instant_cloud);
    http_ = system_->spawn(no_http);
    webhooks_ = system_->spawn(webhook_behavior, webhook_sender::config{},
                               webhook_deps{http_, jobs_, unix_now, log_});
    supervisor::config cfg;
    for (auto kind : all_job_kinds)
      cfg.workload_of_kind[kind] = "bench";
    cfg.max_gpus = 1;
    cfg.slots_per_gpu = slots;
    cfg.pre_launch_min = 0ms;
    cfg.pre_launch_max = 0ms;
    supervisor_deps deps;
    deps.ledger = jobs_;
    deps.gpu_ledger = jobs_;
    deps.make_watcher = [this](work_sink_actor sink) -> queue_watcher_actor {
      return system_->spawn(queue_watcher_behavior, queue_watcher::config{},
                            queue_watcher_deps{jobs_, sink, unix_now, log_});
    };
    deps.make_gpu = [this, slots](const supervisor::rent& order,
                                  gpu_owner_actor owner) -> gpu_instance_actor {
      gpu_instance::config gpu;
      gpu.instance = order.instance;
      gpu.ledger_id = order.ledger_id;
      gpu.workload_type = order.type;
      gpu.kinds.assign(std::begin(all_job_kinds), std::end(all_job_kinds));
      gpu.slots = slots;
      gpu_instance_deps deps;
      deps.cloud = cloud_;
      deps.ledger = jobs_;
      deps.owner = owner;
      deps.make_renderer = [this](const msg::run_job& task, const std::string&,
                                  render_owner_actor parent) -> renderer_actor {
        on_job_(task.subject.id);
        return system_->spawn(no_op_renderer, task.subject.id, parent);
      };
      deps.now = unix_now;
      deps.log = log_;
      return system_->spawn(gpu_instance_behavior, gpu, deps);
    };
    deps.webhooks = webhooks_;
    deps.listener = system_->spawn([this](drain_listener_actor::pointer)
                                     -> drain_listener_actor::behavior_type {
      return {[this](const msg::node_drained&) {
        drained_ = true;
      }};
    });
    listener_ = deps.listener;
    deps.now = unix_now;
    deps.log = log_;
    supervisor_ = system_->spawn(supervisor_behavior, cfg, deps);
  }

  ~bench_node() {
    caf::anon_send(supervisor_, msg::drain_node{"bench"});
    harness::wait_until(
      [this] {
        return drained_.load();
      },
      10s);
    for (auto& x : {caf::actor_cast<caf::actor>(supervisor_),
                    caf::actor_cast<caf::actor>(webhooks_),
                    caf::actor_cast<caf::actor>(listener_),
                    caf::actor_cast<caf::actor>(cloud_),
                    caf::actor_cast<caf::actor>(http_),
                    caf::actor_cast<caf::actor>(jobs_)})
      caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
    supervisor_ = nullptr;
    webhooks_ = nullptr;
    listener_ = nullptr;
    cloud_ = nullptr;
    http_ = nullptr;
    jobs_ = nullptr;
  }

private:
  std::function<void(const std::string&)> on_job_;
  logger log_ = null_logger();
  std::atomic<bool> drained_{false};
  caf::actor_system_config cfg_;
  std::unique_ptr<caf::actor_system> system_;
  job_store_actor jobs_;
  gpu_cloud_actor cloud_;
  http_actor http_;
  webhook_actor webhooks_;
  drain_listener_actor listener_;
  supervisor_actor supervisor_;
};

bool has_succeeded(harness::redis_server& server, unsigned n) {
  return server.field("job:" + job_id(n), "status") == "success";
}

} // namespace

std::vector<double> worker_hand_over(unsigned jobs) {
  harness::redis_server server;
  std::vector<clock::time_point> in_hand(jobs + 1);
  std::atomic<unsigned> done{0};
  bench_node worker{server.port(), 1, [&](const std::string&) {
                      in_hand[done++] = clock::now();
                    }};
  plain_client producer{server.port()};
  auto push = [&](unsigned n) {
    producer.ask({"RPUSH", "queue:jobs", job_id(n)});
  };
  // The first job warms the GPU.
  send_record(producer, 0);
  producer.receive();
  push(0);
  harness::wait_until([&] {
    return has_succeeded(server, 0);
  });
  std::vector<clock::time_point> pushed(jobs + 1);
  auto next = clock::now();
  for (unsigned i = 1; i <= jobs; ++i) {
    send_record(producer, i);
    producer.receive();
    next += 20ms;
    std::this_thread::sleep_until(next);
    pushed[i] = clock::now();
    push(i);
  }
  harness::wait_until([&] {
    return has_succeeded(server, jobs);
  });
  // Without the first one.
  return differences_ms({pushed.begin() + 1, pushed.end()},
                        {in_hand.begin() + 1, in_hand.end()});
}

job_cost worker_throughput(unsigned jobs, unsigned in_flight) {
  harness::redis_server server;
  plain_client producer{server.port()};
  for (unsigned i = 0; i <= jobs; ++i) {
    send_record(producer, i);
    producer.receive();
  }
  bench_node worker{server.port(), in_flight, [](const std::string&) {
                      // nop
                    }};
  producer.ask({"RPUSH", "queue:jobs", job_id(0)});
  harness::wait_until([&] {
    return has_succeeded(server, 0);
  });
  // One push, so that the queue is full at once.
  std::vector<std::string> push{"RPUSH", "queue:jobs"};
  for (unsigned i = 1; i <= jobs; ++i)
    push.push_back(job_id(i));
  meter cost{server};
  producer.ask(push);
  // The last in the queue may end before another one.
  auto questions = count_until([&] {
    return server.cmd("ZCARD", "c3:ended:success").integer > jobs;
  });
  return cost.read(jobs, questions + 1);
}

} // namespace render::bench
