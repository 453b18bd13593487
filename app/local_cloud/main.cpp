// c3-local-cloud: a Comput3 look-alike on this machine's CPU.
//
// Exit codes: 0 clean, 1 runtime, 2 wrong options.
#include "app/local_cloud/cloud.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <thread>

namespace {

namespace fs = std::filesystem;
using namespace render;
using namespace render::local_cloud;

// An open stream occupies a thread, and so does a connection that is kept
// alive.
constexpr size_t threads = 256;
constexpr time_t keep_alive_seconds = 5;
constexpr size_t keep_alive_requests = 1000;

class temporary_folder {
public:
  temporary_folder() {
    // mkdtemp replaces the last six characters.
    auto text = (fs::temp_directory_path() / "c3-local-cloud-").string()
                + std::string(6, 'X');
    if (::mkdtemp(text.data()))
      path_ = text;
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    if (!path_.empty())
      fs::remove_all(path_, ignored);
  }

  /// Empty when the folder could not be made.
  const fs::path& path() const {
    return path_;
  }

private:
  fs::path path_;
};

std::string exists_already(const fs::path& path) {
  return "--env-file: " + path.string()
         + " exists already; move it away, or name another file";
}

/// Another process never sees an incomplete file, and an existing file is not
/// replaced.
result<void> write_whole(const fs::path& path, const std::string& text) {
  auto aside = path;
  aside += ".new";
  std::ofstream out{aside, std::ios::binary};
  out << text;
  out.close();
  std::error_code error;
  // Unlike a rename, a link replaces no file.
  if (out)
    fs::create_hard_link(aside, path, error);
  std::error_code ignored;
  fs::remove(aside, ignored);
  if (error == std::errc::file_exists)
    return fail(failure_kind::invalid_input, exists_already(path));
  if (!out || error)
    return fail(failure_kind::invalid_input,
                "--env-file: cannot write " + path.string());
  return {};
}

void prepare(httplib::Server& server, cloud& all) {
  server.new_task_queue = [] {
    return new httplib::ThreadPool(threads);
  };
  server.set_keep_alive_timeout(keep_alive_seconds);
  server.set_keep_alive_max_count(keep_alive_requests);
  server.set_tcp_nodelay(true);
  // The library's default, SO_REUSEPORT, would let two clouds share the port.
  server.set_socket_options([](socket_t socket) {
    int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  auto handle = [&all](const httplib::Request& in, httplib::Response& out) {
    all.handle(in, out);
  };
  server.Get(".*", handle);
  server.Post(".*", handle);
  server.Delete(".*", handle);
  server.Options(".*", handle);
}

std::string base_url(const std::string& host, int port) {
  auto name = host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host;
  if (name.find(':') != std::string::npos)
    name = '[' + name + ']';
  return "http://" + name + ':' + std::to_string(port);
}

/// Serves until the process gets a signal to end.
result<void> serve(const options& config, const sigset_t& ends,
                   const fs::path& root) {
  cloud all{config, root};
  httplib::Server server;
  prepare(server, all);
  int port = config.port == 0 ? server.bind_to_any_port(config.host)
             : server.bind_to_port(config.host, config.port) ? config.port
                                                             : -1;
  if (port < 0)
    return fail(failure_kind::unavailable,
                "--listen: cannot listen on " + config.host + ':'
                  + std::to_string(config.port)
                  + " (in use, or no address of this machine)");
  all.set_base(base_url(config.host, port));
  auto served = std::async(std::launch::async, [&server] {
    server.listen_after_bind();
  });
  // stop() does nothing before the loop has begun.
  while (!server.is_running())
    std::this_thread::yield();
  std::cout << all.environment() << std::flush;
  auto written = config.env_file.empty()
                   ? result<void>{}
                   : write_whole(config.env_file, all.environment());
  int signal = 0;
  if (written)
    sigwait(&ends, &signal);
  all.stop();
  server.stop();
  // The library would wait for idle connections. New ones can still be in its
  // queue, so they are cut repeatedly.
  while (served.wait_for(std::chrono::milliseconds{20})
         != std::future_status::ready)
    cut_connections(port);
  return written;
}

int run(const options& config, const sigset_t& ends) {
  spdlog::set_default_logger(spdlog::stderr_color_mt("c3-local-cloud"));
  spdlog::set_level(spdlog::level::from_str(
    config.log_level == "warn" ? "warning" : config.log_level));
  if (auto missing = missing_programs(); !missing.empty()) {
    for (auto& x : missing)
      std::cerr << "c3-local-cloud: this machine has no " << x << '\n';
    return 1;
  }
  if (!config.env_file.empty() && fs::exists(config.env_file)) {
    std::cerr << "c3-local-cloud: " << exists_already(config.env_file) << '\n';
    return 1;
  }
  temporary_folder root;
  if (root.path().empty()) {
    std::cerr << "c3-local-cloud: cannot make a temporary folder\n";
    return 1;
  }
  if (auto served = serve(config, ends, root.path()); !served) {
    std::cerr << "c3-local-cloud: " << served.error().message << '\n';
    return 1;
  }
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  auto config = parse_options(argc, argv);
  if (!config) {
    (config.error().status == 0 ? std::cout : std::cerr) << config.error().text;
    return config.error().status;
  }
  // Before the first thread: all threads inherit the mask, so that only sigwait
  // gets the signals.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  try {
    return run(*config, ends);
  } catch (const std::exception& error) {
    std::cerr << "c3-local-cloud: " << error.what() << '\n';
    return 1;
  }
}
