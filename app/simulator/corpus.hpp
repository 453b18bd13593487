#pragma once
// The runs that every change must pass, one for each seed.
#include "app/simulator/run_options.hpp"

#include <cstdint>
#include <string>

namespace render::simulator {

/// Only receivers of webhooks fail, so that stricter rules apply.
bool is_calm(uint64_t seed);

/// A large fleet, and each kind of fault once a minute, but no lost data.
bool is_storm(uint64_t seed);

/// All kinds of fault. The kinds that were added after the first seeds occur
/// only in these seeds.
bool has_all_faults(uint64_t seed);

/// GPUs are retired after five minutes; a successor is launched for those in
/// use.
bool is_short_lived(uint64_t seed);

/// Most runs have a hundred jobs in an hour, four workers, and every kind of
/// fault under which the rules must hold, about one event in forty seconds. The
/// shape of the trace changes from seed to seed. With `faults` a run has these
/// faults, and there are no storms.
run_options corpus_options(uint64_t seed, const std::string& faults = {});

/// The options of `corpus_options`, ready to run.
fleet_options corpus_run(uint64_t seed, const std::string& faults = {});

} // namespace render::simulator
