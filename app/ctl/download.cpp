#include "app/ctl/download.hpp"

#include "messages/http.hpp"

#include <curl/curl.h>

#include <cstdio>
#include <filesystem>
#include <memory>

namespace render::ctl {

namespace {

namespace fs = std::filesystem;

struct close_file {
  void operator()(std::FILE* x) const {
    std::fclose(x);
  }
};

/// Removes the file it guards, unless it was renamed in the meantime.
struct part_file {
  std::string path;

  ~part_file() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

std::string name_in(const std::string& url) {
  auto plain = redacted_url(url);
  return fs::path{plain.substr(plain.find("://") + 3)}.filename().string();
}

result<void> fetch(const std::string& url, const std::string& path) {
  std::unique_ptr<std::FILE, close_file> out{std::fopen(path.c_str(), "wb")};
  if (!out)
    return fail(failure_kind::invalid_input, path + " cannot be written");
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl{curl_easy_init(),
                                                           &curl_easy_cleanup};
  auto set = [&curl](CURLoption option, auto value) {
    curl_easy_setopt(curl.get(), option, value);
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "file,http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, 5L);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_CONNECTTIMEOUT, 10L);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, 60L);
  set(CURLOPT_WRITEDATA, out.get());
  auto code = curl_easy_perform(curl.get());
  auto flushed = std::fflush(out.get()) == 0;
  if (code == CURLE_OK && flushed)
    return {};
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  std::string why = curl_easy_strerror(code);
  if (code == CURLE_HTTP_RETURNED_ERROR)
    why = "HTTP " + std::to_string(status);
  else if (code == CURLE_FILE_COULDNT_READ_FILE)
    why = "no such file here; a worker without MINIO_ENDPOINT keeps results "
          "in OUTPUT_DIR on its own machine";
  else if (code == CURLE_WRITE_ERROR || code == CURLE_OK)
    why = "cannot write " + path;
  return fail(failure_kind::unavailable, redacted_url(url) + ": " + why);
}

} // namespace

result<std::string> download(const std::string& url, const std::string& path) {
  auto target
    = fs::is_directory(path) ? (fs::path{path} / name_in(url)).string() : path;
  part_file part{target + ".part"};
  if (auto ok = fetch(url, part.path); !ok)
    return fail(ok.error());
  std::error_code err;
  fs::rename(part.path, target, err);
  if (err)
    return fail(failure_kind::invalid_input, target + " cannot be written");
  return target;
}

} // namespace render::ctl
