#include "app/web/files.hpp"

#include "app/records/record.hpp"
#include "app/web/job_json.hpp"
#include "messages/http.hpp"
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"
#include "messages/text/lower.hpp"
#include "messages/text/random_bytes.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

namespace render::web {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view secret_name = ".secret";
constexpr size_t secret_bytes = 32;
constexpr size_t name_max = 120;

failure disk(std::string_view what) {
  return {failure_kind::unfit,
          std::string{what} + " cannot be kept: " + std::strerror(errno)};
}

/// Written whole or not at all, readable by this user only.
result<std::string> make_secret(const fs::path& path) {
  auto random = random_bytes(secret_bytes);
  if (!random)
    return fail(random.error());
  auto text = to_hex(*random);
  // mkostemp replaces the last six characters.
  auto part = path.string() + std::string(6, 'X');
  auto file = ::mkostemp(part.data(), O_CLOEXEC);
  if (file < 0)
    return fail(disk("the secret of WEB_FILES_DIR"));
  auto good = ::write(file, text.data(), text.size())
              == static_cast<ssize_t>(text.size());
  good &= ::fsync(file) == 0;
  good &= ::close(file) == 0;
  // Another process may have made one in between: that one counts.
  auto linked = good
                && (::link(part.c_str(), path.c_str()) == 0 || errno == EEXIST);
  ::unlink(part.c_str());
  if (!linked)
    return fail(disk("the secret of WEB_FILES_DIR"));
  return text;
}

std::string read_text(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

/// What browsers and the models take; of others nobody must believe the type.
std::string safe_type(std::string_view given) {
  auto x = lower(given.substr(0, given.find(';')));
  auto plain = x.size() < 80
               && x.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"
                                      "/+.-")
                    == std::string::npos;
  auto media = x.starts_with("audio/") || x.starts_with("video/")
               || x == "image/jpeg" || x == "image/png" || x == "image/webp"
               || x == "image/gif" || x == "image/bmp" || x == "image/tiff";
  return plain && media ? x : "application/octet-stream";
}

/// Seconds since 1970 of the file's last change.
double changed_s(const struct stat& x) {
  return static_cast<double>(x.st_mtim.tv_sec)
         + static_cast<double>(x.st_mtim.tv_nsec) / 1e9;
}

} // namespace

bool is_file_id(std::string_view x) {
  return is_sha256_hex(x);
}

std::string signed_query(std::string_view id, int64_t expires_s,
                         std::string_view secret) {
  auto until = std::to_string(expires_s);
  auto text = std::string{id} + "\n" + until;
  return "expires=" + until + "&signature=" + to_hex(hmac_sha256(secret, text));
}

file_store::file_store(fs::path folder, std::string url, std::string secret,
                       double ttl_s)
  : folder_(std::move(folder)), url_(std::move(url)),
    secret_(std::move(secret)), ttl_s_(ttl_s) {
  // nop
}

result<file_store> file_store::open(fs::path folder, std::string url,
                                    double ttl_s) {
  std::error_code err;
  fs::create_directories(folder, err);
  if (err)
    return fail(failure_kind::unfit,
                "WEB_FILES_DIR: " + folder.string() + ": " + err.message());
  auto path = folder / secret_name;
  auto secret = read_text(path);
  if (secret.size() != 2 * secret_bytes) {
    auto made = make_secret(path);
    if (!made)
      return fail(made.error());
    secret = read_text(path);
  }
  // With an empty key anybody could sign links.
  if (secret.size() != 2 * secret_bytes)
    return fail(failure_kind::unfit, "WEB_FILES_DIR: " + path.string()
                                       + " cannot be read, or is none");
  return file_store{std::move(folder), std::move(url), std::move(secret),
                    ttl_s};
}

result<file_store::kept> file_store::keep(const upload& x) {
  auto path = folder_ / x.sha256;
  auto known = find(x.sha256).has_value();
  auto about = path.string() + ".about";
  if (!known && ::rename(x.path.c_str(), path.c_str()) != 0)
    return fail(disk("an upload"));
  if (!known || read_text(about).empty()) {
    std::ofstream out{about, std::ios::binary};
    auto type = safe_type(x.content_type);
    if (type == "application/octet-stream")
      type = content_type_of(x.file_name);
    out << type << '\n' << excerpt(x.file_name, name_max) << '\n';
    out.close();
    if (!out)
      return fail(disk("an upload"));
  }
  ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
  auto now = find(x.sha256);
  if (!now)
    return fail(failure_kind::unfit, "an upload cannot be kept");
  return kept{std::move(*now), known};
}

std::optional<file_store::entry> file_store::find(std::string_view id) const {
  if (!is_file_id(id))
    return std::nullopt;
  auto path = (folder_ / id).string();
  struct stat x {};
  if (::stat(path.c_str(), &x) != 0 || !S_ISREG(x.st_mode))
    return std::nullopt;
  entry out;
  out.path = path;
  out.bytes = static_cast<uint64_t>(x.st_size);
  std::istringstream about{read_text(path + ".about")};
  std::getline(about, out.content_type);
  std::getline(about, out.name);
  out.content_type = safe_type(out.content_type);
  if (ttl_s_ > 0)
    out.expires_s = std::floor(changed_s(x) + ttl_s_);
  return out;
}

std::optional<std::string> file_store::link(std::string_view id,
                                            double now_s) const {
  auto x = find(id);
  if (!x)
    return std::nullopt;
  // A job may wait for a week.
  constexpr double least_s = 8.0 * 86'400;
  auto until = static_cast<int64_t>(std::max(x->expires_s, now_s + least_s));
  return url_ + "/v1/files/" + std::string{id} + "?"
         + signed_query(id, until, secret_);
}

bool file_store::is_signed(std::string_view id, std::string_view expires,
                           std::string_view signature, double now_s) const {
  auto until = records::number_of(std::string{expires});
  if (!is_file_id(id) || !(until > now_s) || until > 1e12)
    return false;
  auto right = signed_query(id, static_cast<int64_t>(until), secret_);
  auto given = "expires=" + std::string{expires}
               + "&signature=" + std::string{signature};
  return right.size() == given.size()
         && CRYPTO_memcmp(right.data(), given.data(), right.size()) == 0;
}

double file_store::life_of(const std::string& name) const {
  // A part of an upload that a process has left.
  constexpr double part_s = 3600;
  if (name.starts_with(".upload-"))
    return part_s;
  return is_file_id(name) ? ttl_s_ : 0;
}

size_t file_store::sweep(double now_s) const {
  size_t out = 0;
  std::error_code err;
  // The iterator's own ++ throws where a folder goes away under it.
  for (fs::directory_iterator at{folder_, err}, end; !err && at != end;
       at.increment(err)) {
    auto& path = at->path();
    auto life_s = life_of(path.filename().string());
    struct stat about {};
    if (life_s <= 0 || ::stat(path.c_str(), &about) != 0
        || changed_s(about) + life_s > now_s)
      continue;
    std::error_code ignored;
    fs::remove(path, ignored);
    fs::remove(path.string() + ".about", ignored);
    ++out;
  }
  return out;
}

} // namespace render::web
