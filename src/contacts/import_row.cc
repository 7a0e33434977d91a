#include "contacts/import_row.h"

#include "contacts/import_csv.h"
#include "postrider/contacts/email_address.h"
#include "postrider/contacts/field_rules.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>

namespace postrider::contacts {

namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";

std::string_view trimmed(std::string_view text) {
  auto const from = text.find_first_not_of(blanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

void append_json(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (char const c : text) {
    auto const u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (u < 0x20) {
      out += "\\u00";
      out += digits[u >> 4U];
      out += digits[u & 15U];
    } else {
      out += c;
    }
  }
  out += '"';
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Only what a number would print as again: "42", "-3.5"; not "007", "1e3", "+4", "1.50" or twenty digits.
bool is_plain_number(std::string_view text) {
  if (text.starts_with('-')) {
    text.remove_prefix(1);
    if (text == "0") return false;
  }
  auto const dot = text.find('.');
  auto const whole = text.substr(0, dot);
  if (!all_digits(whole) || whole.size() > 15 || (whole.size() > 1 && whole.front() == '0')) return false;
  if (dot == std::string_view::npos) return true;
  auto const part = text.substr(dot + 1);
  return all_digits(part) && part.back() != '0' && whole.size() + part.size() <= 15 && (whole != "0" || part.size() <= 4);
}

void append_value(std::string& out, std::string_view cell) {
  if (cell == "true" || cell == "TRUE" || cell == "True") out += "true";
  else if (cell == "false" || cell == "FALSE" || cell == "False") out += "false";
  else if (is_plain_number(cell)) out += cell;
  else append_json(out, cell);
}

// "+49 (170) 123-45" and "0049 170 12345" as E.164 wants them.
std::string plain_phone(std::string_view text) {
  std::string out;
  for (char const c : text)
    if (std::string_view(" ()-./").find(c) == std::string_view::npos) out += c;
  if (out.starts_with("00")) out.replace(0, 2, "+");
  return out;
}

std::optional<bool> truth(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower == "true" || lower == "1" || lower == "yes" || lower == "y") return true;
  if (lower == "false" || lower == "0" || lower == "no" || lower == "n") return false;
  return std::nullopt;
}

void insert_sorted(std::vector<std::string>& all, std::string_view text) {
  auto const at = std::ranges::lower_bound(all, text);
  if (at == all.end() || *at != text) all.insert(at, std::string(text));
}

constexpr std::array<std::string_view, 4> verdicts{"create", "update", "unchanged", "reject"};

}  // namespace

std::string_view name(Verdict verdict) { return verdicts[static_cast<std::size_t>(verdict)]; }

std::optional<Verdict> parse_verdict(std::string_view text) {
  auto const at = std::ranges::find(verdicts, text);
  if (at == verdicts.end()) return std::nullopt;
  return static_cast<Verdict>(at - verdicts.begin());
}

void ImportRow::refuse(std::string why) {
  verdict = Verdict::reject;
  if (!reason.empty()) reason += "; ";
  reason += why;
}

RowReader::RowReader(std::vector<ColumnMapping> columns, std::vector<std::string> tags_for_all)
    : columns_(std::move(columns)), tags_for_all_(std::move(tags_for_all)) {
  std::ranges::sort(tags_for_all_);
  for (auto const& column : columns_) {
    std::string start;
    append_json(start, column.attribute);
    attribute_starts_.push_back(start + ":");
  }
}

bool RowReader::known_zone(std::string_view zone) {
  auto const [found, fresh] = zones_.try_emplace(std::string(zone), false);
  if (fresh) found->second = is_time_zone(zone);
  auto const answer = found->second;
  if (zones_.size() > 10'000) zones_.clear();  // somebody's column of nonsense
  return answer;
}

void RowReader::take(ImportRow& row, ColumnMapping const& column, std::string_view cell) {
  auto bounded = [&](std::optional<std::string>& field, std::size_t longest) {
    if (cell.size() > longest) row.refuse(*column.field() + ": has at most " + std::to_string(longest) + " bytes");
    else field = cell;
  };
  switch (column.target) {
    case Target::ignored:
    case Target::attribute: break;
    case Target::email:
      if (auto address = parse_email(cell)) {
        row.email = std::move(address->original);
        row.email_key = std::move(address->key);
      } else {
        row.refuse("email: must be an e-mail address like jane@example.net");
      }
      break;
    case Target::phone:
      if (auto phone = plain_phone(cell); is_phone(phone)) row.phone = std::move(phone);
      else row.refuse("phone: must be a number in E.164 form like +491701234567");
      break;
    case Target::first_name: bounded(row.first_name, longest_name); break;
    case Target::last_name: bounded(row.last_name, longest_name); break;
    case Target::time_zone:
      if (known_zone(cell)) row.time_zone = cell;
      else row.refuse("time_zone: must be a zone of the IANA database like Europe/Rome");
      break;
    case Target::locale: bounded(row.locale, longest_locale); break;
    case Target::external_id: bounded(row.external_id, longest_external_id); break;
    case Target::lead_id:
      if (auto const id = LeadId::parse(cell)) row.lead_id = *id;
      else row.refuse("lead_id: must be the id of a lead");
      break;
    case Target::tracking:
      row.tracking = truth(cell);
      if (!row.tracking) row.refuse("tracking: must be true or false");
      break;
    case Target::tags:
      for (std::size_t at = 0; at <= cell.size();) {
        auto const end = std::min(cell.find('|', at), cell.size());
        auto const tag = trimmed(cell.substr(at, end - at));
        if (is_tag(tag)) insert_sorted(row.tags, tag);
        else if (!tag.empty()) row.refuse("tags: a tag has 1 to 64 bytes and no comma; separate tags with |");
        at = end + 1;
      }
      break;
  }
}

ImportRow RowReader::read(std::int64_t number, std::vector<std::string_view> const& cells) {
  ImportRow row;
  row.number = number;
  row.tags = tags_for_all_;
  auto count = cells.size();
  while (count > columns_.size() && trimmed(cells[count - 1]).empty()) --count;
  if (count != columns_.size()) {
    row.refuse("has " + std::to_string(count) + (count == 1 ? " field" : " fields") + ", but the header has " + std::to_string(columns_.size()) +
               "; a delimiter or a quote is missing or too many");
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      auto const& column = columns_[i];
      if (column.target == Target::ignored) continue;
      auto const cell = unguarded(trimmed(cells[i]));
      if (cell.empty()) continue;
      if (column.target != Target::attribute) {
        take(row, column, cell);
        continue;
      }
      row.attributes += row.attributes.empty() ? '{' : ',';
      row.attributes += attribute_starts_[i];
      append_value(row.attributes, cell);
    }
    if (!row.attributes.empty()) row.attributes += '}';
    if (row.attributes.size() > largest_attributes) row.refuse("attributes: have at most 64 KB in all");
    if (row.tags.size() > most_tags) row.refuse("tags: a contact has at most 100");
    if (row.verdict != Verdict::reject && !row.email && !row.phone && !row.external_id)
      row.refuse("has neither an e-mail address nor a phone number nor an external_id, so nobody can tell who it is");
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) row.cells += ',';
    append_csv(row.cells, cells[i]);
  }
  return row;
}

void Facts::add(Contact contact, std::optional<std::string> email_key) {
  auto const at = contacts.size();
  if (email_key) by_email.emplace(*email_key, at);
  if (contact.external_id) by_external.emplace(*contact.external_id, at);
  if (contact.phone) by_phone.emplace(*contact.phone, at);
  contacts.push_back(std::move(contact));
}

}  // namespace postrider::contacts
