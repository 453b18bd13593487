#include "app/worker/peers_text.hpp"

#include <string_view>

namespace render {

namespace {

using writer = rapidjson::Writer<rapidjson::StringBuffer>;

void write_text(writer& out, const char* name, std::string_view x) {
  out.Key(name);
  out.String(x.data(), static_cast<rapidjson::SizeType>(x.size()));
}

void write_number(writer& out, const char* name, uint64_t x) {
  out.Key(name);
  out.Uint64(x);
}

void write_bool(writer& out, const char* name, bool x) {
  out.Key(name);
  out.Bool(x);
}

void write_member(writer& out, const fleet_member& x, bool names) {
  out.StartObject();
  if (names)
    write_text(out, "worker", x.who.name);
  write_number(out, "started_at_ms", x.who.incarnation);
  write_text(out, "version", x.version);
  write_bool(out, "doubted", x.doubted);
  write_bool(out, "linked", x.linked);
  write_bool(out, "draining", x.facts.draining);
  write_text(out, "unfit", x.facts.unfit);
  out.Key("types");
  out.StartObject();
  for (auto& type : x.facts.types) {
    out.Key(type.type.data(),
            static_cast<rapidjson::SizeType>(type.type.size()));
    out.StartObject();
    write_number(out, "gpus", type.gpus);
    write_number(out, "free_slots", type.free_slots);
    out.EndObject();
  }
  out.EndObject();
  out.EndObject();
}

void write_link(writer& out, const msg::peer_link& x, bool names) {
  out.StartObject();
  if (names)
    write_text(out, "worker", x.peer.name);
  write_bool(out, "dialled", x.dialled);
  out.Key("age_s");
  out.Double(x.age_s);
  out.EndObject();
}

} // namespace

void write_peers(writer& out, const msg::peers_report& x, bool names) {
  out.StartObject();
  out.Key("members");
  out.StartArray();
  for (auto& one : x.members)
    write_member(out, one, names);
  out.EndArray();
  out.Key("links");
  out.StartArray();
  for (auto& one : x.links)
    write_link(out, one, names);
  out.EndArray();
  write_number(out, "frames_sent", x.frames_sent);
  write_number(out, "bytes_sent", x.bytes_sent);
  write_number(out, "frames_received", x.frames_received);
  write_number(out, "bytes_received", x.bytes_received);
  out.EndObject();
}

} // namespace render
