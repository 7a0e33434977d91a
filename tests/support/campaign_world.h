// A tenant with people, a segment of all of them, a template, a verified sender, and campaigns over it; jobs run when told. What delivery
// would do is written into the ledger by hand, so that a test says exactly what is there.
#pragma once

#include "postrider/campaigns/campaigns.h"
#include "postrider/campaigns/reports.h"
#include "postrider/content/templates.h"
#include "postrider/segments/segments.h"
#include "support/store_test.h"

#include <string>
#include <vector>

namespace postrider::test {

struct CampaignWorld {
  explicit CampaignWorld(TestStore& store_test, campaigns::Settings settings = {});

  // The sender, the template, and `people` contacts "p<n>@example.net" with consent, all in the segment `everybody`.
  Task<void> prepare(int people);
  Task<SegmentId> static_segment(std::string name, std::vector<int> people);
  ContactId person(int number) const;
  // A draft to everybody, ready to launch.
  Task<campaigns::Campaign> draft(std::string type = "broadcast", std::string schedule = "{}", std::vector<SegmentId> segments = {});
  Task<campaigns::Campaign> again(CampaignId id);

  // Runs all jobs of the queue that are due, until none is; returns how many.
  Task<int> work();
  // All of a campaign's queued messages of a run become `status`.
  Task<void> deliver(CampaignId id, std::string status, int run = 1);
  Task<std::int64_t> count(std::string what);
  // The states of its report, "queued=1 sent=2"; also proves that they add up.
  Task<std::string> states(CampaignId id, std::optional<std::string> run = {});
  // What the audit says of it, oldest first: the actions.
  Task<std::vector<std::string>> actions(CampaignId id);

  TestStore& t;
  segments::Segments segments;
  content::Templates templates;
  campaigns::Campaigns campaigns;
  campaigns::Reports reports;
  Context context;
  SegmentId everybody;
  TemplateId letter;
  SenderId sender;
  ProviderId provider;
};

}  // namespace postrider::test
