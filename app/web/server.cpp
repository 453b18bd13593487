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

using boost::system::error_code;
using namespace std::chrono_literals;

constexpr auto accept_pause = 100ms;
constexpr auto sample_every = 60s;

} // namespace

struct server::implementation {
  // Outlives the sessions, which are among the handlers of `io`.
  hall house;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer pause{io};
  asio::steady_timer minute{io};
  bool loopback = false;
  std::unique_ptr<event_tail> tail;
  std::thread thread;

  explicit implementation(gate& checks) : house{checks} {
    // nop
  }

  result<void> bind() {
    auto& how = house.how;
    auto on = listen_on(io, acceptor, how.host, how.port, how.more_ports);
    if (!on)
      return fail(on.error());
    loopback = *on;
    return {};
  }

  void accept() {
    acceptor.async_accept([this](error_code err, tcp::socket socket) {
      if (err == asio::error::operation_aborted)
        return;
      if (err) {
        // Most likely no file descriptor is free.
        pause.expires_after(accept_pause);
        pause.async_wait([this](error_code stopped) {
          if (!stopped)
            accept();
        });
        return;
      }
      keep_from_children(socket);
      // An idle connection makes room; one that is at work is not cut.
      if (house.open.size() < house.how.limits.connections || close_idle())
        start_session(house, std::move(socket));
      accept();
    });
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
    minute.async_wait([this](error_code err) {
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
  if (auto ok = impl->bind(); !ok)
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
  impl_->accept();
  impl_->sample();
  impl_->thread = std::thread{[impl = impl_.get()] {
    impl->io.run();
  }};
}

int server::port() const noexcept {
  error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

bool server::on_loopback() const noexcept {
  return impl_->loopback;
}

} // namespace render::web
