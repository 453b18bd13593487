#include "actors/io/redis/counting.hpp"

#include "actors/io/redis/shell.hpp"

namespace render::job_store {

void count_rest(const shell& sh, const std::string& rest, std::string counts,
                std::function<void(std::string counts)> then) {
  auto space = rest.find(' ');
  if (space == std::string::npos)
    return then(std::move(counts));
  auto& cfg = sh.cfg();
  std::vector<std::string> argv{cfg.worker_id,
                                rest.substr(space + 1),
                                rest.substr(0, space),
                                std::to_string(cfg.count_each_max),
                                sh.now_s(),
                                job_types_text(),
                                counts,
                                std::to_string(cfg.count_kept.count()),
                                std::to_string(cfg.scan_max)};
  sh.run(
    make_command(count_script(),
                 {std::string{keys::queue}, keys::waiting_count(cfg.prefix)},
                 std::move(argv)),
    [sh, counts = std::move(counts),
     then = std::move(then)](answer got) mutable {
      if (!got || !got->is_array(4))
        return then(std::move(counts));
      auto& x = got->elements;
      auto more = x[3].integer == 0;
      auto next = more ? std::to_string(x[1].integer) + ' ' + x[2].text
                       : std::string{};
      count_rest(sh, next, std::move(x[0].text), std::move(then));
    });
}

} // namespace render::job_store
