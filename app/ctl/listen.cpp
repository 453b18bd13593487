#include "app/ctl/listen.hpp"

#include "app/ctl/webhook_check.hpp"
#include "messages/http.hpp"
#include "messages/text/json.hpp"

#include <httplib.h>

#include <fstream>
#include <iostream>
#include <mutex>
#include <thread>

namespace render::ctl {

namespace {

struct listen_options {
  std::string address = "127.0.0.1:0";
  std::string env_file;
  uint32_t fail = 0;
  std::string secret;
};

/// Answers each delivery and prints it as one line.
class receiver {
public:
  receiver(uint32_t fail, webhook_sender::signing_keys keys)
    : failures_left_(fail), keys_(std::move(keys)) {
    // nop
  }

  void take(const httplib::Request& request, httplib::Response& response) {
    webhook_headers headers{request.get_header_value("webhook-id"),
                            request.get_header_value("webhook-timestamp"),
                            request.get_header_value("webhook-signature")};
    auto flaw = keys_.empty()
                  ? std::string{}
                  : signature_flaw(keys_, headers, request.body, unix_now());
    std::lock_guard guard{mutex_};
    if (!flaw.empty()) {
      response.status = 401;
    } else if (failures_left_ > 0) {
      --failures_left_;
      response.status = 500;
    } else {
      response.status = 200;
    }
    print(request, headers, flaw, response.status);
  }

private:
  void print(const httplib::Request& request, const webhook_headers& headers,
             const std::string& flaw, int status) {
    auto body = json::parse(request.body);
    auto line = "{\"received_at\":" + std::to_string(unix_now())
                + ",\"path\":" + json::quote(request.path)
                + ",\"webhook_id\":" + json::quote(headers.id)
                + ",\"answered\":" + std::to_string(status);
    if (!keys_.empty())
      line += ",\"signature\":" + json::quote(flaw.empty() ? "valid" : flaw);
    line += ",\"body\":"
            + (body ? json::to_text(*body) : json::quote(request.body)) + "}";
    std::cout << line << std::endl;
  }

  std::mutex mutex_;
  uint32_t failures_left_;
  webhook_sender::signing_keys keys_;
};

/// Runs the server's loop; stops it at the end of the scope.
class serving {
public:
  explicit serving(httplib::Server& server)
    : server_(server), thread_([&server] {
        server.listen_after_bind();
      }) {
    // stop() does nothing before the loop has begun.
    while (!server_.is_running())
      std::this_thread::yield();
  }

  serving(const serving&) = delete;
  serving& operator=(const serving&) = delete;

  ~serving() {
    server_.stop();
    thread_.join();
  }

private:
  httplib::Server& server_;
  std::thread thread_;
};

/// Renames a complete file into place, so that no reader finds it without the
/// URL.
bool write_env_file(const std::string& path, const std::string& url) {
  auto part = path + ".part";
  std::ofstream out{part};
  out << "NOTIFY_URL=" << url << '\n';
  out.close();
  return out && std::rename(part.c_str(), path.c_str()) == 0;
}

int listen(const listen_options& opts) {
  std::string host;
  uint16_t port = 0;
  if (auto ok = parse_address(opts.address, host, port, true); !ok)
    return report(usage, "--listen: " + ok.error().message);
  auto keys = webhook_sender::parse_secrets(opts.secret);
  if (!keys)
    return report(usage, "--secret " + keys.error().message);
  interrupts signals;
  httplib::Server server;
  receiver hooks{opts.fail, std::move(*keys)};
  server.set_payload_max_length(16u << 20);
  // The library's default, SO_REUSEPORT, would let two receivers share a port.
  server.set_socket_options([](socket_t socket) {
    int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  server.Post(".*", [&](const auto& request, auto& response) {
    hooks.take(request, response);
  });
  auto bound = port == 0                         ? server.bind_to_any_port(host)
               : server.bind_to_port(host, port) ? port
                                                 : -1;
  if (bound < 0)
    return report(failed, "cannot listen on " + opts.address);
  auto shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
  auto url = "http://" + shown + ":" + std::to_string(bound) + "/";
  serving loop{server};
  if (!opts.env_file.empty() && !write_env_file(opts.env_file, url))
    return report(failed, opts.env_file + " cannot be written");
  std::cerr << "c3ctl: listening on " << url << '\n';
  signals.wait_until([] {
    return false;
  });
  return done;
}

} // namespace

void add_listen(CLI::App& app, context&, std::function<int()>& action) {
  auto opts = std::make_shared<listen_options>();
  auto* cmd = app.add_subcommand("listen", "Receive webhooks and print them");
  cmd->add_option("--listen", opts->address, "HOST:PORT; port 0: a free one")
    ->capture_default_str();
  cmd->add_option("--env-file", opts->env_file,
                  "Write NOTIFY_URL=http://... to this file once listening");
  cmd
    ->add_option("--fail", opts->fail,
                 "Answer this many tries with 500 at first")
    ->capture_default_str();
  cmd->add_option("--secret", opts->secret,
                  "whsec_...: check signatures (Standard Webhooks), and answer "
                  "401 to wrong ones");
  cmd->footer("Each try is one line of JSON on standard output. Ends with "
              "Ctrl-C.\n\nExample:\n  c3ctl listen --listen "
              "127.0.0.1:8788 &\n  c3ctl submit csm --text Hello "
              "--notify-url http://127.0.0.1:8788/");
  cmd->callback([&action, opts] {
    action = [opts] {
      return listen(*opts);
    };
  });
}

} // namespace render::ctl
