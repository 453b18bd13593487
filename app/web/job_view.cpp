#include "app/web/job_view.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/records/find.hpp"
#include "app/web/job_json.hpp"
#include "app/web/range.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

namespace render::web {

namespace {

namespace keys = job_store::keys;
using records::field;
using records::number_field;
using records::record;

result<std::string> described(records::redis& db, const std::string& id,
                              const record& job, const service_facts& facts,
                              bool details) {
  job_extras more;
  more.base_path = facts.base_path;
  more.details = details;
  auto status = field(job, "status");
  if (status == "queued") {
    auto waiting = facts.waits->why(db, id, field(job, "type"),
                                    number_field(job, "complete_by"));
    if (!waiting)
      return fail(waiting.error());
    more.waiting = std::move(*waiting);
  }
  // csm and whisper report no progress.
  auto began = number_field(job, "started_at");
  if (status == "running" && began > 0)
    more.estimate = facts.waits->progress(db, field(job, "type"), began);
  auto webhook = records::read_webhook(db, id);
  if (!webhook)
    return fail(webhook.error());
  more.webhook = std::move(*webhook);
  return job_json(id, job, more);
}

/// "/out/a/../x" is "/out/x"; empty: it is not there, or no file.
std::string real_file(const std::string& path) {
  std::error_code err;
  auto out = std::filesystem::canonical(path, err);
  return err || !std::filesystem::is_regular_file(out, err) ? "" : out.string();
}

/// A line break in it would add headers of whoever wrote the record.
bool may_be_location(const std::string& url) {
  return (url.starts_with("http://") || url.starts_with("https://"))
         && std::all_of(url.begin(), url.end(), [](unsigned char c) {
              return c > 0x20 && c != 0x7f;
            });
}

/// Uploads have links of their own, and beside them lies what those are signed
/// with; what is hidden is no result.
bool may_be_sent(const std::string& path, const service_facts& facts) {
  std::error_code err;
  auto root = std::filesystem::canonical(facts.output_dir, err);
  if (err || facts.output_dir.empty())
    return false;
  auto below = std::filesystem::path{path}.lexically_relative(root);
  if (below.empty() || below == "." || *below.begin() == "..")
    return false;
  for (auto& part : below)
    if (part.string().starts_with('.'))
      return false;
  if (!facts.files)
    return true;
  auto uploads = std::filesystem::canonical(facts.files->folder(), err);
  return err || uploads == root
         || *std::filesystem::path{path}.lexically_relative(uploads).begin()
              == "..";
}

} // namespace

response away(const failure& why) {
  constexpr std::string_view of_redis = "Redis: ";
  auto named = why.message.starts_with(of_redis);
  auto out = problem(503, (named ? "" : std::string{of_redis}) + why.message);
  out.headers.emplace_back("Retry-After", "5");
  return out;
}

result<event_tail::state> look_at_job(records::redis& db, const std::string& id,
                                      const service_facts& facts,
                                      bool details) {
  auto job = records::read_job(db, id);
  if (!job)
    return fail(job.error());
  event_tail::state out;
  out.found = !job->empty();
  if (!out.found)
    return out;
  auto text = described(db, id, *job, facts, details);
  if (!text)
    return fail(text.error());
  out.json = std::move(*text);
  out.ended = records::is_final(field(*job, "status"));
  return out;
}

result<std::vector<std::string>> gists_of(records::redis& db,
                                          const std::vector<std::string>& ids) {
  std::vector<std::string> names;
  for (auto& id : ids)
    names.push_back(keys::record(id));
  auto got = db.hashes(names,
                       {"status", "stage", "progress", "attempt", "worker"});
  if (!got)
    return fail(got.error());
  // Why a job waits changes without a word in its record.
  constexpr auto waits_every_s = 5;
  auto turn = static_cast<int64_t>(records::unix_now()) / waits_every_s;
  std::vector<std::string> out;
  for (auto& x : *got) {
    auto waits = field(x, "status") == "queued";
    out.push_back(job_gist(x) + (waits ? "\n" + std::to_string(turn) : ""));
  }
  return out;
}

response file_answer(const request& x, const std::string& path,
                     const std::string& type, const std::string& name) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0)
    return problem(404, "the file is not there any more");
  auto size = static_cast<uint64_t>(about.st_size);
  auto wish = parse_range(x.header("range"), size);
  if (wish.outside) {
    auto out = problem(416, "");
    out.headers.emplace_back("Content-Range",
                             "bytes */" + std::to_string(size));
    return out;
  }
  response out;
  out.status = wish.part ? 206 : 200;
  out.type = type;
  auto part = wish.part.value_or(byte_range{0, size});
  out.file = file_body{path, part.offset, part.bytes};
  if (wish.part)
    out.headers.emplace_back("Content-Range",
                             "bytes " + std::to_string(part.offset) + "-"
                               + std::to_string(part.offset + part.bytes - 1)
                               + "/" + std::to_string(size));
  out.headers.emplace_back("Accept-Ranges", "bytes");
  // What others made is never a page of this origin.
  out.headers.emplace_back("Content-Security-Policy",
                           "default-src 'none'; sandbox");
  std::string plain;
  for (auto c : name)
    plain += std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-'
               ? c
               : '_';
  out.headers.emplace_back("Content-Disposition",
                           "inline; filename=\"" + plain + "\"");
  return out;
}

response result_of(const request& x, const std::string& id, const record& job,
                   const service_facts& facts) {
  auto status = field(job, "status");
  if (!records::is_final(status))
    return problem(409, "the job has not ended: " + status, {}, id);
  if (status != "success")
    return problem(409, "the job has no result: " + status, {}, id);
  auto url = field(job, "result_url");
  if (url.empty()) {
    auto out = answer(200, field(job, "result"));
    out.type = "text/plain; charset=utf-8";
    out.headers.emplace_back("Content-Security-Policy",
                             "default-src 'none'; sandbox");
    return out;
  }
  auto local = local_result(job);
  if (local.empty()) {
    if (!may_be_location(url))
      return problem(404, "the result is not to be had here", {}, id);
    auto out = answer(302, {});
    out.headers.emplace_back("Location", url);
    return out;
  }
  auto path = real_file(local);
  if (path.empty() || !may_be_sent(path, facts))
    return problem(404, "the result's file is not on this machine any more", {},
                   id);
  auto name = path.substr(path.rfind('/') + 1);
  return file_answer(x, path, content_type_of(name), name);
}

} // namespace render::web
