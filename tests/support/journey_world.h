// A tenant with people, a sender and a template, journeys that are active at once, and an engine that goes on when told. Time is the store
// test's clock: `later` moves it and lets everything happen that is due.
#pragma once

#include "postrider/journeys/engine.h"
#include "support/campaign_world.h"

#include <map>
#include <string>
#include <vector>

namespace postrider::test {

struct JourneyWorld {
  explicit JourneyWorld(TestStore& store_test);

  Task<void> prepare(int people);
  ContactId person(int number) const { return world.person(number); }
  // Active at once. MAIL stands for the settings of an action that sends the template; `rest` is what follows the nodes.
  Task<JourneyId> journey(std::string nodes, std::string rest = "");
  // A new version, without moving anybody.
  Task<void> publish(JourneyId id, int version, std::string nodes, std::string rest = "");

  Task<void> happens(ContactId contact, std::string type, std::string payload = "{}");
  // Hands what happened to the engine, and lets it step until nobody is due; returns how many turns were taken.
  Task<int> work();
  Task<int> later(Duration by);
  Task<ExecutionId> call(JourneyId id, ContactId contact);

  // "start next, pause next, bye"
  Task<std::string> path(ExecutionId id);
  Task<std::string> path(ContactId contact);
  Task<std::string> value(std::string sql);

  TestStore& t;
  CampaignWorld world;
  http::Client http;
  journeys::Engine engine;
  events::Position seen = {};
};

}  // namespace postrider::test
