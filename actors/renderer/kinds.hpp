#pragma once
// The four kinds of job. A new kind is a new file with one of these functions
// and a line in plan.cpp.
#include "actors/renderer/plan.hpp"

namespace render {

/// Text to speech: the CSM app, over Gradio.
std::unique_ptr<render_plan> make_csm_plan(const job& subject,
                                           const csm_params& params,
                                           const render_environment& env);

/// Speech to text: the WhisperX app, over Gradio.
std::unique_ptr<render_plan> make_whisper_plan(const job& subject,
                                               const whisper_params& params,
                                               const render_environment& env);

/// A talking portrait: a workflow on ComfyUI.
std::unique_ptr<render_plan> make_portrait_plan(const job& subject,
                                                const portrait_params& params,
                                                const render_environment& env);

/// A description of a picture: a vision model on Ollama, or any server with
/// the OpenAI chat form.
std::unique_ptr<render_plan> make_analyze_plan(const job& subject,
                                               const analyze_params& params,
                                               const render_environment& env);

} // namespace render
