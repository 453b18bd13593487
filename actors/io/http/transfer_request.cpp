// What a transfer tells libcurl before it begins, and the body it sends.
#include "actors/io/http/transfer.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace render {

namespace {

constexpr auto* unpacked = "gzip, deflate";

} // namespace

void transfer::set_options(std::chrono::milliseconds limit) {
  auto* x = easy();
  curl_easy_setopt(x, CURLOPT_PRIVATE, this);
  curl_easy_setopt(x, CURLOPT_URL, way_.target.url.c_str());
  curl_easy_setopt(x, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(x, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(x, CURLOPT_USERAGENT, cfg_.user_agent.c_str());
  curl_easy_setopt(x, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(x, CURLOPT_ERRORBUFFER, error_text_);
  curl_easy_setopt(x, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request_.connect_timeout.count()));
  curl_easy_setopt(x, CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
  if (request_.once)
    curl_easy_setopt(x, CURLOPT_FRESH_CONNECT, 1L);
  if (request_.stall_timeout.count() > 0) {
    auto seconds = std::max<long>(
      1, static_cast<long>(request_.stall_timeout.count() / 1000));
    curl_easy_setopt(x, CURLOPT_LOW_SPEED_LIMIT,
                     std::max<long>(1, request_.stall_speed));
    curl_easy_setopt(x, CURLOPT_LOW_SPEED_TIME, seconds);
  }
  // Encodings whose output cannot be a million times their input.
  if (request_.unpack)
    curl_easy_setopt(x, CURLOPT_ACCEPT_ENCODING, unpacked);
  if (jar_) {
    curl_easy_setopt(x, CURLOPT_COOKIEFILE, "");
    curl_easy_setopt(x, CURLOPT_SHARE, jar_.get());
  }
  curl_easy_setopt(x, CURLOPT_WRITEFUNCTION, &transfer::on_write);
  curl_easy_setopt(x, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(x, CURLOPT_HEADERFUNCTION, &transfer::on_header);
  curl_easy_setopt(x, CURLOPT_HEADERDATA, this);
}

void transfer::set_way() {
  auto* x = easy();
  // Set even when it is empty: else curl reads the environment itself.
  curl_easy_setopt(x, CURLOPT_PROXY, way_.proxy.c_str());
  for (auto& line : resolved_names(way_)) {
    auto* longer = curl_slist_append(names_.get(), line.c_str());
    if (longer) {
      [[maybe_unused]] auto* same = names_.release();
      names_.reset(longer);
    }
  }
  curl_easy_setopt(x, CURLOPT_RESOLVE, names_.get());
  curl_easy_setopt(x, CURLOPT_OPENSOCKETFUNCTION, &transfer::on_socket);
  curl_easy_setopt(x, CURLOPT_OPENSOCKETDATA, this);
  if (!way_.check_peer)
    return;
  // An address is checked when it is dialled, and again when an existing
  // connection is used.
  curl_easy_setopt(x, CURLOPT_PREREQFUNCTION, &transfer::on_connected);
  curl_easy_setopt(x, CURLOPT_PREREQDATA, this);
}

void transfer::set_certificates() {
  if (cfg_.ca_path.empty())
    return;
  std::error_code ignored;
  auto folder = std::filesystem::is_directory(cfg_.ca_path, ignored);
  auto* path = cfg_.ca_path.c_str();
  curl_easy_setopt(easy(), CURLOPT_CAINFO, folder ? nullptr : path);
  curl_easy_setopt(easy(), CURLOPT_CAPATH, folder ? path : nullptr);
}

void transfer::set_headers() {
  auto add = [this](const std::string& line) {
    auto* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer) {
      [[maybe_unused]] auto* same = headers_.release();
      headers_.reset(longer);
    }
  };
  for (auto& [name, value] : request_.headers) {
    if (value.find_first_of("\r\n") != std::string::npos)
      return refuse(failure_kind::internal, "a header with a line break");
    auto line = name;
    add(line.append(value.empty() ? ";" : ": ").append(value));
  }
  // Waiting for a 100 that many servers never send costs a second.
  add("Expect:");
  // Without this, curl calls any body a form.
  if (!has_header(request_, "content-type") && request_.parts.empty())
    add("Content-Type:");
  curl_easy_setopt(easy(), CURLOPT_HTTPHEADER, headers_.get());
}

void transfer::set_body() {
  auto* x = easy();
  if (!request_.parts.empty())
    return set_parts();
  if (!request_.body_file.empty()) {
    std::error_code err;
    auto size = std::filesystem::file_size(request_.body_file, err);
    input_.reset(std::fopen(request_.body_file.c_str(), "rb"));
    if (!input_ || err)
      return refuse(kind_of_errno(input_ ? err.value() : errno),
                    file_name(request_.body_file) + " cannot be read");
    curl_easy_setopt(x, CURLOPT_UPLOAD, 1L);
    // Each piece is a turn of the loop.
    constexpr long piece = 512L * 1024;
    if (size > piece)
      curl_easy_setopt(x, CURLOPT_UPLOAD_BUFFERSIZE, piece);
    curl_easy_setopt(x, CURLOPT_INFILESIZE_LARGE,
                     static_cast<curl_off_t>(size));
    curl_easy_setopt(x, CURLOPT_READFUNCTION, &transfer::on_read);
    curl_easy_setopt(x, CURLOPT_READDATA, this);
    curl_easy_setopt(x, CURLOPT_SEEKFUNCTION, &transfer::on_seek);
    curl_easy_setopt(x, CURLOPT_SEEKDATA, this);
    curl_easy_setopt(x, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    return;
  }
  if (request_.method == "HEAD") {
    curl_easy_setopt(x, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request_.method == "GET")
    return;
  curl_easy_setopt(x, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(request_.body.size()));
  curl_easy_setopt(x, CURLOPT_POSTFIELDS, request_.body.data());
  curl_easy_setopt(x, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void transfer::set_parts() {
  parts_.reset(curl_mime_init(easy()));
  for (auto& part : request_.parts) {
    auto* x = curl_mime_addpart(parts_.get());
    curl_mime_name(x, part.name.c_str());
    if (part.file_path.empty()) {
      curl_mime_data(x, part.value.data(), part.value.size());
    } else {
      if (curl_mime_filedata(x, part.file_path.c_str()) != CURLE_OK)
        return refuse(failure_kind::internal,
                      file_name(part.file_path) + " cannot be read");
      curl_mime_filename(x, part.file_name.c_str());
    }
    if (!part.content_type.empty())
      curl_mime_type(x, part.content_type.c_str());
  }
  curl_easy_setopt(easy(), CURLOPT_MIMEPOST, parts_.get());
}

size_t transfer::on_read(char* data, size_t size, size_t count, void* self) {
  return std::fread(data, size, count,
                    static_cast<transfer*>(self)->input_.get());
}

int transfer::on_seek(void* self, curl_off_t offset, int origin) {
  auto* file = static_cast<transfer*>(self)->input_.get();
  return fseeko(file, offset, origin) == 0 ? CURL_SEEKFUNC_OK
                                           : CURL_SEEKFUNC_FAIL;
}

} // namespace render
