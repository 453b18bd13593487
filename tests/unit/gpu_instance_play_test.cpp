// Thousands of random plays against the policy of a GPU. Whatever happens, no
// GPU is forgotten; and the wall clock may say what it likes.
#include "tests/unit/gpu_instance_play.hpp"

#include <boost/test/unit_test.hpp>

namespace render::gpu_instance {

void play::require(bool holds, const char* rule) {
  if (!holds)
    BOOST_FAIL(rule << " (after " << now_s_ << " s)");
}

void play::check() {
  // Whose workload is known is in the ledger, at once.
  auto booted = x_.phase() != gpu_phase::launching;
  for (auto& [id, m] : machines_)
    if (booted && x_.node() == m.what.node)
      require(written_.contains(id), "a workload without an entry");
  require(gone_ == (x_.phase() == gpu_phase::gone), "gone without a word");
}

void play::end() {
  for (int i = 0; i < 400 && !gone_; ++i) {
    if (i == 0)
      take(x_.on_halt("the end", steady_s()));
    while (!rendering_.empty() && !gone_)
      end_a_job();
    if (open_.empty())
      break;
    auto next = std::min_element(open_.begin(), open_.end(),
                                 [](auto& a, auto& b) {
                                   return a.due_s < b.due_s;
                                 });
    auto f = std::move(next->what);
    open_.erase(next);
    f(false);
    check();
  }
  require(gone_, "it does not come to its end");
  for (auto& late : std::exchange(open_, {}))
    late.what(true);
  require(open_jobs_.empty(), "a job without an end");
  for (auto& id : known_)
    require(closed_.contains(id) || left_.contains(id),
            "an entry that is neither closed nor left");
  for (auto& [id, m] : machines_)
    require(m.stopped_at_s != 0 || left_.contains(m.entry_id),
            "a GPU runs, and nobody looks for it");
}

} // namespace render::gpu_instance

using namespace render::gpu_instance;

BOOST_AUTO_TEST_CASE(a_gpu_keeps_its_rules_whatever_comes) {
  for (uint64_t seed = 1; seed <= 3'000; ++seed)
    BOOST_TEST_CONTEXT("seed " << seed)
  play{seed}.run(300);
}

BOOST_AUTO_TEST_CASE(a_gpu_does_the_same_at_the_same_time_when_a_clock_is_set) {
  for (uint64_t seed = 1; seed <= 1'000; ++seed) {
    play calm{seed, false};
    play jumpy{seed, true};
    calm.run(300);
    jumpy.run(300);
    BOOST_TEST_REQUIRE((calm.story() == jumpy.story()), "seed " << seed);
  }
}
