#pragma once
// Series by name and labels, made when they are first asked for. From any
// thread.
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace render {

class metrics_book {
public:
  prometheus::Counter& counter(const char* name, const char* help,
                               const prometheus::Labels& by) {
    return prometheus::BuildCounter()
      .Name(name)
      .Help(help)
      .Register(registry_)
      .Add(by);
  }

  prometheus::Gauge& gauge(const char* name, const char* help,
                           const prometheus::Labels& by) {
    return prometheus::BuildGauge()
      .Name(name)
      .Help(help)
      .Register(registry_)
      .Add(by);
  }

  /// The same `buckets` each time.
  prometheus::Histogram& histogram(const char* name, const char* help,
                                   const std::vector<double>& buckets,
                                   const prometheus::Labels& by) {
    return prometheus::BuildHistogram()
      .Name(name)
      .Help(help)
      .Register(registry_)
      .Add(by, buckets);
  }

  void count(const char* name, const char* help, const prometheus::Labels& by,
             double more = 1) {
    counter(name, help, by).Increment(more);
  }

  void set(const char* name, const char* help, double value,
           const prometheus::Labels& by = {}) {
    gauge(name, help, by).Set(value);
  }

  /// A counter that somebody else counts: `all` so far. Not from two threads.
  void rise(const char* name, const char* help, const prometheus::Labels& by,
            uint64_t all) {
    auto& x = counter(name, help, by);
    x.Increment(std::max(0.0, static_cast<double>(all) - x.Value()));
  }

  std::vector<prometheus::MetricFamily> collect() const {
    return registry_.Collect();
  }

private:
  prometheus::Registry registry_{prometheus::Registry::InsertBehavior::Merge};
};

} // namespace render
