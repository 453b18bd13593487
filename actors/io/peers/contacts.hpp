#pragma once
// The addresses at which other workers may be found, and when each is tried
// again. Pure; times as in `moment`.
#include "actors/io/peers/address.hpp"
#include "messages/ids.hpp"

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace render::peers {

/// Waits double from the least to the most; each is a quarter longer or shorter
/// by chance.
struct pace {
  double least_s = 0.5;
  double most_s = 30;
};

class contacts {
public:
  contacts(pace p, address own) : pace_(p), own_(std::move(own)) {
    // nop
  }

  /// Those of before that are no seeds any more are forgotten, unless a worker
  /// has told of them.
  void set_seeds(const std::vector<address>& all);
  /// A worker has told that it is reached there.
  void add(const address& x);
  /// That worker has been gone for long, or has left.
  void forget(const address& x);
  /// It leads back to this worker.
  void is_own(const address& x);

  bool may_try(const address& x, double now_s) const;
  bool is_under_way(const address& x) const;
  void tried(const address& x);
  /// This worker is reached there, though it may tell another address.
  void succeeded(const address& x, const worker_id& whom);
  void failed(const address& x, double now_s, std::mt19937_64& dice);
  /// The peer wants no link: not tried again before the longest wait is over.
  void refused(const address& x, double now_s);

  std::vector<address> all() const;
  /// Who was reached there last; nullptr: nobody so far.
  const worker_id* leads_to(const address& x) const;
  /// An address that may be tried now: the one that the worker tells, else one
  /// that has led to it. Behind a proxy it may tell one that nobody reaches.
  std::optional<address> way_to(const worker_id& whom, const address& told,
                                double now_s) const;
  /// When the next of those that have failed may be tried.
  std::optional<double> next_due(double now_s) const;

private:
  void drop_if_nobodys(const address& x);

  struct contact {
    bool seed = false;
    bool told = false;
    bool under_way = false;
    bool own = false;
    double not_before_s = 0;
    double wait_s = 0;
    std::optional<worker_id> leads_to;
  };

  pace pace_;
  address own_;
  std::map<address, contact> all_;
};

} // namespace render::peers
