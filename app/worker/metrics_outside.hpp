#pragma once
// Families about what a worker asks of others (Redis, the provider, the
// storage, producers' servers) and what its status port is asked.
#include "actors/account/note.hpp"
#include "actors/event.hpp"
#include "actors/io/redis/store_counts.hpp"
#include "app/worker/metrics_book.hpp"

#include <string_view>
#include <vector>

namespace render::outside_metrics {

/// Buckets of calls that take milliseconds to minutes, seconds.
inline const std::vector<double> call_buckets{
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};

/// All series that are known beforehand.
void add_zeros(metrics_book& to);

/// Other events are let pass.
void count(metrics_book& to, const event& x);

/// An answer of the status port.
void count_request(metrics_book& to, std::string_view path, unsigned status,
                   double seconds);

/// An answer of the HTTP service; `route`: as the routes have it, never what a
/// client sent. Empty: no route was found.
void count_route(metrics_book& to, std::string_view route, unsigned status,
                 double seconds);

void set_store(metrics_book& to, const job_store::store_counts& x);

/// Histograms that the JOB STORE has counted itself.
prometheus::MetricFamily command_times(const job_store::store_counts& x);

void set_unknown(metrics_book& to, const account::sight& x);

/// A family that goes away with the provider's word.
prometheus::MetricFamily balance_of(const job_store::account_balance& x);

} // namespace render::outside_metrics
