#include "app/ctl/download.hpp"

#include "messages/http.hpp"
#include "messages/text/path_below.hpp"
#include "messages/text/printable.hpp"

#include <curl/curl.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
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

/// A new file; removed at the end unless it was renamed.
struct part_file {
  explicit part_file(std::string name)
    : path(std::move(name)), file(std::fopen(path.c_str(), "wbx")) {
    // nop
  }

  ~part_file() {
    std::error_code ignored;
    if (file)
      fs::remove(path, ignored);
  }

  std::string path;
  std::unique_ptr<std::FILE, close_file> file;
};

/// The URL comes from a job's record, which is not trusted here.
result<std::string> target_in(const std::string& folder,
                              const std::string& url) {
  auto plain = redacted_url(url);
  auto host = plain.find("://");
  auto name = plain.substr(plain.rfind('/') + 1);
  if (host == std::string::npos || plain.rfind('/') < host + 3 || name.empty()
      || name[0] == '.' || name[0] == '-')
    return fail(
      failure_kind::invalid_input,
      printable(plain, 300)
        + " contains no usable file name: give one with --output FILE");
  return path_below(folder, name);
}

// One step, since another program may make the file during the download.
std::error_code rename_to_new(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE)
      == 0)
    return {};
  std::error_code error{errno, std::generic_category()};
  // Not every file system has RENAME_NOREPLACE.
  if (error == std::errc::invalid_argument && !fs::exists(to))
    fs::rename(from, to, error);
  return error;
}

result<void> fetch(const std::string& url, part_file& part) {
  auto& out = part.file;
  auto shown = printable(part.path);
  if (!out)
    return fail(failure_kind::invalid_input,
                shown + " cannot be written, or is there already");
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
    why = "cannot write " + shown;
  return fail(failure_kind::unavailable,
              printable(redacted_url(url)) + ": " + why);
}

} // namespace

result<void> check_output(const std::string& path) {
  auto bad = [&path](const std::string& why) {
    return fail(failure_kind::invalid_input, printable(path) + " " + why);
  };
  if (path.empty())
    return {};
  std::error_code error;
  if (fs::is_directory(path, error))
    return access(path.c_str(), W_OK) == 0
             ? result<void>{}
             : bad("is a folder that cannot be written");
  if (fs::exists(path, error))
    return access(path.c_str(), W_OK) == 0 ? result<void>{}
                                           : bad("cannot be written");
  auto folder = fs::path{path}.parent_path();
  if (folder.empty())
    folder = ".";
  if (!fs::is_directory(folder, error))
    return bad("is in no folder that exists");
  return access(folder.c_str(), W_OK) == 0
           ? result<void>{}
           : bad("is in a folder that cannot be written");
}

result<std::string> download(const std::string& url, const std::string& path) {
  auto named_by_url = fs::is_directory(path);
  auto target = named_by_url ? target_in(path, url) : result<std::string>{path};
  if (!target)
    return target;
  auto there = fail(failure_kind::invalid_input,
                    printable(*target) + " is there already");
  if (named_by_url && fs::exists(fs::symlink_status(*target)))
    return there;
  part_file part{*target + ".part"};
  if (auto ok = fetch(url, part); !ok)
    return fail(ok.error());
  std::error_code err;
  if (named_by_url)
    err = rename_to_new(part.path, *target);
  else
    fs::rename(part.path, *target, err);
  if (err == std::errc::file_exists)
    return there;
  if (err)
    return fail(failure_kind::invalid_input,
                printable(*target) + " cannot be written");
  return target;
}

} // namespace render::ctl
