#include "postrider/db/statement.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

namespace postrider::db {

std::optional<std::string> Columns::cell(double value) { return fmt::format("{}", value); }

Parameter::Parameter(boost::json::value const& json) {
  if (!json.is_null()) value_ = boost::json::serialize(json);
}

Parameter::Parameter(boost::json::object const& json) : value_(boost::json::serialize(json)) {}

Parameter::Parameter(boost::json::array const& json) : value_(boost::json::serialize(json)) {}

}  // namespace postrider::db
