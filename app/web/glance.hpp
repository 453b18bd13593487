#pragma once
// The head of the queue and what workers say of it, not older than a second:
// many who ask why jobs wait cost one look.
#include "app/records/queue.hpp"
#include "app/records/waits.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace render::web {

/// From any thread.
class glance {
public:
  /// Of a queued job of this type. Nothing: it is not among the looked-at ones.
  result<std::optional<records::waiting>>
  why(records::redis& db, const std::string& id, const std::string& type,
      double complete_by_s);

  /// Of a job that runs since then (Unix seconds), by past runs.
  std::optional<double> progress(records::redis& db, const std::string& type,
                                 double began_s);

private:
  struct seen {
    std::vector<records::queued_job> queue;
    records::waits all;
    std::chrono::steady_clock::time_point at;
  };

  /// `of`: a job that may have been queued since the last look.
  result<std::shared_ptr<const seen>> look(records::redis& db,
                                           const std::string& of);

  std::mutex lock_;
  std::shared_ptr<const seen> last_;
};

} // namespace render::web
