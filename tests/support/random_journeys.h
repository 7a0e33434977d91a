// Seeded random journeys: every kind of node, wait, trigger, action and rule, well-formed by construction, with now and then a way that
// parse_definition has to refuse. And what happens to people meanwhile.
#pragma once

#include "postrider/base/random.h"
#include "postrider/journeys/definition.h"
#include "support/random_conditions.h"

#include <boost/json/object.hpp>

#include <string>
#include <utility>
#include <vector>

namespace postrider::test {

// What the journeys may name, so that it is there (or, for some of it, is not).
struct JourneyNames {
  std::vector<TemplateId> templates;
  std::vector<SenderId> senders;
  std::vector<SegmentId> segments;
  std::vector<JourneyId> journeys;
  std::string webhook = "http://127.0.0.1:1/hook";
  People const* people = nullptr;  // with them: conditions with hostile values, over their segments and campaigns
};

struct RandomJourney {
  std::string text;  // of the definition
  journeys::Definition definition;
};

class RandomJourneys {
 public:
  RandomJourneys(Random& random, JourneyNames names, Instant now) : random_(random), names_(std::move(names)), now_(now) {}

  // Valid. What is refused is counted, and drawn again.
  RandomJourney next();
  // Type and properties; of the types that the journeys wait for, mostly.
  std::pair<std::string, boost::json::object> event();
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_.next() % limit); }
  bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }

  std::size_t made() const { return made_; }
  std::size_t refused() const { return refused_; }

 private:
  struct Draft;
  boost::json::object draft();
  boost::json::object trigger();
  boost::json::object wait();
  boost::json::object action(Draft const& draft);
  boost::json::object on_error(Draft const& draft);
  boost::json::value condition(int depth);
  boost::json::array where();
  std::string duration();
  boost::json::value plain();

  Random& random_;
  JourneyNames names_;
  Instant now_;
  std::size_t made_ = 0, refused_ = 0;
};

}  // namespace postrider::test
