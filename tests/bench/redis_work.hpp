#pragma once
// A plain hiredis client that does the same Redis work as the worker, with
// the same scripts and nothing around them: the floor of every comparison.
#include "actors/io/redis/scripts/keys.hpp"
#include "tests/support/redis_server.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace render::bench {

using clock = std::chrono::steady_clock;

/// A synchronous connection that can pipeline.
class plain_client {
public:
  explicit plain_client(uint16_t port)
    : connection_(redisConnect("127.0.0.1", port)) {
    if (!connection_ || connection_->err)
      throw std::runtime_error("bench: no Redis");
  }

  plain_client(const plain_client&) = delete;
  plain_client& operator=(const plain_client&) = delete;

  ~plain_client() {
    redisFree(connection_);
  }

  /// Puts a command into the pipeline.
  void send(const std::vector<std::string>& args) {
    std::vector<const char*> texts;
    std::vector<size_t> lengths;
    for (auto& x : args) {
      texts.push_back(x.data());
      lengths.push_back(x.size());
    }
    redisAppendCommandArgv(connection_, static_cast<int>(args.size()),
                           texts.data(), lengths.data());
  }

  using reply = std::unique_ptr<redisReply, decltype(&freeReplyObject)>;

  /// The answer to the oldest command that has none yet.
  reply receive() {
    void* raw = nullptr;
    if (redisGetReply(connection_, &raw) != REDIS_OK)
      throw std::runtime_error("bench: Redis hung up");
    reply out{static_cast<redisReply*>(raw), &freeReplyObject};
    if (out->type == REDIS_REPLY_ERROR)
      throw std::runtime_error("bench: " + std::string{out->str});
    return out;
  }

  reply ask(const std::vector<std::string>& args) {
    send(args);
    return receive();
  }

private:
  redisContext* connection_;
};

/// The id of the n-th job of a round.
std::string job_id(unsigned n);

/// Writes the producer's record of job n, without pushing it.
void send_record(plain_client& to, unsigned n);

struct claimed {
  std::vector<std::string> ids;
  /// For the next claim, as its `after`.
  std::string passed;
};

/// Claims up to `count` jobs of this type with the worker's script.
claimed claim(plain_client& redis, unsigned count,
              const std::string& type = "csm", const std::string& after = "");

/// Puts the settling of a job, as the worker does it, into the pipeline.
void send_settle(plain_client& redis, const std::string& id);

/// Loads the scripts.
void load_scripts(plain_client& redis);

/// Writes so many jobs of type csm, and pushes them in one go.
void fill_queue(harness::redis_server& server, unsigned jobs);

/// Makes and pushes so many jobs, 50 a second; when each push was sent.
std::vector<clock::time_point> push_in_time(uint16_t port, unsigned jobs);

/// Milliseconds from the push of each of so many jobs until a thread that calls
/// `take` again and again has said that it has one in hand. The worker's
/// scripts are loaded.
std::vector<double>
hand_over(unsigned jobs,
          const std::function<
            void(plain_client&, const std::function<void()>& in_hand)>& take);

/// Of each pair.
std::vector<double> differences_ms(const std::vector<clock::time_point>& from,
                                   const std::vector<clock::time_point>& to);

double median(std::vector<double> xs);
double percentile(std::vector<double> xs, double p);

} // namespace render::bench
