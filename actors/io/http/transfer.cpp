#include "actors/io/http/transfer.hpp"

#include "actors/io/http/classify.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace render {

namespace {

std::string lower(std::string_view x) {
  std::string out{x};
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return out;
}

std::string_view trim(std::string_view x) {
  auto space = [](char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
  };
  while (!x.empty() && space(x.front()))
    x.remove_prefix(1);
  while (!x.empty() && space(x.back()))
    x.remove_suffix(1);
  return x;
}

bool has_header(const http_request& x, std::string_view name) {
  return std::any_of(x.headers.begin(), x.headers.end(), [&](auto& header) {
    return lower(header.name) == name;
  });
}

// curl repeats custom headers at the target of a redirect, whosever it is.
bool carries_secret(const http_request& x) {
  return has_header(x, "x-c3-api-key") || has_header(x, "authorization");
}

} // namespace

transfer::transfer(uint64_t id, http_request request, curl_loop::on_bytes bytes,
                   const http_config& cfg, CURLSH* share)
  : id_(id), request_(std::move(request)), bytes_(std::move(bytes)), cfg_(cfg),
    easy_(curl_easy_init()) {
  if (!is_web_url(request_.url)) {
    refuse(failure_kind::invalid_input,
           "not an http or https URL: "
             + excerpt(redacted_url(request_.url), 80));
    return;
  }
  set_options(share);
  set_headers();
  set_body();
}

transfer::~transfer() {
  output_.reset();
  if (complete_ || target_ != body_target::file)
    return;
  std::error_code ignored;
  std::filesystem::remove(request_.output_file, ignored);
}

void transfer::refuse(failure_kind kind, std::string why) {
  refusal_ = {kind, describe(request_) + ": " + std::move(why)};
}

void transfer::set_options(CURLSH* share) {
  auto* x = easy();
  curl_easy_setopt(x, CURLOPT_PRIVATE, this);
  curl_easy_setopt(x, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(x, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(x, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(x, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(x, CURLOPT_USERAGENT, cfg_.user_agent.c_str());
  curl_easy_setopt(x, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(x, CURLOPT_ERRORBUFFER, error_text_);
  curl_easy_setopt(x, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request_.connect_timeout.count()));
  curl_easy_setopt(x, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(request_.total_timeout.count()));
  if (request_.once)
    curl_easy_setopt(x, CURLOPT_FRESH_CONNECT, 1L);
  if (request_.stall_timeout.count() > 0) {
    auto seconds = std::max<long>(
      1, static_cast<long>(request_.stall_timeout.count() / 1000));
    curl_easy_setopt(x, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(x, CURLOPT_LOW_SPEED_TIME, seconds);
  }
  if (request_.max_redirects > 0 && !carries_secret(request_)) {
    curl_easy_setopt(x, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(x, CURLOPT_MAXREDIRS,
                     static_cast<long>(request_.max_redirects));
  }
  if (has_header(request_, "x-c3-api-key")) {
    // A load balancer in front of a node may pin a session by cookie.
    curl_easy_setopt(x, CURLOPT_COOKIEFILE, "");
    curl_easy_setopt(x, CURLOPT_SHARE, share);
  }
  curl_easy_setopt(x, CURLOPT_WRITEFUNCTION, &transfer::on_write);
  curl_easy_setopt(x, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(x, CURLOPT_HEADERFUNCTION, &transfer::on_header);
  curl_easy_setopt(x, CURLOPT_HEADERDATA, this);
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
                    request_.body_file + " cannot be read");
    curl_easy_setopt(x, CURLOPT_UPLOAD, 1L);
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
                      part.file_path + " cannot be read");
      curl_mime_filename(x, part.file_name.c_str());
    }
    if (!part.content_type.empty())
      curl_mime_type(x, part.content_type.c_str());
  }
  curl_easy_setopt(easy(), CURLOPT_MIMEPOST, parts_.get());
}

transfer::body_target transfer::choose_target() {
  long status = 0;
  curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || status > 299)
    return body_target::error_text;
  if (bytes_)
    return body_target::stream;
  return request_.output_file.empty() ? body_target::memory : body_target::file;
}

void transfer::refuse_to_write() {
  auto code = errno;
  refuse(kind_of_errno(code),
         request_.output_file + " cannot be written: " + std::strerror(code));
}

bool transfer::open_output() {
  output_.reset(std::fopen(request_.output_file.c_str(), "wb"));
  if (!output_)
    refuse_to_write();
  return output_ != nullptr;
}

bool transfer::keep(std::string_view bytes) {
  if (target_ == body_target::undecided) {
    target_ = choose_target();
    if (target_ == body_target::file && !open_output())
      return false;
  }
  if (target_ == body_target::error_text) {
    auto room = cfg_.max_error_body_bytes
                - std::min<uint64_t>(cfg_.max_error_body_bytes,
                                     response_.body.size());
    response_.body.append(bytes.substr(0, room));
    error_text_cut_ = bytes.size() > room;
    return !error_text_cut_;
  }
  curl_off_t announced = -1;
  curl_easy_getinfo(easy(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
  response_.body_bytes += bytes.size();
  auto size = std::max<uint64_t>(
    response_.body_bytes, announced > 0 ? static_cast<uint64_t>(announced) : 0);
  if (size > request_.max_body_bytes) {
    refuse(failure_kind::rejected, "the answer is larger than "
                                     + std::to_string(request_.max_body_bytes)
                                     + " bytes");
    return false;
  }
  switch (target_) {
  case body_target::stream:
    bytes_(bytes);
    return true;
  case body_target::file:
    if (std::fwrite(bytes.data(), 1, bytes.size(), output_.get())
        == bytes.size())
      return true;
    refuse_to_write();
    return false;
  default:
    response_.body.append(bytes);
    return true;
  }
}

size_t transfer::on_write(char* data, size_t size, size_t count, void* self) {
  auto all = size * count;
  auto kept = static_cast<transfer*>(self)->keep({data, all});
  return kept ? all : 0;
}

size_t transfer::on_header(char* data, size_t size, size_t count, void* self) {
  auto& headers = static_cast<transfer*>(self)->response_.headers;
  std::string_view line{data, size * count};
  // A status line begins a new set, after a redirect or a 100.
  if (line.starts_with("HTTP/"))
    headers.clear();
  if (auto colon = line.find(':'); colon != std::string_view::npos)
    headers[lower(trim(line.substr(0, colon)))]
      = std::string{trim(line.substr(colon + 1))};
  return size * count;
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

result<http_response> transfer::finish(CURLcode code) {
  if (!refusal_.message.empty())
    return fail(refusal_);
  curl_off_t total_us = 0;
  curl_easy_getinfo(easy(), CURLINFO_TOTAL_TIME_T, &total_us);
  response_.elapsed = std::chrono::milliseconds{total_us / 1000};
  if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && error_text_cut_)) {
    curl_off_t connected_us = 0;
    curl_easy_getinfo(easy(), CURLINFO_PRETRANSFER_TIME_T, &connected_us);
    return fail(classify(request_, {static_cast<int>(code),
                                    error_text_[0] != '\0'
                                      ? std::string{error_text_}
                                      : std::string{curl_easy_strerror(code)},
                                    connected_us > 0, response_.elapsed}));
  }
  long status = 0;
  curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int32_t>(status);
  char* url = nullptr;
  curl_easy_getinfo(easy(), CURLINFO_EFFECTIVE_URL, &url);
  response_.effective_url = url ? url : request_.url;
  if (target_ == body_target::undecided && response_.ok()
      && !request_.output_file.empty()) {
    // An empty body is a file too.
    target_ = body_target::file;
    if (!open_output())
      return fail(refusal_);
  }
  if (output_ && std::fclose(output_.release()) != 0) {
    refuse_to_write();
    return fail(refusal_);
  }
  if (response_.body_bytes == 0)
    response_.body_bytes = response_.body.size();
  complete_ = true;
  return std::move(response_);
}

} // namespace render
