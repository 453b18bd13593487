#include "actors/renderer/gradio/client.hpp"

#include "actors/renderer/service_answer.hpp"
#include "actors/renderer/steps.hpp"
#include "messages/text/hex.hpp"

#include <random>

namespace render::gradio {

namespace {

using namespace std::chrono_literals;

constexpr uint32_t join_tries = 6;
constexpr auto join_delay = 3s;

/// The app's description, with the known ranges where it has none.
std::vector<parameter> merged(std::vector<parameter> described,
                              const std::vector<parameter>& known) {
  for (auto& x : described)
    for (auto& old : known)
      if (old.name == x.name)
        x.range = old.range;
  return described;
}

std::string adjust_stage(const std::vector<std::string>& adjusted) {
  std::string out;
  for (auto& x : adjusted)
    out += (out.empty() ? "adjust " : ", ") + x;
  return out.empty() ? "queue" : out;
}

} // namespace

step client::describe(std::function<step()> then) {
  return call_one("connect", 0.05, config_request(at_),
                  [this, then = std::move(then)](result<answer> got) {
                    return described(response(std::move(got)), then);
                  });
}

step client::described(result<http_response> got, std::function<step()> then) {
  auto at = read_config(at_.name, got, api_name_);
  if (!at)
    return end_with(at.error());
  endpoint_ = std::move(*at);
  at_.prefix = endpoint_.prefix;
  return call_one({}, -1, info_request(at_),
                  [this, then = std::move(then)](result<answer> got) {
                    auto info = read_info(at_.name, response(std::move(got)),
                                          api_name_);
                    if (!info)
                      return end_with(info.error());
                    if (*info)
                      parameters_ = merged(std::move(**info), parameters_);
                    return then();
                  });
}

step client::upload(std::string field, const std::string& path,
                    const std::string& name,
                    std::function<step(std::string)> then) {
  return call_one("upload", 0.07, upload_request(at_, path, name),
                  [this, field = std::move(field), name,
                   then = std::move(then)](result<answer> got) {
                    auto where = read_upload(at_, field,
                                             response(std::move(got)));
                    if (!where)
                      return end_with(where.error());
                    return then(file_argument(*where, name));
                  });
}

step client::run(const std::vector<argument>& wanted,
                 std::function<step(const json::value&)> then) {
  auto placed = place(at_.name, endpoint_, parameters_, wanted);
  if (!placed)
    return end_with(placed.error());
  data_json_ = std::move(placed->json);
  then_ = std::move(then);
  // It is large, and a run lasts.
  std::mt19937_64 random{seed_++};
  session_ = {make_uuid(random), endpoint_.function};
  joins_ = 0;
  return join(adjust_stage(placed->adjusted));
}

step client::join(std::string stage) {
  ++joins_;
  submitted_ = true;
  return call_one(std::move(stage), 0.1,
                  join_request(at_, session_, data_json_),
                  [this](result<answer> got) {
                    return heard_of_join(response(std::move(got)));
                  });
}

step client::heard_of_join(const result<http_response>& got) {
  auto joined = read_join(at_, got);
  if (joined && !joined->busy) {
    session_.event = std::move(joined->event);
    return follow();
  }
  submitted_ = false;
  if (!joined)
    return end_with(joined.error());
  if (joins_ >= join_tries)
    return end_with(
      failure{failure_kind::unavailable,
              at_.name + " queue is full: " + describe_answer(*got)});
  return {"the queue is full", -1, wait{join_delay, [this] {
                                          return join({});
                                        }}};
}

step client::follow() {
  reader_ = run_reader{at_.name, session_.event};
  stream out;
  out.request = stream_request(at_, session_);
  out.on_bytes = [this](std::string_view bytes) {
    return heard(bytes);
  };
  out.on_end = [this](const result<http_response>& got) {
    submitted_ = false;
    return end_with(read_stream_end(at_, got));
  };
  return {{}, -1, std::move(out)};
}

stream_event client::heard(std::string_view bytes) {
  reader_.add(bytes);
  session_.event = reader_.event();
  stream_event out;
  out.stage = reader_.take_stage();
  // The first and the last tenth are for the steps before and after the run.
  if (reader_.progress() >= 0)
    out.progress = 0.1 + 0.8 * reader_.progress();
  if (reader_.ended())
    out.next = [this] {
      return completed();
    };
  return out;
}

step client::completed() {
  submitted_ = false;
  if (reader_.failed())
    return end_with(reader_.error());
  auto then = std::move(then_);
  return then(reader_.outputs());
}

step client::collect(std::string what, const json::value& output,
                     const std::string& target, uint64_t max_bytes,
                     std::function<step()> then) {
  what = at_.name + " " + what;
  auto path = file_path(output);
  if (path.empty())
    return end_with(failure{failure_kind::unavailable,
                            what + ": no file in the outputs: "
                              + excerpt(json::to_text(output), 120)});
  return call_one(
    "collect", 0.9, file_request(at_, path, target, max_bytes),
    [what = std::move(what), then = std::move(then)](result<answer> got) {
      auto file = response(std::move(got));
      if (!file)
        return end_with(with_context(what, file.error()));
      if (!file->ok() || file->body_bytes == 0)
        return end_with(failure{failure_kind::unavailable,
                                what + ": HTTP " + std::to_string(file->status)
                                  + ", " + std::to_string(file->body_bytes)
                                  + " bytes"});
      return then();
    });
}

std::vector<http_request> client::interrupt() const {
  if (!submitted_)
    return {};
  return {cancel_request(at_, session_)};
}

} // namespace render::gradio
