#include "actors/renderer/steps.hpp"

#include "messages/text/path_below.hpp"

namespace render {

step end_with(failure why) {
  step out;
  out.next = finish{failed_outcome(std::move(why))};
  return out;
}

step end_with(job_outcome done) {
  step out;
  out.progress = 1;
  out.next = finish{std::move(done)};
  return out;
}

step call_one(std::string stage, double progress, operation what,
              std::function<step(result<answer>)> then) {
  call out;
  out.operations.push_back(std::move(what));
  out.then = [then = std::move(then)](answers got) {
    return then(std::move(got[0]));
  };
  return {std::move(stage), progress, std::move(out)};
}

result<http_response> response(result<answer> got) {
  if (!got)
    return fail(got.error());
  return std::get<http_response>(std::move(*got));
}

step store_result(msg::store_file what,
                  std::function<step(std::string url)> then) {
  return call_one("store", 0.95, std::move(what),
                  [then = std::move(then)](result<answer> got) {
                    if (!got)
                      return end_with(got.error());
                    return then(std::get<msg::stored_file>(*got).url);
                  });
}

step finish_with_file(const std::string& path, const std::string& name,
                      std::string_view media, std::string_view who) {
  return call_one(
    {}, -1, msg::identify_file{path, {}},
    [path, name, media = std::string{media},
     who = std::string{who}](result<answer> got) {
      if (!got)
        return end_with(got.error());
      auto& type = std::get<msg::file_identity>(*got).content_type;
      if (!type.starts_with(media + "/"))
        return end_with(failure{failure_kind::unavailable,
                                who + " sent no " + media + " but " + type});
      return store_result({path, name, type, {}}, [](std::string url) {
        job_outcome done;
        done.result_url = std::move(url);
        return end_with(std::move(done));
      });
    });
}

std::string work_file(const render_environment& env, std::string_view name) {
  return path_below(env.work_dir, name).value();
}

std::string result_name(const job& subject, std::string_view extension) {
  std::string out = job_id::from(subject.id).value();
  if (subject.fence > 1)
    out += "." + std::to_string(subject.fence);
  return out.append(extension);
}

} // namespace render
