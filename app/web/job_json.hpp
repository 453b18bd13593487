#pragma once
// A job's record as clients of the HTTP service see it. Pure.
#include "app/records/record.hpp"
#include "app/records/timeline.hpp"
#include "app/records/waits.hpp"
#include "app/records/webhooks.hpp"
#include "app/web/message.hpp"

#include <optional>
#include <string>

namespace render::web {

/// What is known of a job beside its record.
struct job_extras {
  std::optional<records::waiting> waiting;
  /// Of a running job that tells no progress itself: from past runs, 0 to 1.
  std::optional<double> estimate;
  /// Its webhook, while it waits or was given up.
  std::optional<records::webhook_entry> webhook;
  /// By the index, Unix seconds; 0: not known.
  double ended_s = 0;
  /// Details for operators may be told.
  bool details = false;
  /// Without a leading part of the service: "/base".
  std::string base_path;
};

std::string job_json(const std::string& id, const records::record& x,
                     const job_extras& extras);

/// "h.example:8443" of a URL; empty: it is none.
std::string host_of(const std::string& url);

/// An entry of `c3:events`, or of a job's timeline, as clients see it.
std::string event_json(const records::told_event& x);

/// What changes when a client should be told: status, stage, progress in
/// hundredths, attempt.
std::string job_gist(const records::record& x);

/// Where a result lies that is a file of this machine (`file://…`); empty: it
/// lies elsewhere, or there is none.
std::string local_result(const records::record& x);

/// By the end of a file's name; application/octet-stream for what a browser
/// must not show.
std::string content_type_of(const std::string& name);

} // namespace render::web
