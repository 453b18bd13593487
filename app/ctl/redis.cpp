#include "app/ctl/redis.hpp"

#include "actors/io/redis/link/connection.hpp"

#include <cstdlib>
#include <optional>
#include <stdexcept>

namespace render::ctl {

namespace {

redis_value to_value(job_store::reply x) {
  redis_value out;
  out.nil = x.type == job_store::reply::kind::nil;
  out.integer = x.integer;
  out.text = std::move(x.text);
  for (auto& element : x.elements)
    out.elements.push_back(to_value(std::move(element)));
  return out;
}

} // namespace

/// The worker's own connection, on a loop that runs only during a call.
class redis::link {
public:
  explicit link(const redis_address& where) {
    if (uv_loop_init(&loop_) != 0)
      throw std::runtime_error("cannot make an event loop for Redis");
    // No limit on the length of answers: a person has asked for them.
    connection_.emplace(
      &loop_, where, SIZE_MAX,
      [this](uint64_t, result<job_store::reply> x) {
        answer_ = std::move(x);
      },
      [this](bool up, std::string text) {
        change_ = {up, std::move(text)};
      });
  }

  link(const link&) = delete;
  link& operator=(const link&) = delete;

  ~link() {
    connection_->close();
    uv_run(&loop_, UV_RUN_DEFAULT);
    connection_.reset();
    uv_loop_close(&loop_);
  }

  result<void> connect() {
    connection_->connect();
    while (!change_)
      uv_run(&loop_, UV_RUN_ONCE);
    if (!change_->first)
      return fail(failure_kind::unavailable, change_->second);
    return {};
  }

  result<job_store::reply> ask(const std::vector<std::string>& args) {
    answer_.reset();
    // The loop's clock has stood still since the last call.
    uv_update_time(&loop_);
    connection_->send({1, args});
    connection_->flush();
    while (!answer_)
      uv_run(&loop_, UV_RUN_ONCE);
    return std::move(*answer_);
  }

private:
  uv_loop_t loop_{};
  std::optional<job_store::redis_connection> connection_;
  std::optional<result<job_store::reply>> answer_;
  std::optional<std::pair<bool, std::string>> change_;
};

void redis::closer::operator()(link* x) const {
  std::default_delete<link>{}(x);
}

result<redis> redis::connect(const redis_address& where) {
  redis out;
  out.link_.reset(new link{where});
  if (auto ok = out.link_->connect(); !ok)
    return fail(ok.error());
  return out;
}

result<redis_value> redis::ask(const std::vector<std::string>& args) {
  auto got = link_->ask(args);
  if (!got)
    return fail(got.error());
  if (got->type == job_store::reply::kind::error)
    return fail(failure_kind::rejected, "Redis: " + got->text);
  return to_value(std::move(*got));
}

result<std::map<std::string, std::string>> redis::hash(const std::string& key) {
  auto got = ask({"HGETALL", key});
  if (!got)
    return fail(got.error());
  std::map<std::string, std::string> out;
  auto& xs = got->elements;
  for (size_t i = 0; i + 1 < xs.size(); i += 2)
    out.emplace(std::move(xs[i].text), std::move(xs[i + 1].text));
  return out;
}

result<std::vector<std::pair<std::string, double>>>
redis::scored(const std::string& key, uint32_t limit) {
  auto got = ask(
    {"ZRANGE", key, "0", std::to_string(int64_t{limit} - 1), "WITHSCORES"});
  if (!got)
    return fail(got.error());
  std::vector<std::pair<std::string, double>> out;
  auto& xs = got->elements;
  for (size_t i = 0; i + 1 < xs.size(); i += 2)
    out.emplace_back(std::move(xs[i].text),
                     std::strtod(xs[i + 1].text.c_str(), nullptr));
  return out;
}

result<double> redis::time() {
  auto got = ask({"TIME"});
  if (!got)
    return fail(got.error());
  if (got->elements.size() < 2)
    return fail(failure_kind::internal, "Redis: unexpected reply to TIME");
  return std::strtod(got->elements[0].text.c_str(), nullptr)
         + std::strtod(got->elements[1].text.c_str(), nullptr) / 1e6;
}

} // namespace render::ctl
