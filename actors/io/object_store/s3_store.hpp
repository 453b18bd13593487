#pragma once
// The OBJECT STORE on S3-compatible storage. A failed upload has no other place
// to go: the RENDERER tries it again.
#include "actors/io/object_store/s3_policy.hpp"
#include "actors/io/object_store/sigv4.hpp"
#include "actors/log.hpp"
#include "messages/clock.hpp"
#include "messages/io_actors.hpp"

#include <caf/all.hpp>

#include <map>

namespace render {

struct object_store_deps {
  http_actor http;
  wall_clock now;
  logger log;
  /// Also gets each result; none: nobody does.
  object_store_actor kept = {};
};

using s3_shell_actor
  = object_store_actor::extend<caf::reacts_to<msg::timer_due>>;

struct s3_store_state {
  static inline const char* name = "s3-store";

  struct upload {
    msg::store_file asked;
    std::string key;
    uint32_t attempt = 0;
    bool bucket_made = false;
    caf::typed_response_promise<msg::stored_file> answer;
  };

  s3::config cfg;
  object_store_deps deps;
  s3::signer who;
  s3::endpoint where;
  s3::endpoint seen_at;
  uint64_t last_id = 0;
  std::map<uint64_t, upload> uploads;
};

s3_shell_actor::behavior_type
s3_store_behavior(s3_shell_actor::stateful_pointer<s3_store_state> self,
                  s3::config cfg, object_store_deps deps);

} // namespace render
