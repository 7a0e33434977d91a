#include "contacts/import_row.h"

#include "postrider/contacts/field_rules.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace postrider::contacts {

namespace {

template <class Map, class Key>
typename Map::mapped_type const* find(Map const& map, std::optional<Key> const& key) {
  if (!key) return nullptr;
  auto const found = map.find(*key);
  return found == map.end() ? nullptr : &found->second;
}

bool doubled(ImportRow& row, std::int64_t const* earlier, std::string_view what) {
  if (!earlier) return false;
  row.refuse("has the same " + std::string(what) + " as row " + std::to_string(*earlier) + ", which comes first");
  return true;
}

void change(std::optional<std::string>& field, std::optional<std::string> const& wanted, boost::json::object& before, std::string_view name) {
  if (!wanted || field == wanted) return;
  before[name] = field ? boost::json::value(*field) : boost::json::value(nullptr);
  field = wanted;
}

// False when the contact would hold more than it may.
bool change_attributes(RowUpdate& update, ImportRow& row) {
  if (row.attributes.empty()) return true;
  boost::json::object before;
  auto const wanted = boost::json::parse(row.attributes);
  for (auto const& member : wanted.as_object()) {
    auto const* const old = update.after.attributes.if_contains(member.key());
    if (old && *old == member.value()) continue;
    before[member.key()] = old ? *old : boost::json::value(nullptr);
    update.after.attributes[member.key()] = member.value();
  }
  if (before.empty()) return true;
  if (update.after.attributes.size() > most_attributes || boost::json::serialize(update.after.attributes).size() > largest_attributes) {
    row.refuse("attributes: with those it has already, the contact would have more than 200 attributes, or more than 64 KB of them");
    return false;
  }
  update.before["attributes"] = std::move(before);
  return true;
}

bool add_tags(RowUpdate& update, ImportRow& row) {
  boost::json::array added;
  for (auto const& tag : row.tags) {
    if (std::ranges::find(update.after.tags, tag) != update.after.tags.end()) continue;
    added.emplace_back(tag);
    update.after.tags.push_back(tag);
  }
  if (added.empty()) return true;
  if (update.after.tags.size() > most_tags) {
    row.refuse("tags: with those it has already, the contact would have more than 100");
    return false;
  }
  std::ranges::sort(update.after.tags);
  update.before["tags"] = std::move(added);
  return true;
}

}  // namespace

std::optional<RowUpdate> decide(ImportRow& row, Facts const& facts) {
  if (row.verdict == Verdict::reject) return std::nullopt;
  bool const by_phone_only = !row.email_key && !row.external_id;
  if (doubled(row, find(facts.earlier_email, row.email_key), "e-mail address")) return std::nullopt;
  if (doubled(row, find(facts.earlier_external, row.external_id), "external_id")) return std::nullopt;
  if (by_phone_only && doubled(row, find(facts.earlier_phone, row.phone), "phone number")) return std::nullopt;
  auto const* const by_email = find(facts.by_email, row.email_key);
  auto const* const by_external = find(facts.by_external, row.external_id);
  if (by_email && by_external && *by_email != *by_external) {
    row.refuse("its e-mail address and its external_id belong to two different contacts");
    return std::nullopt;
  }
  if (row.lead_id && !facts.leads.contains(*row.lead_id)) {
    row.refuse("lead_id: there is no lead with this id");
    return std::nullopt;
  }
  if (auto const* const why = find(facts.suppressed, row.email_key)) row.note = "the address is suppressed (" + *why + ") and stays so";
  auto const* known = by_email ? by_email : by_external;
  if (by_phone_only) known = find(facts.by_phone, row.phone);
  if (!known) {
    row.verdict = Verdict::create;
    return std::nullopt;
  }
  RowUpdate update;
  update.after = facts.contacts[*known];
  row.contact = update.after.id;
  if (doubled(row, find(facts.earlier_contact, row.contact), "contact")) return std::nullopt;
  // Another spelling of the same address is no change.
  if (row.email && !by_email) change(update.after.email, row.email, update.before, "email");
  change(update.after.phone, row.phone, update.before, "phone");
  change(update.after.first_name, row.first_name, update.before, "first_name");
  change(update.after.last_name, row.last_name, update.before, "last_name");
  change(update.after.time_zone, row.time_zone, update.before, "time_zone");
  change(update.after.locale, row.locale, update.before, "locale");
  change(update.after.external_id, row.external_id, update.before, "external_id");
  if (row.lead_id && update.after.lead_id != row.lead_id) {
    update.before["lead_id"] = update.after.lead_id ? boost::json::value(update.after.lead_id->str()) : boost::json::value(nullptr);
    update.after.lead_id = row.lead_id;
  }
  if (row.tracking && update.after.tracking != *row.tracking) {
    update.before["tracking"] = update.after.tracking;
    update.after.tracking = *row.tracking;
  }
  if (!change_attributes(update, row) || !add_tags(update, row)) return std::nullopt;
  if (update.before.empty()) {
    row.verdict = Verdict::unchanged;
    return std::nullopt;
  }
  row.verdict = Verdict::update;
  return update;
}

}  // namespace postrider::contacts
