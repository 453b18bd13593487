#include "actors/io/object_store/s3_policy.hpp"

#include "messages/text/path_below.hpp"

namespace render::s3 {

namespace {

std::string between(std::string_view text, std::string_view tag) {
  auto open = "<" + std::string{tag} + ">";
  auto begin = text.find(open);
  if (begin == std::string_view::npos)
    return {};
  begin += open.size();
  auto end = text.find("</" + std::string{tag} + ">", begin);
  if (end == std::string_view::npos)
    return {};
  return excerpt(text.substr(begin, end - begin), 160);
}

} // namespace

error_body read_error(std::string_view xml) {
  return {between(xml, "Code"), between(xml, "Message")};
}

verdict judge(std::string_view what, const result<http_response>& got) {
  std::string text{what};
  text += ": ";
  // Writing the same object twice does no harm.
  if (!got) {
    auto kind = got.error().kind;
    text += got.error().message;
    if (kind == failure_kind::unavailable
        || kind == failure_kind::outcome_unknown)
      return {next_move::retry, {failure_kind::unfit, std::move(text)}};
    return {next_move::give_up, {kind, std::move(text)}};
  }
  if (got->ok())
    return {};
  auto [code, message] = read_error(got->body);
  text += "HTTP " + std::to_string(got->status);
  if (!code.empty())
    text += " " + code + (message.empty() ? "" : ": " + message);
  if (code == "NoSuchBucket")
    return {next_move::create_bucket, {failure_kind::unfit, std::move(text)}};
  if (got->status >= 500 || got->status == 429 || got->status == 408)
    return {next_move::retry, {failure_kind::unfit, std::move(text)}};
  if (code == "RequestTimeTooSkewed")
    text += " (the clock of this machine is wrong)";
  // The storage refuses our keys, or the server is no such storage: no job is
  // at fault.
  if (got->status == 401 || got->status == 403 || got->status < 400)
    return {next_move::give_up, {failure_kind::unfit, std::move(text)}};
  return {next_move::give_up, {failure_kind::rejected, std::move(text)}};
}

bool is_uploaded(const msg::store_file& x) {
  return !x.content_type.starts_with("text/");
}

result<std::string> object_key(const std::string& name) {
  auto out = path_below("output", name);
  if (!out)
    return fail(failure_kind::internal, "result: " + out.error().message);
  return out;
}

} // namespace render::s3
