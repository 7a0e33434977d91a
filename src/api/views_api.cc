#include "api/views_api.h"

#include "postrider/audit/audit.h"
#include "sql/views.h"

#include <boost/describe.hpp>

#include <algorithm>

namespace postrider::api {

namespace {

constexpr std::int64_t most_views = 200;  // of one list

struct ViewIn {
  std::string list, name, query;
  static constexpr json::Rule json_rules[] = {json::length("list", 1, 40), json::length("name", 1, 60), json::length("query", 0, 2000)};
  static constexpr std::string_view json_name = "ViewInput";
  static constexpr std::string_view json_read_only[] = {"id", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(ViewIn, (), (list, name, query))

struct ViewChangeIn {
  json::Given<std::string> name, query;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 60), json::length("query", 0, 2000)};
  static constexpr std::string_view json_name = "ViewChange";
  static constexpr std::string_view json_read_only[] = {"id", "list", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(ViewChangeIn, (), (name, query))

struct ViewOut {
  Uuid id;
  std::string list, name, query;
  Instant created_at, updated_at;
  static constexpr std::string_view json_name = "View";
};
BOOST_DESCRIBE_STRUCT(ViewOut, (), (id, list, name, query, created_at, updated_at))

ViewOut read_view(db::Row row) { return ViewOut{row.uuid(0), row.text(1), row.text(2), row.text(3), row.instant(4), row.instant(5)}; }

boost::json::object described(ViewOut const& view) {
  boost::json::object all;
  all["list"] = view.list;
  all["name"] = view.name;
  all["query"] = view.query;
  return all;
}

bool is_list(std::string const& name) {
  return std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

Error taken(std::string const& name) { return conflict("there is a view called \"" + name + "\" of this list already"); }

Task<void> note(db::Transaction& tx, Context context, Uuid id, std::string action, boost::json::object before, boost::json::object after, Ids& ids, Instant now) {
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"view", id, std::move(action), audit::difference(before, after)});
  co_await audit::record(tx, std::move(context), std::move(entries), ids, now);
}

}  // namespace

std::vector<http::Route> ViewsApi::routes() {
  std::vector<http::Route> all;
  auto listing = doc("list_views", "Views of the console's lists, kept under a name for everybody of the workspace", "workspace");
  listing.query("list", "Only of this list, such as contacts");
  all.push_back(get("/views", right::read, on(this, &ViewsApi::list), std::move(listing.paged().answers_list<ViewOut>())));
  all.push_back(post("/views", right::write, on(this, &ViewsApi::create), doc("create_view", "Keep a view: its name is its own within the list", "workspace").takes<ViewIn>().answers<ViewOut>(201)));
  all.push_back(patch("/views/{id}", right::write, on(this, &ViewsApi::change), doc("change_view", "Rename a view or give it another query", "workspace").takes<ViewChangeIn>().answers<ViewOut>()));
  all.push_back(del("/views/{id}", right::write, on(this, &ViewsApi::remove), doc("remove_view", "Forget a view", "workspace").answer(204)));
  return all;
}

ViewsApi::Answer ViewsApi::list(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const list = query_text(request, "list", 40);
  if (!list) co_return list.error();
  auto const last = last_id<Uuid>(*page).value_or(Uuid());
  auto const rows = co_await store_.all(sql::views::list, caller(request).context.tenant, *list, last, page->limit + 1);
  std::vector<ViewOut> found;
  for (auto const row : rows) found.push_back(read_view(row));
  auto encode = [](ViewOut const& view) { return json::encode(view); };
  auto key = [](ViewOut const& view) { return std::vector<std::string>{view.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

ViewsApi::Answer ViewsApi::create(http::Request& request) {
  auto const wanted = json::read<ViewIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (!is_list(wanted->list)) co_return invalid_field("/list", "invalid_value", "must be the name of a list: lower-case letters and underscores");
  auto const context = context_of(request);
  auto const now = clock_.now();
  ViewOut const view{ids_.make<Uuid>(), wanted->list, wanted->name, wanted->query, now, now};
  auto tx = co_await store_.begin();
  auto const known = co_await tx.one(sql::views::count, context.tenant, view.list);
  if (known.integer(0) >= most_views) co_return conflict("a list has at most " + std::to_string(most_views) + " views: forget one first");
  if (co_await tx.exec(sql::views::add, context.tenant, view.id, view.list, view.name, view.query, now) == 0) co_return taken(view.name);
  boost::json::object const before;
  co_await note(tx, context, view.id, "created", before, described(view), ids_, now);
  co_await tx.commit();
  co_return created("/views/" + view.id.str(), json::encode(view));
}

ViewsApi::Answer ViewsApi::change(http::Request& request) {
  auto const id = path_id<Uuid>(request, "view");
  if (!id) co_return id.error();
  auto const wanted = json::read<ViewChangeIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const context = context_of(request);
  auto tx = co_await store_.begin();
  auto const row = co_await tx.maybe(sql::views::find, context.tenant, *id);
  if (!row) co_return not_found("view", id->str());
  auto const before = read_view(*row);
  auto const matches = check_if_match(request, before.updated_at);
  if (!matches) co_return matches.error();
  auto after = before;
  after.name = wanted->name.over(before.name);
  after.query = wanted->query.over(before.query);
  after.updated_at = clock_.now();
  if (co_await tx.exec(sql::views::change, context.tenant, *id, after.name, after.query, after.updated_at) == 0) co_return taken(after.name);
  co_await note(tx, context, *id, "updated", described(before), described(after), ids_, after.updated_at);
  co_await tx.commit();
  co_return with_etag(ok(json::encode(after)), after.updated_at);
}

ViewsApi::Answer ViewsApi::remove(http::Request& request) {
  auto const id = path_id<Uuid>(request, "view");
  if (!id) co_return id.error();
  auto const context = context_of(request);
  auto tx = co_await store_.begin();
  auto const row = co_await tx.maybe(sql::views::find, context.tenant, *id);
  if (!row) co_return not_found("view", id->str());
  auto const before = read_view(*row);
  co_await tx.exec(sql::views::remove, context.tenant, *id);
  boost::json::object const after;
  co_await note(tx, context, *id, "deleted", described(before), after, ids_, clock_.now());
  co_await tx.commit();
  co_return no_content();
}

}  // namespace postrider::api
