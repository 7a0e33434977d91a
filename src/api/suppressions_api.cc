#include "api/suppressions_api.h"

#include "postrider/contacts/email_address.h"

#include <boost/describe.hpp>

#include <algorithm>

namespace postrider::api {

namespace {

constexpr std::size_t most_items = 10'000;
constexpr std::size_t a_transaction = 2'000;
constexpr std::uint64_t largest_file = 16 * 1024 * 1024;
constexpr std::size_t most_mistakes = 100;

struct SuppressionIn {
  std::string email_address;
  json::Defaulted<std::string> reason = std::string("manual");
  std::optional<std::string> source;
  static constexpr json::Rule json_rules[] = {json::length("source", 0, 100)};
  static constexpr std::string_view json_name = "SuppressionItem";
  static constexpr std::string_view json_read_only[] = {"id", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(SuppressionIn, (), (email_address, reason, source))

// One address, or many.
struct SuppressionsIn {
  std::optional<std::string> email_address;
  json::Defaulted<std::string> reason = std::string("manual");
  std::optional<std::string> source;
  std::optional<std::vector<SuppressionIn>> items;
  static constexpr json::Rule json_rules[] = {json::length("source", 0, 100), json::items("items", 1, most_items)};
  static constexpr std::string_view json_name = "SuppressionInput";
  static constexpr std::string_view json_read_only[] = {"id", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(SuppressionsIn, (), (email_address, reason, source, items))

struct SuppressionOut {
  SuppressionId id;
  std::string email_address, reason;
  std::optional<std::string> source;
  Instant created_at, updated_at;
  static constexpr std::string_view json_name = "Suppression";
};
BOOST_DESCRIBE_STRUCT(SuppressionOut, (), (id, email_address, reason, source, created_at, updated_at))

struct RejectedOut {
  std::int64_t index;  // of the item, or the line of a file
  std::string value, message;
  static constexpr std::string_view json_name = "RejectedAddress";
};
BOOST_DESCRIBE_STRUCT(RejectedOut, (), (index, value, message))

struct SuppressedOut {
  std::int64_t added, known, rejected;
  std::vector<RejectedOut> rejections;
  static constexpr std::string_view json_name = "SuppressionsAdded";
};
BOOST_DESCRIBE_STRUCT(SuppressedOut, (), (added, known, rejected, rejections))

boost::json::value shown(consent::Suppression const& s) {
  SuppressionOut const out{s.id, s.email_address, s.reason, s.source, s.created_at, s.updated_at};
  return json::encode(out);
}

constexpr std::string_view address_rule = "must be an e-mail address like jane@example.net";
constexpr std::string_view reason_rule = "reason must be manual, unsubscribe, bounce or complaint";

void reject(SuppressedOut& out, std::int64_t index, std::string_view value, std::string_view message) {
  ++out.rejected;
  if (out.rejections.size() < most_mistakes) out.rejections.push_back(RejectedOut{index, std::string(value.substr(0, 254)), std::string(message)});
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '"' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '"' || text.back() == '\r' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::vector<http::Route> SuppressionsApi::routes() {
  std::vector<http::Route> all;
  all.push_back(get("/suppressions", right::read, on(this, &SuppressionsApi::list),
                    doc("list_suppressions", "Addresses never to write to, newest first", "consent").paged().query("email_address", "Exactly this address")
                        .query("search", "Beginning of the address").query("reason", "For this reason", "string", {"manual", "unsubscribe", "bounce", "complaint"}).answers_list<SuppressionOut>()));
  all.push_back(post("/suppressions", right::write, on(this, &SuppressionsApi::create),
                     doc("create_suppression", "Never write to this address again, or to these up to 10,000 items; effective at once", "consent")
                         .takes<SuppressionsIn>().answers<SuppressionOut>(201, "One address").answers<SuppressedOut>(200, "Many: valid ones are kept, the others listed"),
                     http::BodyKind::json, 4 * 1024 * 1024));
  all.push_back(post("/suppressions/import", right::write, on(this, &SuppressionsApi::import_file),
                     doc("import_suppressions", "A file with an address a line, or CSV with a column email_address or email, and perhaps reason", "consent")
                         .takes_types({"text/csv", "text/plain"}).answers<SuppressedOut>(), http::BodyKind::raw, largest_file));
  all.push_back(get("/suppressions/{id}", right::read, on(this, &SuppressionsApi::show), doc("show_suppression", "One of them", "consent").answers<SuppressionOut>()));
  all.push_back(del("/suppressions/{id}", right::admin, on(this, &SuppressionsApi::remove), doc("delete_suppression", "Allow an address again, where consent allows it", "consent").answer(204)));
  return all;
}

SuppressionsApi::Answer SuppressionsApi::list(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  consent::SuppressionFilter filter;
  for (auto const& [name, slot] : {std::pair{"email_address", &filter.email}, std::pair{"search", &filter.search}, std::pair{"reason", &filter.reason}}) {
    auto text = query_text(request, name);
    if (!text) co_return text.error();
    *slot = std::move(*text);
  }
  auto const found = co_await consent::list_suppressions(store_, caller(request).context.tenant, filter, last_id<SuppressionId>(*page), page->limit + 1);
  auto encode = [](consent::Suppression const& s) { return shown(s); };
  auto key = [](consent::Suppression const& s) { return std::vector<std::string>{s.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

SuppressionsApi::Answer SuppressionsApi::show(http::Request& request) {
  auto const id = path_id<SuppressionId>(request, "suppression");
  if (!id) co_return id.error();
  auto const found = co_await consent::suppression(store_, caller(request).context.tenant, *id);
  if (!found) co_return found.error();
  co_return ok(shown(*found));
}

Task<consent::Suppressed> SuppressionsApi::add(Context context, std::vector<consent::Suppress> wanted) {
  consent::Suppressed sum;
  for (std::size_t at = 0; at < wanted.size(); at += a_transaction) {
    auto const end = std::min(at + a_transaction, wanted.size());
    std::vector<consent::Suppress> part(std::make_move_iterator(wanted.begin() + static_cast<std::ptrdiff_t>(at)),
                                        std::make_move_iterator(wanted.begin() + static_cast<std::ptrdiff_t>(end)));
    auto tx = co_await store_.begin();
    auto const done = co_await consent::suppress(tx, context, std::move(part), ids_, clock_.now());
    co_await tx.commit();
    sum.added += done.added;
    sum.known += done.known;
  }
  co_return sum;
}

SuppressionsApi::Answer SuppressionsApi::create(http::Request& request) {
  auto wanted = json::read<SuppressionsIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (wanted->items.has_value() == wanted->email_address.has_value())
    co_return invalid_field(wanted->items ? "/items" : "/email_address", "required", "give either email_address or items");
  auto const context = context_of(request);
  std::vector<consent::Suppress> list;
  if (wanted->email_address) {
    auto const& address = *wanted->email_address;
    if (!consent::is_reason(*wanted->reason)) co_return invalid_field("/reason", "invalid_value", std::string(reason_rule));
    if (!contacts::parse_email(address)) co_return invalid_field("/email_address", "invalid_value", std::string(address_rule));
    list.push_back(consent::Suppress{.email_address = address, .reason = *wanted->reason, .source = wanted->source.value_or("api")});
    co_await add(context, std::move(list));
    auto const made = co_await consent::find_suppression(store_, context.tenant, address);
    if (!made) co_return made.error();
    co_return created("/suppressions/" + made->id.str(), shown(*made));
  }
  SuppressedOut out{};
  std::int64_t index = 0;
  for (auto const& item : *wanted->items) {
    if (!contacts::parse_email(item.email_address)) reject(out, index, item.email_address, address_rule);
    else if (!consent::is_reason(*item.reason)) reject(out, index, *item.reason, reason_rule);
    else list.push_back(consent::Suppress{.email_address = item.email_address, .reason = *item.reason, .source = item.source.value_or("api")});
    ++index;
  }
  auto const done = co_await add(context, std::move(list));
  out.added = done.added;
  out.known = done.known;
  co_return ok(json::encode(out));
}

SuppressionsApi::Answer SuppressionsApi::import_file(http::Request& request) {
  std::string_view text = request.body;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  SuppressedOut out{};
  std::vector<consent::Suppress> list;
  std::size_t address_column = 0;
  std::optional<std::size_t> reason_column;
  char separator = ',';
  std::int64_t line_number = 0;
  while (!text.empty()) {
    auto const end = std::min(text.find('\n'), text.size());
    auto const line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line_number;
    if (trimmed(line).empty()) continue;
    if (line_number == 1 && line.find('@') == std::string_view::npos) separator = line.find(';') != std::string_view::npos ? ';' : line.find('\t') != std::string_view::npos ? '\t' : ',';
    std::vector<std::string_view> cells;
    for (std::size_t at = 0; at <= line.size();) {
      auto const stop = std::min(line.find(separator, at), line.size());
      cells.push_back(trimmed(line.substr(at, stop - at)));
      at = stop + 1;
    }
    if (line_number == 1 && line.find('@') == std::string_view::npos) {
      auto const column = std::ranges::find_if(cells, [](std::string_view cell) { return cell == "email_address" || cell == "email"; });
      if (column == cells.end()) co_return invalid("the first line names the columns: one of them must be email_address or email");
      address_column = static_cast<std::size_t>(column - cells.begin());
      auto const reason = std::ranges::find(cells, "reason");
      if (reason != cells.end()) reason_column = static_cast<std::size_t>(reason - cells.begin());
      continue;
    }
    auto const address = address_column < cells.size() ? cells[address_column] : std::string_view();
    auto reason = reason_column && *reason_column < cells.size() ? cells[*reason_column] : std::string_view("manual");
    if (reason.empty()) reason = "manual";
    if (!contacts::parse_email(address)) reject(out, line_number, address, address_rule);
    else if (!consent::is_reason(reason)) reject(out, line_number, reason, reason_rule);
    else list.push_back(consent::Suppress{.email_address = std::string(address), .reason = std::string(reason), .source = "import"});
  }
  if (list.empty() && out.rejected == 0) co_return invalid("the file holds no addresses");
  auto const done = co_await add(context_of(request), std::move(list));
  out.added = done.added;
  out.known = done.known;
  co_return ok(json::encode(out));
}

SuppressionsApi::Answer SuppressionsApi::remove(http::Request& request) {
  auto const id = path_id<SuppressionId>(request, "suppression");
  if (!id) co_return id.error();
  auto const gone = co_await consent::lift_suppression(store_, context_of(request), *id, ids_, clock_.now());
  if (!gone) co_return gone.error();
  co_return no_content();
}

}  // namespace postrider::api
