#include "actors/io/http/transfer.hpp"

#include "actors/io/http/classify.hpp"
#include "messages/text/lower.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace render {

namespace {

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

// Error texts do not tell the file's folder.
std::string file_name(const std::string& path) {
  return std::filesystem::path{path}.filename().string();
}

constexpr auto* unpacked = "gzip, deflate";

bool can_be_unpacked(std::string_view coding) {
  for (std::string_view known : {"gzip", "x-gzip", "deflate", "identity"})
    if (coding == known)
      return true;
  return false;
}

} // namespace

transfer::transfer(uint64_t id, const http_request& request, dialling way,
                   std::chrono::milliseconds limit, curl_loop::on_bytes bytes,
                   const http_config& cfg, cookie_jar jar,
                   std::function<void()> moved)
  : jar_(std::move(jar)), id_(id), request_(request), way_(std::move(way)),
    bytes_(std::move(bytes)), cfg_(cfg), moved_(std::move(moved)),
    easy_(curl_easy_init()) {
  set_options(limit);
  set_way();
  set_certificates();
  set_headers();
  set_body();
}

void transfer::refuse(failure_kind kind, std::string why) {
  refusal_ = {kind, describe(request_) + ": " + std::move(why)};
}

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
  if (!way_.check_peer)
    return;
  // An address is checked when it is dialled, and again when an existing
  // connection is used.
  curl_easy_setopt(x, CURLOPT_OPENSOCKETFUNCTION, &transfer::on_socket);
  curl_easy_setopt(x, CURLOPT_OPENSOCKETDATA, this);
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
    constexpr long piece = 512 * 1024;
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

transfer::body_target transfer::choose_target() {
  long status = 0;
  curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || status > 299)
    return body_target::error_text;
  if (bytes_)
    return body_target::stream;
  return request_.output_file.empty() ? body_target::memory : body_target::file;
}

void transfer::refuse_to_write(int code) {
  refuse(kind_of_errno(code), file_name(request_.output_file)
                                + " cannot be written: " + std::strerror(code));
}

void transfer::open_output() {
  output_ = std::make_unique<file_writer>(request_.output_file, moved_);
}

bool transfer::keep_some(std::string_view bytes, uint64_t most) {
  auto room = most - std::min<uint64_t>(most, response_.body.size());
  response_.body.append(bytes.substr(0, room));
  read_.cut = bytes.size() > room;
  return !read_.cut;
}

bool transfer::keep(std::string_view bytes) {
  if (read_.target == body_target::undecided) {
    read_.target = choose_target();
    if (read_.target == body_target::file)
      open_output();
  }
  if (read_.target == body_target::error_text)
    return keep_some(bytes, cfg_.max_error_body_bytes);
  if (request_.cut_body && read_.target == body_target::memory)
    return keep_some(bytes, request_.max_body_bytes);
  curl_off_t announced = -1;
  // The announced length of a packed body is not the length of the unpacked
  // one.
  if (!request_.unpack || !response_.headers.contains("content-encoding"))
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
  switch (read_.target) {
  case body_target::stream:
    bytes_(bytes);
    return true;
  case body_target::file:
    output_->write(bytes);
    return true;
  default:
    response_.body.append(bytes);
    return true;
  }
}

size_t transfer::on_write(char* data, size_t size, size_t count, void* self) {
  auto all = size * count;
  auto& x = *static_cast<transfer*>(self);
  auto outcome = x.output_ ? x.output_->outcome() : std::nullopt;
  if (outcome && *outcome != 0) {
    x.refuse_to_write(*outcome);
    return 0;
  }
  if (x.output_ && !x.output_->has_room()) {
    x.read_.paused = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  return x.keep({data, all}) ? all : 0;
}

bool transfer::keep_header(std::string_view line) {
  read_.header_bytes += line.size();
  if (read_.header_bytes > cfg_.max_header_bytes) {
    refuse(failure_kind::unavailable, "the answer has more than "
                                        + std::to_string(cfg_.max_header_bytes)
                                        + " bytes of headers");
    return false;
  }
  // A status line begins a new set, after a 100.
  if (line.starts_with("HTTP/")) {
    response_.headers.clear();
    read_.headers_ended = false;
    return true;
  }
  if (trim(line).empty()) {
    read_.headers_ended = true;
    return true;
  }
  // Trailers after the body must not replace its headers.
  auto colon = line.find(':');
  if (read_.headers_ended || colon == std::string_view::npos)
    return true;
  auto name = lower(trim(line.substr(0, colon)));
  auto value = std::string{trim(line.substr(colon + 1))};
  if (request_.unpack && name == "content-encoding"
      && (response_.headers.contains(name) || !can_be_unpacked(lower(value)))) {
    refuse(failure_kind::rejected,
           "the answer is encoded in another way than gzip or deflate");
    return false;
  }
  response_.headers[std::move(name)] = std::move(value);
  return true;
}

size_t transfer::on_header(char* data, size_t size, size_t count, void* self) {
  auto all = size * count;
  auto kept = static_cast<transfer*>(self)->keep_header({data, all});
  return kept ? all : 0;
}

bool transfer::may_reach(const ip_address& x) const {
  return is_public(x) || cfg_.allowed.permits(way_.target.host, x);
}

curl_socket_t transfer::on_socket(void* self, curlsocktype,
                                  curl_sockaddr* address) {
  ip_address x;
  if (address->family == AF_INET) {
    auto* v4 = reinterpret_cast<const sockaddr_in*>(&address->addr);
    std::memcpy(x.bytes.data(), &v4->sin_addr, 4);
  } else if (address->family == AF_INET6) {
    auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address->addr);
    x.v6 = true;
    std::memcpy(x.bytes.data(), &v6->sin6_addr, 16);
  } else {
    return CURL_SOCKET_BAD;
  }
  if (!static_cast<transfer*>(self)->may_reach(x))
    return CURL_SOCKET_BAD;
  return socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
}

int transfer::on_connected(void* self, char* peer, char*, int, int) {
  auto x = parse_ip(peer);
  return x && static_cast<transfer*>(self)->may_reach(*x)
           ? CURL_PREREQFUNC_OK
           : CURL_PREREQFUNC_ABORT;
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

std::string transfer::next_url() const {
  long status = 0;
  curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
  auto safe = request_.method == "GET" || request_.method == "HEAD";
  auto follows = status == 307 || status == 308
                 || (safe && (status == 301 || status == 302 || status == 303));
  // Custom headers would go to any target of the redirect.
  if (!follows || request_.max_redirects == 0 || carries_secret(request_))
    return {};
  char* url = nullptr;
  curl_easy_getinfo(easy(), CURLINFO_REDIRECT_URL, &url);
  return url ? url : "";
}

void transfer::resume() {
  if (!read_.paused || (!output_->outcome() && !output_->has_room()))
    return;
  read_.paused = false;
  curl_easy_pause(easy(), CURLPAUSE_CONT);
}

bool transfer::is_written(CURLcode code) {
  if (code != CURLE_OK || !refusal_.message.empty()) {
    if (output_)
      output_->abandon();
    return !output_ || output_->outcome().has_value();
  }
  // An empty body is a file too.
  if (read_.target == body_target::undecided && !request_.output_file.empty()) {
    read_.target = choose_target();
    if (read_.target == body_target::file)
      open_output();
  }
  if (!output_)
    return true;
  output_->close();
  return output_->outcome().has_value();
}

result<http_response> transfer::finish(CURLcode code) {
  auto has_stuck = read_.paused && code == CURLE_OPERATION_TIMEDOUT;
  auto unwritten = output_ && code == CURLE_OK && !output_->outcome();
  if (refusal_.message.empty() && (has_stuck || unwritten))
    refuse(failure_kind::unfit, file_name(request_.output_file)
                                  + " is written too slowly for its time");
  if (!refusal_.message.empty())
    return fail(refusal_);
  curl_off_t total_us = 0;
  curl_easy_getinfo(easy(), CURLINFO_TOTAL_TIME_T, &total_us);
  response_.elapsed = std::chrono::milliseconds{total_us / 1000};
  if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && read_.cut)) {
    curl_off_t connected_us = 0;
    curl_easy_getinfo(easy(), CURLINFO_PRETRANSFER_TIME_T, &connected_us);
    transfer_error error{static_cast<int>(code),
                         error_text_[0] != '\0' ? error_text_
                                                : curl_easy_strerror(code),
                         connected_us > 0, response_.elapsed, false};
    if (code == CURLE_ABORTED_BY_CALLBACK)
      error = {CURLE_COULDNT_CONNECT, "the address is not public", false,
               response_.elapsed, true};
    if (request_.public_only && cfg_.tell)
      cfg_.tell(full_text(request_, error));
    return fail(classify(request_, error));
  }
  long status = 0;
  curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int32_t>(status);
  char* url = nullptr;
  curl_easy_getinfo(easy(), CURLINFO_EFFECTIVE_URL, &url);
  response_.effective_url = url ? url : request_.url;
  if (output_) {
    if (auto failed = output_->outcome().value_or(EIO); failed != 0) {
      refuse_to_write(failed);
      return fail(refusal_);
    }
    output_->keep();
  }
  if (response_.body_bytes == 0)
    response_.body_bytes = response_.body.size();
  return std::move(response_);
}

} // namespace render
