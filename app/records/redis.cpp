#include "app/records/redis.hpp"

#include "actors/io/redis/link/connection.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <stdexcept>

namespace render::records {

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

/// Without the place in a script where it happened, which tells people nothing.
std::string words_of(const std::string& error) {
  return error.substr(0, error.find(" script: "));
}

result<redis_value> checked(result<job_store::reply> got) {
  if (!got)
    return fail(got.error());
  if (got->type == job_store::reply::kind::error)
    return fail(failure_kind::rejected, "Redis: " + words_of(got->text));
  return to_value(std::move(*got));
}

/// Field, value, field, value.
std::map<std::string, std::string> pairs(redis_value x) {
  std::map<std::string, std::string> out;
  for (size_t i = 0; i + 1 < x.elements.size(); i += 2)
    out.emplace(std::move(x.elements[i].text),
                std::move(x.elements[i + 1].text));
  return out;
}

using commands = std::vector<std::vector<std::string>>;

/// Of a field, where not all of them can be read.
constexpr int64_t field_max = 1 << 20;

size_t bytes_of(const job_store::reply& x) {
  auto out = sizeof x + x.text.size();
  for (auto& element : x.elements)
    out += bytes_of(element);
  return out;
}

} // namespace

/// The worker's own connection, on a loop that runs only during a call.
class redis::link {
public:
  link(const redis_address& where, answer_bounds most) : most_(most) {
    if (uv_loop_init(&loop_) != 0)
      throw std::runtime_error("cannot make an event loop for Redis");
    connection_.emplace(
      &loop_, where, most.one,
      [this](uint64_t id, result<job_store::reply> x) {
        answers_.at(id) = bounded(std::move(x));
        --left_;
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

  /// The answers in the order of the commands.
  std::vector<result<job_store::reply>>
  ask(const std::vector<std::vector<std::string>>& commands) {
    answers_.assign(commands.size(), std::nullopt);
    left_ = commands.size();
    bytes_ = 0;
    // The loop's clock has stood still since the last call, and the server may
    // have closed the connection since.
    uv_update_time(&loop_);
    uv_run(&loop_, UV_RUN_NOWAIT);
    connection_->connect();
    for (size_t i = 0; i < commands.size(); ++i)
      connection_->send({i, commands[i]});
    connection_->flush();
    while (left_ > 0)
      uv_run(&loop_, UV_RUN_ONCE);
    std::vector<result<job_store::reply>> out;
    out.reserve(answers_.size());
    for (auto& x : answers_)
      out.push_back(std::move(*x));
    return out;
  }

  /// Was an answer to the last call too long, or all of them together?
  bool too_long() const {
    return bytes_ > most_.together || connection_->lost_to_length();
  }

private:
  result<job_store::reply> bounded(result<job_store::reply> x) {
    if (x)
      bytes_ += bytes_of(*x);
    if (bytes_ > most_.together)
      return fail(failure_kind::rejected, "Redis: answers of more than "
                                            + std::to_string(most_.together)
                                            + " bytes");
    return x;
  }

  answer_bounds most_;
  uv_loop_t loop_{};
  std::optional<job_store::redis_connection> connection_;
  std::vector<std::optional<result<job_store::reply>>> answers_;
  size_t left_ = 0;
  /// Of the answers to the call that runs or ran last.
  size_t bytes_ = 0;
  std::optional<std::pair<bool, std::string>> change_;
};

void redis::closer::operator()(link* x) const {
  std::default_delete<link>{}(x);
}

result<redis> redis::connect(const redis_address& where, answer_bounds most) {
  redis out;
  out.link_.reset(new link{where, most});
  if (auto ok = out.link_->connect(); !ok)
    return fail(ok.error());
  return out;
}

redis redis::later(const redis_address& where, answer_bounds most) {
  redis out;
  out.link_.reset(new link{where, most});
  return out;
}

result<redis_value> redis::ask(const std::vector<std::string>& args) {
  return std::move(ask_all({args}).front());
}

std::vector<result<redis_value>>
redis::ask_all(const std::vector<std::vector<std::string>>& commands) {
  std::vector<result<redis_value>> out;
  out.reserve(commands.size());
  for (auto& got : link_->ask(commands))
    out.push_back(checked(std::move(got)));
  return out;
}

result<std::map<std::string, std::string>> redis::hash(const std::string& key) {
  auto got = ask({"HGETALL", key});
  if (!got)
    return fail(got.error());
  return pairs(std::move(*got));
}

result<std::vector<std::map<std::string, std::string>>>
redis::hashes(const std::vector<std::string>& keys,
              const std::vector<std::string>& fields) {
  commands all;
  for (auto& key : keys) {
    auto& args = all.emplace_back(std::vector<std::string>{"HMGET", key});
    args.insert(args.end(), fields.begin(), fields.end());
  }
  auto answers = ask_all(all);
  if (link_->too_long())
    return short_fields(keys, std::vector<names>(keys.size(), fields));
  std::vector<std::map<std::string, std::string>> out;
  out.reserve(keys.size());
  for (auto& got : answers) {
    if (!got && is_away(got.error()))
      return fail(got.error());
    auto& x = out.emplace_back();
    for (size_t i = 0; got && i < std::min(fields.size(), got->elements.size());
         ++i)
      if (!got->elements[i].nil)
        x[fields[i]] = std::move(got->elements[i].text);
  }
  return out;
}

result<std::vector<std::map<std::string, std::string>>>
redis::whole_hashes(const std::vector<std::string>& keys) {
  commands all;
  for (auto& key : keys)
    all.push_back({"HGETALL", key});
  auto answers = ask_all(all);
  if (link_->too_long())
    return whole_but_long(keys);
  std::vector<std::map<std::string, std::string>> out;
  out.reserve(keys.size());
  for (auto& got : answers) {
    if (!got && is_away(got.error()))
      return fail(got.error());
    out.push_back(got ? pairs(std::move(*got))
                      : std::map<std::string, std::string>{});
  }
  return out;
}

result<std::vector<std::map<std::string, std::string>>>
redis::whole_but_long(const names& keys) {
  commands all;
  for (auto& key : keys)
    all.push_back({"HKEYS", key});
  std::vector<names> fields;
  for (auto& got : ask_all(all)) {
    if (!got && is_away(got.error()))
      return fail(got.error());
    auto& of_one = fields.emplace_back();
    if (got)
      for (auto& x : got->elements)
        of_one.push_back(std::move(x.text));
  }
  return short_fields(keys, fields);
}

result<std::vector<std::map<std::string, std::string>>>
redis::short_fields(const names& keys, const std::vector<names>& fields) {
  std::vector<std::pair<size_t, std::string>> places;
  commands lengths;
  for (size_t i = 0; i < keys.size(); ++i)
    for (auto& name : fields[i]) {
      places.emplace_back(i, name);
      lengths.push_back({"HSTRLEN", keys[i], name});
    }
  std::vector<std::pair<size_t, std::string>> wanted;
  commands texts;
  auto known = ask_all(lengths);
  for (size_t i = 0; i < known.size(); ++i) {
    if (!known[i] && is_away(known[i].error()))
      return fail(known[i].error());
    if (!known[i] || known[i]->integer <= 0 || known[i]->integer > field_max)
      continue;
    texts.push_back({"HGET", keys[places[i].first], places[i].second});
    wanted.push_back(std::move(places[i]));
  }
  std::vector<std::map<std::string, std::string>> out(keys.size());
  auto got = ask_all(texts);
  for (size_t i = 0; i < got.size(); ++i) {
    if (!got[i] && is_away(got[i].error()))
      return fail(got[i].error());
    if (got[i] && !got[i]->nil)
      out[wanted[i].first][wanted[i].second] = std::move(got[i]->text);
  }
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

bool is_away(const failure& x) {
  return x.kind == failure_kind::unavailable
         || x.kind == failure_kind::outcome_unknown;
}

double unix_now() {
  return std::chrono::duration<double>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

} // namespace render::records
