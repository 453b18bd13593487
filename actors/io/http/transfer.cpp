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

std::string transfer::file_name(const std::string& path) {
  return std::filesystem::path{path}.filename().string();
}

void transfer::refuse(failure_kind kind, std::string why) {
  refusal_ = {kind, describe(request_) + ": " + std::move(why)};
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

std::optional<ip_address> transfer::ip_of(const curl_sockaddr* address) {
  ip_address x;
  if (address->family == AF_INET) {
    auto* v4 = reinterpret_cast<const sockaddr_in*>(&address->addr);
    std::memcpy(x.bytes.data(), &v4->sin_addr, 4);
  } else if (address->family == AF_INET6) {
    auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address->addr);
    x.v6 = true;
    std::memcpy(x.bytes.data(), &v6->sin6_addr, 16);
  } else {
    return std::nullopt;
  }
  return x;
}

curl_socket_t transfer::on_socket(void* self, curlsocktype,
                                  curl_sockaddr* address) {
  auto& x = *static_cast<transfer*>(self);
  if (x.way_.check_peer) {
    auto ip = ip_of(address);
    if (!ip || !x.may_reach(*ip))
      return CURL_SOCKET_BAD;
  }
  auto out = socket(address->family, address->socktype | SOCK_CLOEXEC,
                    address->protocol);
  if (out < 0 && kind_of_errno(errno) == failure_kind::unfit)
    x.lacks_ = errno;
  return out;
}

int transfer::on_connected(void* self, char* peer, char*, int, int) {
  auto x = parse_ip(peer);
  return x && static_cast<transfer*>(self)->may_reach(*x)
           ? CURL_PREREQFUNC_OK
           : CURL_PREREQFUNC_ABORT;
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
  if (!refusal_.message.empty()) {
    // The answer was refused, so the request is with the server.
    if (request_.once)
      refusal_.kind = failure_kind::outcome_unknown;
    return fail(refusal_);
  }
  curl_off_t total_us = 0;
  curl_easy_getinfo(easy(), CURLINFO_TOTAL_TIME_T, &total_us);
  response_.elapsed = std::chrono::milliseconds{total_us / 1000};
  if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && read_.cut)) {
    curl_off_t connected_us = 0;
    curl_easy_getinfo(easy(), CURLINFO_PRETRANSFER_TIME_T, &connected_us);
    transfer_error error{static_cast<int>(code),
                         error_text_[0] != '\0' ? error_text_
                                                : curl_easy_strerror(code),
                         connected_us > 0,
                         response_.elapsed,
                         false,
                         lacks_};
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
