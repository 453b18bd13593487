#include "app/ctl/input_files.hpp"

#include "messages/http.hpp"
#include "messages/text/json.hpp"

#include <httplib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

namespace render::ctl {

namespace {

result<std::string> read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in || std::filesystem::is_directory(path))
    return fail(failure_kind::invalid_input, path + " cannot be read");
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

std::string file_name(const std::string& path) {
  return std::filesystem::path{path}.filename().string();
}

} // namespace

struct file_server::implementation {
  std::mutex mutex;
  std::map<std::string, std::string> files;
  std::string base;
  httplib::Server server;
  std::thread thread;
};

file_server::file_server() : impl_(std::make_unique<implementation>()) {
  // nop
}

result<std::unique_ptr<file_server>>
file_server::start(const std::string& host) {
  std::unique_ptr<file_server> out{new file_server};
  auto& impl = *out->impl_;
  impl.server.Get(R"(/(\d+)/.*)", [&impl](const httplib::Request& request,
                                          httplib::Response& response) {
    std::lock_guard guard{impl.mutex};
    auto at = impl.files.find(request.matches[1]);
    if (at == impl.files.end())
      response.status = 404;
    else
      response.set_content(at->second, "application/octet-stream");
  });
  auto port = impl.server.bind_to_any_port(host);
  if (port < 0)
    return fail(failure_kind::unavailable,
                "--serve-address: cannot listen on " + host);
  impl.base = "http://" + host + ":" + std::to_string(port);
  impl.thread = std::thread{[&impl] {
    impl.server.listen_after_bind();
  }};
  // stop() does nothing before the loop has begun.
  while (!impl.server.is_running())
    std::this_thread::yield();
  return out;
}

file_server::~file_server() {
  impl_->server.stop();
  if (impl_->thread.joinable())
    impl_->thread.join();
}

result<std::string> file_server::serve(const std::string& path) {
  auto bytes = read_file(path);
  if (!bytes)
    return fail(bytes.error());
  std::lock_guard guard{impl_->mutex};
  auto number = std::to_string(impl_->files.size() + 1);
  impl_->files.emplace(number, std::move(*bytes));
  return impl_->base + "/" + number + "/" + percent_encode(file_name(path));
}

result<std::string> upload_file(const std::string& base,
                                const std::string& path) {
  auto bytes = read_file(path);
  if (!bytes)
    return fail(bytes.error());
  httplib::Client client{base};
  auto got = client.Post("/files?name=" + percent_encode(file_name(path)),
                         *bytes, "application/octet-stream");
  if (!got || got->status / 100 != 2)
    return fail(failure_kind::unavailable,
                "C3_FILES_URL: upload to " + redacted_url(base) + ": "
                  + (got ? "HTTP " + std::to_string(got->status)
                         : httplib::to_string(got.error())));
  auto doc = json::parse(got->body);
  auto url = doc ? json::string_or_empty(*doc, "url") : std::string{};
  if (url.empty())
    return fail(failure_kind::unavailable,
                "C3_FILES_URL: no url in the answer to an upload");
  return url;
}

} // namespace render::ctl
