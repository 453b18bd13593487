#include "app/worker/peers_text.hpp"
#include "app/worker/status_server.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace render {

namespace {

using writer = rapidjson::Writer<rapidjson::StringBuffer>;

void write_string(writer& out, std::string_view x) {
  out.String(x.data(), static_cast<rapidjson::SizeType>(x.size()));
}

void write_gpu(writer& out, const msg::gpu_update& x, bool names) {
  out.StartObject();
  out.Key("instance");
  out.Uint64(x.instance);
  out.Key("phase");
  write_string(out, to_string(x.phase));
  if (names) {
    out.Key("workload");
    write_string(out, x.workload);
    out.Key("node");
    write_string(out, x.node);
  }
  out.Key("ready");
  out.StartArray();
  for (auto kind : x.ready_kinds)
    write_string(out, to_string(kind));
  out.EndArray();
  out.Key("busy_slots");
  out.Uint(x.busy_slots);
  out.Key("launched_at");
  out.Double(x.launched_s);
  // The reason may contain an address of the GPU.
  if (names) {
    out.Key("reason");
    write_string(out, x.reason);
  }
  out.EndObject();
}

// What a provider has said may quote an address of a node.
void write_launch(writer& out, const workload_type& type, launch_reason x,
                  double now_s, bool names) {
  if (!names && x.kind == launch_reason_kind::provider_refuses)
    x.words.clear();
  write_string(out, type);
  out.StartObject();
  out.Key("jobs");
  out.Uint64(x.jobs);
  out.Key("reason");
  write_string(out, to_string(x.kind));
  out.Key("count");
  out.Uint64(x.count);
  out.Key("attempt");
  out.Uint(x.attempt);
  out.Key("since");
  out.Double(x.since_s);
  out.Key("until");
  out.Double(x.until_s);
  out.Key("text");
  write_string(out, sentence_of(type, x, now_s));
  out.EndObject();
}

void write_account(writer& out, const account::sight& x) {
  if (x.balance) {
    out.Key("balance");
    out.StartObject();
    out.Key("amount");
    out.Double(x.balance->amount);
    out.Key("at");
    out.Double(x.balance->at_s);
    out.EndObject();
  }
  if (x.unknown.empty())
    return;
  out.Key("unknown_gpus");
  out.StartObject();
  for (auto& [type, count] : x.unknown) {
    write_string(out, type);
    out.Uint(count);
  }
  out.EndObject();
}

} // namespace

std::string to_json(const msg::node_status& x, bool names,
                    const msg::peers_report* peers,
                    const account::sight& account) {
  rapidjson::StringBuffer buffer;
  writer out{buffer};
  out.StartObject();
  out.Key("draining");
  out.Bool(x.draining);
  out.Key("gpus");
  out.StartArray();
  for (auto& gpu : x.gpus)
    write_gpu(out, gpu, names);
  out.EndArray();
  out.Key("running_jobs");
  out.StartArray();
  for (auto& id : x.running_jobs)
    write_string(out, id);
  out.EndArray();
  out.Key("waiting");
  out.StartObject();
  for (auto& [type, count] : x.waiting_by_type) {
    write_string(out, type);
    out.Uint64(count);
  }
  out.EndObject();
  out.Key("launches");
  out.StartObject();
  for (auto& [type, why] : x.launches)
    write_launch(out, type, why, x.at_s, names);
  out.EndObject();
  out.Key("jobs_succeeded");
  out.Uint64(x.jobs_succeeded);
  out.Key("jobs_failed");
  out.Uint64(x.jobs_failed);
  out.Key("jobs_retried");
  out.Uint64(x.jobs_retried);
  out.Key("gpus_launched");
  out.Uint64(x.gpus_launched);
  out.Key("unfit");
  write_string(out, x.unfit);
  out.Key("unfit_text");
  write_string(out, x.unfit_text);
  out.Key("disk_free_bytes");
  out.Uint64(x.disk_free_bytes);
  out.Key("results_waiting");
  out.Uint64(x.results_waiting);
  if (names)
    write_account(out, account);
  if (peers) {
    out.Key("peers");
    write_peers(out, *peers, names);
  }
  out.EndObject();
  return std::string{buffer.GetString(), buffer.GetSize()} + "\n";
}

} // namespace render
