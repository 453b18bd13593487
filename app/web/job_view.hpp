#pragma once
// Jobs, results and files as answers.
#include "app/records/record.hpp"
#include "app/records/redis.hpp"
#include "app/web/events.hpp"
#include "app/web/files.hpp"
#include "app/web/glance.hpp"
#include "app/web/message.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace render::web {

/// What these routes and the others share.
struct service_facts {
  std::string base_path;
  /// Results lie here, or below; no other file of this machine is sent. Empty:
  /// none.
  std::string output_dir;
  std::shared_ptr<file_store> files;
  std::shared_ptr<glance> waits = std::make_shared<glance>();
  uint64_t upload_max = 0;
  std::string version;
  std::string commit;
  /// Keys are needed.
  bool login = false;
};

/// A job for a client, with why it waits and how its webhook fares. `details`:
/// those for operators are told too.
result<event_tail::state> look_at_job(records::redis& db, const std::string& id,
                                      const service_facts& facts, bool details);

/// What is looked at again and again for them: as long as this stays the same,
/// there is nothing to tell.
result<std::vector<std::string>> gists_of(records::redis& db,
                                          const std::vector<std::string>& ids);

/// The answer with the result of a job: a file, a part of it, a text, or where
/// it is.
response result_of(const request& x, const std::string& id,
                   const records::record& job, const service_facts& facts);

/// A file, or the part that the request wants.
response file_answer(const request& x, const std::string& path,
                     const std::string& type, const std::string& name);

/// 503 that says that Redis could not be asked.
response away(const failure& why);

} // namespace render::web
