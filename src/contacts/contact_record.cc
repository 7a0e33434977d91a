#include "contacts/contact_record.h"

#include "postrider/contacts/email_address.h"
#include "postrider/contacts/field_rules.h"
#include "postrider/json/problems.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <set>

namespace postrider::contacts {

namespace {

boost::json::value shown(std::optional<std::string> const& text) { return text ? boost::json::value(*text) : boost::json::value(nullptr); }

}  // namespace

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
  auto const address = parse_email(*contact.email);
  return address ? std::optional(address->key) : std::nullopt;
}

void merge_attributes(boost::json::object& attributes, boost::json::object const& change, std::vector<FieldError>& mistakes) {
  auto mistake = [&mistakes](std::string pointer, std::string code, std::string message) {
    mistakes.push_back(FieldError{std::move(pointer), std::move(code), std::move(message)});
  };
  for (auto const& member : change) {
    if (!is_attribute_key(member.key()))
      mistake((json::Pointer() / "attributes" / member.key()).str(), "invalid_value", "an attribute's name has 1 to 64 letters, digits, dots, dashes or underscores");
    else if (member.value().is_null()) attributes.erase(member.key());
    else attributes[member.key()] = member.value();
  }
  if (attributes.size() > most_attributes) mistake("/attributes", "too_long", "there are at most 200 attributes");
  if (boost::json::serialize(attributes).size() > largest_attributes) mistake("/attributes", "too_long", "attributes have at most 64 KB in all");
}

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
  if (contact.external_id && contact.external_id->empty()) contact.external_id = std::nullopt;
  if (change.attributes) merge_attributes(contact.attributes, *change.attributes, mistakes);
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

}  // namespace postrider::contacts
