#include "postrider/delivery/waiting.h"

#include "sql/sending.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace postrider::delivery {

namespace {

std::string text_at(boost::json::object const& object, std::string_view key) {
  auto const* const value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

// "paced:campaign/minute"
std::string budget_sentence(std::string_view held_by) {
  auto const label = held_by.substr(held_by.find(':') + 1);
  auto const slash = label.rfind('/');
  auto const name = label.substr(0, slash);
  auto const span = slash == std::string_view::npos ? std::string_view("minute") : label.substr(slash + 1);
  if (name == "campaign") return "the campaign's throttle lets no more through at the moment";
  return "the budget '" + std::string(name) + "' for the " + std::string(span) + " is used up";
}

}  // namespace

Task<std::optional<Waiting>> waiting_for(db::Session& session, TenantId tenant, MessageId message, Instant now) {
  auto const row = co_await session.maybe(sql::sending::waiting, tenant, message);
  if (!row || row->view(0) != "queued") co_return std::nullopt;
  auto const due_at = row->instant(1);
  if (due_at > now) {
    if (!row->is_null(3)) co_return Waiting("retry", "the last attempt ended with: " + row->text(3), due_at);
    co_return Waiting("scheduled", "it is not due yet", due_at);
  }
  if (!row->is_null(4) && !row->boolean(4)) co_return Waiting("paused", "its campaign is paused", std::nullopt);
  if (!row->is_null(9)) {
    auto const stored = row->json(9);
    auto const& breaker = stored.as_object();
    auto const state = text_at(breaker, "state");
    if (state == "open" || state == "half_open")
      co_return Waiting("provider_down", "the provider does not work (" + text_at(breaker, "reason") + "); it is tried again now and then", parse_instant(text_at(breaker, "retry_at")));
  }
  if (!row->is_null(6) && row->view(6).starts_with("paced")) co_return Waiting("paced", budget_sentence(row->view(6)), row->maybe_instant(5));
  co_return Waiting("turn", "others are before it", std::nullopt);
}

}  // namespace postrider::delivery
