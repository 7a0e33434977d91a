// What would go wrong with a campaign, said before it does: an error forbids the launch, a warning is for people to weigh.
#include "postrider/campaigns/campaigns.h"

#include "sql/campaigns.h"

#include <boost/json/value.hpp>

#include <algorithm>
#include <set>

namespace postrider::campaigns {

namespace {

constexpr auto slow = std::chrono::hours(24 * 7);
constexpr auto outdated_after = std::chrono::minutes(15);

class Findings {
 public:
  explicit Findings(std::vector<Finding>& all) : all_(all) {}
  void error(char const* code, char const* pointer, std::string message) { all_.push_back(Finding{Severity::error, code, std::move(message), pointer}); }
  void warning(char const* code, char const* pointer, std::string message) { all_.push_back(Finding{Severity::warning, code, std::move(message), pointer}); }

 private:
  std::vector<Finding>& all_;
};

std::string spelled(Duration duration) { return to_text(std::chrono::duration_cast<Duration>(std::chrono::floor<std::chrono::minutes>(duration))); }

}  // namespace

Task<void> Campaigns::add_segment_findings(TenantId tenant, Campaign const& c, std::vector<Finding>& all) {
  Findings found(all);
  if (c.segment_ids.empty()) found.error("segments_missing", "/segment_ids", "choose at least one segment to send to");
  auto wanted = c.segment_ids;
  wanted.insert(wanted.end(), c.exclude_segment_ids.begin(), c.exclude_segment_ids.end());
  std::set<SegmentId> known;
  std::int64_t members = 0;
  auto const now = clock_.now();
  for (auto const row : co_await store_.all(sql::campaigns::segments, tenant, db::text_array(wanted))) {
    auto const id = row.id<SegmentId>(0);
    auto const name = "segment " + row.text(1);
    bool const included = std::ranges::find(c.segment_ids, id) != c.segment_ids.end();
    auto const* const pointer = included ? "/segment_ids" : "/exclude_segment_ids";
    known.insert(id);
    if (included) members += row.integer(3);
    if (!row.boolean(2)) continue;
    auto const calculated = row.maybe_instant(4);
    if (auto const failure = row.maybe_text(5)) found.warning("segment_failing", pointer, name + " could not be calculated: " + *failure);
    else if (!calculated) found.warning("segment_never_calculated", pointer, name + " has not been calculated yet");
    else if (now - *calculated > outdated_after) found.warning("segment_outdated", pointer, name + " was calculated " + spelled(now - *calculated) + " ago");
  }
  for (auto const& id : c.segment_ids)
    if (!known.contains(id)) found.error("segment_unknown", "/segment_ids", "there is no segment " + id.str());
  for (auto const& id : c.exclude_segment_ids)
    if (!known.contains(id)) found.error("segment_unknown", "/exclude_segment_ids", "there is no segment " + id.str());
  if (!c.segment_ids.empty() && members == 0 && known.size() == wanted.size()) found.warning("audience_empty", "/segment_ids", "nobody is in the chosen segments");
  if (c.throttle_per_minute && *c.throttle_per_minute > 0) {
    auto const takes = std::chrono::minutes(members / *c.throttle_per_minute);
    if (takes > slow)
      found.warning("throttle_slow", "/throttle_per_minute", "at " + std::to_string(*c.throttle_per_minute) + " a minute, " + std::to_string(members) +
                                                                " messages take " + std::to_string(takes / std::chrono::hours(24)) + " days");
  }
}

Task<void> Campaigns::add_template_findings(TenantId tenant, Campaign const& c, std::vector<Finding>& all) {
  Findings found(all);
  if (!c.template_id) {
    found.error("template_missing", "/template_id", "choose a template");
    co_return;
  }
  auto const row = co_await store_.maybe(sql::campaigns::current_version, tenant, *c.template_id);
  if (!row) {
    found.error("template_unknown", "/template_id", "there is no template with this id");
    co_return;
  }
  if (row->view(1) != "email") {
    found.error("template_channel", "/template_id", "the template is for " + row->text(1) + "; campaigns send e-mail");
    co_return;
  }
  auto const compiled = co_await templates_.compiled(tenant, row->id<TemplateVersionId>(0), c.tracking);
  if (!compiled) {
    found.error("template_broken", "/template_id", "the template does not compile any more: open it and save it again");
    co_return;
  }
  for (auto const& warning : compiled->warnings) found.warning(("template_" + std::string(warning.code)).c_str(), "/template_id", warning.message);
}

Task<void> Campaigns::add_sender_findings(TenantId tenant, Campaign const& c, std::vector<Finding>& all) {
  Findings found(all);
  if (!c.sender_id) {
    found.error("sender_missing", "/sender_id", "choose a sender");
    co_return;
  }
  auto const row = co_await store_.maybe(sql::campaigns::sender, tenant, *c.sender_id);
  if (!row) {
    found.error("sender_unknown", "/sender_id", "there is no sender with this id");
    co_return;
  }
  if (!row->boolean(0)) found.error("sender_unverified", "/sender_id", "the sender " + row->text(1) + " is not verified yet");
  if (row->is_null(2)) {
    found.error("provider_missing", "/sender_id", "the sender's provider is gone; choose another one for it");
    co_return;
  }
  if (row->maybe_text(3).value_or("ok") == "failed")
    found.warning("provider_failing", "/sender_id", "the provider's last check failed: " + row->maybe_text(4).value_or("no detail") + "; check it again");
  auto const breaker = row->json(5);
  auto const* const state = breaker.is_object() ? breaker.as_object().if_contains("state") : nullptr;
  if (state && state->is_string() && state->as_string() == "open")
    found.warning("provider_resting", "/sender_id", "the provider refuses mail at present; what is launched waits until it accepts again");
}

Task<std::vector<Finding>> Campaigns::findings(TenantId tenant, Campaign c) {
  std::vector<Finding> all;
  Findings found(all);
  if (c.name.empty()) found.error("name_missing", "/name", "give it a name");
  co_await add_segment_findings(tenant, c, all);
  co_await add_template_findings(tenant, c, all);
  co_await add_sender_findings(tenant, c, all);
  auto const schedule = Schedule::parse(c.schedule);
  if (!schedule) {
    found.error("schedule_broken", "/schedule", schedule.error().message);
  } else if (c.type == "recurring" && schedule->empty()) {
    found.error("schedule_missing", "/schedule", "a recurring campaign needs an rrule or a cron line");
  } else if (schedule->per_contact() && !schedule->recurring()) {
    auto const occurrence = schedule->next(Instant());
    auto const now = clock_.now();
    if (occurrence && occurrence->start < now && occurrence->latest > now)
      found.warning("local_time_passed", "/schedule/local", "in some zones this time has passed: people there get it at once");
  }
  std::vector<Finding> sorted;
  for (auto const severity : {Severity::error, Severity::warning})
    for (auto const& finding : all)
      if (finding.severity == severity) sorted.push_back(finding);
  co_return sorted;
}

Task<Result<void>> Campaigns::check_ready(TenantId tenant, Campaign c) {
  auto const all = co_await findings(tenant, std::move(c));
  std::vector<FieldError> mistakes;
  for (auto const& finding : all)
    if (finding.severity == Severity::error) mistakes.push_back(FieldError{finding.pointer, finding.code, finding.message});
  if (mistakes.empty()) co_return Result<void>();
  auto first = mistakes.front().message;
  co_return invalid("the campaign is not ready: " + first, std::move(mistakes));
}

}  // namespace postrider::campaigns
