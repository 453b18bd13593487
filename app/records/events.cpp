#include "app/records/events.hpp"

#include "actors/io/redis/scripts/keys.hpp"

namespace render::records {

namespace {

constexpr size_t events_at_once = 500;

} // namespace

told_event read_event(const std::string& id,
                      const std::vector<redis_value>& words) {
  told_event out;
  out.at_s = number_of(id.substr(0, id.find('-'))) / 1000;
  for (size_t i = 0; i + 1 < words.size(); i += 2)
    out.fields[words[i].text] = words[i + 1].text;
  out.what = field(out.fields, "what");
  out.fields.erase("what");
  return out;
}

result<std::vector<told_event>>
read_events(redis& db, double since_s,
            const std::function<bool(const told_event&)>& wanted) {
  std::vector<told_event> out;
  auto first = since_s > 0
                 ? std::to_string(static_cast<int64_t>(since_s * 1000))
                 : std::string{"-"};
  for (auto from = first;;) {
    auto got = db.ask({"XRANGE", job_store::keys::events(key_prefix), from, "+",
                       "COUNT", std::to_string(events_at_once)});
    if (!got)
      return fail(got.error());
    auto& xs = got->elements;
    // The first one of a later page is the last one of the page before.
    for (auto at = from == first ? 0u : 1u; at < xs.size(); ++at)
      if (auto& x = xs[at].elements; x.size() == 2)
        if (auto told = read_event(x[0].text, x[1].elements); wanted(told))
          out.push_back(std::move(told));
    if (xs.size() < events_at_once)
      return out;
    from = xs.back().elements.front().text;
  }
}

result<std::vector<told_event>> read_events_of(redis& db, const std::string& id,
                                               const record& job) {
  return read_events(db, 0, [&, gpus = gpus_of(job)](const told_event& x) {
    return belongs_to(x, id, job, gpus);
  });
}

} // namespace render::records
