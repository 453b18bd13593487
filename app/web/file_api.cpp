#include "app/web/file_api.hpp"

#include "app/records/redis.hpp"
#include "app/web/doorkeeper.hpp"
#include "app/web/json_object.hpp"

namespace render::web {

namespace {

using facts_ptr = std::shared_ptr<const service_facts>;

std::string file_json(const std::string& id, const file_store::entry& x) {
  json_object out;
  out.add("id", id)
    .add("bytes", x.bytes)
    .add("content_type", x.content_type)
    .some("name", x.name)
    .some("expires_at", x.expires_s);
  return out.finish();
}

response keep_file(const request& x, const service_facts& facts) {
  auto* part = only_file(x);
  if (!part)
    return problem(400, "",
                   {{"file", std::to_string(x.parts.size()) + " part(s)",
                     "one file in a part named file"}});
  if (part->bytes == 0)
    return problem(400, "", {{"file", "0 bytes", "a file with bytes"}});
  auto kept = facts.files->keep(*part);
  if (!kept)
    return problem(507, kept.error().message);
  auto out = answer(kept->known ? 200 : 201,
                    file_json(part->sha256, kept->file));
  if (!kept->known)
    out.headers.emplace_back("Location",
                             facts.base_path + "/v1/files/" + part->sha256);
  return out;
}

// A worker has a link and no key.
response send_file(const request& x, const service_facts& facts) {
  auto& id = x.vars.at("id");
  auto by_link = facts.files->is_signed(id, x.param("expires").value_or(""),
                                        x.param("signature").value_or(""),
                                        records::unix_now());
  if (!by_link && x.who.may < role::view)
    return unauthorized("a key is needed here, or a link that holds");
  auto found = facts.files->find(id);
  if (!found)
    return problem(404, "there is no such file, or it is over");
  return file_answer(x, found->path, found->content_type,
                     found->name.empty() ? id.substr(0, 12) : found->name);
}

} // namespace

const upload* only_file(const request& x) {
  const upload* out = nullptr;
  for (auto& part : x.parts) {
    if (part.path.empty())
      continue;
    if (out || part.field != "file")
      return nullptr;
    out = &part;
  }
  return out;
}

std::vector<route> file_routes(const facts_ptr& facts) {
  auto keep = [facts](const request& x, records::redis&) {
    return keep_file(x, *facts);
  };
  auto send = [facts](const request& x, records::redis&) {
    return send_file(x, *facts);
  };
  return {{"POST", "/v1/files", role::submit, keep, route::body::files},
          {"GET", "/v1/files/{id}", role::nobody, send}};
}

} // namespace render::web
