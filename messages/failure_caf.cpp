#include "messages/failure_caf.hpp"

#include <caf/atom.hpp>
#include <caf/make_message.hpp>
#include <caf/sec.hpp>
#include <caf/to_string.hpp>

namespace render {

namespace {

constexpr auto category = caf::atom("render");

} // namespace

caf::error to_error(const failure& what) {
  return caf::error{static_cast<uint8_t>(what.kind), category,
                    caf::make_message(what.message)};
}

failure to_failure(const caf::error& err) {
  if (err.category() == category) {
    std::string message = "no details";
    if (err.context().match_elements<std::string>())
      message = err.context().get_as<std::string>(0);
    return {static_cast<failure_kind>(err.code()), std::move(message)};
  }
  if (err == caf::sec::request_timeout)
    return {failure_kind::outcome_unknown, "no answer in time"};
  if (err == caf::sec::request_receiver_down)
    return {failure_kind::unavailable, "the component that was asked is down"};
  return {failure_kind::internal, caf::to_string(err)};
}

} // namespace render
