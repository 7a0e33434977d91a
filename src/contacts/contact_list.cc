// Lists and counts of contacts. The text of the statement is put together here, of the few pieces below; whatever the caller says is bound.
#include "contacts/contact_record.h"
#include "contacts/search_words.h"
#include "postrider/contacts/contacts.h"
#include "postrider/contacts/email_address.h"
#include "sql/contacts.h"

namespace postrider::contacts {

namespace {

constexpr std::string_view columns =
    "select c.id, c.email, c.phone, c.first_name, c.last_name, c.time_zone, c.locale, c.external_id, c.lead_id, c.attributes, c.tags, c.tracking, "
    "c.created_at, c.updated_at, c.email_key from contacts c where c.tenant_id = $1";
constexpr std::size_t email_key_column = 14;

class Query {
 public:
  Query(db::Dialect dialect, TenantId tenant) : postgres_(dialect == db::Dialect::postgres) { bind(tenant); }

  db::Parameters parameters;
  std::string where;

  std::string bind(db::Parameter value) {
    parameters.push_back(std::move(value));
    return "$" + std::to_string(parameters.size());
  }
  void both(std::string const& condition) { where += " and " + condition; }

  // False when nobody can fit.
  bool filter(Filter const& f) {
    if (f.email) {
      auto const address = parse_email(*f.email);
      if (!address) return false;
      both("c.email_key = " + bind(address->key));
    }
    if (f.external_id) both("c.external_id = " + bind(*f.external_id));
    if (f.search) search(*f.search);
    if (f.tag) tag(*f.tag);
    if (f.segment) both("c.id in (select m.contact_id from segment_memberships m where m.tenant_id = $1 and m.segment_id = " + bind(*f.segment) + ")");
    if (f.lead) both("c.lead_id = " + bind(*f.lead));
    if (f.created_from) both("c.created_at >= " + bind(*f.created_from));
    if (f.created_to) both("c.created_at < " + bind(*f.created_to));
    if (f.ids) ids(*f.ids);
    return true;
  }

 private:
  void search(std::string const& typed) {
    auto const words = search_words(typed);
    if (words.empty()) return;
    if (postgres_) {
      std::string wanted;
      for (auto const& word : words) wanted += (wanted.empty() ? "" : " & ") + word + ":*";
      both("c.search @@ to_tsquery('simple', " + bind(wanted) + ")");
      return;
    }
    for (auto const& word : words) both("c.search like " + bind("% " + word + "%"));
  }
  void ids(std::vector<ContactId> const& wanted) {
    db::TextArray list;
    for (auto const& id : wanted) list.items.push_back(id.str());
    auto const bound = bind(std::move(list));
    both(postgres_ ? "c.id = any(cast(" + bound + " as uuid[]))" : "c.id in (select value from json_each(" + bound + "))");
  }
  void tag(std::string const& text) {
    if (postgres_) both("c.tags @> jsonb_build_array(cast(" + bind(text) + " as text))");
    else both("exists (select 1 from json_each(c.tags) where value = " + bind(text) + ")");
  }

  bool postgres_;
};

// After every id that there is.
Uuid const greatest = *Uuid::parse("ffffffff-ffff-ffff-ffff-ffffffffffff");

bool by_address(Order order) { return order == Order::address || order == Order::address_backwards; }

Task<db::Rows> run(db::Store& store, db::Lane lane, std::string_view name, std::string text, db::Parameters parameters) {
  db::Statement const statement{"contacts", name, db::Tag::router, text, text, true};
  co_return co_await store.run_on(lane, statement, std::move(parameters));
}

}  // namespace

std::vector<std::string> Contacts::place(Contact const& contact, Order order) {
  std::vector<std::string> place;
  place.push_back(contact.id.str());
  if (by_address(order)) place.push_back(key_of(contact).value_or(""));
  return place;
}

std::vector<std::string> Contacts::place(db::Row row, Order order) {
  std::vector<std::string> place;
  place.push_back(row.text(0));
  if (by_address(order)) place.push_back(row.maybe_text(email_key_column).value_or(""));
  return place;
}

Task<std::vector<Contact>> Contacts::list(TenantId tenant, Filter filter, Order order, std::optional<std::vector<std::string>> after, int limit,
                                          db::Lane lane) {
  auto const found = co_await rows(tenant, std::move(filter), order, std::move(after), limit, lane);
  std::vector<Contact> all;
  all.reserve(found.size());
  for (auto const row : found) all.push_back(read_contact(row));
  co_return all;
}

Task<db::Rows> Contacts::rows(TenantId tenant, Filter filter, Order order, std::optional<std::vector<std::string>> after, int limit, db::Lane lane) {
  db::Rows all;
  std::optional<ContactId> last;
  if (after && !after->empty()) last = ContactId::parse(after->front());
  std::string const last_key = after && after->size() > 1 ? (*after)[1] : "";
  bool const down = order != Order::oldest;
  if (filter == Filter() && !by_address(order)) {
    // What everybody looks at first is prepared.
    if (down) co_return co_await store_.all_on(lane, sql::contacts::page_newest, tenant, last.value_or(ContactId(greatest)), limit);
    co_return co_await store_.all_on(lane, sql::contacts::page_oldest, tenant, last.value_or(ContactId()), limit);
  }
  if (by_address(order) && (!last || !last_key.empty())) {
    Query query(store_.dialect(), tenant);
    if (!query.filter(filter)) co_return all;
    bool const up = order == Order::address;
    query.both("c.email_key is not null");
    if (last) query.both(std::string("c.email_key ") + (up ? "> " : "< ") + query.bind(last_key));
    auto text = std::string(columns) + query.where + " order by c.email_key" + (up ? "" : " desc") + " limit " + query.bind(limit);
    all = co_await run(store_, lane, "list_by_address", std::move(text), std::move(query.parameters));
    last.reset();
  }
  if (static_cast<int>(all.size()) >= limit) co_return all;
  Query query(store_.dialect(), tenant);
  if (!query.filter(filter)) co_return all;
  if (by_address(order)) query.both("c.email_key is null");
  if (last) query.both(std::string("c.id ") + (down ? "< " : "> ") + query.bind(*last));
  auto text = std::string(columns) + query.where + " order by c.id" + (down ? " desc" : "") + " limit " + query.bind(limit - static_cast<int>(all.size()));
  all.append(co_await run(store_, lane, "list", std::move(text), std::move(query.parameters)));
  co_return all;
}

Task<Count> Contacts::count(TenantId tenant, Filter filter, std::int64_t limit) {
  Count count;
  Query query(store_.dialect(), tenant);
  if (!query.filter(filter)) co_return count;
  // Without a filter the primary key's index alone is read, to its end.
  bool const whole = query.where.empty();
  auto text = whole ? "select count(*) from contacts c where c.tenant_id = $1"
                    : "select count(*) from (select 1 from contacts c where c.tenant_id = $1" + query.where + " limit " + query.bind(limit + 1) + ") found";
  auto const rows = co_await run(store_, db::Lane::background, "count", std::move(text), std::move(query.parameters));
  count.contacts = rows[0].integer(0);
  if (!whole && count.contacts > limit) {
    count.contacts = limit;
    count.is_exact = false;
  }
  co_return count;
}

Task<std::vector<std::string>> Contacts::attribute_keys(TenantId tenant) {
  auto const rows = co_await store_.all_on(db::Lane::background, sql::contacts::attribute_keys, tenant);
  std::vector<std::string> all;
  for (auto const row : rows) all.push_back(row.text(0));
  co_return all;
}

}  // namespace postrider::contacts
