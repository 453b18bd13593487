#pragma once
// The runs that every change has to survive, one for each seed.
#include "app/simulator/run_options.hpp"

#include <cstdint>
#include <string>

namespace render::simulator {

/// Nothing goes wrong but receivers of webhooks: the rules are stricter then.
bool is_calm(uint64_t seed);

/// A large fleet, and each kind of fault once a minute, but no lost data.
bool is_storm(uint64_t seed);

/// Every kind of fault: those that came after the first seeds have seeds of
/// their own.
bool has_all_faults(uint64_t seed);

/// GPUs are retired after five minutes, those in use with a successor.
bool is_short_lived(uint64_t seed);

/// Most are a hundred jobs in an hour, four nodes, every kind of fault that the
/// rules must hold under, about one event every forty seconds. The shape of the
/// trace changes from seed to seed. With `faults` there are those, and no
/// storms.
run_options corpus_options(uint64_t seed, const std::string& faults = {});

/// The same, ready to run.
fleet_options corpus_run(uint64_t seed, const std::string& faults = {});

} // namespace render::simulator
