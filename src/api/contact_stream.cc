#include "api/contact_stream.h"

#include "postrider/contacts/csv_cell.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace postrider::api {

namespace {

constexpr int page = 1000;

class ContactStream : public http::BodyStream {
 public:
  ContactStream(contacts::Contacts& contacts, TenantId tenant, contacts::Filter filter, std::vector<std::string> keys)
      : contacts_(contacts), tenant_(tenant), filter_(std::move(filter)), keys_(std::move(keys)) {}

  Task<std::optional<std::string>> next() override {
    if (ended_) co_return std::nullopt;
    std::string out;
    if (!begun_) write_header(out);
    begun_ = true;
    auto const found = co_await contacts_.list(tenant_, filter_, contacts::Order::newest, after_, page, db::Lane::background);
    for (auto const& contact : found) write(contact, out);
    ended_ = static_cast<int>(found.size()) < page;
    if (!found.empty()) after_ = contacts::Contacts::place(found.back(), contacts::Order::newest);
    co_return out;
  }

 private:
  void cell(std::string& out, std::string_view text, bool first = false) {
    if (!first) out += ',';
    contacts::append_csv_cell(out, text);
  }
  void maybe_cell(std::string& out, std::optional<std::string> const& text) { cell(out, text ? std::string_view(*text) : std::string_view()); }

  void write_header(std::string& out) {
    out += "id,email,phone,first_name,last_name,time_zone,locale,external_id,lead_id,tags,created_at,updated_at";
    for (auto const& key : keys_) cell(out, "attributes." + key);
    out += "\r\n";
  }

  void write(contacts::Contact const& c, std::string& out) {
    cell(out, c.id.str(), true);
    for (auto const* const text : {&c.email, &c.phone, &c.first_name, &c.last_name, &c.time_zone, &c.locale, &c.external_id}) maybe_cell(out, *text);
    cell(out, c.lead_id ? c.lead_id->str() : "");
    std::string tags;
    for (auto const& tag : c.tags) tags += (tags.empty() ? "" : "|") + tag;
    cell(out, tags);
    cell(out, to_rfc3339(c.created_at));
    cell(out, to_rfc3339(c.updated_at));
    for (auto const& key : keys_) {
      auto const* const value = c.attributes.if_contains(key);
      if (!value || value->is_null()) cell(out, "");
      else if (value->is_string()) cell(out, value->get_string());
      else cell(out, boost::json::serialize(*value));
    }
    out += "\r\n";
  }

  contacts::Contacts& contacts_;
  TenantId tenant_;
  contacts::Filter filter_;
  std::vector<std::string> keys_;
  std::optional<std::vector<std::string>> after_;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<http::BodyStream> contact_stream(contacts::Contacts& contacts, TenantId tenant, contacts::Filter filter,
                                                 std::vector<std::string> attribute_keys) {
  return std::make_unique<ContactStream>(contacts, tenant, std::move(filter), std::move(attribute_keys));
}

}  // namespace postrider::api
