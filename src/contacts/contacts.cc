#include "postrider/contacts/contacts.h"

#include "postrider/audit/audit.h"
#include "postrider/contacts/email_address.h"
#include "postrider/contacts/field_rules.h"
#include "sql/contacts.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <set>

namespace postrider::contacts {

namespace {

boost::json::value shown(std::optional<std::string> const& text) { return text ? boost::json::value(*text) : boost::json::value(nullptr); }

boost::json::array tags_of(Contact const& contact) {
  boost::json::array tags;
  for (auto const& tag : contact.tags) tags.emplace_back(tag);
  return tags;
}

boost::json::object described(Contact const& c) {
  boost::json::object out;
  out["email"] = shown(c.email);
  out["phone"] = shown(c.phone);
  out["first_name"] = shown(c.first_name);
  out["last_name"] = shown(c.last_name);
  out["time_zone"] = shown(c.time_zone);
  out["locale"] = shown(c.locale);
  out["external_id"] = shown(c.external_id);
  out["lead_id"] = c.lead_id ? boost::json::value(c.lead_id->str()) : boost::json::value(nullptr);
  out["attributes"] = c.attributes;
  out["tags"] = tags_of(c);
  out["tracking"] = c.tracking;
  return out;
}

std::optional<std::string> key_of(Contact const& contact) {
  if (!contact.email) return std::nullopt;
  return parse_email(*contact.email)->key;
}

std::string beyond(std::string text) { return text + "\xf4\x8f\xbf\xbf"; }

ContactId beyond_all() { return *ContactId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"); }

Error taken(db::UniqueViolation const& violation) {
  bool const external = violation.constraint.find("external") != std::string::npos;
  auto error = conflict(external ? "another contact has this external_id" : "another contact has this e-mail address; use ?upsert=email to change it");
  error.fields.push_back(FieldError{external ? "/external_id" : "/email", "duplicate", error.message});
  return error;
}

Error bad_reference() { return invalid_field("/lead_id", "invalid_value", "there is no lead with this id"); }

}  // namespace

Contact read_contact(db::Row row, std::size_t at) {
  Contact c;
  c.id = row.id<ContactId>(at + 0);
  c.email = row.maybe_text(at + 1);
  c.phone = row.maybe_text(at + 2);
  c.first_name = row.maybe_text(at + 3);
  c.last_name = row.maybe_text(at + 4);
  c.time_zone = row.maybe_text(at + 5);
  c.locale = row.maybe_text(at + 6);
  c.external_id = row.maybe_text(at + 7);
  c.lead_id = row.maybe_id<LeadId>(at + 8);
  c.attributes = row.json(at + 9).as_object();
  auto const tags = row.json(at + 10);
  for (auto const& tag : tags.as_array()) c.tags.emplace_back(tag.as_string());
  c.tracking = row.boolean(at + 11);
  c.created_at = row.instant(at + 12);
  c.updated_at = row.instant(at + 13);
  return c;
}

Result<Contact> changed(Contact contact, Change const& change) {
  std::vector<FieldError> mistakes;
  auto mistake = [&mistakes](std::string pointer, std::string code, std::string message) {
    mistakes.push_back(FieldError{std::move(pointer), std::move(code), std::move(message)});
  };
  contact.email = change.email.over(contact.email);
  if (change.email.has_value()) {
    if (auto const address = parse_email(*change.email)) contact.email = address->original;
    else mistake("/email", "invalid_value", "must be an e-mail address like jane@example.net");
  }
  contact.phone = change.phone.over(contact.phone);
  if (change.phone.has_value() && !is_phone(*change.phone)) mistake("/phone", "invalid_value", "must be a number in E.164 form like +491701234567");
  contact.time_zone = change.time_zone.over(contact.time_zone);
  if (change.time_zone.has_value() && !is_time_zone(*change.time_zone))
    mistake("/time_zone", "invalid_value", "must be a zone of the IANA database like Europe/Rome");
  contact.first_name = change.first_name.over(contact.first_name);
  contact.last_name = change.last_name.over(contact.last_name);
  contact.locale = change.locale.over(contact.locale);
  contact.external_id = change.external_id.over(contact.external_id);
  contact.lead_id = change.lead_id.over(contact.lead_id);
  if (change.tracking) contact.tracking = *change.tracking;
  if (change.attributes) {
    for (auto const& member : *change.attributes) {
      if (!is_attribute_key(member.key())) {
        mistake("/attributes/" + std::string(member.key()), "invalid_value", "an attribute's name has 1 to 64 letters, digits, dots, dashes or underscores");
      } else if (member.value().is_null()) {
        contact.attributes.erase(member.key());
      } else {
        contact.attributes[member.key()] = member.value();
      }
    }
    if (contact.attributes.size() > most_attributes) mistake("/attributes", "too_long", "a contact has at most 200 attributes");
    if (boost::json::serialize(contact.attributes).size() > largest_attributes) mistake("/attributes", "too_long", "attributes have at most 64 KB in all");
  }
  if (change.tags) {
    std::set<std::string> tags;
    std::size_t index = 0;
    for (auto const& tag : *change.tags) {
      if (!is_tag(tag))
        mistake("/tags/" + std::to_string(index), "invalid_value", "a tag has 1 to 64 bytes and no | or comma");
      tags.insert(tag);
      ++index;
    }
    if (tags.size() > most_tags) mistake("/tags", "too_long", "a contact has at most 100 tags");
    contact.tags.assign(tags.begin(), tags.end());
  }
  if (!mistakes.empty()) return invalid("the contact cannot be saved: " + mistakes.front().message, mistakes);
  if (!contact.email && !contact.phone && !contact.external_id)
    return invalid_field("/email", "required", "a contact needs an e-mail address, a phone number or an external_id");
  return contact;
}

Task<Result<Contacts::Saved>> Contacts::create(Context context, Change wanted, bool upsert) {
  auto const now = clock_.now();
  auto fresh = changed(Contact(), wanted);
  if (!fresh) co_return fresh.error();
  std::optional<Error> refused;
  try {
    if (upsert && fresh->email) {
      auto const known = co_await store_.maybe(sql::contacts::find_by_key, context.tenant, key_of(*fresh));
      if (known) {
        auto after = co_await change(context, known->id<ContactId>(0), wanted, std::nullopt);
        if (!after) co_return after.error();
        co_return Saved{std::move(*after), false};
      }
    }
    auto tx = co_await store_.begin();
    auto& c = *fresh;
    c.id = ids_.make<ContactId>();
    c.created_at = c.updated_at = now;
    co_await tx.exec(sql::contacts::insert, context.tenant, c.id, c.email, key_of(c), c.phone, c.first_name, c.last_name, c.time_zone, c.locale,
                     c.external_id, c.lead_id, c.attributes, tags_of(c), c.tracking, now);
    std::vector<audit::Entry> entries;
    entries.push_back(audit::Entry{"contact", c.id.uuid(), "created", audit::difference(boost::json::object(), described(c))});
    co_await audit::record(tx, context, std::move(entries), ids_, now);
    co_await tx.commit();
  } catch (db::UniqueViolation const& violation) {
    refused = taken(violation);
  } catch (db::ForeignKeyViolation const&) {
    refused = bad_reference();
  }
  if (refused) co_return *refused;
  co_return Saved{std::move(*fresh), true};
}

Task<Result<Contact>> Contacts::find(TenantId tenant, ContactId id) {
  auto const row = co_await store_.maybe(sql::contacts::find, tenant, id);
  if (!row) co_return not_found("contact", id.str());
  co_return read_contact(*row);
}

Task<Result<Contact>> Contacts::change(Context context, ContactId id, Change wanted, std::optional<Instant> expected) {
  auto const now = clock_.now();
  std::optional<Error> refused;
  Contact result;
  try {
    auto tx = co_await store_.begin();
    auto const row = co_await tx.maybe(sql::contacts::find, context.tenant, id);
    if (!row) co_return not_found("contact", id.str());
    auto const before = read_contact(*row);
    if (expected && before.updated_at != *expected)
      co_return Error(Code::precondition, "the contact was changed meanwhile: read it again, then repeat your change");
    auto after = changed(before, wanted);
    if (!after) co_return after.error();
    auto changes = audit::difference(described(before), described(*after));
    if (changes.empty()) co_return before;
    auto& c = *after;
    c.updated_at = now;
    co_await tx.exec(sql::contacts::update, context.tenant, id, c.email, key_of(c), c.phone, c.first_name, c.last_name, c.time_zone, c.locale, c.external_id,
                     c.lead_id, c.attributes, tags_of(c), c.tracking, now);
    std::vector<audit::Entry> entries;
    entries.push_back(audit::Entry{"contact", id.uuid(), "updated", std::move(changes)});
    co_await audit::record(tx, context, std::move(entries), ids_, now);
    co_await tx.commit();
    result = std::move(c);
  } catch (db::UniqueViolation const& violation) {
    refused = taken(violation);
  } catch (db::ForeignKeyViolation const&) {
    refused = bad_reference();
  }
  if (refused) co_return *refused;
  co_return result;
}

Task<Result<void>> Contacts::remove(Context context, ContactId id) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const row = co_await tx.maybe(sql::contacts::find, context.tenant, id);
  if (!row) co_return not_found("contact", id.str());
  co_await tx.exec(sql::contacts::leave_segments, context.tenant, id);
  co_await tx.exec(sql::contacts::remove, context.tenant, id);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"contact", id.uuid(), "deleted", audit::difference(described(read_contact(*row)), boost::json::object())});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

Task<std::vector<Contact>> Contacts::list(TenantId tenant, Filter filter, std::optional<ContactId> before, int limit) {
  auto const last = before.value_or(beyond_all());
  db::Rows rows;
  if (filter.email) {
    auto const address = parse_email(*filter.email);
    if (address && !before) rows = co_await store_.all(sql::contacts::find_by_key, tenant, address->key);
  } else if (filter.external_id) {
    rows = co_await store_.all(sql::contacts::list_by_external_id, tenant, *filter.external_id, last, limit);
  } else if (filter.search && !filter.search->empty()) {
    auto typed = *filter.search;
    std::ranges::transform(typed, typed.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    rows = co_await store_.all(sql::contacts::list_by_email, tenant, typed, beyond(typed), last, limit);
  } else if (filter.tag) {
    rows = co_await store_.all(sql::contacts::list_by_tag, tenant, *filter.tag, last, limit);
  } else if (filter.segment) {
    rows = co_await store_.all(sql::contacts::list_of_segment, tenant, *filter.segment, last, limit);
  } else {
    rows = co_await store_.all(sql::contacts::list, tenant, last, limit);
  }
  std::vector<Contact> all;
  all.reserve(rows.size());
  for (auto const row : rows) all.push_back(read_contact(row));
  co_return all;
}

Task<Result<boost::json::object>> Contacts::export_of(TenantId tenant, ContactId id) {
  auto const contact = co_await find(tenant, id);
  if (!contact) co_return contact.error();
  boost::json::object out;
  auto person = described(*contact);
  person["id"] = contact->id.str();
  person["created_at"] = to_rfc3339(contact->created_at);
  person["updated_at"] = to_rfc3339(contact->updated_at);
  out["contact"] = std::move(person);
  co_return out;
}

Task<Result<void>> Contacts::erase(Context context, ContactId id) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const row = co_await tx.maybe(sql::contacts::find, context.tenant, id);
  if (!row) co_return not_found("contact", id.str());
  co_await tx.exec(sql::contacts::forget_attempts, context.tenant, id);
  co_await tx.exec(sql::contacts::forget_events, context.tenant, id);
  co_await tx.exec(sql::contacts::forget_marketing_events, context.tenant, id);
  co_await tx.exec(sql::contacts::forget_consents, context.tenant, id);
  co_await tx.exec(sql::contacts::forget_imports, context.tenant, id);
  co_await tx.exec(sql::contacts::leave_segments, context.tenant, id);
  co_await tx.exec(sql::contacts::remove, context.tenant, id);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"contact", id.uuid(), "erased", boost::json::object()});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

}  // namespace postrider::contacts
