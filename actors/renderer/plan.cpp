#include "actors/renderer/plan.hpp"

#include "actors/renderer/kinds.hpp"

namespace render {

namespace {

struct plan_maker {
  const job& subject;
  const render_environment& env;

  auto operator()(const csm_params& x) const {
    return make_csm_plan(subject, x, env);
  }
  auto operator()(const whisper_params& x) const {
    return make_whisper_plan(subject, x, env);
  }
  auto operator()(const portrait_params& x) const {
    return make_portrait_plan(subject, x, env);
  }
  auto operator()(const analyze_params& x) const {
    return make_analyze_plan(subject, x, env);
  }
};

} // namespace

std::unique_ptr<render_plan> make_plan(const job& subject,
                                       const job_params& params,
                                       const render_environment& env) {
  return std::visit(plan_maker{subject, env}, params);
}

} // namespace render
