#include "app/web/server.hpp"

#include "app/web/session.hpp"
#include "app/worker/listening.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <thread>

namespace render::web {

namespace {

namespace sys = boost::system;

using namespace std::chrono_literals;

constexpr auto sample_every = 60s;

} // namespace

struct server::implementation {
  // Outlives the sessions, which are among the handlers of `io`.
  hall house;
  asio::io_context io{1};
  listening_port port{io};
  asio::steady_timer minute{io};
  std::unique_ptr<event_tail> tail;
  std::thread thread;

  explicit implementation(gate& checks) : house{checks} {
    // nop
  }

  // An idle connection makes room; one that is at work is not cut.
  void take(tcp::socket socket) {
    if (house.open.size() < house.how.limits.connections || close_idle())
      start_session(house, std::move(socket));
  }

  bool close_idle() {
    for (auto* x : house.open)
      if (x->idle()) {
        x->close();
        return true;
      }
    return false;
  }

  void sample() {
    if (house.to.each_minute)
      house.workers->add([this](records::redis& db) {
        house.to.each_minute(db);
      });
    minute.expires_after(sample_every);
    minute.async_wait([this](sys::error_code err) {
      if (!err)
        sample();
    });
  }
};

server::server(std::unique_ptr<implementation> impl) : impl_(std::move(impl)) {
  // nop
}

result<std::unique_ptr<server>> server::listen(server_options how, gate& checks,
                                               hooks to) {
  auto impl = std::make_unique<implementation>(checks);
  impl->house.how = std::move(how);
  impl->house.to = std::move(to);
  auto& where = impl->house.how;
  if (auto ok = impl->port.open(where.host, where.port, where.more_ports); !ok)
    return fail(ok.error());
  return std::unique_ptr<server>{new server{std::move(impl)}};
}

server::~server() {
  // The loop ends first: a task that the pool drops may hold a session.
  impl_->io.stop();
  if (impl_->thread.joinable())
    impl_->thread.join();
  impl_->tail.reset();
  impl_->house.workers.reset();
}

void server::serve() {
  auto& house = impl_->house;
  house.workers = std::make_unique<pool>(house.how.redis, house.how.threads);
  impl_->tail = std::make_unique<event_tail>(
    house.how.redis,
    event_tail::hooks{[&house] {
                        std::lock_guard guard{house.watched_lock};
                        return house.watched;
                      },
                      house.to.gists, house.to.look,
                      [impl = impl_.get()](std::vector<told> xs) {
                        asio::post(impl->io, [impl, xs = std::move(xs)] {
                          impl->house.hub.publish(xs);
                          impl->house.note_watched();
                        });
                      }});
  impl_->port.accept([impl = impl_.get()](tcp::socket x) {
    impl->take(std::move(x));
  });
  impl_->sample();
  impl_->thread = std::thread{[impl = impl_.get()] {
    impl->io.run();
  }};
}

int server::port() const noexcept {
  return impl_->port.port();
}

bool server::on_loopback() const noexcept {
  return impl_->port.on_loopback();
}

} // namespace render::web
