#pragma once
// Series by name and labels, made when they are first asked for. From any
// thread.
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

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

  std::vector<prometheus::MetricFamily> collect() const {
    return registry_.Collect();
  }

private:
  prometheus::Registry registry_{prometheus::Registry::InsertBehavior::Merge};
};

} // namespace render
